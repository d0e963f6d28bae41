"""Redis: its facts in the signal's unit, what it has no value for, and why it could not be read."""

import asyncio
import socket
from collections.abc import AsyncGenerator, Callable
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from outgrow.errors import Failure, SourceError
from outgrow.facts.samples import Absence
from outgrow.observe.redis import RedisSignals
from outgrow.observe.redis.fields import is_counter, unit_of
from outgrow.plan.signals import QuerySignal
from outgrow.plan.sources import RedisRead, RedisSource
from outgrow.quantity import Duration
from tests.observe.reads import failure_of, missing_of, signal, value_of
from tests.observe.targets import raw_words
from tests.servers.fixtures import StartRedis
from tests.servers.process import free_port
from tests.servers.proxy import FaultyProxy
from tests.servers.redis import RedisServer

MIB = 1024 * 1024


def info(field: str, **options: Any) -> QuerySignal:
    return signal(RedisRead(metric="info", field=field), **options)


def config(parameter: str, **options: Any) -> QuerySignal:
    return signal(RedisRead(metric="config", field=parameter), **options)


def share(unit: str) -> QuerySignal:
    return signal(RedisRead(metric="memory_share"), unit=unit)


def adapter(url: str, timeout: str = "5s") -> RedisSignals:
    return RedisSignals(RedisSource(kind="redis", url=url, timeout=Duration.parse(timeout)), {}, Path())


@pytest.fixture
async def source(redis_server: RedisServer) -> AsyncGenerator[RedisSignals]:
    opened = adapter(redis_server.url)
    yield opened
    await opened.aclose()


async def test_memory_is_told_in_the_signals_unit_and_as_a_share_of_the_limit(start_redis: StartRedis):
    server = start_redis("--maxmemory", "64mb", "--maxmemory-policy", "allkeys-lru")
    source = adapter(server.url)

    limit = await value_of(source, info("maxmemory", unit="MiB"))
    used = await value_of(source, info("used_memory", unit="bytes"))
    in_percent, as_ratio = await value_of(source, share("percent")), await value_of(source, share("ratio"))
    inspection = await source.inspect()
    await source.aclose()

    assert limit == 64
    assert in_percent == pytest.approx(100 * used / (64 * MIB), rel=0.05)
    assert as_ratio == pytest.approx(in_percent / 100, rel=0.05)
    assert inspection.notes == ("maxmemory 64 MiB, policy allkeys-lru",)
    assert inspection.warnings == ()
    assert inspection.version.startswith("Redis ")
    assert inspection.clock_skew is not None
    assert abs(inspection.clock_skew) < timedelta(seconds=5)


@pytest.mark.parametrize("wanted", [share("percent"), info("maxmemory"), config("maxmemory", unit="MiB")])
async def test_without_a_limit_there_is_no_number_but_a_reason(source: RedisSignals, wanted: QuerySignal):
    assert await missing_of(source, wanted) == (Absence.UNLIMITED, "maxmemory is 0: no limit is set")


async def test_an_inspection_warns_of_the_missing_limit(source: RedisSignals):
    inspection = await source.inspect()

    assert inspection.notes == ("maxmemory 0 (no limit), policy noeviction",)
    assert "memory_share cannot be measured" in inspection.warnings[0]


async def test_keys_are_counted_in_all_databases(source: RedisSignals, redis_server: RedisServer):
    with redis_server.client() as client:
        client.mset({f"session:{index}": "x" for index in range(25)})
        client.expire("session:1", 1000)

    assert await value_of(source, signal(RedisRead(metric="dbsize"), unit="keys")) == 25
    assert await value_of(source, info("db0.keys")) == 25
    assert await value_of(source, info("db0.expires")) == 1
    assert await value_of(source, info("db7.keys")) == 0
    assert await value_of(source, info("errorstat_OOM.count")) == 0


async def test_parts_of_fields_and_parameters_are_numbers(source: RedisSignals, redis_server: RedisServer):
    with redis_server.client() as client:
        for _ in range(3):
            client.get("nothing")

    assert await value_of(source, info("cmdstat_get.calls")) == 3
    assert await value_of(source, info("keyspace_misses")) == 3
    assert await value_of(source, config("maxclients")) > 0
    assert await value_of(source, info("used_memory_peak_perc", unit="ratio")) <= 2


async def test_text_is_refused_and_named(source: RedisSignals):
    assert 'but "noeviction"' in await failure_of(source, info("maxmemory_policy"), Failure.BAD_ANSWER)
    assert 'but "noeviction"' in await failure_of(source, config("maxmemory-policy"), Failure.BAD_ANSWER)


async def test_a_password_among_the_parameters_is_not_shown(redis_with_password: RedisServer):
    with redis_with_password.client() as client:
        client.config_set("masterauth", "an0ther-secret")
    source = adapter(redis_with_password.url)

    told = await failure_of(source, config("masterauth"), Failure.BAD_ANSWER)
    await source.aclose()

    assert "an0ther-secret" not in told


