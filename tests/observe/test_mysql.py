"""MariaDB, as it is and as it fails. What every source must do is tried in tests/contracts."""

import asyncio
import secrets
import subprocess
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import aiomysql
import pytest

from outgrow.errors import Failure, SourceError
from outgrow.facts.samples import Absence, Measured, Missing, Sample
from outgrow.observe.mysql import MySqlSignals
from outgrow.plan.signals import QuerySignal
from outgrow.plan.sources import MySqlSource
from outgrow.quantity import Duration
from tests.observe.harness_mysql import MEAN, fill
from tests.observe.sql_content import MINUTES, signal
from tests.servers.mariadb import MariaServer, start_mariadb
from tests.servers.process import ServerUnavailable
from tests.servers.proxy import FaultyProxy

SEOUL = ZoneInfo("Asia/Seoul")
ONE = signal("SELECT 1 AS value")
StartProxy = Callable[[int], FaultyProxy]

_opened: list[MySqlSignals] = []


@pytest.fixture(autouse=True)
async def _all_closed() -> AsyncIterator[None]:
    yield
    while _opened:
        await _opened.pop().aclose()


def now() -> datetime:
    return datetime.now(UTC)


def source(url: str, *, timeout: str = "5s", base: Path = Path(), **options: Any) -> MySqlSignals:
    declared = MySqlSource(kind="mysql", url=url, timeout=Duration.parse(timeout), **options)
    _opened.append(MySqlSignals(declared, {}, base))
    return _opened[-1]


@pytest.fixture
def database(mariadb_url: str) -> MySqlSignals:
    return source(mariadb_url)


@pytest.fixture
def user(mariadb_server: MariaServer, mariadb_url: str) -> Callable[[str], str]:
    """Make a user with grants (`{user}` stands for it) and give its address of the test's database."""

    def make(grants: str) -> str:
        name, password = f"user_{secrets.token_hex(4)}", secrets.token_hex(8)
        database = mariadb_url.rpartition("/")[2]
        mariadb_server.sql(f"CREATE USER {name}@'127.0.0.1' IDENTIFIED BY '{password}'")
        if grants:
            mariadb_server.sql(grants.format(user=f"{name}@'127.0.0.1'"), database)
        return mariadb_server.url(database, name, password)

    return make


async def read(opened: MySqlSignals, query: str | QuerySignal, **options: Any) -> Sample:
    declared = query if isinstance(query, QuerySignal) else signal(query, **options)
    (observation,) = await opened.observe(declared, now())
    return observation.sample


async def value(opened: MySqlSignals, query: str | QuerySignal, **options: Any) -> float:
    sample = await read(opened, query, **options)
    assert isinstance(sample, Measured)
    return sample.value


async def failure(opened: MySqlSignals, query: str | QuerySignal) -> SourceError:
    with pytest.raises(SourceError) as raised:
        await read(opened, query)
    return raised.value


async def connect(url: str) -> aiomysql.Connection:
    parts = urlsplit(url)
    return await aiomysql.connect(
        host="127.0.0.1",
        port=parts.port or 0,
        user=parts.username,
        password=parts.password or "",
        db=parts.path.lstrip("/"),
        autocommit=True,
    )


async def eventually(holds: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(20):
        while not await holds():
            await asyncio.sleep(0.01)


def through(url: str, proxy: FaultyProxy) -> str:
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.replace(str(parts.port), str(proxy.port))).geturl()


# What is read


async def test_now_is_the_clock_of_the_database_minus_the_delay(database: MySqlSignals) -> None:
    sample = await read(database, "SELECT UNIX_TIMESTAMP(:now) AS value", delay="1h")

    assert isinstance(sample, Measured)
    assert sample.value == pytest.approx(sample.at.timestamp(), abs=1e-5)
    assert abs(sample.at + timedelta(hours=1) - now()) < timedelta(seconds=5)


