"""The SQLite journal's file: private, migrated, bounded, and clear about everything that can be wrong with it."""

import stat
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path

import anyio
import apsw
import pytest

from outgrow.errors import JournalError
from outgrow.facts.forecasts import DailyLevel
from outgrow.facts.rollups import LevelKey
from outgrow.facts.samples import Measured
from outgrow.journal._migrations import migrations, query
from outgrow.journal.sqlite import SqliteJournal, database
from outgrow.plan import JournalOptions
from tests.journal.processes import child
from tests.journal.samples import DAY, KEY, MINUTE, NOON, minutes
from tests.journal.writer import SHORT, migrate, open_as_nobody

OPTIONS = JournalOptions()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.sqlite"


@pytest.fixture
async def journal(path: Path) -> AsyncIterator[SqliteJournal]:
    opened = await SqliteJournal.open(path, SHORT)
    yield opened
    await opened.aclose()


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


async def refusal(path: Path) -> str:
    """Give the one line in which the file is refused."""
    with pytest.raises(JournalError) as refused:
        await SqliteJournal.open(path, OPTIONS)
    assert str(refused.value).startswith(f"journal {path}: ")
    return str(refused.value)


# --- whose it is


async def test_only_its_owner_may_read_the_file_and_its_log(path: Path, journal: SqliteJournal) -> None:
    await journal.append_samples(minutes(3))

    assert {mode(each) for each in path.parent.glob("journal.sqlite*")} == {0o600}


async def test_what_is_acknowledged_is_on_the_disk_and_not_only_with_the_kernel(journal: SqliteJournal) -> None:
    writer = journal._database._writer  # noqa: SLF001 (a power cut cannot be had in a test)

    assert writer.pragma("synchronous") == 2
    assert writer.pragma("journal_mode") == "wal"


async def test_a_file_that_is_there_keeps_the_mode_that_its_owner_gave_it(path: Path) -> None:
    path.touch()
    path.chmod(0o640)

    journal = await SqliteJournal.open(path, OPTIONS)
    await journal.aclose()

    assert mode(path) == 0o640


async def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    assert "make the folder" in await refusal(tmp_path / "missing" / "journal.sqlite")


async def test_a_folder_is_no_journal(tmp_path: Path) -> None:
    assert "cannot be opened" in await refusal(tmp_path)


async def test_somebody_elses_database_is_left_alone(path: Path) -> None:
    with closing(apsw.Connection(str(path))) as theirs:
        theirs.execute("CREATE TABLE customers (name TEXT); PRAGMA user_version = 2")
    before = path.read_bytes()

    assert "an SQLite database of something else" in await refusal(path)

    assert path.read_bytes() == before


# --- its schema


def schema(path: Path) -> list[str]:
    with closing(apsw.Connection(str(path))) as connection:
        return [
            row[0] for row in connection.execute("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name")
        ]


async def test_a_schema_newer_than_we_know_is_refused(path: Path) -> None:
    await (await SqliteJournal.open(path, OPTIONS)).aclose()
    with closing(apsw.Connection(str(path))) as newer:
        newer.pragma("user_version", 99)

    message = await refusal(path)

    assert "version 99" in message
    assert "upgrade outgrow" in message


@pytest.mark.parametrize("version", [1, 2, 3, 4])
async def test_an_older_schema_is_brought_up_to_date_with_all_it_holds(path: Path, version: int) -> None:
    known = migrations("outgrow.journal.sqlite")
    old = await database.Database.open(path, known[:version])
    await SqliteJournal(old, OPTIONS).append_samples(minutes(5))
    await old.aclose()

    journal = await SqliteJournal.open(path, OPTIONS)

    assert await journal.samples(KEY.signal_hash, NOON, NOON + DAY) == minutes(5)
    level = (LevelKey(KEY, "highest", "UTC"), DailyLevel(date(2026, 3, 1), 1.0, 1.0))
    assert await journal.append_daily_levels([level], NOON) == 1
    await journal.aclose()
    new = path.with_name("new.sqlite")
    await (await SqliteJournal.open(new, OPTIONS)).aclose()
    assert schema(path) == schema(new)


async def test_a_migration_that_fails_leaves_the_file_as_it_was(path: Path) -> None:
    known = migrations("outgrow.journal.sqlite")
    broken = database.Migration(2, "0002_broken.sql", "CREATE TABLE half (x); CREATE TABLE half (x);")
    await (await database.Database.open(path, known[:1])).aclose()
    before = schema(path)

    with pytest.raises(JournalError, match="already exists"):
        await database.Database.open(path, (known[0], broken))

    assert schema(path) == before
    await (await SqliteJournal.open(path, OPTIONS)).aclose()


