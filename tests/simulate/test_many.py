"""Many policies stepped together give what each gives alone, decision by decision."""

from dataclasses import replace
from itertools import chain

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from outgrow.plan.autoscaling import HpaPolicy
from outgrow.plan.keda import KedaPolicy
from outgrow.simulate.appraisal import Terms
from outgrow.simulate.blocks import Blocks, scored_by_block
from outgrow.simulate.latency import latency_by_step
from outgrow.simulate.many import courses_of, fits_many, groups_of, rehearse_many
from outgrow.simulate.many.extremes import Extremes
from outgrow.simulate.rehearsal import Setting
from outgrow.simulate.rehearse import rehearse
from outgrow.simulate.timeline import Timeline, demand_of
from outgrow.simulate.trace import Trace
from tests.simulate.given import CAPACITY, hpa, service, trace

# --- what policies of one group have in common, and in what they differ ---

rates = st.one_of(
    st.fixed_dictionaries({"pods": st.integers(1, 5), "per": st.sampled_from(["15s", "60s", "100s"])}),
    st.fixed_dictionaries({"percent": st.integers(1, 150), "per": st.sampled_from(["15s", "60s"])}),
)
directions = st.fixed_dictionaries(
    {
        "rates": st.lists(rates, max_size=2),
        "window": st.sampled_from(["0s", "10s", "15s", "45s", "60s", "150s"]),
        "select": st.sampled_from(["max", "max", "min", "disabled"]),
        "tolerance": st.sampled_from([0, 0.1, 0.3]),
    }
)
behaviors = st.one_of(st.just({}), st.fixed_dictionaries({"up": directions, "down": directions}))
schedules = st.fixed_dictionaries(
    {"start": st.sampled_from(["2 0 * * *", "5 0 * * *", "*/9 * * * *"]), "span": st.sampled_from(["1m", "4m", "6m"])},
    optional={"min": st.integers(0, 8), "max": st.integers(8, 20)},
).filter(lambda each: "min" in each or "max" in each)
budgets = st.fixed_dictionaries({"budget_per_month": st.floats(1, 6000), "pace": st.sampled_from(["reserve", "even"])})
arounds = st.fixed_dictionaries(
    {},
    optional={
        "schedules": st.lists(schedules, max_size=2),
        "caps": st.one_of(budgets, st.just({"database_pool": False})),
        "pause": st.sampled_from(["all", "in", "out", 0, 7]),
    },
)
bounds = st.fixed_dictionaries({"min": st.integers(0, 3), "max": st.integers(4, 60)})
kinds = st.lists(
    st.sampled_from(["pods", "external", "object", "resource", "container_resource"]), min_size=1, max_size=2
)
services = st.builds(
    replace,
    st.builds(
        service,
        start_up=st.sampled_from([0, 15, 60, 180]),
        step=st.just(15),
        lag=st.sampled_from([0, 15, 45]),
        start=st.one_of(st.none(), st.integers(0, 30)),
        scrape=st.sampled_from([0, 0, 15, 60]),
    ),
    price_per_hour=st.sampled_from([None, 0.5]),
    pool_room=st.sampled_from([None, 9]),
    timezone=st.sampled_from(["UTC", "Asia/Seoul"]),
)
spans = st.lists(st.tuples(st.floats(0, 30), st.integers(1, 8)), min_size=1, max_size=12)
begins = st.sampled_from(["2000-01-01T00:00:00+00:00", "2026-01-31T14:57:00+00:00"])


def metric(kind: str, percent: int) -> dict[str, object]:
    match kind:
        case "resource":
            return {"kind": kind, "name": "cpu", "utilization": percent}
        case "container_resource":
            return {"kind": kind, "name": "cpu", "container": "web", "utilization": percent}
        case _:
            return {"kind": kind, "name": "requests", "average": CAPACITY * percent / 100}


@st.composite
def alike_hpas(draw: st.DrawFn) -> list[HpaPolicy]:
    shared = draw(bounds) | draw(arounds)
    of, behave = draw(kinds), draw(st.booleans())
    found = []
    for _ in range(draw(st.integers(1, 5))):
        percents = [draw(st.integers(30, 130)) for _ in of]
        options: dict[str, object] = {"behavior": draw(behaviors) if behave else None}
        if draw(st.booleans()):
            options["controller"] = {"downscale_stabilization": draw(st.sampled_from(["0s", "20s", "1m"]))}
        metrics = [metric(kind, percent) for kind, percent in zip(of, percents, strict=True)]
        found.append(HpaPolicy.model_validate({**shared, **options, "metrics": metrics}))
    return found


@st.composite
def alike_kedas(draw: st.DrawFn) -> list[KedaPolicy]:
    within = draw(bounds)
    shared: dict[str, object] = {**within, **draw(arounds)}
    if within["min"] and draw(st.booleans()):
        shared["idle"] = draw(st.integers(0, within["min"] - 1))
    shared["polling"] = draw(st.sampled_from(["15s", "30s", "40s"]))
    shared["cool_down"] = draw(st.sampled_from(["0s", "30s", "100s"]))
    shared["initial_cool_down"] = draw(st.sampled_from(["0s", "0s", "45s"]))
    activations = draw(st.lists(st.sampled_from([0, 150, 400]), min_size=1, max_size=2))
    behave = draw(st.booleans())
    found = []
    for _ in range(draw(st.integers(1, 4))):
        triggers = [
            {"name": f"t{index}", "average": CAPACITY * draw(st.integers(30, 130)) / 100, "activation": activation}
            for index, activation in enumerate(activations)
        ]
        options = {"behavior": draw(behaviors) if behave else None, "triggers": triggers}
        found.append(KedaPolicy.model_validate({**shared, **options}))
    return found


