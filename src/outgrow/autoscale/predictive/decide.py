"""One decision of the predictive policy, with what it expected, how right it has been, and what else it would be."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import ceil
from typing import Final

import numpy as np

from outgrow.autoscale.hpa.proposals import propose
from outgrow.autoscale.observed import Observation, Unread
from outgrow.autoscale.predictive.books import (
    Asks,
    Dial,
    entered,
    mistrusted,
    no_books,
    own_headroom,
    own_unserved,
)
from outgrow.autoscale.predictive.candidates import outlook
from outgrow.autoscale.predictive.margins import Orders, kind_of, orders
from outgrow.autoscale.predictive.memory import lead_of, learned, span_of, usable_load
from outgrow.autoscale.predictive.state import EXPERTS, LEVELS, SPREADS, Asked, Books, Floats, Forecast, PredictiveState
from outgrow.autoscale.predictive.surges import grade, no_surges
from outgrow.facts.scaling import Counterfactual, LoadForecast, Proposal, Rule, ScalingDecision
from outgrow.plan.autoscaling import HpaPolicy
from outgrow.plan.predictive import PredictivePolicy

State = PredictiveState

LOAD: Final = "load"
"""The name of the proposal that comes from the service's load."""
_NOTHING: Final[Floats] = np.empty(0)
_SPREADS: Final = len(SPREADS)
_ROUNDING: Final = 1e-9
"""So that a sum which is a whole number but for its last digit is not rounded up to the next."""


def decide(policy: PredictivePolicy, seen: Observation, state: State, now: datetime) -> tuple[ScalingDecision, State]:
    """Say how many replicas there should be, and what to remember once that has been ordered.

    Args:
        policy: the predictive policy.
        seen: the service's load and what is known of it, with one reading for every metric of the policy.
        state: what the decision before this one handed back; `PredictiveState()` to begin with.
        now: the moment of the decision, timezone-aware, never before that of the last one.

    Raises:
        ValueError: not as many readings as metrics.
    """
    return judge(policy, seen, state, now)


def judge(policy: PredictivePolicy, seen: Observation, state: State, now: datetime) -> tuple[ScalingDecision, State]:
    """Say the same; what is ordered is not remembered, so an order that failed changes nothing."""
    if len(seen.readings) != len(policy.metrics):
        raise ValueError(f"{len(seen.readings)} readings for {len(policy.metrics)} metrics; give one for each")
    pairs = zip(policy.metrics, seen.readings, strict=True)
    proposals = tuple(propose(metric, reading, seen, _as_hpa(policy), now) for metric, reading in pairs)
    load = usable_load(seen)
    if isinstance(load, Unread):
        mine, expected = Proposal(LOAD, None, None, failure=load.why), None
    else:
        state = learned(state, load, seen, now, policy.hold, _dial(policy))
        expected, state = _expected(policy, seen, state, load, now)
        mine = Proposal(LOAD, expected.wanted, expected.wanted, ratio=load / max(seen.replicas, 1))
    return _bounded(policy, seen, state, now, _Asking((mine, *proposals), expected))


def carried_out(policy: PredictivePolicy, decision: ScalingDecision, state: State) -> State:  # noqa: ARG001 (as every policy)
    """Remember nothing more: this policy looks at recommendations, not at changes."""
    return state


# --- the load that will be there ---


@dataclass(frozen=True, slots=True)
class _Expected:
    """The replicas that the load asks for, and why."""

    wanted: int
    rule: Rule
    forecast: LoadForecast


def _expected(
    policy: PredictivePolicy, seen: Observation, state: State, load: float, now: datetime
) -> tuple[_Expected, State]:
    reactive = load * 100 / policy.fallback_utilization
    step, margins, season, regression = state.step_seconds, state.margins, state.season, state.regression
    if step == 0.0 or margins is None or season is None or regression is None:
        due = now + timedelta(seconds=lead_of(seen, 0.0))
        told = LoadForecast(due, load, _replicas(reactive), trusted=False, why="this is the first reading")
        return _Expected(_replicas(reactive), Rule.REACTIVE, told), state
    span, dial = span_of(seen, step, policy.hold), _dial(policy)
    due = state.slot + span.lead
    view = outlook(state.recent, season, regression, state.slot, step, span.lead)
    kind = kind_of(view.mood, grade(state.surges or no_surges(), due, step, load))
    found = orders(margins, view.centres, kind, view.mood, load)
    weighed = _NOTHING if found is None else found.weighed
    # A slot decided twice counts once: the newer values take the place of the older ones.
    pending = (
        *[each for each in state.pending if each.due != due],
        Forecast(due, kind, view.base, view.features, view.centres, weighed),
    )
    known = state.books or no_books()
    doubt = _doubt(found, state)
    asks = Asks(None if found is None else found.levels, reactive, trusted=not doubt)
    books = entered(known, state.slot, step, asks, span, dial)
    state = _entered(state, pending, books, reactive=found is not None and bool(doubt))
    moment = now + timedelta(seconds=span.lead * step)
    told = LoadForecast(moment, load, _replicas(reactive), trusted=not doubt, why=doubt)
    if found is None:
        return _Expected(_replicas(reactive), Rule.REACTIVE, told), state
    told = _told(told, found, view.centres, books)
    if doubt:
        return _Expected(_replicas(max(reactive, load)), Rule.REACTIVE, told), state
    wanted = float(found.levels[books.level])
    return _Expected(_replicas(wanted), Rule.FORECAST if wanted > load else Rule.REACTIVE, told), state


