"""What a policy sees: the pods of a service, what its metrics read, and how many replicas are ordered."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final


class Phase(StrEnum):
    """Where a pod is in its life."""

    PENDING = "Pending"
    RUNNING = "Running"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    UNKNOWN = "Unknown"


class Answer(StrEnum):
    """What a readiness condition says."""

    YES = "True"
    NO = "False"
    UNKNOWN = "Unknown"


@dataclass(frozen=True, slots=True)
class Readiness:
    """The readiness condition of a pod, and since when it says so."""

    ready: Answer
    since: datetime


@dataclass(frozen=True, slots=True)
class Pod:
    """One pod.

    `requests` is what its containers request: container -> resource -> thousandths of the resource's unit, restartable
    init containers included; `pod_requests` what the pod requests as a whole, its overhead included, where it does.
    `readiness` is absent where the pod has no such condition yet, `started_at` where the kubelet has not seen it.
    """

    name: str
    phase: Phase = Phase.RUNNING
    readiness: Readiness | None = None
    started_at: datetime | None = None
    deleting: bool = False
    requests: Mapping[str, Mapping[str, int]] | None = None
    pod_requests: Mapping[str, int] | None = None

    @property
    def serves(self) -> bool:
        """Whether it runs and is ready."""
        return self.phase is Phase.RUNNING and self.readiness is not None and self.readiness.ready is Answer.YES


@dataclass(frozen=True, slots=True)
class PodUsage:
    """What one pod uses, in thousandths of the metric's unit, measured over the `window` that ended `at`."""

    milli: int
    at: datetime
    window: timedelta


@dataclass(frozen=True, slots=True)
class PerPod:
    """A reading for every pod that has one, by the pod's name."""

    usage: Mapping[str, PodUsage]


@dataclass(frozen=True, slots=True)
class Numbers:
    """A reading outside the pods, in thousandths of the metric's unit; several series are added up."""

    milli: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Unread:
    """No reading, and why: the source failed, is stale, or said NaN. Never read as zero."""

    why: str


Reading = PerPod | Numbers | Unread


@dataclass(frozen=True, slots=True)
class ServiceFacts:
    """What is known of a service beside its pods.

    `capacity` is the requests a second that one replica carries, `start_up` from ordering a replica until it serves,
    `metric_lag` how old a reading is when it is decided on. `spent` is the money of this month so far; without it the
    policy counts what it has seen since it began. `pool_room` is the most replicas whose connections the database has
    room for (`autoscale.caps.pool_room`). `timezone` is the plan's: the zone of schedules and of the month.
    """

    capacity: float | None = None
    start_up: timedelta | None = None
    metric_lag: timedelta = timedelta(0)
    price_per_hour: float | None = None
    spent: float | None = None
    pool_room: int | None = None
    timezone: str = "UTC"


NOTHING_KNOWN: Final = ServiceFacts()


@dataclass(frozen=True, slots=True)
class Observation:
    """What is known at one moment.

    `replicas` is how many are ordered, `observed_replicas` how many there are. `readings` are those of the policy's
    metrics, one for each and in their order. `load` is the requests a second of the service in all, for policies that
    forecast it.
    """

    replicas: int
    observed_replicas: int
    readings: tuple[Reading, ...]
    pods: tuple[Pod, ...] = ()
    load: float | Unread | None = None
    service: ServiceFacts = NOTHING_KNOWN
