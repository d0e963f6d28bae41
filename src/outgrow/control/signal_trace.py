"""The past of a plan's signal as a trace: the same rooms that a backtest asks, and the same rules as for a file."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Final
from zoneinfo import ZoneInfo

from outgrow.control.check import with_derived_facts
from outgrow.control.measure import OpenSource, Progress, Round
from outgrow.control.needs import Need, spans_needed
from outgrow.errors import SourceError, UsageError
from outgrow.facts.samples import Measured, Sample
from outgrow.plan import Plan
from outgrow.plan.signals import QuerySignal
from outgrow.ports import Journal
from outgrow.quantity import parse_unit
from outgrow.simulate.recording import Gaps, Reading, Recording, Row, recording_of

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_ENOUGH: Final = 0.5
"""The share of a signal's moments below which it was read more rarely than it says."""


@dataclass(frozen=True, slots=True)
class SignalPast:
    """A signal, the span asked for, and what is done about moments without a value."""

    signal: str
    start: datetime
    end: datetime
    gaps: Gaps = "refuse"


async def signal_samples(
    plan: Plan,
    wanted: SignalPast,
    sources: Mapping[str, OpenSource | SourceError],
    journal: Journal | None,
    now: datetime,
    *,
    progress: Progress | None = None,
) -> tuple[Sample, ...]:
    """Ask for the samples of a signal's span, one every interval of the signal.

    Raises:
        SourceError: its source cannot be read, or has no past.
        UsageError: the plan has no such signal, or it has several series.
    """
    name = wanted.signal
    if name not in plan.signals:
        raise UsageError(f'no signal is called "{name}"; the signals are {", ".join(plan.signals) or "none"}')
    needed: dict[str, Need] = {}
    for below, span in spans_needed(plan, [name], timedelta(0)).items():
        signal = plan.signals[below]
        if isinstance(signal, QuerySignal):
            needed[below] = Need(wanted.end - wanted.start + span, signal.every)
    asked = Round(plan, sources, journal, now, past_of=wanted.end, progress=progress)
    read, _ = await asked.read(needed)
    for below in needed:
        failure, no_past = read[below].failure, read[below].no_past
        if failure is not None:
            raise SourceError(failure.failure, f"signals.{below}: {failure.what}", failure.remedy)
        if no_past and not read[below].series:
            raise UsageError(f"{below} has no past to replay: {no_past}; record it, or give a file: --trace FILE")
    series = with_derived_facts(plan, (name,), read)[name].series
    if len(series) != 1:
        found = "no value" if not series else f"{len(series)} series"
        raise UsageError(f"{name} gave {found} in that span; a trace is one series: sum it up in the query")
    return tuple(each for each in next(iter(series.values())) if wanted.start <= each.at <= wanted.end)


def on_grid(samples: Sequence[Sample], every: timedelta) -> Sequence[tuple[datetime, Sample]]:
    """Give each moment of a grid the sample nearest to it, one with a value first.

    A source is asked for the past at multiples of `every`, but a check or a scaling loop reads at any moment, and both
    stand in the same journal. Where reading was rarer than `every`, the grid is as wide as most distances are.

    Args:
        samples: in time order.
        every: the signal's interval.
    """
    step = every
    if samples and len(samples) < _ENOUGH * (samples[-1].at - samples[0].at) / every:
        apart = Counter(round((after.at - before.at).total_seconds()) for before, after in pairwise(samples))
        step = max(every, timedelta(seconds=max(apart, key=lambda each: (apart[each], -each))))
    chosen: dict[datetime, Sample] = {}
    for sample in samples:
        at = _EPOCH + round((sample.at - _EPOCH) / step) * step
        best = chosen.get(at)
        if best is None or _order(sample, at) < _order(best, at):
            chosen[at] = sample
    return tuple(chosen.items())


def _order(sample: Sample, at: datetime) -> tuple[bool, timedelta]:
    return not isinstance(sample, Measured), abs(sample.at - at)


async def signal_recording(
    plan: Plan,
    wanted: SignalPast,
    sources: Mapping[str, OpenSource | SourceError],
    journal: Journal | None,
    now: datetime,
    *,
    progress: Progress | None = None,
) -> Recording:
    """Make a trace of a signal's past; its unit has to be a rate, such as rps or per minute.

    Raises:
        SourceError, UsageError: as `signal_samples`; or the unit is no rate, or a gap is refused.
    """
    samples = await signal_samples(plan, wanted, sources, journal, now, progress=progress)
    unit, rps = parse_unit(plan.signals[wanted.signal].unit), parse_unit("rps")
    if not unit.comparable_with(rps):
        raise UsageError(
            f'{wanted.signal} is in "{unit.name or "no unit"}"; a trace is a rate: give the signal a unit such as rps'
        )
    zone = ZoneInfo(plan.timezone)
    rows = [
        Row(
            f"{wanted.signal} at {at.astimezone(zone).isoformat()}",
            at,
            unit.convert(each.value, rps) if isinstance(each, Measured) else None,
        )
        for at, each in on_grid(samples, plan.signals[wanted.signal].every)
    ]
    return recording_of(rows, wanted.signal, Reading(ZoneInfo("UTC"), wanted.gaps, "rate"))
