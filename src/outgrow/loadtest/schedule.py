"""When arrivals are due: pure mathematics over a rate that changes with time.

Arrivals are numbered from 0 over the whole run. The n-th of a constant rate is due when the area under the rate is n,
so the first comes at once; the n-th of a changing rate is due when the area is n + 1 (both as k6 has it, execution
segments included: n processes share one numbering, and each takes every n-th arrival).
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from itertools import accumulate
from math import ceil, cos, exp, expm1, floor, isfinite, log, log1p, pi, sin, sqrt
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# numpy is imported where chance, waves or recordings need it: a steady rate does without, and without its 13 MB.

Seconds = Sequence[float]

_AT_ONCE: Final = 4096
"""How many arrivals are worked out at a time: a run of hours needs no more memory than one of seconds."""
_SLACK: Final = 1e-9
"""What rounding may take from an area before a whole arrival is lost: 0.1/s over 30 s are 3 arrivals."""
_HALVINGS: Final = 48
"""How often a stretch is halved to find a moment in it: a day is then told apart to a nanosecond."""
_FLAT: Final = 1e-12
"""A relative change of rate below which an exponential ramp is computed as a straight line."""


class Shape(StrEnum):
    """How the rate goes from one value to another."""

    LINEAR = "linear"
    EXPONENTIAL = "exponential"
    WAVE = "wave"
    """Half a wave of a cosine: flat at both ends, steepest in the middle."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of time over which the rate (arrivals a second) goes from one value to another.

    Raises:
        ValueError: no length, a rate below 0 or not finite, or an exponential ramp from or to 0.
    """

    seconds: float
    start_rate: float
    end_rate: float
    shape: Shape = Shape.LINEAR

    def __post_init__(self) -> None:
        """Refuse what has no area."""
        if not (isfinite(self.seconds) and self.seconds > 0):
            raise ValueError(f"a stretch of {self.seconds} seconds has no arrivals; make it longer than 0")
        if not all(isfinite(rate) and rate >= 0 for rate in (self.start_rate, self.end_rate)):
            raise ValueError(f"a rate from {self.start_rate} to {self.end_rate} is none; rates are 0 or more")
        if self.shape is Shape.EXPONENTIAL and min(self.start_rate, self.end_rate) == 0:
            raise ValueError("an exponential ramp grows by a factor, so it can neither begin nor end at rate 0")

    @property
    def growth(self) -> float:
        """The logarithm of the factor between the last and the first rate; 0 where it does not grow by a factor."""
        if self.shape is not Shape.EXPONENTIAL:
            return 0.0
        found = log(self.end_rate / self.start_rate)
        return found if abs(found) > _FLAT else 0.0

    @property
    def area(self) -> float:
        """How many arrivals the stretch holds, as a real number."""
        return self.area_until(self.seconds)

    def area_until(self, seconds: float) -> float:
        """Integrate the rate over the first seconds of the stretch."""
        if self.growth:
            return self.start_rate * self.seconds / self.growth * expm1(self.growth * seconds / self.seconds)
        if self.shape is Shape.WAVE:
            swing = (self.end_rate - self.start_rate) / 2
            return (self.start_rate + swing) * seconds - swing * self.seconds / pi * sin(pi * seconds / self.seconds)
        slope = (self.end_rate - self.start_rate) / self.seconds
        return self.start_rate * seconds + slope * seconds * seconds / 2

    def rate_at(self, seconds: float) -> float:
        """Give the rate after some seconds of the stretch."""
        part = seconds / self.seconds
        if self.growth:
            return self.start_rate * exp(self.growth * part)
        if self.shape is Shape.WAVE:
            return self.start_rate + (self.end_rate - self.start_rate) * (1 - cos(pi * part)) / 2
        return self.start_rate + (self.end_rate - self.start_rate) * part

    def moments(self, areas: Seconds) -> list[float]:
        """Give the seconds at which the integral reaches the areas (the inverse of `area_until`)."""
        most = self.seconds
        if (growth := self.growth) != 0:
            inside, least, scale = growth / (self.start_rate * most), expm1(-700), most / growth
            return [min(max(log1p(max(area * inside, least)) * scale, 0.0), most) for area in areas]
        if self.shape is Shape.WAVE:
            return self._moments_of_wave(areas)
        rate = self.start_rate
        if rate == self.end_rate:
            return [min(max(area / rate, 0.0), most) for area in areas] if rate else [0.0] * len(areas)
        # The root of slope t^2 / 2 + rate t = area, written so that nothing cancels when the slope is small.
        slope, found = (self.end_rate - rate) / most, list[float]()
        for area in areas:
            below = rate + sqrt(max(rate * rate + 2 * slope * area, 0.0))
            found.append(min(max(2 * area / below, 0.0), most) if below > 0 else 0.0)
        return found

    def _moments_of_wave(self, wanted: Seconds) -> list[float]:
        """Halve the time until it is as fine as a float: the area under a wave has no inverse to write down."""
        import numpy as np  # noqa: PLC0415

        areas = np.asarray(wanted, dtype=np.float64)
        swing, turn = (self.end_rate - self.start_rate) / 2, self.seconds / pi
        low, high = np.zeros_like(areas), np.full_like(areas, self.seconds)
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            is_short = (self.start_rate + swing) * middle - swing * turn * np.sin(middle / turn) < areas
            low, high = np.where(is_short, middle, low), np.where(is_short, high, middle)
        return np.clip((low + high) / 2, 0.0, self.seconds).tolist()


@dataclass(frozen=True)
class Rate:
    """Arrivals a second over time: stretches one after another; between two of them the rate may jump."""

    stretches: tuple[Stretch, ...]

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return sum(each.seconds for each in self.stretches)

    @property
    def area(self) -> float:
        """How many arrivals it holds, as a real number."""
        return sum(each.area for each in self.stretches)

    @property
    def highest(self) -> float:
        """The highest rate that it reaches."""
        return max((max(each.start_rate, each.end_rate) for each in self.stretches), default=0.0)

    @property
    def is_constant(self) -> bool:
        """Whether the rate never changes."""
        return len({rate for each in self.stretches for rate in (each.start_rate, each.end_rate)}) == 1

    def at(self, seconds: float) -> float:
        """Give the rate at a moment; after a jump's moment the new one, and 0 outside."""
        starts, _ = self._edges
        index = bisect_right(starts, seconds) - 1
        if not 0 <= index < len(self.stretches):
            return 0.0
        return self.stretches[index].rate_at(seconds - starts[index])

    def users_at(self, seconds: float) -> int:
        """Give the level at a moment in whole users, as k6 has them (lib/executor/ramping_vus.go).

        One comes when the level has risen to them, and goes only when it has fallen to those without them.
        """
        starts, _ = self._edges
        index = bisect_right(starts, seconds) - 1
        if not 0 <= index < len(self.stretches):
            return 0
        part = self.stretches[index]
        level = part.rate_at(seconds - starts[index])
        return ceil(level - _SLACK) if part.end_rate < part.start_rate else floor(level + _SLACK)

    @cached_property
    def _edges(self) -> tuple[list[float], list[float]]:
        """Where the stretches begin and the last ends, in seconds and in area."""
        starts = list(accumulate((each.seconds for each in self.stretches), initial=0.0))
        return starts, list(accumulate((each.area for each in self.stretches), initial=0.0))

    def moments(self, areas: Seconds) -> list[float]:
        """Give the earliest seconds at which the area reaches each of the given ones, which are in order."""
        (starts, reached), found, last, done = self._edges, list[float](), len(self.stretches) - 1, 0
        while done < len(areas):
            index = min(max(bisect_left(reached, areas[done]) - 1, 0), last)
            # Up to a stretch's end everything is its own; the last one takes what rounding lays beyond it, too.
            end = len(areas) if index == last else bisect_right(areas, reached[index + 1], lo=done)
            begin, below = starts[index], reached[index]
            part = self.stretches[index].moments([area - below for area in areas[done:end]])
            found += [begin + each for each in part]
            done = end
        return found