@settings(max_examples=200, deadline=None)
@given(st.one_of(alike_hpas(), alike_kedas()), services, spans, begins)
def test_policies_stepped_together_decide_as_each_does_alone(policies, model, levels, begin):
    traffic = trace(*chain.from_iterable([level] * count for level, count in levels), interval=15)
    traffic = replace(traffic, start=type(traffic.start).fromisoformat(begin))

    groups = groups_of(policies, traffic, 3)
    assert groups.alone == ()
    assert sorted(chain.from_iterable(groups.together)) == list(range(len(policies)))

    for places in groups.together:
        for place, found in zip(
            places, rehearse_many([policies[each] for each in places], model, traffic), strict=True
        ):
            plain = rehearse(policies[place], model, traffic)
            assert found.ordered == tuple(each.desired for each in plain.decisions)
            assert (found.ordered, found.ready, found.needed) == (plain.ordered, plain.ready, plain.needed)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(1, 30), min_size=10, max_size=40),
    st.sampled_from(["15s", "30s"]),
    st.sampled_from(["45s", "60s"]),
    st.booleans(),
)
def test_changes_are_forgotten_as_the_controller_forgets_them(levels, short: str, long: str, swapped: bool):
    # given one direction whose changes make room sooner than the other one still asks for them
    quick, slow = {"rates": [{"pods": 3, "per": short}]}, {"rates": [{"pods": 5, "per": long}], "window": "0s"}
    up, down = (slow, {**quick, "window": "0s"}) if swapped else (quick, slow)
    policy = hpa(100, kind="external", behavior={"up": up, "down": down})
    model, traffic = service(start_up=15, step=15, lag=0), trace(*levels, interval=15)

    plain = rehearse(policy, model, traffic)

    assert rehearse_many([policy], model, traffic) == [replace(plain, decisions=())]


def test_a_long_trace_is_handed_over_in_parts_that_fit_together():
    moments = np.arange(2500)
    waves = Trace(15, tuple((CAPACITY * (6 + 5 * np.sin(moments / 40) + moments % 7 / 4)).tolist()))
    policies = [hpa(50), hpa(70, behavior={"down": {"rates": [{"percent": 10, "per": "1m"}]}})]
    model = service(start_up=60, step=15, lag=15)

    parts = list(courses_of(policies, model, waves))

    assert len(parts) > 2
    assert [each.start for each in parts] == np.cumsum([0, *(len(each.ready) for each in parts[:-1])]).tolist()
    assert rehearse_many(policies, model, waves) == [
        replace(rehearse(each, model, waves), decisions=()) for each in policies
    ]


def test_what_cannot_be_stepped_with_others_is_rehearsed_alone():
    memory = HpaPolicy.model_validate(
        {"max": 9, "metrics": [{"kind": "resource", "name": "memory", "utilization": 70}]}
    )
    formula = KedaPolicy.model_validate(
        {"max": 9, "triggers": [{"name": "a", "average": 1}], "combine": {"formula": "a", "average": 1}}
    )
    assert groups_of([memory, hpa(), formula], trace(1), 9).alone == (0, 2)
    assert not fits_many(hpa(), Trace(60, (2e9,)))


def test_policies_that_differ_in_more_than_numbers_are_parted():
    found = groups_of([hpa(), hpa(kind="external"), hpa(50), hpa(max=7), hpa(behavior=None)], trace(1), 9)
    assert sorted(found.together) == [(0, 2), (1,), (3,), (4,)]
    assert [len(each) for each in groups_of([hpa(percent) for percent in range(30, 40)], trace(1), 4).together] == [
        4,
        4,
        2,
    ]


# --- extremes ---


@given(
    st.integers(1, 9),
    st.sampled_from(["highest", "lowest"]),
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=40),
    st.one_of(st.none(), st.integers(0, 9)),
)
def test_the_extreme_of_a_window_is_that_of_its_rows(length, which, rows, before):
    found, out = Extremes(length, 2, which, before), np.empty(2)
    past = [] if before is None else [(before, before)] * length
    for row in rows:
        found.pushed(np.array(row, dtype=float), out)
        past.append(row)
        best = max if which == "highest" else min
        assert out.tolist() == [best(each) for each in zip(*past[-length:], strict=True)]


# --- scores ---


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.floats(0, 9), st.integers(0, 9), st.integers(0, 9)), min_size=10, max_size=60),
    st.integers(1, 20),
    st.sampled_from([None, 0.5]),
)
def test_many_timelines_are_scored_block_by_block_as_each_alone(steps, at_once: int, objective):
    loads, *columns = zip(*steps, strict=True)
    setting = Setting(service(), trace(*loads), Terms(120, objective))
    demand = demand_of(setting.trace, setting.service, 1)
    blocks = Blocks(demand, setting, 300, len(columns))
    table = np.array(columns, dtype=float).T
    for start in range(0, len(table), at_once):
        blocks.add(start, table[start : start + at_once])
    alone = [Timeline(60, demand.needed, ready, ready) for ready in columns]
    assert blocks.scores() == [scored_by_block(each, demand.totals, setting, 300) for each in alone]
    for timeline, found in zip(alone, blocks.scores(), strict=True):
        assert sum(each.ready for each in found) == sum(timeline.ready[2:])
        if objective is not None:
            p95 = latency_by_step(timeline, demand.totals, setting.service, objective).p95_seconds
            above = (p95 > objective * (1 + 1e-9)) & (np.array(demand.totals) > 0)
            assert sum(each.violated for each in found) == above[2:].sum()
