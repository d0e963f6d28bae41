"""When a threshold is crossed: on the first day whose level is beyond it, in all futures that the past leaves open."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import Final

import numpy as np

from outgrow.decide.breaks import ENOUGH, SHIFT_DAYS, Cleaned, spike_sizes, without_breaks
from outgrow.decide.draws import PATHS, FloatArray
from outgrow.decide.futures import Futures, futures
from outgrow.decide.noise import FAMILY
from outgrow.decide.trend import FLAT_PRIOR, Fit, fit
from outgrow.facts.forecasts import (
    AlreadyCrossed,
    Crosses,
    DailyLevel,
    DayBand,
    Flat,
    Forecast,
    LevelShift,
    NotBefore,
    TooShort,
    Trend,
)
from outgrow.plan.checkpoints import Comparison

MIN_DAYS: Final = ENOUGH
"""Whole days of history that a forecast needs: two weeks, so that each day of the week was seen twice."""

HISTORY_DAYS: Final = 120
"""Days looked back over at most; what lies before says little about the growth of today."""

HORIZON: Final = timedelta(days=365)
CONFIDENCE: Final = 0.9
_TAIL: Final = (1 - CONFIDENCE) / 2
_VISIBLE: Final = 1e-6
"""A weekly pattern smaller than this part of the days' spread is rounding."""

_STALE_DAYS: Final = 14
_LATELY_DAYS: Final = 14


def forecast_crossing(
    daily: Sequence[DailyLevel],
    threshold: float,
    comparison: Comparison,
    today: date,
    horizon: timedelta = HORIZON,
) -> Forecast:
    """Say when the daily level will first be beyond the threshold.

    Args:
        daily: levels of whole days before today, in order of day; days may be missing.
        threshold: in the signal's unit.
        comparison: which side is beyond, and whether equality is.
        today: the current day in the plan's zone: the first that may cross.
        horizon: how far ahead is looked; whole days.

    Returns:
        A date with its interval, or the truth that stands in its place. The day is that by which half of the futures
        have crossed; there is one only if that happens within the horizon.
    """
    lately = [each for each in daily if today - timedelta(days=HISTORY_DAYS) <= each.day < today]
    since = _beyond_since(lately, threshold, comparison, today)
    enough = len(lately) >= MIN_DAYS and (today - lately[-1].day).days <= _STALE_DAYS
    if not enough:
        if since is not None:
            return AlreadyCrossed(threshold, since, None)
        seen = [each for each in lately if (today - each.day).days <= HISTORY_DAYS]
        stale = bool(seen) and (today - seen[-1].day).days > _STALE_DAYS
        return TooShort(threshold, 0 if stale else len(seen), MIN_DAYS, tuple(lately))
    outlook = _Outlook.of(lately, rising=comparison in {"above", "at_least"}, today=today, days=horizon.days)
    if since is not None:
        return AlreadyCrossed(threshold, since, outlook.trend)
    return _told(outlook, threshold, today, inclusive=comparison in {"at_least", "at_most"})


def _beyond_since(daily: Sequence[DailyLevel], threshold: float, comparison: Comparison, today: date) -> date | None:
    """Give the first day of the present stretch beyond the threshold, if there is one.

    There is one when the last day seen is beyond, or two of the last fourteen days are: a weekend below does not end a
    stretch, a single spike does not begin one. A stretch ends where a whole week is not beyond.
    """
    beyond = [each.day for each in daily if is_beyond(each.level, threshold, comparison)]
    if not beyond or (today - beyond[-1]).days > _LATELY_DAYS:
        return None
    lately = [day for day in beyond if (today - day).days <= _LATELY_DAYS]
    if beyond[-1] != daily[-1].day and len(lately) < 2:  # noqa: PLR2004 (two of fourteen days, as said above)
        return None
    since = beyond[-1]
    for day in reversed(beyond):
        if (since - day).days > 7:  # noqa: PLR2004 (a week)
            break
        since = day
    return since