def constant(rate: float, seconds: float) -> Rate:
    """Keep one rate."""
    return Rate((Stretch(seconds, rate, rate),))


def ramp(start_rate: float, end_rate: float, seconds: float, shape: Shape = Shape.LINEAR) -> Rate:
    """Go from one rate to another."""
    return Rate((Stretch(seconds, start_rate, end_rate, shape),))


def steps(rates: Sequence[float], seconds_each: float) -> Rate:
    """Hold one rate after another, jumping between them."""
    return Rate(tuple(Stretch(seconds_each, rate, rate) for rate in rates))


def spike(usual: float, peak: float, *, before: float, held: float, after: float) -> Rate:
    """Jump from the usual rate to a peak and back; `before`, `held` and `after` are seconds, 0 leaves one out."""
    parts = ((before, usual), (held, peak), (after, usual))
    return Rate(tuple(Stretch(seconds, rate, rate) for seconds, rate in parts if seconds > 0))


def waves(low: float, high: float, period: float, times: int) -> Rate:
    """Go from the low rate to the high one and back, as a cosine does, each time within `period` seconds."""
    half = period / 2
    return Rate((Stretch(half, low, high, Shape.WAVE), Stretch(half, high, low, Shape.WAVE)) * times)


def stages(start_rate: float, targets: Sequence[tuple[float, float]]) -> Rate:
    """Read k6's stages: (seconds, target) pairs, each a straight ramp from the rate before; 0 seconds is a jump."""
    stretches: list[Stretch] = []
    rate = start_rate
    for seconds, target in targets:
        if seconds > 0:
            stretches.append(Stretch(seconds, rate, target))
        rate = target
    return Rate(tuple(stretches))