async def test_many_processes_may_make_the_same_journal_at_once(path: Path) -> None:
    with child(migrate, str(path)) as a, child(migrate, str(path)) as b, child(migrate, str(path)) as c:
        children = [a, b, c]
        assert [each.pipe.recv() for each in children] == ["ready"] * 3
        for each in children:
            each.pipe.send("go")
        assert [each.pipe.recv() for each in children] == [""] * 3

    journal = await SqliteJournal.open(path, OPTIONS)
    assert len(await journal.samples("killed", NOON, NOON)) == 0
    await journal.aclose()
    with closing(apsw.Connection(str(path))) as connection:
        assert connection.execute("SELECT count(*) FROM samples").get == 3
        assert connection.pragma("integrity_check") == "ok"
        assert connection.pragma("auto_vacuum") == 2


async def test_two_journals_of_one_process_share_the_file(path: Path, journal: SqliteJournal) -> None:
    other = await SqliteJournal.open(path, OPTIONS)
    async with anyio.create_task_group() as group:
        for index in range(20):
            start = NOON + index * 100 * MINUTE
            group.start_soon((journal, other)[index % 2].append_samples, minutes(100, start))
    await other.aclose()

    assert len(await journal.samples(KEY.signal_hash, NOON, NOON + 9 * DAY)) == 2000


# --- what can go wrong with it


@pytest.mark.parametrize(
    "content", [b"no database at all, but long enough to look at" * 100, b"SQLite format 3\0" * 400]
)
async def test_a_file_that_is_no_database_is_refused_and_left_alone(path: Path, content: bytes) -> None:
    path.write_bytes(content)

    assert "is damaged or no SQLite file" in await refusal(path)

    assert path.read_bytes() == content