def _entered(state: State, pending: tuple[Forecast, ...], books: Books, *, reactive: bool) -> State:
    return PredictiveState(
        step_seconds=state.step_seconds,
        at=state.at,
        slot=state.slot,
        capacity=state.capacity,
        recent=state.recent,
        season=state.season,
        regression=state.regression,
        margins=state.margins,
        books=books,
        surges=state.surges,
        pending=pending,
        asked=state.asked,
        reactive=reactive,
    )


def _dial(policy: PredictivePolicy) -> Dial:
    return Dial(policy.unserved, policy.headroom, policy.tolerated, policy.min, policy.max)


def _doubt(found: Orders | None, state: State) -> str:
    """Say why the forecast is not to be trusted; nothing where it is."""
    if found is None:
        return "too few forecasts have come due"
    if state.books is not None and mistrusted(state.books, already=state.reactive):
        return "lately the forecast has erred more than the reactive rule alone"
    return ""


def _told(told: LoadForecast, found: Orders, centres: Floats, books: Books) -> LoadForecast:
    """Add what was expected and how right it has been."""
    expected = float(found.weights @ np.repeat(centres, _SPREADS))
    level = books.level
    return LoadForecast(
        due=told.due,
        now=told.now,
        reactive=told.reactive,
        trusted=told.trusted,
        why=told.why,
        expected=expected,
        margin=float(found.levels[level]) - expected,
        quantile=float(LEVELS[level]),
        unserved=own_unserved(books),
        headroom=own_headroom(books),
        weights=dict(zip(EXPERTS, found.weights.tolist(), strict=True)),
    )


def _replicas(load: float) -> int:
    return ceil(load - _ROUNDING)


# --- hold and bounds ---


@dataclass(frozen=True, slots=True)
class _Asking:
    """What everything asks for at one moment, the load first."""

    proposals: tuple[Proposal, ...]
    expected: _Expected | None

    @property
    def failed(self) -> bool:
        return any(each.replicas is None for each in self.proposals)

    def most(self) -> tuple[int, str] | None:
        """Give the most that is asked for and by what; of equal ones the first."""
        asked = [(each.replicas, each.metric) for each in self.proposals if each.replicas is not None]
        return max(asked, key=lambda each: each[0]) if asked else None


def _bounded(
    policy: PredictivePolicy, seen: Observation, state: State, now: datetime, asking: _Asking
) -> tuple[ScalingDecision, State]:
    current = seen.replicas
    forecast = asking.expected.forecast if asking.expected is not None else None
    most = asking.most()
    wanted, metric = most if most is not None else (current, "")
    state = replace(
        state, asked=_asked(state.asked, now, wanted if most is not None else None, _held(policy, seen, state))
    )
    highest = max((each.replicas for each in state.asked), default=wanted)
    # Nobody has asked for fewer for a whole hold: a policy that has just begun takes nothing away.
    held = max(wanted, min(highest, max(current, wanted)))
    rule = asking.expected.rule if asking.expected is not None and metric == LOAD else Rule.TARGET
    if held != wanted:
        rule = Rule.WINDOW
    if asking.failed and held < current:
        # What cannot be read might have asked for more, so nothing goes down.
        held, rule = current, Rule.FAILED
    desired = min(max(held, policy.min), policy.max)
    if desired != held:
        rule = Rule.MINIMUM if desired > held else Rule.MAXIMUM
    elif asking.failed and desired == current:
        rule = Rule.FAILED
    found = ScalingDecision(
        at=now,
        current=current,
        desired=desired,
        rule=rule,
        condition=_CONDITIONS.get(rule, "DesiredWithinRange"),
        proposals=asking.proposals,
        metric=metric,
        recommended=wanted if most is not None else None,
        stabilized=held if most is not None else None,
        counterfactuals=tuple(_without(policy, asking, wanted, held, desired)),
        forecast=forecast,
    )
    return found, state


def _held(policy: PredictivePolicy, seen: Observation, state: State) -> timedelta:
    """Give how long what was asked for is kept: a hold, and until the moment that it was asked for."""
    return max(policy.hold, timedelta(seconds=lead_of(seen, state.step_seconds)))


_CONDITIONS: Final = {
    Rule.MINIMUM: "TooFewReplicas",
    Rule.MAXIMUM: "TooManyReplicas",
    Rule.FAILED: "FailedMetric",
}


def _asked(asked: tuple[Asked, ...], now: datetime, wanted: int | None, hold: timedelta) -> tuple[Asked, ...]:
    """Remember what was asked for; of what can no longer be the highest nothing is kept."""
    since = now.timestamp() - hold.total_seconds()
    kept = [each for each in asked if each.at > since and (wanted is None or each.replicas > wanted)]
    return tuple(kept) if wanted is None else (*kept, Asked(now.timestamp(), wanted))


def _without(
    policy: PredictivePolicy, asking: _Asking, wanted: int, held: int, desired: int
) -> Iterator[Counterfactual]:
    """Say what it would have been without one rule, where that makes a difference."""

    def within(replicas: int) -> int:
        return min(max(replicas, policy.min), policy.max)

    others = [
        (Rule.WINDOW, within(wanted)),
        (Rule.MINIMUM, min(held, policy.max)),
        (Rule.MAXIMUM, max(held, policy.min)),
    ]
    if asking.expected is not None and asking.expected.rule is Rule.FORECAST:
        further = [each.replicas for each in asking.proposals[1:] if each.replicas is not None]
        others.append((Rule.FORECAST, within(max([asking.expected.forecast.reactive, *further]))))
    yield from (Counterfactual(rule, replicas) for rule, replicas in others if replicas != desired)


def _as_hpa(policy: PredictivePolicy) -> HpaPolicy:
    """Give the HPA whose arithmetic further metrics follow."""
    return HpaPolicy.model_construct(min=policy.min, max=policy.max, metrics=policy.metrics)
