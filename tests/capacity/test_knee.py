"""The search for the knee: few rates, the right one, and never luck."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outgrow.capacity.knee import Ending, Knee, Objective, Search, bracket, knee_of, next_rate
from outgrow.capacity.usl import NotFitted
from outgrow.errors import UsageError
from outgrow.facts.knees import KneeLevel


def level(rate: float, *, kept: bool = True, **options) -> KneeLevel:
    return KneeLevel(rate, rate, rate * 0.01, 0.01, 0.02, 0.03, 0.0, () if kept else ("p95",), **options)


def searched(search: Search, carries: float) -> list[KneeLevel]:
    levels: list[KneeLevel] = []
    while (rate := next_rate(search, levels)) is not None:
        levels.append(level(rate, kept=rate <= carries))
    return levels


@given(st.floats(10, 5000), st.floats(0.01, 0.3), st.floats(1.1, 4))
def test_the_rate_found_is_kept_twice_and_within_the_resolution_of_one_that_is_not(carries, resolution, factor):
    search = Search(10, 10_000, factor, resolution, most_levels=200)

    found = knee_of(searched(search, carries))

    assert found.rate is not None
    assert found.broken is not None
    assert found.rate <= carries < found.broken <= found.rate * (1 + resolution)
    assert found.confirmed


def test_a_thousandfold_range_takes_about_fifteen_rates():
    assert len(searched(Search(10, 10_000), 777)) <= 17


def test_a_target_that_carries_all_that_was_asked_is_said_to_carry_more():
    found = knee_of(searched(Search(10, 100), math.inf))

    assert (found.rate, found.broken, found.confirmed) == (100, None, True)
    assert "carries more" in found.why
    assert found.at_least


def test_a_knee_between_a_kept_and_a_broken_rate_is_no_mere_lower_bound():
    found = knee_of(searched(Search(10, 100), 50))

    assert (found.ending, found.at_least) == (Ending.FOUND, False)


@pytest.mark.parametrize("early", [Ending.INTERRUPTED, Ending.TOO_WEAK, Ending.NO_RECOVERY])
def test_what_a_search_kept_before_it_ended_early_is_a_lower_bound(early: Ending):
    found = knee_of([level(10), level(16)], "ended early", early)

    assert (found.rate, found.ending, found.at_least) == (16, early, True)


def test_a_target_that_breaks_at_the_lowest_rate_has_no_knee():
    found = knee_of(searched(Search(10, 100), 1))

    assert found.rate is None
    assert "begin lower" in found.why


def test_a_hold_that_was_lucky_is_taken_back_and_the_search_goes_on_below_it():
    levels = [level(10), level(20), level(40, kept=False), level(28), level(28, kept=False)]

    assert bracket(levels) == (20, 28)
    assert next_rate(Search(10, 100), levels) == pytest.approx(math.sqrt(20 * 28))


def test_a_rate_kept_above_one_that_is_broken_does_not_count():
    assert bracket([level(10), level(20, kept=False), level(30)]) == (10, 20)


def test_the_search_ends_when_it_has_held_as_many_rates_as_it_may():
    assert next_rate(Search(1, 1e6, most_levels=3), [level(1), level(2), level(3)]) is None


def test_every_limit_that_is_not_kept_is_said():
    objective = Objective(p95_seconds=0.5, p99_seconds=1, failed_share=0.001)
    slow = KneeLevel(100, 80, 9, 0.1, 0.7, 0.9, 0.02, ())
    silent = KneeLevel(100, 100, 9, None, None, None, 0.0, ())

    assert objective.broken_by(slow) == (
        "80.0 of 100.0/s carried",
        "2.00% failed, 0.10% allowed",
        "p95 700 ms, 500 ms allowed",
    )
    assert objective.broken_by(silent) == ("p95 no answers, 500 ms allowed", "p99 no answers, 1,000 ms allowed")


def test_a_target_that_queues_without_failing_has_broken_the_objective():
    # given a queue that grows: every answer so far was quick enough
    queueing = KneeLevel(100, 90, 3, 0.1, 0.2, 0.3, 0.0, ())

    assert Objective(p95_seconds=0.5).broken_by(queueing) == ("90.0 of 100.0/s carried",)


def test_levels_with_less_than_one_arrival_at_once_make_no_law():
    found = knee_of([level(1), level(2), level(3), level(4), level(5)])

    assert isinstance(found.law, NotFitted)
    assert isinstance(found, Knee)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ((0, 10), "rates must rise"),
        ((20, 10), "rates must rise"),
        ((1, 10, 1), "a factor of 1"),
        ((1, 10, 2, 0), "a resolution of"),
    ],
)
def test_a_search_that_cannot_end_is_refused(options, told):
    with pytest.raises(UsageError, match=told):
        Search(*options)


@given(st.integers(1, 400), st.integers(1, 20), st.floats(0.001, 0.3), st.floats(1.01, 4))
def test_users_are_whole_and_the_most_that_are_kept_lie_beside_the_fewest_that_are_not(carries, lowest, share, factor):
    search = Search(lowest, 1000, factor, share, most_levels=500, by_users=True)
    levels: list[KneeLevel] = []
    while (users := next_rate(search, levels)) is not None:
        assert users == int(users)
        levels.append(level(users, kept=users <= carries, by_users=True))

    found = knee_of(levels)

    if carries < lowest:
        assert "begin with fewer" in found.why
    else:
        assert found.rate is not None
        assert found.broken is not None
        assert found.rate <= carries < found.broken <= max(found.rate + 1, found.rate * (1 + share))
        assert found.confirmed
        assert found.carried == found.rate  # as the made-up levels carry


def test_a_closed_model_is_not_asked_for_a_rate_and_keeps_none():
    slow = level(100, by_users=True)

    assert not Objective(p95_seconds=0.5).broken_by(replace(slow, carried=3.0))
    assert Objective(p95_seconds=0.5).broken_by(replace(slow, carried=3.0, by_users=False))


def test_half_a_user_is_refused():
    with pytest.raises(UsageError, match="users are whole"):
        Search(0.5, 10, by_users=True)
