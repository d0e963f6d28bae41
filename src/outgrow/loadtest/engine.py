"""The engine: releases what is due each millisecond, ends each arrival in exactly one class, and watches itself.

An open model: an arrival waits for nobody. Where the server stalls, arrivals go on, and their latency counts from the
moment they were due; nothing is left out because the generator was busy or waiting.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from math import floor, inf
from time import perf_counter, process_time
from typing import Any, Final

from outgrow.facts.loads import LoadSecond, Outcome
from outgrow.facts.shards import ShardFacts
from outgrow.loadtest.alarms import Alarm
from outgrow.loadtest.drivers import LoadDriver
from outgrow.loadtest.pacing import Pace
from outgrow.loadtest.record import Lateness
from outgrow.loadtest.schedule import Share
from outgrow.loadtest.timeline import Timeline
from outgrow.loadtest.visits import Visits

_TICK_SECONDS: Final = 0.001
"""Arrivals that are closer together than this are released together: to wake up for each would cost more than they."""
_CONNECTIONS: Final = frozenset({"protocol", "handle"})
"""What a loop's report of an error names where a connection made it: its protocol, or the callback that read."""
_LONGEST_SLEEP_SECONDS: Final = 0.020
_LOOK_FOR_TIMEOUTS_SECONDS: Final = 0.020

Told = Callable[[LoadSecond], None]


@dataclass(frozen=True, slots=True)
class Orders:
    """What an engine is to do.

    `pace` begins arrivals, `visits` leads them through their flows over at most `connections`. Those under way when the
    course ends have `graceful_seconds` to end too; an early end leaves them `grace_seconds`.
    """

    visits: Visits
    pace: Pace
    lateness: Lateness
    driver: LoadDriver
    timeout_seconds: float
    graceful_seconds: float
    grace_seconds: float


class Engine:
    """Carries out one share of a load test."""

    def __init__(self, orders: Orders, told: Told) -> None:
        """Prepare; nothing is connected yet."""
        self.visits = orders.visits
        self.lateness = orders.lateness
        self.timeline, self.keeps_seconds = Timeline(), True
        self.is_interrupted = False
        self.stopped_at_seconds: float | None = None
        self.connections = orders.driver
        self.visits.carriage = self.connections
        self._orders = orders
        self._told = told
        self._began = self._next_second = self._look_for_timeouts = 0.0
        self._cut_at = inf
        self._cpu_at_second = self._told_at = 0.0
        self._ended = asyncio.Event()
        self._alarm: Alarm | None = None
        self._fault: BaseException | None = None

    async def run(self) -> float:
        """Run the course to its end, or to its early end; give how many seconds it took."""
        self._began = perf_counter()
        self._next_second, self._told_at = self._began + 1, self._began
        self._cpu_at_second = process_time()
        self._orders.pace.begin(self._began)
        loop = asyncio.get_running_loop()
        handled = loop.get_exception_handler()
        loop.set_exception_handler(self._take_fault)
        self._alarm = Alarm(self._tick)
        self._tick()
        try:
            await self._ended.wait()
        finally:
            loop.set_exception_handler(handled)
            self._alarm.close()
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
            timeline=self.timeline.intervals,
            lateness=self.lateness.seconds.facts(),
            late=self.lateness.late,
            connections_highest=self.connections.highest,
            connections_opened=self.connections.opened,
            retried=self.connections.retried,
            notes=(*self.connections.notes, *self.visits.notes),
            stopped_at_seconds=self.stopped_at_seconds,
        )

    def stop(self) -> None:
        """End early: release nothing more, give those under way a grace; a second call ends at once."""
        if not self.is_interrupted:
            self.is_interrupted, now = True, perf_counter()
            self.stopped_at_seconds = now - self._began if self._began else 0.0
            self._orders.pace.end()
            self._cut_at = min(self._cut_at, now + self._orders.grace_seconds)
        else:
            self._cut_at = 0.0

    def _take_fault(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """End the run with a fault of ours in a connection: the loop would only log it, and its request never end."""
        error = context.get("exception")
        if not isinstance(error, Exception) or isinstance(error, OSError) or _CONNECTIONS.isdisjoint(context):
            loop.default_exception_handler(context)
            return
        self._fault = self._fault or error
        self._ended.set()

    # The clock.

    def _tick(self) -> None:
        """Do what this moment asks for; a fault of ours ends the run, for without ticks it would last for ever."""
        try:
            wait = self._work()
            if wait is not None and self._alarm is not None:
                self._alarm.set(wait)
        except BaseException as error:  # noqa: BLE001 (raised again by `run`; the loop would only log it)
            self._fault = error
            self._ended.set()

    def _work(self) -> float | None:
        """Release, time out, tell; give the seconds until the next tick, none after the last."""
        now, visits, pace = perf_counter(), self.visits, self._orders.pace
        if not self.is_interrupted:
            pace.release(now)
        visits.wake(now)
        if visits.fault is not None:
            visits.cut()
            raise visits.fault
        if now >= self._look_for_timeouts:
            self._look_for_timeouts = now + _LOOK_FOR_TIMEOUTS_SECONDS
            if visits.time_out(now - self._orders.timeout_seconds):
                self.connections.forget_ended()
        if now >= self._next_second:
            self._tell(now)
        wait = None if self.is_interrupted else pace.wait(now)
        if wait is None:
            if self._cut_at == inf:
                self._cut_at = now + self._orders.graceful_seconds
            if visits.busy and now >= self._cut_at:
                visits.cut()
            if not visits.busy:
                self._finish(now)
                return None
            wait = _LONGEST_SLEEP_SECONDS
        if visits.next_wake is not None:
            wait = min(wait, visits.next_wake - now)
        return min(max(wait, _TICK_SECONDS), _LONGEST_SLEEP_SECONDS)

    def _tell(self, now: float) -> None:
        cpu = process_time()
        length = max(now - self._told_at, _TICK_SECONDS)
        told = self.visits.next_second().facts(
            self.visits.names,
            now - self._began,
            in_flight=self.visits.busy,
            vus=self.visits.busy if (vus := self._orders.pace.vus()) is None else vus,
            connections=self.connections.count,
            cpu_share=(cpu - self._cpu_at_second) / length,
            flows=self.visits.flow_names,
            length_seconds=length,
        )
        self._cpu_at_second = cpu
        # On the whole seconds of the run, so that those of several processes meet.
        self._told_at, self._next_second = now, self._began + floor(now - self._began) + 1
        if self.keeps_seconds:
            self.timeline.add(told)
        self._told(told)

    def _finish(self, now: float) -> None:
        if not self.visits.second.is_empty:
            self._tell(now)
        for number in self._orders.pace.never_started():
            self.visits.turn_away(number, Outcome.NEVER_STARTED)
        self.visits.next_second()
        self._ended.set()
