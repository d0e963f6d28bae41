"""Requests that are carried by a coroutine each: for protocols whose libraries speak so."""

import asyncio
from collections import deque
from dataclasses import dataclass
from errno import EADDRNOTAVAIL, EMFILE, ENFILE
from time import perf_counter
from typing import Final, Literal, Protocol

from outgrow.facts.loads import Outcome
from outgrow.loadtest.address import Address
from outgrow.loadtest.connections import Traffic
from outgrow.loadtest.doors import Door
from outgrow.loadtest.flights import Flight
from outgrow.loadtest.http1 import GarbledError
from outgrow.loadtest.notes import Notes

OWN_FAULTS: Final = frozenset({EMFILE, ENFILE, EADDRNOTAVAIL})
"""Errors of sockets that are ours, not the target's."""


@dataclass(frozen=True, slots=True)
class Line:
    """Where requests go and within which bounds; `http` is the version that plain requests speak."""

    door: Door
    connections: int
    connect_seconds: float
    http: Literal["1.1", "2"] = "1.1"

    @property
    def address(self) -> Address:
        """Where connections go."""
        return self.door.address


@dataclass(frozen=True, slots=True)
class Heard:
    """A whole answer."""

    status: int
    head: bytes = b""
    body: bytes = b""


class Exchange(Protocol):
    """How one protocol carries a request. `notes` says once what keeps going wrong."""

    notes: Notes

    async def prepare(self) -> None:
        """Learn what must be known before the first request.

        Raises:
            SourceError: the target does not tell it.
        """
        ...

    async def carry(self, flight: Flight) -> Heard:
        """Carry one request to its answer.

        Raises:
            OSError: there is no connection.
            EOFError: it ended before the answer did.
            GarbledError: what came is nothing that the protocol knows.
        """
        ...

    async def aclose(self) -> None:
        """End what requests share."""
        ...


class Exchanges:
    """A coroutine for each request under way, at most `limit` at once; the others wait in order."""

    def __init__(self, limit: int, traffic: Traffic, exchange: Exchange) -> None:
        """Carry nothing yet."""
        self.highest = self.opened = self.retried = 0
        self.notes = exchange.notes
        self._limit = limit
        self._traffic = traffic
        self._exchange = exchange
        self._waiting: deque[Flight] = deque()
        self._under_way: set[asyncio.Task[None]] = set()
        self._fault: BaseException | None = None

    @property
    def count(self) -> int:
        """How many are under way."""
        return len(self._under_way)

    def take(self, flight: Flight) -> None:
        """Send a request, as soon as that is possible."""
        self._raise_fault()
        self._waiting.append(flight)
        self._begin_more()

    def forget_ended(self) -> None:
        """Drop requests from the head of the queue that have ended while they waited."""
        self._raise_fault()
        self._drop_ended()

    def _raise_fault(self) -> None:
        """Raise what was a fault of ours and not of the target, so that it ends the run."""
        if self._fault is not None:
            raise self._fault

    def _drop_ended(self) -> None:
        while self._waiting and self._waiting[0].ended:
            self._waiting.popleft()

    async def prepare(self) -> None:
        """Learn what must be known before the first request.

        Raises:
            SourceError: the target does not tell it.
        """
        await self._exchange.prepare()

    async def aclose(self) -> None:
        """End everything that is under way."""
        self._waiting.clear()
        for task in self._under_way:
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)
        await self._exchange.aclose()

    def _begin_more(self) -> None:
        self._drop_ended()
        while self._waiting and len(self._under_way) < self._limit:
            flight = self._waiting.popleft()
            if flight.ended:
                continue
            flight.sent = perf_counter()
            task = asyncio.get_running_loop().create_task(self._carry(flight))
            flight.connection = _UnderWay(task)
            self._under_way.add(task)
            task.add_done_callback(self._over)
            self.opened += 1
            self.highest = max(self.highest, len(self._under_way))

    def _over(self, task: asyncio.Task[None]) -> None:
        self._under_way.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._fault = error
        self._begin_more()

    async def _carry(self, flight: Flight) -> None:
        try:
            heard = await self._exchange.carry(flight)
        except (OSError, EOFError, GarbledError) as error:
            if not flight.ended:
                self._traffic.failed(flight, outcome_of(error))
            return
        if not flight.ended:
            self._traffic.answered(flight, perf_counter(), heard.status, heard.head, heard.body)


class _UnderWay:
    """What carries a request: a task."""

    __slots__ = ("_task",)

    def __init__(self, task: asyncio.Task[None]) -> None:
        self._task = task

    def abandon(self) -> None:
        """Break off."""
        self._task.cancel()


def outcome_of(error: BaseException) -> Outcome:
    """Say what became of a request whose carrying failed."""
    match error:
        case GarbledError():
            return Outcome.GARBLED
        case ConnectionRefusedError():
            return Outcome.REFUSED
        case EOFError() | ConnectionError():
            return Outcome.CUT_OFF
        case TimeoutError():
            return Outcome.TIMED_OUT
        case OSError() if error.errno in OWN_FAULTS:
            return Outcome.NOT_SENT
        case _:
            return Outcome.NOT_CONNECTED
