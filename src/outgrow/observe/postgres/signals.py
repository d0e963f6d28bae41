"""The PostgreSQL source: live reads by the database's clock, the past by LATERAL over instants."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

from outgrow.errors import Failure, SourceError
from outgrow.facts.samples import Observation, Origin
from outgrow.observe._kept import KeptConnections
from outgrow.observe._past import Pace, in_chunks
from outgrow.observe._sql_now import Dialect, Statement, no_past, parse_statement, query_of
from outgrow.observe._sql_rows import Moment
from outgrow.observe.postgres.driver import BROKEN, PostgresDriver, database_clock
from outgrow.observe.postgres.failures import failure_of
from outgrow.observe.postgres.reads import PastReader, read_at
from outgrow.plan.signals import QuerySignal
from outgrow.plan.sources import PostgresSource, zone_of
from outgrow.ports import Inspection

if TYPE_CHECKING:
    import asyncpg

    Connection = asyncpg.Connection[asyncpg.Record]

T = TypeVar("T")

_INSPECT: Final = Path(__file__).with_name("inspect.sql").read_text(encoding="utf-8")
_LARGEST_CHUNK: Final = 2_000
# What only knows the present: statistics of sessions, locks, replication and sizes.
_PRESENT_ONLY: Final = r"pg_stat_\w+|pg_locks|pg_\w+_size|pg_last_\w+|pg_current_wal\w*|pg_class"


class PostgresSignals:
    """Reads signals from a PostgreSQL database; fulfils `outgrow.ports.SignalSource`."""

    def __init__(self, options: PostgresSource, environment: Mapping[str, str], base: Path) -> None:
        """Prepare to connect; nothing is opened before the first read.

        Raises:
            SourceError: (`NOT_CONFIGURED`) the url, a variable in it, or a TLS file is of no use.
        """
        self._driver = PostgresDriver(options, environment, base)
        self._kept = KeptConnections(self._driver, options.pool_size, options.timeout)
        self._options = options
        self._zone = zone_of(options.timezone)
        self.clock_skew: timedelta | None = None
        """The database's clock minus ours, at the last read."""

    async def observe(self, signal: QuerySignal, now: datetime) -> Sequence[Observation]:
        """Read a signal; the sample's moment is the database's clock minus the signal's delay."""
        statement = parse_statement(query_of(signal), Dialect.POSTGRES)

        async def read(connection: "Connection") -> list[Observation]:
            at = await self._clock(connection) - signal.delay
            return await read_at(connection, signal, statement, Moment(at, now, Origin.LIVE, self._zone))

        return await self._read(read, statement)

    async def past(self, signal: QuerySignal, instants: Sequence[datetime], now: datetime) -> Sequence[Observation]:
        """Ask for past moments, many at once; chunks take turns with the reads of other signals."""
        if why := self.answers_past(signal):
            raise SourceError(Failure.NOT_CONFIGURED, why)
        statement = parse_statement(query_of(signal), Dialect.POSTGRES)
        reader = PastReader(signal, statement, Moment(now, now, Origin.BACKFILL, self._zone))

        async def ask(chunk: Sequence[datetime]) -> list[Observation]:
            return await self._read(lambda connection: reader.read(connection, chunk), statement)

        return await in_chunks(instants, now, Pace(_LARGEST_CHUNK, self._options.timeout), ask)

    def answers_past(self, signal: QuerySignal) -> str:
        """Say why the signal's past cannot be asked for."""
        return no_past(signal, Dialect.POSTGRES, _PRESENT_ONLY)

    async def inspect(self) -> Inspection:
        """Say the server's version, its clock's skew, and what the role may do besides reading."""

        async def read(connection: "Connection") -> Mapping[str, Any]:
            await self._clock(connection)
            rows = await connection.fetch(_INSPECT)
            return dict(rows[0].items())

        facts = await self._read(read, None)
        return Inspection(f"PostgreSQL {facts['version']}", self.clock_skew, tuple(_warnings(facts)))

    async def aclose(self) -> None:
        """Close every connection."""
        await self._kept.aclose()

    async def _read(self, read: Callable[["Connection"], Awaitable[T]], statement: Statement | None) -> T:
        """Run a read on a kept connection, roll its transaction back, and word its failure."""

        async def work(connection: "Connection") -> T:
            try:
                result = await read(connection)
            except BROKEN as error:
                await _roll_back(connection)
                raise failure_of(error, self._driver.asked, statement.code if statement else "") from error
            except SourceError:
                await _roll_back(connection)
                raise
            await _roll_back(connection)
            return result

        return await self._kept.use(work)

    async def _clock(self, connection: "Connection") -> datetime:
        before = datetime.now(UTC)
        theirs = await database_clock(connection)
        after = datetime.now(UTC)
        self.clock_skew = theirs - (before + (after - before) / 2)
        return theirs


async def _roll_back(connection: "Connection") -> None:
    """End the transaction, or the connection where that fails: what is in doubt is not kept."""
    try:
        await connection.execute("ROLLBACK")
    except BROKEN:
        connection.terminate()


def _warnings(facts: Mapping[str, Any]) -> list[str]:
    role = facts["role"]
    warnings: list[str] = []
    if facts["is_superuser"]:
        return [f"the role {role} is a superuser; measure as a role that only reads: {_reader(role)}"]
    if facts["creates_databases_or_roles"]:
        warnings.append(f"the role {role} may create databases or roles; measure as a role that only reads")
    if tables := facts["writable_tables"]:
        warnings.append(f"the role {role} may write to {_some(tables)}; measure as a role that only reads")
    if schemas := facts["creatable_schemas"]:
        remedy = f"REVOKE CREATE ON SCHEMA {schemas[0]} FROM {role}, PUBLIC"
        warnings.append(f"the role {role} may create tables in the schema {_some(schemas)}; {remedy}")
    if not facts["sees_other_sessions"]:
        warnings.append(
            f"the role {role} sees NULL for other sessions in pg_stat_activity and counts too few; "
            f"GRANT pg_monitor TO {role}"
        )
    return warnings


def _reader(role: str) -> str:
    return f"CREATE ROLE outgrow_reader LOGIN; GRANT pg_monitor, pg_read_all_data TO outgrow_reader (instead of {role})"


def _some(names: Sequence[str]) -> str:
    shown = 3
    return ", ".join(names[:shown]) + (" and more" if len(names) > shown else "")
