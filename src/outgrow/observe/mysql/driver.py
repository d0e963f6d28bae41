"""Connections to MySQL and MariaDB: how they are made, how a read begins on one, how they end."""

import math
import ssl
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, cast
from urllib.parse import unquote, urlsplit

import aiomysql
from pymysql.constants import CLIENT
from pymysql.err import MySQLError, OperationalError

from outgrow.errors import Failure, SourceError
from outgrow.observe.mysql.failures import UNKNOWN_TIME_ZONE, Asked, failure_of, number_of
from outgrow.plan.secrets import resolve
from outgrow.plan.sources import MySqlSource, zone_of

_PORT: Final = 3306
_OTHER_AUTHENTICATION: Final = 2059


class Connection(aiomysql.Connection):
    """A connection that keeps its word about TLS.

    The driver itself goes on in the clear when TLS was asked for and the server has none, and sends the password in
    the clear to any server that asks for it that way.
    """

    knows_zones = True
    """Whether the server has the tables of time zones; without them only offsets can be set."""

    async def _request_authentication(self) -> None:
        if self._ssl_context and not self.server_capabilities & CLIENT.SSL:
            raise SourceError(
                Failure.NOT_CONFIGURED,
                f"{self.host}:{self.port} does not speak TLS",
                "turn TLS on in the server, or take tls and tls_ca out of the source",
            )
        await super()._request_authentication()

    async def _process_auth(self, plugin_name: bytes, auth_packet: Any) -> Any:
        if plugin_name in {b"mysql_clear_password", b"mysql_old_password"} and not self._secure:
            raise OperationalError(_OTHER_AUTHENTICATION, "the server asks for the password in the clear")
        return await super()._process_auth(plugin_name, auth_packet)

    async def fetch(self, text: str, at_most: int) -> tuple[tuple[str, ...], Sequence[Sequence[Any]]]:
        """Run one statement; give the names of its columns and its rows, no more than `at_most` + 1 of them."""
        cursor = aiomysql.SSCursor(self)
        await cursor.execute(text)
        rows = cast("Sequence[Sequence[Any]]", await cursor.fetchmany(at_most + 1))
        names = tuple(str(column[0]) for column in cursor.description or ())
        if len(rows) > at_most:
            self.close()  # the rest of the rows would have to be read to use the connection again
        else:
            await cursor.close()
        return names, rows

    async def fetch_prepared(self, text: str, at_most: int) -> tuple[tuple[str, ...], Sequence[Sequence[Any]]]:
        """Run a statement as `fetch` does, but let the server prepare it first: it takes one statement only."""
        await self.query(f"PREPARE outgrow_read FROM {self.escape(text)}")
        return await self.fetch("EXECUTE outgrow_read", at_most)


