"""SQLite, as it is and as it fails. What every source must do is tried in tests/contracts."""

import asyncio
import os
import tempfile
from collections.abc import Generator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import apsw
import pytest

from outgrow.errors import Failure, SourceError
from outgrow.facts.samples import Absence, Measured, Missing, Sample
from outgrow.observe.sqlite import SqliteSignals
from outgrow.plan.signals import QuerySignal
from outgrow.plan.sources import SqliteSource
from outgrow.quantity import Duration
from tests.observe.harness_sqlite import fill
from tests.observe.sql_content import MINUTES, WINDOW_MINUTES, signal

NOW = datetime(2026, 11, 20, 12, 0, 0, 250_000, tzinfo=UTC)
NOBODY = 65534
ENDLESS = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) AS value FROM n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    fill(tmp_path / "events.sqlite", NOW)
    return tmp_path / "events.sqlite"


def source(path: Path, timeout: str = "5s") -> SqliteSignals:
    declared = SqliteSource(kind="sqlite", path=path.name, timeout=Duration.parse(timeout))
    return SqliteSignals(declared, {}, path.parent)


async def read(opened: SqliteSignals, query: str | QuerySignal, **options: Any) -> Sample:
    declared = query if isinstance(query, QuerySignal) else signal(query, **options)
    (observation,) = await opened.observe(declared, NOW)
    return observation.sample


async def failure(opened: SqliteSignals, query: str) -> SourceError:
    with pytest.raises(SourceError) as raised:
        await read(opened, query)
    return raised.value


async def test_now_is_our_clock_minus_the_delay_in_whole_seconds(path: Path) -> None:
    declared = signal("SELECT unixepoch(:now) AS value, 1 AS n, :now AS newest", delay="90s")

    sample = await read(source(path), declared)

    at = datetime(2026, 11, 20, 11, 58, 30, tzinfo=UTC)
    assert sample == Measured(at, at.timestamp(), NOW, 1, at)


async def test_now_in_seconds_is_the_same_moment(path: Path) -> None:
    sample = await read(source(path), "SELECT :now_epoch - unixepoch(:now) AS value")

    assert isinstance(sample, Measured)
    assert sample.value == 0


async def test_strings_and_names_reach_sqlite_as_they_stand(path: Path) -> None:
    sample = await read(source(path), "SELECT length(':now') + length(':now_epoch''') AS [a :now] -- :now")

    assert isinstance(sample, Measured)
    assert sample.value == 4 + 11


async def test_a_percentile_is_known(path: Path) -> None:
    sample = await read(source(path), "SELECT percentile(latency_ms, 50) AS value, count(*) AS n FROM event")

    assert isinstance(sample, Measured)
    assert sample.value == 100 + (MINUTES - 1) / 2


async def test_no_row_is_an_empty_window(path: Path) -> None:
    sample = await read(source(path), "SELECT latency_ms AS value, 1 AS n FROM event WHERE latency_ms < 0")

    assert isinstance(sample, Missing)
    assert sample.absence is Absence.EMPTY_WINDOW


async def test_columns_are_checked_even_without_a_row(path: Path) -> None:
    error = await failure(source(path), "SELECT latency_ms AS a, 1 AS b FROM event WHERE latency_ms < 0")

    assert "columns a, b" in str(error)


async def test_many_past_instants_are_answered_in_order(path: Path) -> None:
    instants = [NOW - timedelta(seconds=20 * i) for i in range(600, 0, -1)]
    query = (
        "SELECT count(*) AS value FROM event WHERE created_at > datetime(:now, '-30 minutes') AND created_at <= :now"
    )

    found = await source(path).past(signal(query), instants, NOW)

    assert [each.sample.at for each in found] == instants
    assert {each.sample.value for each in found if isinstance(each.sample, Measured)} == {2.0 * WINDOW_MINUTES}


async def test_an_instant_that_takes_too_long_is_missing_alone(path: Path) -> None:
    instants = [NOW - timedelta(hours=hours) for hours in range(12, 0, -1)]
    slow = f"{instants[9]:%Y-%m-%d %H:%M:%S}"
    query = f"{ENDLESS} WHERE :now = '{slow}'".replace(
        "SELECT i + 1 FROM n", f"SELECT i + 1 FROM n WHERE :now = '{slow}'"
    )

    found = await source(path, timeout="200ms").past(signal(query), instants, NOW)

    assert [each.sample.at for each in found] == instants
    (missing,) = [each.sample for each in found if isinstance(each.sample, Missing)]
    assert (missing.at, missing.absence) == (instants[9], Absence.FAILED)


async def test_a_query_without_end_is_interrupted(path: Path) -> None:
    error = await failure(source(path, timeout="100ms"), ENDLESS)

    assert error.failure is Failure.TIMED_OUT
    assert "ran longer than 100ms and was interrupted" in str(error)


