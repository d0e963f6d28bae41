"""How wrong forecasts have been, and the margin that follows from it.

An expert is a forecast with a measure of its errors. It has its own margins: for every level the error that so large a
share of its recent errors did not exceed (split conformal prediction with forgetting, told apart by what the load was
doing: Vovk's Mondrian taxonomy). What it would have cost is its pinball loss (Koenker and Bassett 1978), and experts
are mixed with weights that fall exponentially in it (Vovk 1990, Littlestone and Warmuth 1994).
"""

from dataclasses import dataclass
from math import sqrt
from typing import Final, TypeVar

import numpy as np

from outgrow.autoscale.predictive.state import (
    CLASSES,
    EDGES,
    EXPERTS,
    LEVELS,
    MOODS,
    SPREADS,
    Floats,
    Forecast,
    Margins,
)

_Each = TypeVar("_Each")

_DAY: Final = 86_400
_ERRORS_HALF_LIFE: Final = 2 * _DAY
_LOSS_HALF_LIFE: Final = _DAY / 4
_SHARPNESS: Final = 25.0
"""How fast an expert's weight falls when it does worse than the best."""
_FEWEST: Final = 30
"""Errors below which nothing can be said."""
_REFRESH_SECONDS: Final = 300
"""How often margins and weights are worked out anew; what they rest on is remembered for hours and days."""
_SETTLED: Final = 300
"""Errors below which margins are worked out with every new one."""
_WEIGHED_AT: Final = 11
"""The level (97 %) at which experts are held against each other."""
_BINS: Final = len(EDGES) + 1
_ROWS: Final = np.arange(len(EXPERTS))
_UPPER: Final = np.append(EDGES, EDGES[-1] * 1.3)[::-1]
_DOWN: Final[Floats] = np.tile(_UPPER, len(EXPERTS))
"""The largest error of each bin, from the highest bin down, for each expert."""
_WIDTHS: Final[Floats] = np.tile(np.append(_UPPER[:-1] - _UPPER[1:], 0.0), len(EXPERTS))
_SHAPE: Final = (len(EXPERTS), len(LEVELS))
_LAST: Final = (_ROWS[:, None] + 1) * _BINS - 1
_MISSED: Final = 1 - LEVELS


@dataclass(frozen=True, slots=True)
class Orders:
    """The load to order for at each level, what each expert alone would order where they are weighed, their weights."""

    levels: Floats
    weighed: Floats
    weights: Floats


def no_margins() -> Margins:
    """Give the memory of forecasts that have never been made."""
    count = len(EXPERTS)
    return Margins(
        tuple(np.zeros((count, _BINS)) for _ in range(CLASSES)),
        (0.0,) * CLASSES,
        np.zeros(count),
        (np.empty(0),) * CLASSES,
        np.full(count, 1 / count),
        (0,) * CLASSES,
        0,
    )


def spreads(centres: Floats) -> Floats:
    """Give what the errors of each expert are measured in."""
    found: list[float] = []
    for centre in centres.tolist():
        least = max(centre, 1.0)
        found += (sqrt(least), least, 1.0)
    return np.array(found)


def orders(margins: Margins, centres: Floats, kind: int, mood: int, load: float) -> Orders | None:
    """Add to each forecast what its errors call for, and mix the experts.

    Args:
        margins: what is known of the errors.
        centres: the forecasts.
        kind: the class of this moment; where too little is known of it, `mood`, and else all of them count.
        mood: what the load is doing.
        load: of now, in replicas; nobody asks for less.

    Returns:
        None where too few errors are known.
    """
    known = next((each for each in (kind, mood) if margins.mass[each] >= _FEWEST), None)
    if known is not None:
        table = margins.tables[known]
    elif sum(margins.mass) >= _FEWEST:
        table = _table(np.stack(margins.histograms).sum(axis=0), sum(margins.mass))
    else:
        return None
    by_expert = table * spreads(centres)[:, None]
    by_expert += centres.repeat(len(SPREADS))[:, None]
    np.maximum(by_expert, load, out=by_expert)
    return Orders(np.maximum(margins.weights @ by_expert, load), by_expert[:, _WEIGHED_AT], margins.weights)


def _table(counts: Floats, mass: float) -> Floats:
    """Give the error that each expert's level covers (expert, level)."""
    down = counts[:, ::-1]
    above: Floats = down.cumsum(axis=1)
    borders = _MISSED * mass
    # The first bin from above at which more errors are counted than may be missed, and where in it the border lies;
    # all experts are searched at once, one behind the other.
    behind = _ROWS[:, None] * (2 * mass + 1)
    flat = (above + behind).ravel().searchsorted((borders + behind).ravel(), side="right")
    flat = np.minimum(flat.reshape(_SHAPE), _LAST)
    beyond = (above.take(flat) - borders) / np.maximum(down.ravel().take(flat), 1e-9)
    return _DOWN.take(flat) - beyond * _WIDTHS.take(flat)


def _weights(loss: Floats) -> Floats:
    """Give the experts' weights, which fall exponentially in what they lose beyond the best."""
    best = max(float(loss.min()), 1e-12)
    weights = np.exp(-_SHARPNESS * np.minimum(loss / best - 1, 50.0))
    return weights / weights.sum()


def kind_of(mood: int, grade: int) -> int:
    """Give the class of a moment: its mood, or how likely a surge is to begin where it is not there already."""
    return mood if grade == 0 or mood == MOODS - 1 else MOODS - 1 + grade


def came_due(margins: Margins, forecast: Forecast, load: float, step: float) -> Margins:
    """Learn how wrong a forecast was, now that its load is there (`load` in replicas, `step` in seconds)."""
    relative = (load - forecast.centres.repeat(len(SPREADS))) / spreads(forecast.centres)
    fade = 0.5 ** (step / _ERRORS_HALF_LIFE)
    kind = forecast.kind
    counts = margins.histograms[kind] * fade
    counts[_ROWS, EDGES.searchsorted(relative)] += 1.0
    mass = margins.mass[kind] * fade + 1.0
    loss, tables, worked = margins.loss, margins.tables, margins.worked
    weights, weighed = margins.weights, margins.weighed
    if forecast.weighed.size:
        below, share = load - forecast.weighed, float(LEVELS[_WEIGHED_AT])
        loss = loss * 0.5 ** (step / _LOSS_HALF_LIFE) + np.maximum(share * below, (share - 1) * below)
        if (forecast.due - weighed) * step >= _REFRESH_SECONDS:
            weights, weighed = _weights(loss), forecast.due
    is_due = (forecast.due - worked[kind]) * step >= _REFRESH_SECONDS
    if mass >= _FEWEST and (is_due or mass < _SETTLED):
        tables, worked = _with(tables, kind, _table(counts, mass)), _with(worked, kind, forecast.due)
    histograms = _with(margins.histograms, kind, counts)
    return Margins(histograms, _with(margins.mass, kind, mass), loss, tables, weights, worked, weighed)


def _with(row: tuple[_Each, ...], place: int, item: _Each) -> tuple[_Each, ...]:
    return (*row[:place], item, *row[place + 1 :])
