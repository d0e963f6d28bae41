"""What a load test found: each arrival in one class, latencies from when requests were due, the generator's health.

An arrival takes a flow of one or more steps; each step sends a request. Where a scenario has plain steps, each is a
flow of its own, and arrivals and requests are the same.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

from outgrow.facts.buckets import NOTHING, Buckets
from outgrow.facts.proofs import ThresholdResult


class Outcome(StrEnum):
    """What became of an arrival, and of a step's request; each has exactly one.

    An arrival has that of the step at which it ended: the first that was not done, or else its last.
    """

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
    WITHOUT_DATA = "without data"
    """Its data had run out, or a value that its texts use was not captured, or fits in no header; nothing was sent."""
    NOT_SENT = "not sent"
    """The generator's machine gave no connection: out of file descriptors or local ports."""
    INTERRUPTED = "interrupted"
    """Under way when the run was ended early."""
    NEVER_STARTED = "never started"
    """Not reached: the run was ended early, or its time did not suffice for all of its iterations."""
    LOST = "lost"
    """The generator's own process ended before it said what became of it."""


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
    """What one step's requests met; latencies are absent where nothing was recorded.

    `response` counts from the moment the request was due to the end of its answer, `service` from the moment it was
    sent, `waiting` from its release to its sending (for a free connection). All hold answered requests; `response` also
    holds those that timed out, with the time that they had waited by then. A flow's first step is due when the arrival
    is, a later one when the answer before it has come and the user has thought.

    `checks` holds how often each passed and failed; bytes are those of requests that were answered. `trends` holds what
    else was measured of an answer, by a name that says its unit (`first_token_seconds`, `tokens_per_second`).
    """

    name: str
    outcomes: Mapping[Outcome, int]
    statuses: Mapping[int, int]
    response: Latency | None
    service: Latency | None
    waiting: Latency | None
    tags: Mapping[str, str] = field(default_factory=dict[str, str])
    checks: Mapping[str, tuple[int, int]] = field(default_factory=dict[str, tuple[int, int]])
    bytes_sent: int = 0
    bytes_received: int = 0
    trends: Mapping[str, Buckets] = field(default_factory=dict[str, Buckets])

    @property
    def arrivals(self) -> int:
        """How many requests there were to be; of plain steps, as many as arrivals."""
        return sum(self.outcomes.values())

    @property
    def due(self) -> int:
        """How many of them were due: all, but for what the run did not reach."""
        return self.arrivals - self.outcomes.get(Outcome.NEVER_STARTED, 0)

    @property
    def failed(self) -> int:
        """How many requests failed by the target."""
        return sum(count for outcome, count in self.outcomes.items() if outcome in FAILURES)

    @property
    def failed_share(self) -> float | None:
        """The share that failed of those that the target was asked for; none where it was asked for none."""
        asked = self.failed + self.outcomes.get(Outcome.DONE, 0)
        return self.failed / asked if asked else None


@dataclass(frozen=True, slots=True)
class FlowLoad:
    """What became of the arrivals of one flow, each once.

    `duration` is from the moment an arrival was due to its last answer, pauses included, of those that were done; none
    of plain steps, where it is the step's response time.
    """

    name: str
    outcomes: Mapping[Outcome, int]
    duration: Latency | None = None

    @property
    def arrivals(self) -> int:
        """How many arrivals were planned."""
        return sum(self.outcomes.values())

    @property
    def due(self) -> int:
        """How many of them were due: all, but for what the run did not reach."""
        return self.arrivals - self.outcomes.get(Outcome.NEVER_STARTED, 0)


class Model(StrEnum):
    """Whether arrivals wait for answers."""

    OPEN = "open"
    """They come when they are due, whatever the server does."""
    CLOSED = "closed"
    """Each user sends the next request after the answer to the one before: a slow server is asked less."""


@dataclass(frozen=True, slots=True)
class StepSecond:
    """What ended within one second of one step; latencies, checks, bytes and trends are those of `StepLoad`.

    `expected` and `unexpected` tell the response times apart: by status, of answers that were as the step expects them
    and of those that were not; what timed out is among the unexpected under 0. Both may be left out where all answers
    of the second are of one kind; `answers` gives them all the same.
    """

    outcomes: Mapping[Outcome, int]
    statuses: Mapping[int, int]
    response: Buckets = NOTHING
    checks: Mapping[str, tuple[int, int]] = field(default_factory=dict[str, tuple[int, int]])
    bytes_sent: int = 0
    bytes_received: int = 0
    service: Buckets = NOTHING
    waiting: Buckets = NOTHING
    trends: Mapping[str, Buckets] = field(default_factory=dict[str, Buckets])
    expected: Mapping[int, Buckets] = field(default_factory=dict[int, Buckets])
    unexpected: Mapping[int, Buckets] = field(default_factory=dict[int, Buckets])

    @property
    def answers(self) -> tuple[tuple[int, bool, Buckets], ...]:
        """The response times by status and by whether the answer was expected.

        Empty where there are none, and where several kinds were not told apart when the run was recorded.
        """
        if self.expected or self.unexpected:
            kinds = ((True, self.expected), (False, self.unexpected))
            return tuple((status, expected, times) for expected, kind in kinds for status, times in kind.items())
        timed_out = bool(self.outcomes.get(Outcome.TIMED_OUT))
        ended = [each for each in (Outcome.DONE, Outcome.UNEXPECTED) if self.outcomes.get(each)]
        statuses = [*self.statuses, *[0] * timed_out]
        if not self.response.counts or len(statuses) != 1 or len(ended) + timed_out != 1:
            return ()
        return ((statuses[0], Outcome.DONE in ended, self.response),)


