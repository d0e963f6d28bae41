"""One PostgreSQL database: connected, migrated, reconnected after a restart; its failures worded."""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Self, TypeAlias, TypeVar
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import anyio
import asyncpg

from outgrow.errors import JournalError
from outgrow.journal._migrations import Migration, newer_schema
from outgrow.journal.postgres.lease import SessionLease, take_lease

if TYPE_CHECKING:
    from asyncpg.pool import Pool, PoolConnectionProxy

Connection: TypeAlias = "PoolConnectionProxy[asyncpg.Record]"
T = TypeVar("T")
Work = Callable[[Connection], Awaitable[T]]

# How long a call goes on trying after the connection was lost: a server restarts in a few seconds.
PATIENCE_SECONDS: Final = 15.0
_PAUSES_SECONDS: Final = (0.05, 0.1, 0.2, 0.5, 1.0)
_CONNECT_SECONDS: Final = 10.0
_STATEMENT_SECONDS: Final = 60.0
_CLOSE_SECONDS: Final = 5.0
_CONNECTIONS: Final = 4
_STATEMENT_CACHE: Final = 100
_OLDEST_MAJOR: Final = 14  # date_bin

# Whoever migrates holds this lock; "outg" as a number.
_MIGRATION_LOCK: Final = int.from_bytes(b"outg", "big")
_HAS_SCHEMA: Final = "SELECT to_regnamespace('outgrow') IS NOT NULL"
_HAS_VERSION: Final = "SELECT to_regclass('outgrow.schema_version') IS NOT NULL"
_FIRST: Final = (
    "CREATE TABLE outgrow.schema_version (version integer PRIMARY KEY, migrated_at timestamptz NOT NULL DEFAULT now())"
)

_BROKEN: Final = (
    asyncpg.PostgresConnectionError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.CannotConnectNowError,
    asyncpg.DeadlockDetectedError,
    asyncpg.SerializationError,
    OSError,
)
_FAILED: Final = (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError)


@dataclass(frozen=True, slots=True)
class Address:
    """Where the journal is: the URL for asyncpg, how it is shown (no password), and the size of the statement cache."""

    url: str
    shown: str
    statement_cache_size: int


class Database:
    """An open, migrated database behind a small pool of connections."""

    def __init__(self, address: Address, pool: "Pool[asyncpg.Record]") -> None:
        """Take over the pool."""
        self._address = address
        self._where = f"journal {address.shown}"
        self._pool = pool
        self._closed = False

    @classmethod
    async def open(cls, url: str, steps: tuple[Migration, ...]) -> Self:
        """Connect and bring the schema up to date.

        Raises:
            JournalError: no connection, too few rights, too old a server, or a schema newer than we are.
        """
        address = read_address(url)
        pool: Pool[asyncpg.Record] | None = None
        try:
            pool = await asyncpg.create_pool(
                address.url,
                min_size=0,  # else the pool tries to reconnect by itself, for ever and noisily
                max_size=_CONNECTIONS,
                timeout=_CONNECT_SECONDS,
                command_timeout=_STATEMENT_SECONDS,
                statement_cache_size=address.statement_cache_size,
                server_settings={"application_name": "outgrow journal"},
                reset=_nothing_to_reset,
            )
            database = cls(address, pool)
            # Once and without patience: whoever opens a journal wants to know at once what is wrong.
            version = await database._once(_version, reading=True)
            await database._migrate(steps, version)
        except BaseException as error:
            if pool is not None:
                await _close(pool)
            if isinstance(error, (*_FAILED, ValueError)):
                raise worded(f"journal {address.shown}", error) from _without_secrets(error)
            raise
        return database

    async def write(self, work: Work[T]) -> T:
        """Run `work` in one transaction that is committed when this returns.

        After a lost connection or a deadlock it is run again, even where the commit may have happened and only its
        acknowledgement was lost: every write of a journal may be repeated.
        """
        return await self._run(work, reading=False)

    async def read(self, work: Work[T]) -> T:
        """Run `work` on one consistent state of the journal."""
        return await self._run(work, reading=True)

    async def lease(self, name: str) -> SessionLease | None:
        """Take the lease of a name over a connection of its own; none where another holds it."""
        try:
            connection = await asyncpg.connect(
                self._address.url,
                timeout=_CONNECT_SECONDS,
                statement_cache_size=0,
                server_settings={"application_name": "outgrow lease"},
            )
            return await take_lease(connection, name)
        except (*_FAILED, ValueError) as error:
            raise worded(self._where, error) from _without_secrets(error)

    async def aclose(self) -> None:
        """Close every connection; safe to call twice."""
        self._closed = True
        await _close(self._pool)

    async def _run(self, work: Work[T], *, reading: bool) -> T:
        deadline = time.monotonic() + PATIENCE_SECONDS
        attempt = 0
        while True:
            if self._closed:
                raise JournalError(f"{self._where}: is closed")
            try:
                return await self._once(work, reading=reading)
            except _FAILED as error:
                pause = _PAUSES_SECONDS[min(attempt, len(_PAUSES_SECONDS) - 1)]
                if not _may_pass(error) or time.monotonic() + pause > deadline:
                    raise worded(self._where, error) from error
            attempt += 1
            await anyio.sleep(pause)

    async def _once(self, work: Work[T], *, reading: bool) -> T:
        # Always in a transaction: behind PgBouncer only that keeps consecutive statements on one server connection.
        isolation = "repeatable_read" if reading else "read_committed"
        async with self._pool.acquire() as connection, connection.transaction(isolation=isolation, readonly=reading):
            return await work(connection)

    async def _migrate(self, steps: tuple[Migration, ...], version: int) -> None:
        while version != len(steps):
            if version > len(steps):
                raise newer_schema(self._where, version, len(steps))
            version = await self.write(lambda connection: _next_step(connection, steps))