async def test_what_does_not_exist_is_told_with_its_nearest_neighbour(source: RedisSignals):
    assert "did you mean used_memory?" in await failure_of(source, info("used_memroy"), Failure.NO_SUCH_THING)
    assert "once it has been called" in await failure_of(source, info("cmdstat_gett.calls"), Failure.NO_SUCH_THING)
    assert 'no parameter "maxmem"' in await failure_of(source, config("maxmem"), Failure.NO_SUCH_THING)


async def test_a_unit_of_something_else_is_refused(source: RedisSignals):
    told = await failure_of(source, info("used_memory", unit="ms"), Failure.BAD_QUERY)

    assert 'is measured in bytes, but the signal\'s unit is "ms"; write unit: bytes' in told


async def test_labels_are_refused(source: RedisSignals):
    await failure_of(source, info("used_memory", by=("database",)), Failure.BAD_QUERY)


async def test_a_counter_that_started_again_is_noticed_once_per_signal(start_redis: StartRedis):
    # given two counters, read
    server = start_redis()
    source, wanted = adapter(server.url), (info("total_commands_processed"), info("total_net_input_bytes"))
    for each in wanted:
        await value_of(source, each)

    # when the server is started anew, and soon counts more than it did
    server.process.stop()
    server.process.start()
    with server.client() as client:
        for _ in range(200):
            client.get("nothing")

    # then each says so once, although it has not fallen
    for each in wanted:
        absence, detail = await missing_of(source, each)
        assert absence is Absence.COUNTER_RESTARTED
        assert "Redis has been up for" in detail
        assert await value_of(source, each) > 0
    await source.aclose()


async def test_statistics_that_were_reset_are_noticed(source: RedisSignals, redis_server: RedisServer):
    with redis_server.client() as client:
        for _ in range(50):
            client.get("nothing")
        await value_of(source, info("keyspace_misses"))
        client.config_resetstat()

    absence, _ = await missing_of(source, info("keyspace_misses"))

    assert absence is Absence.COUNTER_RESTARTED


async def test_a_gauge_that_falls_is_no_restart(source: RedisSignals, redis_server: RedisServer):
    with redis_server.client() as client:
        client.mset({f"key:{index}": "x" for index in range(5)})
        assert await value_of(source, info("db0.keys")) == 5
        client.flushall()

    assert await value_of(source, info("db0.keys")) == 0


async def test_signals_read_together_share_one_info(source: RedisSignals, redis_server: RedisServer):
    wanted = [info("used_memory"), info("connected_clients"), info("db0.keys"), info("uptime_in_seconds")]
    with redis_server.client() as client:
        await asyncio.gather(*(source.observe(each, datetime.now(UTC)) for each in wanted))

        assert client.info("commandstats")["cmdstat_info"]["calls"] == 1


async def test_wrong_and_missing_passwords_are_told_apart(redis_with_password: RedisServer, redis_server: RedisServer):
    where, open_port = f"127.0.0.1:{redis_with_password.port}", redis_server.port
    wanted = info("used_memory")

    none = await failure_of(adapter(f"redis://{where}/0"), wanted, Failure.WRONG_PASSWORD)
    wrong = await failure_of(adapter(f"redis://:wr0ng-one@{where}/0"), wanted, Failure.WRONG_PASSWORD)
    needless = await failure_of(adapter(f"redis://:s0me@127.0.0.1:{open_port}/0"), wanted, Failure.WRONG_PASSWORD)

    assert f"{where} wants a password" in none
    assert f"{where} refused the user or the password" in wrong
    assert "wr0ng-one" not in wrong
    assert "take it out of the url" in needless


async def test_a_user_without_the_right_is_told_what_to_grant(redis_with_password: RedisServer):
    with redis_with_password.client() as client:
        client.execute_command("ACL", "SETUSER", "reader", "on", ">readerpw", "-@all", "+dbsize")
    source = adapter(f"redis://reader:readerpw@127.0.0.1:{redis_with_password.port}/0")

    told = await failure_of(source, info("used_memory"), Failure.NOT_PERMITTED)
    keys = await value_of(source, signal(RedisRead(metric="dbsize")))
    await source.aclose()

    assert "ACL SETUSER" in told
    assert keys == 0


async def test_too_many_clients_are_a_finding_of_their_own(start_redis: StartRedis):
    server = start_redis("--maxclients", "4")
    with ExitStack() as kept:
        for _ in range(6):
            kept.enter_context(socket.create_connection(("127.0.0.1", server.port)))

        told = await failure_of(adapter(server.url), info("connected_clients"), Failure.TOO_MANY_CONNECTIONS)

    assert "maxclients" in told


