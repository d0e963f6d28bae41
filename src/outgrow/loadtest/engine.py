"""The engine: releases what is due each millisecond, ends each arrival in exactly one class, and watches itself.

An open model: an arrival waits for nobody. Where the server stalls, arrivals go on, and their latency counts from the
moment they were due; nothing is left out because the generator was busy or waiting.
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from math import floor
from time import perf_counter, process_time
from typing import Final

from outgrow.facts.loads import LoadSecond, Outcome
from outgrow.facts.shards import ShardFacts
from outgrow.loadtest.address import Address
from outgrow.loadtest.connections import Connections
from outgrow.loadtest.course import Rotation
from outgrow.loadtest.flows import ReadyFlows
from outgrow.loadtest.histogram import Histogram
from outgrow.loadtest.record import LATE_SECONDS
from outgrow.loadtest.schedule import Arrivals, Share
from outgrow.loadtest.templates import Value
from outgrow.loadtest.visits import Visits

_TICK_SECONDS: Final = 0.001
"""uvloop's timers are as fine as this; to sleep until each next arrival would cost four times the processor time."""
_LONGEST_SLEEP_SECONDS: Final = 0.020
_LOOK_FOR_TIMEOUTS_SECONDS: Final = 0.020

Told = Callable[[LoadSecond], None]


@dataclass(frozen=True, slots=True)
class Orders:
    """What an engine is to do.

    At most as many arrivals as the rotation has users are under way, and at most `connections` open; `grace_seconds` is
    what an early end leaves to those under way, and `values` are what every session begins with.
    """

    address: Address
    flows: ReadyFlows
    rotation: Rotation
    arrivals: Iterator[Arrivals]
    connections: int
    timeout_seconds: float
    grace_seconds: float
    values: Mapping[str, Value] = field(default_factory=dict[str, Value])


class Engine:
    """Carries out one share of a load test."""

    def __init__(self, orders: Orders, told: Told) -> None:
        """Prepare; nothing is connected yet."""
        self.visits = Visits(orders.flows, orders.rotation, orders.values)
        self.lateness = Histogram()
        self.late = 0
        self.timeline: list[LoadSecond] = []
        self.is_interrupted = False
        self.connections = Connections(orders.address, orders.connections, self.visits, orders.timeout_seconds)
        self.visits.carriage = self.connections
        self._orders = orders
        self._told = told
        self._due = _due_arrivals(orders.arrivals)
        self._next = next(self._due, None)
        self._began = self._next_second = self._look_for_timeouts = self._cut_at = 0.0
        self._cpu_at_second = self._told_at = 0.0
        self._ended = asyncio.Event()
        self._timer: asyncio.TimerHandle | None = None
        self._fault: Exception | None = None

    async def run(self) -> float:
        """Run the course to its end, or to its early end; give how many seconds it took."""
        self._began = perf_counter()
        self._next_second, self._told_at = self._began + 1, self._began
        self._cpu_at_second = process_time()
        self._tick()
        try:
            await self._ended.wait()
        finally:
            if self._timer is not None:
                self._timer.cancel()
            await self.connections.aclose()
        if self._fault is not None:
            raise self._fault
        return perf_counter() - self._began

    def facts(self, share: Share, seconds: float, cpu_seconds: float) -> ShardFacts:
        """Give what this share of the run came to.

        Args:
            share: which one it was.
            seconds: how long it ran.
            cpu_seconds: the processor time that it took.
        """
        return ShardFacts(
            index=share.index,
            of=share.of,
            seconds=seconds,
            cpu_seconds=cpu_seconds,
            interrupted=self.is_interrupted,
            steps=tuple(tally.counts() for tally in self.visits.steps),
            flows=tuple(tally.counts() for tally in self.visits.flows),
            timeline=tuple(self.timeline),
            lateness=self.lateness.facts(),
            late=self.late,
            connections_highest=self.connections.highest,
            connections_opened=self.connections.opened,
            retried=self.connections.retried,
        )

    def stop(self) -> None:
        """End early: release nothing more, give those under way a grace; a second call ends at once."""
        if not self.is_interrupted:
            self.is_interrupted = True
            self._cut_at = perf_counter() + self._orders.grace_seconds
        else:
            self._cut_at = 0.0

    # The clock.

    def _tick(self) -> None:
        """Do what this moment asks for; a fault of ours ends the run, for without ticks it would last for ever."""
        try:
            wait = self._work()
        except Exception as error:  # noqa: BLE001 (raised again by `run`)
            self._fault = error
            self._ended.set()
            return
        if wait is not None:
            self._timer = asyncio.get_running_loop().call_later(wait, self._tick)

    def _work(self) -> float | None:
        """Release, time out, tell; give the seconds until the next tick, none after the last."""
        now, visits = perf_counter(), self.visits
        if not self.is_interrupted:
            self._release(now)
        if (wake := visits.next_wake) is not None and wake <= now:
            visits.wake(now)
        if now >= self._look_for_timeouts:
            self._look_for_timeouts = now + _LOOK_FOR_TIMEOUTS_SECONDS
            if visits.time_out(now - self._orders.timeout_seconds):
                self.connections.forget_ended()
        if now >= self._next_second:
            self._tell(now)
        if self.is_interrupted and now >= self._cut_at:
            visits.cut()
        if not visits.busy and (self.is_interrupted or self._next is None):
            self._finish(now)
            return None
        wait = _LONGEST_SLEEP_SECONDS if self._next is None else self._began + self._next[1] - now
        if (wake := visits.next_wake) is not None:
            wait = min(wait, wake - now)
        return min(max(wait, _TICK_SECONDS), _LONGEST_SLEEP_SECONDS)

    def _release(self, now: float) -> None:
        """Release everything that is due."""
        visits, users, began, found = self.visits, self._orders.rotation.users, self._began, self._next
        second = visits.second
        while found is not None and began + found[1] <= now:
            number, due = found[0], began + found[1]
            found = self._next = next(self._due, None)
            second.due += 1
            lateness = perf_counter() - due
            self.lateness.record(lateness)
            self.late += lateness > LATE_SECONDS
            if visits.busy >= users:
                visits.turn_away(number, Outcome.DROPPED)
            else:
                second.started += 1
                visits.begin(number, due, due + lateness)

    def _tell(self, now: float) -> None:
        cpu = process_time()
        length = max(now - self._told_at, _TICK_SECONDS)
        told = self.visits.next_second().facts(
            self.visits.names,
            now - self._began,
            in_flight=self.visits.busy,
            connections=self.connections.count,
            cpu_share=(cpu - self._cpu_at_second) / length,
        )
        self._cpu_at_second = cpu
        # On the whole seconds of the run, so that those of several processes meet.
        self._told_at, self._next_second = now, self._began + floor(now - self._began) + 1
        self.timeline.append(told)
        self._told(told)

    def _finish(self, now: float) -> None:
        if not self.visits.second.is_empty:
            self._tell(now)
        for number, _ in () if self._next is None else (self._next, *self._due):
            self.visits.turn_away(number, Outcome.NEVER_STARTED)
        self.visits.next_second()
        self._ended.set()


def _due_arrivals(chunks: Iterator[Arrivals]) -> Iterator[tuple[int, float]]:
    for chunk in chunks:
        number = chunk.first
        for due in chunk.seconds.tolist():
            yield number, due
            number += chunk.apart
