"""The PostgreSQL journal and its server: migrated, reconnected, and clear about everything that can be wrong."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import date
from typing import Any

import anyio
import asyncpg
import pytest

from outgrow.errors import JournalError
from outgrow.facts.forecasts import DailyLevel
from outgrow.facts.rollups import LevelKey, Resolution
from outgrow.facts.samples import SeriesKey
from outgrow.journal._migrations import migrations, query
from outgrow.journal.postgres import PostgresJournal, database
from outgrow.plan import JournalOptions
from tests.contracts.journals import without_journal
from tests.journal.pgbouncer import PgBouncer, start_pgbouncer
from tests.journal.processes import child
from tests.journal.samples import DAY, HOUR, KEY, NOON, minutes
from tests.journal.writer import SHORT, migrate
from tests.servers.postgres import PostgresServer
from tests.servers.process import ServerUnavailable, free_port
from tests.servers.proxy import FaultyProxy

OPTIONS = JournalOptions()
PACKAGE = "outgrow.journal.postgres"


@pytest.fixture
async def url(postgres_url: str) -> str:
    await without_journal(postgres_url)
    return postgres_url


@pytest.fixture
async def journal(url: str) -> AsyncIterator[PostgresJournal]:
    opened = await PostgresJournal.open(url, SHORT)
    yield opened
    await opened.aclose()


@asynccontextmanager
async def connected(url: str) -> AsyncGenerator[asyncpg.Connection]:
    connection = await asyncpg.connect(url)
    try:
        yield connection
    finally:
        await connection.close()


async def refusal(url: str) -> str:
    """Give the one line in which opening fails; it never holds the password."""
    with pytest.raises(JournalError) as refused:
        await PostgresJournal.open(url, OPTIONS)
    return str(refused.value)


# --- its schema


@pytest.mark.usefixtures("journal")
async def test_a_schema_newer_than_we_know_is_refused(url: str) -> None:
    async with connected(url) as connection:
        await connection.execute("INSERT INTO outgrow.schema_version (version) VALUES (99)")

    message = await refusal(url)

    assert "version 99" in message
    assert "upgrade outgrow" in message


@pytest.mark.parametrize("version", [1, 2])
async def test_an_older_schema_is_brought_up_to_date_with_all_it_holds(url: str, version: int) -> None:
    old = await database.Database.open(url, migrations(PACKAGE)[:version])
    await PostgresJournal(old, OPTIONS).append_samples(minutes(5))
    await old.aclose()

    journal = await PostgresJournal.open(url, OPTIONS)

    assert await journal.samples(KEY.signal_hash, NOON, NOON + DAY) == minutes(5)
    level = (LevelKey(KEY, "highest", "UTC"), DailyLevel(date(2026, 3, 1), 1.0, 1.0))
    assert await journal.append_daily_levels([level], NOON) == 1
    await journal.aclose()


async def test_a_migration_that_fails_leaves_the_schema_as_it_was(url: str) -> None:
    known = migrations(PACKAGE)
    broken = database.Migration(2, "0002_broken.sql", "CREATE TABLE outgrow.half (x int); SELECT 1 / 0;")
    await (await database.Database.open(url, known[:1])).aclose()

    with pytest.raises(JournalError, match="division by zero"):
        await database.Database.open(url, (known[0], broken))

    async with connected(url) as connection:
        assert await connection.fetchval("SELECT to_regclass('outgrow.half')") is None
        assert await connection.fetchval("SELECT max(version) FROM outgrow.schema_version") == 1


async def test_many_processes_may_make_the_same_journal_at_once(url: str) -> None:
    with child(migrate, url) as a, child(migrate, url) as b, child(migrate, url) as c:
        children = [a, b, c]
        assert [each.pipe.recv() for each in children] == ["ready"] * 3
        for each in children:
            each.pipe.send("go")
        assert [each.pipe.recv() for each in children] == [""] * 3

    async with connected(url) as connection:
        assert await connection.fetchval("SELECT count(*) FROM outgrow.samples") == 3
        assert await connection.fetchval("SELECT count(*) FROM outgrow.schema_version") == len(migrations(PACKAGE))


async def test_a_role_without_rights_is_told_what_an_administrator_can_do(
    url: str, postgres_server: PostgresServer
) -> None:
    postgres_server.sql("DROP ROLE IF EXISTS visitor")
    postgres_server.create_role("visitor", "a-secret")
    name = url.rpartition("/")[2]
    theirs = postgres_server.url(name, "visitor", "a-secret")

    message = await refusal(theirs)

    assert "CREATE SCHEMA outgrow AUTHORIZATION" in message
    postgres_server.sql("CREATE SCHEMA outgrow AUTHORIZATION visitor", url)
    journal = await PostgresJournal.open(theirs, OPTIONS)
    assert await journal.append_samples(minutes(1)) == 1
    await journal.aclose()


# --- what can go wrong with it


async def test_nothing_at_the_address_is_said_at_once() -> None:
    message = await refusal(f"postgresql://me:a-secret@127.0.0.1:{free_port()}/db")

    assert message.startswith("journal postgresql://me@127.0.0.1:")
    assert "is the server up" in message
    assert "a-secret" not in message


async def test_a_wrong_password_is_told_apart_and_not_repeated(postgres_server: PostgresServer) -> None:
    message = await refusal(postgres_server.url("postgres", password="not-the-password"))

    assert "wrong user or password" in message
    assert "not-the-password" not in message


async def test_a_missing_database_is_told_apart(postgres_server: PostgresServer) -> None:
    assert "no such database" in await refusal(postgres_server.url("nowhere"))


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://me:a-secret@[host/db",
        "postgresql://me:a-secret@host:port/db",
        "postgresql://me:a-secret@host/db?statement_cache_size=some",
        "postgresql://me:a-secret@127.0.0.1/db?sslmode=sometimes",
    ],
)
async def test_a_url_that_cannot_be_read_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(JournalError) as refused:
        await PostgresJournal.open(url, OPTIONS)

    error: BaseException | None = refused.value
    while error is not None:
        assert "a-secret" not in str(error)
        error = error.__cause__
    assert "journal" in str(refused.value)


@pytest.mark.usefixtures("journal")
async def test_a_server_that_takes_no_writes_is_told_apart(url: str) -> None:
    standby = await PostgresJournal.open(f"{url}?default_transaction_read_only=on", OPTIONS)

    assert await standby.samples(KEY.signal_hash, NOON, NOON) == []
    with pytest.raises(JournalError, match="name the primary"):
        await standby.append_samples(minutes(1))

    await standby.aclose()


async def test_a_server_that_never_answers_is_given_up(
    postgres_server: PostgresServer,
    faulty_proxy: Callable[[int], FaultyProxy],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(database, "_CONNECT_SECONDS", 0.2)
    proxy = faulty_proxy(postgres_server.port)
    proxy.hang()

    message = await refusal(f"postgresql://me:a-secret@127.0.0.1:{proxy.port}/db")

    assert "did not answer in time" in message


async def test_a_closed_journal_says_so(journal: PostgresJournal) -> None:
    await journal.aclose()

    with pytest.raises(JournalError, match="is closed"):
        await journal.append_samples(minutes(1))


# --- its connections


async def test_a_dropped_connection_is_made_again(
    url: str, postgres_server: PostgresServer, faulty_proxy: Callable[[int], FaultyProxy]
) -> None:
    proxy = faulty_proxy(postgres_server.port)
    journal = await PostgresJournal.open(url.replace(f":{postgres_server.port}/", f":{proxy.port}/"), OPTIONS)
    await journal.append_samples(minutes(1))

    proxy.drop_connections()
    assert await journal.append_samples(minutes(2)) == 1
    proxy.cut(after_bytes=400)
    async with anyio.create_task_group() as group:
        group.start_soon(journal.append_samples, minutes(3))
        await anyio.sleep(0.1)
        proxy.pass_through()

    assert await journal.samples(KEY.signal_hash, NOON, NOON + DAY) == minutes(3)
    await journal.aclose()


async def test_a_connection_that_stays_lost_is_an_error(
    url: str,
    postgres_server: PostgresServer,
    faulty_proxy: Callable[[int], FaultyProxy],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(database, "PATIENCE_SECONDS", 0.2)
    proxy = faulty_proxy(postgres_server.port)
    journal = await PostgresJournal.open(url.replace(f":{postgres_server.port}/", f":{proxy.port}/"), OPTIONS)

    proxy.refuse()

    with pytest.raises(JournalError, match="is the server up"):
        await journal.append_samples(minutes(1))
    await journal.aclose()


async def test_a_restart_of_the_server_is_outlived_without_a_loss(own_postgres: PostgresServer) -> None:
    url = own_postgres.create_database()
    journal = await PostgresJournal.open(url, OPTIONS)
    await journal.append_samples(minutes(1))

    own_postgres.process.kill()
    async with anyio.create_task_group() as group:
        group.start_soon(journal.append_samples, minutes(2))
        await anyio.to_thread.run_sync(own_postgres.process.start)

    assert await journal.samples(KEY.signal_hash, NOON, NOON + DAY) == minutes(2)
    await journal.aclose()


async def test_writers_of_the_same_samples_do_not_lock_each_other_out(url: str, journal: PostgresJournal) -> None:
    other = await PostgresJournal.open(url, OPTIONS)
    batches = [
        [*minutes(200, NOON, SeriesKey("s", f"hash-{index % 3}")), *minutes(200, NOON, SeriesKey("s", "hash-9"))]
        for index in range(12)
    ]

    async with anyio.create_task_group() as group:
        for index, batch in enumerate(batches):
            shuffled = batch if index % 2 else batch[::-1]
            group.start_soon((journal, other)[index % 2].append_samples, shuffled)

    for name in ("hash-0", "hash-1", "hash-2", "hash-9"):
        assert len(await journal.samples(name, NOON, NOON + DAY)) == 200
    await other.aclose()


async def test_compacting_twice_at_once_gives_what_compacting_once_gives(url: str, journal: PostgresJournal) -> None:
    await journal.append_samples(minutes(12_000))
    other = await PostgresJournal.open(url, SHORT)
    window = (KEY.signal_hash, NOON, NOON + 30 * DAY, Resolution.FIVE_MINUTES)
    before = await journal.rollups(*window)

    async with anyio.create_task_group() as group:
        for each in (journal, other, journal):
            group.start_soon(each.compact, NOON + 4 * DAY)

    assert await journal.rollups(*window) == before
    assert len(await journal.samples(KEY.signal_hash, NOON, NOON + 2 * DAY - HOUR)) == 0
    await other.aclose()


async def test_compaction_leaves_a_series_alone_that_is_being_written_to(url: str, journal: PostgresJournal) -> None:
    await journal.append_samples(minutes(1))
    async with connected(url) as writer:
        await writer.execute("DELETE FROM outgrow.samples")
        async with writer.transaction():
            ((series, *_),) = await writer.fetch(query(PACKAGE, "known_series"), [KEY.signal_hash], ["{}"])

            await journal.compact(NOON)

            await writer.execute(
                "INSERT INTO outgrow.samples (series, at, observed_at, value, backfilled) "
                "VALUES ($1, $2, $2, 1, false)",
                series,
                NOON,
            )

    assert len(await journal.samples(KEY.signal_hash, NOON, NOON)) == 1


@pytest.fixture
def pgbouncer(postgres_server: PostgresServer) -> Iterator[PgBouncer]:
    try:
        started = start_pgbouncer(postgres_server)
    except ServerUnavailable as why:
        pytest.skip(str(why))
    yield started
    started.stop()


async def test_it_works_behind_pgbouncer_in_transaction_mode(url: str, pgbouncer: PgBouncer) -> None:
    behind = f"{pgbouncer.url(url.rpartition('/')[2])}?statement_cache_size=0"
    journals = [await PostgresJournal.open(behind, SHORT) for _ in range(2)]

    async with anyio.create_task_group() as group:
        for index in range(30):
            group.start_soon(journals[index % 2].append_samples, minutes(50, NOON + index * HOUR))

    found: list[Any] = []
    async with anyio.create_task_group() as group:

        async def read(journal: PostgresJournal) -> None:
            found.append(await journal.samples(KEY.signal_hash, NOON, NOON + 9 * DAY))

        for index in range(10):
            group.start_soon(read, journals[index % 2])
    assert [len(each) for each in found] == [1500] * 10
    await journals[0].compact(NOON + 30 * DAY)
    assert len(await journals[1].rollups(KEY.signal_hash, NOON, NOON + 9 * DAY, Resolution.HOUR)) == 30
    for journal in journals:
        await journal.aclose()
