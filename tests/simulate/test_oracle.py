"""Oracles against brute force: every course of replicas that the rules allow is tried."""

from datetime import timedelta
from itertools import product
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outgrow.errors import UsageError
from outgrow.simulate import cheapest
from outgrow.simulate.oracle import budget, feasible
from outgrow.simulate.score import score
from tests.simulate.given import hpa, service, trace

MINUTE = timedelta(minutes=1)
levels_of_demand = st.lists(st.integers(0, 4), min_size=2, max_size=7)


def missing(needed, ready) -> int:
    return sum(max(0, d - s) for d, s in zip(needed, ready, strict=True))


def allowed_courses(needed, least: int, most: int, hold: int):
    """Every course of levels that lets nothing go that was needed within the hold."""
    within = [min(max(each, least), most) for each in needed]
    held = [max(within[max(0, at - hold + 1) : at + 1]) for at in range(len(within))]
    for course in product(range(least, most + 1), repeat=len(needed)):
        later = zip(course[:-1], course[1:], held[1:], strict=True)
        if all(after >= min(before, high) for before, after, high in later):
            yield course


@settings(max_examples=60, deadline=None)
@given(levels_of_demand, st.integers(1, 3), st.integers(1, 3))
def test_no_course_that_serves_everything_is_cheaper_than_the_feasible_oracle(demand, hold: int, least: int):
    found = feasible(hpa(min=least, max=4), service(), trace(*demand), hold=hold * MINUTE)
    best = min(sum(each) for each in allowed_courses(found.needed, least, 4, hold) if not missing(found.needed, each))
    assert sum(found.ready) == best


@settings(max_examples=80, deadline=None)
@given(levels_of_demand, st.integers(1, 3), st.sampled_from([0.0, 0.1, 0.25, 0.5, 1.0]), st.integers(3, 4))
def test_no_course_within_the_budget_is_cheaper_than_the_budget_oracle(demand, hold: int, share: float, most: int):
    found = budget(hpa(max=most), service(), trace(*demand), share, hold=hold * MINUTE)
    needed, ready = found.timeline.needed, found.timeline.ready
    units = max(int(share * sum(needed) + 1e-9), missing(needed, [most] * len(needed)))

    courses = list(allowed_courses(needed, 1, most, hold))
    assert ready in courses
    assert missing(needed, ready) <= units
    assert sum(ready) == min(sum(each) for each in courses if missing(needed, each) <= units)
    assert found.gap == 0


@settings(max_examples=80, deadline=None)
@given(st.lists(st.integers(0, 9), min_size=5, max_size=60), st.integers(1, 6), st.sampled_from([0.01, 0.05, 0.2, 0.5]))
def test_the_price_finds_a_course_within_its_gap_of_the_exact_one(demand, hold: int, share: float):
    exact = budget(hpa(max=9), service(), trace(*demand), share, hold=hold * MINUTE)
    with patch.object(cheapest, "_EXACT_CELLS", 0):
        priced = budget(hpa(max=9), service(), trace(*demand), share, hold=hold * MINUTE)

    needed = exact.timeline.needed
    assert missing(needed, priced.timeline.ready) <= share * sum(needed) + 1e-9
    least, found = sum(exact.timeline.ready), sum(priced.timeline.ready)
    assert least <= found <= least * (1 + priced.gap) + 1e-6


@given(st.lists(st.floats(0, 30), min_size=3, max_size=60), st.integers(1, 5))
def test_a_larger_budget_never_costs_more_and_none_is_the_feasible_oracle(demand, hold: int):
    costs = [
        sum(budget(hpa(), service(), trace(*demand), share, hold=hold * MINUTE).timeline.ready)
        for share in (0.0, 0.1, 0.3)
    ]
    assert costs == sorted(costs, reverse=True)
    assert costs[0] == sum(feasible(hpa(), service(), trace(*demand), hold=hold * MINUTE).ready)


def test_the_budget_counts_behind_the_warm_up():
    found = budget(hpa(), service(), trace(9, 9, 1, 5, 1, 1), 0.5, hold=MINUTE, warm_up_seconds=120)
    assert found.timeline.ready == (9, 9, 1, 1, 1, 1)
    assert score(found.timeline, 120).unserved == pytest.approx(0.5)


def test_a_replica_that_was_held_before_the_count_is_held_on():
    found = budget(hpa(), service(), trace(9, 1, 1, 1, 1), 1.0, hold=3 * MINUTE, warm_up_seconds=60)
    assert found.timeline.ready == (9, 9, 9, 1, 1)


@pytest.mark.parametrize("share", [-0.1, 1.1])
def test_a_share_that_is_none_is_refused(share: float):
    with pytest.raises(UsageError, match="between 0 and 1"):
        budget(hpa(), service(), trace(1, 2), share)


def test_nothing_behind_the_warm_up_is_refused():
    with pytest.raises(UsageError, match="nothing is left"):
        budget(hpa(), service(), trace(1, 2), 0.1, warm_up_seconds=600)


def test_a_smooth_trace_has_its_whole_budget_used():
    # given ramps of hours, on which every replica step costs as much service as every other one
    ramps = [4 + 30 * abs(index % 480 - 240) / 240 for index in range(4 * 1440)]
    costs: list[int] = []
    for share in (0.001, 0.003, 0.01, 0.03):
        found = budget(hpa(), service(), trace(*ramps), share)
        needed, ready = found.timeline.needed, found.timeline.ready
        # but for less than one step of a ramp, eight minutes long
        assert share * sum(needed) - 16 < missing(needed, ready) <= share * sum(needed)
        assert found.gap < 0.003
        costs.append(sum(ready))
    assert costs == sorted(costs, reverse=True)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 9), min_size=5, max_size=40), st.integers(1, 5), st.sampled_from([0.01, 0.1, 0.3, 0.8]))
def test_a_priced_course_lets_nothing_go_that_is_held(demand, hold: int, share: float):
    with patch.object(cheapest, "_EXACT_CELLS", 0):
        found = budget(hpa(max=9), service(), trace(*demand), share, hold=hold * MINUTE, warm_up_seconds=120).timeline
    within = [min(max(each, 1), 9) for each in found.needed]
    for index in range(2, len(within)):
        held = max(within[max(0, index - hold + 1) : index + 1])
        assert found.ready[index] >= min(found.ready[index - 1], held)
