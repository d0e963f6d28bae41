"""One SQLite file: made private, migrated, used off the event loop; its failures worded."""

import os
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, Self, TypeVar

import apsw
from anyio import CapacityLimiter, to_thread

from outgrow.errors import JournalError
from outgrow.journal._migrations import Migration, newer_schema

# Marks the file as ours (PRAGMA application_id), so that a plan that names some other SQLite file does it no harm.
APPLICATION_ID: Final = int.from_bytes(b"outg", "big")

# How long a write waits for those of other processes.
PATIENCE_SECONDS: Final = 10.0
_PAUSE_SECONDS: Final = 0.01

# FULL and not NORMAL: an acknowledged sample survives a power cut, too. It costs one fsync a commit (docs/explanation/
# journal.md has the figures). Deleted rows leave free pages behind, which compaction hands back in small steps.
_BEFORE_FIRST_PAGE: Final = "PRAGMA auto_vacuum = INCREMENTAL"
_WRITER: Final = "PRAGMA synchronous = FULL; PRAGMA journal_size_limit = 16777216; PRAGMA cache_size = -16000"
_READER: Final = "PRAGMA query_only = ON; PRAGMA cache_size = -16000"

T = TypeVar("T")
Work = Callable[[apsw.Connection], T]

# POSIX drops a process's locks on a file when *any* of its handles on that file is closed. The file is made with a
# handle of our own, so nobody else in this process may open it meanwhile.
_opening = threading.Lock()


class Database:
    """An open journal file: one connection that writes and one that reads, each used by one thread at a time."""

    def __init__(self, path: Path, writer: apsw.Connection, reader: apsw.Connection) -> None:
        """Take over two connections to `path`."""
        self._path = path.absolute()  # the same file wherever the process goes
        self._file = _identity(self._path)
        self._writer, self._reader = writer, reader
        self._write_limit, self._read_limit = CapacityLimiter(1), CapacityLimiter(1)
        self._closed = False

    @classmethod
    async def open(cls, path: Path, steps: tuple[Migration, ...]) -> Self:
        """Open or create the file and bring its schema up to date.

        Raises:
            JournalError: it cannot be created, read or written, is damaged, is not ours, or is newer than we are.
        """

        def connections() -> tuple[apsw.Connection, apsw.Connection]:
            with worded(path):
                return _open(path, steps)

        writer, reader = await to_thread.run_sync(connections)
        return cls(path, writer, reader)

    @property
    def path(self) -> Path:
        """Where the file is."""
        return self._path

    async def write(self, work: Work[T]) -> T:
        """Run `work` in one transaction that is on the disk when this returns; cancelling waits for its end."""

        def run() -> T:
            with worded(self._path):
                self._still_there()
                return _in_transaction(self._writer, "BEGIN IMMEDIATE", work)

        return await to_thread.run_sync(run, limiter=self._write_limit)

    async def read(self, work: Work[T]) -> T:
        """Run `work` on one consistent state of the journal."""

        def run() -> T:
            with worded(self._path):
                self._still_there()
                return _in_transaction(self._reader, "BEGIN", work)

        return await to_thread.run_sync(run, limiter=self._read_limit)

    async def tidy(self) -> None:
        """Bring the write-ahead log into the file as far as readers allow, which lets the file shrink."""

        def run() -> None:
            with worded(self._path), suppress(apsw.BusyError):
                self._writer.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)

        await to_thread.run_sync(run, limiter=self._write_limit)

    async def aclose(self) -> None:
        """Close both connections; safe to call twice."""
        self._closed = True
        await to_thread.run_sync(self._reader.close, limiter=self._read_limit)
        await to_thread.run_sync(self._writer.close, limiter=self._write_limit)

    def _still_there(self) -> None:
        if self._closed:
            raise JournalError(f"journal {self._path}: is closed")
        # SQLite would go on writing into a file that has no name any more, and every acknowledgement would be a lie.
        if _identity(self._path) != self._file:
            raise JournalError(
                f"journal {self._path}: the file was moved, replaced or deleted while in use; "
                "put it back or restart outgrow, which makes a new one"
            )


def _open(path: Path, steps: tuple[Migration, ...]) -> tuple[apsw.Connection, apsw.Connection]:
    with _opening:
        _create(path)
        writer = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
    try:
        writer.set_busy_timeout(int(PATIENCE_SECONDS * 1000))
        _refuse_readers(writer)
        _refuse_strangers(writer, path)
        _use_write_ahead_log(writer, path)
        _run(writer, _WRITER)
        _migrate(writer, steps, path)
        reader = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
        reader.set_busy_timeout(int(PATIENCE_SECONDS * 1000))
        _run(reader, _READER)
    except BaseException:
        writer.close()
        raise
    return writer, reader


