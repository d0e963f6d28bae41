"""Connections to one address: capped in number, the last used one first, and a queue for those who wait."""

import asyncio
from collections import deque
from errno import EADDRNOTAVAIL, EMFILE, ENFILE
from time import perf_counter
from typing import Final, Protocol, cast

from outgrow.facts.loads import Outcome
from outgrow.loadtest.doors import Door
from outgrow.loadtest.flights import Flight
from outgrow.loadtest.http1 import AnswerReader, GarbledError, KnownHeads
from outgrow.loadtest.notes import Notes
from outgrow.loadtest.openers import opener_for
from outgrow.loadtest.streams import StreamMeter
from outgrow.loadtest.wires import Wire

_OPENING_AT_ONCE: Final = 128
"""More connection attempts at once fill a server's backlog, and what does not fit waits a second for its repetition."""
_OWN_FAULTS: Final = frozenset({EMFILE, ENFILE, EADDRNOTAVAIL})


class Traffic(Protocol):
    """Who is told what came of the requests."""

    def answered(self, flight: Flight, now: float, status: int, head: bytes, body: bytes) -> None:
        """Take a whole answer; head and body are empty where the step does not look at them."""
        ...

    def failed(self, flight: Flight, outcome: Outcome) -> None:
        """Take a failure."""
        ...


class _Way(Protocol):
    """How bytes go: a wire, or a transport of the loop."""

    def write(self, data: bytes) -> None:
        """Send."""
        ...

    def get_write_buffer_size(self) -> int:
        """Give how many bytes wait to be sent."""
        ...

    def abort(self) -> None:
        """Close at once; the end is told later."""
        ...


class Connection(asyncio.Protocol):
    """One connection; it carries one request at a time."""

    __slots__ = ("_pool", "_reader", "_way", "flight", "is_open", "used")

    def __init__(self, pool: "Connections") -> None:
        """Belong to a pool."""
        self._pool = pool
        self._reader = AnswerReader(pool.heads)
        self._way: _Way | None = None
        self.flight: Flight | None = None
        self.is_open = False
        self.used = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin over a transport of the loop."""
        self.begin(cast("asyncio.Transport", transport))  # uvloop's is one in all but name

    def begin(self, way: _Way) -> None:
        """Begin."""
        self._way = way
        self.is_open = True

    def send(self, flight: Flight) -> None:
        """Send a flight's request."""
        assert self._way is not None  # noqa: S101 (it is open)
        step = flight.step
        if step.stream is None:
            self._reader.begin(to_head=step.is_head, keep=step.looks)
        else:
            flight.meter = meter = StreamMeter(step.stream, flight.due)
            self._reader.begin(to_head=step.is_head, keep=step.looks, told=meter.feed)
        self.flight, flight.connection = flight, self
        flight.sent = perf_counter()
        self._way.write(flight.content)

    def data_received(self, data: bytes) -> None:
        """Read on."""
        flight = self.flight
        if flight is None:
            self.abandon()  # it talks without being asked
            return
        flight.received += len(data)
        try:
            is_complete = self._reader.feed(data)
        except GarbledError:
            self.abandon()
            self._pool.traffic.failed(flight, Outcome.GARBLED)
            return
        if is_complete:
            self._complete(flight)
        elif flight.meter is not None and flight.meter.is_enough:
            self._reader.keep_alive = False  # hung up in the middle of a stream
            self._complete(flight)

    def eof_received(self) -> bool | None:
        """Close when the server does."""
        return None

    def connection_lost(self, exc: Exception | None) -> None:
        """Say what the end means for the flight."""
        flight, self.flight = self.flight, None
        was_open, self.is_open = self.is_open, False
        self._way = None
        pool, reader = self._pool, self._reader
        if flight is None or not was_open:
            pool.closed(self)
        elif exc is None and reader.end():
            pool.closed(self)
            pool.traffic.answered(flight, perf_counter(), reader.status, reader.head, reader.body)
        elif self.used and not reader.has_begun and pool.may_retry(flight):
            pool.closed(self, flight)
        else:
            pool.closed(self)
            pool.traffic.failed(flight, Outcome.CUT_OFF)

    def abandon(self) -> None:
        """Break off; the flight, if any, is left to who called."""
        self.flight = None
        self.is_open = False
        if self._way is not None:
            self._way.abort()

    def _complete(self, flight: Flight) -> None:
        """Give the connection back before the answer is looked at, so that a next step finds it free."""
        now, reader = perf_counter(), self._reader
        status, head = reader.status, reader.head
        body = reader.body if flight.step.looks else b""
        self.flight, self.used = None, True
        # A server that answers before it has the whole request may never read the rest, nor what would follow it.
        if reader.keep_alive and self._way is not None and not self._way.get_write_buffer_size():
            self._pool.free(self)
        else:
            self.abandon()
        self._pool.traffic.answered(flight, now, status, head, body)


