"""A load test with its target watched: the load runs, signals are read beside it, and the span is noted."""

import os
import platform
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import anyio

from outgrow.control.measure import OpenSource
from outgrow.control.needs import query_signals_behind
from outgrow.control.watching import Watching
from outgrow.decide.gates import Gate, gates_of, signals_asked
from outgrow.decide.saturation import saturated, slowed_at
from outgrow.decide.thresholds import Watch, judged
from outgrow.errors import SourceError
from outgrow.facts.decisions import Event, EventKind
from outgrow.facts.loads import LoadFacts, LoadSecond, Resource
from outgrow.loadtest.course import timetable_of
from outgrow.loadtest.engine import Told
from outgrow.loadtest.lines import StartLines
from outgrow.loadtest.run import run_load
from outgrow.plan import Plan
from outgrow.plan.asked_load import most_users
from outgrow.plan.scenarios import Scenario
from outgrow.plan.signals import QuerySignal
from outgrow.ports import Clock
from outgrow.quantity import counted

Watched = Callable[[Mapping[str, Resource]], None]
_SHOWN_READINGS: Final = 30
"""Of each series, every second: all of them would take the generator longer the longer a run lasts."""


def watching_what_is_judged(plan: Plan, scenario: Scenario) -> Scenario:
    """Give the scenario with the signals of its thresholds among those that it watches."""
    asked = signals_asked(gates_of(plan, scenario.thresholds))
    return scenario.model_copy(update={"watch": tuple(dict.fromkeys((*scenario.watch, *asked)))})


def sources_watched(plan: Plan, scenario: Scenario) -> frozenset[str]:
    """Name the sources that must be open to watch what a scenario watches and what its thresholds are set on."""
    watched = watching_what_is_judged(plan, scenario).watch
    below = (each for name in watched for each in query_signals_behind(plan.signals, name))
    return frozenset(signal.source for each in below if isinstance(signal := plan.signals[each], QuerySignal))


async def run_load_test(  # noqa: PLR0913, PLR0917 (each is another thing that a run needs)
    plan: Plan,
    name: str,
    scenario: Scenario,
    sources: Mapping[str, OpenSource | SourceError],
    environment: Mapping[str, str],
    clock: Clock,
    told: Told,
    base: Path | None = None,
    watched: Watched | None = None,
    lines: StartLines | None = None,
    goals: Sequence[Gate] = (),
) -> LoadFacts:
    """Run a scenario while its watched signals are read; say what was saturated first, and judge its thresholds.

    Args:
        plan: whose signals and levels are watched.
        name: the scenario's name.
        scenario: what to send; not necessarily as the plan has it (a rate of the knee search, a scaled rehearsal).
        sources: the open sources, at least `sources_watched`.
        environment: where `${NAME}` is looked up.
        clock: that readings are stamped by.
        told: called with every second that has passed.
        base: what the scenario's files are relative to.
        watched: called with every second too, with what was read last of the target.
        lines: starts processes elsewhere; this machine's unless given.
        goals: of a phase that the run is to prove; followed as the thresholds are, but they end no run.

    Raises:
        RefusedError: the target is not near and not allowed by name, or the ceiling would be broken.
        UsageError: a variable that the target names holds no address.
        SourceError: the target has no address, or an environment variable is not set.
    """
    gates = gates_of(plan, scenario.thresholds)
    goals = [replace(goal, abort_on_fail=False) for goal in goals]
    watch = Watch((*gates, *goals), scenario.step_tags, timetable_of(scenario, base).seconds)
    scenario = watching_what_is_judged(plan, scenario)
    watching = Watching(plan, scenario.watch, scenario.watch_every, sources, clock)
    began = clock.now()

    def told_both(second: LoadSecond) -> None:
        told(second)
        if watched is not None:
            watched(watching.resources(began, _SHOWN_READINGS))

    facts: LoadFacts | None = None
    fault: Exception | None = None
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(watching.run)
        try:
            facts = await run_load(name, scenario, environment, told_both, base, lines, watch.told)
        except Exception as error:  # noqa: BLE001 (raised again below, for a task group would wrap it)
            fault = error
        tasks.cancel_scope.cancel()
    if facts is None:
        raise fault or RuntimeError("the run was cancelled")
    resources = watching.resources(facts.started_at)
    facts = replace(facts, resources=resources, ended_by=watch.ended_by)
    return replace(
        facts,
        thresholds=judged(gates, facts, most_users(scenario), watch),
        goals=judged(goals, facts, most_users(scenario), watch),
        machine=machine_text(),
        saturated=saturated(resources, facts.timeline),
        slowed_at_seconds=None if facts.lacked_data else slowed_at(facts.timeline),
    )


def machine_text() -> str:
    """Say what this machine is: runs from unlike machines are hard to compare."""
    cores = counted(os.cpu_count() or 1, "core")
    return f"{platform.system()} {platform.machine()}, {cores}, Python {platform.python_version()}"


def span_of(facts: LoadFacts, recorded_at: datetime) -> Event:
    """Give the event that notes a run, so that conditions and forecasts leave its load out."""
    whole, arrivals = facts.whole, facts.arrivals_due
    detail = {
        "text": f"{counted(arrivals, 'arrival')} to {facts.target}",
        "scenario": facts.scenario,
        "target": facts.target,
        "arrivals": arrivals,
        "outcomes": {str(outcome): count for outcome, count in whole.outcomes.items()},
        "p95_seconds": None if whole.response is None else whole.response.p95_seconds,
        "too_weak": list(facts.health.too_weak),
    }
    end = facts.started_at + timedelta(seconds=facts.seconds)
    return Event(EventKind.LOAD_TEST, facts.started_at, end, recorded_at, facts.scenario, detail)