async def test_now_is_one_moment_also_as_seconds_in_every_zone(mariadb_url: str) -> None:
    for zone in ("UTC", "Asia/Seoul", "America/New_York"):
        opened = source(mariadb_url, timezone=zone)

        assert await value(opened, "SELECT :now_epoch - UNIX_TIMESTAMP(:now) AS value") == pytest.approx(0, abs=1e-5)


async def test_strings_and_comments_reach_the_server_as_they_stand(database: MySqlSignals) -> None:
    texts = {
        "':now'": 4,
        "'\\':now'": 5,
        '"\\":now"': 5,
        "/* :now */ ''": 0,
        "# :now\n 'it''s'": 4,
        "-- :now\n '%s %'": 4,
        "'\\\\'": 1,
        "'é'": 1,
    }

    for text, length in texts.items():
        assert await value(database, f"SELECT CHAR_LENGTH({text}) + 0 * SECOND(:now) AS value") == length


async def test_numbers_of_every_type_are_read(database: MySqlSignals) -> None:
    cells = {"0.25": 0.25, "7": 7, "5e-1": 0.5, "true": 1, "TIME'00:02:00'": 120_000, "10 % 4": 2}

    for cell, number in cells.items():
        assert await value(database, f"SELECT {cell} AS value", unit="ms") == number


async def test_zoneless_columns_of_seoul_count_right_in_their_own_session(mariadb_url: str) -> None:
    # given a DATETIME with Seoul's time and a TIMESTAMP beside it, and no tables of zones in the server
    end = now()
    await fill(mariadb_url, end, SEOUL)
    query = (
        "SELECT count(*) AS value, max({column}) AS newest FROM event "
        "WHERE {column} > :now - INTERVAL 30 MINUTE AND {column} <= :now"
    )
    counts: dict[tuple[str, str], tuple[float, float, Any]] = {}

    # when both are counted in both sessions, now and half an hour ago
    for zone in ("Asia/Seoul", "UTC"):
        opened = source(mariadb_url, timezone=zone)
        for column in ("created_at", "stamped_at"):
            declared = signal(query.format(column=column))
            live = await read(opened, declared)
            (past,) = await opened.past(declared, [end - timedelta(minutes=30)], end)
            assert isinstance(live, Measured)
            assert isinstance(past.sample, Measured)
            counts[zone, column] = (live.value, past.sample.value, live.newest)

    # then the session of its own zone is right about both, the other only about the TIMESTAMP
    for key in (("Asia/Seoul", "created_at"), ("Asia/Seoul", "stamped_at"), ("UTC", "stamped_at")):
        assert counts[key][:2] == (60, 60)
        assert abs(counts[key][2] - end) < timedelta(minutes=1)
    assert counts["UTC", "created_at"][:2] == (0, 0)


async def test_a_past_across_a_change_of_the_clocks_is_read_with_each_offset(mariadb_url: str) -> None:
    # given New York's time on both sides of the change of 2026-11-01 06:00 UTC, and a server without tables of zones
    connection = await connect(mariadb_url)
    async with connection.cursor() as cursor:
        await cursor.execute("SET time_zone = '+00:00'")
        await cursor.execute("CREATE OR REPLACE TABLE night (local DATETIME, stamp TIMESTAMP)")
        zone = ZoneInfo("America/New_York")
        hours = [datetime(2026, 11, 1, hour, 30, tzinfo=UTC) for hour in range(12)]
        rows = [(at.astimezone(zone).replace(tzinfo=None), at.replace(tzinfo=None)) for at in hours]
        await cursor.executemany("INSERT INTO night VALUES (%s, %s)", rows)
    await connection.ensure_closed()
    opened = source(mariadb_url, timezone="America/New_York")

    # when each hour is asked what is in it
    found = {}
    for column in ("local", "stamp"):
        query = f"SELECT count(*) AS value FROM night WHERE {column} > :now - INTERVAL 1 HOUR AND {column} <= :now"
        observations = await opened.past(signal(query), [at + timedelta(minutes=30) for at in hours], now())
        found[column] = [each.sample.value for each in observations if isinstance(each.sample, Measured)]

    # then a TIMESTAMP is right, and a DATETIME knows that the hour from 1 to 2 was there twice
    assert found["stamp"] == [1] * 12
    assert found["local"] == [1] * 6 + [2] + [1] * 5