def joined(*rates: Rate) -> Rate:
    """Put rates one after another."""
    return Rate(tuple(stretch for rate in rates for stretch in rate.stretches))


@dataclass(frozen=True, slots=True)
class Share:
    """Which arrivals a process starts: those whose number leaves `index` when divided by `of`."""

    index: int = 0
    of: int = 1

    def __post_init__(self) -> None:
        """Refuse a share that nobody or everybody could claim."""
        if not 0 <= self.index < self.of:
            raise ValueError(f"share {self.index} of {self.of} does not exist; shares count from 0")


WHOLE: Final = Share()


@dataclass(frozen=True, slots=True)
class Arrivals:
    """Arrivals one after another: the k-th has the number `first + k * apart` and is due after `seconds[k]`."""

    first: int
    apart: int
    seconds: Seconds


def planned(rate: Rate) -> int:
    """Count the arrivals that the area under a rate gives."""
    if not rate.stretches:
        return 0
    return ceil(rate.area - _SLACK) if rate.is_constant else floor(rate.area + _SLACK)


def paced(rate: Rate, share: Share = WHOLE) -> Iterator[Arrivals]:
    """Give evenly paced arrivals in order, some thousand at a time."""
    count, offset, area = planned(rate), 0 if rate.is_constant else 1, rate.area
    for first in range(share.index, count, share.of * _AT_ONCE):
        numbers = range(first, min(count, first + share.of * _AT_ONCE), share.of)
        yield Arrivals(first, share.of, rate.moments([min(number + offset, area) for number in numbers]))


def poisson(rate: Rate, rng: "np.random.Generator", share: Share = WHOLE) -> Iterator[Arrivals]:
    """Give arrivals that know nothing of one another (a Poisson process of that rate).

    The gaps are exponential in the area under the rate (Cinlar 1975, time change of a Poisson process). Processes that
    share a run each pass a generator of the same seed, and draw every gap, so that together they start each one once.
    """
    area, number, reached = rate.area, 0, 0.0
    while rate.stretches:
        reached_by = reached + rng.standard_exponential(_AT_ONCE).cumsum()
        inside = reached_by[reached_by <= area]
        skipped = (share.index - number) % share.of
        mine = inside[skipped :: share.of]
        if mine.size:
            yield Arrivals(number + skipped, share.of, rate.moments(mine.tolist()))
        if inside.size < _AT_ONCE:
            return
        number, reached = number + _AT_ONCE, float(reached_by[-1])


def traced(seconds: "Seconds | NDArray[np.float64]", speed: float = 1.0, share: Share = WHOLE) -> Iterator[Arrivals]:
    """Repeat recorded arrivals, `speed` times as fast; the first comes at once.

    Args:
        seconds: when each came, in any order and from any zero.
        speed: > 1 is faster than recorded.
        share: which of them this process starts.

    Raises:
        ValueError: a speed that is not above 0, or a moment that is not finite.
    """
    import numpy as np  # noqa: PLC0415

    moments = np.sort(np.asarray(seconds, dtype=np.float64))
    if not (isfinite(speed) and speed > 0):
        raise ValueError(f"a speed of {speed} plays nothing; write a number above 0")
    if not np.isfinite(moments).all():
        raise ValueError("a recorded arrival has no finite moment; leave it out")
    mine = moments[share.index :: share.of]
    for first in range(0, mine.size, _AT_ONCE):
        due = (mine[first : first + _AT_ONCE] - moments[0]) / speed
        yield Arrivals(share.index + first * share.of, share.of, due.tolist())