@pytest.mark.parametrize(
    ("words", "failure", "told"),
    [
        (b"-LOADING Redis is loading the dataset in memory\r\n", Failure.OTHER, "loading its data"),
        (b"-ERR unknown command 'INFO'\r\n", Failure.NOT_PERMITTED, "disabled the command"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", Failure.BAD_ANSWER, "does not answer as Redis does"),
        (b"-DENIED Redis is running in protected mode\r\n", Failure.NOT_PERMITTED, "protected mode"),
    ],
)
async def test_what_a_peer_says_is_told_apart(words: bytes, failure: Failure, told: str):
    async with raw_words(words, to_each_command=not words.startswith(b"-DENIED")) as port:
        source = adapter(f"redis://127.0.0.1:{port}/0")
        assert told in await failure_of(source, info("used_memory"), failure)
        await source.aclose()


async def test_connections_that_fail_are_told_apart(
    redis_server: RedisServer, faulty_proxy: Callable[[int], FaultyProxy]
):
    proxy = faulty_proxy(redis_server.port)
    source, wanted = adapter(f"redis://127.0.0.1:{proxy.port}/0", "400ms"), info("used_memory")
    assert await value_of(source, wanted) > 0

    for fault, failure in (
        (proxy.refuse, Failure.REFUSED),
        (proxy.hang, Failure.TIMED_OUT),
        (lambda: proxy.half_close(100), Failure.CONNECTION_LOST),
        (lambda: proxy.cut(100), Failure.CONNECTION_LOST),
    ):
        fault()
        await failure_of(source, wanted, failure)

    # and a connection that was dropped meanwhile is replaced without a word
    proxy.pass_through()
    assert await value_of(source, wanted) > 0
    proxy.drop_connections()
    assert await value_of(source, wanted) > 0
    await source.aclose()


async def test_a_server_that_is_not_there_or_has_no_name_is_told():
    await failure_of(adapter(f"redis://127.0.0.1:{free_port()}/0"), info("used_memory"), Failure.REFUSED)
    await failure_of(adapter("unix:///nowhere/redis.sock"), info("used_memory"), Failure.UNREACHABLE)
    with pytest.raises(SourceError, match=r"redis://127\.0\.0\.1:6379/0"):
        adapter("http://127.0.0.1/")


@pytest.mark.parametrize(
    "field",
    [
        "total_commands_processed", "total_net_output_bytes", "keyspace_hits", "expired_keys", "evicted_keys",
        "rejected_connections", "sync_full", "used_cpu_sys", "cmdstat_get.calls", "errorstat_ERR.count",
        "total_error_replies", "total_forks", "expired_time_cap_reached_count",
    ],
)  # fmt: skip
def test_counters_are_known(field: str):
    assert is_counter(field)


@pytest.mark.parametrize(
    "field",
    [
        "total_system_memory", "used_memory", "connected_clients", "db0.keys", "instantaneous_ops_per_sec",
        "maxmemory", "mem_fragmentation_ratio", "mem_total_replication_buffers", "uptime_in_seconds", "blocked_clients",
    ],
)  # fmt: skip
def test_gauges_are_no_counters(field: str):
    assert not is_counter(field)


@pytest.mark.parametrize(
    ("field", "unit"),
    [
        ("used_memory", "bytes"), ("used_memory_rss", "bytes"), ("mem_clients_normal", "bytes"),
        ("total_net_input_bytes", "bytes"), ("total_system_memory", "bytes"), ("repl_backlog_size", "bytes"),
        ("uptime_in_seconds", "s"), ("used_cpu_user", "s"), ("rdb_last_bgsave_time_sec", "s"),
        ("latest_fork_usec", "us"), ("cmdstat_get.usec_per_call", "us"), ("latency_percentiles_usec_get.p99", "us"),
        ("db0.avg_ttl", "ms"), ("expire_cycle_cpu_milliseconds", "ms"), ("used_memory_peak_perc", "percent"),
        ("mem_fragmentation_ratio", None), ("connected_clients", None), ("keyspace_hits", None),
        ("instantaneous_ops_per_sec", None), ("db0.keys", None), ("mem_allocator", None), ("uptime_in_days", "d"),
    ],
)  # fmt: skip
def test_fields_are_measured_in_what_their_names_say(field: str, unit: str | None):
    found = unit_of(field)

    assert (found.name if found else None) == unit


@pytest.mark.parametrize(
    ("read", "words"),
    [
        ({"metric": "info"}, "needs a field"),
        ({"metric": "config"}, "maxclients"),
        ({"metric": "dbsize", "field": "db0"}, "has no field"),
        ({"metric": "info", "field": "used_memory_human"}, "read used_memory instead"),
    ],
)
def test_reads_that_cannot_work_are_refused_by_the_plan(read: dict[str, str], words: str):
    with pytest.raises(ValueError, match=words):
        RedisRead.model_validate(read)
