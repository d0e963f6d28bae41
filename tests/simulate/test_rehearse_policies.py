"""Every kind of policy can be rehearsed: the same course each time, and no reading that failed takes anything away."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outgrow.autoscale import policies
from outgrow.autoscale.observed import Numbers, Observation, Unread
from outgrow.errors import UsageError
from outgrow.facts.scaling import Rule
from outgrow.plan.keda import KedaPolicy
from outgrow.plan.predictive import PredictivePolicy
from outgrow.plan.services import ScalingPolicy
from outgrow.simulate.appraisal import Terms
from outgrow.simulate.fast import fits_fast_way
from outgrow.simulate.rehearsal import Setting, hpa_at, rehearsal
from outgrow.simulate.rehearse import facts_of, rehearse, replayable
from tests.simulate.given import CAPACITY, hpa, service, trace

FAILED = Unread("the source did not answer")
HOURS = trace(*(4 + 3 * (minute % 60 > 30) for minute in range(300)))
PODS = {"kind": "pods", "name": "requests", "average": CAPACITY / 2}
TOTAL = {**PODS, "kind": "external"}


def predictive(*metrics: object, **options: object) -> PredictivePolicy:
    return PredictivePolicy.model_validate({"min": 1, "max": 100, **options, "metrics": metrics})


def keda(**trigger: object) -> KedaPolicy:
    return KedaPolicy.model_validate({"min": 1, "max": 100, "triggers": [{"name": "requests", **trigger}]})


every_kind = pytest.mark.parametrize(
    "policy", [hpa(), hpa(kind="external"), keda(average=70), predictive(), predictive(TOTAL), predictive(PODS)]
)


@every_kind
def test_a_policy_meets_the_same_traffic_with_the_same_course(policy: ScalingPolicy):
    once, again = rehearse(policy, service(), HOURS), rehearse(policy, service(), HOURS)
    assert repr(once) == repr(again)
    assert len(once.decisions) == len(HOURS.rates)
    assert once.ordered == tuple(each.desired for each in once.decisions)


@settings(max_examples=60, deadline=None)
@given(st.data())
@every_kind
def test_a_signal_that_fails_takes_nothing_away(policy: ScalingPolicy, data: st.DataObject):
    state, replicas = policies.start(policy), 20
    steps = data.draw(st.lists(st.tuples(st.floats(0, 30), st.booleans()), min_size=1, max_size=20))
    for minute, (load, fails) in enumerate(steps):
        milli = round(load * CAPACITY * 1000)
        readings = tuple(FAILED if fails else Numbers((milli,)) for _ in policy.metrics)
        seen = Observation(replicas, replicas, readings, (), FAILED if fails else load * CAPACITY, facts_of(service()))
        decision, state = policies.decide(policy, seen, state, HOURS.moment(60 * minute))
        if fails:
            assert decision.desired >= replicas
        replicas = decision.desired


def test_a_metric_of_replicas_that_are_not_ready_takes_nothing_away():
    timeline = rehearse(predictive(PODS, min=0), replace(service(start_up=240), start_replicas=0), trace(*[3] * 9))
    failed = [each for each in timeline.decisions if any(one.failure for one in each.proposals)]
    assert failed
    assert all(each.desired >= each.current for each in failed)


def test_the_forecast_sees_the_load_as_late_as_a_metric_is():
    timeline = rehearse(predictive(), service(lag=120), trace(2, 8, 8, 8, 8))
    assert [each.forecast.now for each in timeline.decisions if each.forecast] == [2, 2, 2, 8, 8]


def test_further_metrics_of_a_forecast_may_ask_for_more():
    alone = rehearse(predictive(), service(), HOURS)
    both = rehearse(predictive(TOTAL), service(), HOURS)
    assert all(with_metric >= without for with_metric, without in zip(both.ordered, alone.ordered, strict=True))
    assert both.decisions[-1].metric == "requests"


def test_a_metric_that_cannot_be_told_from_requests_leaves_the_forecast_alone():
    memory = {"kind": "resource", "name": "memory", "utilization": 70}
    kept, left_out = replayable(predictive(memory, TOTAL))
    assert [each.name for each in kept.metrics] == ["requests"]
    assert left_out[0].startswith("metric memory is left out")
    kept, left_out = replayable(predictive(memory))
    assert (kept, len(left_out)) == (predictive(), 1)


def test_a_trigger_is_read_as_the_rate_in_all():
    assert rehearse(keda(average=50), service(lag=0), trace(2, 4, 4)).ordered == (4, 8, 8)
    with pytest.raises(UsageError, match="write average for value"):
        replayable(keda(value=50))


def test_only_an_hpa_goes_the_fast_way():
    assert fits_fast_way(hpa(), service())
    assert not fits_fast_way(predictive(), service())


def test_a_forecast_stands_beside_the_curve_and_both_oracles():
    setting = Setting(service(), HOURS, Terms(3600))
    found = rehearsal("mine", {"mine": predictive(), "hpa": hpa_at(70, predictive(), setting.service)}, setting)
    assert [row.name for row in found.rows[:2]] == ["mine", "hpa"]
    assert found.regret(found.policy) >= 1 or found.policy.appraisal.score.unserved > 0
    explained = rehearsal("mine", {"mine": predictive()}, setting, explained=True)
    assert explained.policy.timeline.ordered == found.policy.timeline.ordered
    assert {each.rule for each in explained.policy.timeline.decisions} & {Rule.FORECAST, Rule.REACTIVE}
