from dataclasses import replace

import pytest
from pydantic import ValidationError

from outgrow.autoscale.hpa import HpaState, Recommendation, ScaleEvent, carried_out, decide, judge
from outgrow.autoscale.observed import Numbers, Observation
from outgrow.facts.scaling import Counterfactual, Rule, ScalingDecision
from tests.autoscale.given import FAILED, NOW, after, hpa, pod, pods, seen, usage

CPU = {"kind": "resource", "name": "cpu", "utilization": 50}
QUEUE = {"kind": "external", "name": "queue", "average": 1}
SHRINKING = usage(100, 300, 500, 250, 250)
WARM = HpaState(())


def decided(policy, observation, state: HpaState = WARM, now=NOW) -> ScalingDecision:
    return decide(policy, observation, state, now)[0]


# --- several metrics ---


def test_the_metric_that_asks_for_the_most_wins():
    found = decided(hpa(QUEUE, {**QUEUE, "name": "requests"}), seen(4, 5, 7))
    assert (found.desired, found.metric, found.rule) == (7, "requests", Rule.TARGET)


def test_of_metrics_that_ask_for_as_many_the_first_is_named():
    found = decided(hpa(QUEUE, {**QUEUE, "name": "requests"}), seen(4, 7, 7))
    assert (found.desired, found.metric) == (7, "queue")


@pytest.mark.parametrize(("works", "desired", "rule"), [(7, 7, Rule.TARGET), (2, 4, Rule.FAILED)])
def test_beside_a_failed_metric_replicas_may_grow_but_not_shrink(works: int, desired: int, rule: Rule):
    found = decided(hpa(QUEUE, {**QUEUE, "name": "other"}), seen(4, works, FAILED))
    assert (found.desired, found.rule) == (desired, rule)
    assert found.proposals[1].failure == "the source did not answer"


def test_without_any_working_metric_nothing_happens_and_nothing_is_recommended():
    found, state = decide(hpa(QUEUE), seen(4, FAILED), WARM, NOW)
    assert (found.desired, found.rule, found.recommended) == (4, Rule.FAILED, None)
    assert state == WARM


def test_a_reading_of_the_wrong_shape_fails_the_metric():
    found = decided(hpa(QUEUE, CPU), seen(2, usage(1, 2), Numbers((5,)), of=pods("TT")))
    assert [each.failure for each in found.proposals] == [
        "a metric of one number was read by pod",
        "a metric of pods was read as one number",
    ]


def test_as_many_readings_as_metrics_are_needed():
    with pytest.raises(ValueError, match="1 readings for 2 metrics"):
        decide(hpa(QUEUE, QUEUE), seen(4, 4), WARM, NOW)


# --- zero and bounds ---


def test_a_service_at_zero_stays_there_when_its_minimum_is_above():
    assert decided(hpa(QUEUE), seen(0, 9)).rule is Rule.OFF


def test_a_minimum_of_zero_lets_a_service_go_to_nothing_and_come_back():
    policy = hpa(QUEUE, min=0)
    assert decided(policy, seen(5, 0)).desired == 0
    assert decided(policy, seen(0, 3)).desired == 3


@pytest.mark.parametrize(("replicas", "desired", "rule"), [(9, 6, Rule.MAXIMUM), (1, 2, Rule.MINIMUM)])
def test_outside_its_bounds_a_service_is_brought_back_without_asking_metrics(replicas: int, desired: int, rule: Rule):
    found = decided(hpa(QUEUE, min=2, max=6), seen(replicas, FAILED))
    assert (found.desired, found.rule, found.proposals) == (desired, rule, ())


def test_negative_readings_ask_for_the_minimum():
    assert decided(hpa(QUEUE), seen(3, -50)).desired == 1


def test_huge_readings_ask_for_no_more_than_can_be_counted():
    found = decided(hpa(QUEUE, max=50), seen(40, Numbers((2**62, 2**62, 2**62))))
    assert (found.desired, found.recommended) == (50, 2**31 - 1)


# --- tolerance ---


@pytest.mark.parametrize(("load", "desired"), [(90, 100), (110, 100), (89, 89), (111, 111)])
def test_both_edges_of_the_tolerance_are_within_it(load: int, desired: int):
    assert decided(hpa(QUEUE), seen(100, load)).desired == desired


def test_each_direction_may_have_a_tolerance_of_its_own():
    policy = hpa(QUEUE, behavior={"up": {"tolerance": "0 %"}, "down": {"tolerance": "50 %"}})
    assert decided(policy, seen(100, 101)).desired == 101
    assert decided(policy, seen(100, 50)).desired == 100
    assert decided(policy, seen(100, 49)).desired == 49


def test_a_decision_that_the_tolerance_made_says_so_and_what_it_would_have_been():
    found = decided(hpa(QUEUE), seen(10, 11))
    assert (found.rule, found.without(Rule.TOLERANCE)) == (Rule.TOLERANCE, 11)


