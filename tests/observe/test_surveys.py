"""A look at a real system makes a starter plan whose every signal can be read from it, with the right value."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import pytest

from outgrow.errors import Failure, SourceError
from outgrow.facts.samples import Measured, Sample
from outgrow.observe.mysql import MySqlSignals
from outgrow.observe.mysql.survey import survey as survey_mysql
from outgrow.observe.postgres import PostgresSignals
from outgrow.observe.postgres.survey import survey as survey_postgres
from outgrow.observe.redis import RedisSignals
from outgrow.observe.redis.survey import survey as survey_redis
from outgrow.plan.file import parse_plan
from outgrow.plan.findings import Column, DatabaseFindings, Findings, Latency
from outgrow.plan.signals import QuerySignal
from outgrow.plan.sources import MySqlSource, PostgresSource, RedisSource, SourceOptions
from outgrow.plan.starter import starter_plan
from outgrow.quantity import Duration
from tests.servers.fixtures import StartRedis
from tests.servers.mariadb import MariaServer
from tests.servers.postgres import PostgresServer
from tests.servers.process import free_port
from tests.servers.proxy import FaultyProxy
from tests.servers.redis import RedisServer

HERE = Path()
ADAPTERS: Mapping[str, Any] = {"postgres": PostgresSignals, "mysql": MySqlSignals, "redis": RedisSignals}

# Three hours of calls, one a minute, of which the last took one second and each before it a millisecond less.
POSTGRES = """
CREATE SCHEMA "odd ""schema";
CREATE TABLE calls (
    id bigserial PRIMARY KEY, created_at timestamptz NOT NULL, updated_at timestamptz, latency_ms integer, note text
);
CREATE INDEX ON calls (created_at);
INSERT INTO calls (created_at, latency_ms)
SELECT now() - make_interval(mins => minute), 1000 - minute FROM generate_series(0, 179) AS minute;
CREATE TABLE "odd ""schema"."Löwen & Co" ("when" timestamp, took interval, "time-taken_s" numeric);
INSERT INTO "odd ""schema"."Löwen & Co"
SELECT now() AT TIME ZONE 'UTC' - make_interval(mins => minute), interval '2 seconds', 0.5
FROM generate_series(0, 59) AS minute;
CREATE TABLE parted (at timestamptz, duration_ms double precision) PARTITION BY RANGE (at);
CREATE TABLE parted_all PARTITION OF parted FOR VALUES FROM ('2000-01-01') TO ('2100-01-01');
CREATE TABLE timeless (id int, latency_ms int);
CREATE TABLE secret (created_at timestamptz, latency_ms int);
CREATE VIEW seen AS SELECT * FROM calls;
ANALYZE;
"""


async def samples_of(text: str, urls: Mapping[str, str]) -> dict[str, Sample]:
    """Read every signal of a plan that is read from a source, once, from the real thing."""
    loaded = parse_plan(text, "plan.yaml")
    assert loaded.warnings == ()
    found: dict[str, Sample] = {}
    for source, options in loaded.plan.sources.items():
        adapter = ADAPTERS[options.kind](options, urls, HERE)
        try:
            for name, signal in loaded.plan.signals.items():
                if isinstance(signal, QuerySignal) and signal.source == source:
                    (observation,) = await adapter.observe(signal, datetime.now(UTC))
                    found[name] = observation.sample
        finally:
            await adapter.aclose()
    return found


def value(sample: Sample) -> float:
    assert isinstance(sample, Measured), sample
    return sample.value


def source_at(url: str) -> SourceOptions:
    kind = {"postgresql": PostgresSource, "mysql": MySqlSource, "redis": RedisSource}[urlsplit(url).scheme]
    return kind.model_validate({"kind": kind.model_fields["kind"].annotation.__args__[0], "url": url, "timeout": "5s"})  # type: ignore[union-attr]


async def survey(url: str) -> Findings:
    match source_at(url):
        case PostgresSource() as options:
            return await survey_postgres(options, {}, HERE)
        case MySqlSource() as options:
            return await survey_mysql(options, {}, HERE)
        case RedisSource() as options:
            return await survey_redis(options, {}, HERE)
        case options:
            raise AssertionError(options)


@pytest.fixture
async def filled_postgres(postgres_url: str) -> str:
    connection = await asyncpg.connect(postgres_url)
    await connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    await connection.execute('DROP SCHEMA IF EXISTS "odd ""schema" CASCADE')
    await connection.execute(POSTGRES)
    await connection.close()
    return postgres_url


async def test_postgresql_is_seen_as_it_is(filled_postgres: str):
    found = await survey(filled_postgres)
    assert isinstance(found, DatabaseFindings)
    assert found.max_connections == 100
    assert found.size_bytes is not None
    assert found.size_bytes > 1_000_000
    tables = {table.table.name: table for table in found.tables}
    assert set(tables) == {"calls", "Löwen & Co", "parted", "secret"}
    calls = tables["calls"]
    assert calls.table.rows == 180
    assert calls.time == Column("created_at", "time", leads_index=True)
    # Of 1000, 999, ... 821 the 95th percentile lies at 0.95 x 179 = 170.05 from below.
    assert calls.latencies == [Latency("latency_ms", "ms", typical=821 + 170.05)]
    odd = tables["Löwen & Co"]
    assert odd.latencies == [Latency("took", "ms", is_interval=True, typical=2000.0)]
    assert tables["parted"].latencies == [Latency("duration_ms", "ms", typical=None)]


async def test_the_starter_plan_of_a_postgresql_measures_it(filled_postgres: str):
    text = starter_plan([await survey(filled_postgres)])
    samples = await samples_of(text, {"DATABASE_URL": filled_postgres})
    assert 0 < value(samples["database-connections"]) < 1
    assert value(samples["database-size"]) > 1_000_000
    assert value(samples["calls-per-hour"]) == 60
    # Of the 30 latencies 1000, 999, ... 971 the 95th percentile lies at 0.95 x 29 = 27.55 from below.
    assert value(samples["calls-latency_ms-p95"]) == pytest.approx(971 + 27.55)
    assert value(samples["l-wen-co-took-p95"]) == pytest.approx(2000)
    empty = samples["parted-duration_ms-p95"]
    assert not isinstance(empty, Measured)


async def test_what_a_role_may_not_read_is_not_in_its_plan(filled_postgres: str, postgres_server: PostgresServer):
    database = filled_postgres.rpartition("/")[2]
    postgres_server.create_role("reader_of_calls", "hunter2")
    postgres_server.sql(
        "GRANT USAGE ON SCHEMA public TO reader_of_calls; GRANT SELECT ON calls TO reader_of_calls", filled_postgres
    )
    url = postgres_server.url(database, "reader_of_calls", "hunter2")
    text = starter_plan([await survey(url)])
    assert "hunter2" not in text
    samples = await samples_of(text, {"DATABASE_URL": url})
    assert {name for name in samples if "database" not in name} == {"calls-per-hour", "calls-latency_ms-p95"}
    assert value(samples["database-connections"]) > 0
    postgres_server.sql("DROP OWNED BY reader_of_calls", filled_postgres)
    postgres_server.sql("DROP ROLE reader_of_calls")


MARIADB = """
CREATE TABLE calls (
    id bigint AUTO_INCREMENT PRIMARY KEY, created_at datetime(6) NOT NULL, latency_ms double, KEY (created_at)
);
INSERT INTO calls (created_at, latency_ms)
SELECT utc_timestamp(6) - INTERVAL seq MINUTE, 1000 - seq FROM seq_0_to_179;
CREATE TABLE `odd ``table%` (`at` timestamp, took_s decimal(6, 3));
INSERT INTO `odd ``table%` SELECT utc_timestamp(), 0.5 FROM seq_1_to_5;
CREATE TABLE timeless (id int, latency_ms int);
"""


async def test_the_starter_plan_of_a_mariadb_measures_it(mariadb_server: MariaServer):
    url = mariadb_server.create_database()
    mariadb_server.sql(f"SET time_zone = '+00:00'; {MARIADB}", url.rpartition("/")[2])
    found = await survey(url)
    assert isinstance(found, DatabaseFindings)
    assert found.kind == "mariadb"
    assert {table.table.name: table.latencies for table in found.tables} == {
        "calls": [Latency("latency_ms", "ms", typical=991.0)],
        "odd `table%": [Latency("took_s", "s", typical=0.5)],
    }
    samples = await samples_of(starter_plan([found]), {"DATABASE_URL": url})
    assert 0 < value(samples["database-connections"]) < 1
    assert value(samples["database-size"]) > 10_000
    assert value(samples["calls-per-hour"]) == 60
    assert value(samples["calls-latency_ms-p95"]) == 999
    assert value(samples["odd-table-per-hour"]) == 5
    mariadb_server.drop_database(url)


async def test_the_starter_plan_of_a_redis_measures_it(start_redis: StartRedis):
    server = start_redis("--maxmemory", "64mb", "--maxmemory-policy", "allkeys-lru")
    server.client().set("a", "b")
    found = await survey(server.url)
    text = starter_plan([found])
    assert "Out of maxmemory 64 MiB; when it is full Redis evicts or refuses, allkeys-lru." in text
    samples = await samples_of(text, {"REDIS_URL": server.url})
    assert 0 < value(samples["redis-memory"]) < 1
    assert value(samples["redis-keys"]) == 1


async def test_a_redis_without_a_limit_is_measured_in_bytes(redis_with_password: RedisServer):
    found = await survey(redis_with_password.url)
    text = starter_plan([found])
    assert redis_with_password.password not in text
    samples = await samples_of(text, {"REDIS_URL": redis_with_password.url})
    assert 0 < value(samples["redis-memory"]) < 1000


@pytest.mark.parametrize("scheme", ["postgresql", "mysql", "redis"])
async def test_a_server_that_is_not_there_is_told_with_its_remedy(scheme: str):
    with pytest.raises(SourceError) as caught:
        await survey(f"{scheme}://someone:hunter2@127.0.0.1:{free_port()}/0")
    assert caught.value.failure is Failure.REFUSED
    assert caught.value.remedy
    assert "hunter2" not in str(caught.value)


async def test_a_wrong_password_is_told_apart(postgres_server: PostgresServer, mariadb_server: MariaServer):
    for url in (
        postgres_server.url("postgres", password="hunter2"),
        mariadb_server.url("mysql", password="hunter2"),
    ):
        with pytest.raises(SourceError) as caught:
            await survey(url)
        assert caught.value.failure is Failure.WRONG_PASSWORD
        assert "hunter2" not in str(caught.value)


async def test_a_server_that_hangs_does_not_hang_the_survey(
    postgres_server: PostgresServer, faulty_proxy: Callable[[int], FaultyProxy], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("outgrow.observe.postgres.survey._WHOLE", Duration.parse("500ms"))
    proxy = faulty_proxy(postgres_server.port)
    proxy.hang()
    with pytest.raises(SourceError) as caught:
        await survey(f"postgresql://postgres:x@127.0.0.1:{proxy.port}/postgres")
    assert caught.value.failure is Failure.TIMED_OUT
