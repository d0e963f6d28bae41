"""What a rehearsal is set in: facts of the service out of plan, journal and command line, and the trace on its grid."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from math import ceil
from typing import Final

from outgrow.autoscale.caps import pool_room
from outgrow.errors import UsageError
from outgrow.facts.capacities import newest_capacity
from outgrow.facts.decisions import Event, EventKind
from outgrow.plan import Plan
from outgrow.plan.services import Service
from outgrow.plan.sources import zone_of
from outgrow.quantity import counted, format_duration
from outgrow.simulate.appraisal import Terms
from outgrow.simulate.recording import Recording
from outgrow.simulate.rehearsal import Setting
from outgrow.simulate.service import ServiceModel
from outgrow.simulate.trace import Trace

_USUAL_STEP: Final = 15
"""Seconds between two decisions: the sync period of the HorizontalPodAutoscaler."""
_DRAWN_ABOVE: Final = 60
_HOUR: Final = 3600
_MINUTE: Final = 60
_FEWEST_DECISIONS, _FEWEST_STARTS = 10, 3
"""What is scored holds at least so many decisions, and lasts as long as so many starts; else it says nothing."""
_NEWEST_STARTS: Final = 20


@dataclass(frozen=True, slots=True)
class Wishes:
    """What was asked for beside the plan; None leaves it to the plan, the journal or the trace."""

    capacity: float | None = None
    start_up: timedelta | None = None
    step: timedelta | None = None
    metric_lag: timedelta | None = None
    scrape: timedelta | None = None
    warm_up: timedelta | None = None
    objective: timedelta | None = None
    billing: timedelta = timedelta(seconds=1)
    price_per_hour: float | None = None
    scale: float = 1.0
    level_steps: bool = False


def setting_for(
    name: str, plan: Plan, recording: Recording, wishes: Wishes, events: Sequence[Event]
) -> tuple[Setting, tuple[str, ...]]:
    """Put a service and a trace together; give a sentence for everything that was not written down.

    Raises:
        UsageError: neither plan nor journal say what a replica carries or how long it takes to start.
    """
    service = plan.services[name]
    notes = list(recording.notes)
    scaled = recording.trace.times(wishes.scale)
    trace, step = _on_grid(scaled, wishes, notes)
    capacity, start_up = _capacity(name, plan, wishes, events), _start_up(name, service, wishes, events)
    if capacity is None or start_up is None:
        raise UsageError("\n".join(facts_lacking(name, plan, wishes, events)))
    notes += [said for _, said in (capacity, start_up) if said]
    lag = timedelta(seconds=step) if wishes.metric_lag is None else wishes.metric_lag
    model = ServiceModel(
        capacity[0],
        _whole_steps(start_up[0], step, "a replica is taken to start in", notes),
        step,
        _whole_steps(lag, step, "the metric is taken to be old by", notes),
        None,
        _whole_steps(wishes.scrape or timedelta(0), step, "the metric is taken to be measured every", notes),
        service.price_per_hour if wishes.price_per_hour is None else wishes.price_per_hour,
        pool_room(plan.services, name),
        plan.timezone,
    )
    terms = Terms(
        _warm_up(trace, wishes, notes),
        None if wishes.objective is None else wishes.objective.total_seconds(),
        max(1, round(wishes.billing.total_seconds())),
        model.price_per_hour,
        service.spot_price_per_hour,
    )
    notes += _too_short(trace.seconds - terms.warm_up_seconds, model)
    recorded = scaled.recorded(recording.missing)
    units = {each: signal.unit for each, signal in plan.signals.items()}
    return Setting(model, trace, terms, recorded=recorded, units=units), tuple(notes)


def facts_lacking(name: str, plan: Plan, wishes: Wishes, events: Sequence[Event]) -> list[str]:
    """Give a sentence, with its remedy, for each fact of a service that nobody knows."""
    lacking: list[str] = []
    service = plan.services[name]
    if _capacity(name, plan, wishes, events) is None:
        lacking.append(
            f"services.{name}: what one replica carries is not known; write capacity: 50, measure it with "
            "outgrow load knee, or say --capacity 50"
        )
    if _start_up(name, service, wishes, events) is None:
        lacking.append(
            f"services.{name}: how long a replica takes to start is not known; write start_up: 60s, let outgrow scale "
            "measure it, or say --start-up 60s"
        )
    return lacking


def _on_grid(trace: Trace, wishes: Wishes, notes: list[str]) -> tuple[Trace, int]:
    """Bring a trace onto the grid of the decisions; give it with the seconds between two of them."""
    interval = trace.interval_seconds
    if interval > _DRAWN_ABOVE and interval % _DRAWN_ABOVE == 0 and not wishes.level_steps:
        notes.append(f"intervals of {interval} s are drawn along straight lines, a minute at a time")
        trace, interval = trace.drawn_finer(_DRAWN_ABOVE), _DRAWN_ABOVE
    wanted = _USUAL_STEP if wishes.step is None else max(1, round(wishes.step.total_seconds()))
    if wanted % interval == 0:
        if wanted == interval:
            return trace, wanted
        spans = f"{_spoken(interval)} is averaged over steps of {_spoken(wanted)}"
        notes.append(f"traffic of every {spans}: peaks between two decisions are lost")
        return trace.coarser(wanted), wanted
    if wishes.step is not None and interval % wanted:
        raise UsageError(f"a step of {wanted} s does not fit intervals of {interval} s; choose a divisor or a multiple")
    # The longest divisor of the interval that is no longer than what is usual.
    return trace, next(each for each in range(min(wanted, interval), 0, -1) if interval % each == 0)


def _capacity(name: str, plan: Plan, wishes: Wishes, events: Sequence[Event]) -> tuple[float, str] | None:
    """Give what a replica carries, with a sentence where that was measured; None where nobody knows."""
    stated = plan.services[name].capacity if wishes.capacity is None else wishes.capacity
    if stated is not None:
        return float(stated), ""
    newest = newest_capacity(events, name)
    if newest is None:
        return None
    day = newest.at.astimezone(zone_of(plan.timezone)).date()
    rate = newest.per_instance
    if newest.at_least:
        return rate, f"a replica carries at least {rate:g} requests/s: the search of {day} ended before its knee"
    return rate, f"a replica carries {rate:g} requests/s, as measured on {day}"


def _start_up(name: str, service: Service, wishes: Wishes, events: Sequence[Event]) -> tuple[timedelta, str] | None:
    """Give how long a replica takes to start, with a sentence where that was measured; None where nobody knows."""
    stated = service.start_up if wishes.start_up is None else wishes.start_up
    if stated is not None:
        return stated, ""
    started = [
        (each.start, each.end - each.start)
        for each in events
        if each.kind is EventKind.START_UP and each.subject == name and each.end is not None
    ]
    if not started:
        return None
    spans = sorted(span for _, span in sorted(started)[-_NEWEST_STARTS:])
    # The 90th percentile: a start that is waited for is better taken as slow.
    chosen = spans[min(len(spans) - 1, ceil(0.9 * len(spans)) - 1)]
    said = f"a replica starts in {chosen.total_seconds():g} s, the 90th percentile of {len(spans)} measured"
    return chosen, said


def _warm_up(trace: Trace, wishes: Wishes, notes: list[str]) -> int:
    """Give the wished warm-up, else a seventh of the trace and at most a day."""
    if wishes.warm_up is not None:
        return round(wishes.warm_up.total_seconds())
    seconds = min(86_400, trace.seconds // 7 // trace.interval_seconds * trace.interval_seconds)
    if not seconds:
        return 0
    length = f"{seconds / _HOUR:.3g} h" if seconds >= _HOUR else f"{seconds / 60:.3g} min"
    if seconds < _MINUTE:
        length = f"{seconds} s"
    notes.append(f"the first {length} are warm-up and not scored (--warm-up)")
    return seconds


def _too_short(scored: float, model: ServiceModel) -> list[str]:
    """Say where what is scored holds so few decisions and starts that no policy shows there what it does."""
    if scored <= 0 or scored >= max(_FEWEST_DECISIONS * model.step_seconds, _FEWEST_STARTS * model.start_up_seconds):
        return []
    decisions = int(scored // model.step_seconds)
    return [
        (
            f"the trace is too short to judge a policy: the scored {_spoken(scored)} hold "
            f"{counted(decisions, 'decision')}, and a replica starts in {_spoken(model.start_up_seconds)}"
        )
    ]


def _whole_steps(span: timedelta, step: int, taken: str, notes: list[str]) -> int:
    """Round up to whole steps, and say so where it makes a difference."""
    seconds = span.total_seconds()
    whole = ceil(seconds / step) * step
    if whole != seconds:
        rounded = f"{_spoken(seconds)} rounded up to whole steps of {_spoken(step)}"
        notes.append(f"{taken} {_spoken(whole)}: {rounded} (--step)")
    return whole


def _spoken(seconds: float) -> str:
    return format_duration(timedelta(seconds=seconds))