# The past

FORMS = {
    "a mean over a window": MEAN,
    "a CTE": "WITH w AS (SELECT latency_ms FROM event WHERE created_at <= :now) SELECT max(latency_ms) AS value FROM w",
    "its own order and limit": "SELECT latency_ms AS value FROM event WHERE created_at <= :now "
    "ORDER BY created_at DESC, region LIMIT 1 -- the latest",
    "an aggregate over nothing but now": "SELECT UNIX_TIMESTAMP(max(:now)) AS value",
    "labels": "SELECT region, count(*) AS value FROM event WHERE created_at <= :now GROUP BY region "
    "HAVING count(*) > 9",
}


@pytest.mark.parametrize("form", FORMS)
async def test_the_past_is_what_would_have_been_read_then(form: str, mariadb_url: str, database: MySqlSignals) -> None:
    await fill(mariadb_url, now())
    instants = [now() - timedelta(minutes=back) for back in (245, 236, 200, 90, 61, 60, 7, 1, 0)]
    declared = signal(FORMS[form], by=("region",) if form == "labels" else ())
    connection = await connect(mariadb_url)
    alone: list[tuple[Any, ...]] = []
    async with connection.cursor(aiomysql.DictCursor) as cursor:
        await cursor.execute("SET time_zone = '+00:00'")
        for at in instants:
            text = FORMS[form].strip().rstrip(";").replace(":now", f"TIMESTAMP'{at:%Y-%m-%d %H:%M:%S.%f}'")
            await cursor.execute(text)
            alone += [(at, row["value"], row.get("region")) for row in await cursor.fetchall()]
    await connection.ensure_closed()

    found = await database.past(declared, instants, now())

    together = [
        (each.sample.at, each.sample.value, dict(each.labels).get("region"))
        for each in found
        if isinstance(each.sample, Measured)
    ]
    assert sorted(together) == [
        (at, pytest.approx(float(number)), region) for at, number, region in sorted(alone) if number is not None
    ]


async def test_many_instants_take_few_statements(mariadb_url: str, mariadb_server: MariaServer) -> None:
    await fill(mariadb_url, now())
    opened = source(mariadb_url)
    instants = [now() - timedelta(seconds=10 * i) for i in range(1_000, 0, -1)]
    asked = "SELECT VARIABLE_VALUE FROM information_schema.GLOBAL_STATUS WHERE VARIABLE_NAME = 'COM_EXECUTE_SQL'"
    before = int(mariadb_server.sql(asked))

    found = await opened.past(signal(MEAN), instants, now())

    assert len(found) == 1_000
    assert int(mariadb_server.sql(asked)) - before < 20


async def test_an_instant_that_takes_too_long_is_missing_alone(mariadb_url: str) -> None:
    opened = source(mariadb_url, timeout="300ms")
    end = now().replace(microsecond=0)
    instants = [end - timedelta(hours=hours) for hours in range(20, 0, -1)]
    query = f"SELECT SLEEP(IF(:now = '{instants[17]:%Y-%m-%d %H:%M:%S}', 60, 0)) AS value"

    found = await opened.past(signal(query), instants, end)

    assert [each.sample.at for each in found] == instants
    (missing,) = [each.sample for each in found if isinstance(each.sample, Missing)]
    assert (missing.at, missing.absence) == (instants[17], Absence.FAILED)


# Rights, limits, and what a source says of itself


