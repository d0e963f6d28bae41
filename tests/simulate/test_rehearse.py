from itertools import chain

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outgrow.errors import UsageError
from outgrow.facts.scaling import Rule
from outgrow.plan.autoscaling import HpaPolicy
from outgrow.simulate.fast import rehearse_fast
from outgrow.simulate.fleet import Fleet
from outgrow.simulate.rehearse import rehearse, replayable
from outgrow.simulate.service import ServiceModel
from outgrow.simulate.trace import Trace
from tests.simulate.given import hpa, service, steady, trace

# --- the model ---


def test_what_is_ordered_serves_one_start_up_later():
    # given traffic that doubles in the third minute, seen a minute late
    timeline = rehearse(hpa(100), service(start_up=120), trace(2, 2, 4, 4, 4, 4, 4, 4))

    assert timeline.ordered == (2, 2, 2, 4, 4, 4, 4, 4)
    assert timeline.ready == (2, 2, 2, 2, 2, 4, 4, 4)
    assert timeline.needed == (2, 2, 4, 4, 4, 4, 4, 4)


def test_without_lag_and_start_up_the_next_step_is_served():
    timeline = rehearse(hpa(100), service(start_up=0, lag=0), trace(2, 4, 4))
    assert (timeline.ordered, timeline.ready) == ((2, 4, 4), (2, 2, 4))


def test_replicas_leave_when_the_window_has_passed():
    timeline = rehearse(hpa(100), service(lag=0), trace(4, *steady(1, 7)))
    assert timeline.ordered == (4, 4, 4, 4, 4, 1, 1, 1)
    assert [each.rule for each in timeline.decisions][1:6] == [Rule.WINDOW] * 4 + [Rule.TARGET]


def test_replicas_that_have_not_started_are_the_first_to_leave():
    fleet = Fleet(3, start_up_steps=2)
    fleet.order(6, 0)
    fleet.order(8, 1)
    fleet.order(5, 1)
    assert (fleet.ready, fleet.ordered) == (3, 5)
    fleet.reach(2)
    assert fleet.ready == 5
    fleet.order(1, 2)
    assert (fleet.ready, fleet.ordered) == (1, 1)


def test_a_trace_is_cut_into_the_steps_of_the_policy():
    timeline = rehearse(hpa(), service(step=15, lag=15), trace(2, 3))
    assert timeline.needed == (2, 2, 2, 2, 3, 3, 3, 3)


def test_a_service_that_may_go_to_nothing_needs_nothing_when_nothing_comes():
    timeline = rehearse(hpa(kind="external", min=0), service(start=1), trace(*steady(0, 8), 1, 1, 1))
    assert timeline.needed[0] == 0
    assert timeline.ordered[6:8] == (0, 0)
    assert timeline.ordered[-1] == 2


def test_the_maximum_leaves_work_unserved():
    timeline = rehearse(hpa(max=3), service(start_up=0), trace(*steady(9, 4)))
    assert timeline.ready == (3, 3, 3, 3)


def test_a_metric_that_is_scraped_seldom_is_seen_late():
    timeline = rehearse(hpa(100), service(start_up=0, lag=0, scrape=180), trace(1, 2, 3, 3, 3, 3))
    assert timeline.ordered == (1, 1, 1, 3, 3, 3)


def test_cpu_hides_how_far_a_replica_is_overloaded():
    # given four times the work that one replica carries
    asked = [
        rehearse(hpa(50, kind), service(lag=0, start_up=0, start=1), trace(4, 4)).decisions[0].recommended
        for kind in ("external", "resource")
    ]
    # busy at 100 % of the request at most: twice as many, not eight times
    assert asked == [8, 2]


