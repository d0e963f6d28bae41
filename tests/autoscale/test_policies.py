"""The one door to all policies, and the rules that stand around every one of them."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outgrow.autoscale import hpa as controller
from outgrow.autoscale.caps import month_around, pool_room
from outgrow.autoscale.observed import ServiceFacts
from outgrow.autoscale.policies import decide, judge, start, state_document, state_from
from outgrow.errors import UsageError
from outgrow.facts.scaling import Rule
from outgrow.plan.services import Service
from tests.autoscale.given import FAILED, NOW, after, hpa, seen

QUEUE = {"kind": "external", "name": "queue", "average": 1}
loads = st.lists(st.one_of(st.just(FAILED), st.integers(0, 60)), min_size=1, max_size=20)
pauses = st.one_of(st.none(), st.sampled_from(["all", "in", "out"]))


def at_once(wanted: int, current: int = 5, facts: ServiceFacts | None = None, now: datetime = NOW, **options):
    """Decide once, with nothing to remember and no window in the way."""
    down = {"window": "0s", "rates": [{"percent": 100, "per": "15s"}]}
    up = {"rates": [{"pods": 1000, "per": "15s"}]}
    policy = hpa(QUEUE, **{"behavior": {"down": down, "up": up}, **options})
    observation = replace(seen(current, wanted), service=facts or ServiceFacts())
    return decide(policy, observation, start(policy), now)


def test_without_anything_around_it_the_policy_decides_alone():
    policy = hpa(QUEUE, max=30)
    state, inner = start(policy), controller.HpaState()
    for index, wanted in enumerate([9, 20, 3, 3, 40]):
        decision, state = decide(policy, seen(5, wanted), state, after(15 * index))
        alone, inner = controller.decide(policy, seen(5, wanted), inner, after(15 * index))
        assert decision == alone
        assert state.memory == inner


@given(loads)
def test_a_state_that_was_written_and_read_back_decides_the_same(readings):
    policy = hpa(QUEUE, max=50, behavior={"up": {"rates": [{"pods": 2, "per": "60s"}]}}, caps={"budget_per_month": 90})
    facts = ServiceFacts(price_per_hour=0.1)
    kept, again, replicas = start(policy), start(policy), 5
    for index, reading in enumerate(readings):
        observation = replace(seen(replicas, reading), service=facts)
        decision, kept = decide(policy, observation, kept, after(15 * index))
        same, again = decide(policy, observation, again, after(15 * index))
        again = state_from(policy, json.loads(json.dumps(state_document(again))))
        assert (same, again) == (decision, kept)
        replicas = decision.desired


@pytest.mark.parametrize(
    "document", [{}, {"memory": 3}, {"memory": {"ups": "many"}}, {"memory": {"other": []}, "x": 1}]
)
def test_what_is_no_memory_of_the_policy_is_refused(document):
    with pytest.raises(UsageError, match="start it afresh"):
        state_from(hpa(QUEUE), document)


# --- hours of the calendar ---

WORK = {"start": "0 8 * * 1-5", "end": "0 20 * * 1-5", "timezone": "Asia/Seoul", "min": 7}


@pytest.mark.parametrize(
    ("now", "replicas"),
    [
        (datetime(2026, 1, 4, 22, 59, tzinfo=UTC), 2),
        (datetime(2026, 1, 4, 23, 0, tzinfo=UTC), 7),
        (datetime(2026, 1, 5, 10, 59, 59, tzinfo=UTC), 7),
        (datetime(2026, 1, 5, 11, 0, tzinfo=UTC), 2),
        (datetime(2026, 1, 10, 3, 0, tzinfo=UTC), 2),
    ],
    ids=["Monday 7:59 in Seoul", "8:00", "19:59:59", "20:00", "Saturday noon"],
)
def test_working_hours_hold_by_the_clock_of_their_zone(now, replicas):
    decision, _ = at_once(2, now=now, schedules=[WORK])
    assert decision.desired == replicas
    assert (decision.rule is Rule.SCHEDULE) == (replicas == 7)
    assert decision.without(Rule.SCHEDULE) == 2


def test_a_schedule_without_a_zone_follows_that_of_the_plan():
    schedule = {"start": "0 8 * * *", "span": "1h", "min": 7}
    seoul = ServiceFacts(timezone="Asia/Seoul")
    assert at_once(2, facts=seoul, now=datetime(2026, 1, 5, 23, 30, tzinfo=UTC), schedules=[schedule])[0].desired == 7
    assert at_once(2, now=datetime(2026, 1, 5, 23, 30, tzinfo=UTC), schedules=[schedule])[0].desired == 2


@pytest.mark.parametrize("day", [datetime(2026, 3, 29, tzinfo=UTC), datetime(2026, 10, 25, tzinfo=UTC)])
def test_hours_that_summer_time_skips_or_repeats_begin_once(day):
    """Berlin skips 2:00-3:00 on 29 March 2026 and repeats it on 25 October."""
    schedule = {"start": "30 2 * * *", "span": "10m", "min": 7, "timezone": "Europe/Berlin"}
    minutes = [day - timedelta(hours=2) + timedelta(minutes=minute) for minute in range(8 * 60)]
    held = [now for now in minutes if at_once(2, now=now, schedules=[schedule])[0].desired == 7]
    assert len(held) == 10
    assert held[-1] - held[0] == timedelta(minutes=9)


def test_of_schedules_that_overlap_the_highest_min_and_the_lowest_max_count():
    sale = {"start": "0 0 * * *", "span": "1d", "min": 4, "max": 20}
    rush = {"start": "0 12 * * *", "span": "1h", "min": 8, "max": 9}
    assert at_once(1, schedules=[sale, rush])[0].desired == 8
    assert at_once(99, current=8, schedules=[sale, rush])[0].desired == 9
    assert at_once(99, schedules=[rush, sale], now=NOW + timedelta(hours=2))[0].desired == 20


def test_a_schedule_may_allow_more_than_the_policy():
    sale = {"start": "0 12 * * *", "span": "1h", "max": 50}
    decision, _ = at_once(40, max=10, schedules=[sale])
    assert decision.desired == 40
    assert decision.without(Rule.SCHEDULE) == 10


# --- money ---


def test_a_budget_holds_replicas_back_when_the_rest_of_the_month_needs_what_is_left():
    now = datetime(2026, 1, 31, 22, tzinfo=UTC)
    facts = ServiceFacts(price_per_hour=1.0, spent=985.0)
    decision, _ = at_once(40, facts=facts, now=now, min=2, max=50, caps={"budget_per_month": 1000})
    # 15 are left; the last hour needs 2 for the minimum, so this one may cost 13.
    assert (decision.desired, decision.rule, decision.without(Rule.BUDGET)) == (13, Rule.BUDGET, 40)


def test_an_even_pace_spreads_what_is_left_over_the_hours_that_are_left():
    facts = ServiceFacts(price_per_hour=1.0, spent=900.0)
    now = datetime(2026, 1, 31, 4, tzinfo=UTC)
    caps = {"budget_per_month": 1000, "pace": "even"}
    assert at_once(40, facts=facts, now=now, caps=caps)[0].desired == 5


def test_without_money_the_minimum_still_runs():
    facts = ServiceFacts(price_per_hour=1.0, spent=5000.0)
    assert at_once(40, facts=facts, min=3, caps={"budget_per_month": 1000})[0].desired == 3


def test_a_month_never_costs_more_than_its_budget_as_long_as_the_minimum_is_affordable():
    policy = hpa(QUEUE, min=1, max=50, caps={"budget_per_month": 1000}, behavior={})
    state, replicas, money, rules = start(policy), 1, 0.0, set[Rule]()
    for tens_of_minutes in range(28 * 24 * 6):
        observation = replace(seen(replicas, 30), service=ServiceFacts(price_per_hour=0.1))
        now = datetime(2026, 2, 1, tzinfo=UTC) + tens_of_minutes * timedelta(minutes=10)
        decision, state = decide(policy, observation, state, now)
        replicas = decision.desired
        money += replicas * 0.1 / 6
        rules.add(decision.rule)
    assert 990 < money <= 1000 + 1e-6
    assert Rule.BUDGET in rules


def test_the_month_is_that_of_the_zone():
    begin, end = month_around(datetime(2026, 1, 31, 15, tzinfo=UTC), "Asia/Seoul")
    assert begin == datetime(2026, 1, 31, 15, tzinfo=UTC)
    assert end == datetime(2026, 2, 28, 15, tzinfo=UTC)


# --- connections ---

MAXIMA = {"auth": 10, "system": 5, "hr": 5, "finance": 5, "general": 5, "ai-service": 5}
"""The services of AE-1 that open connections: 35 replicas of 10 at their maxima."""


def services(max_connections: int) -> dict[str, Service]:
    pool = {"database": "main", "size": 10, "max_connections": max_connections}
    metric = {"kind": "resource", "name": "cpu", "utilization": 70}
    return {
        name: Service.model_validate({"pool": pool, "scaling": {"policy": "hpa", "max": most, "metrics": [metric]}})
        for name, most in MAXIMA.items()
    }


def test_438_connections_carry_all_services_at_their_maxima_and_437_do_not():
    assert sum(MAXIMA.values()) * 10 == 350
    assert pool_room(services(438), "auth") == 10
    assert pool_room(services(437), "auth") == 9


def test_room_that_others_do_not_use_can_be_used():
    assert pool_room(services(437), "auth", dict.fromkeys(MAXIMA, 1)) == 10


def test_the_connection_pool_is_the_rule_that_holds_replicas_back():
    decision, _ = at_once(40, facts=ServiceFacts(pool_room=9))
    assert (decision.desired, decision.rule, decision.without(Rule.POOL)) == (9, Rule.POOL, 40)
    assert at_once(40, facts=ServiceFacts(pool_room=9), caps={"database_pool": False})[0].desired == 40


# --- a pause ---


@pytest.mark.parametrize(
    ("pause", "rising", "falling"), [("all", 5, 5), ("in", 9, 5), ("out", 5, 2), (3, 3, 3), (0, 0, 0), (None, 9, 2)]
)
def test_a_pause_has_the_last_word(pause, rising, falling):
    up, down = at_once(9, pause=pause)[0], at_once(2, pause=pause)[0]
    assert (up.desired, down.desired) == (rising, falling)
    assert up.without(Rule.PAUSED) == 9
    assert down.without(Rule.PAUSED) == 2


# --- laws ---


@given(loads, pauses, st.integers(0, 60), st.floats(0, 2000))
def test_replicas_stay_within_their_bounds_whatever_stands_around_the_policy(readings, pause, room, spent):
    policy = hpa(QUEUE, min=2, max=30, pause=pause, caps={"budget_per_month": 1000})
    facts = ServiceFacts(price_per_hour=1.0, spent=spent, pool_room=room)
    state, replicas = start(policy), 5
    for index, reading in enumerate(readings):
        decision, state = decide(policy, replace(seen(replicas, reading), service=facts), state, after(15 * index))
        assert 2 <= decision.desired <= 30
        assert decision.desired >= decision.current or reading is not FAILED
        replicas = decision.desired


def test_what_was_judged_but_not_ordered_is_not_remembered_as_a_change():
    policy = hpa(QUEUE, behavior={"up": {"rates": [{"pods": 4, "per": "60s"}]}})
    decision, state = judge(policy, seen(5, 20), start(policy), NOW)
    assert decision.desired == 9
    again, _ = judge(policy, seen(5, 20), state, after(15))
    assert again.desired == 9