def is_beyond(level: float, threshold: float, comparison: Comparison) -> bool:
    """Say whether a level satisfies the comparison with the threshold."""
    match comparison:
        case "above":
            return level > threshold
        case "at_least":
            return level >= threshold
        case "below":
            return level < threshold
        case "at_most":
            return level <= threshold


@dataclass(frozen=True, slots=True)
class _Scale:
    """How levels are turned into plain numbers: mirrored where falling is the problem, about 0, of spread 1."""

    sign: float
    centre: float
    spread: float

    @classmethod
    def of(cls, levels: FloatArray, *, rising: bool) -> "_Scale":
        """Take the scale from the levels themselves, so that units do not matter."""
        centre = float(np.median(levels))
        largest = float(np.max(np.abs(levels - centre)))
        spread = largest * float(np.std((levels - centre) / largest)) if largest else 0.0
        # Levels that differ by rounding only are all the same.
        return cls(1.0 if rising else -1.0, centre, spread if spread > 1e-12 * abs(centre) else 0.0)

    def plain(self, level: FloatArray) -> FloatArray:
        return self.sign * (level - self.centre) / (self.spread or abs(self.centre) or 1.0)

    def size(self, plain: float) -> float:
        """Give a difference back in the signal's unit."""
        return self.sign * plain * (self.spread or abs(self.centre) or 1.0)

    def level(self, plain: float) -> float:
        return self.centre + self.size(plain)

    def band(self, day: date, low: float, middle: float, high: float) -> DayBand:
        edges = sorted((self.level(low), self.level(high)))
        return DayBand(day, edges[0], self.level(middle), edges[1])


@dataclass(frozen=True, slots=True)
class _Outlook:
    """Everything that does not depend on the threshold."""

    scale: _Scale
    drawn: Futures
    trend: Trend

    @classmethod
    def of(cls, daily: Sequence[DailyLevel], *, rising: bool, today: date, days: int) -> "_Outlook":
        """Fit the days and draw the futures."""
        levels = np.array([each.level for each in daily])
        scale = _Scale.of(levels, rising=rising)
        numbers = np.array([float(each.day.toordinal()) for each in daily])
        cleaned = without_breaks(numbers, scale.plain(levels))
        found = _fitted(cleaned)
        first = float(today.toordinal())
        drawn = futures(found, first, days, _expected_again(found, cleaned))
        if cleaned.latest:
            # Nobody can tell yet whether these are spikes or a new level: some of the futures take the one reading,
            # some the other.
            other = _fitted(cleaned.as_shift())
            on_new_level = futures(other, first, days, _expected_again(other, cleaned))
            drawn = drawn.mixed(on_new_level, cleaned.doubt)
        return cls(scale, drawn, _trend(tuple(daily), found, cleaned, drawn, scale, today))


def _fitted(cleaned: Cleaned) -> Fit:
    return fit(cleaned.days, cleaned.levels, cleaned.inside, FAMILY, FLAT_PRIOR)


def _expected_again(found: Fit, cleaned: Cleaned) -> FloatArray:
    """Give the sizes of the spikes that must be reckoned with: those towards the threshold, where there are several.

    What happened once is an exception; what happened twice is expected to come again. Spikes of neighbouring days are
    one event. The latest spikes are left out, for they may be the first days of a new level.
    """
    settled = [each for each in cleaned.spikes if each not in cleaned.latest]
    sizes = spike_sizes(found, settled)
    towards = sizes > 0
    days = [each.day for each, counts in zip(settled, towards, strict=True) if counts]
    events = sum(1 for before, day in pairwise([-math.inf, *days]) if day - before >= SHIFT_DAYS)
    return sizes[towards] if events > 1 else sizes[:0]


