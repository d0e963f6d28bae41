"""Axes: every value is inside, ticks are round and few, times are those of the plan's zone."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outgrow.report.axes import time_ticks, value_range, value_ticks
from outgrow.report.words import Words

BERLIN = Words("en", ZoneInfo("Europe/Berlin"))
DAY = 86_400.0

values = st.lists(st.floats(-1e9, 1e9).filter(lambda value: value == 0 or abs(value) > 1e-6), max_size=20)


@given(values)
def test_every_value_lies_inside_the_axis(shown: list[float]) -> None:
    low, high = value_range(shown)

    assert low < high
    assert all(low <= value < high for value in shown)


@given(values)
def test_value_ticks_lie_on_the_axis_and_are_few(shown: list[float]) -> None:
    low, high = value_range(shown)

    ticks = value_ticks(low, high)

    assert 1 <= len(ticks) <= 6
    assert all(low - (high - low) * 1e-9 <= value <= high + (high - low) * 1e-9 for value, _ in ticks)


@given(values)
def test_no_two_value_ticks_read_the_same(shown: list[float]) -> None:
    texts = [text for _, text in value_ticks(*value_range(shown))]

    assert len(set(texts)) == len(texts)


def test_ticks_that_lie_close_are_told_with_the_decimals_of_their_step() -> None:
    assert [text for _, text in value_ticks(0.0199, 0.019989)] == [
        "0.01990",
        "0.01992",
        "0.01994",
        "0.01996",
        "0.01998",
    ]
    assert [text for _, text in value_ticks(1240, 1241, 2)] == ["1,240.0", "1,240.5", "1,241.0"]


def test_an_axis_begins_at_zero_where_that_costs_little() -> None:
    assert value_range([400.0, 800.0])[0] == 0.0
    assert value_range([0.97, 0.99])[0] > 0.9


@given(st.floats(3600, 800 * DAY), st.floats(0, 2e9))
def test_time_ticks_are_few_in_order_and_on_the_axis(span: float, start: float) -> None:
    ticks = [at for at, _ in time_ticks(start, start + span, BERLIN)]

    assert len(ticks) <= 5
    assert ticks == sorted(ticks)
    assert all(start <= at <= start + span for at in ticks)


def test_day_ticks_stay_at_midnight_when_the_clock_changes() -> None:
    start = datetime(2026, 10, 23, 12, tzinfo=UTC).timestamp()

    ticks = time_ticks(start, start + 4 * DAY, BERLIN)

    local = [datetime.fromtimestamp(at, UTC).astimezone(BERLIN.zone) for at, _ in ticks]
    assert [(each.day, each.hour) for each in local] == [(24, 0), (25, 0), (26, 0), (27, 0)]
    assert [text for _, text in ticks] == ["24 Oct", "25 Oct", "26 Oct", "27 Oct"]


@pytest.mark.parametrize(
    ("span", "texts"),
    [
        (20.0, ["12:29:40", "12:29:45", "12:29:50", "12:29:55", "12:30:00"]),
        (1200.0, ["12:10", "12:15", "12:20", "12:25", "12:30"]),
        (4 * 3600.0, ["09:00", "10:00", "11:00", "12:00"]),
        (DAY, ["18:00", "20 Nov", "06:00", "12:00"]),
        (42 * DAY, ["12 Oct", "26 Oct", "9 Nov"]),
    ],
)
def test_steps_follow_the_span(span: float, texts: list[str]) -> None:
    end = datetime(2026, 11, 20, 12, 30, tzinfo=ZoneInfo("Europe/Berlin")).timestamp()

    shown = [text for _, text in time_ticks(end - span, end, BERLIN)]

    assert shown == texts
