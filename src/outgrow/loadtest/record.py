"""Counting what became of every arrival: per step, and second by second."""

from collections import Counter, defaultdict
from collections.abc import Generator, Mapping, Sequence
from typing import Final, TypeVar

from outgrow.facts.buckets import Buckets, together
from outgrow.facts.loads import (
    FAILURES,
    FlowLoad,
    FlowSecond,
    GeneratorHealth,
    Latency,
    LoadSecond,
    Outcome,
    StepLoad,
    StepSecond,
)
from outgrow.facts.shards import FlowCounts, ShardFacts, StepCounts
from outgrow.loadtest.histogram import Histogram
from outgrow.quantity import counted

LATE_SECONDS: Final = 0.010
"""An arrival released later than this after it was due counts as late."""
_LATE_SHARE: Final = 0.01
_FEW_LATE: Final = 4
"""One hiccup of a machine makes a few arrivals late; of a short run that is more than a hundredth, and says nothing."""
_BUSY_SHARE: Final = 0.9


NO_STATUS: Final = 0
"""Under it stands what timed out, among the answers that came."""
Checks = dict[str, list[int]]
"""How often each check failed and passed, in this order: a truth value is its own index."""


class StepSecondTally:
    """What one step's requests met within the second that is going on.

    Response times are counted by status, apart for answers that were `expected` and for those that were not, so that
    the statuses need no count of their own; what timed out is among the `unexpected` under `NO_STATUS`.
    """

    __slots__ = ("checks", "expected", "outcomes", "received", "sent", "service", "trends", "unexpected", "waiting")

    def __init__(self) -> None:
        """Begin at nothing."""
        self.outcomes: defaultdict[Outcome, int] = defaultdict(int)
        self.expected: defaultdict[int, Histogram] = defaultdict(Histogram)
        self.unexpected: defaultdict[int, Histogram] = defaultdict(Histogram)
        self.service, self.waiting = Histogram(), Histogram()
        self.trends: defaultdict[str, Histogram] = defaultdict(Histogram)
        self.checks: Checks = {}
        self.sent = self.received = 0

    def answer(self, status: int, outcome: Outcome, seconds: float) -> None:
        """Count a response time, with `NO_STATUS` that of a request that timed out."""
        (self.expected if outcome is Outcome.DONE else self.unexpected)[status].record(seconds)

    def check(self, title: str, *, passed: bool) -> None:
        """Count a check."""
        counts = self.checks.get(title)
        if counts is None:
            counts = self.checks[title] = [0, 0]
        counts[passed] += 1

    def kinds(self) -> list[tuple[int, Histogram]]:
        """Give the response times by status, those that were expected first; a status may stand twice."""
        return [*self.expected.items(), *self.unexpected.items()]

    def facts(self) -> StepSecond:
        """Give what was counted."""
        expected, unexpected, statuses = _buckets(self.expected), _buckets(self.unexpected), defaultdict[int, int](int)
        for status, times in self.kinds():
            if status != NO_STATUS:
                statuses[status] += times.count
        kinds = [*expected.values(), *unexpected.values()]
        return StepSecond(
            dict(self.outcomes),
            dict(statuses),
            kinds[0] if len(kinds) == 1 else together(kinds),  # a run keeps every second of each step
            _checks(self.checks),
            self.sent,
            self.received,
            self.service.facts(),
            self.waiting.facts(),
            _buckets(self.trends),
            expected,
            unexpected,
        )


