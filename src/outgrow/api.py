"""The Python API: `load_plan`, and `check` as one call that opens, measures, judges and closes."""

import os
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import anyio

from outgrow.control.measure import OpenSource, Progress
from outgrow.control.own_load import own_load
from outgrow.decide.spans import closed, is_open
from outgrow.errors import ActuatorError, RefusedError, SourceError, UsageError
from outgrow.facts.checks import CheckFacts, Measurement
from outgrow.facts.decisions import Decision, Event, EventKind
from outgrow.facts.samples import Sample
from outgrow.plan import Plan
from outgrow.plan.run_targets import DryRunTarget
from outgrow.plan.secrets import redacted, resolve
from outgrow.ports import Actuator, Journal
from outgrow.quantity import Duration
from outgrow.wiring import SYSTEM_CLOCK, open_actuator, open_journal, open_sources, read_plan

# What one command needs and another does not is imported where it is called: a load test then takes 20 MB less.
if TYPE_CHECKING:
    from outgrow.control.backtest import BacktestRequest
    from outgrow.control.load_test import Watched
    from outgrow.control.replay import Replay
    from outgrow.control.scale_view import ScaleRequest, ScaleTold, ScaleView
    from outgrow.control.scaling_records import Mode, Repeated
    from outgrow.control.signal_trace import SignalPast
    from outgrow.decide.gates import Gate
    from outgrow.facts.backtests import BacktestFacts
    from outgrow.facts.loads import LoadFacts
    from outgrow.loadtest.engine import Told
    from outgrow.loadtest.lines import StartLines
    from outgrow.plan.scenarios import Scenario
    from outgrow.simulate.recording import Recording

HISTORY = timedelta(days=60)
_CLOSING_SECONDS = 5


def load_plan(path: str | os.PathLike[str]) -> Plan:
    """Read and validate a plan file, with the files it includes.

    Raises:
        outgrow.errors.PlanError: with every problem found, each at its place.
    """
    return read_plan(path).plan


async def check(plan: Plan, *, base: str | os.PathLike[str] = ".", journal: bool = False) -> CheckFacts:
    """Measure a plan's signals now, judge its checkpoints and forecast their crossings.

    Args:
        plan: from `load_plan`.
        base: the folder that relative paths in the plan start from.
        journal: whether samples and decisions are kept in the plan's journal, and earlier ones used.

    Returns:
        Samples, verdicts and forecasts. A source that fails leaves its signals without a value and with the reason.
    """
    return await check_plan(plan, base=Path(base), environment=os.environ, journal=journal)


@asynccontextmanager
async def opened(
    plan: Plan, base: Path, environment: Mapping[str, str], *, journal: bool
) -> AsyncGenerator[tuple[Mapping[str, OpenSource | SourceError], Journal | None]]:
    """Open what a plan names, sources and (if wanted) the journal, and close everything at the end."""
    sources = open_sources(plan, environment, base)
    kept: Journal | None = None
    try:
        kept = await open_journal(plan.journal, environment, base) if journal else None
        yield sources, kept
    finally:
        with anyio.CancelScope(shield=True), anyio.move_on_after(_CLOSING_SECONDS):
            for source in sources.values():
                if isinstance(source, OpenSource):
                    await source.adapter.aclose()
            if kept is not None:
                await kept.aclose()


async def check_plan(  # noqa: PLR0913 (each is an independent choice, named at every call)
    plan: Plan,
    *,
    base: Path,
    environment: Mapping[str, str],
    at: datetime | None = None,
    checkpoints: Sequence[str] = (),
    history: timedelta = HISTORY,
    charts: bool = False,
    journal: bool = True,
    progress: Progress | None = None,
) -> CheckFacts:
    """Check a plan with full control over where it looks and what it remembers."""
    from outgrow.control.check import CheckRequest, run_check  # noqa: PLC0415
    from outgrow.report.check_json import verdict_document  # noqa: PLC0415

    request = CheckRequest(plan, at=at, history=history, checkpoints=tuple(checkpoints), charts=charts)
    now = SYSTEM_CLOCK.now()
    async with opened(plan, base, environment, journal=journal) as (sources, kept):
        facts = await run_check(request, sources, kept, now, evidence=verdict_document, progress=progress)
        if kept is None:
            return facts
        await kept.compact(now)
        return replace(facts, journal=redacted(resolve(plan.journal.url, environment), ()))


async def backtest_plan(
    request: "BacktestRequest",
    *,
    base: Path,
    environment: Mapping[str, str],
    journal: bool = True,
    progress: Progress | None = None,
) -> "BacktestFacts":
    """Judge a past span as it would have been judged then."""
    from outgrow.control.backtest import run_backtest  # noqa: PLC0415

    async with opened(request.plan, base, environment, journal=journal) as (sources, kept):
        return await run_backtest(request, sources, kept, SYSTEM_CLOCK.now(), progress=progress)


async def try_plan(
    plan: Plan, *, base: Path, environment: Mapping[str, str], progress: Progress | None = None
) -> Measurement:
    """Try every signal once and inspect every source; nothing is remembered."""
    from outgrow.control.trial import try_signals  # noqa: PLC0415

    async with opened(plan, base, environment, journal=False) as (sources, _):
        return await try_signals(plan, sources, SYSTEM_CLOCK.now(), progress=progress)


