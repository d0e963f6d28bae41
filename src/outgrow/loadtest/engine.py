"""The engine: releases what is due each millisecond, ends each arrival in exactly one class, and watches itself.

An open model: an arrival waits for nobody. Where the server stalls, arrivals go on, and their latency counts from the
moment they were due; nothing is left out because the generator was busy or waiting.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from time import perf_counter, process_time
from typing import Final

from outgrow.facts.loads import LoadSecond, Outcome
from outgrow.loadtest.address import Address
from outgrow.loadtest.connections import Connections, Flight
from outgrow.loadtest.course import Request, Rotation
from outgrow.loadtest.histogram import Histogram
from outgrow.loadtest.record import LATE_SECONDS, SecondTally, StepTally
from outgrow.loadtest.schedule import Arrivals

_TICK_SECONDS: Final = 0.001
"""uvloop's timers are as fine as this; to sleep until each next arrival would cost four times the processor time."""
_LONGEST_SLEEP_SECONDS: Final = 0.020
_LOOK_FOR_TIMEOUTS_SECONDS: Final = 0.020
_REPEATABLE: Final = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})

Told = Callable[[LoadSecond], None]


@dataclass(frozen=True, slots=True)
class Orders:
    """What an engine is to do.

    At most as many requests as the rotation has users are in flight, and at most `connections` open; `grace_seconds` is
    what an early end leaves to those under way.
    """

    address: Address
    requests: Sequence[Request]
    rotation: Rotation
    arrivals: Iterator[Arrivals]
    connections: int
    timeout_seconds: float
    grace_seconds: float


