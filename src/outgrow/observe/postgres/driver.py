"""Connections to PostgreSQL: how they are made, how a read begins on one, how they end."""

import ssl
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote, urlsplit

import asyncpg

from outgrow.errors import Failure, SourceError
from outgrow.observe.postgres.failures import Asked, failure_of
from outgrow.plan.secrets import resolve
from outgrow.plan.sources import PostgresSource

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

BROKEN: Final = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError)
"""What the driver raises when a read fails."""

_SCHEMES: Final = ("postgresql", "postgres")
_PORT: Final = 5432
_JIT_SINCE: Final = 11


class PostgresDriver:
    """Opens connections by the options of a source; fulfils `outgrow.observe._kept.Driver`."""

    def __init__(self, options: PostgresSource, environment: Mapping[str, str], base: Path) -> None:
        """Resolve the secrets and check the url.

        Raises:
            SourceError: (`NOT_CONFIGURED`) a variable is not set, the url is none, or a TLS file cannot be read.
        """
        self._options = options
        self._url = resolve(options.url, environment)
        self.asked = _asked(self._url, options)
        self._tls = _tls(options, base)

    async def connect(self) -> "Connection":
        """Open a connection."""
        tls: dict[str, Any] = {} if self._tls is None else {"ssl": self._tls}
        try:
            return await asyncpg.connect(
                self._url,
                timeout=self._options.timeout.total_seconds(),
                statement_cache_size=0 if self._options.pgbouncer else 100,
                server_settings={"application_name": "outgrow"},
                **tls,
            )
        except OSError as error:  # an untrusted certificate among them, which is a ValueError too
            raise failure_of(error, self.asked) from error
        except ValueError:  # such as asyncpg.ClientConfigurationError; its words may quote the url
            raise _bad_url(self.asked.where) from None
        except BROKEN as error:
            raise failure_of(error, self.asked) from error

    async def begin(self, connection: "Connection") -> None:
        """Begin a read-only transaction that carries the limits with it, so that a PgBouncer may stand between."""
        limit = int(self._options.timeout.total_seconds() * 1000)
        lock = int(min(self._options.lock_timeout, self._options.timeout).total_seconds() * 1000)
        jit = "SET LOCAL jit = off;" if connection.get_server_version().major >= _JIT_SINCE else ""
        # The zone's name was validated: it holds no quote.
        words = (
            f"BEGIN READ ONLY; SET LOCAL statement_timeout = {max(limit, 1)}; SET LOCAL lock_timeout = {max(lock, 1)}; "
            f"SET LOCAL TIME ZONE '{self._options.timezone}'; {jit}"
        )
        try:
            await connection.execute(words)
        except asyncpg.InvalidParameterValueError as error:
            raise SourceError(
                Failure.NOT_CONFIGURED,
                f"{self.asked.where} does not know the time zone {self._options.timezone}",
                "write another `timezone` in the source",
            ) from error
        except BROKEN as error:
            raise failure_of(error, self.asked) from error

    def is_open(self, connection: "Connection") -> bool:
        """Say whether the connection stands."""
        return not connection.is_closed()

    def drop(self, connection: "Connection") -> None:
        """Abort the connection; a query that still runs ends by its own time-out."""
        connection.terminate()

    async def close(self, connection: "Connection") -> None:
        """Close the connection."""
        await connection.close()


async def database_clock(connection: "Connection") -> datetime:
    """Read the server's clock; `now()` would be the begin of the transaction."""
    return await connection.fetchval("SELECT clock_timestamp()")


def _asked(url: str, options: PostgresSource) -> Asked:
    try:
        parts = urlsplit(url)
        where = f"{parts.hostname or 'localhost'}:{parts.port or _PORT}{unquote(parts.path)}"
    except ValueError:
        raise _bad_url("") from None
    if parts.scheme not in _SCHEMES:
        raise _bad_url("")
    return Asked(where, unquote(parts.username or ""), options.timeout, options.lock_timeout)


def _bad_url(where: str) -> SourceError:
    # Never the url itself: it may hold a password.
    return SourceError(
        Failure.NOT_CONFIGURED,
        f"the url{' of ' + where if where else ''} cannot be used",
        "write postgresql://user:${PASSWORD}@host:5432/database, with %-escapes for special characters",
    )


def _tls(options: PostgresSource, base: Path) -> ssl.SSLContext | None:
    """Make the TLS settings that the source's files ask for; none leaves it to the url's sslmode."""
    if not (options.tls_ca or options.tls_certificate):
        return None
    try:
        context = ssl.create_default_context(cafile=base / options.tls_ca if options.tls_ca else None)
        if options.tls_certificate:
            context.load_cert_chain(base / options.tls_certificate, base / options.tls_key if options.tls_key else None)
    except (OSError, ssl.SSLError) as error:
        raise SourceError(
            Failure.NOT_CONFIGURED,
            f"a TLS file cannot be used: {error.strerror or error}",
            "check tls_ca, tls_certificate and tls_key",
        ) from error
    return context
