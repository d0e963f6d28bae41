from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outgrow.capacity.demand import Assumptions, Range, Stated, contradictions, demand
from outgrow.errors import UsageError

AT_ONCE = Range(3000, 5000)


def bounds(figure: Range) -> tuple[float, float]:
    return figure.low, figure.high


def test_the_figures_of_pam_talk_follow_from_its_users_and_three_stated_assumptions():
    # given 100,000 monthly and 30,000 daily users, one request each 50 s, and a factor of five twice
    # when
    found = demand(Assumptions(mau=100_000, dau=30_000))

    # then what PT-1 writes down comes out: 3,000-5,000 at once, 10-20, 100 and 500 requests per second
    assert found["users at once"] == Range(3000, 5100)
    assert bounds(found["normal"]) == pytest.approx((12, 20.4))
    assert bounds(found["peak"]) == pytest.approx((60, 102))
    assert bounds(found["burst"]) == pytest.approx((300, 510))
    assert bounds(found["requests of a daily user"]) == pytest.approx((34.56, 58.752))


def test_daily_users_are_a_share_of_the_monthly_ones_where_they_are_not_given():
    assert demand(Assumptions(mau=100_000))["daily users"] == Range(30_000, 30_000)
    assert demand(Assumptions(mau=100_000, daily_share=0.1))["daily users"] == Range(10_000, 10_000)


def test_every_assumption_is_shown_with_where_it_comes_from():
    # given one assumption of our own
    found = demand(Assumptions(mau=100_000, dau=30_000, busy_over_normal=3))

    # when
    by_name = {each.name: each for each in found.assumptions}

    # then
    assert set(by_name) == {
        "monthly users",
        "daily users",
        "concurrent share",
        "seconds between requests",
        "busy over normal",
        "burst over busy",
    }
    assert by_name["busy over normal"].given
    assert by_name["busy over normal"].source == "given"
    assert not by_name["concurrent share"].given
    assert "PT-1" in by_name["concurrent share"].source


def test_a_figure_shows_its_formula_with_its_numbers():
    found = {each.name: each for each in demand(Assumptions(mau=100_000, dau=30_000)).figures}
    assert found["peak"].formula == "3,000-5,100 / 50 s"
    assert found["users at once"].formula == "30,000 x 10 %-17 %"
    assert "Little" in found["peak"].source


@pytest.mark.parametrize(
    "pace", [{"requests_per_minute": 1.2}, {"think_seconds": 48, "answer_seconds": 2}, {"seconds_between_requests": 50}]
)
def test_the_pace_of_a_user_may_be_told_in_three_ways(pace: dict[str, Any]):
    assert demand(Assumptions(mau=100_000, dau=30_000, **pace))["peak"].high == pytest.approx(102)


def test_normal_rate_and_users_at_once_of_pam_talk_do_not_belong_to_the_same_hour():
    # given what PT-1 and PT-2 state
    stated = [
        Stated("PT-1 normal", AT_ONCE, Range(10, 20)),
        Stated("PT-1 peak", AT_ONCE, Range(100, 100)),
        Stated("PT-2 normal", Range(1000, 1000), Range(20, 20)),
        Stated("PT-2 peak", Range(5000, 5000), Range(100, 100)),
        Stated("PT-2 spike", Range(10_000, 10_000), Range(500, 500)),
    ]

    # when
    found = contradictions(stated)

    # then a user of the normal hour would be at least three times as slow as everywhere else
    pairs = {(each.quicker.name, each.slower.name) for each in found}
    assert ("PT-1 peak", "PT-1 normal") in pairs
    assert ("PT-2 normal", "PT-1 normal") in pairs
    assert ("PT-2 peak", "PT-1 normal") in pairs
    # while the peaks of both, and PT-2's normal hour with 1,000 users, tell of one request each 50 s
    assert not {("PT-1 peak", "PT-2 peak"), ("PT-2 peak", "PT-2 normal"), ("PT-1 peak", "PT-2 normal")} & pairs
    assert found[0].quicker.name == "PT-2 spike"
    assert found[0].times == pytest.approx(7.5)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"mau": 0}, "--mau 0: must be a number above 0"),
        ({"mau": 10, "dau": 20}, "more than the 10 users of a whole month"),
        ({"mau": 10, "daily_share": 1.5}, "a share is at most 1"),
        ({"mau": 10, "think_seconds": 1}, "give both or neither"),
        ({"mau": 10, "think_seconds": 1, "answer_seconds": 1, "requests_per_minute": 1}, "the same thing twice"),
        ({"mau": float("nan")}, "must be a number above 0"),
        ({"mau": 10, "burst_over_busy": -1}, "--burst-over-busy -1"),
    ],
)
def test_an_assumption_that_no_system_can_have_is_refused_in_a_sentence(options: dict[str, Any], says: str):
    with pytest.raises(UsageError, match=says):
        Assumptions(**options)


def test_a_range_in_the_wrong_order_is_refused():
    with pytest.raises(ValueError, match="from 2 to 1"):
        Range(2, 1)


@given(
    mau=st.integers(1, 10**9),
    share=st.floats(0.01, 1),
    cycle=st.floats(0.1, 1000),
)
def test_users_requests_and_pace_keep_littles_law(mau: int, share: float, cycle: float):
    found = demand(Assumptions(mau=mau, concurrent_share=Range(share, share), seconds_between_requests=cycle))
    assert found["peak"].high * cycle == pytest.approx(found["users at once"].high)
    assert found["normal"].high <= found["peak"].high <= found["burst"].high
