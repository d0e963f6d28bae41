"""A load test from a scenario to its facts, in this process or spread over several."""

import asyncio
import signal
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from math import ceil, floor
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import urlsplit

from outgrow.errors import UsageError
from outgrow.facts.buckets import Buckets
from outgrow.facts.loads import FlowLoad, LoadFacts, LoadSecond, Model, Shard
from outgrow.facts.shards import ShardFacts, added_all, added_flows, merged_timeline
from outgrow.loadtest.course import Timetable, most_under_way
from outgrow.loadtest.engine import Told
from outgrow.loadtest.errands import Errand, ErrandRun, refuse_failed_setup
from outgrow.loadtest.lines import LocalLines, StartLines
from outgrow.loadtest.orders import ShareOrders, target_of
from outgrow.loadtest.preparation import refuse_beyond_ceiling, timetable_by
from outgrow.loadtest.record import flow_load, health_of, step_load
from outgrow.loadtest.schedule import WHOLE
from outgrow.loadtest.shards import Shards, usable_cores
from outgrow.loadtest.share import ShareRun
from outgrow.plan.asked_load import asked_hash
from outgrow.plan.scenario_steps import ScenarioStep
from outgrow.plan.scenarios import Scenario
from outgrow.plan.secrets import redacted, references, secrets_in

SAFE_RATE_PER_PROCESS: Final = 15_000
"""Requests a second that one process sends without its own work showing in the times: a good third of what it can."""
Ends = Callable[[LoadSecond], bool]
"""Says whether a run ends after a second."""
_HANGUP: Final = getattr(signal, "SIGHUP", None)
"""The terminal is gone; Windows has no such signal."""
_SIGNALS: Final = tuple(filter(None, (signal.SIGINT, signal.SIGTERM, _HANGUP)))


def processes_for(scenario: Scenario, timetable: Timetable, cores: int) -> int:
    """Say over how many processes a scenario is spread: what it asks for, else what its rate needs.

    Args:
        scenario: what to send.
        timetable: how much comes when; users of a closed model stay in one process unless several are asked for.
        cores: how many this machine lends the generator; `auto` asks for no more.

    Raises:
        UsageError: it asks for more processes than it has users or connections.
    """
    users = most_under_way(scenario, timetable)
    most = min(users, scenario.connections or users)
    rate = 0.0 if scenario.is_closed else timetable.highest
    if scenario.processes == "auto":
        return max(1, min(ceil(rate / SAFE_RATE_PER_PROCESS), cores, most))
    if scenario.processes > most:
        raise UsageError(
            f"{scenario.processes} processes cannot share {most} users or connections; ask for at most {most} processes"
        )
    return scenario.processes


async def run_load(
    name: str,
    scenario: Scenario,
    environment: Mapping[str, str],
    told: Told,
    base: Path | None = None,
    lines: StartLines | None = None,
    ends: Ends | None = None,
) -> LoadFacts:
    """Send a scenario's load and give what became of it; Ctrl-C ends early, with what there is.

    Args:
        name: the scenario's name in the plan.
        scenario: what to send.
        environment: where `${NAME}` is looked up.
        told: called with every second that has passed.
        base: what files are relative to; the working directory unless given.
        lines: starts processes elsewhere; this machine's unless given.
        ends: asked with every second whether the run ends early, as Ctrl-C would end it.

    Raises:
        RefusedError: the target is not near and not allowed by name, or the ceiling would be broken.
        UsageError: a variable that the target names holds no address, it asks for too many processes, or a file does
            not hold what it should.
        SourceError: the target has no address, an environment variable is not set, or a setup step was not done.
    """
    orders = ShareOrders(name, scenario, environment, base or Path())
    timetable = timetable_by(orders)
    refuse_beyond_ceiling(scenario, timetable)
    count = processes_for(scenario, timetable, usable_cores())
    was_stopped, notes = False, tuple[str, ...]()
    try:
        if scenario.setup:
            errand, was_stopped = await _errand(orders, "setup", scenario.setup)
            orders = replace(orders, values=errand.values)
            if not was_stopped:
                refuse_failed_setup(errand, name)
        ender = _Ender(told, ends)
        if count == 1 and lines is None:
            run = await ShareRun.prepared(orders, WHOLE, ender.told)
        else:
            run = Shards(orders, count, ender.told, lines=lines or LocalLines)
        ender.stop = run.stop
        if was_stopped:
            run.stop()
        started_at = datetime.now(UTC)
        with interrupts(run):
            shards = await run.run()
    finally:
        if scenario.teardown:
            errand, _ = await _errand(orders, "teardown", scenario.teardown)
            notes = (errand.failure,) if errand.failure else ()
    facts = load_facts(orders, started_at, shards, timeline=run.timeline)
    return replace(facts, notes=(*facts.notes, *notes))


class _Ender:
    """Hands on each second, and stops the run once when it is asked to end; twice would spare no one."""

    def __init__(self, told: Told, ends: Ends | None) -> None:
        self._told = told
        self._ends = ends
        self._has_ended = False
        self.stop: Callable[[], None] = lambda: None

    def told(self, second: LoadSecond) -> None:
        """Take a second that has passed."""
        self._told(second)
        if self._ends is not None and self._ends(second) and not self._has_ended:
            self._has_ended = True
            self.stop()


