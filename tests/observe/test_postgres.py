"""PostgreSQL, as it is and as it fails. What every source must do is tried in tests/contracts."""

import asyncio
import os
import secrets
import signal as signals
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import asyncpg
import pytest

from outgrow.errors import Failure, SourceError
from outgrow.facts.samples import Absence, Measured, Missing, Sample
from outgrow.observe.postgres import PostgresSignals
from outgrow.plan.signals import QuerySignal
from outgrow.plan.sources import PostgresSource
from outgrow.quantity import Duration
from tests.observe.harness_postgres import fill
from tests.observe.sql_content import MINUTES, signal
from tests.servers.postgres import PostgresServer
from tests.servers.proxy import FaultyProxy

SEOUL = ZoneInfo("Asia/Seoul")
ONE = signal("SELECT 1 AS value")
StartProxy = Callable[[int], FaultyProxy]


def now() -> datetime:
    return datetime.now(UTC)


def source(url: str, *, timeout: str = "5s", base: Path = Path(), **options: Any) -> PostgresSignals:
    declared = PostgresSource(kind="postgres", url=url, timeout=Duration.parse(timeout), **options)
    _opened.append(PostgresSignals(declared, {}, base))
    return _opened[-1]


_opened: list[PostgresSignals] = []


@pytest.fixture(autouse=True)
async def _all_closed() -> AsyncIterator[None]:
    yield
    while _opened:
        await _opened.pop().aclose()


@pytest.fixture
def database(postgres_url: str) -> PostgresSignals:
    return source(postgres_url)


@pytest.fixture
def role(postgres_server: PostgresServer, postgres_url: str) -> Callable[[str], str]:
    """Make a role with grants (`{role}` stands for its name) and give its address of the test's database."""

    def make(grants: str) -> str:
        name, password = f"role_{secrets.token_hex(4)}", secrets.token_hex(8)
        postgres_server.create_role(name, password)
        if grants:
            postgres_server.sql(grants.format(role=name), postgres_url)
        return postgres_server.url(urlsplit(postgres_url).path.lstrip("/"), name, password)

    return make


async def read(opened: PostgresSignals, query: str | QuerySignal, **options: Any) -> Sample:
    declared = query if isinstance(query, QuerySignal) else signal(query, **options)
    (observation,) = await opened.observe(declared, now())
    return observation.sample


async def value(opened: PostgresSignals, query: str | QuerySignal, **options: Any) -> float:
    sample = await read(opened, query, **options)
    assert isinstance(sample, Measured)
    return sample.value


async def failure(opened: PostgresSignals, query: str | QuerySignal) -> SourceError:
    with pytest.raises(SourceError) as raised:
        await read(opened, query)
    return raised.value


async def execute(url: str, *statements: str) -> None:
    connection = await asyncpg.connect(url)
    for statement in statements:
        await connection.execute(statement)
    await connection.close()


async def sessions(url: str) -> list[Mapping[str, Any]]:
    """Give the server's sessions of outgrow in this database."""
    connection = await asyncpg.connect(url)
    found = await connection.fetch(
        "SELECT pid, state FROM pg_stat_activity WHERE application_name = 'outgrow' AND datname = current_database()"
    )
    await connection.close()
    return [dict(row) for row in found]


async def eventually(holds: Callable[[], Any]) -> None:
    async with asyncio.timeout(20):
        while not await holds():
            await asyncio.sleep(0.01)


# What is read


async def test_now_is_the_clock_of_the_database_minus_the_delay(database: PostgresSignals) -> None:
    before = now()
    sample = await read(database, "SELECT extract(epoch FROM :now) AS value", delay="1h")
    after = now()

    assert isinstance(sample, Measured)
    assert sample.value == pytest.approx(sample.at.timestamp(), abs=1e-5)
    assert before - timedelta(hours=1, seconds=1) < sample.at < after - timedelta(hours=1) + timedelta(seconds=1)


async def test_now_is_one_moment_also_as_seconds(database: PostgresSignals) -> None:
    query = "SELECT :now_epoch - extract(epoch FROM :now) AS value"

    assert await value(database, query) == pytest.approx(0, abs=1e-5)


