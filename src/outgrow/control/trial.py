"""`validate --live`: try every signal once, and let each source say what it is and what rights we have."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from time import monotonic

import anyio

from outgrow.control.check import with_derived_facts
from outgrow.control.measure import OpenSource, Progress, Round, bounded
from outgrow.control.needs import Need, query_signals_behind
from outgrow.errors import SourceError
from outgrow.facts.checks import Measurement, SourceFacts
from outgrow.plan import Plan
from outgrow.plan.secrets import redacted
from outgrow.ports import Inspection


async def try_signals(
    plan: Plan,
    sources: Mapping[str, OpenSource | SourceError],
    now: datetime,
    *,
    progress: Progress | None = None,
) -> Measurement:
    """Read every signal once, now, remembering nothing; inspect every source beside it."""
    began = monotonic()
    needed = {
        below: Need(timedelta(0), plan.signals[below].every)
        for name in plan.signals
        for below in query_signals_behind(plan.signals, name)
    }
    inspections: dict[str, Inspection | SourceError] = {}
    asked = Round(plan, sources, None, now, progress=progress)

    async def inspect(name: str, opened: OpenSource | SourceError) -> None:
        inspections[name] = await _inspection(opened)

    async with anyio.create_task_group() as tasks:
        for name, opened in sources.items():
            tasks.start_soon(inspect, name, opened)
    read, facts = await asked.read(needed)
    with_notes = {
        name: _inspected(name, plan.sources[name].kind, facts.get(name), found, sources[name])
        for name, found in inspections.items()
    }
    signals = with_derived_facts(plan, tuple(plan.signals), read)
    return Measurement(now, signals, with_notes, timedelta(seconds=monotonic() - began))


async def _inspection(opened: OpenSource | SourceError) -> Inspection | SourceError:
    if isinstance(opened, SourceError):
        return opened
    try:
        return await bounded(opened.timeout * 2, opened.adapter.inspect)
    except SourceError as error:
        return error


def _inspected(
    name: str,
    kind: str,
    facts: SourceFacts | None,
    found: Inspection | SourceError,
    opened: OpenSource | SourceError,
) -> SourceFacts:
    before = facts or SourceFacts(name, kind, 0, (), timedelta(0))
    if isinstance(found, SourceError):
        secrets = opened.secrets if isinstance(opened, OpenSource) else ()
        failure = redacted(str(found), secrets)
        return replace(before, failures=tuple(dict.fromkeys((failure, *before.failures))))
    return replace(
        before, version=found.version, clock_skew=found.clock_skew, warnings=found.warnings, notes=found.notes
    )