# --- windows and memory ---


def test_a_fresh_controller_takes_nothing_away_for_a_whole_window():
    policy, state = hpa(QUEUE), HpaState()
    for seconds, desired in ((0, 8), (299, 8), (300, 8), (300.001, 2)):
        found, state = decide(policy, seen(8, 2), state, after(seconds))
        assert found.desired == desired


def test_with_a_behavior_a_recommendation_as_old_as_the_window_counts_no_longer():
    state = HpaState((Recommendation(8, NOW),))
    assert decided(hpa(QUEUE), seen(8, 2), state, after(300)).desired == 8
    assert decided(hpa(QUEUE, behavior={}), seen(8, 2), state, after(300)).desired == 2


def test_a_decision_that_the_window_made_says_what_it_would_have_been():
    found = decided(hpa(QUEUE), seen(10, 7), HpaState((Recommendation(10, NOW),)), after(60))
    assert (found.desired, found.recommended, found.rule) == (10, 7, Rule.WINDOW)
    assert found.counterfactuals == (Counterfactual(Rule.WINDOW, 7),)


def test_one_step_up_from_one_depends_on_whether_there_is_a_behavior():
    assert decided(hpa(QUEUE), seen(1, 50)).desired == 4
    assert decided(hpa(QUEUE, behavior={}), seen(1, 50)).desired == 5


def test_a_limited_decision_says_what_it_would_have_been_without_each_limit():
    found = decided(hpa(QUEUE, max=15), seen(10, 50))
    assert (found.desired, found.rule, found.condition) == (15, Rule.MAXIMUM, "TooManyReplicas")
    assert found.counterfactuals == (Counterfactual(Rule.MAXIMUM, 20),)


def test_a_direction_that_is_disabled_never_moves():
    down = hpa(QUEUE, behavior={"down": {"select": "disabled", "window": "0s"}})
    up = hpa(QUEUE, behavior={"up": {"select": "disabled"}})
    assert [decided(down, seen(5, load)).desired for load in (1, 8)] == [5, 8]
    assert [decided(up, seen(5, load)).desired for load in (1, 8)] == [1, 5]


def test_the_smallest_of_several_rates_may_be_asked_for():
    rates = [{"pods": 4, "per": "60s"}, {"percent": 100, "per": "60s"}]
    policy = hpa(QUEUE, behavior={"up": {"select": "min", "rates": rates}})
    assert decided(policy, seen(2, 50)).desired == 4
    assert decided(policy, seen(20, 90)).desired == 24


def test_changes_of_both_directions_count_in_a_rates_period():
    policy = hpa(QUEUE, behavior={"up": {"rates": [{"pods": 2, "per": "60s"}]}})
    first, state = decide(policy, seen(5, 20), WARM, NOW)
    second, state = decide(policy, seen(7, 20), state, after(59))
    third, state = decide(policy, seen(7, 20), state, after(60))
    assert [each.desired for each in (first, second, third)] == [7, 7, 9]
    assert (second.rule, second.without(Rule.RATE)) == (Rule.RATE, 20)


def test_an_order_that_was_refused_is_not_remembered_as_a_change():
    policy = hpa(QUEUE, behavior={})
    decision, remembered = judge(policy, seen(5, 20), WARM, NOW)
    assert remembered.ups == ()
    assert carried_out(policy, decision, remembered).ups == (ScaleEvent(5, NOW),)


def test_without_a_behavior_changes_are_not_remembered():
    _, state = decide(hpa(QUEUE), seen(5, 20), WARM, NOW)
    assert (state.ups, state.downs) == ((), ())


# --- pods ---


def test_memory_of_a_pod_that_has_just_started_counts():
    memory = {"kind": "resource", "name": "memory", "average": 1}
    found = decided(hpa(memory), seen(2, usage(2000, 2000), of=pods("TT", "hh")))
    assert found.desired == 4


def test_a_starting_pod_counts_once_a_whole_window_lies_behind_its_readiness():
    # given a pod ready for 30 s and readings over windows of 30 s and of a minute
    reading = usage(2000)
    short = replace(reading.usage["pod-0"], window=reading.usage["pod-0"].window / 2)
    fresh = Observation(1, 1, (replace(reading, usage={"pod-0": short}),), pods("T", "h"))
    stale = Observation(1, 1, (reading,), pods("T", "h"))

    assert decided(hpa(CPU), fresh).desired == 4
    assert decided(hpa(CPU), stale).proposals[0].failure.startswith("no pod that counts")