class Engine:
    """Carries out one share of a load test."""

    def __init__(self, orders: Orders, told: Told) -> None:
        """Prepare; nothing is connected yet."""
        self.steps = [StepTally() for _ in orders.requests]
        self.lateness = Histogram()
        self.late = 0
        self.timeline: list[LoadSecond] = []
        self.is_interrupted = False
        self.connections = Connections(orders.address, orders.connections, self, orders.timeout_seconds)
        self._orders = orders
        self._told = told
        self._due = _due_arrivals(orders.arrivals)
        self._next = next(self._due, None)
        self._in_flight: dict[Flight, None] = {}
        self._names = tuple(request.step.name for request in orders.requests)
        self._second = SecondTally(len(self._names))
        self._began = self._next_second = self._look_for_timeouts = self._cut_at = 0.0
        self._cpu_at_second = 0.0
        self._ended = asyncio.Event()
        self._timer: asyncio.TimerHandle | None = None
        self._fault: Exception | None = None

    async def run(self) -> float:
        """Run the course to its end, or to its early end; give how many seconds it took."""
        self._began = perf_counter()
        self._next_second = self._began + 1
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

    def stop(self) -> None:
        """End early: release nothing more, give those under way a grace; a second call ends at once."""
        if not self.is_interrupted:
            self.is_interrupted = True
            self._cut_at = perf_counter() + self._orders.grace_seconds
        else:
            self._cut_at = 0.0

    # What connections ask and tell.

    def request(self, flight: Flight) -> tuple[bytes, bool, bool]:
        """Give the bytes of a flight's request."""
        request = self._orders.requests[flight.step]
        content = request.ready or request.bytes_for(self._orders.rotation.user(flight.number), flight.number)
        return content, request.step.method == "HEAD", bool(request.step.contains)

    def is_repeatable(self, flight: Flight) -> bool:
        """Say whether a flight's request may be sent twice."""
        return self._orders.requests[flight.step].step.method in _REPEATABLE

    def answered(self, flight: Flight, status: int, body: bytes) -> None:
        """Count a whole answer."""
        now = perf_counter()
        tally = self.steps[flight.step]
        tally.statuses[status] += 1
        self._second.steps[flight.step].statuses[status] += 1
        tally.service.record(now - flight.sent)
        tally.waiting.record(flight.sent - flight.released)
        is_done = self._orders.requests[flight.step].accepts(status, body)
        self._answer_time(flight, now - flight.due)
        self._end(flight, Outcome.DONE if is_done else Outcome.UNEXPECTED)

    def failed(self, flight: Flight, outcome: Outcome) -> None:
        """Count a failure; one that timed out had waited so long, and that counts among the response times."""
        if outcome is Outcome.TIMED_OUT:
            self._answer_time(flight, perf_counter() - flight.due)
        self._end(flight, outcome)

    def _answer_time(self, flight: Flight, seconds: float) -> None:
        self.steps[flight.step].response.record(seconds)
        self._second.steps[flight.step].response.record(seconds)

    def _end(self, flight: Flight, outcome: Outcome) -> None:
        flight.ended = True
        flight.connection = None
        del self._in_flight[flight]
        self._count(flight.step, outcome)

    def _count(self, step: int, outcome: Outcome) -> None:
        self.steps[step].outcomes[outcome] += 1
        self._second.steps[step].outcomes[outcome] += 1

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
        now = perf_counter()
        if not self.is_interrupted:
            self._release(now)
        if now >= self._look_for_timeouts:
            self._look_for_timeouts = now + _LOOK_FOR_TIMEOUTS_SECONDS
            self._time_out(now)
        if now >= self._next_second:
            self._tell(now)
        if self.is_interrupted and now >= self._cut_at:
            self._cut(Outcome.INTERRUPTED)
        if not self._in_flight and (self.is_interrupted or self._next is None):
            self._finish(now)
            return None
        wait = _LONGEST_SLEEP_SECONDS if self._next is None else self._began + self._next[1] - now
        return min(max(wait, _TICK_SECONDS), _LONGEST_SLEEP_SECONDS)

    def _release(self, now: float) -> None:
        """Release everything that is due."""
        orders, began, second, found = self._orders, self._began, self._second, self._next
        while found is not None and began + found[1] <= now:
            number, due = found[0], began + found[1]
            found = self._next = next(self._due, None)
            second.due += 1
            step = orders.rotation.step(number)
            lateness = perf_counter() - due
            self.lateness.record(lateness)
            self.late += lateness > LATE_SECONDS
            if len(self._in_flight) >= orders.rotation.users:
                self._count(step, Outcome.DROPPED)
                continue
            flight = Flight(number, step, due, due + lateness)
            self._in_flight[flight] = None
            second.started += 1
            self.connections.take(flight)

    def _time_out(self, now: float) -> None:
        """End what has waited too long: flights are in the order in which they were due."""
        oldest = now - self._orders.timeout_seconds
        overdue: list[Flight] = []
        for flight in self._in_flight:
            if flight.due > oldest:
                break
            overdue.append(flight)
        for flight in overdue:
            self._break_off(flight, Outcome.TIMED_OUT)
        if overdue:
            self.connections.forget_ended()

    def _break_off(self, flight: Flight, outcome: Outcome) -> None:
        connection = flight.connection
        self.failed(flight, outcome)
        if connection is not None:
            connection.abandon()

    def _cut(self, outcome: Outcome) -> None:
        for flight in tuple(self._in_flight):
            self._break_off(flight, outcome)

    def _tell(self, now: float) -> None:
        cpu = process_time()
        length = max(1 + now - self._next_second, _TICK_SECONDS)
        told = self._second.facts(
            self._names,
            now - self._began,
            in_flight=len(self._in_flight),
            connections=self.connections.count,
            cpu_share=(cpu - self._cpu_at_second) / length,
        )
        self._second, self._cpu_at_second = SecondTally(len(self._names)), cpu
        self._next_second = now + 1
        self.timeline.append(told)
        self._told(told)

    def _finish(self, now: float) -> None:
        if not self._second.is_empty:
            self._tell(now)
        for number, _ in () if self._next is None else (self._next, *self._due):
            self.steps[self._orders.rotation.step(number)].outcomes[Outcome.NEVER_STARTED] += 1
        self._ended.set()


def _due_arrivals(chunks: Iterator[Arrivals]) -> Iterator[tuple[int, float]]:
    for chunk in chunks:
        number = chunk.first
        for due in chunk.seconds.tolist():
            yield number, due
            number += chunk.apart
