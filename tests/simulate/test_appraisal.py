import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outgrow.errors import UsageError
from outgrow.simulate.appraisal import Terms, appraise
from outgrow.simulate.bill import bill
from outgrow.simulate.elasticity import elasticity
from outgrow.simulate.latency import latency, latency_by_step
from outgrow.simulate.timeline import Timeline
from tests.simulate.given import CAPACITY, service

counts = st.lists(st.integers(0, 8), min_size=2, max_size=40)


def timeline(needed, ready, ordered=None) -> Timeline:
    return Timeline(60, tuple(needed), tuple(ready), tuple(ordered or ready))


def thousandths(*replicas: float) -> list[int]:
    return [round(each * CAPACITY * 1000) for each in replicas]


# --- elasticity ---


def test_the_elasticity_set_is_what_its_formulas_say():
    # given demand 2 4 4 1 and supply 2 2 5 5
    found = elasticity(timeline([2, 4, 4, 1], [2, 2, 5, 5]))

    assert found.accuracy_under == pytest.approx((0 + 2 / 4 + 0 + 0) / 4)
    assert found.accuracy_over == pytest.approx((0 + 0 + 1 / 4 + 4 / 1) / 4)
    assert (found.timeshare_under, found.timeshare_over) == (1 / 4, 2 / 4)
    # demand moves + 0 -, supply 0 + 0: never the same way
    assert found.instability == 1
    # one change of supply, two of demand, in four minutes
    assert found.jitter_per_hour == pytest.approx((1 - 2) / (4 / 60))


def test_supply_that_equals_demand_is_perfect_and_infinitely_faster_is_not_claimed():
    perfect, static = elasticity(timeline([1, 3, 2], [1, 3, 2])), elasticity(timeline([1, 3, 2], [3, 3, 3]))
    assert perfect.deviation == 0
    assert static.speedup_over(static) == 1
    assert 1 < perfect.speedup_over(static) < math.inf


# --- the bill ---


def test_every_run_of_a_replica_is_rounded_up_to_the_billing_unit():
    # given one replica for 4 minutes and a second one for 1
    found = bill(timeline([1] * 4, [1] * 4, [1, 2, 1, 1]), 0, billing_seconds=180, price_per_hour=1.2)
    assert found.used_hours == pytest.approx(5 / 60)
    assert found.billed_hours == pytest.approx((6 + 3) / 60)
    assert found.cost == pytest.approx(9 / 60 * 1.2)


@given(counts, st.integers(0, 1), st.integers(1, 4000))
def test_used_is_the_area_under_the_orders_and_never_more_than_billed(ordered, skipped: int, unit: int):
    found = bill(timeline(ordered, ordered), skipped, unit, None)
    assert found.used_hours == pytest.approx(sum(ordered[skipped:]) / 60)
    assert found.billed_hours >= found.used_hours - 1e-9
    assert found.cost is None


# --- latency ---


def test_at_capacity_the_p95_is_the_objective():
    found = latency_by_step(timeline([1], [1]), thousandths(1), service(), 0.5)
    assert found.p95_seconds[0] == pytest.approx(0.5)


def test_an_idle_replica_answers_at_its_own_speed():
    found = latency_by_step(timeline([1], [1]), [0], service(), 0.5)
    assert found.p95_seconds[0] == pytest.approx(math.log(20) / (CAPACITY + math.log(20) / 0.5))


def test_unserved_work_is_carried_over_and_drained():
    # given one replica that meets the work of two for a minute, then nothing
    found = latency_by_step(timeline([2, 1, 1], [1, 1, 1]), thousandths(2, 0, 0), service(), 0.5)
    speed = CAPACITY + math.log(20) / 0.5
    left = (2 * CAPACITY - speed) * 60
    assert found.backlog[0] == pytest.approx(left)
    assert found.wait_seconds[0] == pytest.approx(left / speed)
    assert found.backlog[1] == pytest.approx(max(0.0, left - speed * 60))


@given(st.lists(st.tuples(st.floats(0, 12), st.integers(0, 8)), min_size=1, max_size=40), st.floats(0.01, 5))
def test_the_backlog_is_that_of_a_queue_followed_step_by_step(steps, objective: float):
    totals = thousandths(*(load for load, _ in steps))
    ready = [replicas for _, replicas in steps]
    found = latency_by_step(timeline([1] * len(steps), ready), totals, service(), objective)

    waiting, speed = 0.0, CAPACITY + math.log(20) / objective
    for index, (total, replicas) in enumerate(zip(totals, ready, strict=True)):
        waiting = max(0.0, waiting + (total / 1000 - replicas * speed) * 60)
        assert found.backlog[index] == pytest.approx(waiting, rel=1e-6, abs=1e-4)


@given(st.floats(0.1, 8), st.integers(1, 8), st.integers(1, 8))
def test_more_replicas_never_make_the_estimate_worse(load: float, fewer: int, more: int):
    few, many = (
        latency_by_step(timeline([1], [count]), thousandths(load), service(), 0.5).p95_seconds[0]
        for count in sorted((fewer, fewer + more), reverse=False)
    )
    assert many <= few + 1e-12


def test_minutes_above_the_objective_are_counted_and_the_longest_run_named():
    served = timeline([1] * 6, [1, 1, 2, 1, 1, 1])
    totals = thousandths(1.01, 1.01, 1, 1.01, 1, 0)
    found = latency(latency_by_step(served, totals, service(), 0.5), totals, 60, 0, 0.5)
    assert (found.violation_minutes, found.longest_violation_minutes) == (3, 2)


def test_the_p95_of_all_requests_weighs_the_steps_by_their_requests():
    # given one step at capacity that holds nearly all requests, and an idle one
    served = timeline([1, 1], [1, 1])
    totals = thousandths(1, 0)
    found = latency(latency_by_step(served, totals, service(), 0.5), totals, 60, 0, 0.5)
    assert found.p95_seconds == pytest.approx(0.5, rel=1e-3)


def test_requests_that_meet_no_replica_have_no_end():
    served = timeline([1, 1], [0, 0])
    totals = thousandths(1, 1)
    found = latency(latency_by_step(served, totals, service(), 0.5), totals, 60, 0, 0.5)
    assert found.p95_seconds == math.inf
    assert found.violation_minutes == 2


# --- together ---


def test_without_an_objective_nothing_is_said_of_latency():
    found = appraise(timeline([1, 1], [1, 1]), service(), thousandths(1, 1), Terms())
    assert found.latency is None
    assert (found.score.unserved, found.elasticity.deviation, found.bill.cost) == (0, 0, None)


@pytest.mark.parametrize("terms", [{"warm_up_seconds": -1}, {"billing_seconds": 0}, {"price_per_hour": -1.0}])
def test_terms_that_cannot_be_are_refused(terms):
    with pytest.raises(UsageError, match="at least"):
        Terms(**terms)


def test_an_objective_of_nothing_is_refused():
    with pytest.raises(UsageError, match="above 0"):
        latency_by_step(timeline([1], [1]), [1], service(), 0)