async def test_strings_and_comments_reach_the_server_as_they_stand(database: PostgresSignals) -> None:
    texts = [
        "':now'",
        "E'\\':now'",
        "$$:now$$",
        "$a$ $$:now $a$",
        "/* /* */ :now */ ''",
        "-- :now\n 'it''s'",
        "'\":now'",
    ]

    for text in texts:
        counted = await value(database, f"SELECT length({text}) + extract(year FROM :now) - extract(year FROM :now)")
        assert counted == len(eval_sql(text))


def eval_sql(text: str) -> str:
    """Give the content of the strings above, read by hand."""
    return {
        "':now'": ":now",
        "E'\\':now'": "':now",
        "$$:now$$": ":now",
        "$a$ $$:now $a$": " $$:now ",
        "/* /* */ :now */ ''": "",
        "-- :now\n 'it''s'": "it's",
        "'\":now'": '":now',
    }[text]


async def test_numbers_of_every_type_are_read(database: PostgresSignals) -> None:
    cells = {"0.25::numeric": 0.25, "7::bigint": 7, "0.5::real": 0.5, "true": 1, "interval '2 minutes'": 120_000}

    for cell, number in cells.items():
        assert await value(database, f"SELECT {cell} AS value", unit="ms") == number


async def test_a_trailing_semicolon_and_a_comment_are_no_second_statement(database: PostgresSignals) -> None:
    assert await value(database, "SELECT 7 AS value; -- seven") == 7
    assert await value(database, "SELECT 7 AS value -- seven") == 7


async def test_a_percent_and_braces_mean_themselves(database: PostgresSignals) -> None:
    assert await value(database, "SELECT count(*) % 2 FROM (VALUES ('{a}%s')) AS t (x) WHERE x LIKE '{%'") == 1


async def test_columns_without_a_zone_lie_in_the_wrong_session_and_count_right_in_their_own(postgres_url: str) -> None:
    # given the rows of the last hour, written by Seoul's clock into a column without a zone
    await execute(
        postgres_url,
        "CREATE TABLE zoneless (at timestamp)",
        "INSERT INTO zoneless SELECT (now() AT TIME ZONE 'Asia/Seoul') - i * interval '13 seconds' "
        "FROM generate_series(1, 246) AS i",
    )
    query = (
        "SELECT count(*) AS value, max(at) AS newest FROM zoneless WHERE at > :now - interval '1 hour' AND at <= :now"
    )

    # when they are counted in both sessions, now and an hour ago
    found: dict[str, tuple[Sample, Sample]] = {}
    for zone in ("Asia/Seoul", "UTC"):
        opened = source(postgres_url, timezone=zone)
        (past,) = await opened.past(signal(query), [now() - timedelta(hours=1)], now())
        found[zone] = (await read(opened, query), past.sample)

    # then only the session of their own zone sees them, and tells their true time
    live, hour_ago = found["Asia/Seoul"]
    assert isinstance(live, Measured)
    assert isinstance(hour_ago, Measured)
    assert (live.value, hour_ago.value) == (246, 0)
    assert live.newest is not None
    assert timedelta(0) < live.at - live.newest < timedelta(minutes=1)
    lying = found["UTC"][0]
    assert isinstance(lying, Measured)
    assert lying.value == 0


async def test_late_rows_are_waited_for_by_the_delay(postgres_url: str, database: PostgresSignals) -> None:
    # given rows that arrive two minutes after their time
    await execute(
        postgres_url,
        "CREATE TABLE late (at timestamptz, seen_at timestamptz)",
        "INSERT INTO late SELECT now() - i * interval '1 minute', now() - (i - 2) * interval '1 minute' "
        "FROM generate_series(0, 60) AS i",
    )
    query = (
        "SELECT count(*) AS value FROM late WHERE at > :now - interval '10 minutes' AND at <= :now "
        "AND seen_at <= clock_timestamp()"
    )

    assert await value(database, query) == 8
    assert await value(database, query, delay="2m") == 10


async def test_the_skew_of_the_clock_is_noticed_at_each_read(database: PostgresSignals) -> None:
    assert database.clock_skew is None

    await read(database, ONE)

    assert database.clock_skew is not None
    assert abs(database.clock_skew) < timedelta(seconds=5)


# The past


