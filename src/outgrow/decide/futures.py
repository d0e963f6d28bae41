"""Futures: what the coming days may look like, drawn from everything that the fit leaves open.

Each path takes one line by its weight, a scale and coefficients by their uncertainty, the state of the last day as the
days leave it, and from there on fresh noise of the line's own kind; spikes that are expected again come at the rate and
in the sizes seen.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from outgrow.decide.draws import PATHS, FloatArray, normal_draws, uniform_draws
from outgrow.decide.noise import WEEK
from outgrow.decide.trend import LEAST_SCALE, Fit, Line

_STATE, _SCALE, _LEVEL, _SLOPE, _DAY, _SPIKE = range(6)
"""Streams of the table of draws, so that no two uses share numbers."""

_MOST_COEFFICIENTS: Final = 8


@dataclass(frozen=True, slots=True)
class Futures:
    """What was drawn: levels of the coming days (days, paths), and the slope per day of each path (paths,).

    `struck` are the levels with the spikes that are expected again.
    """

    levels: FloatArray
    struck: FloatArray
    slopes: FloatArray

    def mixed(self, other: "Futures", share: float) -> "Futures":
        """Take a share of the paths from `other`, evenly spread, in mirrored pairs."""
        pairs = np.arange(PATHS) // 2
        taken = np.floor((pairs + 1) * share) > np.floor(pairs * share)
        return Futures(
            np.where(taken, other.levels, self.levels),
            np.where(taken, other.struck, self.struck),
            np.where(taken, other.slopes, self.slopes),
        )


_HALF_TRUST_DAYS: Final = 20
"""A skewness seen in so many days is believed by half."""


def futures(fit: Fit, first: float, count: int, spikes: FloatArray) -> Futures:
    """Draw the levels of `count` days.

    Args:
        fit: the lines through the past.
        first: number of the first day wanted, after the last day fitted.
        count: how many days.
        spikes: sizes of the spikes that are expected again; may be empty.
    """
    last = fit.days[-1]
    lag = round(first - last) - 1
    levels = np.empty((lag + count, PATHS))
    slopes = np.zeros(PATHS)
    scatter = _skewed(normal_draws(len(levels), _DAY), _skewness(fit))
    begin = 0
    for line, paths in _shares(fit.lines):
        at = slice(begin, begin + paths)
        slopes[at] = _fill(levels[:, at], fit, line, scatter, at)
        begin += paths
    coming = levels[lag:]
    if not len(spikes):
        return Futures(coming, coming, slopes)
    rate = len(spikes) / (len(fit.days) + len(spikes))
    lots = uniform_draws(count, _SPIKE) / rate
    hit = lots < 1
    struck = coming.copy()
    struck[hit] += spikes[np.minimum((lots[hit] * len(spikes)).astype(int), len(spikes) - 1)]
    return Futures(coming, struck, slopes)


def _skewness(fit: Fit) -> float:
    """Give the skewness of the days around the best line, the less of it the fewer days speak for it.

    The highest of a day's values scatters further up than down, so this is the rule rather than the exception.
    """
    left = fit.residuals(fit.best) - fit.weekly_part(fit.best)
    spread = float(left.std())
    if spread <= LEAST_SCALE:
        return 0.0
    seen = float(((left - left.mean()) ** 3).mean()) / spread**3
    return min(1.0, max(-1.0, seen * len(left) / (len(left) + _HALF_TRUST_DAYS)))


def _skewed(draws: FloatArray, skewness: float) -> FloatArray:
    """Give normal draws a skewness and keep their mean and variance (Cornish and Fisher's first term)."""
    return (draws + skewness / 6 * (draws * draws - 1)) / math.sqrt(1 + skewness * skewness / 18)


def _shares(lines: Sequence[Line]) -> list[tuple[Line, int]]:
    """Share the paths out by weight, in pairs; the running total is rounded, so that nothing is lost."""
    pairs = PATHS // 2
    total = sum(line.weight for line in lines)
    ends = np.rint(np.cumsum([line.weight / total for line in lines]) * pairs).astype(int)
    counts = np.diff(ends, prepend=0)
    return [(line, 2 * int(count)) for line, count in zip(lines, counts, strict=True) if count]


def _fill(levels: FloatArray, fit: Fit, line: Line, scatter: FloatArray, at: slice) -> FloatArray:
    """Draw the paths of one line into `levels` (days, paths) and give their slopes (paths,)."""
    days = len(levels)
    ahead = np.arange(1.0, days + 1)
    columns = fit.columns(line)
    scale = math.sqrt(line.squares / line.freedom) / _scale_draws(line.freedom, at)
    draws = normal_draws(_MOST_COEFFICIENTS + 2 + WEEK, _STATE)[:, at]
    count = len(line.coefficients)
    coefficients = line.coefficients[:, None] + scale * (np.linalg.cholesky(line.spread) @ draws[:count])
    np.multiply(scatter[:, at], math.sqrt(line.noise.white) * scale, out=levels)
    slopes = coefficients[-1] / fit.span if line.grows else np.zeros(len(scale))
    levels += ahead[:, None] * slopes + coefficients[0]
    if line.noise.wanders:
        shared, own = line.noise.with_last_day(fit.days)
        weights = line.inverse @ shared
        root = np.linalg.cholesky(own - shared.T @ weights + np.diag(1e-9 * np.diag(own) + 1e-15))
        state = weights.T @ (fit.levels[:, None] - columns @ coefficients) + scale * (root @ draws[_MOST_COEFFICIENTS:])
        levels += _wandering(line, state, scale, days, at)
        if line.noise.weekly:
            levels += state[2:][((fit.days[-1] + ahead) % WEEK).astype(int)]
    return slopes


def _scale_draws(freedom: int, at: slice) -> FloatArray:
    """Draw sqrt(chi-squared / freedom), by the cube of a normal number (Wilson and Hilferty, PNAS 17, 1931).

    The two paths of a mirrored pair get the same scale.
    """
    draws = np.repeat(normal_draws(1, _SCALE)[0, at][0::2], 2)
    part = 2 / (9 * freedom)
    return np.maximum(1 - part + draws * math.sqrt(part), 0.2) ** 1.5


def _wandering(line: Line, state: FloatArray, scale: FloatArray, count: int, at: slice) -> FloatArray | float:
    """Carry the lasting and wandering part of the level on from the last day's state."""
    noise = line.noise
    if noise.lasting:
        fresh = math.sqrt(noise.lasting * (1 - noise.keeps**2)) * scale * normal_draws(count, _LEVEL)[:, at]
        carried = state[0]
        for day in range(count):
            carried = noise.keeps * carried + fresh[day]
            fresh[day] = carried
        return fresh
    if not noise.walk and not noise.bend:
        return 0.0
    moved = np.zeros((count, len(scale)))
    if noise.walk:
        moved += math.sqrt(noise.walk) * scale * normal_draws(count, _LEVEL)[:, at]
    if noise.bend:
        moved += state[1] + math.sqrt(noise.bend) * scale * np.cumsum(normal_draws(count, _SLOPE)[:, at], axis=0)
    return state[0] + np.cumsum(moved, axis=0)
