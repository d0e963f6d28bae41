from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outgrow.errors import UsageError
from outgrow.simulate.oracle import feasible
from outgrow.simulate.score import score
from outgrow.simulate.timeline import Timeline
from tests.simulate.given import hpa, service, trace

MINUTE = timedelta(minutes=1)


def timeline(needed, ready, ordered=None) -> Timeline:
    return Timeline(60, tuple(needed), tuple(ready), tuple(ordered or ready))


def test_unserved_time_under_and_cost_are_what_they_are_defined_as():
    found = score(timeline([2, 4, 4, 2], [2, 2, 5, 3], [2, 5, 5, 3]))
    assert found.unserved == pytest.approx(2 / 12)
    assert found.time_under == pytest.approx(1 / 4)
    assert found.cost_ratio == pytest.approx(12 / 12)
    assert found.replica_hours == pytest.approx(12 / 60)
    assert found.actions_a_day == pytest.approx(2 * 1440 / 4)


def test_a_step_that_lies_in_the_warm_up_in_part_is_left_out_whole():
    line = timeline([9, 9, 2, 2], [1, 1, 2, 2], [1, 1, 2, 2])
    assert [score(line, warm_up_seconds=each).unserved > 0 for each in (59, 60, 61, 119, 120)] == [
        *(True, True),
        *(False, False, False),
    ]


def test_the_warm_up_is_left_out_but_its_last_order_is_what_the_first_is_held_against():
    found = score(timeline([9, 2, 2], [1, 2, 2], [1, 2, 2]), warm_up_seconds=60)
    assert (found.unserved, found.cost_ratio) == (0, 1)
    assert found.actions_a_day == pytest.approx(1440 / 2)


@pytest.mark.parametrize(("needed", "warm_up"), [([1, 1], 600), ([0, 0], 0)])
def test_nothing_to_score_is_said(needed: list[int], warm_up: int):
    with pytest.raises(UsageError, match="nothing to score"):
        score(timeline(needed, needed), warm_up)


def test_regret_is_the_cost_over_that_of_the_oracle():
    assert score(timeline([2, 2], [3, 3])).regret(score(timeline([2, 2], [2, 2]))) == pytest.approx(1.5)


def test_the_oracle_keeps_a_replica_for_as_long_as_the_hold():
    found = feasible(hpa(), service(), trace(1, 4, 1, 1, 1), hold=3 * MINUTE)
    assert found.ready == (1, 4, 4, 4, 1)


def test_the_oracle_obeys_the_bounds():
    assert feasible(hpa(min=2, max=3), service(), trace(1, 9), hold=MINUTE).ready == (2, 3)


@given(st.lists(st.floats(0, 50), min_size=1, max_size=60), st.integers(1, 10))
def test_the_oracle_serves_everything_and_no_policy_that_does_is_cheaper_at_the_same_hold(levels, minutes: int):
    found = feasible(hpa(), service(), trace(*levels), hold=minutes * MINUTE)
    assert all(ready >= needed for ready, needed in zip(found.ready, found.needed, strict=True))
    for index, ready in enumerate(found.ready):
        assert ready in found.needed[max(0, index - minutes + 1) : index + 1]