FORMS = {
    "a CTE": "WITH w AS (SELECT latency_ms FROM event WHERE created_at > :now - interval '30 minutes' "
    "AND created_at <= :now) SELECT percentile_cont(0.95) WITHIN GROUP (ORDER BY latency_ms) AS value FROM w",
    "its own order and limit": "SELECT latency_ms AS value FROM event WHERE created_at <= :now "
    "ORDER BY created_at DESC, region LIMIT 1;",
    "a peak over minutes": "SELECT max(open) AS value FROM (SELECT m, (SELECT count(*) FROM event AS t "
    "WHERE t.created_at <= m AND t.created_at + interval '5 minutes' > m) AS open "
    "FROM generate_series(:now - interval '1 hour', :now, interval '1 minute') AS m) AS minutes -- done",
    "a union": "SELECT sum(c) AS value FROM (SELECT count(*) AS c FROM event WHERE created_at <= :now "
    "UNION ALL SELECT -count(*) FROM event WHERE created_at <= :now - interval '1 hour') AS parts",
    "aliases of every letter": "SELECT count(*) AS value FROM event AS outgrow_rows, (VALUES (1)) AS t (at) "
    "WHERE created_at <= :now",
    "an aggregate over nothing but now": "SELECT extract(epoch FROM max(:now)) AS value",
    "seconds": "SELECT :now_epoch - extract(epoch FROM max(created_at)) AS value FROM event WHERE created_at <= :now",
    "labels": "SELECT region, count(*) AS value FROM event WHERE created_at <= :now GROUP BY region "
    "HAVING count(*) > 9",
}


@pytest.mark.parametrize("form", FORMS)
async def test_the_past_is_what_would_have_been_read_then(
    form: str, postgres_url: str, database: PostgresSignals
) -> None:
    # given a query of some form, and what it says of each moment when it is asked by itself
    await fill(postgres_url, now())
    instants = [now() - timedelta(minutes=back) for back in (245, 236, 200, 90, 61, 60, 7, 1, 0)]
    declared = signal(FORMS[form], by=("region",) if form == "labels" else ())
    connection = await asyncpg.connect(postgres_url)
    text = FORMS[form].rstrip(";").replace(":now_epoch", "extract(epoch FROM :now)").replace(":now", "$1::timestamptz")
    alone = [(at, row["value"], row.get("region")) for at in instants for row in await connection.fetch(text, at)]
    await connection.close()

    # when all moments are asked for at once
    found = await database.past(declared, instants, now())

    # then the answers are the same
    together = [
        (each.sample.at, each.sample.value, dict(each.labels).get("region"))
        for each in found
        if isinstance(each.sample, Measured)
    ]
    assert sorted(together) == [
        (at, pytest.approx(float(number)), region) for at, number, region in sorted(alone) if number is not None
    ]


async def test_an_instant_that_fails_on_its_data_is_missing_alone(database: PostgresSignals) -> None:
    end = now()
    instants = [end - timedelta(hours=hours) for hours in range(40, 0, -1)]
    query = "SELECT 1 / (CASE WHEN :now = '{}' THEN 0 ELSE 1 END) AS value"

    found = await database.past(signal(query.format(instants[17].isoformat())), instants, end)

    assert [each.sample.at for each in found] == instants
    (missing,) = [each.sample for each in found if isinstance(each.sample, Missing)]
    assert missing.at == instants[17]
    assert missing.absence is Absence.FAILED
    assert "division by zero" in missing.detail


async def test_an_instant_that_takes_too_long_is_missing_alone(postgres_url: str) -> None:
    opened = source(postgres_url, timeout="300ms")
    end = now()
    instants = [end - timedelta(hours=hours) for hours in range(20, 0, -1)]
    query = "SELECT 1 AS value FROM pg_sleep(CASE WHEN :now = '{}' THEN 60 ELSE 0 END)"

    found = await opened.past(signal(query.format(instants[17].isoformat())), instants, end)

    assert [each.sample.at for each in found] == instants
    (missing,) = [each.sample for each in found if isinstance(each.sample, Missing)]
    assert missing.at == instants[17]
    assert "ran longer than 300ms" in missing.detail


async def test_a_live_read_is_not_held_up_by_the_past(postgres_url: str) -> None:
    # given one connection, and a past that takes many chunks of it
    opened = source(postgres_url, pool_size=1, timeout="1s")
    end = now()
    instants = [end - timedelta(minutes=minutes) for minutes in range(60, 0, -1)]
    slow = signal("SELECT 1 AS value FROM pg_sleep(extract(epoch FROM :now - :now) + 0.02)")
    past = asyncio.ensure_future(opened.past(slow, instants, end))
    await asyncio.sleep(0.1)

    # when something is read meanwhile
    assert await value(opened, ONE) == 1

    # then the past was not done yet
    assert not past.done()
    assert len(await past) == 60


