"""The scaling law in coordinates that fit well, and how far each of its figures may move.

N / X(N) = alone + waiting (N - 1) + agreeing N (N - 1) is the Universal Scalability Law read as the time of one unit of
work: alone = 1 / gamma, waiting = alpha / gamma, agreeing = beta / gamma. In these times the law is a quotient of a
number and a sum, its bounds are "no time is negative", and statements about it (a given alpha, a given peak) are plain
equations between them.

The interval of a figure is that of the profile likelihood: all values at which the best of the other unknowns leaves a
sum of squares S with (S - least) / (least / (n - 3)) <= t^2 (D. M. Bates and D. G. Watts, Nonlinear Regression Analysis
and Its Applications, Wiley 1988, section 6.1). It needs no straight line where there is none and stays within the
bounds.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from outgrow.capacity.least_squares import FloatArray, Least, least_squares

UNKNOWNS: Final = 3

LEAST_SPREAD: Final = 1e-9
"""Residuals below this part of the largest throughput are rounding, not noise."""

_NO_TIME: Final = 1e-12
"""The least time of one unit alone, as a part of that at the largest throughput measured."""

_STARTS: Final = 4
"""Of all starts, as many as fit best before they are improved."""

_ENDLESS: Final = 1e7
_DIGITS: Final = 1e-6
_ROUNDS: Final = 100

Times = FloatArray
"""alone, waiting, agreeing; shape (3,)."""

Coordinates = Callable[[FloatArray], tuple[Times, FloatArray] | None]
"""From the free times (k) to all three and their slopes (3, k); None where there is no such law."""


@dataclass(frozen=True, slots=True)
class Data:
    """What was measured: numbers N, and throughputs as parts of the largest; `columns` are 1, N - 1, N (N - 1)."""

    n: FloatArray
    throughput: FloatArray
    columns: FloatArray

    @classmethod
    def of(cls, n: FloatArray, throughput: FloatArray) -> "Data":
        """Prepare what every fit needs."""
        return cls(n, throughput / np.max(throughput), np.column_stack([np.ones_like(n), n - 1, n * (n - 1)]))

    def squares(self, times: Times) -> float:
        """Give the sum of squares of one law whose times are above 0."""
        off = self.n / (self.columns @ times) - self.throughput
        return float(off @ off)

    def least(self, coordinates: Coordinates, start: FloatArray, lower: FloatArray) -> Least | None:
        """Fit the free times, each at least `lower`."""

        def residuals(free: FloatArray) -> tuple[FloatArray, FloatArray] | None:
            placed = coordinates(free)
            if placed is None:
                return None
            times, slopes = placed
            total = self.columns @ times
            if not np.all(total > 0):
                return None
            carried = self.n / total
            return carried - self.throughput, -(carried / total)[:, None] * (self.columns @ slopes)

        return least_squares(residuals, start, lower, np.full(len(start), np.inf))


def all_free(times: FloatArray) -> tuple[Times, FloatArray]:
    """Leave all three times free."""
    return times, np.eye(UNKNOWNS)


def fitted(data: Data, *, bounded: bool = True) -> Least:
    """Find the times with the least squares; without bounds as the data alone would have them.

    Several starts: the straight-line fit of N / X for each choice of times that are not zero (N. J. Gunther's own
    method, there with all of them), and laws of many shapes.
    """
    lower = np.array([_NO_TIME, 0.0, 0.0]) if bounded else np.full(UNKNOWNS, -np.inf)
    starts = sorted(_starts(data), key=data.squares)[:_STARTS]
    found = [data.least(all_free, start, lower) for start in starts]
    return min((each for each in found if each is not None), key=lambda each: each.squares)


def _starts(data: Data) -> list[FloatArray]:
    weights = data.throughput**2 / data.n
    starts = list[FloatArray]()
    for chosen in ([0, 1, 2], [0, 1], [0, 2], [0]):
        solved = np.linalg.lstsq(
            data.columns[:, chosen] * weights[:, None], data.n / data.throughput * weights, rcond=None
        )[0]
        times = np.zeros(UNKNOWNS)
        times[chosen] = np.maximum(solved, 0.0)
        if times[0] > 0:
            starts.append(times)
    largest = float(np.max(data.n))
    for alpha in (0.0, 0.05, 0.5):
        for bent in (0.0, 0.1, 3.0):
            times = np.array([1.0, alpha, bent / largest**2])
            shape = data.n / (data.columns @ times)
            starts.append(times * float(shape @ shape) / float(shape @ data.throughput))
    return starts


@dataclass(frozen=True, slots=True)
class Profile:
    """One figure of the law: its value at given times, and the law with the figure held at a value.

    `held` gives, for a value, the coordinates of the laws that have it, the free times to start from, and their bounds.
    The figure lies between `least` and infinity.
    """

    value: float
    held: Callable[[float], tuple[Coordinates, FloatArray, FloatArray]]
    first_step: float
    least: float = 0.0


@dataclass(frozen=True, slots=True)
class Limits:
    """What a sum of squares may be: the least one, the variance of a residual, and t."""

    data: Data
    squares: float
    t: float

    @property
    def variance(self) -> float:
        """The variance of a residual, never less than rounding."""
        return max(self.squares / (len(self.data.n) - UNKNOWNS), LEAST_SPREAD**2)

    def interval(self, profile: Profile) -> tuple[float, float]:
        """Give the lowest and the highest value that the data leave open; inf where they set no limit."""
        return self._edge(profile, -1.0), self._edge(profile, 1.0)

    def _tried(self, profile: Profile, value: float, near: FloatArray | None) -> "_Tried":
        """Fit the law with the figure held at a value, from the free times of a value nearby where there are some."""
        coordinates, start, lower = profile.held(value)
        found = self.data.least(coordinates, near, lower) if near is not None else None
        found = found or self.data.least(coordinates, start, lower)
        if found is None:
            return _Tried(value, math.inf, near)
        return _Tried(value, math.sqrt(max(found.squares - self.squares, 0.0) / self.variance) - self.t, found.at)

    def _edge(self, profile: Profile, way: float) -> float:
        inside, step = _Tried(profile.value, -self.t, None), profile.first_step
        while True:
            value = max(inside.value + way * step, profile.least)
            if value == inside.value:
                return profile.least
            outside = self._tried(profile, value, inside.near)
            if outside.beyond > 0:
                return self._crossing(profile, inside, outside)
            if way > 0 and value - profile.value > _ENDLESS * max(profile.value, profile.first_step):
                return math.inf
            inside, step = outside, 2 * step

    def _crossing(self, profile: Profile, inside: "_Tried", outside: "_Tried") -> float:
        """Find where the interval ends, by the line through both ends (Illinois' rule: an end that stays counts half).

        The end outside is given: a limit that errs, errs to the wide side.
        """
        weights = [1.0, 1.0]
        stayed = 0
        for _ in range(_ROUNDS):
            a, b = inside.value, outside.value
            apart = _DIGITS * max(abs(a), abs(b))
            if abs(b - a) <= apart:
                break
            fa, fb = inside.beyond * weights[0], outside.beyond * weights[1]
            at = b - fb * (b - a) / (fb - fa) if math.isfinite(fb) else (a + b) / 2
            # Never nearer to an end than the digits asked for, so that the last step closes the bracket.
            at = min(max(at, min(a, b) + apart / 2), max(a, b) - apart / 2)
            tried = self._tried(profile, at, inside.near)
            if tried.beyond > 0:
                outside, weights = tried, [weights[0] / 2 if stayed < 0 else 1.0, 1.0]
                stayed = -1
            else:
                inside, weights = tried, [1.0, weights[1] / 2 if stayed > 0 else 1.0]
                stayed = 1
        return outside.value


@dataclass(frozen=True, slots=True)
class _Tried:
    """A value, how far it is out (below 0 inside the interval; nearly straight in the value), and its free times."""

    value: float
    beyond: float
    near: FloatArray | None


def _affine(matrix: list[list[float]], offset: list[float]) -> Coordinates:
    slopes, fixed = np.array(matrix), np.array(offset)
    return lambda free: (slopes @ free + fixed, slopes)


def profile_of_alpha(times: Times, largest: float) -> Profile:
    """Hold waiting / alone at a value."""
    alpha = float(times[1] / times[0])

    def held(value: float) -> tuple[Coordinates, FloatArray, FloatArray]:
        return _affine([[1, 0], [value, 0], [0, 1]], [0, 0, 0]), times[[0, 2]], np.array([_NO_TIME, 0])

    return Profile(alpha, held, max(alpha / 8, 1e-3 / largest))


def profile_of_beta(times: Times, largest: float) -> Profile:
    """Hold agreeing / alone at a value."""
    beta = float(times[2] / times[0])

    def held(value: float) -> tuple[Coordinates, FloatArray, FloatArray]:
        return _affine([[1, 0], [0, 1], [value, 0]], [0, 0, 0]), times[[0, 1]], np.array([_NO_TIME, 0])

    return Profile(beta, held, max(beta / 8, 1e-3 / largest**2))


def profile_of_throughput(times: Times, n: float) -> Profile:
    """Hold the throughput at N = n (gamma: n = 1) at a value."""
    each = np.array([1.0, n - 1, n * (n - 1)])
    throughput = float(n / (each @ times))

    def held(value: float) -> tuple[Coordinates, FloatArray, FloatArray]:
        slopes = np.array([[-each[1], -each[2]], [1, 0], [0, 1]])

        def coordinates(free: FloatArray) -> tuple[Times, FloatArray] | None:
            placed = slopes @ free + np.array([n / value, 0, 0]) if value > 0 else np.zeros(UNKNOWNS)
            return (placed, slopes) if placed[0] > 0 else None

        scaled = times * throughput / value if value > 0 else times
        return coordinates, scaled[1:], np.zeros(2)

    return Profile(throughput, held, throughput / 32)


def profile_of_peak(times: Times) -> Profile:
    """Hold the N at the peak, sqrt((alone - waiting) / agreeing), at a value; the times must have one."""
    peak = math.sqrt(float((times[0] - times[1]) / times[2]))

    def held(value: float) -> tuple[Coordinates, FloatArray, FloatArray]:
        return _affine([[1, value**2], [1, 0], [0, 1]], [0, 0, 0]), times[1:], np.zeros(2)

    return Profile(peak, held, peak / 32, least=1.0)


def profile_of_peak_throughput(times: Times) -> Profile:
    """Hold the throughput at the peak at a value; the times must have a peak.

    There 1 / X = waiting - agreeing + 2 sqrt(agreeing (alone - waiting)).
    """
    alone, waiting, agreeing = (float(each) for each in times)
    throughput = 1 / (waiting - agreeing + 2 * math.sqrt(agreeing * (alone - waiting)))

    def held(value: float) -> tuple[Coordinates, FloatArray, FloatArray]:
        def coordinates(free: FloatArray) -> tuple[Times, FloatArray] | None:
            waits, agrees = (float(each) for each in free)
            if not (agrees > 0 and value > 0):
                return None
            peak = (1 / value - waits + agrees) / (2 * agrees)
            # A peak left of the first instance would let waiting exceed alone.
            if not peak >= 1:
                return None
            placed = np.array([waits + agrees * peak**2, waits, agrees])
            return placed, np.array([[1 - peak, peak - peak**2], [1, 0], [0, 1]])

        scaled = times * throughput / value if value > 0 else times
        return coordinates, scaled[1:], np.zeros(2)

    return Profile(throughput, held, throughput / 32)