class StepTally:
    """What one step's requests met; most of it is counted by the second, and taken over when the second is told."""

    __slots__ = ("checks", "outcomes", "received", "response", "sent", "service", "statuses", "trends", "waiting")

    def __init__(self) -> None:
        """Begin at nothing."""
        self.outcomes: Counter[Outcome] = Counter()
        self.statuses: Counter[int] = Counter()
        self.response, self.service, self.waiting = Histogram(), Histogram(), Histogram()
        self.trends: defaultdict[str, Histogram] = defaultdict(Histogram)
        self.checks: Checks = {}
        self.sent = self.received = 0

    def take(self, second: StepSecondTally) -> None:
        """Add what a second counted."""
        self.outcomes.update(second.outcomes)
        for status, times in second.kinds():
            if status != NO_STATUS:
                self.statuses[status] += times.count
            self.response.merge(times)
        self.service.merge(second.service)
        self.waiting.merge(second.waiting)
        for name, values in second.trends.items():
            self.trends[name].merge(values)
        for title, (failed, passed) in second.checks.items():
            counts = self.checks.setdefault(title, [0, 0])
            counts[0] += failed
            counts[1] += passed
        self.sent += second.sent
        self.received += second.received

    def counts(self) -> StepCounts:
        """Give what was counted."""
        return StepCounts(
            dict(self.outcomes),
            dict(self.statuses),
            self.response.facts(),
            self.service.facts(),
            self.waiting.facts(),
            _checks(self.checks),
            self.sent,
            self.received,
            _buckets(self.trends),
        )


def step_load(name: str, counts: StepCounts, tags: Mapping[str, str] | None = None) -> StepLoad:
    """Sum up what one step's requests met."""
    return StepLoad(
        name,
        _in_order(counts.outcomes),
        dict(sorted(counts.statuses.items())),
        latency_of(counts.response),
        latency_of(counts.service),
        latency_of(counts.waiting),
        dict(tags or {}),
        counts.checks,
        counts.bytes_sent,
        counts.bytes_received,
        dict(sorted(counts.trends.items())),
    )


class FlowTally:
    """What became of the arrivals of one flow, and how long those that were done took."""

    __slots__ = ("duration", "outcomes")

    def __init__(self) -> None:
        """Begin at nothing."""
        self.outcomes: Counter[Outcome] = Counter()
        self.duration = Histogram()

    def take(self, second: "FlowTally") -> None:
        """Add what a second counted."""
        self.outcomes.update(second.outcomes)
        self.duration.merge(second.duration)

    def counts(self) -> FlowCounts:
        """Give what was counted."""
        return FlowCounts(dict(self.outcomes), self.duration.facts())


def flow_load(name: str, counts: FlowCounts) -> FlowLoad:
    """Sum up what became of the arrivals of one flow."""
    return FlowLoad(name, _in_order(counts.outcomes), latency_of(counts.duration))


def _in_order(outcomes: Mapping[Outcome, int]) -> dict[Outcome, int]:
    return {outcome: outcomes[outcome] for outcome in Outcome if outcomes.get(outcome)}


Key = TypeVar("Key", int, str)


def _buckets(histograms: Mapping[Key, Histogram]) -> dict[Key, Buckets]:
    return {key: histogram.facts() for key, histogram in histograms.items()}


def _checks(checks: Checks) -> dict[str, tuple[int, int]]:
    return {title: (passed, failed) for title, (failed, passed) in checks.items()}


def latency_of(durations: Buckets) -> Latency | None:
    """Sum durations up; none when there are none."""
    quantiles = [durations.quantile(share) for share in (0, 0.5, 0.9, 0.95, 0.99, 1)]
    mean = durations.mean_seconds
    known = [each for each in quantiles if each is not None]
    if mean is None or len(known) < len(quantiles):
        return None
    return Latency(durations.count, mean, *known)