# Rights, limits, and what a source says of itself


@pytest.mark.parametrize(
    "query",
    [
        "WITH gone AS (DELETE FROM event RETURNING 1) SELECT count(*) AS value FROM gone",
        "SELECT nextval('counter') AS value",
        "SELECT 1 AS value INTO copied",
        "SELECT count(*) AS value FROM (SELECT 1 FROM event FOR UPDATE) AS locked",
    ],
)
async def test_a_query_that_writes_is_refused_by_the_server(
    query: str, postgres_url: str, database: PostgresSignals
) -> None:
    await fill(postgres_url, now())
    await execute(postgres_url, "CREATE SEQUENCE IF NOT EXISTS counter")

    error = await failure(database, query)

    assert error.failure is Failure.BAD_QUERY
    assert await value(database, "SELECT count(*) AS value FROM event") == 2 * MINUTES


async def test_what_a_query_sets_is_forgotten(database: PostgresSignals) -> None:
    before = await value(database, "SELECT length(current_setting('statement_timeout')) AS value")

    await value(database, "SELECT length(set_config('statement_timeout', '1234567ms', false)) AS value")

    assert await value(database, "SELECT length(current_setting('statement_timeout')) AS value") == before


async def test_two_connections_are_kept_and_named_and_left_clean(postgres_url: str, database: PostgresSignals) -> None:
    await asyncio.gather(*(value(database, "SELECT 1 AS value FROM pg_sleep(0.01)") for _ in range(12)))

    kept = await sessions(postgres_url)
    assert [each["state"] for each in kept] == ["idle", "idle"]

    await database.aclose()
    await eventually(lambda: _gone(postgres_url))


async def _gone(url: str) -> bool:
    return not await sessions(url)


async def test_a_slow_query_does_not_delay_the_others(database: PostgresSignals) -> None:
    slow = asyncio.ensure_future(value(database, "SELECT 1 AS value FROM pg_sleep(2)"))
    await asyncio.sleep(0.05)

    await asyncio.gather(*(value(database, ONE) for _ in range(20)))

    assert not slow.done()
    slow.cancel()
    await asyncio.gather(slow, return_exceptions=True)


async def test_waiting_for_a_connection_is_no_time_out(postgres_url: str) -> None:
    opened = source(postgres_url, pool_size=1, timeout="600ms")

    await asyncio.gather(*(value(opened, "SELECT 1 AS value FROM pg_sleep(0.25)") for _ in range(5)))


async def test_the_superuser_is_warned_of(database: PostgresSignals) -> None:
    inspection = await database.inspect()

    assert inspection.version.startswith("PostgreSQL ")
    assert inspection.clock_skew is not None
    assert "the role postgres is a superuser" in inspection.warnings[0]


async def test_a_role_that_only_reads_is_not_warned_of(role: Callable[[str], str]) -> None:
    opened = source(role("GRANT pg_monitor, pg_read_all_data TO {role}"))

    assert (await opened.inspect()).warnings == ()


async def test_a_role_that_writes_or_sees_too_little_is_warned_of(
    postgres_url: str, role: Callable[[str], str]
) -> None:
    await fill(postgres_url, now())
    opened = source(role("GRANT SELECT, INSERT ON event TO {role}; GRANT CREATE ON SCHEMA public TO {role}"))

    writes, creates, blind = (await opened.inspect()).warnings

    assert "may write to public.event" in writes
    assert "may create tables in the schema public; REVOKE CREATE ON SCHEMA public" in creates
    assert "GRANT pg_monitor TO role_" in blind


# Failures, each told apart


async def test_a_wrong_password_is_told_without_the_password(postgres_server: PostgresServer) -> None:
    opened = source(postgres_server.url("postgres", password="not-the-secret"))

    error = await failure(opened, ONE)

    assert error.failure is Failure.WRONG_PASSWORD
    assert "not-the-secret" not in str(error)


async def test_an_unknown_role_is_a_wrong_user(postgres_server: PostgresServer) -> None:
    error = await failure(source(postgres_server.url("postgres", user="nobody_here")), ONE)

    assert error.failure is Failure.WRONG_PASSWORD


async def test_a_missing_database_is_told(postgres_server: PostgresServer) -> None:
    error = await failure(source(postgres_server.url("nowhere")), ONE)

    assert error.failure is Failure.NO_SUCH_THING
    assert 'database "nowhere" does not exist; check the database' in str(error)


