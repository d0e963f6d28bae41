"""The forecasts that compete: cheap ones, each good at another kind of load."""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from outgrow.autoscale.predictive.state import FEATURES, LAGS, SEASON_SECONDS, SEASON_SLOTS, Floats, Regression, Season

_DAY: Final = 86_400
_WEEK: Final = 7 * _DAY
_MOST_GROWTH: Final = 2.0
"""A season is taken to at most double or halve the load within one lead."""
_HALF_LIFE_SECONDS: Final = 2 * _DAY
_LARGEST_ERROR: Final = 0.3
"""A single surprise teaches the regression no more than this share of the load."""
_LARGEST_TRACE: Final = 1e4


@dataclass(frozen=True, slots=True)
class Outlook:
    """What can be forecast from one slot, in replicas: the forecasts, what the regression saw, and the mood."""

    centres: Floats
    features: Floats
    base: float
    mood: int


def outlook(recent: Floats, season: Season, regression: Regression, slot: int, step: float, lead_slots: int) -> Outlook:
    """Give every forecast.

    Args:
        recent: load of the slots up to `slot`, oldest first, in replicas; without gaps, at least one.
        season: the course of the last week.
        regression: what the autoregression has learnt.
        slot: the newest slot since 1970.
        step: seconds of a slot.
        lead_slots: how far ahead.
    """
    last = float(recent[-1])
    minute = max(1, round(60 / step))

    def ago(slots: int) -> float:
        return float(recent[-1 - slots]) if slots < len(recent) else float(recent[0])

    now, ahead = (slot + 0.5) * step, (slot + 0.5 + lead_slots) * step
    yesterday, last_week = (_growth(season, now - each, ahead - each) for each in (_DAY, _WEEK))
    lags = recent[-LAGS:] if len(recent) >= LAGS else np.concatenate([np.full(LAGS - len(recent), recent[0]), recent])
    features = np.empty(FEATURES)
    np.subtract(lags[:-1], last, out=features[: LAGS - 1])
    features[LAGS - 1] = last * (yesterday - 1)
    features[LAGS] = last * (last_week - 1)
    regressed = min(max(last + float(features @ regression.weights), 0.0), 3 * last + 1)
    mood = _mood(last, ago(minute), ago(5 * minute))
    return Outlook(np.array((last, float(recent.max()), regressed)), features, last, mood)


def _mood(last: float, minute_ago: float, five_ago: float) -> int:
    """Say whether the load falls (0), is steady (1), rises (2) or surges (3)."""
    if last - minute_ago > 0.25 * max(minute_ago, 1.0):
        return 3
    growth = (last - five_ago) / max(five_ago, 1.0)
    return 2 if growth > 0.10 else 0 if growth < -0.05 else 1  # noqa: PLR2004 (borders of the moods)


# --- the season ---


def passed(season: Season, slot: int, step: float, load: float) -> Season:
    """Take the load of one more slot into the course of the week."""
    here = int((slot + 0.5) * step // SEASON_SECONDS)
    if here == season.slot:
        return Season(season.means, season.slot, season.sum + load, season.count + 1)
    means = season.means.copy()
    if season.count:
        means[season.slot % SEASON_SLOTS] = season.sum / season.count
    if season.slot >= 0 and here > season.slot + 1:
        # What nobody saw is unknown, not what it was a week before.
        missed = np.arange(season.slot + 1, min(here, season.slot + 1 + SEASON_SLOTS))
        means[missed % SEASON_SLOTS] = np.nan
    return Season(means, here, load, 1)


def in_other_replicas(season: Season, factor: float) -> Season:
    """Count the course of the week in replicas that carry more or less than before."""
    return replace(season, means=season.means * factor, sum=season.sum * factor)


def _growth(season: Season, now: float, ahead: float) -> float:
    """Give by what factor the load grew between two moments of the past; 1 where it is not known."""
    before, after = _mean_at(season, now), _mean_at(season, ahead)
    if not (before > 0 and after >= 0):
        return 1.0
    return min(max(after / before, 1 / _MOST_GROWTH), _MOST_GROWTH)


def _mean_at(season: Season, moment: float) -> float:
    """Give the load of a moment, along straight lines between the middles of five minutes; NaN where unknown."""
    place = moment / SEASON_SECONDS - 0.5
    first = int(place // 1)
    if not season.slot - SEASON_SLOTS < first < season.slot - 1:
        return float("nan")
    part = place - first
    means = season.means
    return float(means[first % SEASON_SLOTS]) * (1 - part) + float(means[(first + 1) % SEASON_SLOTS]) * part


# --- the autoregression ---


def learnt(regression: Regression, features: Floats, base: float, load: float, step: float) -> Regression:
    """Learn from one forecast that came due: the load that followed `features`, relative to `base`.

    Recursive least squares with exponential forgetting (Haykin, Adaptive Filter Theory, chapter on RLS); errors are
    cut off, so that one burst does not turn it over.
    """
    scale = 1 / max(base, 1.0)
    seen = features * scale
    grown = min(max((load - base) * scale, -1.0), 1.0)
    forgetting = 0.5 ** (step / _HALF_LIFE_SECONDS)
    turned = regression.inverse @ seen
    divisor = forgetting + float(seen @ turned)
    error = min(max(grown - float(regression.weights @ seen), -_LARGEST_ERROR), _LARGEST_ERROR)
    # Every step of this keeps the inverse symmetric to the last digit.
    inverse = turned[:, None] * turned
    inverse *= -1 / divisor
    inverse += regression.inverse
    inverse *= 1 / forgetting
    trace = float(inverse.trace())
    if trace > _LARGEST_TRACE:
        inverse *= _LARGEST_TRACE / trace
    return Regression(regression.weights + turned * (error / divisor), inverse)