def test_metrics_that_requests_say_nothing_about_are_left_out_and_named():
    memory = {"kind": "resource", "name": "memory", "utilization": 70}
    policy = HpaPolicy.model_validate({"max": 9, "metrics": [memory, *hpa().metrics]})
    kept, left_out = replayable(policy)
    assert [metric.name for metric in kept.metrics] == ["requests"]
    assert left_out[0].startswith("metric memory is left out")
    with pytest.raises(UsageError, match="metric memory"):
        replayable(HpaPolicy.model_validate({"max": 9, "metrics": [memory]}))
    assert replayable(hpa())[0] == hpa()


# --- what does not fit together ---


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ServiceModel(0, 60), "capacity of 0"),
        (lambda: ServiceModel(1, 60, 0), "step of 0 s"),
        (lambda: ServiceModel(1, 50, 60, 60), "start-up of 50 s is not a whole number of steps of 60 s"),
        (lambda: ServiceModel(1, 60, 60, 15), "metric lag of 15 s"),
        (lambda: rehearse(hpa(), service(), trace(1, 2, interval=90)), "intervals of 90 s"),
        (lambda: rehearse(hpa(), service(), Trace(60, (1e15, 1.0))), "beyond what can be counted"),
    ],
)
def test_what_no_service_can_be_is_refused(make, message: str):
    with pytest.raises(UsageError, match=message):
        make()


def test_a_metric_that_requests_say_nothing_about_is_refused_both_ways():
    policy = HpaPolicy.model_validate(
        {"max": 9, "metrics": [{"kind": "resource", "name": "memory", "utilization": 70}]}
    )
    for run in (rehearse, rehearse_fast):
        with pytest.raises(UsageError, match="metric memory"):
            run(policy, service(), trace(1, 2))


def test_the_fast_way_refuses_several_metrics():
    one = hpa()
    both = HpaPolicy.model_validate({"max": 9, "metrics": [*one.metrics, *hpa(kind="external").metrics]})
    assert len(rehearse(both, service(), trace(1, 2)).decisions[0].proposals) == 2
    with pytest.raises(UsageError, match="2 metrics"):
        rehearse_fast(both, service(), trace(1, 2))


# --- the fast way ---

rates = st.one_of(
    st.fixed_dictionaries({"pods": st.integers(1, 5), "per": st.sampled_from(["15s", "60s", "100s"])}),
    st.fixed_dictionaries({"percent": st.integers(1, 150), "per": st.sampled_from(["15s", "60s"])}),
)
directions = st.fixed_dictionaries(
    {
        "rates": st.lists(rates, max_size=2),
        "window": st.sampled_from(["0s", "10s", "45s", "60s", "150s"]),
        "select": st.sampled_from(["max", "max", "min", "disabled"]),
        "tolerance": st.sampled_from([0, 0.1, 0.3]),
    }
)
policies = st.builds(
    hpa,
    percent=st.integers(30, 130),
    kind=st.sampled_from(["pods", "external", "object", "resource"]),
    min=st.integers(0, 3),
    max=st.integers(3, 60),
    behavior=st.one_of(st.none(), st.just({}), st.fixed_dictionaries({"up": directions, "down": directions})),
)
services = st.builds(
    service,
    start_up=st.sampled_from([0, 15, 60, 180]),
    step=st.just(15),
    lag=st.sampled_from([0, 15, 45]),
    start=st.one_of(st.none(), st.integers(0, 30)),
    scrape=st.sampled_from([0, 0, 15, 60]),
)
spans = st.lists(st.tuples(st.floats(0, 30), st.integers(1, 8)), min_size=1, max_size=12)


@settings(max_examples=300, deadline=None)
@given(policies, services, spans)
def test_the_fast_way_agrees_with_the_plain_way_decision_by_decision(policy, model, levels):
    traffic = trace(*chain.from_iterable([level] * count for level, count in levels), interval=15)

    plain = rehearse(policy, model, traffic)
    fast = rehearse_fast(policy, model, traffic)

    assert fast.ordered == tuple(each.desired for each in plain.decisions)
    assert (fast.ordered, fast.ready, fast.needed) == (plain.ordered, plain.ready, plain.needed)
