"""A run spread over several processes: each gets its share of one schedule, and their counts become one.

Nobody is lost silently: a process that dies leaves what it had told, and the rest of its share is counted as lost.
"""

import asyncio
import json
import os
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import inf
from typing import Final

from outgrow.errors import OutgrowError
from outgrow.facts.loads import LoadSecond, Outcome
from outgrow.facts.shards import (
    FlowCounts,
    ShardFacts,
    StepCounts,
    added_all,
    merged_second,
    second_from,
    shard_from,
)
from outgrow.facts.sums import added
from outgrow.facts.timelines import joined, second_of
from outgrow.loadtest import worker
from outgrow.loadtest.course import planned_flows
from outgrow.loadtest.engine import Told
from outgrow.loadtest.lines import Lines, LocalLines, StartLines
from outgrow.loadtest.orders import ShareOrders
from outgrow.loadtest.schedule import Share
from outgrow.loadtest.share import ShareRun
from outgrow.loadtest.timeline import Timeline

SILENCE_SECONDS: Final = 30.0
"""A process tells every second; one that says nothing for so long is given up."""
_START_SECONDS: Final = 60.0
_AHEAD_SECONDS: Final = 0.05
"""How far ahead the common start lies, so that the last process hears of it in time."""


def usable_cores() -> int:
    """Say how many cores this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # macOS, Windows
        return os.cpu_count() or 1


class Shards:
    """A run over several processes, of this machine or of others."""

    def __init__(
        self,
        orders: ShareOrders,
        count: int,
        told: Told,
        silence_seconds: float = SILENCE_SECONDS,
        lines: StartLines = LocalLines,
    ) -> None:
        """Start nothing yet.

        Args:
            orders: what every share is told.
            count: over how many processes the run is spread.
            told: called with every second that has passed in all of them.
            silence_seconds: after how long without a word a process is given up.
            lines: gives the lines to another process, one that is yet to be started.
        """
        self._orders = orders
        self._told = told
        self._silence_seconds = silence_seconds
        self._workers = [_Worker(orders, Share(index, count), lines()) for index in range(count)]
        self._timeline = Timeline()
        self._told_until = 0
        self._stops = 0

    async def run(self) -> Sequence[ShardFacts]:
        """Run to the end and give what each process counted, in order; no process is left behind.

        Raises:
            RefusedError: the target is not near and not allowed by name.
            UsageError: a variable that the target names holds no address.
            SourceError: the target has no address, or an environment variable is not set.
            OutgrowError: a process did not start.
        """
        # What is wrong with the orders is said once, here, and not by each process.
        await (await ShareRun.prepared(self._orders, self._workers[0].share, lambda _: None)).aclose()
        try:
            await asyncio.gather(*(each.start() for each in self._workers))
            begin_at = time.time() + _AHEAD_SECONDS
            for each in self._workers:
                each.say(f"{worker.GO} {begin_at}")
            for _ in range(self._stops):
                self._say_stop()
            await asyncio.gather(*(self._hear(each) for each in self._workers))
        finally:
            await asyncio.gather(*(each.end() for each in self._workers))
        self._tell()
        self._tell_together(inf)
        return [each.facts() for each in self._workers]

    @property
    def timeline(self) -> tuple[LoadSecond, ...]:
        """The seconds of all processes, as they were told."""
        return self._timeline.intervals

    def stop(self) -> None:
        """End early, leaving those under way a grace; at once when it is called again."""
        self._stops += 1
        self._say_stop()

    def _say_stop(self) -> None:
        for each in self._workers:
            each.say(worker.STOP)

    async def _hear(self, heard: "_Worker") -> None:
        while await heard.hear(self._silence_seconds):
            self._tell()
        self._tell()

    def _tell(self) -> None:
        """Tell the seconds that every process which still runs has told."""
        running = [each.told_until for each in self._workers if not each.is_over]
        known = max((each.told_until for each in self._workers), default=0)
        until = min(running, default=known)
        for index in range(self._told_until + 1, until + 1):
            self._tell_together(index)
        self._told_until = max(self._told_until, until)

    def _tell_together(self, last: float) -> None:
        """Tell everything up to a second as one: what came too late for its own belongs to the next."""
        parts = [joined(seconds) for each in self._workers if (seconds := each.taken(last))]
        if parts:
            merged = merged_second(parts)
            self._timeline.add(merged)
            self._told(merged)


class _Worker:
    """One process, from its start to its last word."""

    def __init__(self, orders: ShareOrders, share: Share, lines: Lines) -> None:
        """Start nothing yet."""
        self.share = share
        self.told_until = 0
        self._untold: deque[tuple[int, LoadSecond]] = deque()
        # As coarse as can be: it is asked for its sums alone, and only where the process is lost.
        self._sums = Timeline(1)
        self._connections = 0
        self.is_over = False
        self._orders = orders
        self._lines = lines
        self._facts: ShardFacts | None = None
        self._flows: Sequence[Mapping[Outcome, int]] = ()
        self._lost = ""

    async def start(self) -> None:
        """Start the process and wait until it is ready.

        Raises:
            OutgrowError: it does not become ready.
        """
        try:
            await self._lines.start()
        except OSError as error:
            raise OutgrowError(
                f"process {self.share.index + 1} of {self.share.of} of the generator cannot be started: "
                f"{error.strerror or error}; raise the limits of this machine (ulimit -n, ulimit -u), "
                "or ask for fewer processes"
            ) from error
        self._lines.write(worker.orders_line(self._orders, self.share))
        word, rest = await self._next_word(_START_SECONDS)
        if word != worker.READY:
            raise OutgrowError(
                f"process {self.share.index + 1} of {self.share.of} of the generator did not start: "
                f"{rest or self._lost or 'it said nothing that is understood'}"
            )

    def say(self, line: str) -> None:
        """Say a line to the process; one that is gone hears nothing."""
        self._lines.write(line.encode() + b"\n")

    async def hear(self, silence_seconds: float) -> bool:
        """Take the next word; say whether more is to come."""
        word, rest = await self._next_word(silence_seconds)
        if word == worker.SECOND:
            second = second_from(rest)
            self.told_until = max(second_of(second), self.told_until)
            self._untold.append((self.told_until, second))
            self._sums.add(second)
            self._connections = max(self._connections, second.connections)
            return True
        if word == worker.FLOWS:
            self._flows = [{Outcome(name): count for name, count in each.items()} for each in json.loads(rest)]
            return True
        if word == worker.DONE:
            self._facts = shard_from(rest)
        elif not self._lost:
            self._lost = rest or "it said nothing that is understood"
        self.is_over = True
        return False

    def taken(self, last: float) -> list[LoadSecond]:
        """Hand over the seconds up to one that were not handed over yet."""
        found: list[LoadSecond] = []
        while self._untold and self._untold[0][0] <= last:
            found.append(self._untold.popleft()[1])
        return found

    async def end(self) -> None:
        """Make sure that the process is gone."""
        self.is_over = True
        await self._lines.aclose(gently=self._facts is not None)

    def facts(self) -> ShardFacts:
        """Give what the process counted; where it was lost, what it had told and the rest as lost."""
        if self._facts is not None:
            return self._facts
        found = lost_shard(self._orders, self.share, self._lost, self._sums.intervals, self._flows)
        return replace(found, connections_highest=self._connections)

    async def _next_word(self, silence_seconds: float) -> tuple[str, str]:
        """Give the next word and its text; none when the process has ended or was given up, `_lost` then says why."""
        try:
            line = await self._lines.read(silence_seconds)
        except TimeoutError:
            self._lost = f"it was given up, for it said nothing for {silence_seconds:g} s,"
            self._lines.kill()
            return "", ""
        if not line.endswith(b"\n"):
            self._lost = await self._lines.end_in_words()
            return "", ""
        word, _, rest = line.decode().rstrip("\n").partition(" ")
        return word, rest


def lost_shard(
    orders: ShareOrders,
    share: Share,
    lost: str,
    timeline: Sequence[LoadSecond] = (),
    ended: Sequence[Mapping[Outcome, int]] = (),
) -> ShardFacts:
    """Give what a lost process had told, and count the rest of its share as lost.

    Args:
        orders: what it was to do.
        share: which share it had.
        lost: what became of it, in words.
        timeline: the seconds that it had told.
        ended: what it had told of arrivals, flow by flow.
    """
    last = timeline[-1].at_seconds if timeline else 0.0
    steps, flows = _with_lost(orders, share, timeline, ended)
    return ShardFacts(
        index=share.index,
        of=share.of,
        seconds=last,
        cpu_seconds=sum(each.cpu_share * each.length_seconds for each in timeline),
        interrupted=False,
        steps=steps,
        flows=flows,
        timeline=tuple(timeline),
        connections_highest=max((each.connections for each in timeline), default=0),
        lost=f"{lost} after {last:.0f} s" if timeline else lost,
    )


def _with_lost(
    orders: ShareOrders, share: Share, timeline: Sequence[LoadSecond], ended: Sequence[Mapping[Outcome, int]]
) -> tuple[tuple[StepCounts, ...], tuple[FlowCounts, ...]]:
    """Give what a lost process had told, and the rest of its share as lost: at their flow's first step."""
    scenario = orders.scenario
    told = {name: _told_of(name, timeline) for name in scenario.step_names}
    flows = list[FlowCounts]()
    for index, (flow, planned) in enumerate(
        zip(scenario.every_flow.values(), planned_flows(orders.scenario, share, orders.base), strict=True)
    ):
        first = flow.steps[0].name
        known = told[first].outcomes
        if scenario.flows:
            known = ended[index] if ended else dict[Outcome, int]()
        lost = {Outcome.LOST: max(0, planned - sum(known.values()))}
        told[first] = added(told[first], StepCounts(lost))
        flows.append(FlowCounts({**known, **lost}) if scenario.flows else FlowCounts())
    return tuple(told.values()), tuple(flows)


def _told_of(name: str, timeline: Sequence[LoadSecond]) -> StepCounts:
    return added_all(
        StepCounts(
            each.outcomes,
            each.statuses,
            each.response,
            checks=each.checks,
            bytes_sent=each.bytes_sent,
            bytes_received=each.bytes_received,
            service=each.service,
            waiting=each.waiting,
            trends=each.trends,
        )
        for each in (second.steps[name] for second in timeline if name in second.steps)
    )
