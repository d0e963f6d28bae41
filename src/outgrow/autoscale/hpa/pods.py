"""Which pods count: ready, not ready yet, without a reading, or on their way out."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from outgrow.autoscale.observed import Answer, Phase, Pod, PodUsage
from outgrow.plan.autoscaling import ControllerOptions

CPU: Final = "cpu"


class UnusableError(Exception):
    """A metric cannot be used; its text says why. It never leaves this room."""


@dataclass(frozen=True, slots=True)
class PodGroups:
    """Names of pods by what they count for, and how many count fully."""

    ready: int
    unready: frozenset[str]
    missing: frozenset[str]
    leaving: frozenset[str]


def group(
    pods: Iterable[Pod], usage: Mapping[str, PodUsage], resource: str, options: ControllerOptions, now: datetime
) -> PodGroups:
    """Sort pods as the controller does; only for CPU does readiness matter, for starting costs CPU and nothing else."""
    ready = 0
    unready: set[str] = set()
    missing: set[str] = set()
    leaving: set[str] = set()
    for pod in pods:
        if pod.deleting or pod.phase is Phase.FAILED:
            leaving.add(pod.name)
        elif pod.phase is Phase.PENDING:
            unready.add(pod.name)
        elif pod.name not in usage:
            missing.add(pod.name)
        elif resource == CPU and _still_starting(pod, usage[pod.name], options, now):
            unready.add(pod.name)
        else:
            ready += 1
    return PodGroups(ready, frozenset(unready), frozenset(missing), frozenset(leaving))


def _still_starting(pod: Pod, usage: PodUsage, options: ControllerOptions, now: datetime) -> bool:
    """Say whether a pod's CPU tells of its start rather than of its work."""
    readiness = pod.readiness
    if readiness is None or pod.started_at is None:
        return True
    not_ready = readiness.ready is Answer.NO
    if pod.started_at + options.cpu_initialization_period > now:
        # One whole window of the metric has to lie behind the moment at which the pod became ready.
        return not_ready or usage.at < readiness.since + usage.window
    # Not ready since (about) its start means that it never was.
    return not_ready and pod.started_at + options.initial_readiness_delay > readiness.since


def requested(pods: Iterable[Pod], resource: str, container: str | None) -> dict[str, int]:
    """Give what every pod requests of a resource, in thousandths.

    What a pod requests as a whole goes before its containers, unless one container is asked for. Of a resource that
    such a pod requests only by its containers, those count that request it.

    Raises:
        UnusableError: nobody, or a container of a pod that requests nothing as a whole, requests any of it; or there is
            no such container. One such pod spoils the metric.
    """
    return {pod.name: _requested_by(pod, resource, container) for pod in pods}


def _requested_by(pod: Pod, resource: str, container: str | None) -> int:
    containers = pod.requests or {}
    if container is None and pod.pod_requests:
        whole = pod.pod_requests.get(resource)
        return _requested_by_some(pod, resource) if whole is None else whole
    if container is not None and container not in containers:
        raise UnusableError(f"pod {pod.name} has no container {container}")
    asked = containers if container is None else {container: containers[container]}
    for name, requests in asked.items():
        if resource not in requests:
            raise UnusableError(f"container {name} of pod {pod.name} requests no {resource}")
    return sum(requests[resource] for requests in asked.values())


def _requested_by_some(pod: Pod, resource: str) -> int:
    """Add up what those containers request that request any of it."""
    by_containers = [each[resource] for each in (pod.requests or {}).values() if resource in each]
    if not by_containers:
        raise UnusableError(f"pod {pod.name} requests no {resource}")
    return sum(by_containers)