@pytest.mark.parametrize(
    ("query", "failure_", "words"),
    [
        ("SELECT 1 FROM nowhere", Failure.NO_SUCH_THING, 'relation "nowhere" does not exist'),
        ("SELECT nothing FROM pg_class", Failure.NO_SUCH_THING, 'column "nothing" does not exist'),
        ("SELECT 1 FROM no_schema.t", Failure.NO_SUCH_THING, "no_schema"),
        ("SELECT relnam FROM pg_class", Failure.NO_SUCH_THING, "Perhaps you meant"),
        ("SELECT nofunction(1)", Failure.BAD_QUERY, "nofunction"),
        ("SELECT FROM WHERE", Failure.BAD_QUERY, "syntax error"),
        ("SELECT 1 / 0 AS value", Failure.BAD_QUERY, "division by zero; guard"),
        ("SELECT percentile_cont(95) WITHIN GROUP (ORDER BY 1) AS value", Failure.BAD_QUERY, "percentile value 95"),
        ("SELECT 1 AS value, 2 AS other", Failure.BAD_ANSWER, "columns value, other"),
        ("SELECT 'text' AS value", Failure.BAD_ANSWER, 'the text "text"'),
        ("SELECT 1 AS value FROM generate_series(1, 20000)", Failure.BAD_ANSWER, "more than 10,000 rows"),
        ("SHOW max_connections", Failure.BAD_ANSWER, 'the text "100"'),
        ("SELECT 1; SELECT 2", Failure.BAD_QUERY, "second statement"),
    ],
)
async def test_a_wrong_query_is_told_and_the_connection_goes_on(
    query: str, failure_: Failure, words: str, database: PostgresSignals
) -> None:
    error = await failure(database, query)

    assert error.failure is failure_
    assert words in str(error)
    assert error.remedy
    assert await value(database, ONE) == 1


async def test_a_slow_query_is_cancelled_by_the_server_which_goes_on(postgres_server: PostgresServer) -> None:
    url = postgres_server.create_database()  # its own: what other tests left running is not asked about
    opened = source(url, timeout="300ms")

    error = await failure(opened, "SELECT 1 AS value FROM pg_sleep(60)")

    assert error.failure is Failure.TIMED_OUT
    assert "ran longer than 300ms and was cancelled" in str(error)
    assert await value(opened, ONE) == 1
    assert [each["state"] for each in await sessions(url)] == ["idle"]


async def test_a_held_lock_is_told_apart_from_a_slow_query(postgres_url: str) -> None:
    await execute(postgres_url, "CREATE TABLE locked ()")
    opened = source(postgres_url, lock_timeout=Duration.parse("50ms"))
    holder = await asyncpg.connect(postgres_url)

    async with holder.transaction():
        await holder.execute("LOCK TABLE locked")
        error = await failure(opened, "SELECT count(*) AS value FROM locked")

    assert error.failure is Failure.LOCKED
    assert "longer than 50ms for a lock" in str(error)
    assert await value(opened, "SELECT count(*) AS value FROM locked") == 0
    await holder.close()


async def test_a_missing_right_is_told_with_its_grant(postgres_url: str, role: Callable[[str], str]) -> None:
    await fill(postgres_url, now())
    url = role("")
    name = urlsplit(url).username
    opened = source(url)

    table = await failure(opened, "SELECT count(*) AS value FROM event")
    function = await failure(opened, "SELECT count(*) AS value FROM pg_ls_waldir()")

    assert (table.failure, table.remedy) == (Failure.NOT_PERMITTED, f"GRANT SELECT ON event TO {name}")
    assert (function.failure, function.remedy) == (Failure.NOT_PERMITTED, f"GRANT pg_monitor TO {name}")


async def test_a_full_server_is_told(role: Callable[[str], str]) -> None:
    url = role("ALTER ROLE {role} CONNECTION LIMIT 1")
    other = await asyncpg.connect(url)

    error = await failure(source(url), ONE)

    assert error.failure is Failure.TOO_MANY_CONNECTIONS
    assert "a full server is a finding of its own" in error.remedy
    await other.close()


