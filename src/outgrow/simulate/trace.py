"""A trace: how many requests a second arrived, interval by interval."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from math import isfinite
from typing import Final

from outgrow.errors import UsageError

_COLUMNS: Final = ["seconds", "requests"]
_FEWEST: Final = 2


@dataclass(frozen=True, slots=True)
class Trace:
    """Requests a second on a regular grid: `rates[i]` holds from i x `interval_seconds` on."""

    interval_seconds: int
    rates: tuple[float, ...]

    @property
    def seconds(self) -> int:
        """How long the trace is."""
        return self.interval_seconds * len(self.rates)

    def times(self, factor: float) -> "Trace":
        """Give the same traffic, more or less of it."""
        return Trace(self.interval_seconds, tuple(rate * factor for rate in self.rates))

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
        return Trace(
            interval_seconds,
            tuple(rate + (after - rate) * part / parts for rate, after in pairs for part in range(parts)),
        )

    def smoothed(self, intervals: int) -> "Trace":
        """Give the mean of the last `intervals` intervals in place of each rate; the first ones have fewer."""
        sums = [0.0]
        for rate in self.rates:
            sums.append(sums[-1] + rate)
        starts = (max(0, index + 1 - intervals) for index in range(len(self.rates)))
        means = ((sums[end] - sums[start]) / (end - start) for end, start in enumerate(starts, start=1))
        return Trace(self.interval_seconds, tuple(max(0.0, mean) for mean in means))


def trace_from(lines: Iterable[str], where: str = "trace") -> Trace:
    """Read `seconds,requests` lines: the start of an interval and the requests in it.

    Raises:
        UsageError: with the line, where it is not a number, negative, out of order, or off the regular grid.
    """
    rows = iter(lines)
    header = [cell.strip() for cell in next(rows, "").split(",")]
    if header != _COLUMNS:
        raise UsageError(f"{where}:1: the columns are {', '.join(header)}; write a header seconds,requests")
    seconds: list[int] = []
    requests: list[float] = []
    for number, line in enumerate(rows, start=2):
        if line.strip():
            second, count = _row(line, f"{where}:{number}")
            seconds.append(second)
            requests.append(count)
    if len(seconds) < _FEWEST:
        raise UsageError(f"{where}: {len(seconds)} rows; a trace has at least {_FEWEST}")
    interval = seconds[1] - seconds[0]
    for index, (before, after) in enumerate(pairwise(seconds)):
        if interval <= 0 or after - before != interval:
            raise UsageError(
                f"{where}: row {index + 2} is {after - before} s after the one before, the grid has {interval} s; "
                "sort the rows and fill the gaps first"
            )
    return Trace(interval, tuple(count / interval for count in requests))


def _row(line: str, place: str) -> tuple[int, float]:
    try:
        second, count = line.split(",")
        row = int(second), float(count)
    except ValueError as error:
        raise UsageError(f"{place}: {line.strip()!r} is not `whole seconds,number of requests`") from error
    if not (isfinite(row[1]) and row[1] >= 0):
        raise UsageError(f"{place}: {count.strip()} requests; the number must be finite and not below 0")
    return row
