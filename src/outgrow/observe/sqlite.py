"""The SQLite source: a file opened read-only for each read, on a thread, interrupted when its time is up."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from threading import Event
from time import monotonic
from typing import Final, TypeVar

import anyio
import anyio.to_thread
import apsw

from outgrow.errors import Failure, SourceError
from outgrow.facts.samples import Observation, Origin
from outgrow.observe._past import InstantsFailedError, Pace, in_chunks
from outgrow.observe._sql_now import Dialect, Placeholder, Statement, no_past, parse_statement, query_of
from outgrow.observe._sql_rows import MAX_ROWS, Moment, columns_of, observations
from outgrow.plan.secrets import resolve
from outgrow.plan.signals import QuerySignal
from outgrow.plan.sources import SqliteSource
from outgrow.ports import Inspection
from outgrow.quantity import format_duration

T = TypeVar("T")

_NAMES: Final = {Placeholder.NOW: ":now", Placeholder.NOW_EPOCH: ":now_epoch"}
_LARGEST_CHUNK: Final = 2_000
_STEPS_BETWEEN_LOOKS: Final = 10_000
"""Steps of SQLite's virtual machine, a fraction of a millisecond, between two looks at the clock."""
_READS_AT_ONCE: Final = 4
# A query ends itself at its limit; a file system that hangs is given up this much later.
_GRACE: Final = timedelta(milliseconds=500)
_FLAGS: Final = apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI
_NOTHING_THERE: Final = ("no such table", "no such column", "no such function")