async def load_test(  # noqa: PLR0913 (each is an independent choice, named at every call)
    plan: Plan,
    name: str,
    scenario: "Scenario",
    *,
    base: Path,
    environment: Mapping[str, str],
    told: "Told",
    watched: "Watched | None" = None,
    lines: "StartLines | None" = None,
    goals: "Sequence[Gate]" = (),
) -> "LoadFacts":
    """Send a scenario's load, and read the signals that it watches meanwhile.

    `lines` start processes elsewhere; `goals` of a phase that it is to prove are followed as its thresholds are.
    """
    # Imported here, for a check needs no load generator and starts faster without.
    from outgrow.control.load_test import run_load_test, sources_watched  # noqa: PLC0415

    wanted = sources_watched(plan, scenario)
    sources = {each: options for each, options in plan.sources.items() if each in wanted}
    limited = plan.model_copy(update={"sources": sources})
    async with opened(limited, base, environment, journal=False) as (read, _):
        return await run_load_test(
            plan, name, scenario, read, environment, SYSTEM_CLOCK, told, base, watched, lines, goals
        )


async def recorded_signal(
    plan: Plan, wanted: "SignalPast", *, base: Path, environment: Mapping[str, str], progress: Progress | None = None
) -> "Recording":
    """Make a trace of a signal's past, to be rehearsed on."""
    from outgrow.control.signal_trace import signal_recording  # noqa: PLC0415

    async with opened(plan, base, environment, journal=True) as (sources, kept):
        return await signal_recording(plan, wanted, sources, kept, SYSTEM_CLOCK.now(), progress=progress)


async def samples_of_signal(
    plan: Plan, wanted: "SignalPast", *, base: Path, environment: Mapping[str, str], progress: Progress | None = None
) -> Sequence[Sample]:
    """Give the samples of a signal's past."""
    from outgrow.control.signal_trace import signal_samples  # noqa: PLC0415

    async with opened(plan, base, environment, journal=True) as (sources, kept):
        return await signal_samples(plan, wanted, sources, kept, SYSTEM_CLOCK.now(), progress=progress)


async def append_event(plan: Plan, event: Event, *, base: Path, environment: Mapping[str, str]) -> None:
    """Write an event into the plan's journal."""
    async with journal_of(plan, base, environment) as kept:
        await kept.append_event(event)


async def close_events(
    plan: Plan,
    kind: EventKind,
    subject: str,
    end: datetime,
    now: datetime,
    *,
    base: Path,
    environment: Mapping[str, str],
) -> Sequence[Event]:
    """End the spans of own load that are open at `end`, of a kind and (where one is given) a subject; give them."""
    async with journal_of(plan, base, environment) as kept:
        found = [
            event
            for event in await own_load(kept, end, end)
            if is_open(event) and event.kind is kind and (not subject or event.subject == subject)
        ]
        for event in found:
            await kept.append_event(replace(event, end=end, recorded_at=now))
        return found


async def remembered_decisions(
    plan: Plan, span: tuple[datetime, datetime], checkpoint: str | None, *, base: Path, environment: Mapping[str, str]
) -> Sequence[Decision]:
    """Give the decisions of a span as they were given."""
    async with journal_of(plan, base, environment) as kept:
        return await kept.decisions(checkpoint=checkpoint, start=span[0], end=span[1])


async def remembered_events(
    plan: Plan, span: tuple[datetime, datetime], *, base: Path, environment: Mapping[str, str]
) -> Sequence[Event]:
    """Give the events that touch a span, those still open among them, however long ago they began."""
    async with journal_of(plan, base, environment) as kept:
        begun_before = [each for each in await own_load(kept, span[0], span[1]) if each.start < span[0]]
        inside = [each for each in closed(await kept.events(start=span[0], end=span[1])) if each not in begun_before]
        return (*begun_before, *inside)


async def remembered_measurements(plan: Plan, *, base: Path, environment: Mapping[str, str]) -> Sequence[Event]:
    """Give every capacity and start-up that was measured, oldest first."""
    async with journal_of(plan, base, environment) as kept:
        return await kept.events(kinds=(EventKind.CAPACITY, EventKind.START_UP))


async def remembered_proofs(plan: Plan, *, base: Path, environment: Mapping[str, str]) -> Sequence[Event]:
    """Give every proof of the roadmap, and the deployments that put one out of date, oldest first."""
    async with journal_of(plan, base, environment) as kept:
        return await kept.events(kinds=(EventKind.PROOF, EventKind.DEPLOYMENT))


async def replayed_decisions(
    plan: Plan, span: tuple[datetime, datetime], checkpoint: str | None, *, base: Path, environment: Mapping[str, str]
) -> Sequence["Replay"]:
    """Judge the decisions of a span again from the samples that were known then."""
    from outgrow.control.replay import replay_decisions  # noqa: PLC0415

    async with journal_of(plan, base, environment) as kept:
        decisions = await kept.decisions(checkpoint=checkpoint, start=span[0], end=span[1])
        return await replay_decisions(plan, decisions, kept)


