"""Every server that tests may ask for is asked something that only the real one can answer."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any, TypeVar

import aiomysql
import asyncpg
import pytest
from redis.exceptions import AuthenticationError

from tests.servers.docker import DockerEngine
from tests.servers.fixtures import StartRedis
from tests.servers.mariadb import MariaServer
from tests.servers.postgres import PostgresServer
from tests.servers.prometheus import PrometheusServer
from tests.servers.proxy import FaultyProxy
from tests.servers.redis import RedisServer

T = TypeVar("T")


async def test_postgres_computes_a_percentile_in_a_fresh_database(postgres_url: str) -> None:
    connection = await asyncpg.connect(postgres_url)
    try:
        p95 = await connection.fetchval(
            "SELECT percentile_cont(0.95) WITHIN GROUP (ORDER BY n) FROM generate_series(0, 100) AS n",
        )
    finally:
        await connection.close()

    assert p95 == 95.0


async def test_postgres_asks_for_the_right_password(postgres_server: PostgresServer) -> None:
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(postgres_server.url("postgres", password="wrong"))


async def test_postgres_lets_a_role_do_only_what_it_was_granted(postgres_server: PostgresServer) -> None:
    url = postgres_server.create_role("reader", "its-password", "GRANT pg_monitor TO reader")

    connection = await asyncpg.connect(url)
    try:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute("CREATE ROLE other")
    finally:
        await connection.close()


async def test_postgres_that_is_killed_comes_back_with_what_was_committed(own_postgres: PostgresServer) -> None:
    url = own_postgres.create_database()
    own_postgres.sql("CREATE TABLE kept AS SELECT 42 AS answer", url)

    own_postgres.process.kill()
    with pytest.raises(OSError, match="Connect"):
        await asyncpg.connect(url)
    own_postgres.process.start()

    assert own_postgres.sql("SELECT answer FROM kept", url) == "42"


async def test_mariadb_serves_a_fresh_database(mariadb_server: MariaServer, mariadb_url: str) -> None:
    database = mariadb_url.rpartition("/")[2]
    mariadb_server.sql("CREATE TABLE kept AS SELECT 42 AS answer", database)

    connection = await aiomysql.connect(
        host="127.0.0.1",
        port=mariadb_server.port,
        user="outgrow",
        password=mariadb_server.password,
        db=database,
    )
    async with connection.cursor() as cursor:
        await cursor.execute("SELECT answer, VERSION() LIKE '%MariaDB%' FROM kept")
        row = await cursor.fetchone()
    connection.close()

    assert row == (42, 1)


def test_redis_is_empty_and_without_a_limit(redis_server: RedisServer) -> None:
    with redis_server.client() as client:
        assert client.dbsize() == 0
        assert client.info("memory")["maxmemory"] == 0


def test_redis_with_a_password_refuses_who_has_none(redis_with_password: RedisServer) -> None:
    stranger = replace(redis_with_password, password="")

    with stranger.client() as client, pytest.raises(AuthenticationError):
        client.ping()


def test_one_more_redis_starts_with_its_own_options(start_redis: StartRedis) -> None:
    server = start_redis("--maxmemory", "64mb")

    with server.client() as client:
        assert client.info("memory")["maxmemory"] == 64 * 1024 * 1024


def test_prometheus_answers_from_recorded_samples(prometheus_server: PrometheusServer) -> None:
    prometheus_server.load(
        "# TYPE orders counter\norders_total 0 1700000000\norders_total 60 1700000060\n# EOF\n",
    )

    answer = prometheus_server.query("/api/v1/query?query=increase(orders_total[2m])&time=1700000061")

    assert float(answer["result"][0]["value"][1]) > 0


def test_prometheus_reads_a_new_configuration(prometheus_server: PrometheusServer) -> None:
    prometheus_server.configure({"global": {"scrape_interval": "7s"}, "scrape_configs": []})

    assert "scrape_interval: 7s" in prometheus_server.query("/api/v1/status/config")["yaml"]


def test_docker_counts_what_a_container_uses(docker_engine: DockerEngine) -> None:
    burn_and_write = "while :; do dd if=/dev/zero of=/tmp/f bs=1M count=1 conv=fsync 2>/dev/null; done"
    with docker_engine.container(burn_and_write, cpus=0.5, memory_bytes=64 << 20, networked=True) as name:
        used = _eventually(lambda: _used_by(docker_engine, name))

    assert used["cpu_stats"]["cpu_usage"]["total_usage"] > used["precpu_stats"]["cpu_usage"]["total_usage"]
    assert used["memory_stats"]["limit"] == 64 << 20
    assert "eth0" in used["networks"]


def test_docker_forgets_a_container_that_is_removed(docker_engine: DockerEngine) -> None:
    with docker_engine.container("sleep 60", labels={"service": "web"}) as name:
        assert docker_engine.call("GET", f"/containers/{name}/json")["Config"]["Labels"] == {"service": "web"}

    left = docker_engine.call("GET", "/containers/json", params={"all": "1"})
    assert f"/{name}" not in {each for container in left for each in container["Names"]}


async def test_a_proxy_passes_a_real_conversation_on(
    postgres_server: PostgresServer,
    faulty_proxy: Callable[[int], FaultyProxy],
) -> None:
    proxy = faulty_proxy(postgres_server.port)

    connection = await asyncpg.connect(_through(proxy, postgres_server))
    answer = await connection.fetchval("SELECT 42")
    await connection.close()

    assert answer == 42


async def test_a_proxy_cuts_an_answer_in_the_middle(
    postgres_server: PostgresServer,
    faulty_proxy: Callable[[int], FaultyProxy],
) -> None:
    proxy = faulty_proxy(postgres_server.port)
    proxy.cut(after_bytes=100_000)

    connection = await asyncpg.connect(_through(proxy, postgres_server))
    with pytest.raises((ConnectionError, asyncpg.PostgresConnectionError)):
        await connection.fetch("SELECT repeat('x', 1000) FROM generate_series(1, 1000)")


async def test_a_proxy_refuses_and_heals(redis_server: RedisServer, faulty_proxy: Callable[[int], FaultyProxy]) -> None:
    proxy = faulty_proxy(redis_server.port)

    proxy.refuse()
    with pytest.raises(ConnectionRefusedError):
        await _ping(proxy)
    proxy.pass_through()

    assert await _ping(proxy) == b"+PONG\r\n"


async def test_a_proxy_hangs(redis_server: RedisServer, faulty_proxy: Callable[[int], FaultyProxy]) -> None:
    proxy = faulty_proxy(redis_server.port)

    proxy.hang()

    with pytest.raises(TimeoutError):
        await _ping(proxy, within=timedelta(seconds=0.2))


async def test_a_proxy_ends_an_answer_early(
    redis_server: RedisServer,
    faulty_proxy: Callable[[int], FaultyProxy],
) -> None:
    proxy = faulty_proxy(redis_server.port)

    proxy.half_close(after_bytes=3)

    assert await _ping(proxy) == b"+PO"


async def test_a_proxy_resets_a_connection(
    redis_server: RedisServer,
    faulty_proxy: Callable[[int], FaultyProxy],
) -> None:
    proxy = faulty_proxy(redis_server.port)

    proxy.cut()

    with pytest.raises(ConnectionResetError):
        await _ping(proxy)


async def test_a_proxy_delays_each_piece_of_an_answer(
    redis_server: RedisServer,
    faulty_proxy: Callable[[int], FaultyProxy],
) -> None:
    proxy = faulty_proxy(redis_server.port)

    proxy.delay(timedelta(seconds=0.2))

    with pytest.raises(TimeoutError):
        await _ping(proxy, within=timedelta(seconds=0.1))
    assert await _ping(proxy) == b"+PONG\r\n"


async def test_a_proxy_drops_the_connections_that_stand(
    postgres_server: PostgresServer,
    faulty_proxy: Callable[[int], FaultyProxy],
) -> None:
    proxy = faulty_proxy(postgres_server.port)
    connection = await asyncpg.connect(_through(proxy, postgres_server))

    proxy.drop_connections()

    with pytest.raises((ConnectionError, asyncpg.PostgresConnectionError)):
        await connection.fetchval("SELECT 42")


def _through(proxy: FaultyProxy, server: PostgresServer) -> str:
    return replace(server, port=proxy.port).admin_url + "?sslmode=disable"


async def _ping(proxy: FaultyProxy, within: timedelta = timedelta(seconds=10)) -> bytes:
    """Say PING to the Redis behind the proxy on a connection of its own; give its whole answer."""
    async with asyncio.timeout(within.total_seconds()):
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
        try:
            writer.write(b"PING\r\nQUIT\r\n")
            return (await reader.read()).removesuffix(b"+OK\r\n")
        finally:
            writer.close()


def _used_by(engine: DockerEngine, name: str) -> dict[str, Any] | None:
    """Ask for the container's statistics until its block I/O has been counted too."""
    used = engine.call("GET", f"/containers/{name}/stats", params={"stream": "0"})
    return used if used["blkio_stats"]["io_service_bytes_recursive"] or not engine.disks else None


def _eventually(ask: Callable[[], T | None]) -> T:
    deadline = time.monotonic() + 20
    while not (answer := ask()):
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.05)
    return answer
