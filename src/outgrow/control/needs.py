"""How much of each signal's past a plan's conditions and forecasts need."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta

from outgrow.decide.derived import input_lookback
from outgrow.decide.terms import lookback
from outgrow.plan import Plan
from outgrow.plan.checkpoints import Condition
from outgrow.plan.signals import DerivedSignal, QuerySignal, inputs_of

# What is looked at in the least, so that "since when" and the trend of the last hours can be shown.
_GLANCE = timedelta(hours=6)
_POINTS_A_DAY = 96
_LONGEST_STEP = timedelta(hours=6)


@dataclass(frozen=True, slots=True)
class Need:
    """The past of one query signal: the `recent` span every `recent_step`, and `history` every sparser `step`."""

    recent: timedelta
    recent_step: timedelta
    history: timedelta = timedelta(0)
    step: timedelta = timedelta(days=1)


def conditions_of(plan: Plan) -> Iterator[Condition]:
    """Give every condition of the plan, of checkpoints and alerts."""
    for checkpoint in plan.checkpoints.values():
        yield from checkpoint.conditions.values()
    for alert in plan.alerts.values():
        yield alert.condition


def needs(plan: Plan, names: Iterable[str], history: timedelta, *, charts: bool = False) -> Mapping[str, Need]:
    """Say how much of the past each query signal among `names`, and behind the derived ones, is asked for.

    `history` is the span that forecasts want (zero for none). With `charts` signals that nothing is forecast of have it
    too; a thousand of them would take minutes that a check has no use for. The sparse step is half the query's window,
    so that every event is seen, but at least a quarter of an hour and at most six: however long the window, a day's
    level wants several points of that day. A condition's `for` needs three points inside it.
    """
    recent = spans_needed(plan, names, _GLANCE)
    sustained: dict[str, timedelta] = {}
    for condition in conditions_of(plan):
        if condition.signal not in recent:
            continue
        if condition.sustained_for:
            for each in query_signals_behind(plan.signals, condition.signal):
                sustained[each] = min(sustained.get(each, condition.sustained_for), condition.sustained_for)
    forecast = {
        below
        for checkpoint in plan.checkpoints.values()
        for condition in checkpoint.conditions.values()
        for below in query_signals_behind(plan.signals, condition.signal)
    }
    found: dict[str, Need] = {}
    for name, span in recent.items():
        signal = plan.signals[name]
        if isinstance(signal, QuerySignal):
            long = history if charts or name in forecast else timedelta(0)
            found[name] = Need(span, signal.every, long, _sparse_step(signal, sustained.get(name)))
    return found


def spans_needed(plan: Plan, names: Iterable[str], at_least: timedelta) -> dict[str, timedelta]:
    """Say how far back each signal among `names`, and behind the derived ones, is looked at, in the least."""
    spans: dict[str, timedelta] = {}
    for name in names:
        _raise(spans, plan.signals, name, at_least)
    for condition in conditions_of(plan):
        if condition.signal in spans:
            need = lookback(condition, plan.signals[condition.signal].every)
            _raise(spans, plan.signals, condition.signal, need)
    return spans


def _sparse_step(signal: QuerySignal, sustained: timedelta | None) -> timedelta:
    half = min((signal.window or timedelta(0)) / 2, _LONGEST_STEP)
    step = max(signal.every, timedelta(days=1) / _POINTS_A_DAY, half)
    return step if sustained is None else max(signal.every, min(step, sustained / 2))


def query_signals_behind(signals: Mapping[str, QuerySignal | DerivedSignal], name: str) -> Iterator[str]:
    """Name the query signals that a signal stands on; itself when it is one."""
    below = inputs_of(signals[name])
    if not below:
        yield name
    for each in below:
        yield from query_signals_behind(signals, each)


def _raise(
    spans: dict[str, timedelta], signals: Mapping[str, QuerySignal | DerivedSignal], name: str, span: timedelta
) -> None:
    spans[name] = max(spans.get(name, timedelta(0)), span)
    signal = signals[name]
    if not isinstance(signal, QuerySignal):
        for each in inputs_of(signal):
            _raise(spans, signals, each, span + input_lookback(signal, signals))