async def _errand(orders: ShareOrders, what: str, steps: tuple[ScenarioStep, ...]) -> tuple[Errand, bool]:
    """Take steps once; say what became of them, and whether someone ended them early."""
    run = await ErrandRun.prepared(orders, what, steps)
    with interrupts(run):
        return await run.run(), run.was_stopped


def load_facts(
    orders: ShareOrders,
    started_at: datetime,
    shards: Sequence[ShardFacts],
    target: str | None = None,
    timeline: tuple[LoadSecond, ...] | None = None,
) -> LoadFacts:
    """Make one load test of what its shards counted.

    Args:
        orders: what the shards were to do.
        target: where the load went, as it may be shown; what the scenario's target stands for unless given.
        started_at: when they began.
        shards: what each counted, in order, the lost ones among them.
        timeline: the seconds of all together; unless given, what the shards kept of theirs is merged.
    """
    scenario = orders.scenario
    steps = [added_all(shard.steps[index] for shard in shards) for index in range(len(scenario.step_names))]
    flows = [added_flows(shard.flows[index] for shard in shards) for index in range(len(scenario.every_flow))]
    tags = scenario.step_tags
    whole = step_load(orders.name, added_all(steps))
    timeline = merged_timeline(shards) if timeline is None else timeline
    return LoadFacts(
        scenario=orders.name,
        target=target or target_shown(orders),
        started_at=started_at,
        seconds=max(shard.seconds for shard in shards),
        planned_seconds=timetable_by(orders).seconds,
        interrupted=any(shard.interrupted for shard in shards),
        whole=whole,
        steps=tuple(
            step_load(name, counts, tags[name]) for name, counts in zip(scenario.step_names, steps, strict=True)
        ),
        timeline=timeline,
        connections_highest=sum(shard.connections_highest for shard in shards),
        connections_opened=sum(shard.connections_opened for shard in shards),
        retried=sum(shard.retried for shard in shards),
        health=health_of(shards, timeline),
        iterations=flow_load(orders.name, added_flows(flows))
        if scenario.flows or scenario.is_closed
        else FlowLoad(orders.name, whole.outcomes),
        flows=tuple(flow_load(name, counts) for name, counts in zip(scenario.flows, flows, strict=True))
        if scenario.flows
        else (),
        shards=tuple(map(_shard_of, shards)),
        notes=tuple(dict.fromkeys(note for shard in shards for note in shard.notes)),
        model=Model.CLOSED if scenario.is_closed else Model.OPEN,
        hidden=hidden_by_waiting(added_flows(flows).duration) if scenario.is_closed else 0,
        asked_hash=asked_hash(scenario),
        stopped_at_seconds=max(
            (shard.stopped_at_seconds for shard in shards if shard.stopped_at_seconds is not None), default=None
        ),
    )


def target_shown(orders: ShareOrders) -> str:
    """Give the address that a scenario's target stands for, without what is secret in it.

    Whoever reads a result must know what was loaded, so scheme, host and port are shown even where they come out of a
    variable; of such a target nothing else is.

    Raises:
        UsageError: a variable that the target names holds no address.
        SourceError: an environment variable is not set.
    """
    target = target_of(orders)
    if not references(orders.scenario.target):
        return redacted(target, secrets_in(orders.scenario.target, orders.environment))
    parts = urlsplit(target)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def _shard_of(shard: ShardFacts) -> Shard:
    counted = shard.flows if any(flow.outcomes for flow in shard.flows) else shard.steps
    arrivals = sum(sum(each.outcomes.values()) for each in counted)
    return Shard(shard.index, arrivals, shard.cpu_share, shard.late, shard.lost)


def hidden_by_waiting(durations: Buckets) -> int:
    """Estimate how many arrivals a closed model left out because its users waited.

    An arrival that took k times the median kept its user from k - 1 further ones: what HdrHistogram adds when it
    corrects for coordinated omission (Tene), with the median for the expected interval. Whole multiples only.
    """
    median = durations.quantile(0.5)
    if not median:
        return 0
    return sum(count * max(0, floor(middle / median) - 1) for middle, count in durations.middles())


class _Run(Protocol):
    """A run under way."""

    def stop(self) -> None:
        """End early; at once when it is called again."""
        ...


@contextmanager
def interrupts(run: _Run) -> Generator[None]:
    """Let Ctrl-C, a terminal that is closed and a polite end of the process stop the run."""
    loop, kept = asyncio.get_running_loop(), list[signal.Signals]()
    try:
        for number in _SIGNALS:
            if number is _HANGUP and signal.getsignal(number) is signal.SIG_IGN:
                continue  # nohup: it is to go on without a terminal
            try:
                loop.add_signal_handler(number, run.stop)
            except (NotImplementedError, RuntimeError, ValueError):
                continue  # Windows, or not the main thread: the caller's own handling stays
            kept.append(number)
        yield
    finally:
        for number in kept:
            loop.remove_signal_handler(number)
