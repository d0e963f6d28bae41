"""The predictive policy on loads made up for it: what it learns, when it doubts itself, what it survives."""

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outgrow.autoscale.observed import Numbers, Observation, ServiceFacts, Unread
from outgrow.autoscale.policies import PolicyState, decide, start, state_document, state_from
from outgrow.autoscale.predictive.books import Dial, chosen, no_books
from outgrow.autoscale.predictive.state import LEVELS
from outgrow.facts.scaling import Rule, ScalingDecision
from outgrow.plan.predictive import PredictivePolicy

CAPACITY = 100.0
FACTS = ServiceFacts(capacity=CAPACITY, start_up=timedelta(minutes=1), metric_lag=timedelta(minutes=1))
BEGIN = datetime(2026, 1, 5, tzinfo=UTC)
DAY = 1440
FAILED = Unread("the source did not answer")
loads = st.lists(
    st.one_of(st.just(FAILED), st.just(math.nan), st.floats(-10, 5000), st.just(math.inf)), min_size=1, max_size=30
)


def predictive(**options) -> PredictivePolicy:
    return PredictivePolicy.model_validate({"min": 1, "max": 500, **options})


def run(
    policy: PredictivePolicy,
    readings: Iterable[float | Unread],
    state: PolicyState | None = None,
    replicas: int = 5,
    begin: datetime = BEGIN,
    facts: ServiceFacts = FACTS,
) -> tuple[list[ScalingDecision], PolicyState]:
    """Follow a policy over readings, a minute apart."""
    state, decisions = state or start(policy), []
    for minute, load in enumerate(readings):
        seen = Observation(replicas, replicas, (), (), load, facts)
        decision, state = decide(policy, seen, state, begin + timedelta(minutes=minute))
        decisions.append(decision)
        replicas = decision.desired
    return decisions, state


def wave(minutes: int, seed: int = 1, noise: float = 0.02) -> list[float]:
    """A daily wave between 4 and 20 replicas' worth, with noise."""
    time = np.arange(minutes) / DAY
    chance = np.random.default_rng(seed).normal(1, noise, minutes)
    return list(np.clip(CAPACITY * (12 - 8 * np.cos(2 * np.pi * time)) * chance, 0, None))


def unserved(decisions: Sequence[ScalingDecision], load: Sequence[float], start_up: int = 1, lag: int = 1) -> float:
    """Give the share of the demand that was not served after the first day."""
    needed = np.ceil(np.asarray(load) / CAPACITY)[DAY:]
    ready = np.array([each.desired for each in decisions])
    served = ready[DAY - start_up : len(ready) - start_up]
    del lag
    return float(np.maximum(needed - served, 0).sum() / needed.sum())


@cache
def three_days() -> tuple[list[ScalingDecision], PolicyState, list[float]]:
    load = wave(3 * DAY)
    seen = [load[max(0, minute - 1)] for minute in range(len(load))]
    decisions, state = run(predictive(), seen)
    return decisions, state, load


# --- what it is for ---


def test_a_smooth_load_is_served_at_little_more_than_it_needs():
    decisions, _, load = three_days()
    ordered = np.array([each.desired for each in decisions])[DAY:]
    needed = np.ceil(np.asarray(load) / CAPACITY)[DAY:]
    assert unserved(decisions, load) < 0.005
    assert ordered.sum() < 1.25 * needed.sum()


def test_replicas_are_ordered_before_the_load_needs_them():
    ramp = [1000.0] * 60 + [1000.0 + 20 * minute for minute in range(60)]
    load = wave(DAY) + ramp
    decisions, _ = run(predictive(headroom=1.0), load)
    rising = decisions[DAY + 90]
    assert rising.desired * CAPACITY > load[DAY + 92]