async def _close(pool: "Pool[asyncpg.Record]") -> None:
    with anyio.move_on_after(_CLOSE_SECONDS, shield=True) as limit:
        await pool.close()
    if limit.cancelled_caught:
        pool.terminate()


async def _version(connection: Connection) -> int:
    major = connection.get_server_version().major
    if major < _OLDEST_MAJOR:
        raise JournalError(f"the journal needs PostgreSQL {_OLDEST_MAJOR} or newer, and the server is {major}")
    if not await connection.fetchval(_HAS_VERSION):
        return 0
    return await connection.fetchval("SELECT coalesce(max(version), 0) FROM outgrow.schema_version")


async def _next_step(connection: Connection, steps: tuple[Migration, ...]) -> int:
    """Take one migration in the transaction at hand, unless another process has taken it meanwhile."""
    await connection.execute("SELECT pg_advisory_xact_lock($1)", _MIGRATION_LOCK)
    if not await connection.fetchval(_HAS_SCHEMA):
        await connection.execute("CREATE SCHEMA outgrow")
    if not await connection.fetchval(_HAS_VERSION):
        await connection.execute(_FIRST)
    version = await _version(connection)
    if version >= len(steps):
        return version
    await connection.execute(steps[version].sql)
    await connection.execute("INSERT INTO outgrow.schema_version (version) VALUES ($1)", steps[version].version)
    return steps[version].version


def read_address(url: str) -> Address:
    """Take a URL apart: `statement_cache_size` is ours, everything else is PostgreSQL's.

    Raises:
        JournalError: it cannot be read; the text does not repeat it, for it may hold a password.
    """
    try:
        parts = urlsplit(url)
        options = parse_qsl(parts.query, keep_blank_values=True)
        cache = int(dict(options).get("statement_cache_size", _STATEMENT_CACHE))
    except ValueError as error:
        raise JournalError(
            "journal.url cannot be read; write postgresql://USER:PASSWORD@HOST:PORT/DATABASE, "
            "with special characters in the password written as %xx, and statement_cache_size as a number"
        ) from _without_secrets(error)
    login, _, host = parts.netloc.rpartition("@")
    user = login.partition(":")[0]
    theirs = urlencode([each for each in options if each[0] != "statement_cache_size"])
    return Address(
        url=urlunsplit(parts._replace(query=theirs)),
        shown=f"postgresql://{user}{'@' if user else ''}{host}{parts.path}",
        statement_cache_size=cache,
    )


async def _nothing_to_reset(connection: Any) -> None:
    """Spare a round trip after each use: the journal changes no setting of its connections."""


def _may_pass(error: BaseException) -> bool:
    # The bare InterfaceError is what asyncpg raises on a connection that it has found closed.
    closed = isinstance(error, asyncpg.InterfaceError) and "closed" in str(error)
    return closed or isinstance(error, _BROKEN)


def _without_secrets(error: BaseException) -> BaseException | None:
    """Keep an error as a cause only where it cannot repeat the URL."""
    return None if isinstance(error, (ValueError, asyncpg.InterfaceError)) else error


def worded(where: str, error: BaseException) -> JournalError:
    """Turn what asyncpg raises into one sentence with the remedy."""
    match error:
        case asyncpg.InvalidPasswordError() | asyncpg.InvalidAuthorizationSpecificationError():
            what = "wrong user or password; check journal.url"
        case asyncpg.InvalidCatalogNameError():
            what = "there is no such database; create it (createdb), or check journal.url"
        case asyncpg.InsufficientPrivilegeError():
            what = (
                f"too few rights ({error}); let an administrator run "
                "CREATE SCHEMA outgrow AUTHORIZATION for this role, or GRANT CREATE ON DATABASE"
            )
        case asyncpg.TooManyConnectionsError():
            what = "the server takes no more connections; raise max_connections or end some clients"
        case asyncpg.DiskFullError():
            what = "the server's disk is full; nothing of this write was kept. Make room there"
        case asyncpg.ReadOnlySQLTransactionError():
            what = "the server takes no writes (a standby?); name the primary in journal.url"
        case asyncpg.QueryCanceledError() | TimeoutError():
            what = "the server did not answer in time; look for locks and for load there"
        case OSError():
            what = f"cannot be reached ({error.strerror or error}); is the server up, and are host and port right?"
        case asyncpg.PostgresConnectionError() | asyncpg.CannotConnectNowError() | asyncpg.AdminShutdownError():
            what = f"the connection was lost and could not be made again for {PATIENCE_SECONDS:g} s; is the server up?"
        case asyncpg.PostgresError():
            what = f"PostgreSQL failed: {error} ({error.sqlstate})"
        case _:
            what = "cannot be used with this URL; write postgresql://USER:PASSWORD@HOST:PORT/DATABASE"
    return JournalError(f"{where}: {what}")
