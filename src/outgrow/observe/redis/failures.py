"""Why Redis could not be read: redis-py's exceptions and Redis' own words told apart, each with its remedy."""

import asyncio
from contextlib import suppress
from typing import Any, Final

from redis.exceptions import (
    AuthenticationError,
    BusyLoadingError,
    InvalidResponse,
    NoPermissionError,
    RedisError,
    ResponseError,
)
from redis.exceptions import TimeoutError as RedisTimeoutError

from outgrow.errors import Failure, SourceError
from outgrow.observe._network import behind, connect_failure

_LISTEN_SECONDS: Final = 0.2


def failure_of(error: RedisError, where: str) -> SourceError:
    """Say why a command failed.

    Args:
        error: what redis-py raised.
        where: the address for people, without secrets.
    """
    words = str(error)
    match error:
        case AuthenticationError():
            return _login_failure(error, where)
        case BusyLoadingError():
            return SourceError(Failure.OTHER, f"{where} is loading its data from disk", "it answers once it is done")
        case NoPermissionError():
            return SourceError(
                Failure.NOT_PERMITTED,
                f"{where}: {words}",
                "grant it: ACL SETUSER <user> +info +dbsize +config|get +time",
            )
        case InvalidResponse():
            return SourceError(
                Failure.BAD_ANSWER, f"{where} does not answer as Redis does: {words}", "look at the port"
            )
        case RedisTimeoutError():
            return SourceError(Failure.TIMED_OUT, f"{where}: no answer in time", "look whether it hangs")
        case ResponseError() if "unknown command" in words:
            return SourceError(
                Failure.NOT_PERMITTED, f"{where}: {words}", "the provider has disabled the command; read INFO instead"
            )
        case ResponseError():
            return SourceError(Failure.BAD_QUERY, f"{where}: {words}", "look at the url and at what is read")
        case _:
            return _connection_failure(error, where)


def _login_failure(error: AuthenticationError, where: str) -> SourceError:
    if error.status_code == "NOAUTH":
        return SourceError(
            Failure.WRONG_PASSWORD, f"{where} wants a password", "give one: redis://:${REDIS_PASSWORD}@host:port/0"
        )
    if "without any password configured" in str(error):
        return SourceError(
            Failure.WRONG_PASSWORD, f"{where} has no password, but one was given", "take it out of the url"
        )
    return SourceError(
        Failure.WRONG_PASSWORD, f"{where} refused the user or the password", "look at both, and at ACL LIST"
    )


def _connection_failure(error: RedisError, where: str) -> SourceError:
    """Tell a connection that was lost from one that never was: redis-py says `connecting to` of the latter."""
    if "connecting to" in str(error) or behind(error, ConnectionRefusedError):
        return connect_failure(error, where)
    return SourceError(
        Failure.CONNECTION_LOST,
        f"{where} closed the connection before it answered",
        "look at its log: it may have been restarted, or its maxclients reached",
    )


async def refusal(address: Any, where: str) -> SourceError | None:
    """Listen to what Redis says to a newcomer before it hangs up: too many clients, or protected mode.

    It says so and closes; a client that has something to send meanwhile never reads it.

    Args:
        address: redis-py's arguments of a connection.
        where: the address for people, without secrets.
    """
    with suppress(OSError, TimeoutError):
        async with asyncio.timeout(_LISTEN_SECONDS):
            if "path" in address:
                reader, writer = await asyncio.open_unix_connection(address["path"])
            else:
                reader, writer = await asyncio.open_connection(address["host"], address["port"])
            try:
                words = await reader.read(1000)
            finally:
                writer.close()
        if b"max number of clients" in words:
            return SourceError(
                Failure.TOO_MANY_CONNECTIONS,
                f"{where} has as many clients as it takes (maxclients)",
                "find the clients with: redis-cli CLIENT LIST, or raise maxclients",
            )
        if words.startswith(b"-DENIED"):
            return SourceError(
                Failure.NOT_PERMITTED,
                f"{where} is in protected mode: it answers only on its own machine",
                "set a password (requirepass) there",
            )
    return None
