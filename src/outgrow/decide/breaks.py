"""Spikes and level shifts: days that do not follow the line, and days on which the level moved at once.

Both are found by the same test. With P = K^-1 - K^-1 X (X' K^-1 X)^-1 X' K^-1 the residual of leaving day i out is
(P y)_i / P_ii, and a step from day j on would have the coefficient s' P y / s' P s (de Jong and Penzer, Diagnosing
shocks in time series, JASA 93, 1998). Each is set against its own standard error, with the scale estimated without it.
The one that exceeds its limit by most is taken out, and the search begins anew.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from outgrow.decide.draws import FloatArray
from outgrow.decide.noise import ROUGH_FAMILY, WEEK
from outgrow.decide.trend import LEAST_SCALE, Fit, Line, fit

_SPIKE: Final = 4.5
"""A day is a spike when it lies this many standard errors off; one normal day in 150,000 does."""

_SPIKE_AMONG_SPIKES: Final = 8.0
"""Several spikes hide one another in the scale that they widen together; against the scale of the middle half of the
days a day must lie this far off, because that scale is the less certain one."""

_NORMAL_MEDIAN: Final = 0.6745
"""Half of all normal numbers are smaller than this, signs aside."""

_SHIFT: Final = 5.5
"""A step is a shift when it is this many standard errors high; a search over all days finds large ones by chance."""

SHIFT_DAYS: Final = 4
"""A new level is one when this many days lie on it."""

_ESTIMABLE: Final = 1e-6
"""A step that another shift or the level itself already explains has next to no information of its own."""

_MOST_SHIFTS: Final = 3
_MOST_SPIKES: Final = 6
"""At most one day in so many is a spike; more of them are the series' nature, not exceptions."""

ENOUGH: Final = 14
"""With so many days on the new level, those before it are left out: their noise and growth were another level's."""


@dataclass(frozen=True, slots=True)
class Shift:
    """From `day` on the level is higher by `size`."""

    day: float
    size: float


@dataclass(frozen=True, slots=True)
class Spike:
    """A single day off the line."""

    day: float
    level: float


@dataclass(frozen=True, slots=True)
class Cleaned:
    """The days that remain to be fitted, the shifts inside them, and everything that was recognised on the way.

    `latest` are those of the spikes that stand at the very end, side by side and on one side of the line: they may be
    spikes, or the first days on a new level.
    """

    days: FloatArray
    levels: FloatArray
    inside: tuple[float, ...]
    shifts: tuple[Shift, ...]
    spikes: tuple[Spike, ...]
    latest: tuple[Spike, ...]

    @property
    def doubt(self) -> float:
        """The probability that the latest spikes are a new level: a quarter for each day that they last."""
        return len(self.latest) / SHIFT_DAYS

    def as_shift(self) -> "Cleaned":
        """Give the other reading of the latest spikes: a new level that began with the first of them."""
        days = np.append(self.days, [each.day for each in self.latest])
        levels = np.append(self.levels, [each.level for each in self.latest])
        return replace(self, days=days, levels=levels, inside=(*self.inside, self.latest[0].day), latest=())