def _told(outlook: _Outlook, threshold: float, today: date, *, inclusive: bool) -> Forecast:
    """Turn the share of futures that have crossed by each day into a statement."""
    limit = float(outlook.scale.plain(np.array(threshold)))
    levels, slopes = outlook.drawn.struck, outlook.drawn.slopes
    crossed = _share_crossed(levels >= limit if inclusive else levels > limit)
    chance = float(crossed[-1])
    end = today + timedelta(days=len(crossed) - 1)
    up, down = float(np.mean(slopes > 0)), float(np.mean(slopes < 0))
    towards = up >= max(down, 1 - up - down)
    earliest = _first(crossed, _TAIL)
    middle = _first(crossed, 0.5)
    if earliest is not None and middle is not None:
        before = float(crossed[earliest - 1]) if earliest else 0.0
        latest = _first(crossed, before + CONFIDENCE)
        return Crosses(
            threshold,
            day=today + timedelta(days=middle),
            earliest=today + timedelta(days=earliest),
            latest=None if latest is None else today + timedelta(days=latest),
            confidence=CONFIDENCE,
            chance=chance,
            trend=outlook.trend,
            grows=towards,
        )
    if towards:
        day = end if earliest is None else today + timedelta(days=earliest)
        return NotBefore(threshold, day, end, chance, outlook.trend)
    return Flat(threshold, end, chance, down > 1 - up - down, outlook.trend)


def _share_crossed(beyond: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> FloatArray:
    """Give per day the share of paths that were beyond on that day or before."""
    days = len(beyond)
    first = np.where(beyond.any(axis=0), beyond.argmax(axis=0), days)
    return np.cumsum(np.bincount(first, minlength=days + 1)[:days]) / PATHS


def _first(crossed: FloatArray, share: float) -> int | None:
    """Give the first day by which at least this share has crossed."""
    index = int(np.searchsorted(crossed, share - 1e-12))
    return index if index < len(crossed) else None


def _band(levels: FloatArray) -> FloatArray:
    """Give the 5 %, 50 % and 95 % quantiles of each day (days, 3), from every other mirrored pair of paths."""
    half = np.sort(levels.reshape(len(levels), -1, 4)[:, :, :2].reshape(len(levels), -1), axis=1)
    paths = half.shape[1]
    return half[:, [int(paths * share) for share in (_TAIL, 0.5, 1 - _TAIL)]]


def _trend(
    history: tuple[DailyLevel, ...], found: Fit, cleaned: Cleaned, drawn: Futures, scale: _Scale, today: date
) -> Trend:
    """Give what people are shown of the fit, in the signal's unit."""
    line = found.best
    left = found.residuals(line)
    weekly = found.weekly_part(line)
    middle = found.levels - left + weekly
    residual_scale = float(np.sqrt(np.sum((left - weekly) ** 2) / line.freedom))
    reach = 1.645 * residual_scale
    weekly_weight = sum(each.weight for each in found.lines if each.noise.weekly)
    future = _band(drawn.levels)
    slopes = sorted(scale.size(float(each)) for each in np.quantile(drawn.slopes, (_TAIL, 1 - _TAIL)))
    return Trend(
        history=history,
        fitted=tuple(
            scale.band(date.fromordinal(round(day)), at - reach, at, at + reach)
            for day, at in zip(found.days.tolist(), middle.tolist(), strict=True)
        ),
        future=tuple(scale.band(today + timedelta(days=index), *edges) for index, edges in enumerate(future.tolist())),
        slope_per_day=scale.size(float(np.mean(drawn.slopes))),
        slope_low=slopes[0],
        slope_high=slopes[1],
        residual_scale=abs(scale.size(residual_scale)),
        weekly=weekly_weight > 0.5 and float(np.ptp(weekly)) > _VISIBLE,  # noqa: PLR2004 (more likely than not)
        shifts=tuple(LevelShift(date.fromordinal(round(each.day)), scale.size(each.size)) for each in cleaned.shifts),
        spikes=tuple(date.fromordinal(round(each.day)) for each in cleaned.spikes),
    )
