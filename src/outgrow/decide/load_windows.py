"""What a threshold sees of a run: seconds of one metric, added up over a window that slides on.

Percentiles are those of the run's table (`outgrow.facts.buckets.quantile_of`); least and greatest are exact.
"""

from collections import Counter, deque
from typing import Final

from outgrow.decide.gates import Gate
from outgrow.decide.load_parts import Part
from outgrow.facts.buckets import quantile_of
from outgrow.plan.load_metrics import METRICS, MetricKind

_HAIR_SECONDS: Final = 0.1
"""A run of 29.95 s is long enough for a window of 30 s."""


class Window:
    """The seconds within a window that ends at the newest one; without a length, all of them."""

    def __init__(self, gate: Gate, seconds: float | None) -> None:
        """Begin empty; `seconds` is the window's length."""
        self._gate = gate
        self._seconds = seconds
        # Of a window without a length the sums are all that is kept: a run may last for days.
        self._parts: deque[Part] = deque(maxlen=1 if seconds is None else None)
        self._began: float | None = None
        self._was_asked = False
        self._counts: Counter[int] = Counter()
        self._count = 0
        self._total = self._hits = self._of = 0.0
        self._least, self._greatest = _Least(slides=seconds is not None), _Least(slides=seconds is not None)

    def add(self, part: Part) -> None:
        """Take the next second, and let go what lies before the window."""
        self._parts.append(part)
        self._count_in(part, 1)
        if self._seconds is None:
            self._began = part.start if self._began is None else self._began
            self._was_asked = self._was_asked or part.is_asked
        if part.times.counts:
            self._least.add(part.end, part.times.least_seconds)
            self._greatest.add(part.end, -part.times.greatest_seconds)
        # The newest stays, however long it is: a machine that stood still tells of many seconds as of one.
        while self._seconds is not None and len(self._parts) > 1 and self._parts[0].middle <= part.end - self._seconds:
            gone = self._parts.popleft()
            self._count_in(gone, -1)
            self._least.drop(gone.end)
            self._greatest.drop(gone.end)

    def _count_in(self, part: Part, sign: int) -> None:
        for bucket, count in part.times.counts.items():
            self._counts[bucket] += sign * count
            if not self._counts[bucket]:
                del self._counts[bucket]
            self._count += sign * count
        self._total += sign * part.times.total_seconds
        self._hits += sign * part.hits
        self._of += sign * part.of

    @property
    def is_complete(self) -> bool:
        """Whether the run is as long as the window."""
        return self._seconds is None or (bool(self._parts) and self._parts[-1].end >= self._seconds - _HAIR_SECONDS)

    @property
    def is_asked(self) -> bool:
        """Whether anything was due or under way in the window."""
        return self._was_asked or any(part.is_asked for part in self._parts)

    @property
    def seconds_joined(self) -> int:
        """How many seconds the coarsest part of the window joins."""
        return max((part.seconds_joined for part in self._parts), default=1)

    @property
    def start(self) -> float:
        """Where the window begins, in seconds of the run."""
        if self._began is not None:
            return self._began
        return self._parts[0].start if self._parts else 0.0

    @property
    def length_seconds(self) -> float:
        """How long the seconds in the window are together."""
        return max(self._parts[-1].end - self.start, 1e-3) if self._parts else 1e-3

    @property
    def count(self) -> float:
        """What a counter counted in the window."""
        return self._hits

    def value(self) -> float | None:
        """Give what the gate's method makes of the window; none where that has no value."""
        metric = METRICS[self._gate.of]
        match metric.kind:
            case MetricKind.TREND:
                return self._of_times() * metric.scale if self._count else None
            case MetricKind.RATE:
                return self._hits / self._of if self._of else None
            case MetricKind.GAUGE:
                return self._parts[-1].hits if self._parts else None
            case MetricKind.COUNTER if self._gate.method == "count":
                return self._hits if self.is_asked else None
            case MetricKind.COUNTER:
                return self._hits / self.length_seconds if self.is_asked else None

    def _of_times(self) -> float:
        least, greatest = self._least.least, -self._greatest.least
        match self._gate.method:
            case "avg":
                return min(max(self._total / self._count, least), greatest)
            case "min":
                return least
            case "max":
                return greatest
            case _:
                share = 0.5 if self._gate.method == "med" else share_of(self._gate.percent or 0.0)
                return quantile_of(self._counts, self._count, least, greatest, share) or 0.0


class _Least:
    """The least of what a sliding window holds, without looking through it again."""

    __slots__ = ("_candidates", "_slides")

    def __init__(self, *, slides: bool) -> None:
        self._candidates: deque[tuple[float, float]] = deque()
        self._slides = slides

    def add(self, at: float, value: float) -> None:
        if not self._slides and self._candidates and self._candidates[0][1] <= value:
            return  # nothing is ever let go, so that it will never be the least
        while self._candidates and self._candidates[-1][1] >= value:
            self._candidates.pop()
        self._candidates.append((at, value))

    def drop(self, at: float) -> None:
        if self._candidates and self._candidates[0][0] <= at:
            self._candidates.popleft()

    @property
    def least(self) -> float:
        return self._candidates[0][1]


def share_of(percent: float) -> float:
    """Give a percentage as a share: 99.9 / 100 is a hair above 0.999, and would ask for the next rank."""
    return round(percent / 100, 12)
