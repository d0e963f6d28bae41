"""A load test from a scenario to its facts, in this process."""

import asyncio
import signal
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from time import process_time
from typing import Final

from outgrow.errors import RefusedError, UsageError
from outgrow.facts.loads import FlowLoad, LoadFacts, Outcome
from outgrow.loadtest.address import address_of
from outgrow.loadtest.course import Rotation, arrivals_of, rate_of
from outgrow.loadtest.engine import Engine, Orders, Told
from outgrow.loadtest.flows import flows_of
from outgrow.loadtest.record import FlowTally, StepTally, health_of
from outgrow.loadtest.requests import place_of
from outgrow.plan.scenarios import Scenario, is_address
from outgrow.plan.secrets import redacted, resolve, secrets_in
from outgrow.quantity import format_duration

_USUAL_CONNECTIONS: Final = 1_000
_GRACE_SECONDS: Final = 2.0
_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


def refuse_beyond_ceiling(scenario: Scenario) -> None:
    """Let no scenario do more than its ceiling allows.

    Raises:
        RefusedError: its rate or its duration is above it.
    """
    rate, ceiling = rate_of(scenario), scenario.ceiling
    if rate.highest > ceiling.rps:
        raise RefusedError(
            f"the scenario reaches {rate.highest:,g} requests a second, above its ceiling of {ceiling.rps:,g}; "
            f"if that is meant, add ceiling: {{rps: {rate.highest:g}}}"
        )
    if rate.seconds > ceiling.duration.total_seconds():
        raise RefusedError(
            f"the scenario takes {rate.seconds:,.0f} s, above its ceiling of {format_duration(ceiling.duration)}; "
            f"if that is meant, add ceiling: {{duration: {rate.seconds:.0f}s}}"
        )


async def run_load(name: str, scenario: Scenario, environment: Mapping[str, str], told: Told) -> LoadFacts:
    """Send a scenario's load and give what became of it; Ctrl-C ends early, with what there is.

    Args:
        name: the scenario's name in the plan.
        scenario: what to send.
        environment: where `${NAME}` is looked up.
        told: called with every second that has passed.

    Raises:
        RefusedError: the target is not near and not allowed by name, or the ceiling would be broken.
        UsageError: a variable that the target names holds no address.
        SourceError: the target has no address, or an environment variable is not set.
    """
    refuse_beyond_ceiling(scenario)
    target = resolve(scenario.target, environment)
    if not is_address(target):
        raise UsageError(f"scenarios.{name}.target: what the variable holds is no address; write http://HOST:PORT")
    flows = flows_of(scenario, place_of(target), environment)
    address = await address_of(target, scenario.allow_hosts)
    timeout = scenario.timeout.total_seconds()
    engine = Engine(
        Orders(
            address=address,
            flows=flows,
            rotation=Rotation(flows.weights, scenario.users),
            arrivals=arrivals_of(scenario),
            connections=scenario.connections or min(scenario.users, _USUAL_CONNECTIONS),
            timeout_seconds=timeout,
            grace_seconds=min(timeout, _GRACE_SECONDS),
        ),
        told,
    )
    started_at, cpu = datetime.now(UTC), process_time()
    with _interrupts(engine):
        seconds = await engine.run()
    cpu_share = (process_time() - cpu) / max(seconds, 1e-9)
    shown = redacted(target, secrets_in(scenario.target, environment))
    return _facts(name, scenario, engine, shown, started_at, seconds, cpu_share)


def _facts(
    name: str,
    scenario: Scenario,
    engine: Engine,
    target: str,
    started_at: datetime,
    seconds: float,
    cpu_share: float,
) -> LoadFacts:
    visits, flows = engine.visits, scenario.flows
    whole, iterations = StepTally(), FlowTally()
    for tally in visits.steps:
        whole.merge(tally)
    for tally in visits.flows:
        iterations.merge(tally)
    tags = {step.name: step.tags for flow in scenario.every_flow.values() for step in flow.steps}
    everything = whole.facts(name)
    return LoadFacts(
        scenario=name,
        target=target,
        started_at=started_at,
        seconds=seconds,
        planned_seconds=rate_of(scenario).seconds,
        interrupted=engine.is_interrupted,
        whole=everything,
        steps=tuple(
            tally.facts(step, tags.get(step, {})) for step, tally in zip(visits.names, visits.steps, strict=True)
        ),
        timeline=tuple(engine.timeline),
        connections_highest=engine.connections.highest,
        connections_opened=engine.connections.opened,
        retried=engine.connections.retried,
        health=health_of(
            engine.lateness, engine.late, cpu_share, engine.timeline, not_sent=whole.outcomes[Outcome.NOT_SENT]
        ),
        iterations=iterations.facts(name) if flows else FlowLoad(name, everything.outcomes),
        flows=tuple(tally.facts(flow) for flow, tally in zip(flows, visits.flows, strict=True)) if flows else (),
    )


@contextmanager
def _interrupts(engine: Engine) -> Generator[None]:
    """Let Ctrl-C and a polite end of the process stop the engine."""
    loop, kept = asyncio.get_running_loop(), list[signal.Signals]()
    try:
        for number in _SIGNALS:
            try:
                loop.add_signal_handler(number, engine.stop)
            except (NotImplementedError, RuntimeError, ValueError):
                continue  # Windows, or not the main thread: the caller's own handling stays
            kept.append(number)
        yield
    finally:
        for number in kept:
            loop.remove_signal_handler(number)