async def scale_service(
    request: "ScaleRequest",
    *,
    base: Path,
    environment: Mapping[str, str],
    told: "ScaleTold" = lambda _: None,
    stop: anyio.Event | None = None,
) -> "ScaleView":
    """Scale one service by its policy until `stop` is set or the request's time is over; give the last view.

    Raises:
        UsageError: the service has no policy, or nothing says where its replicas run.
        RefusedError: another loop scales it.
        ActuatorError: the run target cannot be used as it is written.
    """
    from outgrow.control.scale import ScaleLoop  # noqa: PLC0415

    async with opened(request.plan, base, environment, journal=True) as (sources, kept):
        if kept is None:
            raise UsageError("scaling needs a journal")
        actuator, trouble = await _actuator_for(request, kept, base, environment)
        try:
            loop = ScaleLoop(request, sources, kept, actuator, SYSTEM_CLOCK, told, stop or anyio.Event(), trouble)
            return await loop.run()
        finally:
            with anyio.CancelScope(shield=True), anyio.move_on_after(_CLOSING_SECONDS):
                await actuator.aclose()


async def _actuator_for(
    request: "ScaleRequest", journal: Journal, base: Path, environment: Mapping[str, str]
) -> tuple[Actuator, str]:
    """Open the service's actuator; for a dry run one that is imagined, with as many replicas as there are.

    The imagined take as long to start as the plan says, else as was measured of real ones.

    Returns:
        The actuator, and what went wrong where nobody could say how many there are.
    """
    from outgrow.control.scaling_records import Mode  # noqa: PLC0415

    target, policy = request.declared.runs_on, request.policy
    if target is None and request.mode is not Mode.DRY_RUN:
        raise UsageError(f"services.{request.service} has no runs_on; say where its replicas run, or use --dry-run")
    ordered, trouble = policy.min, ""
    if target is not None:
        actuator = open_actuator(request.service, target, environment, base, at_first=policy.min)
        if request.mode is not Mode.DRY_RUN:
            return actuator, ""
        try:
            ordered = (await actuator.replicas()).ordered
        except ActuatorError as error:
            trouble = f"looking at the replicas failed, so the policy's minimum of {ordered} is imagined: {error}"
        finally:
            await actuator.aclose()
    imagined = DryRunTarget(kind="dry_run", replicas=ordered, start_up=await _start_up_of(request, journal))
    return open_actuator(request.service, imagined, environment, base), trouble


async def _start_up_of(request: "ScaleRequest", journal: Journal) -> Duration:
    """Give how long a replica takes to start: as the plan says, else as measured, else no time."""
    from outgrow.control.start_ups import lead_of, start_ups_of  # noqa: PLC0415

    if request.declared.start_up is not None:
        return request.declared.start_up
    measured = lead_of(await start_ups_of(journal, request.service, SYSTEM_CLOCK.now()))
    return Duration.of(measured or timedelta(0))


async def end_replicas(
    plan: Plan, service: str, *, base: Path, environment: Mapping[str, str], told: Callable[[str], None]
) -> None:
    """Drain and end every replica of a service, and what outgrow itself put before them; needs no policy.

    Raises:
        UsageError: nothing says where its replicas run.
        RefusedError: a loop scales it.
        ActuatorError: they cannot be ended.
    """
    from outgrow.control.scale_end import end_all  # noqa: PLC0415

    target = plan.services[service].runs_on
    if target is None:
        raise UsageError(f"services.{service} has no runs_on; nothing can be ended")
    async with journal_of(plan, base, environment) as kept:
        lease = await kept.lease(f"scale {service}")
        if lease is None:
            raise RefusedError(f"an outgrow scales {service}; end that one first")
        actuator = open_actuator(service, target, environment, base)
        try:
            await end_all(actuator, told)
        finally:
            with anyio.CancelScope(shield=True), anyio.move_on_after(_CLOSING_SECONDS):
                await actuator.aclose()
                await lease.release()


async def repeated_scaling(
    plan: Plan,
    service: str,
    span: tuple[datetime, datetime],
    mode: "Mode",
    *,
    base: Path,
    environment: Mapping[str, str],
) -> Sequence["Repeated"]:
    """Decide again what was decided in a span, from the same observations; see `Repeated.is_same`."""
    from outgrow.control.scale_view import ScaleRequest  # noqa: PLC0415
    from outgrow.control.scaling_records import repeated, scaling_events, steps_in  # noqa: PLC0415

    policy = ScaleRequest(plan, service).policy
    async with journal_of(plan, base, environment) as kept:
        events = await scaling_events(kept, service, mode, *span)
        return repeated(policy, steps_in(events, service, mode))


@asynccontextmanager
async def journal_of(plan: Plan, base: Path, environment: Mapping[str, str]) -> AsyncGenerator[Journal]:
    """Open the plan's journal alone, and close it at the end."""
    kept = await open_journal(plan.journal, environment, base)
    try:
        yield kept
    finally:
        await kept.aclose()