class Connections:
    """All connections of a run. `count` includes those being opened; it never exceeds the limit.

    `notes` says once what kept going wrong. `heads` is what connections know of the heads of answers.
    """

    def __init__(self, door: Door, limit: int, traffic: Traffic, connect_seconds: float) -> None:
        """Open nothing yet."""
        self.traffic = traffic
        self.notes = Notes()
        self.heads: KnownHeads = {}
        self.count = self.highest = self.opened = self.retried = 0
        self._limit = limit
        self._opener = opener_for(self, door, connect_seconds)
        self._idle: list[Connection] = []
        self._waiting: deque[Flight] = deque()
        self._again: deque[Flight] = deque()
        self._opening = 0
        self._all: set[Connection] = set()
        self._is_closed = False

    def take(self, flight: Flight) -> None:
        """Send a flight's request over a free connection, or as soon as there is one."""
        connection = self._next_idle()
        if connection is not None:
            connection.send(flight)
        else:
            self._waiting.append(flight)
            self._open_more()

    def free(self, connection: Connection) -> None:
        """Take a connection back that has had its answer."""
        flight = _next_of(self._waiting) if connection.is_open else None
        if flight is not None:
            connection.send(flight)
        elif connection.is_open:
            self._idle.append(connection)

    def closed(self, connection: Connection, again: Flight | None = None) -> None:
        """Take note that a connection has ended.

        Args:
            connection: which one.
            again: the flight that the server never answered, for it had closed the idle connection; its request goes
                over a fresh one, for a kept one may be as stale.
        """
        if again is not None:
            again.retried, again.connection, again.received = again.retried + 1, None, 0
            self.retried += 1
            self._again.append(again)
        self._all.discard(connection)
        self.count -= 1
        self._open_more()

    def may_retry(self, flight: Flight) -> bool:
        """Say whether a request may be sent again over another connection."""
        return not self._is_closed and not flight.retried and flight.step.is_repeatable

    def forget_ended(self) -> None:
        """Drop flights from the head of the queue that have ended while they waited."""
        for queue in (self._again, self._waiting):
            while queue and queue[0].ended:
                queue.popleft()

    async def prepare(self) -> None:
        """Need nothing before the run."""

    async def aclose(self) -> None:
        """End every connection and every attempt."""
        self._is_closed = True
        await self._opener.give_up()
        for connection in tuple(self._all):
            connection.abandon()
        for _ in range(100):  # the loop closes sockets at its next turns
            if not self._all:
                break
            await asyncio.sleep(0.001)
        self._opener.close()

    def _next_idle(self) -> Connection | None:
        while self._idle:
            connection = self._idle.pop()
            if connection.is_open:
                return connection
        return None

    def _open_more(self) -> None:
        self.forget_ended()
        while (
            self._opening < min(len(self._waiting) + len(self._again), _OPENING_AT_ONCE)
            and self.count < self._limit
            and not self._is_closed
        ):
            self.count += 1
            self._opening += 1
            self.highest = max(self.highest, self.count)
            self._opener.open()

    # What the opener tells.

    def made(self) -> Connection:
        """Give a connection that is to be opened."""
        return Connection(self)

    def over(self, wire: Wire) -> Connection:
        """Give a connection that is open over a wire."""
        connection = wire.heard = Connection(self)
        connection.begin(wire)
        return connection

    def was_opened(self, connection: Connection) -> None:
        """Take a fresh connection."""
        self._opening -= 1
        self.opened += 1
        if self._is_closed:
            connection.abandon()
        elif connection.is_open:
            self._all.add(connection)
            if (flight := _next_of(self._again)) is not None:
                connection.send(flight)
            else:
                self.free(connection)
        elif (flight := self._next_flight()) is not None:
            self.traffic.failed(flight, Outcome.CUT_OFF)  # accepted and closed at once

    def was_not_opened(self, error: OSError, note: str) -> None:
        """Let the flight that has waited longest fail: each failed attempt ends one, so that none waits for ever."""
        self._opening -= 1
        self.count -= 1
        if note:
            self.notes.say(note)
        if (flight := self._next_flight()) is not None:
            if isinstance(error, ConnectionRefusedError):
                outcome = Outcome.REFUSED
            elif error.errno in _OWN_FAULTS:
                outcome = Outcome.NOT_SENT
            else:
                outcome = Outcome.TIMED_OUT if isinstance(error, TimeoutError) else Outcome.NOT_CONNECTED
            self.traffic.failed(flight, outcome)
        self._open_more()

    def _next_flight(self) -> Flight | None:
        return _next_of(self._again) or _next_of(self._waiting)


def _next_of(queue: deque[Flight]) -> Flight | None:
    while queue:
        flight = queue.popleft()
        if not flight.ended:
            return flight
    return None
