"""What one metric asks for: usage over target, the tolerance, and the pods that cannot be judged.

Amounts are thousandths, as the controller counts them, and divided as it divides them: a utilisation is cut to whole
percent and an average to whole thousandths before it is compared. Source: the Kubernetes documentation, "Algorithm
details", and the observed behaviour of the controller where that is silent.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from math import ceil
from typing import Final, assert_never

from outgrow.autoscale.hpa.pods import UnusableError, group, requested
from outgrow.autoscale.observed import Numbers, Observation, PerPod, PodUsage, Reading, Unread
from outgrow.facts.scaling import Proposal
from outgrow.plan.autoscaling import (
    ContainerResourceMetric,
    ControllerOptions,
    ExternalMetric,
    HpaMetric,
    HpaPolicy,
    ObjectMetric,
    PodsMetric,
    ResourceMetric,
    milli,
)

MOST: Final = 2**31 - 1
"""The most replicas that Kubernetes can count."""


@dataclass(frozen=True, slots=True)
class Tolerances:
    """How far usage over target may be from 1 without any change; both edges still count as within."""

    down: float
    up: float

    def hold(self, ratio: float) -> bool:
        """Say whether a ratio is close enough to 1."""
        return 1.0 - self.down <= ratio <= 1.0 + self.up


def tolerances_of(policy: HpaPolicy) -> Tolerances:
    """Give a policy's own tolerances, or the controller's where it has none."""
    down = policy.behavior.down.tolerance if policy.behavior else None
    up = policy.behavior.up.tolerance if policy.behavior else None
    otherwise = policy.controller.tolerance
    return Tolerances(otherwise if down is None else down, otherwise if up is None else up)


def propose(metric: HpaMetric, reading: Reading, seen: Observation, policy: HpaPolicy, now: datetime) -> Proposal:
    """Say how many replicas a metric asks for, or why it cannot."""
    try:
        return _propose(metric, reading, seen, policy, now)
    except UnusableError as why:
        return Proposal(name_of(metric), None, None, failure=str(why))


def name_of(metric: HpaMetric) -> str:
    """Name a metric for people."""
    match metric:
        case ContainerResourceMetric():
            return f"{metric.name} of container {metric.container}"
        case ResourceMetric() | PodsMetric() | ObjectMetric() | ExternalMetric():
            return metric.name
        case _:
            assert_never(metric)


def _propose(metric: HpaMetric, reading: Reading, seen: Observation, policy: HpaPolicy, now: datetime) -> Proposal:
    tolerances = tolerances_of(policy)
    name = name_of(metric)
    match metric:
        case ResourceMetric() | ContainerResourceMetric():
            usage = _per_pod(reading)
            container = metric.container if isinstance(metric, ContainerResourceMetric) else None
            if metric.average is not None:
                measure = _average(milli(metric.average))
            else:
                measure = _utilization(metric.utilization or 0, requested(seen.pods, metric.name, container))
            return _by_pods(name, measure, usage, metric.name, _Setting(seen, tolerances, policy.controller, now))
        case PodsMetric():
            setting = _Setting(seen, tolerances, policy.controller, now)
            return _by_pods(name, _average(milli(metric.average)), _per_pod(reading), "", setting)
        case ObjectMetric() | ExternalMetric():
            total = _total(reading)
            if metric.average is not None:
                return _by_replica(name, total, milli(metric.average), seen, tolerances)
            return _by_value(name, total, milli(metric.value or Decimal(0)), seen, tolerances)
        case _:
            assert_never(metric)


# --- usage of pods ---


@dataclass(frozen=True, slots=True)
class _Setting:
    seen: Observation
    tolerances: Tolerances
    options: ControllerOptions
    now: datetime


@dataclass(frozen=True, slots=True)
class _Measure:
    """How the usage of pods is compared with its target.

    `compare` gives usage over target and the usage; `at_target` what a pod is taken to use when it is assumed, in
    favour of keeping replicas, to be fully used.
    """

    compare: Callable[[Mapping[str, int]], tuple[float, int]]
    assumed: Callable[[str], int]


def _average(target: int) -> _Measure:
    def compare(usage: Mapping[str, int]) -> tuple[float, int]:
        average = _cut(sum(usage.values()), len(usage))
        return float(average) / float(target), average

    return _Measure(compare, lambda _: target)


def _utilization(target: int, requests: Mapping[str, int]) -> _Measure:
    def compare(usage: Mapping[str, int]) -> tuple[float, int]:
        known = [name for name in usage if name in requests]
        requested_in_all = sum(requests[name] for name in known)
        if requested_in_all == 0:
            raise UnusableError("no reading belongs to a known pod that requests anything")
        percent = _cut(sum(usage[name] for name in known) * 100, requested_in_all)
        return float(percent) / float(target), percent

    # A target above 100 % asks for more than what is requested, so a pod that is fully used uses the target.
    return _Measure(compare, lambda name: requests[name] * max(100, target) // 100)


def _by_pods(name: str, measure: _Measure, usage: Mapping[str, PodUsage], resource: str, setting: _Setting) -> Proposal:
    """Compare the usage of pods with the target; pods that cannot be judged are taken to speak against a change."""
    seen, tolerances = setting.seen, setting.tolerances
    if not seen.pods:
        raise UnusableError("no pods were found")
    groups = group(seen.pods, usage, resource, setting.options, setting.now)
    set_aside = groups.leaving | groups.unready
    counted = {pod: each.milli for pod, each in usage.items() if pod not in set_aside}
    if not counted:
        raise UnusableError("no pod that counts has a reading (they may not be ready)")
    ratio, used = measure.compare(counted)
    rising_with_unready = bool(groups.unready) and ratio > 1.0
    if not rising_with_unready and not groups.missing:
        raw = _replicas(ratio * groups.ready)
        return Proposal(name, seen.replicas if tolerances.hold(ratio) else raw, raw, ratio, used)

    if ratio < 1.0:
        counted |= {pod: measure.assumed(pod) for pod in groups.missing}
    elif ratio > 1.0:
        counted |= dict.fromkeys(groups.missing, 0)
    if rising_with_unready:
        counted |= dict.fromkeys(groups.unready, 0)
    careful, _ = measure.compare(counted)
    raw = _replicas(careful * len(counted))
    if (ratio < 1.0 < careful) or (careful < 1.0 < ratio) or _turns(careful, raw, seen.replicas):
        # What is only assumed must not turn the direction round.
        return Proposal(name, seen.replicas, seen.replicas, ratio, used)
    return Proposal(name, seen.replicas if tolerances.hold(careful) else raw, raw, ratio, used)


def _turns(ratio: float, replicas: int, current: int) -> bool:
    return (ratio < 1.0 and replicas > current) or (ratio > 1.0 and replicas < current)


# --- one number ---


def _by_value(name: str, total: int, target: int, seen: Observation, tolerances: Tolerances) -> Proposal:
    """Let the pods that are ready grow in proportion to the metric; from zero, one for every target."""
    ratio = float(total) / float(target)
    if seen.replicas == 0:
        raw = _replicas(ratio)
        return Proposal(name, raw, raw, ratio, total)
    if tolerances.hold(ratio):
        # Pods are not looked at here, so they may be unknown.
        raw = _replicas(ratio * _serving(seen)) if seen.pods else None
        return Proposal(name, seen.replicas, raw, ratio, total)
    if not seen.pods:
        raise UnusableError("no pods were found")
    raw = _replicas(ratio * _serving(seen))
    return Proposal(name, raw, raw, ratio, total)


def _serving(seen: Observation) -> int:
    return sum(1 for pod in seen.pods if pod.serves)


def _by_replica(name: str, total: int, target: int, seen: Observation, tolerances: Tolerances) -> Proposal:
    """Give every replica its share of the metric, whatever the pods do."""
    raw = _replicas(float(total) / float(target))
    if seen.observed_replicas == 0:
        return Proposal(name, raw, raw, usage=total)
    ratio = float(total) / (float(target) * float(seen.observed_replicas))
    share = ceil(float(total) / float(seen.observed_replicas))
    # The controller keeps what it observes here, which during a rollout is not what was ordered.
    return Proposal(name, seen.observed_replicas if tolerances.hold(ratio) else raw, raw, ratio, share)


# --- readings ---


def _per_pod(reading: Reading) -> Mapping[str, PodUsage]:
    match reading:
        case PerPod(usage):
            if not usage:
                raise UnusableError("no pod has a reading")
            return usage
        case Unread(why):
            raise UnusableError(why)
        case Numbers():
            raise UnusableError("a metric of pods was read as one number")
        case _:
            assert_never(reading)


def _total(reading: Reading) -> int:
    match reading:
        case Numbers(numbers):
            if not numbers:
                raise UnusableError("the metric has no series")
            return min(sum(numbers), 2**63 - 1)
        case Unread(why):
            raise UnusableError(why)
        case PerPod():
            raise UnusableError("a metric of one number was read by pod")
        case _:
            assert_never(reading)


def _cut(dividend: int, divisor: int) -> int:
    """Divide whole numbers and drop what is behind the point, towards zero."""
    return dividend // divisor if dividend >= 0 else -(-dividend // divisor)


def _replicas(wanted: float) -> int:
    return min(ceil(wanted), MOST) if wanted < MOST else MOST
