"""How connections over HTTP/1.1 are opened: as wires where the way is plain, else as transports of the loop."""

import asyncio
from time import perf_counter
from typing import Final, Generic, Protocol, TypeVar

from outgrow.loadtest.doors import Door
from outgrow.loadtest.wires import HAS_WIRES, Attempt, Wire, Wires

C = TypeVar("C", bound=asyncio.Protocol)
_TOO_LATE: Final = "the connection was not opened in time"


class Pool(Protocol[C]):
    """Who wants connections, and is told of each whether it was opened."""

    def made(self) -> C:
        """Give a connection that is to be opened."""
        ...

    def over(self, wire: Wire) -> C:
        """Give a connection that is open over a wire."""
        ...

    def was_opened(self, connection: C) -> None:
        """Take a fresh connection; it may have been closed already."""
        ...

    def was_not_opened(self, error: OSError, note: str) -> None:
        """Take note of why one was not opened, and of what is worth saying once of that; not within `open`."""
        ...


class Opener(Protocol):
    """Opens connections."""

    def open(self) -> None:
        """Begin to open one."""
        ...

    async def give_up(self) -> None:
        """End every attempt; nobody is told."""
        ...

    def close(self) -> None:
        """End what connections share."""
        ...


def opener_for(pool: Pool[C], door: Door, connect_seconds: float) -> Opener:
    """Give what opens a pool's connections through a door, each within so many seconds."""
    if HAS_WIRES and door.context is None and not door.tunnel:
        return WireOpener(pool, door, connect_seconds)
    return TransportOpener(pool, door, connect_seconds)


class WireOpener(Generic[C]):
    """Opens wires."""

    def __init__(self, pool: Pool[C], door: Door, connect_seconds: float) -> None:
        """Open nothing yet."""
        self._pool = pool
        self._door = door
        self._connect_seconds = connect_seconds
        self._wires: Wires | None = None
        self._until: dict[Attempt, float] = {}
        self._look: asyncio.TimerHandle | None = None

    def open(self) -> None:
        """Begin to open one."""
        if self._wires is None:
            self._wires = Wires(self._door.address)
        attempt = self._wires.open(self._opened, self._failed)
        if attempt is not None:
            self._until[attempt] = perf_counter() + self._connect_seconds
            if self._look is None:
                self._look_later(self._connect_seconds)

    async def give_up(self) -> None:
        """End every attempt; nobody is told."""
        if self._look is not None:
            self._look.cancel()
        for attempt in self._until:
            attempt.give_up()
        self._until.clear()

    def close(self) -> None:
        """End what connections share."""
        if self._wires is not None:
            self._wires.close()

    def _opened(self, attempt: Attempt, wire: Wire) -> None:
        self._until.pop(attempt, None)
        self._pool.was_opened(self._pool.over(wire))

    def _failed(self, attempt: Attempt | None, error: OSError) -> None:
        if attempt is not None:
            self._until.pop(attempt, None)
        self._pool.was_not_opened(error, self._door.trouble(error))

    def _look_later(self, seconds: float) -> None:
        self._look = asyncio.get_running_loop().call_later(seconds, self._end_late)

    def _end_late(self) -> None:
        """End the attempts that took too long: they stand in the order in which they began."""
        now, late = perf_counter(), list[Attempt]()
        for attempt, until in self._until.items():
            if until > now:
                break
            late.append(attempt)
        for attempt in late:
            attempt.give_up()
            self._failed(attempt, TimeoutError(_TOO_LATE))
        self._look = None
        if self._until:
            self._look_later(max(next(iter(self._until.values())) - now, 0.0))


class TransportOpener(Generic[C]):
    """Opens transports, with TLS or through a proxy where the door says so; a task for each attempt."""

    def __init__(self, pool: Pool[C], door: Door, connect_seconds: float) -> None:
        """Open nothing yet."""
        self._pool = pool
        self._door = door
        self._connect_seconds = connect_seconds
        self._attempts: set[asyncio.Task[None]] = set()

    def open(self) -> None:
        """Begin to open one."""
        task = asyncio.get_running_loop().create_task(self._open())
        self._attempts.add(task)
        task.add_done_callback(self._attempts.discard)

    async def give_up(self) -> None:
        """End every attempt; nobody is told."""
        attempts = tuple(self._attempts)
        for task in attempts:
            task.cancel()
        await asyncio.gather(*attempts, return_exceptions=True)

    def close(self) -> None:
        """End what connections share: nothing."""

    async def _open(self) -> None:
        try:
            async with asyncio.timeout(self._connect_seconds):
                connection = await self._door.open(self._pool.made)
        except OSError as error:
            self._pool.was_not_opened(error, self._door.trouble(error))
            return
        self._pool.was_opened(connection)