@dataclass(frozen=True, slots=True)
class FlowSecond:
    """What became of the arrivals of one flow that ended within one second, and how long those that were done took."""

    outcomes: Mapping[Outcome, int]
    duration: Buckets = NOTHING


@dataclass(frozen=True, slots=True)
class LoadSecond:
    """One second of a run, or an interval of some: what was due, started and ended within it.

    These count arrivals; `in_flight` (arrivals under way, users that think included), `vus` (users of a closed model
    that are at work; of an open one, `in_flight`) and `connections` are as at its end; `cpu_share` is the generator's
    own, of one core. `in_flight_highest` is the most that were under way at once within it; of several processes, the
    sum of theirs, which is at least the most of all. Latencies are response times of what ended in it; `steps` tells
    the steps apart and holds only those in which something ended. `flows` holds every flow of a run whose arrivals
    are counted apart from its requests, and is empty where requests are the arrivals.

    Of a run of more than two hours neighbouring seconds are joined, see `outgrow.facts.timelines`: `seconds_joined`
    says how many, `length_seconds` how long they are, so that counts become rates, and `cpu_share_highest` is that of
    the busiest of them.
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
    vus: int = 0
    flows: Mapping[str, FlowSecond] = field(default_factory=dict[str, FlowSecond])
    in_flight_highest: int = 0
    length_seconds: float = 1.0
    seconds_joined: int = 1
    cpu_share_highest: float = 0.0


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
class Shard:
    """One process's part of a run: how many arrivals were its own, and how busy it was.

    `cpu_share` is of one core, from the last word that came; `lost` says what became of a process that did not live to
    give its result, and is empty where it did.
    """

    index: int
    arrivals: int
    cpu_share: float
    late: int
    lost: str = ""


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


_FEW: Final = 0.01
"""Of the arrivals: as many may be left out of a run that proves something."""


@dataclass(frozen=True, slots=True)
class LoadFacts:
    """A load test as it went.

    `resources` holds what was watched of the target, by the signal's name and its labels; `saturated` those that
    reached their limits, the first first; `slowed_at_seconds` is when the target began to fall behind, none where it
    kept up. `whole` is over all steps' requests; `iterations` over all arrivals, and `flows` tells their flows apart
    (empty where plain steps are all there is). `hidden` estimates the arrivals that a closed `model` left out while it
    waited. `notes` are what happened often and is said once. `retried` counts requests sent again over another
    connection because the server had closed the idle one that they were sent on. `shards` holds the processes that the
    run was spread over, in order; with several, `cpu_share` of the health and of the seconds is that of the busiest.
    `machine` says where the load came from.
    `thresholds` are the scenario's with what became of them; `ended_by` is the one that ended the run, if one did.
    `goals` are those of a phase that the run was to prove, empty where it was not.
    `generator` is who sent the load: empty for our own, else the tool whose result was read, which says nothing of its
    own health. `asked_hash` is of what the scenario asked of the target, empty where that is not known.
    `stopped_at_seconds` is when the run was ended early, none where it was not.
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
    iterations: FlowLoad = FlowLoad("", {})
    flows: tuple[FlowLoad, ...] = ()
    model: Model = Model.OPEN
    hidden: int = 0
    notes: tuple[str, ...] = ()
    shards: tuple[Shard, ...] = ()
    generator: str = ""
    machine: str = ""
    thresholds: tuple[ThresholdResult, ...] = ()
    ended_by: str = ""
    asked_hash: str = ""
    goals: tuple[ThresholdResult, ...] = ()
    stopped_at_seconds: float | None = None

    @property
    def course_seconds(self) -> float:
        """The time in which arrivals were due: without the end of the run, in which only answers were awaited.

        Where the run was ended early the course ends there, and where users had nothing left to do, with the run.
        """
        if self.generator:
            return self.seconds
        if self.interrupted:
            stopped = self.stopped_at_seconds
            if stopped is None:  # an outgrow of before wrote it
                stopped = max((second.at_seconds for second in self.timeline if second.due), default=self.seconds)
            return min(stopped, self.planned_seconds)
        return min(self.seconds, self.planned_seconds) if self.model is Model.CLOSED else self.planned_seconds

    @property
    def arrivals_due(self) -> int:
        """How many arrivals were due; of a run that was ended early, those until then."""
        return self.iterations.due if self.iterations.outcomes else self.whole.due

    @property
    def is_silent(self) -> bool:
        """Whether nothing was answered; another generator's summary has answers and no statuses."""
        is_told = self.generator and self.whole.outcomes.get(Outcome.DONE)
        return bool(self.whole.arrivals) and not self.whole.statuses and not is_told

    @property
    def lacked_data(self) -> bool:
        """Whether a part of the arrivals was never sent for want of data: the target was asked less than was meant."""
        outcomes = (self.iterations if self.iterations.outcomes else self.whole).outcomes
        return outcomes.get(Outcome.WITHOUT_DATA, 0) > _FEW * sum(outcomes.values())