async def test_a_page_that_was_overwritten_is_noticed_when_it_is_read(path: Path) -> None:
    journal = await SqliteJournal.open(path, OPTIONS)
    await journal.append_samples(minutes(20_000))
    await journal.aclose()
    content = bytearray(path.read_bytes())
    content[len(content) // 2 : -4096] = b"\xa5" * len(content[len(content) // 2 : -4096])
    path.write_bytes(content)

    journal = await SqliteJournal.open(path, OPTIONS)
    with pytest.raises(JournalError, match=r"is damaged.*\.recover"):
        await journal.samples(KEY.signal_hash, NOON, NOON + 30 * DAY)
    await journal.aclose()


@pytest.mark.parametrize(
    ("permissions", "remedy"), [(0o444, "let this user write to the file"), (0o000, "cannot be opened")]
)
async def test_a_file_that_may_not_be_written_is_refused(permissions: int, remedy: str) -> None:
    with tempfile.TemporaryDirectory(prefix="outgrow-") as folder:
        path = Path(folder) / "journal.sqlite"
        await (await SqliteJournal.open(path, OPTIONS)).aclose()
        path.chmod(permissions)
        Path(folder).chmod(0o755)

        with child(open_as_nobody, str(path)) as reader:
            said = reader.pipe.recv()

    assert said.startswith(f"journal {path}: ")
    assert remedy in said


class FillingFile(apsw.VFSFile):
    """A file on a disk that may be full."""

    full = False

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802 (SQLite's name)
        if FillingFile.full:
            raise apsw.FullError
        super().xWrite(data, offset)


class FillingDisk(apsw.VFS):
    """SQLite's view of such a disk, as long as it is registered."""

    def __init__(self) -> None:
        self._below = apsw.vfs_names()[0]
        super().__init__("filling", self._below, makedefault=True)

    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> apsw.VFSFile:  # noqa: N802
        return FillingFile(self._below, name, flags)


@pytest.fixture
def filling_disk() -> Iterator[None]:
    disk = FillingDisk()
    yield
    FillingFile.full = False
    disk.unregister()


@pytest.mark.usefixtures("filling_disk")
async def test_a_full_disk_keeps_nothing_of_a_write_and_everything_before(path: Path) -> None:
    journal = await SqliteJournal.open(path, OPTIONS)
    await journal.append_samples(minutes(10))

    FillingFile.full = True
    with pytest.raises(JournalError, match="the disk is full"):
        await journal.append_samples(minutes(1000, NOON + DAY))
    assert await journal.samples(KEY.signal_hash, NOON, NOON + 9 * DAY) == minutes(10)

    FillingFile.full = False
    assert await journal.append_samples(minutes(10, NOON + DAY)) == 10
    assert len(await journal.samples(KEY.signal_hash, NOON, NOON + 9 * DAY)) == 20
    await journal.aclose()


async def test_a_lock_that_another_process_keeps_is_named(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "PATIENCE_SECONDS", 0.05)
    hurried = await SqliteJournal.open(path, OPTIONS)
    with closing(apsw.Connection(str(path))) as other:
        other.execute("BEGIN IMMEDIATE")

        with pytest.raises(JournalError, match="another process has kept it locked"):
            await hurried.append_samples(minutes(1))
        assert await hurried.samples(KEY.signal_hash, NOON, NOON) == []

        other.execute("ROLLBACK")
    assert await hurried.append_samples(minutes(1)) == 1
    await hurried.aclose()


async def test_a_file_that_was_deleted_under_way_is_not_written_to_in_silence(
    path: Path, journal: SqliteJournal
) -> None:
    await journal.append_samples(minutes(1))
    path.unlink()

    with pytest.raises(JournalError, match="moved, replaced or deleted"):
        await journal.append_samples(minutes(2))
    with pytest.raises(JournalError, match="moved, replaced or deleted"):
        await journal.samples(KEY.signal_hash, NOON, NOON)


async def test_a_closed_journal_says_so(journal: SqliteJournal) -> None:
    await journal.aclose()

    with pytest.raises(JournalError, match="is closed"):
        await journal.append_samples(minutes(1))


# --- its size, and who waits for whom


async def test_a_few_events_of_a_kind_are_found_without_reading_all_the_others(path: Path) -> None:
    await (await SqliteJournal.open(path, OPTIONS)).aclose()
    asked = {"kinds": '["capacity"]', "subject": None, "having": "{}", "start": None, "end": None}

    with closing(apsw.Connection(str(path))) as opened:
        statement = f"EXPLAIN QUERY PLAN {query('outgrow.journal.sqlite', 'events_of_kinds')}"
        steps = [str(step[-1]) for step in opened.execute(statement, asked)]

    assert any(each.startswith("SEARCH events USING INDEX events_of_kind") for each in steps)


async def test_compaction_gives_the_space_back(path: Path) -> None:
    journal = await SqliteJournal.open(path, SHORT)
    await journal.append_samples(minutes(120_000))
    await journal.aclose()
    before = path.stat().st_size

    journal = await SqliteJournal.open(path, SHORT)
    await journal.compact(NOON + 90 * DAY)
    await journal.aclose()

    assert path.stat().st_size < before / 2


async def test_a_journal_in_a_steady_state_stops_growing(path: Path) -> None:
    journal = await SqliteJournal.open(path, SHORT)
    sizes: list[int] = []
    for day in range(40):
        start = NOON + day * DAY
        await journal.append_samples(minutes(24 * 60, start))
        await journal.compact(start + DAY)
        sizes.append(path.stat().st_size)
    await journal.aclose()

    # From day 5 on as many rows leave each tier as come in, except the hours, which are kept for 90 days.
    assert max(sizes[10:]) - sizes[10] < 0.2 * sizes[10]


async def test_others_write_while_compaction_runs(path: Path, journal: SqliteJournal) -> None:
    await journal.append_samples(minutes(60_000))
    other = await SqliteJournal.open(path, SHORT)
    written_meanwhile = 0

    async def compact() -> None:
        await journal.compact(NOON + 60 * DAY)
        group.cancel_scope.cancel()

    async with anyio.create_task_group() as group:
        group.start_soon(compact)
        while True:
            at = NOON + 70 * DAY + written_meanwhile * MINUTE
            await other.append_samples([(KEY, Measured(at, 1.0, at))])
            written_meanwhile += 1
    await other.aclose()

    assert written_meanwhile > 3
    kept = await journal.samples(KEY.signal_hash, NOON + 69 * DAY, NOON + 99 * DAY)
    assert len(kept) in {written_meanwhile, written_meanwhile + 1}  # the last may have been cancelled once written


async def test_cancelling_a_write_waits_until_it_is_decided(journal: SqliteJournal) -> None:
    with anyio.CancelScope() as scope:
        scope.cancel()
        await journal.append_samples(minutes(5000))

    kept = len(await journal.samples(KEY.signal_hash, NOON, NOON + timedelta(days=9)))
    assert kept in {0, 5000}
    assert await journal.append_samples(minutes(5000)) == 5000 - kept


async def test_reads_do_not_wait_for_a_write_in_another_connection(path: Path, journal: SqliteJournal) -> None:
    await journal.append_samples(minutes(3))
    with closing(apsw.Connection(str(path))) as other:
        other.execute("BEGIN IMMEDIATE; DELETE FROM samples")

        assert len(await journal.samples(KEY.signal_hash, NOON, NOON + DAY)) == 3

        other.execute("ROLLBACK")
