"""A rehearsal step by step: the policy decides on what it would have seen, and every decision is kept."""

from datetime import datetime, timedelta

from outgrow.autoscale.hpa import HpaState, decide
from outgrow.autoscale.observed import Numbers, Observation, PerPod, Phase, Pod, PodUsage, Reading, Unread
from outgrow.errors import UsageError
from outgrow.facts.scaling import ScalingDecision
from outgrow.plan.autoscaling import ExternalMetric, HpaMetric, HpaPolicy, ObjectMetric, PodsMetric
from outgrow.simulate.fleet import Fleet
from outgrow.simulate.service import ServiceModel
from outgrow.simulate.timeline import Timeline, first_replicas, needed_for, steps_in, totals_of
from outgrow.simulate.trace import Trace


def rehearse(policy: HpaPolicy, service: ServiceModel, trace: Trace) -> Timeline:
    """Run a policy over recorded traffic.

    Every metric of the policy is read as the rate of requests: one of `kind: pods` as the rate of each ready replica,
    an object or external one as the rate in all. `rehearse_fast` gives the same numbers without the decisions.

    Raises:
        UsageError: a metric that a rate of requests says nothing about, or times that do not fit together.
    """
    totals = totals_of(trace, service)
    needed = needed_for(totals, service, policy.min)
    lag = steps_in(service.metric_lag_seconds, service)
    fleet = Fleet(first_replicas(needed, service, policy), steps_in(service.start_up_seconds, service))
    state = HpaState()
    ready: list[int] = []
    ordered: list[int] = []
    decisions = list[ScalingDecision]()
    for step in range(len(totals)):
        fleet.reach(step)
        ready.append(fleet.ready)
        now = trace.moment(step * service.step_seconds)
        seen = _seen(policy, totals[max(0, step - lag)], fleet, now)
        decision, state = decide(policy, seen, state, now)
        fleet.order(decision.desired, step)
        ordered.append(fleet.ordered)
        decisions.append(decision)
    return Timeline(service.step_seconds, needed, tuple(ready), tuple(ordered), tuple(decisions))


def _seen(policy: HpaPolicy, total: int, fleet: Fleet, now: datetime) -> Observation:
    running = [Pod(f"ready-{index}") for index in range(fleet.ready)]
    starting = [Pod(f"starting-{index}", Phase.PENDING) for index in range(fleet.ordered - fleet.ready)]
    readings = tuple(_reading(metric, total, running, now) for metric in policy.metrics)
    return Observation(fleet.ordered, fleet.ordered, readings, (*running, *starting))


def _reading(metric: HpaMetric, total: int, running: list[Pod], now: datetime) -> Reading:
    match metric:
        case PodsMetric():
            if not running:
                return Unread("no replica is ready")
            each = PodUsage(total // len(running), now, timedelta(0))
            return PerPod({pod.name: each for pod in running})
        case ObjectMetric(average=None) | ExternalMetric(average=None):
            raise UsageError(f"metric {metric.name}: a rate is aimed at per replica here; write average for value")
        case ObjectMetric() | ExternalMetric():
            return Numbers((total,))
        case _:
            raise UsageError(
                f"metric {metric.name}: recorded requests say nothing about a {metric.kind.replace('_', ' ')}; "
                "rehearse with kind: pods, object or external"
            )