async def test_on_a_full_server_the_kept_connection_serves_every_read(role: Callable[[str], str]) -> None:
    opened = source(role("ALTER ROLE {role} CONNECTION LIMIT 1"))

    answers = await asyncio.gather(*(value(opened, "SELECT 1 AS value FROM pg_sleep(0.02)") for _ in range(6)))

    assert answers == [1] * 6


async def test_an_answer_that_breaks_off_is_a_lost_connection(postgres_url: str, faulty_proxy: StartProxy) -> None:
    parts = urlsplit(postgres_url)
    proxy = faulty_proxy(parts.port or 0)
    opened = source(parts._replace(netloc=parts.netloc.replace(str(parts.port), str(proxy.port))).geturl())
    query = signal("SELECT i::text AS label, 1 AS value FROM generate_series(1, 9000) AS i", by=("label",))

    for fault in (proxy.cut, proxy.half_close):
        fault(after_bytes=20_000)
        with pytest.raises(SourceError) as raised:
            await opened.observe(query, now())
        assert raised.value.failure is Failure.CONNECTION_LOST

    proxy.pass_through()
    assert len(await opened.observe(query, now())) == 9000


async def test_a_kept_connection_that_was_cut_is_replaced_without_a_word(
    postgres_url: str, faulty_proxy: StartProxy
) -> None:
    parts = urlsplit(postgres_url)
    proxy = faulty_proxy(parts.port or 0)
    opened = source(parts._replace(netloc=parts.netloc.replace(str(parts.port), str(proxy.port))).geturl())
    await asyncio.gather(value(opened, ONE), value(opened, ONE))

    proxy.drop_connections()

    assert await value(opened, ONE) == 1


async def test_a_kept_connection_that_fell_silent_is_replaced_in_time(postgres_url: str) -> None:
    # given two kept connections whose server processes are stopped, as behind a network that drops everything
    opened = source(postgres_url, timeout="2s")
    await asyncio.gather(*(value(opened, "SELECT 1 AS value FROM pg_sleep(0.05)") for _ in range(2)))
    silent = [each["pid"] for each in await sessions(postgres_url)]
    assert len(silent) == 2
    for pid in silent:
        os.kill(pid, signals.SIGSTOP)

    # when something is read
    try:
        answer = await value(opened, ONE)
    finally:
        for pid in silent:
            os.kill(pid, signals.SIGCONT)

    # then it is answered over a new connection
    assert answer == 1


async def test_a_server_that_hangs_during_a_read_is_given_up_for_everyone(postgres_url: str) -> None:
    # given a query whose server process is stopped in its midst, and another that waits for the only connection
    opened = source(postgres_url, timeout="500ms", pool_size=1)
    hanging = asyncio.ensure_future(failure(opened, "SELECT 1 AS value FROM pg_sleep(0.4)"))
    running: list[Mapping[str, Any]] = []

    async def runs() -> bool:
        running[:] = [each for each in await sessions(postgres_url) if each["state"] == "active"]
        return bool(running)

    await eventually(runs)
    os.kill(running[0]["pid"], signals.SIGSTOP)
    waiting = asyncio.ensure_future(failure(opened, ONE))

    # when the time is up
    try:
        errors = await asyncio.gather(hanging, waiting)
    finally:
        os.kill(running[0]["pid"], signals.SIGCONT)

    # then both are told, and the next read goes on
    assert {error.failure for error in errors} == {Failure.TIMED_OUT}
    assert "no answer within 500ms" in str(errors[0])
    assert await value(opened, ONE) == 1


async def test_a_session_that_is_ended_during_a_read_is_a_lost_connection(postgres_url: str) -> None:
    opened = source(postgres_url)
    reading = asyncio.ensure_future(failure(opened, "SELECT 1 AS value FROM pg_sleep(4)"))

    async def ended() -> bool:
        active = [each["pid"] for each in await sessions(postgres_url) if each["state"] == "active"]
        for pid in active:
            await execute(postgres_url, f"SELECT pg_terminate_backend({pid})")
        return bool(active)

    await eventually(ended)

    assert (await reading).failure is Failure.CONNECTION_LOST
    assert await value(opened, ONE) == 1


