"""What a policy sees, out of what was measured: signals become readings, replicas become pods."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

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
from outgrow.control.check import with_derived_facts
from outgrow.control.measure import OpenSource, Round
from outgrow.control.needs import Need, query_signals_behind, spans_needed
from outgrow.errors import SourceError
from outgrow.facts.checks import SignalFacts
from outgrow.facts.replicas import LEAVING, Replica, ReplicaPhase, Replicas
from outgrow.facts.samples import Labels, Measured, Sample
from outgrow.plan import Plan
from outgrow.plan.autoscaling import ContainerResourceMetric, HpaMetric, ResourceMetric
from outgrow.plan.services import Service, signals_of
from outgrow.plan.signals import QuerySignal
from outgrow.ports import Journal
from outgrow.quantity import PERCENT, RATIO, format_duration

# Every replica counts as requesting one whole of each resource, so that a share of it is the utilisation.
_REQUESTED_MILLI: Final = 1000
_PHASES: Final = {
    ReplicaPhase.STARTING: Phase.PENDING,
    ReplicaPhase.READY: Phase.RUNNING,
    ReplicaPhase.UNREADY: Phase.RUNNING,
    ReplicaPhase.FAILED: Phase.FAILED,
    ReplicaPhase.DRAINING: Phase.RUNNING,
    ReplicaPhase.STOPPING: Phase.RUNNING,
}
_PATIENCE: Final = timedelta(seconds=10)
_NOT_DECLARED: Final = "the metric names no signal; add signal: NAME"
_OLDEST: Final = timedelta(minutes=1)
_BEYOND_COUNTING: Final = 9e15
"""Kubernetes counts thousandths in 64 bits, and what is larger says nothing of how many replicas are needed."""


@dataclass(frozen=True, slots=True)
class Readings:
    """What was measured for one decision: the readings of a policy's metrics, in their order, and the load."""

    each: tuple[Reading, ...]
    load: float | Unread | None


async def measured(
    plan: Plan,
    service: Service,
    sources: Mapping[str, OpenSource | SourceError],
    journal: Journal | None,
    now: datetime,
) -> Mapping[str, SignalFacts]:
    """Measure what a service is scaled by, with as much of the past as derived signals need."""
    names = signals_of(service)
    spans = spans_needed(plan, names, timedelta(0))
    needed = {
        below: Need(spans.get(below, timedelta(0)), plan.signals[below].every)
        for name in names
        for below in query_signals_behind(plan.signals, name)
    }
    read, _ = await Round(plan, sources, journal, now, patience=_PATIENCE).read(needed)
    return with_derived_facts(plan, names, read)


def readings_of(
    plan: Plan, service: Service, facts: Mapping[str, SignalFacts], replicas: Replicas, now: datetime
) -> Readings:
    """Turn what was measured into what the service's policy reads; what is failed, stale or no number is `Unread`."""
    metrics: Sequence[HpaMetric] = service.scaling.metrics if service.scaling is not None else ()
    load: float | Unread | None = None
    if service.load is not None:
        found = _newest(plan, facts, service.load, now)
        load = found if isinstance(found, Unread) else sum(each.value for each in found.values())
    return Readings(tuple(_reading(plan, metric, facts, replicas, now) for metric in metrics), load)


def observation_of(service: Service, replicas: Replicas, readings: Readings, known: ServiceFacts) -> Observation:
    """Put together what a policy decides on."""
    asked = _asked(service)
    pods = tuple(_pod(each, asked) for each in replicas.each)
    return Observation(replicas.ordered, replicas.present, readings.each, pods, readings.load, known)


def _reading(
    plan: Plan, metric: HpaMetric, facts: Mapping[str, SignalFacts], replicas: Replicas, now: datetime
) -> Reading:
    if metric.signal is None:
        return Unread(_NOT_DECLARED)
    found = _newest(plan, facts, metric.signal, now)
    if isinstance(found, Unread):
        return found
    signal = plan.signals[metric.signal]
    scale = 1.0
    if isinstance(metric, ResourceMetric | ContainerResourceMetric) and metric.utilization is not None:
        unit = signal.measure
        if unit not in {RATIO, PERCENT}:
            return Unread(f"{metric.signal} is in {signal.unit}; a utilization needs a signal in ratio or percent")
        scale = 1.0 if unit == RATIO else 0.01
    if metric.kind in {"object", "external"}:
        return Numbers(tuple(_milli(each.value) for each in found.values()))
    window = (signal.window if isinstance(signal, QuerySignal) else None) or signal.every
    usage = _per_replica(found, replicas)
    return PerPod({name: PodUsage(_milli(each.value * scale), each.at, window) for name, each in usage.items()})


def _newest(
    plan: Plan, facts: Mapping[str, SignalFacts], name: str, now: datetime
) -> Mapping[Labels, Measured] | Unread:
    """Give the newest value of each label set; one that is missing or stale makes all of it unread."""
    signal, known = plan.signals[name], facts[name]
    if known.failure:
        return Unread(known.failure)
    delay = signal.delay if isinstance(signal, QuerySignal) else timedelta(0)
    oldest = now - max(3 * signal.every, _OLDEST) - delay
    newest: dict[Labels, Measured] = {}
    for labels, series in known.series.items():
        if not series or series[-1].at < oldest:
            continue  # a label set that is gone, such as a replica that has ended
        last: Sample = series[-1]
        if not isinstance(last, Measured):
            return Unread(f"{name}: {last.absence.value}: {last.detail}")
        if abs(last.value) > _BEYOND_COUNTING:
            return Unread(f"{name}: {last.value:g} is beyond counting; is its unit right?")
        newest[labels] = last
    if not newest:
        return Unread(f"{name}: no value for more than {format_duration(now - oldest)}")
    return newest


def _per_replica(found: Mapping[Labels, Measured], replicas: Replicas) -> Mapping[str, Measured]:
    """Give each replica its value: by a label that holds its name, or the one value for all that serve."""
    if set(found) == {()}:
        return {each.name: found[()] for each in replicas.each if each.phase is ReplicaPhase.READY}
    names = {each.name for each in replicas.each}
    return {text: sample for labels, sample in found.items() for _, text in labels if text in names}


def _asked(service: Service) -> Mapping[str, Sequence[str]]:
    """Name the resources, by container, that the policy looks at as a share of what is requested."""
    asked: dict[str, list[str]] = {}
    for metric in service.scaling.metrics if service.scaling is not None else ():
        if isinstance(metric, ResourceMetric | ContainerResourceMetric):
            container = metric.container if isinstance(metric, ContainerResourceMetric) else "replica"
            asked.setdefault(container, []).append(metric.name)
    return asked


def _pod(replica: Replica, asked: Mapping[str, Sequence[str]]) -> Pod:
    phase = _PHASES[replica.phase]
    if phase is Phase.PENDING and replica.began_at is not None:
        phase = Phase.RUNNING
    ready = Answer.YES if replica.phase is ReplicaPhase.READY else Answer.NO
    since = replica.since or replica.ordered_at
    return Pod(
        name=replica.name,
        phase=phase,
        readiness=None if since is None else Readiness(ready, since),
        started_at=replica.began_at or replica.ordered_at,
        deleting=replica.phase in LEAVING,
        requests={container: dict.fromkeys(resources, _REQUESTED_MILLI) for container, resources in asked.items()},
    )


def _milli(value: float) -> int:
    return round(value * 1000)
