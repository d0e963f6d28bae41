"""A backtest: ask the sources for a past span, and say when each verdict would have changed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import TYPE_CHECKING

from outgrow.control.check import with_derived_facts
from outgrow.control.grid import grid
from outgrow.control.measure import OpenSource, Progress, Round
from outgrow.control.needs import Need, spans_needed
from outgrow.control.own_load import own_load
from outgrow.control.past_cost import past_cost
from outgrow.decide.checkpoints import case_of
from outgrow.decide.spans import spans_of
from outgrow.decide.timeline import timeline
from outgrow.errors import RefusedError, SourceError
from outgrow.facts.backtests import BacktestFacts
from outgrow.plan import Plan
from outgrow.plan.signals import QuerySignal
from outgrow.ports import Journal
from outgrow.quantity import format_duration

if TYPE_CHECKING:
    from outgrow.facts.verdicts import CheckpointVerdict

_NICE_STEPS = tuple(timedelta(minutes=minutes) for minutes in (1, 2, 5, 10, 15, 30, 60, 120, 240, 720, 1440))


@dataclass(frozen=True, slots=True)
class BacktestRequest:
    """What is tested: the span, optionally a coarser step, and how long each source may be kept busy."""

    plan: Plan
    start: datetime
    end: datetime
    step: timedelta | None = None
    budget: timedelta = timedelta(seconds=60)
    checkpoints: tuple[str, ...] = ()


async def run_backtest(
    request: BacktestRequest,
    sources: Mapping[str, OpenSource | SourceError],
    journal: Journal | None,
    now: datetime,
    *,
    progress: Progress | None = None,
) -> BacktestFacts:
    """Judge every moment of a span as it would have been judged then.

    Raises:
        RefusedError: asking would keep a source busy for longer than the budget; the message names a step that fits.
    """
    plan = request.plan
    wanted = {n: c for n, c in plan.checkpoints.items() if not request.checkpoints or n in request.checkpoints}
    names = tuple(dict.fromkeys(each.signal for one in wanted.values() for each in one.conditions.values()))
    spans = spans_needed(plan, names, timedelta(0))
    needed: dict[str, Need] = {}
    for name, span in spans.items():
        signal = plan.signals[name]
        if isinstance(signal, QuerySignal):
            needed[name] = Need(request.end - request.start + span, _step(signal, request.step))
    estimate = await _estimate(plan, needed, sources, request, now)
    asked = Round(plan, sources, journal, now, past_of=request.end, progress=progress)
    read, source_facts = await asked.read(needed)
    signals = with_derived_facts(plan, names, read)
    events = await own_load(journal, request.start - max(spans.values(), default=timedelta(0)), request.end)
    steps = {name: need.recent_step for name, need in needed.items()}
    changes: dict[str, tuple[CheckpointVerdict, ...]] = {}
    for name, checkpoint in wanted.items():
        case = case_of(name, checkpoint, plan.signals, steps=steps)
        below = [plan.signals[each.signal] for each in checkpoint.conditions.values()]
        step = request.step or min((each.every for each in below), default=timedelta(minutes=1))
        series = {each.signal: signals[each.signal].series for each in checkpoint.conditions.values()}
        instants = grid(request.start, request.end, step)
        changes[name] = tuple(verdict for _, verdict in timeline(case, series, instants, spans_of(events, request.end)))
    return BacktestFacts(request.start, request.end, steps, changes, signals, source_facts, estimate)


def _step(signal: QuerySignal, asked: timedelta | None) -> timedelta:
    """A sixtieth of the window loses nothing of what the window shows; asking more often only costs."""
    return max(signal.every, asked or timedelta(0), (signal.window or timedelta(0)) / 60)


async def _estimate(
    plan: Plan,
    needed: Mapping[str, Need],
    sources: Mapping[str, OpenSource | SourceError],
    request: BacktestRequest,
    now: datetime,
) -> Mapping[str, timedelta]:
    """Time a few instants of every signal, and refuse when the whole would take longer than the budget."""
    cost: dict[str, timedelta] = {}
    for name, need in needed.items():
        signal = plan.signals[name]
        if not isinstance(signal, QuerySignal):
            continue
        opened = sources[signal.source]
        if isinstance(opened, SourceError) or opened.adapter.answers_past(signal):
            continue
        instants = list(grid(request.end - need.recent, request.end, need.recent_step))
        try:
            alone = await past_cost(opened.adapter, signal, instants, now)
        except SourceError:
            continue  # the round itself words the failure
        cost[signal.source] = cost.get(signal.source, timedelta(0)) + alone
    for source, whole in cost.items():
        if whole > request.budget:
            longest = max(need.recent_step for name, need in needed.items())
            step = _nice(longest * ceil(whole / request.budget))
            raise RefusedError(
                f"{source}: the backtest would keep it busy for about {format_duration(_rounded(whole))}, "
                f"the budget is {format_duration(request.budget)}; "
                f"ask less often with --step {format_duration(step)}, or allow more with --budget"
            )
    return cost


def _nice(step: timedelta) -> timedelta:
    return next((each for each in _NICE_STEPS if each >= step), timedelta(days=ceil(step / timedelta(days=1))))


def _rounded(span: timedelta) -> timedelta:
    return timedelta(seconds=ceil(span.total_seconds()))
