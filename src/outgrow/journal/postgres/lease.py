"""The right to be the only one, in a database: an advisory lock of a connection that does nothing else."""

from contextlib import suppress
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING, Final, cast

import asyncpg

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

_TAKE: Final = "SELECT pg_try_advisory_lock($1)"
# The last of them is what asyncpg raises when the end of the connection and a query of ours cross.
_LOST: Final = (
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    OSError,
    TimeoutError,
    asyncpg.InternalClientError,
)
_CLOSE_SECONDS: Final = 2.0
_ANSWER_SECONDS: Final = 5.0


@dataclass(slots=True)
class SessionLease:
    """A lock that the database gives back when the connection ends, however that happens."""

    connection: "Connection | None"

    async def still_held(self) -> bool:
        """Ask over the connection itself: when it is lost, so is the lock."""
        if self.connection is None:
            return False
        try:
            return await self.connection.fetchval("SELECT true", timeout=_ANSWER_SECONDS) is True
        except _LOST:
            await self.release()
            return False

    async def release(self) -> None:
        """Give it back by closing the connection."""
        connection, self.connection = self.connection, None
        if connection is not None:
            with suppress(*_LOST):
                await connection.close(timeout=_CLOSE_SECONDS)


async def take_lease(connection: "Connection", name: str) -> SessionLease | None:
    """Take the lease of a name over a connection of its own; none where another holds it."""
    number = int.from_bytes(blake2b(f"outgrow lease {name}".encode(), digest_size=8).digest(), "big", signed=True)
    if cast("bool", await connection.fetchval(_TAKE, number)):
        return SessionLease(connection)
    await connection.close(timeout=_CLOSE_SECONDS)
    return None
