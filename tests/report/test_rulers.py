"""Rulers: thresholds form one line, near dates have room, overshoot ends at the edge."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outgrow.report.rulers import axis, place_of, ruler
from outgrow.report.views import CrossingView, HeadroomView


def headroom(used: float | None) -> HeadroomView:
    return HeadroomView("", over=(used or 0) > 1, used=used, value="", threshold="", age="now")


def crossing(days: float | None, **more: float | None) -> CrossingView:
    return CrossingView("", "", "", overdue=False, held=False, days=days, **more)  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize(
    ("used", "filled", "over", "strong", "clipped"),
    [
        (0.0, "0%", "", False, False),
        (0.79, "52.67%", "", False, False),
        (0.8, "53.33%", "", True, False),
        (1.0, "66.67%", "", True, False),
        (1.31, "66.67%", "20.67%", True, False),
        (1.5, "66.67%", "33.33%", True, False),
        (7.0, "66.67%", "33.33%", True, True),
        (-0.4, "0%", "", False, False),
    ],
)
def test_the_threshold_stands_at_two_thirds_and_overshoot_is_clipped(
    used: float, filled: str, over: str, strong: bool, clipped: bool
) -> None:
    drawn = ruler(headroom(used))

    assert drawn is not None
    assert (drawn.filled, drawn.over, drawn.strong, drawn.clipped) == (filled, over, strong, clipped)


def test_a_threshold_of_zero_has_no_ruler() -> None:
    assert ruler(headroom(None)) is None


@pytest.mark.parametrize(("days", "place"), [(0, 0), (7, 27.9), (30, 57.7), (90, 100), (400, 100), (-3, 0)])
def test_the_crossing_axis_goes_by_the_root_of_time(days: float, place: float) -> None:
    assert place_of(days) == pytest.approx(place, abs=0.1)


@given(st.floats(0, 400), st.floats(0, 400))
def test_a_later_day_never_stands_further_left(one: float, other: float) -> None:
    earlier, later = sorted((one, other))

    assert place_of(earlier) <= place_of(later)


def test_a_crossing_is_a_dot_in_its_interval_with_a_flag_before_it() -> None:
    drawn = axis(crossing(30, days_low=7, days_high=90, start_days=7))

    assert (drawn.dot, drawn.left, drawn.width, drawn.flag) == ("57.74%", "27.89%", "72.11%", "27.89%")


def test_an_interval_without_an_end_reaches_the_edge() -> None:
    drawn = axis(crossing(30, days_low=7, days_high=None))

    assert float(drawn.left[:-1]) + float(drawn.width[:-1]) == pytest.approx(100)


def test_a_date_past_the_axis_is_an_arrow_and_no_dot() -> None:
    drawn = axis(crossing(200, days_low=100, days_high=300))

    assert (drawn.dot, drawn.beyond) == ("", True)


def test_no_date_is_no_dot() -> None:
    assert axis(crossing(None)).dot == ""