def _create(path: Path) -> None:
    """Make an empty file that only its owner may read: samples and evidence are nobody else's business."""
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, 0o600))
    except FileExistsError:
        pass
    except OSError as error:
        raise JournalError(
            f"journal {path}: cannot be created: {error.strerror}; "
            f"make the folder {path.parent} and let this user write to it, or set journal.url in the plan"
        ) from error


def _refuse_readers(connection: apsw.Connection) -> None:
    """SQLite opens what it may not write for reading, without a word."""
    if connection.readonly("main"):
        raise apsw.ReadOnlyError


def _refuse_strangers(connection: apsw.Connection, path: Path) -> None:
    with _transaction(connection, "BEGIN"):
        owner = connection.pragma("application_id")
        empty = connection.execute("SELECT count(*) FROM sqlite_schema").get == 0
    if owner != APPLICATION_ID and not (owner == 0 and empty):
        raise JournalError(
            f"journal {path}: is an SQLite database of something else; name another file in the plan (journal.url)"
        )


def _use_write_ahead_log(connection: apsw.Connection, path: Path) -> None:
    """Switch to WAL. Whoever else opens the new file at this moment can make SQLite refuse without waiting."""
    connection.execute(_BEFORE_FIRST_PAGE)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        with suppress(apsw.BusyError):
            if connection.pragma("journal_mode", "wal") == "wal":
                return
        if time.monotonic() > deadline:
            raise JournalError(
                f"journal {path}: SQLite cannot keep a write-ahead log here; "
                "use a local disk rather than a network folder, or a PostgreSQL journal"
            )
        time.sleep(_PAUSE_SECONDS)


def _migrate(connection: apsw.Connection, steps: tuple[Migration, ...], path: Path) -> None:
    while (version := _version(connection)) != len(steps):
        if version > len(steps):
            raise newer_schema(f"journal {path}", version, len(steps))
        with _transaction(connection, "BEGIN IMMEDIATE"):
            # Asked again now that no other process can be at it.
            version = _version(connection)
            if version < len(steps):
                _run(connection, steps[version].sql)
                connection.pragma("user_version", steps[version].version)
                connection.pragma("application_id", APPLICATION_ID)


def _version(connection: apsw.Connection) -> int:
    return connection.pragma("user_version")


def _run(connection: apsw.Connection, statements: str) -> None:
    for _ in connection.execute(statements):
        pass


def _in_transaction(connection: apsw.Connection, begin: str, work: Work[T]) -> T:
    with _transaction(connection, begin):
        return work(connection)


@contextmanager
def _transaction(connection: apsw.Connection, begin: str) -> Generator[None]:
    connection.execute(begin)
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        # A full disk ends the transaction by itself.
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


@contextmanager
def worded(path: Path) -> Generator[None]:
    """Turn what SQLite raises into one sentence with the remedy."""
    try:
        yield
    except apsw.FullError as error:
        what = "the disk is full; nothing of this write was kept. Make room, or move the journal (journal.url)"
        raise JournalError(f"journal {path}: {what}") from error
    except (apsw.ReadOnlyError, apsw.PermissionsError) as error:
        what = "cannot be written; let this user write to the file and its folder, or set journal.url in the plan"
        raise JournalError(f"journal {path}: {what}") from error
    except (apsw.NotADBError, apsw.CorruptError) as error:
        what = (
            f"is damaged or no SQLite file ({error}); move it away and outgrow starts a new one, "
            "or rescue what can be read with: sqlite3 FILE .recover"
        )
        raise JournalError(f"journal {path}: {what}") from error
    except (apsw.BusyError, apsw.LockedError) as error:
        what = f"another process has kept it locked for {PATIENCE_SECONDS:g} s; end that process, or try again"
        raise JournalError(f"journal {path}: {what}") from error
    except apsw.CantOpenError as error:
        what = f"cannot be opened ({error}); check that it is a file, and that its folder can be written to"
        raise JournalError(f"journal {path}: {what}") from error
    except apsw.IOError as error:
        what = f"the disk failed ({error}); check the disk and its free space"
        raise JournalError(f"journal {path}: {what}") from error
    except apsw.Error as error:
        raise JournalError(f"journal {path}: SQLite failed: {error}") from error
