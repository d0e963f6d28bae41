"""The MySQL and MariaDB source: live reads by the database's clock, the past by UNION ALL over instants."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import Final, TypeVar

from pymysql.err import MySQLError

from outgrow.errors import Failure, SourceError
from outgrow.facts.samples import Observation, Origin
from outgrow.observe._kept import KeptConnections
from outgrow.observe._past import InstantsFailedError, Pace, in_chunks
from outgrow.observe._sql_now import Dialect, Placeholder, Statement, no_past, parse_statement, query_of
from outgrow.observe._sql_rows import MAX_ROWS, Moment, columns_of, observations, past_observations
from outgrow.observe.mysql.driver import Connection, MySqlDriver, database_clock
from outgrow.observe.mysql.failures import failure_of
from outgrow.observe.mysql.rights import warnings_about
from outgrow.plan.signals import QuerySignal
from outgrow.plan.sources import MySqlSource, zone_of
from outgrow.ports import Inspection

T = TypeVar("T")

# Each instant is a statement of its own to parse: beyond some dozens a larger chunk saves nothing.
_LARGEST_CHUNK: Final = 200
_MAX_PAST_ROWS: Final = 100_000
_PRESENT_ONLY: Final = r"information_schema|performance_schema|processlist|global_status"
_BROKEN: Final = (MySQLError, OSError, EOFError)


class MySqlSignals:
    """Reads signals from a MySQL or MariaDB database; fulfils `outgrow.ports.SignalSource`."""

    def __init__(self, options: MySqlSource, environment: Mapping[str, str], base: Path) -> None:
        """Prepare to connect; nothing is opened before the first read.

        Raises:
            SourceError: (`NOT_CONFIGURED`) the url, a variable in it, or the TLS file is of no use.
        """
        self._driver = MySqlDriver(options, environment, base)
        self._kept = KeptConnections(self._driver, options.pool_size, options.timeout)
        self._options = options
        self._zone = zone_of(options.timezone)
        self.clock_skew: timedelta | None = None
        """The database's clock minus ours, at the last read."""

    async def observe(self, signal: QuerySignal, now: datetime) -> Sequence[Observation]:
        """Read a signal; the sample's moment is the database's clock minus the signal's delay."""
        statement = parse_statement(query_of(signal), Dialect.MYSQL)

        async def read(connection: Connection) -> list[Observation]:
            at = await self._clock(connection) - signal.delay
            await self._driver.set_offset(connection, at)
            names, rows = await connection.fetch_prepared(self._at(statement, at), MAX_ROWS)
            return observations(signal, columns_of(signal, names), rows, Moment(at, now, Origin.LIVE, self._zone))

        return await self._read(read)

    async def past(self, signal: QuerySignal, instants: Sequence[datetime], now: datetime) -> Sequence[Observation]:
        """Ask for past moments, many at once; chunks take turns with the reads of other signals."""
        if why := self.answers_past(signal):
            raise SourceError(Failure.NOT_CONFIGURED, why)
        statement = parse_statement(query_of(signal), Dialect.MYSQL)
        moment = Moment(now, now, Origin.BACKFILL, self._zone)

        async def ask(chunk: Sequence[datetime]) -> list[Observation]:
            async def read(connection: Connection) -> list[Observation]:
                found: list[Observation] = []
                for part in self._by_offset(connection, chunk):
                    await self._driver.set_offset(connection, part[0])
                    found += await self._read_at_once(connection, signal, statement, part, moment)
                return found

            return await self._read(read)

        return await in_chunks(instants, now, Pace(_LARGEST_CHUNK, self._options.timeout), ask)

    def answers_past(self, signal: QuerySignal) -> str:
        """Say why the signal's past cannot be asked for."""
        return no_past(signal, Dialect.MYSQL, _PRESENT_ONLY)

    async def inspect(self) -> Inspection:
        """Say the server's version, its clock's skew, and what the user may do besides reading."""

        async def read(connection: Connection) -> tuple[str, list[str]]:
            await self._clock(connection)
            _, grants = await connection.fetch("SHOW GRANTS", MAX_ROWS)
            warnings = warnings_about([str(row[0]) for row in grants], self._driver.asked.user)
            if not connection.knows_zones:
                warnings.append(
                    f"the server does not know the time zone {self._options.timezone}, only its offset is set; "
                    "load the tables: mariadb-tzinfo-to-sql /usr/share/zoneinfo | mariadb mysql"
                )
            version = str(connection.get_server_info())
            return version if "mariadb" in version.lower() else f"MySQL {version}", warnings

        version, warnings = await self._read(read)
        return Inspection(version, self.clock_skew, tuple(warnings))

    async def aclose(self) -> None:
        """Close every connection."""
        await self._kept.aclose()

    async def _read(self, read: Callable[[Connection], Awaitable[T]]) -> T:
        """Run a read on a kept connection, roll its transaction back, and word its failure."""

        async def work(connection: Connection) -> T:
            try:
                result = await read(connection)
            except _BROKEN as error:
                await _roll_back(connection)
                raise failure_of(error, self._driver.asked) from error
            except SourceError:
                await _roll_back(connection)
                raise
            await _roll_back(connection)
            return result

        return await self._kept.use(work)

    async def _read_at_once(
        self,
        connection: Connection,
        signal: QuerySignal,
        statement: Statement,
        instants: Sequence[datetime],
        moment: Moment,
    ) -> list[Observation]:
        # MariaDB 10.11 has no LATERAL: one SELECT per instant, numbered.
        text = "\nUNION ALL\n".join(
            f"SELECT {number} AS outgrow_number, outgrow_rows.* FROM (\n{self._at(statement, at)}\n) AS outgrow_rows"  # noqa: S608 (a plan is trusted)
            for number, at in enumerate(instants)
        )
        names, rows = await connection.fetch_prepared(text, _MAX_PAST_ROWS)
        if len(rows) > _MAX_PAST_ROWS and len(instants) > 1:
            raise InstantsFailedError(Failure.BAD_ANSWER, f"the query gives more than {_MAX_PAST_ROWS:,} rows")
        return past_observations(signal, columns_of(signal, names[1:]), rows, instants, moment)

    def _by_offset(self, connection: Connection, chunk: Sequence[datetime]) -> list[list[datetime]]:
        """Part a chunk where the zone's offset changes, if the session can only be told an offset."""
        if connection.knows_zones:
            return [list(chunk)]
        return [list(part) for _, part in groupby(chunk, key=lambda at: at.astimezone(self._zone).utcoffset())]

    def _at(self, statement: Statement, at: datetime) -> str:
        """Write the statement for a moment: :now is a DATETIME(6) in the session's zone, as the columns are."""
        local = at.astimezone(self._zone).replace(tzinfo=None).isoformat(" ", "microseconds")
        epoch = (at - datetime.fromtimestamp(0, UTC)) / timedelta(microseconds=1)
        return statement.render(
            {Placeholder.NOW: f"TIMESTAMP'{local}'", Placeholder.NOW_EPOCH: f"{int(epoch) / 1_000_000:.6f}"}
        )

    async def _clock(self, connection: Connection) -> datetime:
        before = datetime.now(UTC)
        theirs = await database_clock(connection)
        after = datetime.now(UTC)
        self.clock_skew = theirs - (before + (after - before) / 2)
        return theirs


async def _roll_back(connection: Connection) -> None:
    """End the transaction, or the connection where that fails: what is in doubt is not kept."""
    try:
        if not connection.closed:
            await connection.rollback()
    except _BROKEN:
        connection.close()
