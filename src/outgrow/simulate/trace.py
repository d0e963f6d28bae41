"""A trace: how many requests a second arrived, interval by interval."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from outgrow.errors import UsageError

START: Final = datetime(2000, 1, 1, tzinfo=UTC)
"""The moment at which a trace begins that says nothing of the time of day: a Saturday, midnight."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """What can be told of a recording at a glance: its grid, its gaps, and its rates in requests a second."""

    interval_seconds: int
    intervals: int
    missing: int
    mean: float
    peak: float
    peak_at: datetime


@dataclass(frozen=True, slots=True)
class Trace:
    """Requests a second on a regular grid: `rates[i]` holds from `start` + i x `interval_seconds` on."""

    interval_seconds: int
    rates: tuple[float, ...]
    start: datetime = START

    @property
    def seconds(self) -> int:
        """How long the trace is."""
        return self.interval_seconds * len(self.rates)

    def recorded(self, missing: int = 0) -> Recorded:
        """Tell this trace at a glance; `missing` intervals were filled in."""
        peak = max(self.rates)
        at = self.moment(self.rates.index(peak) * self.interval_seconds)
        mean = sum(self.rates) / len(self.rates)
        return Recorded(self.interval_seconds, len(self.rates), missing, mean, peak, at)

    def moment(self, seconds: float) -> datetime:
        """Give the moment so many seconds behind the start."""
        return self.start + timedelta(seconds=seconds)

    def times(self, factor: float) -> "Trace":
        """Give the same traffic, more or less of it."""
        return replace(self, rates=tuple(rate * factor for rate in self.rates))

    def part(self, start_seconds: int, end_seconds: int) -> "Trace":
        """Give the whole intervals from `start_seconds` to `end_seconds` behind the start.

        Raises:
            UsageError: nothing lies between them.
        """
        first = -(-start_seconds // self.interval_seconds)
        rates = self.rates[first : end_seconds // self.interval_seconds]
        if not rates:
            raise UsageError(f"the trace has nothing between {start_seconds} s and {end_seconds} s; it is shorter")
        return replace(self, rates=rates, start=self.moment(first * self.interval_seconds))

    def coarser(self, interval_seconds: int) -> "Trace":
        """Give the same traffic on a coarser grid, as means; what is left over at the end is dropped.

        Raises:
            UsageError: the coarser interval is not a whole number of this trace's.
        """
        parts, rest = divmod(interval_seconds, self.interval_seconds)
        if rest or not parts or len(self.rates) < parts:
            raise UsageError(f"intervals of {self.interval_seconds} s cannot be joined into {interval_seconds} s")
        whole = len(self.rates) // parts * parts
        means = (sum(self.rates[index : index + parts]) / parts for index in range(0, whole, parts))
        return replace(self, interval_seconds=interval_seconds, rates=tuple(means))

    def drawn_finer(self, interval_seconds: int) -> "Trace":
        """Give the same traffic on a finer grid, along straight lines between the starts of intervals.

        Raises:
            UsageError: the interval is not a whole number of the finer ones.
        """
        parts, rest = divmod(self.interval_seconds, interval_seconds)
        if rest or not parts:
            raise UsageError(f"intervals of {self.interval_seconds} s cannot be cut into {interval_seconds} s")
        following = (*self.rates[1:], self.rates[-1])
        pairs = zip(self.rates, following, strict=True)
        return replace(
            self,
            interval_seconds=interval_seconds,
            rates=tuple(rate + (after - rate) * part / parts for rate, after in pairs for part in range(parts)),
        )

    def smoothed(self, intervals: int) -> "Trace":
        """Give the mean of the last `intervals` intervals in place of each rate; the first ones have fewer."""
        sums = [0.0]
        for rate in self.rates:
            sums.append(sums[-1] + rate)
        starts = (max(0, index + 1 - intervals) for index in range(len(self.rates)))
        means = ((sums[end] - sums[start]) / (end - start) for end, start in enumerate(starts, start=1))
        return replace(self, rates=tuple(max(0.0, mean) for mean in means))