async def test_a_cancelled_read_stops_its_query(path: Path) -> None:
    # given a query that would run for a minute
    opened = source(path, timeout="60s")
    reading = asyncio.ensure_future(opened.observe(signal(ENDLESS), NOW))
    await asyncio.sleep(0.1)

    # when it is cancelled
    reading.cancel()
    await asyncio.gather(reading, return_exceptions=True)

    # then its thread soon uses no more time
    async with asyncio.timeout(20):
        while True:
            before = os.times()
            await asyncio.sleep(0.1)
            after = os.times()
            if after.user + after.system - before.user - before.system < 0.05:
                break


async def test_a_held_lock_is_told_apart(path: Path) -> None:
    with closing(apsw.Connection(str(path))) as writer:
        writer.execute("BEGIN EXCLUSIVE")

        error = await failure(source(path, timeout="200ms"), "SELECT count(*) AS value FROM event")

    assert error.failure is Failure.LOCKED
    assert "journal_mode = WAL" in error.remedy


@pytest.mark.parametrize(
    ("query", "failure_", "words"),
    [
        ("SELECT 1 FROM nowhere", Failure.NO_SUCH_THING, "no such table: nowhere"),
        ("SELECT nocolumn FROM event", Failure.NO_SUCH_THING, "no such column: nocolumn"),
        ("SELECT nofunction(1)", Failure.NO_SUCH_THING, "no such function: nofunction"),
        ("SELECT FROM WHERE", Failure.BAD_QUERY, "syntax error"),
        ("SELECT 'text' AS value", Failure.BAD_ANSWER, 'the text "text"'),
        ("SELECT a.latency_ms FROM event AS a, event AS b", Failure.BAD_ANSWER, "more than 10,000 rows"),
        ("WITH x AS (SELECT 1) DELETE FROM event", Failure.BAD_QUERY, "the query writes"),
        ("PRAGMA user_version", Failure.BAD_QUERY, 'begins with "PRAGMA"'),
        ("SELECT load_extension('x')", Failure.BAD_QUERY, "not authorized"),
    ],
)
async def test_a_wrong_query_is_told(query: str, failure_: Failure, words: str, path: Path) -> None:
    error = await failure(source(path), query)

    assert error.failure is failure_
    assert words in str(error)
    assert error.remedy


async def test_a_missing_file_is_told_and_not_made(tmp_path: Path) -> None:
    error = await failure(source(tmp_path / "nowhere.sqlite"), "SELECT 1")

    assert error.failure is Failure.NOT_CONFIGURED
    assert "nowhere.sqlite does not exist" in str(error)
    assert list(tmp_path.iterdir()) == []


async def test_a_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("some notes\n" * 200)

    error = await failure(source(tmp_path / "notes.txt"), "SELECT count(*) FROM event")

    assert error.failure is Failure.BAD_ANSWER
    assert "not a database" in str(error)


async def test_a_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()

    error = await failure(source(tmp_path / "folder"), "SELECT 1")

    assert error.failure is Failure.NOT_PERMITTED


async def test_a_name_with_strange_signs_is_a_name(tmp_path: Path) -> None:
    path = tmp_path / "50 % ? #1 é.sqlite"
    fill(path, NOW)

    sample = await read(source(path), "SELECT count(*) AS value FROM event")

    assert isinstance(sample, Measured)


async def test_a_file_that_is_written_in_wal_mode_is_read_meanwhile(path: Path) -> None:
    with closing(apsw.Connection(str(path))) as writer:
        writer.execute("PRAGMA journal_mode = WAL; BEGIN IMMEDIATE; DELETE FROM event")

        sample = await read(source(path), "SELECT count(*) AS value FROM event")

    assert isinstance(sample, Measured)
    assert sample.value == 2 * MINUTES


async def test_a_file_that_was_replaced_is_read_anew(path: Path, tmp_path: Path) -> None:
    opened = source(path)
    await read(opened, "SELECT 1 AS value")
    with closing(apsw.Connection(str(tmp_path / "other"))) as other:
        other.execute("CREATE TABLE event (a); INSERT INTO event VALUES (1)")

    (tmp_path / "other").rename(path)

    sample = await read(opened, "SELECT count(*) AS value FROM event")
    assert isinstance(sample, Measured)
    assert sample.value == 1


@pytest.mark.parametrize("closed", ["the file", "its folder"])
async def test_a_file_without_the_right_to_read_it_is_told(closed: str) -> None:
    # given a file, or its folder, that this user may not read
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        fill(folder / "events.sqlite", NOW)
        folder.chmod(0o711)
        (folder / "events.sqlite" if closed == "the file" else folder).chmod(0o000)

        # when it is read
        with as_somebody_else():
            error = await failure(source(folder / "events.sqlite"), "SELECT count(*) FROM event")
        folder.chmod(0o700)

    # then the right is missing
    assert error.failure is Failure.NOT_PERMITTED
    assert "right to read" in error.remedy


@contextmanager
def as_somebody_else() -> Generator[None]:
    """Give up root's right to read everything, where we have it."""
    is_root = os.geteuid() == 0
    if is_root:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        if is_root:
            os.seteuid(0)
