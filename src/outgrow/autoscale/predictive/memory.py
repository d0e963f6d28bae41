"""What the predictive policy learns from one more reading: slots, gaps, forecasts that came due."""

from dataclasses import replace
from datetime import datetime, timedelta
from math import ceil, isfinite
from typing import Final

import numpy as np

from outgrow.autoscale.observed import Observation, Unread
from outgrow.autoscale.predictive.books import Dial, Span, balanced, forgotten, no_books
from outgrow.autoscale.predictive.candidates import in_other_replicas, learnt, passed
from outgrow.autoscale.predictive.margins import came_due, no_margins
from outgrow.autoscale.predictive.state import (
    FEATURES,
    LAGS,
    SEASON_SLOTS,
    Floats,
    Margins,
    PredictiveState,
    Regression,
    Season,
)
from outgrow.autoscale.predictive.surges import no_surges, watched

_SHORTEST_STEP: Final = 5.0
_LONGEST_STEP: Final = 60.0
_REMEMBERED_SECONDS: Final = 3600
_LONGEST_GAP_SECONDS: Final = 600
"""After a longer one the recent load says nothing, and learning begins with what comes then."""
_LARGEST_LOAD: Final = 1e9
"""More replicas' worth of load than any service has: a reading beyond it is a mistake."""
_ROUNDING: Final = 1e-9


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
            return float(load / capacity)


def lead_of(seen: Observation, step: float) -> float:
    """Give the seconds from the moment that a reading speaks of until a replica ordered now serves.

    One start-up, and how old the reading is, at least a step: until the next decision nothing more can be done.
    """
    start_up = seen.service.start_up
    return (start_up.total_seconds() if start_up is not None else 60.0) + max(
        seen.service.metric_lag.total_seconds(), step
    )


def span_of(seen: Observation, step: float, hold: timedelta) -> Span:
    """Give a service's times in slots of `step` seconds; each at least one."""
    lag = max(seen.service.metric_lag.total_seconds(), step)
    lead = max(1, ceil(lead_of(seen, step) / step - _ROUNDING))
    # What was ordered for a moment is not let go before it.
    held = max(lead, ceil(hold.total_seconds() / step - _ROUNDING))
    return Span(lead, min(lead, ceil(lag / step - _ROUNDING)), held)


def learned(
    state: PredictiveState, load: float, seen: Observation, now: datetime, hold: timedelta, dial: Dial
) -> PredictiveState:
    """Take in a reading.

    Args:
        state: before.
        load: in replicas' worth.
        seen: for what a replica carries.
        now: the moment of the decision.
        hold: how long the policy holds what was asked for.
        dial: for the bounds.
    """
    moment, capacity = now.timestamp(), seen.service.capacity or 1.0
    state = _complete(state)
    if not len(state.recent) and state.step_seconds == 0.0:
        return replace(state, at=moment, capacity=capacity, recent=np.array([load]))
    if state.capacity != capacity:
        state = replace(_in_other_replicas(state, state.capacity / capacity), capacity=capacity)
    step = state.step_seconds
    if step == 0.0:
        step = min(max(moment - state.at, _SHORTEST_STEP), _LONGEST_STEP)
        state = replace(state, step_seconds=step, slot=int(state.at // step))
    slot = int(moment // step)
    missed = slot - state.slot
    if missed <= 0:
        return replace(state, at=moment, recent=_with_newest(state.recent, load))
    if missed * step > _LONGEST_GAP_SECONDS:
        state = _after_a_gap(state)
        missed = 1
    recent = _longer(state.recent, load, missed, max(LAGS, ceil(_REMEMBERED_SECONDS / step)))
    margins, regression = _due(state, slot, load)
    surges, books, season = state.surges or no_surges(), state.books or no_books(), state.season
    # Written out, for it happens with every reading: copying a state by its fields' names takes a while.
    return PredictiveState(
        step_seconds=step,
        at=moment,
        slot=slot,
        capacity=capacity,
        recent=recent,
        season=passed(season or _no_season(), slot, step, load),
        regression=regression,
        margins=margins,
        books=balanced(books, slot, recent, step, span_of(seen, step, hold), dial),
        surges=watched(surges, slot, step, load),
        pending=tuple([each for each in state.pending if each.due > slot]),
        asked=state.asked,
        reactive=state.reactive,
    )


def _complete(state: PredictiveState) -> PredictiveState:
    """Give every part that is not there yet: at the very beginning, and of a state that an earlier version wrote."""
    if state.margins is not None and state.regression is not None and state.season is not None:
        return state
    return replace(
        state,
        season=state.season or _no_season(),
        regression=state.regression or Regression(np.zeros(FEATURES), np.eye(FEATURES)),
        margins=state.margins or no_margins(),
        books=state.books or no_books(),
        surges=state.surges or no_surges(),
    )


def _no_season() -> Season:
    return Season(np.full(SEASON_SLOTS, np.nan))


def _after_a_gap(state: PredictiveState) -> PredictiveState:
    books, surges = state.books or no_books(), state.surges or no_surges()
    return replace(
        state,
        recent=np.empty(0),
        pending=(),
        books=forgotten(books),
        surges=replace(surges, minute=-1, seen=False, began=False, before=False),
    )


def _longer(recent: Floats, load: float, missed: int, most: int) -> Floats:
    """Give the recent load with one more reading; what was missed in between is taken to have been the last."""
    found = np.empty(min(most, len(recent) + missed))
    kept = recent[len(recent) + missed - len(found) :]
    found[: len(kept)] = kept
    found[len(kept) :] = recent[-1] if len(recent) else load
    found[-1] = load
    return found


def _with_newest(recent: Floats, load: float) -> Floats:
    newest = recent.copy()
    newest[-1:] = load
    return newest


def _due(state: PredictiveState, slot: int, load: float) -> tuple[Margins | None, Regression | None]:
    """Learn from the forecast for this very slot; those for slots that nobody saw are forgotten."""
    margins, regression = state.margins, state.regression
    for each in state.pending:
        if each.due == slot and margins is not None and regression is not None:
            margins = came_due(margins, each, load, state.step_seconds)
            regression = learnt(regression, each.features, each.base, load, state.step_seconds)
    return margins, regression


def _in_other_replicas(state: PredictiveState, factor: float) -> PredictiveState:
    """Count in replicas that carry more or less than before."""
    season, surges = state.season or _no_season(), state.surges or no_surges()
    return replace(
        state,
        recent=state.recent * factor,
        season=in_other_replicas(season, factor),
        surges=replace(surges, level=surges.level * factor if surges.level > 0 else surges.level),
        books=forgotten(state.books or no_books()),
        pending=(),
    )
