"""A rehearsal step by step: the policy decides on what it would have seen, and every decision is kept."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from outgrow.autoscale import policies
from outgrow.autoscale.hpa.pods import CPU
from outgrow.autoscale.observed import (
    Answer,
    Numbers,
    Observation,
    PerPod,
    Phase,
    Pod,
    PodUsage,
    Readiness,
    Reading,
    ServiceFacts,
    Unread,
)
from outgrow.errors import UsageError
from outgrow.facts.scaling import ScalingDecision
from outgrow.plan.autoscaling import (
    ContainerResourceMetric,
    ExternalMetric,
    HpaMetric,
    ObjectMetric,
    PodsMetric,
)
from outgrow.plan.keda import KedaPolicy
from outgrow.plan.predictive import PredictivePolicy
from outgrow.plan.services import ScalingPolicy
from outgrow.quantity import parse_unit
from outgrow.simulate.busy import FULLY_BUSY, busy_share, is_busy_share
from outgrow.simulate.fleet import Fleet
from outgrow.simulate.service import ServiceModel
from outgrow.simulate.timeline import Timeline, demand_of, first_replicas, read_totals, steps_in
from outgrow.simulate.trace import Trace

_LONG_AGO = timedelta(days=1)


def rehearse(policy: ScalingPolicy, service: ServiceModel, trace: Trace) -> Timeline:
    """Run a policy over recorded traffic.

    Every metric of the policy is read as the rate of requests: one of `kind: pods` as the rate of each ready replica,
    an object or external one as the rate in all; CPU as `outgrow.simulate.busy` has it. The load that a policy
    forecasts is the rate in all, as late as the metrics. `rehearse_fast` gives the same numbers without the decisions.

    Raises:
        UsageError: a metric that a rate of requests says nothing about, or times that do not fit together.
    """
    demand = demand_of(trace, service, policy.min)
    fleet = Fleet(first_replicas(demand.needed, service, policy), steps_in(service.start_up_seconds, service))
    sight = _sight(policy, service, trace.start)
    state = policies.start(policy)
    ready: list[int] = []
    ordered: list[int] = []
    decisions = list[ScalingDecision]()
    for step, total in enumerate(read_totals(demand.totals, service)):
        fleet.reach(step)
        ready.append(fleet.ready)
        now = trace.moment(step * service.step_seconds)
        decision, state = policies.decide(policy, sight.of(total, fleet, now), state, now)
        fleet.order(decision.desired, step)
        ordered.append(fleet.ordered)
        decisions.append(decision)
    return Timeline(service.step_seconds, demand.needed, tuple(ready), tuple(ordered), tuple(decisions))


def unreplayable(metric: HpaMetric) -> str:
    """Say why a metric cannot be told from recorded requests; empty where it can."""
    match metric:
        case PodsMetric():
            return ""
        case ObjectMetric() | ExternalMetric():
            return "" if metric.average is not None else "a rate is aimed at per replica here; write average for value"
        case _ if is_busy_share(metric):
            return ""
        case _:
            return (
                f"recorded requests say nothing about a {metric.kind.replace('_', ' ')} of this kind; "
                "rehearse with kind: pods, object or external, or CPU as a utilization"
            )


def replayable(policy: ScalingPolicy, units: Mapping[str, str] | None = None) -> tuple[ScalingPolicy, tuple[str, ...]]:
    """Give a policy with the metrics that a trace can tell, and a sentence for each that was left out or stood in for.

    `units` are of signals by name: what is read from a signal of users or jobs is no rate of requests. A forecast is
    left with the load, which every trace tells.

    Raises:
        UsageError: nothing is left that the policy could decide by.
    """
    why = {metric.name: unreplayable(metric) or _unlike_a_rate(metric, units or {}) for metric in policy.metrics}
    kept = tuple(metric for metric in policy.metrics if not why[metric.name])
    left_out = tuple(f"metric {name} is left out: {reason}" for name, reason in why.items() if reason)
    # A trigger of KEDA cannot go alone: a formula may name it, and without it another one would decide.
    nothing_left = not kept and not isinstance(policy, PredictivePolicy)
    if left_out and (nothing_left or isinstance(policy, KedaPolicy)):
        raise UsageError("; ".join(f"metric {name}: {reason}" for name, reason in why.items() if reason))
    if isinstance(policy, KedaPolicy):
        left_out += tuple(
            f"trigger {each.name} names no signal, so the trace's requests a second stand for it"
            for each in policy.triggers
            if each.signal is None
        )
    return (policy if len(kept) == len(policy.metrics) else policy.model_copy(update={"metrics": kept})), left_out


def _unlike_a_rate(metric: HpaMetric, units: Mapping[str, str]) -> str:
    """Say why a metric is no rate, by the unit of its signal; empty where it is one, or where nothing is known."""
    unit = parse_unit(units.get(metric.signal or "", ""))
    if is_busy_share(metric) or unit.dimension.endswith("/time") or unit.dimension == "count":
        return ""
    return f"recorded requests do not say how many {unit.name} there were"


def facts_of(service: ServiceModel) -> ServiceFacts:
    """Give what a policy is told of a rehearsed service beside its pods."""
    return ServiceFacts(
        capacity=service.capacity,
        start_up=timedelta(seconds=service.start_up_seconds),
        metric_lag=timedelta(seconds=service.metric_lag_seconds),
        price_per_hour=service.price_per_hour,
        pool_room=service.pool_room,
        timezone=service.timezone,
    )


def _sight(policy: ScalingPolicy, service: ServiceModel, start: datetime) -> "_Sight":
    metrics: tuple[HpaMetric, ...] = policy.metrics
    sees_pods = any(not isinstance(each, ObjectMetric | ExternalMetric) for each in metrics)
    return _Sight(metrics, service, facts_of(service), start, sees_pods)


@dataclass(frozen=True, slots=True)
class _Sight:
    """What a policy sees of a rehearsed service; pods only where one of its metrics is read from them."""

    metrics: tuple[HpaMetric, ...]
    service: ServiceModel
    facts: ServiceFacts
    start: datetime
    sees_pods: bool

    def of(self, total: int, fleet: Fleet, now: datetime) -> Observation:
        """Give the observation at a moment at which the rate in all is read as `total`."""
        running, starting = self._pods(fleet) if self.sees_pods else ((), ())
        readings = tuple(self._reading(metric, total, running, now) for metric in self.metrics)
        return Observation(
            replicas=fleet.ordered,
            observed_replicas=fleet.ordered,
            readings=readings,
            pods=(*running, *starting),
            load=total / 1000,
            service=self.facts,
        )

    def _pods(self, fleet: Fleet) -> tuple[tuple[Pod, ...], tuple[Pod, ...]]:
        """Give those that are ready, and those that are starting."""
        starting = (
            Pod(f"starting-{index}", Phase.PENDING, requests=self._containers(), pod_requests={CPU: FULLY_BUSY})
            for index in range(fleet.ordered - fleet.ready)
        )
        return tuple(self._running(index) for index in range(fleet.ready)), tuple(starting)

    def _running(self, index: int) -> Pod:
        long_ago = self.start - _LONG_AGO
        return Pod(
            f"ready-{index}",
            readiness=Readiness(Answer.YES, long_ago),
            started_at=long_ago,
            requests=self._containers(),
            pod_requests={CPU: FULLY_BUSY},
        )

    def _containers(self) -> dict[str, dict[str, int]]:
        named = (each.container for each in self.metrics if isinstance(each, ContainerResourceMetric))
        return {name: {CPU: FULLY_BUSY} for name in named}

    def _reading(self, metric: HpaMetric, total: int, running: tuple[Pod, ...], now: datetime) -> Reading:
        why_not = unreplayable(metric)
        if why_not:
            raise UsageError(f"metric {metric.name}: {why_not}")
        if isinstance(metric, ObjectMetric | ExternalMetric):
            return Numbers((total,))
        if not running:
            return Unread("no replica is ready")
        each = PodUsage(total // len(running), now, timedelta(0))
        if is_busy_share(metric):
            each = replace(each, milli=busy_share(self.service)(total, len(running)))
        return PerPod({pod.name: each for pod in running})
