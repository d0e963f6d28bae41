"""What the predictive policy learns from one more reading: slots, gaps, forecasts that came due."""

from dataclasses import replace
from datetime import datetime, timedelta
from math import ceil, isfinite
from typing import Final

import numpy as np

from outgrow.autoscale.observed import Observation, Unread
from outgrow.autoscale.predictive.candidates import in_other_replicas, learnt, passed
from outgrow.autoscale.predictive.errors import came_due, no_errors
from outgrow.autoscale.predictive.state import (
    CANDIDATES,
    FEATURES,
    LAGS,
    SEASON_SLOTS,
    Errors,
    Floats,
    PredictiveState,
    Regression,
    Season,
)

_SHORTEST_STEP: Final = 5.0
_LONGEST_STEP: Final = 60.0
_REMEMBERED_SECONDS: Final = 3600
_LONGEST_GAP_SECONDS: Final = 600
"""After a longer one the recent load says nothing, and learning begins with what comes then."""
_LARGEST_LOAD: Final = 1e9
"""More replicas' worth of load than any service has: a reading beyond it is a mistake."""


def usable_load(seen: Observation) -> float | Unread:
    """Give the load in replicas' worth, or why it cannot be used: no failed or impossible reading is ever a number."""
    capacity = seen.service.capacity
    if capacity is None or not (isfinite(capacity) and capacity > 0):
        return Unread("what one replica carries is not known; give the service a capacity, or measure it")
    match seen.load:
        case None:
            return Unread("the service's load is not read; name its signal as load")
        case Unread():
            return seen.load
        case load if not isfinite(load):
            return Unread("the load is not a number")
        case load if load < 0:
            return Unread(f"the load is {load:g}, below zero")
        case load if load / capacity > _LARGEST_LOAD:
            return Unread(f"the load of {load:g} is beyond anything that replicas could carry")
        case load:
            return load / capacity


def lead_of(seen: Observation, step: float) -> float:
    """Give the seconds from the moment that a reading speaks of until a replica ordered now serves.

    One start-up, and how old the reading is, at least a step: until the next decision nothing more can be done.
    """
    start_up = seen.service.start_up
    return (start_up.total_seconds() if start_up is not None else 60.0) + max(
        seen.service.metric_lag.total_seconds(), step
    )


def learned(state: PredictiveState, load: float, seen: Observation, now: datetime, hold: timedelta) -> PredictiveState:
    """Take in a reading.

    Args:
        state: before.
        load: in replicas' worth.
        seen: for what a replica carries.
        now: the moment of the decision.
        hold: how far back candidates are held.
    """
    moment, capacity = now.timestamp(), seen.service.capacity or 1.0
    errors, regression, season = state.errors, state.regression, state.season
    if errors is None or regression is None or season is None:
        return _first(state, load, moment, capacity)
    if state.capacity != capacity:
        season = in_other_replicas(season, state.capacity / capacity)
        state = replace(_in_other_replicas(state, state.capacity / capacity), capacity=capacity)
    step = state.step_seconds
    if step == 0.0:
        step = min(max(moment - state.at, _SHORTEST_STEP), _LONGEST_STEP)
        state = replace(state, step_seconds=step, slot=int(state.at // step))
    slot = int(moment // step)
    missed = slot - state.slot
    if missed == 0:
        return replace(state, at=moment, recent=_with_newest(state.recent, load))
    if missed * step > _LONGEST_GAP_SECONDS:
        state = replace(state, recent=np.empty(0), centres=np.empty((0, len(CANDIDATES))), waiting=())
        missed = 1
    last = float(state.recent[-1]) if len(state.recent) else load
    filled = np.concatenate([state.recent, np.full(missed - 1, last), [load]])
    most = max(LAGS, ceil(_REMEMBERED_SECONDS / step))
    errors, regression = _due(state, errors, regression, slot, load)
    return replace(
        state,
        at=moment,
        slot=slot,
        recent=filled[-most:],
        season=passed(season, slot, step, load),
        errors=errors,
        regression=regression,
        waiting=tuple(each for each in state.waiting if each.due > slot),
        centres=state.centres[-max(0, ceil(hold.total_seconds() / step) - missed) :],
    )


def _first(state: PredictiveState, load: float, moment: float, capacity: float) -> PredictiveState:
    return replace(
        state,
        at=moment,
        capacity=capacity,
        recent=np.array([load]),
        errors=no_errors(),
        regression=Regression(np.zeros(FEATURES), np.eye(FEATURES)),
        season=Season(np.full(SEASON_SLOTS, np.nan)),
    )


def _with_newest(recent: Floats, load: float) -> Floats:
    newest = recent.copy()
    newest[-1:] = load
    return newest


def _due(
    state: PredictiveState, errors: Errors, regression: Regression, slot: int, load: float
) -> tuple[Errors, Regression]:
    """Learn from the forecast for this very slot; those for slots that nobody saw are forgotten."""
    for each in state.waiting:
        if each.due == slot:
            errors = came_due(errors, each, load, state.step_seconds, each.reactive)
            regression = learnt(regression, each.features, each.base, load, state.step_seconds)
    return errors, regression


def _in_other_replicas(state: PredictiveState, factor: float) -> PredictiveState:
    """Count in replicas that carry more or less than before."""
    return replace(state, recent=state.recent * factor, centres=state.centres * factor, waiting=())