class SecondTally:
    """What happened within the second that is going on, step by step.

    `flows` counts what became of arrivals where flows are counted apart from their steps, and is empty where the steps'
    requests are the arrivals. `in_flight` is the most that were under way at once.
    """

    __slots__ = ("due", "flows", "in_flight", "started", "steps")

    def __init__(self, steps: int, flows: int = 0) -> None:
        """Begin at nothing."""
        self.due = self.started = self.in_flight = 0
        self.steps = [StepSecondTally() for _ in range(steps)]
        self.flows = [FlowTally() for _ in range(flows)]

    @property
    def is_empty(self) -> bool:
        """Whether nothing was due and nothing ended."""
        return not self.due and not any(each.outcomes for each in (*self.steps, *self.flows))

    def facts(  # noqa: PLR0913 (each is another thing that a second tells)
        self,
        names: Sequence[str],
        at_seconds: float,
        *,
        in_flight: int,
        connections: int,
        cpu_share: float,
        vus: int = 0,
        flows: Sequence[str] = (),
        length_seconds: float = 1.0,
    ) -> LoadSecond:
        """Give what was counted, under the names of the steps and of the flows, if those are counted."""
        ended: Counter[Outcome] = Counter()
        for each in self.flows or self.steps:
            ended.update(each.outcomes)
        response = Histogram()
        for step in self.steps:
            for _, times in step.kinds():
                response.merge(times)
        return LoadSecond(
            at_seconds,
            self.due,
            self.started,
            ended[Outcome.DONE],
            sum(count for outcome, count in ended.items() if outcome in FAILURES),
            ended[Outcome.DROPPED],
            in_flight,
            connections,
            cpu_share,
            response.quantile(0.5),
            response.quantile(0.95),
            response.quantile(1),
            {name: step.facts() for name, step in zip(names, self.steps, strict=True) if step.outcomes},
            vus=vus,
            flows={
                name: FlowSecond(dict(flow.outcomes), flow.duration.facts())
                for name, flow in zip(flows, self.flows, strict=False)
            },
            in_flight_highest=max(self.in_flight, in_flight),
            length_seconds=length_seconds,
            cpu_share_highest=cpu_share,
        )


class Lateness:
    """How late the generator released what was due."""

    __slots__ = ("late", "seconds")

    def __init__(self) -> None:
        """Begin at nothing."""
        self.seconds = Histogram()
        self.late = 0

    def record(self, seconds: float) -> None:
        """Take note of a release."""
        self.seconds.record(seconds)
        self.late += seconds > LATE_SECONDS


def health_of(shards: Sequence[ShardFacts], timeline: Sequence[LoadSecond] = ()) -> GeneratorHealth:
    """Judge whether the generator kept its own schedule; the whole is as good as the worst of its processes.

    Args:
        shards: what each process counted; at least one.
        timeline: the seconds of all.
    """
    seconds = (max(each.cpu_share, each.cpu_share_highest) for each in timeline)
    highest = max(seconds, default=max(each.cpu_share for each in shards))
    why = [
        f"process {shard.index + 1} of {shard.of}: {reason}" if shard.of > 1 else reason
        for shard in shards
        for reason in _weaknesses(shard)
    ]
    return GeneratorHealth(
        max(each.cpu_share for each in shards),
        highest,
        sum(each.late for each in shards),
        latency_of(together(each.lateness for each in shards)),
        tuple(why),
    )


def _weaknesses(shard: ShardFacts) -> Generator[str]:
    if shard.lost:
        lost = sum(step.outcomes.get(Outcome.LOST, 0) for step in shard.steps)
        yield f"{shard.lost}; {counted(lost, 'arrival')} lost, and the load was lighter than asked"
    if shard.late > max(_LATE_SHARE * shard.lateness.count, _FEW_LATE):
        yield (
            f"{shard.late:,} of {shard.lateness.count:,} arrivals were released more than "
            f"{LATE_SECONDS * 1000:.0f} ms late (at most {_LATE_SHARE:.0%} may be); "
            "give the generator a core of its own, or ask for a lower rate"
        )
    if shard.cpu_share > _BUSY_SHARE:
        yield (
            f"the generator used {shard.cpu_share:.0%} of a core, so its own work shows in the times; "
            "ask for a lower rate, or for more processes"
        )
    not_sent = sum(step.outcomes.get(Outcome.NOT_SENT, 0) for step in shard.steps)
    if not_sent:
        yield (
            f"this machine gave no connection for {counted(not_sent, 'arrival')} (file descriptors or local ports ran "
            "out); raise ulimit -n, or ask for fewer connections"
        )
