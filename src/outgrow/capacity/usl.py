"""The Universal Scalability Law: how throughput grows with instances or concurrency, and where it stops growing.

    X(N) = gamma N / (1 + alpha (N - 1) + beta N (N - 1))

gamma is what one carries alone, alpha the share of work that waits for the others (contention), beta what each pair
spends on agreeing (coherency). Source: N. J. Gunther, Guerrilla Capacity Planning, Springer 2007, chapters 4 and 5.
Throughput peaks at N = sqrt((1 - alpha) / beta), but only where beta is above 0: a fit is asked whether the points
support a peak at all, and says so where they do not.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import pairwise
from typing import Final

import numpy as np

from outgrow.capacity.least_squares import FloatArray, Least
from outgrow.capacity.profiles import (
    UNKNOWNS,
    Data,
    Limits,
    Profile,
    fitted,
    profile_of_alpha,
    profile_of_beta,
    profile_of_peak,
    profile_of_peak_throughput,
    profile_of_throughput,
)
from outgrow.capacity.student import two_sided_t
from outgrow.errors import UsageError
from outgrow.quantity import counted

SOURCE: Final = "Universal Scalability Law (N. J. Gunther, Guerrilla Capacity Planning, Springer 2007)"

FEWEST: Final = UNKNOWNS + 1
"""Points that a fit needs: with as many points as unknowns nothing is left to tell how good it is."""

ENOUGH: Final = 6
"""Points below which a fit is doubted (Gunther's advice)."""


@dataclass(frozen=True, slots=True)
class Point:
    """A throughput that was measured at N instances, processes or concurrent requests; any unit of throughput."""

    n: float
    throughput: float

    def __post_init__(self) -> None:
        """Refuse what nobody can have measured.

        Raises:
            UsageError: N below 1, a throughput that is not above 0, or either not a finite number.
        """
        if not (math.isfinite(self.n) and self.n >= 1):
            raise UsageError(f"N = {self.n:g}: must be a number of at least 1; N counts instances or requests at once")
        if not (math.isfinite(self.throughput) and self.throughput > 0):
            raise UsageError(
                f"throughput {self.throughput:g} at N = {self.n:g}: must be a number above 0; "
                "leave out points at which nothing was carried"
            )


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number fitted to points, and the interval that they leave open; `high` is inf where they set no limit."""

    value: float
    low: float
    high: float


class CautionKind(StrEnum):
    """Why a figure deserves less trust."""

    FEW_POINTS = "few points"
    OUT_OF_ORDER = "out of order"
    NONE_ALONE = "none alone"
    SUPERLINEAR = "superlinear"
    FALLS_AT_ONCE = "falls at once"
    NO_LIMIT = "no limit"
    EXTRAPOLATED = "extrapolated"


@dataclass(frozen=True, slots=True)
class Caution:
    """A reason to trust a figure less, in words."""

    kind: CautionKind
    says: str


@dataclass(frozen=True, slots=True)
class Peak:
    """Where throughput is highest, and how high."""

    n: Estimate
    throughput: Estimate


@dataclass(frozen=True, slots=True)
class NoPeak:
    """The points support no peak: throughput may go on growing as far as they can tell."""

    why: str


@dataclass(frozen=True, slots=True)
class ScalingLaw:
    """The law that fits the points best, with an interval of each parameter.

    `gamma` is in the unit of the throughput, and so is `residual_spread`, the standard deviation of a point around the
    law with `freedom` = points - 3 degrees of freedom. Intervals hold with the probability `confidence`, provided that
    points scatter alike at every N.
    """

    points: tuple[Point, ...]
    alpha: Estimate
    beta: Estimate
    gamma: Estimate
    peak: Peak | NoPeak
    residual_spread: float
    freedom: int
    confidence: float
    cautions: tuple[Caution, ...]

    def throughput(self, n: float) -> float:
        """Give the throughput of the law at N = n, without its interval."""
        return self.gamma.value * n / (1 + self.alpha.value * (n - 1) + self.beta.value * n * (n - 1))

    def efficiency(self, n: float) -> float:
        """Give the part of what n carried alone that they carry together: 1 where nothing is lost."""
        return self.throughput(n) / (self.gamma.value * n)


@dataclass(frozen=True, slots=True)
class NotFitted:
    """The points do not make a law, and why."""

    points: tuple[Point, ...]
    why: str


def fit_scaling_law(points: Sequence[Point], confidence: float = 0.95) -> ScalingLaw | NotFitted:
    """Fit the law by least squares with alpha, beta, gamma >= 0.

    Args:
        points: in the order in which they were measured; several at one N are welcome.
        confidence: of the intervals; between 0 and 1.

    Returns:
        The law, or why there is none: fewer than four points, fewer than three different N, or a throughput that only
        falls from the least N on.

    Raises:
        UsageError: a confidence that is no probability between 0 and 1.
    """
    different = len({each.n for each in points})
    if not 0 < confidence < 1:
        raise UsageError(f"confidence {confidence:g}: must lie between 0 and 1, such as 0.95")
    if len(points) < FEWEST or different < UNKNOWNS:
        return NotFitted(
            tuple(points),
            f"{counted(len(points), 'point')} at {different} different N; the law needs {FEWEST} points at {UNKNOWNS} "
            f"different N, better {ENOUGH} and more",
        )
    limits, unit, best = _fit(points, confidence)
    times = best.at
    gamma = profile_of_throughput(times, 1.0)
    if gamma.value > _BEYOND_MEASURE:
        return NotFitted(
            tuple(points),
            f"throughput falls so steeply from N = {min(each.n for each in points):g} on that what one carries alone "
            "cannot be told; measure at smaller N, down to 1",
        )
    largest = max(each.n for each in points)
    free = fitted(limits.data, bounded=False).at
    law = ScalingLaw(
        points=tuple(points),
        alpha=_estimate(limits, profile_of_alpha(times, largest)),
        beta=_estimate(limits, profile_of_beta(times, largest)),
        gamma=_estimate(limits, gamma, unit),
        peak=NoPeak(""),
        residual_spread=math.sqrt(best.squares / (len(points) - UNKNOWNS)) * unit,
        freedom=len(points) - UNKNOWNS,
        confidence=confidence,
        cautions=(),
    )
    why_not = _without_peak(law, free)
    if why_not is None:
        at, throughput = profile_of_peak(times), profile_of_peak_throughput(times)
        law = replace(law, peak=Peak(_estimate(limits, at), _estimate(limits, throughput, unit)))
    else:
        law = replace(law, peak=NoPeak(why_not))
    return replace(law, cautions=tuple(_cautions(law, free)))


@dataclass(frozen=True, slots=True)
class Expected:
    """The throughput that a law expects at N, and the reasons to doubt it.

    The interval is that of the law's own course; a single measurement scatters around it by `residual_spread` besides.
    """

    n: float
    throughput: Estimate
    cautions: tuple[Caution, ...]


def expected_at(law: ScalingLaw, n: float) -> Expected:
    """Say what throughput the law expects at N = n, and how far the points leave that open.

    Raises:
        UsageError: n is below 1 or no finite number.
    """
    if not (math.isfinite(n) and n >= 1):
        raise UsageError(f"N = {n:g}: must be a number of at least 1")
    limits, unit, best = _fit(law.points, law.confidence)
    measured = [each.n for each in law.points]
    cautions = law.cautions
    if not min(measured) <= n <= max(measured):
        says = f"N = {n:g} lies outside the measured {min(measured):g} to {max(measured):g}: the law is a guess there"
        cautions = (*cautions, Caution(CautionKind.EXTRAPOLATED, says))
    return Expected(n, _estimate(limits, profile_of_throughput(best.at, n), unit), cautions)


_BEYOND_MEASURE: Final = 1e6
"""A gamma this many times the largest throughput is the edge of the fit, not a finding."""


def _fit(points: Sequence[Point], confidence: float) -> tuple[Limits, float, Least]:
    """Give what intervals need, the unit that throughputs were divided by, and the best times."""
    data = Data.of(np.array([each.n for each in points]), np.array([each.throughput for each in points]))
    best = fitted(data)
    t = two_sided_t(confidence, len(points) - UNKNOWNS)
    return Limits(data, best.squares, t), max(each.throughput for each in points), best


def _estimate(limits: Limits, profile: Profile, unit: float = 1.0) -> Estimate:
    low, high = limits.interval(profile)
    return Estimate(profile.value * unit, low * unit, high * unit)


def _without_peak(law: ScalingLaw, free: FloatArray) -> str | None:
    """Say why the points support no peak, None where they do; `free` are the times of the fit without bounds."""
    alpha, beta = law.alpha.value, law.beta
    if beta.value == 0:
        below = f" (without that bound it would be {free[2] / free[0]:.3g}, which no system has)"
        return f"beta is 0 where the law fits best{below if free[2] < 0 < free[0] else ''}: throughput shows no decline"
    if beta.low <= 0:
        return f"beta may be 0: its {law.confidence:.0%} interval reaches from 0 to {beta.high:.3g}"
    if (1 - alpha) / beta.value <= 1:
        return "throughput falls from the first on: more of them carry less"
    return None


def _cautions(law: ScalingLaw, free: FloatArray) -> Iterator[Caution]:
    numbers = [each.n for each in law.points]
    if len(numbers) < ENOUGH:
        yield Caution(CautionKind.FEW_POINTS, f"{counted(len(numbers), 'point')}; the law wants {ENOUGH} and more")
    turned = next(((one, other) for one, other in pairwise(numbers) if other < one), None)
    if turned is not None:
        says = (
            f"N goes down from {turned[0]:g} to {turned[1]:g}: the law knows no order, but a system that has warmed up "
            "or is still busy with the step before does; where the two ways differ, neither is the law"
        )
        yield Caution(CautionKind.OUT_OF_ORDER, says)
    if min(numbers) > 1:
        says = f"the least N measured is {min(numbers):g}: gamma, what one carries alone, is an extrapolation"
        yield Caution(CautionKind.NONE_ALONE, says)
    if law.alpha.value == 0 and free[1] < -_ROUNDING * free[0]:
        says = "alpha is 0 where the law fits best: the points grow faster than N does, which the law cannot explain"
        yield Caution(CautionKind.SUPERLINEAR, says)
    if law.alpha.value > 1:
        says = f"alpha is {law.alpha.value:.3g}, above 1: throughput falls as soon as there is more than one"
        yield Caution(CautionKind.FALLS_AT_ONCE, says)
    if math.inf in {law.alpha.high, law.beta.high, law.gamma.high}:
        says = "the points set no upper limit to some parameter; measure at smaller N, and at more of them"
        yield Caution(CautionKind.NO_LIMIT, says)
    if isinstance(law.peak, Peak) and law.peak.n.value > max(numbers):
        says = f"the peak at N = {law.peak.n.value:.4g} lies beyond the largest measured {max(numbers):g}"
        yield Caution(CautionKind.EXTRAPOLATED, says)


_ROUNDING: Final = 1e-6
"""A negative alpha nearer to 0 than this is rounding."""
