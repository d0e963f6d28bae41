"""What a test may ask for: one server of each kind for the whole run, or one of its own to maltreat.

| fixture               | lives for   | gives                                                            |
| --------------------- | ----------- | ---------------------------------------------------------------- |
| `postgres_server`     | the run     | a `PostgresServer`                                               |
| `postgres_url`        | one module  | the address of an empty database on it                           |
| `own_postgres`        | one test    | a running `PostgresServer` that the test may kill                |
| `mariadb_server`      | the run     | a `MariaServer`                                                  |
| `mariadb_url`         | one module  | the address of an empty database on it                           |
| `redis_server`        | the run     | a `RedisServer` without a password, emptied for each test        |
| `redis_with_password` | the run     | a `RedisServer` with one, emptied for each test                  |
| `start_redis`         | one test    | `start_redis("--maxmemory", "64mb")` starts one more             |
| `prometheus_server`   | one module  | a `PrometheusServer` to `configure` and `load`                   |
| `docker_engine`       | the run     | a `DockerEngine`; remove the containers that you start           |
| `nginx_server`        | one test    | an `NginxServer` with an upstream to write                       |
| `faulty_proxy`        | one test    | `faulty_proxy(port)` starts a `FaultyProxy` in front of a server |
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Protocol, TypeVar

import pytest

from tests.servers.docker import DockerEngine, start_docker
from tests.servers.mariadb import MariaServer, start_mariadb
from tests.servers.nginx import NginxServer, start_nginx
from tests.servers.postgres import PostgresServer, start_postgres
from tests.servers.process import ServerUnavailable
from tests.servers.prometheus import PrometheusServer, start_prometheus
from tests.servers.proxy import FaultyProxy
from tests.servers.redis import RedisServer
from tests.servers.redis import start_redis as start_a_redis

# Tests that use one of these need a real server and get the mark `live`.
LIVE_FIXTURES = frozenset(
    {
        "docker_engine",
        "mariadb_server",
        "nginx_server",
        "own_postgres",
        "postgres_server",
        "prometheus_server",
        "redis_server",
        "redis_with_password",
        "start_redis",
    },
)


def pytest_collection_modifyitems(items: Iterable[pytest.Item]) -> None:
    """Mark the tests that need a real server: `pytest -m "not live"` leaves them out."""
    for item in items:
        if not LIVE_FIXTURES.isdisjoint(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.live)


class Server(Protocol):
    """What every server can do."""

    def stop(self) -> None:
        """End it and leave nothing behind."""
        ...


S = TypeVar("S", bound=Server)


def _until_done(start: Callable[[], S]) -> Iterator[S]:
    server = _or_skip(start)
    try:
        yield server
    finally:
        server.stop()


def _or_skip(start: Callable[[], S]) -> S:
    try:
        return start()
    except ServerUnavailable as why:
        pytest.skip(str(why))


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    yield from _until_done(start_postgres)


@pytest.fixture(scope="module")
def postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    url = postgres_server.create_database()
    yield url
    postgres_server.drop_database(url)


@pytest.fixture(scope="session")
def _expendable_postgres() -> Iterator[PostgresServer]:
    yield from _until_done(start_postgres)


@pytest.fixture
def own_postgres(_expendable_postgres: PostgresServer) -> PostgresServer:
    if not _expendable_postgres.process.is_running:
        _expendable_postgres.process.start()
    return _expendable_postgres


@pytest.fixture(scope="session")
def mariadb_server() -> Iterator[MariaServer]:
    yield from _until_done(start_mariadb)


@pytest.fixture(scope="module")
def mariadb_url(mariadb_server: MariaServer) -> Iterator[str]:
    url = mariadb_server.create_database()
    yield url
    mariadb_server.drop_database(url)


@pytest.fixture(scope="session")
def _shared_redis() -> Iterator[RedisServer]:
    yield from _until_done(start_a_redis)


@pytest.fixture
def redis_server(_shared_redis: RedisServer) -> RedisServer:
    return _emptied(_shared_redis)


@pytest.fixture(scope="session")
def _shared_redis_with_password() -> Iterator[RedisServer]:
    yield from _until_done(lambda: start_a_redis(with_password=True))


@pytest.fixture
def redis_with_password(_shared_redis_with_password: RedisServer) -> RedisServer:
    return _emptied(_shared_redis_with_password)


def _emptied(server: RedisServer) -> RedisServer:
    with server.client() as client:
        client.flushall()
        client.config_resetstat()
    return server


class StartRedis(Protocol):
    """Starts one more Redis."""

    def __call__(self, *options: str, with_password: bool = False) -> RedisServer:
        """Start it with options as on its command line."""
        ...


@pytest.fixture
def start_redis() -> Iterator[StartRedis]:
    started: list[RedisServer] = []

    def start(*options: str, with_password: bool = False) -> RedisServer:
        started.append(_or_skip(lambda: start_a_redis(*options, with_password=with_password)))
        return started[-1]

    yield start
    for server in started:
        server.stop()


@pytest.fixture(scope="module")
def prometheus_server() -> Iterator[PrometheusServer]:
    yield from _until_done(start_prometheus)


@pytest.fixture(scope="session")
def docker_engine() -> Iterator[DockerEngine]:
    yield from _until_done(start_docker)


@pytest.fixture
def nginx_server() -> Iterator[NginxServer]:
    yield from _until_done(start_nginx)


@pytest.fixture
def faulty_proxy() -> Iterator[Callable[[int], FaultyProxy]]:
    started: list[FaultyProxy] = []

    def start(target_port: int) -> FaultyProxy:
        started.append(FaultyProxy(target_port).start())
        return started[-1]

    yield start
    for proxy in started:
        proxy.stop()
