"""Connections that a source keeps: opened when needed, lent to one read at a time, dropped when they stop answering."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Final, Generic, Protocol, TypeVar

from outgrow.errors import Failure, SourceError
from outgrow.quantity import format_duration

C = TypeVar("C")
T = TypeVar("T")

_LEAVE_TAKING: Final = timedelta(seconds=1)
# The server is told the same limit and given this much longer to say so, so that a slow query is told apart from a
# silent server.
_GRACE: Final = timedelta(milliseconds=500)


class Driver(Protocol[C]):
    """How connections of one kind of database are made, tried and ended."""

    async def connect(self) -> C:
        """Open a connection, or raise `SourceError`."""
        ...

    async def begin(self, connection: C) -> None:
        """Begin a read; raise `SourceError` when the connection turns out to be dead."""
        ...

    def is_open(self, connection: C) -> bool:
        """Say whether the connection can be used again."""
        ...

    def drop(self, connection: C) -> None:
        """End the connection at once, without a word to the server."""
        ...

    async def close(self, connection: C) -> None:
        """Take leave of the server."""
        ...


class KeptConnections(Generic[C]):
    """At most `size` connections, each lent to one read at a time; a read, connecting included, is bounded by `limit`.

    A read that finds all of them lent waits, and the wait is not counted: one slow query must not make those behind it
    fail. But when the source turns out not to answer at all, everyone who waits is told so at once.
    """

    def __init__(self, driver: Driver[C], size: int, limit: timedelta) -> None:
        """Prepare; nothing is opened yet."""
        self._driver = driver
        self._limit = limit
        self._places = asyncio.Semaphore(size)
        self._free: list[C] = []
        self._at_work = 0
        self._came_back = asyncio.Event()
        self._breakdowns = 0
        self._breakdown: SourceError | None = None
        self._is_closed = False

    async def use(self, work: Callable[[C], Awaitable[T]]) -> T:
        """Run `work` on a connection on which a read has begun.

        A connection is kept after `SourceError` (the server has answered) if it is still open, and dropped after
        anything else, a cancellation among them.

        Raises:
            SourceError: what connecting, beginning or `work` raised; `TIMED_OUT` after `limit`.
        """
        async with self._place():
            limit = asyncio.timeout((self._limit + _GRACE).total_seconds())
            self._at_work += 1
            try:
                async with limit:
                    connection = await self._begun()
                    return await self._lend(connection, work)
            except TimeoutError as error:
                if not limit.expired():
                    raise
                raise self._broken(
                    SourceError(
                        Failure.TIMED_OUT,
                        f"no answer within {format_duration(self._limit)}",
                        "look whether the server hangs or the network drops packets, or raise the source's `timeout`",
                    )
                ) from error
            finally:
                self._at_work -= 1
                self._came_back.set()

    async def aclose(self) -> None:
        """Close the free connections; lent ones are closed when they come back."""
        self._is_closed = True
        while self._free:
            await self._take_leave(self._free.pop())

    @asynccontextmanager
    async def _place(self) -> AsyncGenerator[None]:
        known = self._breakdowns
        async with self._places:
            if self._breakdowns != known and self._breakdown is not None:
                why = self._breakdown
                raise SourceError(why.failure, why.what, why.remedy)
            yield

    def _broken(self, error: SourceError) -> SourceError:
        """Remember an error that those who wait would only run into too."""
        self._breakdowns += 1
        self._breakdown = error
        return error

    async def _begun(self) -> C:
        """Give a kept connection that still answers, or a new one."""
        while (connection := self._take()) is not None:
            try:
                # Behind a dead network a kept connection is silent: leave time to open another.
                async with asyncio.timeout(self._limit.total_seconds() / 4):
                    await self._driver.begin(connection)
            except (SourceError, TimeoutError):
                # The server was restarted or cannot be reached: the other kept connections are no better.
                self._free.append(connection)
                while self._free:
                    self._driver.drop(self._free.pop())
            except BaseException:
                self._driver.drop(connection)
                raise
            else:
                return connection
        connection = await self._connected()
        try:
            await self._driver.begin(connection)
        except BaseException:
            self._driver.drop(connection)
            raise
        return connection

    def _take(self) -> C | None:
        while self._free:
            connection = self._free.pop()
            if self._driver.is_open(connection):
                return connection
            self._driver.drop(connection)
        return None

    async def _connected(self) -> C:
        """Open a connection; where the server has none left, wait for one of ours that another read has."""
        while True:
            try:
                return await self._driver.connect()
            except SourceError as error:
                refusal = error
            if refusal.failure is not Failure.TOO_MANY_CONNECTIONS or not await self._comes_back():
                self._broken(refusal)
                raise refusal
            if (connection := self._take()) is not None:
                return connection

    async def _comes_back(self) -> bool:
        """Wait while other reads are at work until a connection is free."""
        self._at_work -= 1
        self._came_back.set()
        try:
            async with asyncio.timeout(self._limit.total_seconds() / 2):
                while self._at_work and not self._free:
                    self._came_back.clear()
                    await self._came_back.wait()
        except TimeoutError:
            pass
        finally:
            self._at_work += 1
        return bool(self._free)

    async def _lend(self, connection: C, work: Callable[[C], Awaitable[T]]) -> T:
        try:
            result = await work(connection)
        except SourceError:
            await self._give_back(connection)
            raise
        except BaseException:
            self._driver.drop(connection)
            raise
        await self._give_back(connection)
        return result

    async def _give_back(self, connection: C) -> None:
        if self._is_closed:
            await self._take_leave(connection)
        elif self._driver.is_open(connection):
            self._free.append(connection)
        else:
            self._driver.drop(connection)

    async def _take_leave(self, connection: C) -> None:
        try:
            async with asyncio.timeout(_LEAVE_TAKING.total_seconds()):
                await self._driver.close(connection)
        except Exception:  # noqa: BLE001 (whatever happens while leaving, the connection must go)
            self._driver.drop(connection)
        except BaseException:
            self._driver.drop(connection)
            raise