async def test_a_server_that_is_killed_and_comes_back_is_read_again(own_postgres: PostgresServer) -> None:
    # given a read in progress, and another connection that is kept
    opened = source(own_postgres.admin_url)
    await asyncio.gather(value(opened, ONE), value(opened, ONE))
    reading = asyncio.ensure_future(failure(opened, "SELECT 1 AS value FROM pg_sleep(4)"))
    await asyncio.sleep(0.2)

    # when the server is killed
    own_postgres.process.kill()

    # then the read is lost, the next ones are refused, and after the restart all is well
    assert (await reading).failure is Failure.CONNECTION_LOST
    assert (await failure(opened, ONE)).failure is Failure.REFUSED
    own_postgres.process.start()
    assert await asyncio.gather(*(value(opened, ONE) for _ in range(4))) == [1] * 4
    # and also when it was restarted between two reads, unnoticed
    own_postgres.process.kill()
    own_postgres.process.start()
    assert await value(opened, ONE) == 1


# TLS, names and options


async def test_a_server_without_tls_is_told_apart(postgres_url: str) -> None:
    error = await failure(source(postgres_url + "?sslmode=require"), ONE)

    assert error.failure is Failure.NOT_CONFIGURED
    assert "does not speak TLS" in str(error)


async def test_a_certificate_is_checked_against_the_authority_of_the_source(
    own_postgres: PostgresServer, tmp_path: Path
) -> None:
    # given a server with a certificate of its own for 127.0.0.1
    folder = own_postgres.process.folder
    certify(folder, tmp_path)
    own_postgres.sql(f"ALTER SYSTEM SET ssl_cert_file = '{folder / 'server.crt'}'")
    own_postgres.sql(f"ALTER SYSTEM SET ssl_key_file = '{folder / 'server.key'}'")
    own_postgres.sql("ALTER SYSTEM SET ssl = on")
    own_postgres.sql("SELECT pg_reload_conf()")
    trusting = source(own_postgres.admin_url, tls_ca="ours.crt", base=tmp_path)
    strict = source(own_postgres.admin_url, tls_ca="other.crt", base=tmp_path)
    in_use = "SELECT ssl::int AS value FROM pg_stat_ssl WHERE pid = pg_backend_pid()"

    # when it is read with its authority, and with another one
    async def is_encrypted() -> bool:
        try:
            return await value(trusting, in_use) == 1
        except SourceError as error:
            assert "does not speak TLS" in str(error)  # noqa: PT017 (until the server has read its settings)
            return False

    await eventually(is_encrypted)
    error = await failure(strict, ONE)

    # then only the first is trusted
    assert error.failure is Failure.UNREACHABLE
    assert "is self-signed; to trust it name it" in str(error)
    own_postgres.sql("ALTER SYSTEM RESET ALL")
    own_postgres.sql("SELECT pg_reload_conf()")


def certify(server: Path, client: Path) -> None:
    """Make two self-signed certificates; the server gets the first, the client both to trust or not."""
    import subprocess

    for name in ("ours", "other"):
        words = f"openssl req -x509 -newkey rsa:2048 -nodes -days 1 -keyout {name}.key -out {name}.crt -subj /CN=test"
        subprocess.run(
            [*words.split(), "-addext", "subjectAltName=IP:127.0.0.1"], cwd=client, check=True, capture_output=True
        )
    owner = (server / "data").stat()
    for name, origin in (("server.crt", "ours.crt"), ("server.key", "ours.key")):
        (server / name).write_bytes((client / origin).read_bytes())
        (server / name).chmod(0o600)
        os.chown(server / name, owner.st_uid, owner.st_gid)


@pytest.mark.parametrize(
    "url", ["mysql://a@b/c", "not a url", "postgresql://u:s3cret@host:port/db", "http://127.0.0.1/", ""]
)
async def test_a_url_that_is_none_is_told_without_showing_it(url: str) -> None:
    with pytest.raises(SourceError, match="write postgresql://") as raised:
        source(url)

    assert raised.value.failure is Failure.NOT_CONFIGURED
    assert "s3cret" not in str(raised.value)


async def test_a_url_that_only_the_driver_finds_wrong_is_told_without_showing_it() -> None:
    error = await failure(source("postgresql://u:s3cret@127.0.0.1/db?sslmode=perhaps"), ONE)

    assert error.failure is Failure.NOT_CONFIGURED
    assert "s3cret" not in str(error)


async def test_a_variable_that_is_not_set_is_told() -> None:
    with pytest.raises(SourceError, match="DB_PASSWORD is not set"):
        source("postgresql://u:${DB_PASSWORD}@h/d")


async def test_a_tls_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="tls_ca"):
        source("postgresql://u@h/d", tls_ca="nowhere.crt", base=tmp_path)