def without_breaks(days: FloatArray, levels: FloatArray) -> Cleaned:
    """Recognise spikes and level shifts.

    Args:
        days: day numbers, rising, at least 14.
        levels: one per day, of a spread of about one.
    """
    shifts: list[Shift] = []
    inside: list[float] = []
    spikes: list[Spike] = []
    for _ in range(len(days) // _MOST_SPIKES + _MOST_SHIFTS):
        found = fit(days, levels, inside, ROUGH_FAMILY, 0.5)
        broken = _largest_break(found, len(inside))
        if broken is None:
            break
        if isinstance(broken, Shift):
            shifts.append(broken)
            inside.append(broken.day)
            newest = max(inside)
            if np.count_nonzero(days >= newest) < ENOUGH:
                continue
            keep = days >= newest
            inside = []
            spikes = [each for each in spikes if each.day >= newest]
        else:
            keep = ~broken
            if np.count_nonzero(keep) < ENOUGH - 2:
                break
            spikes += [Spike(day, level) for day, level in zip(days[broken], levels[broken], strict=True)]
        days, levels = days[keep], levels[keep]
        inside = _separating(inside, days)
    by_day = sorted(spikes, key=lambda each: each.day)
    return Cleaned(
        days,
        levels,
        tuple(inside),
        tuple(sorted(shifts, key=lambda each: each.day)),
        tuple(by_day),
        _latest(days, levels, by_day),
    )


def _separating(shifts: Sequence[float], days: FloatArray) -> list[float]:
    """Leave out shifts with no day between them and the one before, or behind them: they cannot be told apart."""
    kept: list[float] = []
    before = 0
    for shift in sorted(shifts):
        count = int(np.count_nonzero(days < shift))
        if before < count < len(days):
            kept.append(shift)
            before = count
    return kept


def _latest(days: FloatArray, levels: FloatArray, spikes: Sequence[Spike]) -> tuple[Spike, ...]:
    """Give the spikes behind the last day that remains, fewer than a shift has, if all lie on one side of it."""
    behind = [each for each in spikes if each.day > days[-1]]
    usual = float(np.median(levels[-SHIFT_DAYS:]))
    one_sided = len({each.level > usual for each in behind}) == 1
    return tuple(behind) if one_sided and len(behind) < SHIFT_DAYS else ()


def _largest_break(found: Fit, shifts: int) -> Shift | NDArray[np.bool_] | None:
    """Give the shift, or the days to set apart, whichever exceeds its limit by more.

    A step so near the end that it may as well be a spike of several days sets these days apart.
    """
    line = max((each for each in found.lines if each.grows), key=lambda each: each.weight)
    spikes, steps, sizes = _scores(found, line)
    grown = max(1.0, _hidden_by(spikes, math.sqrt(line.squares / line.freedom)))
    spikes, steps = np.abs(spikes) * grown, np.abs(steps) * grown
    count = len(steps)
    steps[:SHIFT_DAYS] = 0
    if shifts >= _MOST_SHIFTS:
        steps[:] = 0
    spike, step = int(np.argmax(spikes)), int(np.argmax(steps))
    over_spike, over_shift = spikes[spike] - _SPIKE, steps[step] - _SHIFT
    if max(over_spike, over_shift) <= 0:
        return None
    if over_shift < over_spike:
        return np.arange(count) == spike
    if step > count - SHIFT_DAYS:
        return np.arange(count) >= step
    return Shift(float(found.days[step]), float(sizes[step]))


def _hidden_by(scores: FloatArray, scale: float) -> float:
    """Give how much larger the scores are against the scale of the middle half of the days, set against its own limit.

    Where many days are beyond that limit they are no exceptions, and hide nothing. `scale` is what the scores were
    divided by: days that differ by rounding alone are all alike.
    """
    distances = np.abs(scores)
    usual = max(float(np.median(distances)) / _NORMAL_MEDIAN, LEAST_SCALE / scale)
    beyond = np.count_nonzero(distances > _SPIKE_AMONG_SPIKES * usual)
    return _SPIKE / _SPIKE_AMONG_SPIKES / usual if beyond * _MOST_SPIKES <= len(scores) else 0.0


def _scores(found: Fit, line: Line) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Give per day its distance from the others' line, and the height of a step on it, both in standard errors.

    The third array is the height of the step itself.
    """
    carried = line.inverse @ found.design
    projection = line.inverse - carried @ line.spread @ carried.T
    residual = projection @ found.levels
    squared_scale = line.squares / line.freedom
    own = np.maximum(np.diag(projection), 1e-12)
    # Column j of `steps` is one from day j on; reversed running sums do the products.
    step_residual = np.cumsum(residual[::-1])[::-1]
    step_own = np.diag(np.cumsum(np.cumsum(projection[::-1, ::-1], axis=0), axis=1))[::-1]
    usable = step_own > _ESTIMABLE
    step_own = np.where(usable, step_own, 1.0)
    spikes = residual / np.sqrt(own * squared_scale)
    steps = np.where(usable, step_residual / np.sqrt(step_own * squared_scale), 0.0)
    return _without_itself(spikes, line), _without_itself(steps, line), step_residual / step_own


def _without_itself(scores: FloatArray, line: Line) -> FloatArray:
    """Turn scores against a scale that they inflated themselves into scores against the others' scale."""
    freedom = line.freedom
    return scores * np.sqrt((freedom - 1) / np.maximum(freedom - scores**2, 1e-3))


def spike_sizes(found: Fit, spikes: Sequence[Spike]) -> FloatArray:
    """Give how far each spike lies off the best line, its day of the week taken into account."""
    if not spikes:
        return np.empty(0)
    line = found.best
    days = np.array([each.day for each in spikes])
    sizes = np.array([each.level for each in spikes]) - found.expected(line, days)
    if line.noise.weekly:
        left = found.residuals(line)
        for index, day in enumerate(days):
            same = found.days % WEEK == day % WEEK
            sizes[index] -= np.median(left[same]) if same.any() else 0.0
    return sizes