@pytest.mark.parametrize(
    "query", ["SELECT NEXTVAL(counter) AS value", "SELECT latency_ms FROM event LIMIT 1 FOR UPDATE"]
)
async def test_a_query_that_writes_is_refused_by_the_server_or_locks_nothing(
    query: str, mariadb_url: str, database: MySqlSignals
) -> None:
    await fill(mariadb_url, now())
    connection = await connect(mariadb_url)
    async with connection.cursor() as cursor:
        await cursor.execute("CREATE OR REPLACE SEQUENCE counter")
    await connection.ensure_closed()

    try:
        await read(database, query)
    except SourceError as error:
        assert error.failure is Failure.BAD_QUERY  # noqa: PT017 (a lock that is let go at once does no harm)

    assert await value(database, "SELECT count(*) AS value FROM event") == 2 * MINUTES


async def test_the_server_takes_one_statement_only(database: MySqlSignals) -> None:
    # A comment that MariaDB runs as code is none to us: the server itself must refuse what hides in it.
    error = await failure(database, "SELECT 1 AS value /*M! ; DROP TABLE event */")

    assert error.failure is Failure.BAD_QUERY


async def test_two_connections_are_kept(mariadb_url: str, database: MySqlSignals) -> None:
    await asyncio.gather(*(value(database, "SELECT 1 + SLEEP(0.01) AS value") for _ in range(12)))

    await eventually(lambda: has_sessions(mariadb_url, 2))

    await database.aclose()
    await eventually(lambda: has_sessions(mariadb_url, 0))


async def has_sessions(url: str, wanted: int) -> bool:
    connection = await connect(url)
    async with connection.cursor() as cursor:
        await cursor.execute(
            "SELECT count(*) FROM information_schema.processlist WHERE db = DATABASE() AND id <> CONNECTION_ID()"
        )
        (count,) = await cursor.fetchone()
    await connection.ensure_closed()
    return count == wanted


async def test_a_user_that_may_do_everything_is_warned_of(database: MySqlSignals) -> None:
    inspection = await database.inspect()

    assert "MariaDB" in inspection.version
    assert inspection.clock_skew is not None
    assert "may do everything" in inspection.warnings[0]


async def test_a_user_that_only_reads_is_not_warned_of(mariadb_url: str, user: Callable[[str], str]) -> None:
    database = mariadb_url.rpartition("/")[2]
    reads = source(user(f"GRANT SELECT ON `{database}`.* TO {{user}}; GRANT PROCESS ON *.* TO {{user}}"))
    writes = source(user(f"GRANT SELECT, INSERT ON `{database}`.* TO {{user}}"), timezone="Asia/Seoul")

    assert (await reads.inspect()).warnings == ()
    inserts, blind, zone = (await writes.inspect()).warnings
    assert f"may do more than read in {database}.* (INSERT)" in inserts
    assert "GRANT PROCESS ON *.*" in blind
    assert "does not know the time zone Asia/Seoul" in zone


# Failures, each told apart


async def test_a_wrong_password_is_told_without_the_password(mariadb_server: MariaServer) -> None:
    error = await failure(source(mariadb_server.url("mysql", password="not-the-secret")), ONE)

    assert error.failure is Failure.WRONG_PASSWORD
    assert "not-the-secret" not in str(error)


async def test_a_missing_database_is_told(mariadb_server: MariaServer) -> None:
    error = await failure(source(mariadb_server.url("nowhere")), ONE)

    assert error.failure is Failure.NO_SUCH_THING
    assert "nowhere" in str(error)


@pytest.mark.parametrize(
    ("query", "failure_", "words"),
    [
        ("SELECT 1 FROM nowhere", Failure.NO_SUCH_THING, "nowhere' doesn't exist"),
        ("SELECT nothing FROM information_schema.tables", Failure.NO_SUCH_THING, "Unknown column 'nothing'"),
        ("SELECT nofunction(1)", Failure.NO_SUCH_THING, "nofunction does not exist"),
        ("SELECT FROM WHERE", Failure.BAD_QUERY, "error in your SQL syntax"),
        ("SELECT 1 AS value, 2 AS other", Failure.BAD_ANSWER, "columns value, other"),
        ("SELECT 'text' AS value", Failure.BAD_ANSWER, 'the text "text"'),
        ("SELECT seq AS value FROM seq_1_to_20000", Failure.BAD_ANSWER, "more than 10,000 rows"),
        ("SELECT 1; SELECT 2", Failure.BAD_QUERY, "second statement"),
        ("SELECT ? AS value", Failure.BAD_QUERY, "parameter ?"),
    ],
)
async def test_a_wrong_query_is_told_and_the_source_goes_on(
    query: str, failure_: Failure, words: str, database: MySqlSignals
) -> None:
    error = await failure(database, query)

    assert error.failure is failure_
    assert words in str(error)
    assert error.remedy
    assert await value(database, ONE) == 1