class SqliteSignals:
    """Reads signals from a SQLite file; fulfils `outgrow.ports.SignalSource`. `:now` is our clock, in whole seconds."""

    def __init__(self, options: SqliteSource, environment: Mapping[str, str], base: Path) -> None:
        """Prepare; the file is opened at each read, so that one that was replaced is read anew."""
        self._path = base / resolve(options.path, environment)
        self._limit: timedelta = options.timeout
        self._turns = anyio.Semaphore(_READS_AT_ONCE)

    async def observe(self, signal: QuerySignal, now: datetime) -> Sequence[Observation]:
        """Read a signal at our clock minus the signal's delay."""
        statement = parse_statement(query_of(signal), Dialect.SQLITE)
        at = (now - signal.delay).astimezone(UTC).replace(microsecond=0)
        return await self._on_a_thread(partial(_read, signal, statement, Moment(at, now, Origin.LIVE)))

    async def past(self, signal: QuerySignal, instants: Sequence[datetime], now: datetime) -> Sequence[Observation]:
        """Ask for past moments, one after the other in one transaction per chunk."""
        if why := self.answers_past(signal):
            raise SourceError(Failure.NOT_CONFIGURED, why)
        statement = parse_statement(query_of(signal), Dialect.SQLITE)

        async def ask(chunk: Sequence[datetime]) -> list[Observation]:
            def read(connection: apsw.Connection) -> list[Observation]:
                moments = [Moment(at, now, Origin.BACKFILL) for at in chunk]
                return [each for moment in moments for each in _read(signal, statement, moment, connection)]

            return await self._on_a_thread(read)

        return await in_chunks(instants, now, Pace(_LARGEST_CHUNK, self._limit), ask)

    def answers_past(self, signal: QuerySignal) -> str:
        """Say why the signal's past cannot be asked for."""
        return no_past(signal, Dialect.SQLITE, r"dbstat|pragma_\w+")

    async def inspect(self) -> Inspection:
        """Open the file; say SQLite's version. Its clock is ours."""

        def read(connection: apsw.Connection) -> None:
            connection.execute("SELECT count(*) FROM sqlite_schema").fetchall()

        await self._on_a_thread(read)
        return Inspection(f"SQLite {apsw.sqlite_lib_version()}")

    async def aclose(self) -> None:
        """Nothing is kept open."""

    async def _on_a_thread(self, work: Callable[[apsw.Connection], T]) -> T:
        given_up = Event()
        run = partial(self._with_connection, work, given_up)
        try:
            # Waiting for a turn is not counted: a slow query must not make those behind it fail.
            async with self._turns:
                with anyio.fail_after((self._limit + _GRACE).total_seconds()):
                    return await anyio.to_thread.run_sync(run, abandon_on_cancel=True, limiter=anyio.CapacityLimiter(1))
        except TimeoutError as error:
            # The query did not notice its own time-out: the file system hangs.
            raise SourceError(
                Failure.TIMED_OUT,
                f"{self._path.name} gave no answer within {format_duration(self._limit)}",
                "look whether the file system that it lies on hangs",
            ) from error
        finally:
            given_up.set()

    def _with_connection(self, work: Callable[[apsw.Connection], T], given_up: Event) -> T:
        limit = self._limit.total_seconds()
        deadline = monotonic() + limit
        self._check_path()
        try:
            with closing(apsw.Connection(f"{self._path.resolve().as_uri()}?mode=ro", flags=_FLAGS)) as connection:
                connection.set_busy_timeout(int(min(limit, 1.0) * 1000))
                connection.set_progress_handler(
                    lambda: given_up.is_set() or monotonic() > deadline, _STEPS_BETWEEN_LOOKS
                )
                connection.execute("BEGIN")
                return work(connection)
        except apsw.Error as error:
            raise self._failure(error) from error

    def _check_path(self) -> None:
        try:
            self._path.stat()
        except PermissionError as error:
            raise self._not_readable(error) from error
        except OSError as error:
            raise SourceError(
                Failure.NOT_CONFIGURED, f"the file {self._path} does not exist", "check the source's `path`"
            ) from error

    def _not_readable(self, error: Exception) -> SourceError:
        return SourceError(
            Failure.NOT_PERMITTED,
            f"{self._path} cannot be read: {error}",
            "give this user the right to read the file; a file in WAL mode needs its folder writable too",
        )

    def _failure(self, error: apsw.Error) -> SourceError:
        says = str(error)
        match error:
            case apsw.InterruptError():
                return InstantsFailedError(
                    Failure.TIMED_OUT,
                    f"the query ran longer than {format_duration(self._limit)} and was interrupted",
                    "look at its plan (EXPLAIN QUERY PLAN), add an index, or raise the source's `timeout`",
                )
            case apsw.BusyError() | apsw.LockedError():
                return SourceError(
                    Failure.LOCKED, f"{self._path.name} is locked", "let the writer use journal_mode = WAL"
                )
            case apsw.NotADBError() | apsw.CorruptError():
                return SourceError(
                    Failure.BAD_ANSWER, f"{self._path}: {says}", "check the source's `path`, and PRAGMA integrity_check"
                )
            case apsw.CantOpenError() | apsw.PermissionsError() | apsw.AuthError() | apsw.IOError():
                return self._not_readable(error)
            case apsw.ReadOnlyError():
                return SourceError(Failure.BAD_QUERY, f"the query writes: {says}", "a signal only reads")
            case apsw.SQLError() if any(words in says for words in _NOTHING_THERE):
                return SourceError(
                    Failure.NO_SUCH_THING, says, "check the name, and whether the migration has run here"
                )
            case apsw.SQLError():
                return SourceError(Failure.BAD_QUERY, says, "try the query in sqlite3")
            case _:
                return SourceError(Failure.OTHER, f"{self._path.name}: {says}", "try the query in sqlite3")


def _read(signal: QuerySignal, statement: Statement, moment: Moment, connection: apsw.Connection) -> list[Observation]:
    at = moment.at.astimezone(UTC)
    given = {"now": f"{at:%Y-%m-%d %H:%M:%S}", "now_epoch": int(at.timestamp())}
    cursor = connection.cursor()
    names: list[str] = []

    # The columns are only known before the first step, and without a row there is no second one.
    def note_columns(cursor: apsw.Cursor, _statement: str, _bindings: object) -> bool:
        names.extend(column[0] for column in cursor.get_description())
        return True

    cursor.exec_trace = note_columns
    found = cursor.execute(statement.render(_NAMES), given)
    rows = [row for row, _ in zip(found, range(MAX_ROWS + 1), strict=False)]
    return observations(signal, columns_of(signal, names), rows, moment)