@pytest.mark.parametrize(("ready_for", "counts"), [(9, False), (10, True), (60, True)])
def test_a_pod_that_was_ready_once_counts_although_it_is_not_ready_now(ready_for: int, counts: bool):
    # given a pod that started 180 s ago and turned unready `ready_for` seconds later
    one = pod("pod-0", "F")
    assert one.readiness is not None
    turned = replace(one, readiness=replace(one.readiness, since=after(ready_for - 180)))

    found = decided(hpa(CPU), seen(1, usage(1000), of=(turned,)))

    assert (found.proposals[0].failure == "") is counts


def test_a_pod_without_a_readiness_condition_is_still_starting():
    bare = replace(pod("pod-0"), readiness=None)
    assert decided(hpa(CPU), seen(1, usage(1000), of=(bare,))).rule is Rule.FAILED


def test_a_target_above_what_is_requested_takes_unread_pods_as_at_the_target():
    policy = hpa({**CPU, "utilization": 200})
    found = decided(policy, seen(4, usage(1000, 1000), of=pods("TTTT")))
    assert found.desired == 3


def test_what_a_pod_requests_as_a_whole_goes_before_its_containers():
    whole = replace(pod("pod-0"), pod_requests={"cpu": 4000})
    assert decided(hpa(CPU), seen(1, usage(2000), of=(whole,))).proposals[0].usage == 50


def test_of_what_a_pod_does_not_request_as_a_whole_its_containers_that_request_it_count():
    memory_as_a_whole = replace(
        pod("pod-0"), pod_requests={"memory": 9}, requests={"app": {"cpu": 1000}, "idle": {}, "proxy": {"cpu": 600}}
    )
    nothing_as_a_whole = replace(memory_as_a_whole, pod_requests={}, requests={"app": {"cpu": 800}})
    nobody = replace(memory_as_a_whole, requests={"app": {}})

    def judged(one):
        return decided(hpa(CPU), seen(1, usage(400), of=(one,))).proposals[0]

    assert (judged(memory_as_a_whole).usage, judged(nothing_as_a_whole).usage) == (25, 50)
    assert judged(nobody).failure == "pod pod-0 requests no cpu"


def test_a_container_that_a_pod_does_not_have_fails_the_metric():
    metric = {"kind": "container_resource", "name": "cpu", "container": "proxy", "utilization": 50}
    found = decided(hpa(metric), seen(1, usage(100), of=pods("T")))
    assert found.proposals[0].failure == "pod pod-0 has no container proxy"


def test_more_pods_than_ordered_do_not_make_more_replicas_at_target():
    observation = replace(seen(4, usage(*[500] * 5), of=pods("TTTTT")), observed_replicas=5)
    assert decided(hpa(CPU), observation).desired == 4


def test_a_service_without_pods_fails_a_metric_that_multiplies_them():
    value = {"kind": "external", "name": "queue", "value": 1}
    assert decided(hpa(value), seen(3, 9)).proposals[0].failure == "no pods were found"
    assert decided(hpa(value), seen(3, 1)).desired == 3


def test_whole_decisions_of_the_controller_come_out():
    bounds = {"min": 2, "max": 6}
    assert decided(hpa(CPU, **bounds), seen(5, SHRINKING, of=pods("TTTTT"))).desired == 3
    assert decided(hpa(CPU, **bounds), seen(5, SHRINKING, of=pods("TTTTT")), HpaState()).desired == 5
    past = HpaState((Recommendation(10, after(-600)), Recommendation(4, after(-60))))
    tight = hpa({**CPU, "utilization": 100}, max=5)
    found = decided(tight, seen(4, usage(50, 50, 50), of=pods("TTT", requests=[100] * 3)), past)
    assert (found.desired, found.rule) == (4, Rule.WINDOW)


# --- the plan ---


@pytest.mark.parametrize(
    "wrong",
    [
        {"min": 5, "max": 4},
        {"max": 0},
        {"metrics": []},
        {"metrics": [{"kind": "pods", "name": "qps"}]},
        {"metrics": [{**CPU, "average": 3}]},
        {"metrics": [{"kind": "external", "name": "queue"}]},
        {"behavior": {"up": {"rates": [{"pods": 1, "percent": 2, "per": "15s"}]}}},
        {"behavior": {"up": {"rates": [{"pods": 1, "per": "31m"}]}}},
        {"behavior": {"down": {"window": "61m"}}},
        {"metrics": [{**CPU, "utilization": "12.5 %"}]},
    ],
    ids=str,
)
def test_what_the_api_refuses_a_plan_refuses(wrong: dict):
    with pytest.raises(ValidationError):
        type(hpa()).model_validate({"max": 10, "metrics": [QUEUE], **wrong})


def test_percent_and_shares_may_be_written_with_their_unit():
    policy = hpa({**CPU, "utilization": "70 %"}, controller={"tolerance": "10 %"})
    assert (policy.metrics[0].model_dump()["utilization"], policy.controller.tolerance) == (70, 0.1)