async def test_dividing_by_zero_gives_null(database: MySqlSignals) -> None:
    sample = await read(database, "SELECT 1 / 0 AS value")

    assert isinstance(sample, Missing)
    assert sample.absence is Absence.NULL


async def test_a_slow_query_is_cancelled_by_the_server_which_goes_on(mariadb_url: str) -> None:
    opened = source(mariadb_url, timeout="300ms")

    error = await failure(opened, "SELECT count(*) AS value FROM seq_1_to_1000000000 WHERE seq % 7 = SLEEP(0)")

    assert error.failure is Failure.TIMED_OUT
    assert "ran longer than 300ms and was cancelled" in str(error)
    assert await value(opened, ONE) == 1
    await eventually(lambda: has_sessions(mariadb_url, 1))


async def test_a_held_lock_is_told_apart_from_a_slow_query(mariadb_url: str) -> None:
    await fill(mariadb_url, now())
    opened = source(mariadb_url)
    holder = await connect(mariadb_url)
    async with holder.cursor() as cursor:
        await cursor.execute("LOCK TABLES event WRITE")

        error = await failure(opened, "SELECT count(*) AS value FROM event")

        await cursor.execute("UNLOCK TABLES")
    await holder.ensure_closed()
    assert error.failure is Failure.LOCKED
    assert "longer than 1s for a lock" in str(error)
    assert await value(opened, "SELECT count(*) AS value FROM event") == 2 * MINUTES


async def test_a_missing_right_is_told_with_its_grant(mariadb_url: str, user: Callable[[str], str]) -> None:
    await fill(mariadb_url, now())
    database = mariadb_url.rpartition("/")[2]
    url = user(f"CREATE OR REPLACE TABLE other (a INT); GRANT SELECT ON `{database}`.other TO {{user}}")
    opened = source(url)

    error = await failure(opened, "SELECT count(*) AS value FROM event")

    assert error.failure is Failure.NOT_PERMITTED
    assert error.remedy == f"GRANT SELECT ON `{database}`.`event` TO {urlsplit(url).username}"


async def test_a_user_without_any_right_to_the_database_is_told(user: Callable[[str], str]) -> None:
    error = await failure(source(user("")), ONE)

    assert error.failure is Failure.NOT_PERMITTED


async def test_a_full_server_is_told_and_a_kept_connection_serves_every_read(
    mariadb_url: str, user: Callable[[str], str]
) -> None:
    database = mariadb_url.rpartition("/")[2]
    url = user(f"GRANT SELECT ON `{database}`.* TO {{user}} WITH MAX_USER_CONNECTIONS 1")
    kept, other = source(url), source(url)

    answers = await asyncio.gather(*(value(kept, "SELECT 1 + SLEEP(0.02) AS value") for _ in range(6)))
    error = await failure(other, ONE)

    assert answers == [1] * 6
    assert error.failure is Failure.TOO_MANY_CONNECTIONS


async def test_an_answer_that_breaks_off_is_a_lost_connection(mariadb_url: str, faulty_proxy: StartProxy) -> None:
    proxy = faulty_proxy(urlsplit(mariadb_url).port or 0)
    opened = source(through(mariadb_url, proxy))
    query = signal("SELECT CONCAT('label ', seq) AS label, 1 AS value FROM seq_1_to_9000", by=("label",))

    for fault in (proxy.cut, proxy.half_close):
        fault(after_bytes=20_000)
        with pytest.raises(SourceError) as raised:
            await opened.observe(query, now())
        assert raised.value.failure is Failure.CONNECTION_LOST

    proxy.pass_through()
    assert len(await opened.observe(query, now())) == 9000


