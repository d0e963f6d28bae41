"""Counting what became of every arrival: per step, and second by second."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Final

from outgrow.facts.loads import (
    FAILURES,
    FlowLoad,
    GeneratorHealth,
    Latency,
    LoadSecond,
    Outcome,
    StepLoad,
    StepSecond,
)
from outgrow.loadtest.histogram import Histogram

LATE_SECONDS: Final = 0.010
"""An arrival released later than this after it was due counts as late."""
_LATE_SHARE: Final = 0.01
_BUSY_SHARE: Final = 0.9


Checks = dict[str, list[int]]
"""How often each check failed and passed, in this order: a truth value is its own index."""


class StepSecondTally:
    """What one step's requests met within the second that is going on."""

    __slots__ = ("checks", "outcomes", "received", "response", "sent", "statuses")

    def __init__(self) -> None:
        """Begin at nothing."""
        self.outcomes: defaultdict[Outcome, int] = defaultdict(int)
        self.statuses: defaultdict[int, int] = defaultdict(int)
        self.response = Histogram()
        self.checks: Checks = {}
        self.sent = self.received = 0

    def check(self, title: str, *, passed: bool) -> None:
        """Count a check."""
        counts = self.checks.get(title)
        if counts is None:
            counts = self.checks[title] = [0, 0]
        counts[passed] += 1

    def facts(self) -> StepSecond:
        """Give what was counted."""
        return StepSecond(
            dict(self.outcomes),
            dict(self.statuses),
            self.response.facts(),
            _checks(self.checks),
            self.sent,
            self.received,
        )


class StepTally:
    """What one step's requests met; most of it is counted by the second, and taken over when the second is told."""

    __slots__ = ("checks", "outcomes", "received", "response", "sent", "service", "statuses", "waiting")

    def __init__(self) -> None:
        """Begin at nothing."""
        self.outcomes: Counter[Outcome] = Counter()
        self.statuses: Counter[int] = Counter()
        self.response, self.service, self.waiting = Histogram(), Histogram(), Histogram()
        self.checks: Checks = {}
        self.sent = self.received = 0

    def take(self, second: "StepSecondTally | StepTally") -> None:
        """Add what a second counted."""
        self.outcomes.update(second.outcomes)
        self.statuses.update(second.statuses)
        self.response.merge(second.response)
        for title, (failed, passed) in second.checks.items():
            counts = self.checks.setdefault(title, [0, 0])
            counts[0] += failed
            counts[1] += passed
        self.sent += second.sent
        self.received += second.received

    def merge(self, other: "StepTally") -> None:
        """Add what another step, or another process, counted."""
        self.take(other)
        self.service.merge(other.service)
        self.waiting.merge(other.waiting)

    def facts(self, name: str, tags: Mapping[str, str] | None = None) -> StepLoad:
        """Give what was counted."""
        return StepLoad(
            name,
            _in_order(self.outcomes),
            dict(sorted(self.statuses.items())),
            latency_of(self.response),
            latency_of(self.service),
            latency_of(self.waiting),
            dict(tags or {}),
            _checks(self.checks),
            self.sent,
            self.received,
        )


class FlowTally:
    """What became of the arrivals of one flow, and how long those that were done took."""

    __slots__ = ("duration", "outcomes")

    def __init__(self) -> None:
        """Begin at nothing."""
        self.outcomes: Counter[Outcome] = Counter()
        self.duration = Histogram()

    def merge(self, other: "FlowTally") -> None:
        """Add what another flow, or another process, counted."""
        self.outcomes.update(other.outcomes)
        self.duration.merge(other.duration)

    def facts(self, name: str) -> FlowLoad:
        """Give what was counted."""
        return FlowLoad(name, _in_order(self.outcomes), latency_of(self.duration))


def _in_order(outcomes: Mapping[Outcome, int]) -> dict[Outcome, int]:
    return {outcome: outcomes[outcome] for outcome in Outcome if outcomes.get(outcome)}


def _checks(checks: Checks) -> dict[str, tuple[int, int]]:
    return {title: (passed, failed) for title, (failed, passed) in checks.items()}


def latency_of(histogram: Histogram) -> Latency | None:
    """Sum a histogram up; none when it is empty."""
    quantiles = [histogram.quantile(share) for share in (0, 0.5, 0.9, 0.95, 0.99, 1)]
    mean = histogram.mean
    known = [each for each in quantiles if each is not None]
    if mean is None or len(known) < len(quantiles):
        return None
    return Latency(histogram.count, mean, *known)


class SecondTally:
    """What happened within the second that is going on, step by step.

    `arrivals` counts what became of arrivals where flows are counted apart from their steps, and is none where the
    steps' requests are the arrivals.
    """

    __slots__ = ("arrivals", "due", "started", "steps")

    def __init__(self, steps: int, *, counts_flows: bool = False) -> None:
        """Begin at nothing."""
        self.due = self.started = 0
        self.steps = [StepSecondTally() for _ in range(steps)]
        self.arrivals: defaultdict[Outcome, int] | None = defaultdict(int) if counts_flows else None

    @property
    def is_empty(self) -> bool:
        """Whether nothing was due and nothing ended."""
        return not self.due and not self.arrivals and not any(step.outcomes for step in self.steps)

    def facts(
        self, names: Sequence[str], at_seconds: float, *, in_flight: int, connections: int, cpu_share: float
    ) -> LoadSecond:
        """Give what was counted, under the names of the steps."""
        ended: Counter[Outcome] = Counter(self.arrivals)
        response = Histogram()
        for step in self.steps:
            if self.arrivals is None:
                ended.update(step.outcomes)
            response.merge(step.response)
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
            vus=in_flight,
        )


def health_of(
    lateness: Histogram, late: int, cpu_share: float, seconds: Sequence[LoadSecond], *, not_sent: int
) -> GeneratorHealth:
    """Judge whether the generator kept its own schedule.

    Args:
        lateness: from due to released, of every arrival that was released.
        late: how many of them were late.
        cpu_share: the generator's processor time over the run, of one core.
        seconds: the run second by second.
        not_sent: arrivals for which this machine gave no connection.
    """
    why: list[str] = []
    if late > _LATE_SHARE * lateness.count:
        why.append(
            f"{late:,} of {lateness.count:,} arrivals were released more than {LATE_SECONDS * 1000:.0f} ms late "
            f"(at most {_LATE_SHARE:.0%} may be); give the generator a core of its own, or ask for a lower rate"
        )
    if cpu_share > _BUSY_SHARE:
        why.append(
            f"the generator used {cpu_share:.0%} of a core, so its own work shows in the times; ask for a lower rate"
        )
    if not_sent:
        why.append(
            f"this machine gave no connection for {not_sent:,} arrivals (file descriptors or local ports ran out); "
            "raise ulimit -n, or ask for fewer connections"
        )
    highest = max((second.cpu_share for second in seconds), default=cpu_share)
    return GeneratorHealth(cpu_share, highest, late, latency_of(lateness), tuple(why))
