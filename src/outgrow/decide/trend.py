"""A line through the days, under every kind of noise at once.

Two models are weighed: a level that stays (with its shifts), and one that also grows by the day. Each is combined with
every kind of noise of a family. The weight of a combination is its prior times its marginal likelihood, with level,
shifts, slope and scale integrated out under flat priors (restricted likelihood, Harville, Biometrika 61, 1974); the
growing model pays the price of its slope by the unit-information rule (Kass and Wasserman, JASA 90, 1995).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from outgrow.decide.draws import FloatArray
from outgrow.decide.noise import Noise, factors, inverse_of, weekday_columns

FLAT_PRIOR: Final = 0.97
"""What "no growth" is worth before any day was seen. Most signals do not grow in most weeks, and a date that is not
true costs more trust than one that comes a week later."""

LEAST_SCALE: Final = 1e-9
"""Scatter below this part of the days' own spread is rounding, not noise."""


@dataclass(frozen=True, slots=True)
class Line:
    """The fit of one kind of noise, with or without a slope.

    `coefficients` are the level at the last day, the shifts, and the slope (per `Fit.span` days) where it grows;
    `spread` is their covariance in units of the squared scale, `squares` the weighted sum of squared residuals and
    `freedom` its degrees of freedom.
    """

    noise: Noise
    inverse: FloatArray
    grows: bool
    weight: float
    coefficients: FloatArray
    spread: FloatArray
    squares: float
    freedom: int


@dataclass(frozen=True, slots=True)
class Fit:
    """All lines with a weight, the design they stand on, and the days and levels fitted.

    The columns of `design` are ones, a step per shift (counted back from the last day), and the days over `span`.
    """

    days: FloatArray
    levels: FloatArray
    shifts: tuple[float, ...]
    design: FloatArray
    span: float
    lines: tuple[Line, ...]

    @property
    def best(self) -> Line:
        """The line with the largest weight."""
        return max(self.lines, key=lambda line: line.weight)

    def columns(self, line: Line) -> FloatArray:
        """Give the columns of the design that a line uses."""
        return self.design if line.grows else self.design[:, :-1]

    def expected(self, line: Line, days: FloatArray) -> FloatArray:
        """Give the line's levels on other days, without weekly levels."""
        design = _design(days, self.shifts, self.days[-1], self.span)
        return design[:, : len(line.coefficients)] @ line.coefficients

    def residuals(self, line: Line) -> FloatArray:
        """Give what the line leaves over."""
        return self.levels - self.columns(line) @ line.coefficients

    def weekly_part(self, line: Line) -> FloatArray:
        """Give what of the residuals is a level of the weekday's own."""
        if not line.noise.weekly:
            return np.zeros(len(self.days))
        columns = weekday_columns(self.days)
        return columns @ (line.noise.weekly * columns.T @ (line.inverse @ self.residuals(line)))


def _design(days: FloatArray, shifts: Sequence[float], last: float, span: float) -> FloatArray:
    """Give the columns of `Fit.design` for days."""
    steps = [-(days < shift).astype(np.float64) for shift in shifts]
    return np.column_stack([np.ones(len(days)), *steps, (days - last) / span])


def fit(
    days: FloatArray, levels: FloatArray, shifts: Sequence[float], family: tuple[Noise, ...], flat_prior: float
) -> Fit:
    """Weigh every line through the days.

    Args:
        days: day numbers, rising, at least three more than shifts.
        levels: one per day, of a spread of about one.
        shifts: days on which a new level begins.
        family: the kinds of noise.
        flat_prior: the prior of "no growth".
    """
    span = float(len(days))
    design = _design(days, shifts, days[-1], span)
    found = factors(family, tuple(days.tolist()))
    weighted = found.inverses @ np.column_stack([design, levels])
    normal = np.einsum("ni,gnj->gij", design, weighted[:, :, :-1])
    moments = np.einsum("ni,gn->gi", design, weighted[:, :, -1])
    squares = np.einsum("n,gn->g", levels, weighted[:, :, -1])
    least = LEAST_SCALE**2 * len(days)
    flat_spread, growing_spread = inverse_of(normal[:, :-1, :-1]), inverse_of(normal)
    flat = np.einsum("gij,gj->gi", flat_spread, moments[:, :-1])
    growing = np.einsum("gij,gj->gi", growing_spread, moments)
    flat_squares = np.maximum(squares - np.einsum("gi,gi->g", flat, moments[:, :-1]), least)
    growing_squares = np.maximum(squares - np.einsum("gi,gi->g", growing, moments), least)
    freedom = len(days) - design.shape[1] + 1
    common = (
        -found.log_determinants / 2
        - np.linalg.slogdet(normal[:, :-1, :-1])[1] / 2
        + np.log([kind.prior for kind in family])
    )
    flat_score = common - freedom / 2 * np.log(flat_squares) + math.log(flat_prior)
    price = math.log1p(len(days)) / 2
    growing_score = common - freedom / 2 * np.log(growing_squares) + math.log1p(-flat_prior) - price
    top = max(flat_score.max(), growing_score.max())
    flat_weight, growing_weight = np.exp(flat_score - top), np.exp(growing_score - top)
    total = float(flat_weight.sum() + growing_weight.sum())
    lines = [
        Line(
            kind,
            found.inverses[index],
            grows,
            float(weights[index]) / total,
            coefficients[index],
            spreads[index],
            float(left[index]),
            freedom - grows,
        )
        for grows, weights, coefficients, spreads, left in (
            (False, flat_weight, flat, flat_spread, flat_squares),
            (True, growing_weight, growing, growing_spread, growing_squares),
        )
        for index, kind in enumerate(family)
    ]
    return Fit(days, levels, tuple(shifts), design, span, tuple(lines))
