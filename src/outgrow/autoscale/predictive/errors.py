"""How wrong forecasts have been, and the margin that follows from it.

Each candidate has its own margins: for every quantile the error that so large a share of its recent errors did not
exceed (split conformal prediction with forgetting, told apart by what the load was doing: Vovk's Mondrian taxonomy).
What a candidate would have cost at a quantile is its pinball loss there (Koenker and Bassett 1978), and candidates are
mixed with weights that fall exponentially in it (Vovk 1990, Littlestone and Warmuth 1994).
"""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from outgrow.autoscale.predictive.state import CANDIDATES, EDGES, MOODS, QUANTILES, Errors, Floats, Forecast

_DAY: Final = 86_400
_ERRORS_HALF_LIFE: Final = 2 * _DAY
_LOSS_HALF_LIFE: Final = _DAY / 4
_BALANCE_HALF_LIFE: Final = 2 * _DAY
_RECENT_HALF_LIFE: Final = 3600
_SHARPNESS: Final = 25.0
"""How fast a candidate's weight falls when it does worse than the best."""
_FEWEST: Final = 30
"""Errors in a mood below which nothing can be said about it."""
_UPPER: Final = np.append(EDGES, EDGES[-1] * 1.3)
"""The largest error of each bin."""
_JUDGED_AT: Final = 6
"""The quantile (99 %) at which the forecast is held against the reactive rule."""
_MISTRUSTED_ABOVE: Final = 1.5
_TRUSTED_BELOW: Final = 1.0


@dataclass(frozen=True, slots=True)
class Margins:
    """The load to order for at each quantile; `by_candidate` has each candidate's own (quantile, candidate)."""

    combined: Floats
    by_candidate: Floats
    weights: Floats


def no_errors() -> Errors:
    """Give the memory of forecasts that have never been made."""
    several = len(QUANTILES)
    return Errors(
        histogram=np.zeros((MOODS, len(CANDIDATES), len(EDGES) + 1)),
        mass=np.zeros(MOODS),
        loss=np.zeros((several, len(CANDIDATES))),
        unserved=np.zeros(several),
        cost=np.zeros(several),
        demand=0.0,
        follower=0.0,
        recent=np.zeros(2),
    )


def margins(errors: Errors, held: Floats, mood: int, floor: float) -> Margins | None:
    """Add to each candidate what its errors call for, and mix the candidates.

    Args:
        errors: what is known of them.
        held: the highest of each candidate within one hold.
        mood: what the load is doing.
        floor: the load of now; no quantile is below it.

    Returns:
        None where too few errors are known for this mood.
    """
    if errors.mass[mood] < _FEWEST:
        return None
    above = np.cumsum(errors.histogram[mood][:, ::-1], axis=1)[:, ::-1]
    exceeded = (above[None] > (1 - QUANTILES)[:, None, None] * above[None, :, :1]).sum(axis=2) - 1
    by_candidate = held + _UPPER[exceeded] * np.sqrt(np.maximum(held, 1.0))
    best = np.maximum(errors.loss.min(axis=1, keepdims=True), 1e-12)
    weights = np.exp(-_SHARPNESS * np.minimum(errors.loss / best - 1, 50.0))
    weights /= weights.sum(axis=1, keepdims=True)
    return Margins(np.maximum((weights * by_candidate).sum(axis=1), floor), by_candidate, weights)


def came_due(errors: Errors, forecast: Forecast, load: float, step: float, reactive: float) -> Errors:
    """Learn how wrong a forecast was, now that its load is there.

    Args:
        errors: what was known.
        forecast: made one lead ago.
        load: in replicas.
        step: seconds of a slot.
        reactive: the replicas that the reactive rule alone would have had.
    """
    errors = _counted(errors, forecast, load, step)
    if forecast.combined.size == 0:
        return errors
    fade = 0.5 ** (step / _LOSS_HALF_LIFE)
    below = load - forecast.quantiles
    shares = QUANTILES[:, None]
    loss = errors.loss * fade + np.maximum(shares * below, (shares - 1) * below)
    needed, would_run = float(np.ceil(max(load, 1e-9))), np.ceil(forecast.combined)
    fade = 0.5 ** (step / _BALANCE_HALF_LIFE)
    soon = 0.5 ** (step / _RECENT_HALF_LIFE)
    share = float(QUANTILES[_JUDGED_AT])
    missed = load - np.array([float(forecast.combined[_JUDGED_AT]), reactive])
    return replace(
        errors,
        loss=loss,
        unserved=errors.unserved * fade + np.maximum(needed - would_run, 0.0),
        cost=errors.cost * fade + would_run,
        demand=errors.demand * fade + needed,
        follower=errors.follower * fade + float(np.ceil(max(forecast.held[0], 1e-9))),
        recent=errors.recent * soon + np.maximum(share * missed, (share - 1) * missed),
    )


def _counted(errors: Errors, forecast: Forecast, load: float, step: float) -> Errors:
    """Count each candidate's error, relative to the root of its forecast, as chance grows with the root of a count."""
    fade = 0.5 ** (step / _ERRORS_HALF_LIFE)
    relative = (load - forecast.held) / np.sqrt(np.maximum(forecast.held, 1.0))
    bins = np.searchsorted(EDGES, relative)
    histogram, mass = errors.histogram.copy(), errors.mass.copy()
    of_mood = histogram[forecast.mood]
    of_mood *= fade
    of_mood[np.arange(len(CANDIDATES)), bins] += 1.0
    mass[forecast.mood] = mass[forecast.mood] * fade + 1.0
    return replace(errors, histogram=histogram, mass=mass)


def chosen(errors: Errors, unserved: float, headroom: float) -> int:
    """Choose the quantile to order for: the lowest that has kept `unserved`, unless it has cost too much.

    Returns:
        Its index in `QUANTILES`: of those whose replicas outnumbered a perfect follower's by at most `headroom` the
        lowest that left at most `unserved` of the demand, or the highest of them.
    """
    if errors.demand <= 0:
        return len(QUANTILES) - 1
    affordable = errors.cost <= (1 + headroom) * errors.follower
    keeps = errors.unserved <= unserved * errors.demand
    highest = int(np.flatnonzero(affordable)[-1]) if affordable.any() else 0
    lowest = int(np.flatnonzero(keeps)[0]) if keeps.any() else len(QUANTILES) - 1
    return min(lowest, highest)


def mistrusted(errors: Errors, *, already: bool) -> bool:
    """Say whether the reactive rule alone has lately been the better one; trust is lost later than it is kept away."""
    forecast, reactive = float(errors.recent[0]), float(errors.recent[1])
    return forecast > (_TRUSTED_BELOW if already else _MISTRUSTED_ABOVE) * reactive > 0
