"""A load test from a scenario to its facts, in this process or spread over several."""

import asyncio
import signal
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from math import ceil
from typing import Final, Protocol

from outgrow.errors import RefusedError, UsageError
from outgrow.facts.loads import FlowLoad, LoadFacts, Shard
from outgrow.facts.shards import ShardFacts, added_all, added_flows, merged_timeline
from outgrow.loadtest.course import rate_of
from outgrow.loadtest.engine import Told
from outgrow.loadtest.record import flow_load, health_of, step_load
from outgrow.loadtest.schedule import WHOLE
from outgrow.loadtest.shards import Shards, usable_cores
from outgrow.loadtest.share import ShareOrders, ShareRun, target_of
from outgrow.plan.scenarios import Scenario
from outgrow.plan.secrets import redacted, secrets_in
from outgrow.quantity import format_duration

SAFE_RATE_PER_PROCESS: Final = 15_000
"""Requests a second that one process sends without its own work showing in the times: a good third of what it can."""
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


def processes_for(scenario: Scenario, cores: int) -> int:
    """Say over how many processes a scenario is spread: what it asks for, else what its rate needs.

    Args:
        scenario: what to send.
        cores: how many this machine lends the generator; `auto` asks for no more.

    Raises:
        UsageError: it asks for more processes than it has users or connections.
    """
    most = min(scenario.users, scenario.connections or scenario.users)
    if scenario.processes == "auto":
        return max(1, min(ceil(rate_of(scenario).highest / SAFE_RATE_PER_PROCESS), cores, most))
    if scenario.processes > most:
        raise UsageError(
            f"{scenario.processes} processes cannot share {most} users or connections; ask for at most {most} processes"
        )
    return scenario.processes


async def run_load(name: str, scenario: Scenario, environment: Mapping[str, str], told: Told) -> LoadFacts:
    """Send a scenario's load and give what became of it; Ctrl-C ends early, with what there is.

    Args:
        name: the scenario's name in the plan.
        scenario: what to send.
        environment: where `${NAME}` is looked up.
        told: called with every second that has passed.

    Raises:
        RefusedError: the target is not near and not allowed by name, or the ceiling would be broken.
        UsageError: a variable that the target names holds no address, or it asks for too many processes.
        SourceError: the target has no address, or an environment variable is not set.
    """
    refuse_beyond_ceiling(scenario)
    orders = ShareOrders(name, scenario, environment)
    count = processes_for(scenario, usable_cores())
    run = await ShareRun.prepared(orders, WHOLE, told) if count == 1 else Shards(orders, count, told)
    started_at = datetime.now(UTC)
    with _interrupts(run):
        shards = await run.run()
    return load_facts(orders, started_at, shards)


def load_facts(orders: ShareOrders, started_at: datetime, shards: Sequence[ShardFacts]) -> LoadFacts:
    """Make one load test of what its shards counted.

    Args:
        orders: what the shards were to do.
        started_at: when they began.
        shards: what each counted, in order, the lost ones among them.
    """
    scenario = orders.scenario
    steps = [added_all(shard.steps[index] for shard in shards) for index in range(len(scenario.step_names))]
    flows = [added_flows(shard.flows[index] for shard in shards) for index in range(len(scenario.every_flow))]
    tags = {step.name: step.tags for flow in scenario.every_flow.values() for step in flow.steps}
    whole = step_load(orders.name, added_all(steps))
    return LoadFacts(
        scenario=orders.name,
        target=redacted(target_of(orders), secrets_in(scenario.target, orders.environment)),
        started_at=started_at,
        seconds=max(shard.seconds for shard in shards),
        planned_seconds=rate_of(scenario).seconds,
        interrupted=any(shard.interrupted for shard in shards),
        whole=whole,
        steps=tuple(
            step_load(name, counts, tags[name]) for name, counts in zip(scenario.step_names, steps, strict=True)
        ),
        timeline=merged_timeline(shards),
        connections_highest=sum(shard.connections_highest for shard in shards),
        connections_opened=sum(shard.connections_opened for shard in shards),
        retried=sum(shard.retried for shard in shards),
        health=health_of(shards),
        iterations=flow_load(orders.name, added_flows(flows))
        if scenario.flows
        else FlowLoad(orders.name, whole.outcomes),
        flows=tuple(flow_load(name, counts) for name, counts in zip(scenario.flows, flows, strict=True))
        if scenario.flows
        else (),
        shards=tuple(map(_shard_of, shards)),
    )


def _shard_of(shard: ShardFacts) -> Shard:
    counted = shard.flows if any(flow.outcomes for flow in shard.flows) else shard.steps
    arrivals = sum(sum(each.outcomes.values()) for each in counted)
    return Shard(shard.index, arrivals, shard.cpu_share, shard.late, shard.lost)


class _Run(Protocol):
    """A run under way, whole or spread over processes."""

    async def run(self) -> Sequence[ShardFacts]:
        """Run to the end, and give what was counted."""
        ...

    def stop(self) -> None:
        """End early; at once when it is called again."""
        ...


@contextmanager
def _interrupts(run: _Run) -> Generator[None]:
    """Let Ctrl-C and a polite end of the process stop the run."""
    loop, kept = asyncio.get_running_loop(), list[signal.Signals]()
    try:
        for number in _SIGNALS:
            try:
                loop.add_signal_handler(number, run.stop)
            except (NotImplementedError, RuntimeError, ValueError):
                continue  # Windows, or not the main thread: the caller's own handling stays
            kept.append(number)
        yield
    finally:
        for number in kept:
            loop.remove_signal_handler(number)