def test_a_decision_says_what_it_expected_and_how_right_it_has_been():
    decisions, _, load = three_days()
    last = decisions[-1]
    forecast = last.forecast
    assert forecast is not None
    assert forecast.trusted
    assert forecast.due == last.at + timedelta(minutes=2)
    assert forecast.expected is not None
    assert forecast.margin is not None
    assert forecast.expected == pytest.approx(load[-2] / CAPACITY, rel=0.2)
    assert sum(forecast.weights.values()) == pytest.approx(1)
    assert 0 <= (forecast.unserved or 0) < 0.01
    assert forecast.reactive == math.ceil(load[-2] / CAPACITY / 0.7)
    assert {each.rule for each in decisions[DAY:]} <= {Rule.FORECAST, Rule.REACTIVE, Rule.WINDOW}


# --- when it doubts itself ---


def test_without_a_past_it_is_reactive():
    decisions, _ = run(predictive(), [700.0] * 3)
    assert [each.desired for each in decisions] == [10, 10, 10]
    assert all(each.forecast is not None and not each.forecast.trusted for each in decisions)
    assert "first reading" in (decisions[0].forecast.why if decisions[0].forecast else "")


def stairs() -> list[float]:
    """Calm for a day, then a third more every ten minutes for an hour, then calm on that level."""
    steps = [1000 * 1.3 ** (minute // 10) for minute in range(70)]
    return [1000.0] * DAY + steps + [steps[-1]] * DAY


def test_a_forecast_that_errs_more_than_the_reactive_rule_is_not_followed():
    decisions, _ = run(predictive(), stairs()[: DAY + 70])
    doubted = [each for each in decisions[DAY:] if each.forecast is not None and not each.forecast.trusted]
    assert any("erred more" in each.forecast.why for each in doubted if each.forecast is not None)
    assert all(each.desired >= (each.forecast.reactive if each.forecast else 0) for each in doubted)


def test_it_trusts_itself_again_when_the_load_is_calm_again():
    load = stairs()
    decisions, _ = run(predictive(), load)
    assert decisions[-1].forecast is not None
    assert decisions[-1].forecast.trusted
    assert decisions[-1].desired <= 1.2 * load[-1] / CAPACITY


# --- what it survives ---


def test_after_a_level_shift_the_load_is_served():
    load = wave(2 * DAY)
    load += [3 * each for each in wave(DAY, seed=2)]
    decisions, _ = run(predictive(), load)
    late = decisions[2 * DAY + 30 :]
    short = [each for each, real in zip(late, load[2 * DAY + 30 :], strict=True) if each.desired * CAPACITY < real]
    assert not short


def test_a_gap_is_survived_and_nothing_goes_down_in_it():
    load: list[float | Unread] = [*wave(2 * DAY)]
    load[DAY + 200 : DAY + 260] = [FAILED] * 60
    decisions, _ = run(predictive(), load)
    inside = decisions[DAY + 200 : DAY + 260]
    assert {each.desired for each in inside} == {inside[0].desired}
    assert {each.rule for each in inside} == {Rule.FAILED}
    assert decisions[-1].forecast is not None
    assert decisions[-1].forecast.trusted


def test_a_loop_that_stood_still_for_a_day_goes_on():
    _, state, _ = three_days()
    decisions, _ = run(predictive(), wave(30), state, begin=BEGIN + timedelta(days=4))
    assert all(each.desired >= 1 for each in decisions)


def test_replicas_that_carry_twice_as_much_are_half_as_many():
    _, state, load = three_days()
    facts = ServiceFacts(capacity=2 * CAPACITY, start_up=timedelta(minutes=1), metric_lag=timedelta(minutes=1))
    later = BEGIN + timedelta(days=3)
    decisions, _ = run(predictive(hold="1m"), [load[-1]] * 10, state, begin=later, facts=facts)
    assert decisions[-1].desired <= math.ceil(load[-1] / CAPACITY / 2) + 3


@pytest.mark.parametrize("load", [math.nan, math.inf, -math.inf, -1.0, 1e300, FAILED, None])
def test_what_is_no_load_is_a_failure_and_lowers_nothing(load):
    policy = predictive()
    decision, _ = decide(policy, Observation(7, 7, (), (), load, FACTS), start(policy), BEGIN)
    assert (decision.desired, decision.rule) == (7, Rule.FAILED)
    assert decision.proposals[0].failure


def test_a_service_whose_capacity_nobody_knows_is_left_alone():
    policy = predictive()
    decision, _ = decide(policy, Observation(7, 7, (), (), 100.0), start(policy), BEGIN)
    assert decision.desired == 7
    assert "capacity" in decision.proposals[0].failure


def test_further_metrics_may_ask_for_more_and_a_failed_one_holds():
    policy = predictive(metrics=[{"kind": "external", "name": "queue", "average": 1}])
    readings = [(Numbers((30_000,)), 30), (Numbers((2_000,)), 15), (FAILED, 20)]
    for reading, desired in readings:
        seen = Observation(20 if reading is FAILED else 5, 5, (reading,), (), 1000.0, FACTS)
        assert decide(policy, seen, start(policy), BEGIN)[0].desired == desired


def test_what_was_ordered_for_a_moment_is_not_let_go_before_it():
    slow = ServiceFacts(capacity=CAPACITY, start_up=timedelta(minutes=20), metric_lag=timedelta(minutes=1))
    load = [1000.0] * DAY + [3000.0] * 2 + [1000.0] * 20
    decisions, _ = run(predictive(hold="5m"), load, facts=slow)
    after = decisions[DAY + 2 :]
    assert all(each.desired >= 30 for each in after[:19])


def test_a_clock_that_goes_back_is_survived():
    _, state, load = three_days()
    decisions, _ = run(predictive(), load[:5], state, begin=BEGIN + timedelta(days=2))
    assert all(each.desired * CAPACITY >= real for each, real in zip(decisions, load, strict=False))


def test_a_memory_that_an_earlier_version_wrote_is_read_and_goes_on():
    policy, (_, kept, load) = predictive(), three_days()
    document = json.loads(json.dumps(state_document(kept)))
    memory = document["memory"]
    for name in ("margins", "books", "surges", "pending"):
        del memory[name]
    memory |= {"centres": memory["recent"], "errors": {"histogram": memory["recent"]}, "waiting": []}
    decisions, _ = run(policy, load[:120], state_from(policy, document), begin=BEGIN + timedelta(days=3))
    reasons = ["" if each.forecast is None else each.forecast.why for each in decisions]
    assert "too few" in reasons[0]
    assert reasons[-1] == ""
    assert all(each.desired * CAPACITY >= real for each, real in zip(decisions, load, strict=False))


# --- surges by the clock ---


def by_the_clock(days: int) -> list[float]:
    """Ten replicas' worth, and three times that for five minutes after the half hour of every second hour."""
    minutes = np.arange(days * DAY)
    surging = (minutes // 60 % 2 == 0) & (minutes % 60 >= 30) & (minutes % 60 < 35)
    chance = np.random.default_rng(3).normal(1, 0.01, len(minutes))
    return list(CAPACITY * np.where(surging, 30, 10) * chance)


def test_replicas_are_there_before_a_surge_that_comes_by_the_clock():
    load = by_the_clock(5)
    seen = [load[max(0, minute - 1)] for minute in range(len(load))]
    decisions, _ = run(predictive(unserved=0.001, headroom=0.5), seen)
    # One start-up after the decision the surge begins, which the newest reading knows nothing of.
    before = [decisions[minute - 1].desired for minute in range(4 * DAY, 5 * DAY) if minute % 120 == 30]
    between = [decisions[minute].desired for minute in range(4 * DAY, 5 * DAY) if minute % 120 == 100]
    assert np.mean([each >= 28 for each in before]) > 0.9
    assert np.mean(between) < 15


# --- laws ---


@settings(deadline=None, max_examples=15)
@given(st.integers(0, 2**32 - 1), st.floats(0, 0.02), st.floats(0, 0.02))
def test_who_allows_more_to_be_left_unserved_follows_no_higher_level(seed, one, other):
    rng, count = np.random.default_rng(seed), len(LEVELS) + 2
    unserved, ran = np.sort(rng.uniform(0, 2, count))[::-1], np.sort(rng.uniform(90, 160, count))
    books = replace(no_books(), unserved=unserved, ran=ran, demand=100.0, follower=100.0)
    low, high = (chosen(books, Dial(each, 0.2, 0.005, 1, 100)) for each in sorted((one, other)))
    assert low >= high


@settings(deadline=None, max_examples=15)
@given(st.integers(0, 2**32 - 1), st.floats(0, 0.5))
def test_head_room_is_exceeded_only_for_what_is_not_tolerated_and_never_beyond_the_reactive_rule(seed, headroom):
    rng, count = np.random.default_rng(seed), len(LEVELS) + 2
    unserved, ran = np.sort(rng.uniform(0, 2, count))[::-1], np.sort(rng.uniform(90, 160, count))
    ran[-1] = 100.0
    books = replace(no_books(), unserved=unserved, ran=ran, demand=100.0, follower=100.0)
    never = chosen(books, Dial(0.0, headroom, 1.0, 1, 100))
    perhaps = chosen(books, Dial(0.0, headroom, 0.005, 1, 100))
    assert never == 0 or ran[never] <= 100 * (1 + headroom)
    assert perhaps == never or ran[perhaps] <= ran[-2]


def test_the_same_load_gives_the_same_decisions_and_the_same_memory():
    load = wave(DAY, noise=0.2)
    once, twice = (run(predictive(), load) for _ in range(2))
    assert once[0] == twice[0]
    assert json.dumps(state_document(once[1])) == json.dumps(state_document(twice[1]))


@settings(deadline=None, max_examples=40)
@given(loads, st.integers(0, 40))
def test_replicas_stay_within_their_bounds_and_failures_lower_nothing(readings, replicas):
    decisions, _ = run(predictive(min=2, max=30), readings, replicas=replicas)
    for decision, load in zip(decisions, readings, strict=True):
        assert 2 <= decision.desired <= 30
        if isinstance(load, Unread) or not math.isfinite(load) or load < 0:
            assert decision.desired >= min(decision.current, 30)


@settings(deadline=None, max_examples=40)
@given(st.lists(st.floats(0, 5000), min_size=1, max_size=20))
def test_never_fewer_than_the_load_of_now_needs(readings):
    _, state, _ = three_days()
    decisions, _ = run(predictive(), readings, state, begin=BEGIN + timedelta(days=3))
    assert all(each.desired >= load / CAPACITY - 1e-6 for each, load in zip(decisions, readings, strict=True))


@settings(deadline=None, max_examples=20)
@given(st.lists(st.floats(0, 5000), min_size=1, max_size=12))
def test_a_state_that_was_written_and_read_back_decides_the_same(readings):
    policy, (_, kept, _) = predictive(), three_days()
    again = state_from(policy, json.loads(json.dumps(state_document(kept))))
    here, there = (run(policy, readings, state, begin=BEGIN + timedelta(days=3)) for state in (kept, again))
    assert here[0] == there[0]
    assert state_document(here[1]) == state_document(there[1])


def test_a_state_that_was_handed_out_is_never_changed():
    _, state, _ = three_days()
    before = json.dumps(state_document(state))
    run(predictive(), wave(200), state, begin=BEGIN + timedelta(days=3))
    assert json.dumps(state_document(state)) == before


@settings(deadline=None, max_examples=30)
@given(st.floats(0, 3000), st.floats(0, 3000))
def test_a_higher_load_of_now_never_asks_for_fewer_while_reactive(first, second):
    low, high = sorted((first, second))
    wanted = [run(predictive(), [load], replicas=1)[0][0].recommended or 0 for load in (low, high)]
    assert wanted[0] <= wanted[1]


def test_the_memory_of_a_week_stays_small():
    _, state, _ = three_days()
    assert len(json.dumps(state_document(state))) < 150_000