class MySqlDriver:
    """Opens connections by the options of a source; fulfils `outgrow.observe._kept.Driver`."""

    def __init__(self, options: MySqlSource, environment: Mapping[str, str], base: Path) -> None:
        """Resolve the secrets and check the url.

        Raises:
            SourceError: (`NOT_CONFIGURED`) a variable is not set, the url is none, or the TLS file cannot be read.
        """
        self._options = options
        url = resolve(options.url, environment)
        try:
            parts = urlsplit(url)
            self._host, self._port = parts.hostname or "127.0.0.1", parts.port or _PORT
        except ValueError:
            raise _bad_url() from None
        if parts.scheme not in {"mysql", "mariadb"}:
            raise _bad_url()
        self._user, self._password = unquote(parts.username or ""), unquote(parts.password or "")
        self._database = unquote(parts.path.lstrip("/"))
        where = f"{self._host}:{self._port}/{self._database}"
        self.asked = Asked(where, self._user, options.timeout, options.lock_timeout)
        self._tls = _tls(options, base)

    async def connect(self) -> Connection:
        """Open a connection and set its limits and its zone."""
        connection = Connection(
            host=self._host,
            port=self._port,
            user=self._user,
            password=self._password,
            db=self._database,
            charset="utf8mb4",
            ssl=self._tls,
            autocommit=None,
            program_name="outgrow",
        )
        connection.client_flag &= ~CLIENT.MULTI_STATEMENTS
        try:
            await connection._connect()  # noqa: SLF001 (the driver's own connect() leaks a cancelled connection)
            await self._set_up(connection)
        except (MySQLError, OSError, EOFError) as error:
            self.drop(connection)
            raise failure_of(error, self.asked) from error
        except RuntimeError as error:
            self.drop(connection)
            raise _without_cryptography(error) from error
        except BaseException:
            self.drop(connection)
            raise
        return connection

    async def _set_up(self, connection: Connection) -> None:
        seconds = self._options.timeout.total_seconds()
        # SELECTs are cancelled after milliseconds by MySQL, after seconds with a fraction by MariaDB.
        is_mariadb = "mariadb" in str(connection.get_server_info()).lower()
        limit = f"max_statement_time = {seconds:.3f}" if is_mariadb else f"max_execution_time = {int(seconds * 1000)}"
        lock = max(1, math.ceil(min(self._options.lock_timeout, self._options.timeout).total_seconds()))
        await connection.query(f"SET {limit}, lock_wait_timeout = {lock}, innodb_lock_wait_timeout = {lock}")
        if self._options.timezone == "UTC":
            await connection.query("SET time_zone = '+00:00'")
            return
        try:
            await connection.query(f"SET time_zone = {connection.escape(self._options.timezone)}")
        except MySQLError as error:
            if number_of(error) != UNKNOWN_TIME_ZONE:
                raise
            connection.knows_zones = False

    async def begin(self, connection: Connection) -> None:
        """Begin a read-only transaction."""
        try:
            await connection.query("START TRANSACTION READ ONLY")
        except (MySQLError, OSError, EOFError) as error:
            raise failure_of(error, self.asked) from error

    async def set_offset(self, connection: Connection, at: datetime) -> None:
        """Set the session's zone to its offset at a moment, where the server does not know its name."""
        if not connection.knows_zones:
            offset = at.astimezone(zone_of(self._options.timezone)).strftime("%z")
            await connection.query(f"SET time_zone = '{offset[:3]}:{offset[3:5]}'")

    def is_open(self, connection: Connection) -> bool:
        """Say whether the connection stands."""
        return not connection.closed

    def drop(self, connection: Connection) -> None:
        """Close the connection without a word; a query that still runs ends by its own time-out."""
        connection.close()

    async def close(self, connection: Connection) -> None:
        """Say goodbye and close the connection."""
        await connection.ensure_closed()


async def database_clock(connection: Connection) -> datetime:
    """Read the server's clock."""
    _, rows = await connection.fetch("SELECT UTC_TIMESTAMP(6)", 1)
    return cast("datetime", rows[0][0]).replace(tzinfo=UTC)


def _bad_url() -> SourceError:
    # Never the url itself: it may hold a password.
    return SourceError(
        Failure.NOT_CONFIGURED,
        "the url cannot be used",
        "write mysql://user:${PASSWORD}@host:3306/database, with %-escapes for special characters",
    )


def _without_cryptography(error: RuntimeError) -> SourceError:
    if "cryptography" in str(error):
        return SourceError(
            Failure.NOT_INSTALLED,
            "this user's way to log in (caching_sha2_password) needs TLS or the package cryptography",
            "set tls: true in the source, or pip install cryptography",
        )
    return SourceError(Failure.OTHER, str(error))


def _tls(options: MySqlSource, base: Path) -> ssl.SSLContext | None:
    if not (options.tls or options.tls_ca):
        return None
    try:
        return ssl.create_default_context(cafile=base / options.tls_ca if options.tls_ca else None)
    except (OSError, ssl.SSLError) as error:
        raise SourceError(
            Failure.NOT_CONFIGURED, f"tls_ca cannot be used: {error.strerror or error}", "check the file"
        ) from error
