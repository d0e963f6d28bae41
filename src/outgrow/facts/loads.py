"""What a load test found: each arrival in one class, latencies from when arrivals were due, the generator's health."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from outgrow.facts.buckets import NOTHING, Buckets


class Outcome(StrEnum):
    """What became of an arrival; each has exactly one."""

    DONE = "done"
    UNEXPECTED = "unexpected answer"
    """Answered whole, but with another status or text than the scenario expects."""
    TIMED_OUT = "timed out"
    REFUSED = "connection refused"
    NOT_CONNECTED = "not connected"
    CUT_OFF = "cut off"
    """The connection ended before the answer did."""
    GARBLED = "garbled"
    """What came is no HTTP/1.1 answer, or its lengths do not agree."""
    DROPPED = "dropped"
    """Due while as many requests were in flight as there are users."""
    NOT_SENT = "not sent"
    """The generator's machine gave no connection: out of file descriptors or local ports."""
    INTERRUPTED = "interrupted"
    """Under way when the run was ended early."""
    NEVER_STARTED = "never started"
    """Not reached because the run was ended early."""


FAILURES = frozenset(
    {
        Outcome.UNEXPECTED,
        Outcome.TIMED_OUT,
        Outcome.REFUSED,
        Outcome.NOT_CONNECTED,
        Outcome.CUT_OFF,
        Outcome.GARBLED,
    }
)
"""The outcomes that say something against the target."""


@dataclass(frozen=True, slots=True)
class Latency:
    """Durations in seconds; percentiles within 1 % of what was recorded, least, greatest and mean exact."""

    count: int
    mean_seconds: float
    least_seconds: float
    p50_seconds: float
    p90_seconds: float
    p95_seconds: float
    p99_seconds: float
    greatest_seconds: float


@dataclass(frozen=True, slots=True)
class StepLoad:
    """What one step's arrivals met; latencies are absent where nothing was recorded.

    `response` counts from the moment the arrival was due to the end of its answer, `service` from the moment the
    request was sent, `waiting` from its release to its sending (for a free connection). All hold answered arrivals;
    `response` also holds those that timed out, with the time that they had waited by then.
    """

    name: str
    outcomes: Mapping[Outcome, int]
    statuses: Mapping[int, int]
    response: Latency | None
    service: Latency | None
    waiting: Latency | None

    @property
    def arrivals(self) -> int:
        """How many arrivals were planned."""
        return sum(self.outcomes.values())

    @property
    def failed(self) -> int:
        """How many arrivals failed by the target."""
        return sum(count for outcome, count in self.outcomes.items() if outcome in FAILURES)

    @property
    def failed_share(self) -> float | None:
        """The share that failed of those that the target was asked for; none where it was asked for none."""
        asked = self.failed + self.outcomes.get(Outcome.DONE, 0)
        return self.failed / asked if asked else None


@dataclass(frozen=True, slots=True)
class StepSecond:
    """What ended within one second of one step: outcomes, statuses, and response times in seconds."""

    outcomes: Mapping[Outcome, int]
    statuses: Mapping[int, int]
    response: Buckets = NOTHING


@dataclass(frozen=True, slots=True)
class LoadSecond:
    """One second of a run: what was due, started and ended within it.

    `in_flight` and `connections` are as at its end; `cpu_share` is the generator's own, of one core. Latencies are
    response times of what ended in it; `steps` tells the steps apart and holds only those in which something ended.
    """

    at_seconds: float
    due: int
    started: int
    done: int
    failed: int
    dropped: int
    in_flight: int
    connections: int
    cpu_share: float
    p50_seconds: float | None
    p95_seconds: float | None
    greatest_seconds: float | None
    steps: Mapping[str, StepSecond] = field(default_factory=dict[str, StepSecond])


@dataclass(frozen=True, slots=True)
class GeneratorHealth:
    """How well the generator kept its own schedule; `too_weak` says why it did not, and is empty where it did.

    `late` counts arrivals released more than `LATE_SECONDS` after they were due; `lateness` is over all released ones.
    """

    cpu_share: float
    cpu_share_highest: float
    late: int
    lateness: Latency | None
    too_weak: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ResourcePoint:
    """A resource at a moment of the run, in seconds from its start; no value where it could not be read."""

    at_seconds: float
    value: float | None


@dataclass(frozen=True, slots=True)
class Resource:
    """One series of a watched signal over the run, in the signal's unit.

    `limit` is from where on it counts as saturated, none where nobody said; `limit_says` where that figure comes from.
    With `falls` small values are the problem. `failure` says why it could not be read, empty where it could.
    """

    signal: str
    unit: str
    points: tuple[ResourcePoint, ...]
    limit: float | None = None
    limit_says: str = ""
    falls: bool = False
    failure: str = ""


@dataclass(frozen=True, slots=True)
class Saturated:
    """A resource that reached its limit and stayed there: when, and how much was asked of the target then."""

    resource: str
    at_seconds: float
    value: float
    limit: float
    due_rps: float


@dataclass(frozen=True, slots=True)
class LoadFacts:
    """A load test as it went.

    `resources` holds what was watched of the target, by the signal's name and its labels; `saturated` those that
    reached their limits, the first first; `slowed_at_seconds` is when the target began to fall behind, none where it
    kept up. `whole` is over all steps; `retried` counts requests sent again over another connection because the server
    had closed the idle one that they were sent on.
    """

    scenario: str
    target: str
    started_at: datetime
    seconds: float
    planned_seconds: float
    interrupted: bool
    whole: StepLoad
    steps: tuple[StepLoad, ...]
    timeline: tuple[LoadSecond, ...]
    connections_highest: int
    connections_opened: int
    retried: int
    health: GeneratorHealth
    resources: Mapping[str, Resource] = field(default_factory=dict[str, Resource])
    saturated: tuple[Saturated, ...] = ()
    slowed_at_seconds: float | None = None
