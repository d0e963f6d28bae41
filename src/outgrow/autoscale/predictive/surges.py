"""When the next surge begins: many loads jump by the clock, or so long after the last jump.

Scheduled jobs, notifications and batch clients begin at the same minutes of an hour, or one period after they ran
last. Nobody can see such a jump coming in the load itself, but its chance can be learnt: a logistic regression on the
minute of the hour and the time since the last beginning (a renewal process with a periodic intensity), learnt one
minute at a time with steps as Duchi, Hazan and Singer (2011, AdaGrad) have them. The chance decides nothing by itself:
it only tells forecasts apart, and their errors say what it is worth.
"""

from dataclasses import replace
from math import exp, sqrt
from typing import Final

import numpy as np

from outgrow.autoscale.predictive.state import Surges

_MINUTE: Final = 60
_SURGE: Final = 1.5
"""So many times the level without surges is one."""
_LEVEL_HALF_LIFE: Final = 600
_LARGEST_CHANGE: Final = 0.3
"""One reading moves the level as if it differed by no more than this share of it: surges hardly raise it."""
_APART_MINUTES: Final = 10
"""What begins sooner after the last beginning belongs to it."""
_FEWEST: Final = 5
"""Surges below which nothing is said of the next one."""
_SINCE_MINUTES: Final = 10
_SINCE: Final = 26
"""Classes of the time since the last beginning: ten minutes wide, the last one open."""
_WEIGHTS: Final = 1 + 60 + _SINCE
_RARE: Final = -5.0
_STEP: Final = 0.5
_PULL: Final = 0.002
"""How strongly weights that nothing speaks for go back to zero."""
_GRADES: Final = (0.02, 0.08, 0.25)
"""Chances from which on a surge is somewhat likely, likely, and very likely to begin."""


def no_surges() -> Surges:
    """Give the memory of a load that has not been watched yet."""
    weights = np.zeros(_WEIGHTS)
    weights[0] = _RARE
    return Surges(weights, np.full(_WEIGHTS, 0.01))


def watched(surges: Surges, slot: int, step: float, load: float) -> Surges:
    """Take in the load of one more slot.

    Args:
        surges: what is known.
        slot: since 1970, later than that of the last call.
        step: seconds of a slot.
        load: in replicas.
    """
    level = load if surges.level < 0 else surges.level
    floor = max(level, 1.0)
    surging = load > _SURGE * floor
    change = min(max(load - level, -_LARGEST_CHANGE * floor), _LARGEST_CHANGE * floor)
    level += (1 - 0.5 ** (step / _LEVEL_HALF_LIFE)) * change
    minute = int(slot * step // _MINUTE)
    if minute != surges.minute:
        surges = _closed(surges)
        seen, began = False, False
    else:
        seen, began = surges.seen, surges.began
    if surging and not seen:
        seen, began = True, surges.last < 0 or minute - surges.last > _APART_MINUTES
    return Surges(surges.weights, surges.squares, level, minute, seen, began, surges.before, surges.last, surges.count)


def grade(surges: Surges, slot: int, step: float, load: float) -> int:
    """Say how likely a surge is to begin in a later slot: 0 hardly, 1 somewhat, 2 likely, 3 very likely.

    Args:
        surges: what is known, the newest reading taken in.
        slot: the later one.
        step: seconds of a slot.
        load: of now, in replicas; while there is a surge no other is expected.
    """
    if surges.count < _FEWEST or load > _SURGE * max(surges.level, 1.0):
        return 0
    chance = _chance(surges, *_features(surges, int(slot * step // _MINUTE)))
    return sum(chance >= border for border in _GRADES)


def _closed(surges: Surges) -> Surges:
    """Learn from a minute that is over; the middle of a surge says nothing of when they begin."""
    if surges.minute < 0:
        return surges
    if surges.before and not surges.began:
        return replace(surges, before=surges.seen)
    hour, since = _features(surges, surges.minute)
    error = _chance(surges, hour, since) - surges.began
    weights, squares = surges.weights.copy(), surges.squares.copy()
    for place in (0, hour, since):
        slope = error + (_PULL * float(weights[place]) if place else 0.0)
        squares[place] = float(squares[place]) * 0.9999 + slope * slope
        weights[place] = float(weights[place]) - _STEP * slope / sqrt(float(squares[place]))
    return Surges(
        weights,
        squares,
        surges.level,
        surges.minute,
        before=surges.seen,
        last=surges.minute if surges.began else surges.last,
        count=surges.count + surges.began,
    )


def _features(surges: Surges, minute: int) -> tuple[int, int]:
    since = (minute - surges.last + _SINCE_MINUTES // 2) // _SINCE_MINUTES if surges.last >= 0 else _SINCE
    return 1 + minute % 60, 61 + max(0, min(since, _SINCE - 1))


def _chance(surges: Surges, hour: int, since: int) -> float:
    weights = surges.weights
    sum_ = float(weights[0]) + float(weights[hour]) + float(weights[since])
    return 1 / (1 + exp(-min(max(sum_, -30.0), 30.0)))