async def test_a_kept_connection_that_was_cut_is_replaced_without_a_word(
    mariadb_url: str, faulty_proxy: StartProxy
) -> None:
    proxy = faulty_proxy(urlsplit(mariadb_url).port or 0)
    opened = source(through(mariadb_url, proxy))
    await asyncio.gather(value(opened, ONE), value(opened, ONE))

    proxy.drop_connections()

    assert await value(opened, ONE) == 1


async def test_a_session_that_is_killed_during_a_read_is_a_lost_connection(mariadb_url: str) -> None:
    opened = source(mariadb_url)
    reading = asyncio.ensure_future(failure(opened, "SELECT SLEEP(4) AS value"))
    admin = await connect(mariadb_url)

    async def killed() -> bool:
        async with admin.cursor() as cursor:
            await cursor.execute(
                "SELECT id FROM information_schema.processlist "
                "WHERE db = DATABASE() AND id <> CONNECTION_ID() AND state = 'User sleep'"
            )
            running = [row[0] for row in await cursor.fetchall()]
            for each in running:
                await cursor.execute(f"KILL {each}")
        return bool(running)

    await eventually(killed)
    await admin.ensure_closed()

    assert (await reading).failure is Failure.CONNECTION_LOST
    assert await value(opened, ONE) == 1


# TLS and options


async def test_a_server_without_tls_gets_no_password(mariadb_url: str) -> None:
    error = await failure(source(mariadb_url, tls=True), ONE)

    assert error.failure is Failure.NOT_CONFIGURED
    assert "does not speak TLS" in str(error)


@pytest.mark.parametrize("url", ["postgresql://a@b/c", "not a url", "mysql://u:s3cret@host:port/db", ""])
async def test_a_url_that_is_none_is_told_without_showing_it(url: str) -> None:
    with pytest.raises(SourceError, match="write mysql://") as raised:
        source(url)

    assert raised.value.failure is Failure.NOT_CONFIGURED
    assert "s3cret" not in str(raised.value)


async def test_a_tls_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="tls_ca"):
        source("mysql://u@h/d", tls_ca="nowhere.crt", base=tmp_path)


async def test_a_certificate_is_checked_against_the_authority_of_the_source() -> None:
    # given a server with a certificate of its own for 127.0.0.1, in a folder that its account may enter
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        certify(folder)
        folder.chmod(0o755)
        try:
            server = start_mariadb(f"--ssl-cert={folder / 'ours.crt'}", f"--ssl-key={folder / 'ours.key'}")
        except ServerUnavailable as why:
            pytest.skip(str(why))

        # when it is read with its authority, and with another one
        try:
            trusting = source(server.url("mysql"), tls_ca="ours.crt", base=folder)
            sample = await read(trusting, f"SELECT count(*) AS value FROM ({ENCRYPTED}) AS session")
            error = await failure(source(server.url("mysql"), tls_ca="other.crt", base=folder), ONE)
            await trusting.aclose()
        finally:
            server.stop()

    # then only the first is trusted
    assert isinstance(sample, Measured)
    assert sample.value == 1
    assert error.failure is Failure.UNREACHABLE
    assert "is self-signed" in str(error)


ENCRYPTED = (
    "SELECT 1 FROM information_schema.session_status WHERE variable_name = 'Ssl_cipher' AND variable_value <> ''"
)


def certify(folder: Path) -> None:
    """Make two self-signed certificates for 127.0.0.1 that everyone may read."""
    for name in ("ours", "other"):
        words = f"openssl req -x509 -newkey rsa:2048 -nodes -days 1 -keyout {name}.key -out {name}.crt -subj /CN=test"
        subprocess.run(
            [*words.split(), "-addext", "subjectAltName=IP:127.0.0.1"], cwd=folder, check=True, capture_output=True
        )
    for made in folder.iterdir():
        made.chmod(0o644)
