"""One Redis server: its few commands, each bounded in time, their failures worded."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import anyio
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from outgrow.errors import Failure, SourceError
from outgrow.observe._shared_reads import SharedReads
from outgrow.observe.redis.failures import failure_of, refusal

T = TypeVar("T")
Info = Mapping[str, Any]
"""What INFO says, as redis-py reads it: numbers, texts, and a mapping where a field has parts."""


class RedisServer:
    """A server behind a URL; it connects on first use."""

    def __init__(self, url: str, limit: timedelta, authorities: Path | None) -> None:
        """Point at `url`; every command ends within `limit`.

        Raises:
            SourceError: `url` is no address of a Redis.
        """
        options: dict[str, Any] = {"socket_timeout": limit.total_seconds()}
        options["socket_connect_timeout"] = limit.total_seconds()
        if authorities is not None:
            options["ssl_ca_certs"] = str(authorities)
        # RESP 2 is what every Redis speaks; whether to try again is decided here, not in the driver.
        options |= {"decode_responses": True, "protocol": 2, "retry": Retry(NoBackoff(), 0)}
        try:
            self._redis = Redis.from_url(url, **options)
        except ValueError as error:
            raise SourceError(
                Failure.NOT_CONFIGURED, "the url is no address of a Redis", "write for example redis://127.0.0.1:6379/0"
            ) from error
        self._address: Mapping[str, Any] = self._redis.connection_pool.connection_kwargs
        self._limit = limit
        self._shared: SharedReads[Info] = SharedReads()

    async def info(self) -> Info:
        """Give all sections of INFO; those who ask at the same time share one answer."""

        async def ask() -> Info:
            return await self._bounded(lambda: self._redis.info("all"))

        return await self._shared.read("info", ask)

    async def parameter(self, name: str) -> str | None:
        """Give a parameter of CONFIG, or nothing where there is none of that name."""

        async def ask() -> Mapping[str | None, str | None]:
            return await self._redis.config_get(name)

        return (await self._bounded(ask)).get(name)

    async def dbsize(self) -> int:
        """Count the keys of the URL's database."""

        async def ask() -> int:
            return await self._redis.dbsize()

        return await self._bounded(ask)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._shared.aclose()
        await self._redis.aclose()

    async def _bounded(self, command: Callable[[], Awaitable[T]]) -> T:
        where = self._shown()
        try:
            with anyio.fail_after(self._limit.total_seconds()):
                try:
                    return await command()
                except RedisError as error:
                    if failure_of(error, where).failure is not Failure.CONNECTION_LOST:
                        raise
                # A kept connection may have been closed long before (restart, idle time-out): only a new one can tell.
                return await command()
        except TimeoutError as error:
            raise SourceError(
                Failure.TIMED_OUT,
                f"{where}: no answer within {self._limit.total_seconds():g} s",
                "look for a slow command with: redis-cli SLOWLOG GET",
            ) from error
        except RedisError as error:
            failure = failure_of(error, where)
            if failure.failure is Failure.CONNECTION_LOST:
                failure = await refusal(self._address, where) or failure
            raise failure from error

    def _shown(self) -> str:
        if "path" in self._address:
            return str(self._address["path"])
        return f"{self._address.get('host', 'localhost')}:{self._address.get('port', 6379)}"
