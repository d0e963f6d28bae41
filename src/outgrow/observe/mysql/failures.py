"""MySQL's and MariaDB's errors, told apart by their number and worded with the remedy.

Numbers: https://dev.mysql.com/doc/mysql-errors/8.4/en/server-error-reference.html and
https://mariadb.com/kb/en/mariadb-error-code-reference/
"""

import re
import ssl
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from pymysql.err import MySQLError

from outgrow.errors import Failure, SourceError
from outgrow.observe._network import behind, tls_failure
from outgrow.observe._network_failures import network_failure
from outgrow.observe._past import InstantsFailedError
from outgrow.quantity import format_duration

UNKNOWN_TIME_ZONE: Final = 1298

_FULL: Final = (
    "a full server is a finding of its own: pool the application's connections or raise max_connections; "
    "MariaDB's extra_port and MySQL's admin_port keep a way in for monitoring"
)
_DENIED: Final = re.compile(
    r"(?P<right>[A-Z ]+) command denied to user .*? for (?P<kind>table|column) (?P<name>.*?)(?: in table .*)?$"
)
_CONNECTING: Final[dict[int, tuple[Failure, str]]] = {
    1045: (Failure.WRONG_PASSWORD, "check user and password in the url, and from which hosts the user may come"),
    1698: (Failure.WRONG_PASSWORD, "the user logs in by another way (unix_socket); create one with a password"),
    1130: (Failure.NOT_PERMITTED, "create the user for this machine's address: CREATE USER name@'address'"),
    1129: (Failure.NOT_PERMITTED, "too many failed connections came from here: run FLUSH HOSTS on the server"),
    1049: (Failure.NO_SUCH_THING, "check the database in the url"),
    1040: (Failure.TOO_MANY_CONNECTIONS, _FULL),
    1203: (Failure.TOO_MANY_CONNECTIONS, _FULL),
    1226: (Failure.TOO_MANY_CONNECTIONS, "raise the user's MAX_USER_CONNECTIONS"),
    2059: (Failure.NOT_CONFIGURED, "let the user log in with mysql_native_password or caching_sha2_password"),
    1053: (Failure.CONNECTION_LOST, "the server is shutting down; try again when it is up"),
    1927: (Failure.CONNECTION_LOST, "somebody killed the session"),
    1152: (Failure.CONNECTION_LOST, "look at the server's log"),
}
_LOST: Final = {2006, 2013, 2014}
_TOO_SLOW: Final = {1969, 3024}
_NOTHING_THERE: Final = {1146, 1054, 1305, 1109, 1051}


@dataclass(frozen=True, slots=True)
class Asked:
    """Where a read went: what the wording of its failure needs."""

    where: str
    user: str
    timeout: timedelta
    lock_timeout: timedelta


def failure_of(error: BaseException, asked: Asked) -> SourceError:
    """Word what the driver raised.

    Args:
        error: from aiomysql, or below it.
        asked: whom we asked, as whom, and how long it might take.
    """
    if tls := behind(error, ssl.SSLError):
        return tls_failure(tls, asked.where)
    number, says = number_of(error), _text(error)
    what = f"{asked.where}: {says}"
    if number in _CONNECTING:
        failure, remedy = _CONNECTING[number]
        return SourceError(failure, what, remedy)
    if number in _LOST:
        return network_failure(ConnectionResetError(), asked.where) or SourceError(Failure.OTHER, what)
    on_the_way = None if number and number < 2000 else network_failure(error, asked.where)  # noqa: PLR2004 (clients')
    return on_the_way or _by_number(number, says, asked)


def number_of(error: BaseException) -> int:
    """Give the error's number, 0 where it has none."""
    first = error.args[0] if isinstance(error, MySQLError) and error.args else None
    return first if isinstance(first, int) else 0


def _by_number(number: int, says: str, asked: Asked) -> SourceError:
    if number in _TOO_SLOW:
        return InstantsFailedError(
            Failure.TIMED_OUT,
            f"the query ran longer than {format_duration(asked.timeout)} and was cancelled",
            "look at its plan (EXPLAIN), add an index, or raise the source's `timeout`",
        )
    if number in _NOTHING_THERE:
        return SourceError(
            Failure.NO_SUCH_THING, says, "check the name, the database, and whether the migration has run here"
        )
    match number:
        case 1205:
            return SourceError(
                Failure.LOCKED,
                f"the query waited longer than {format_duration(asked.lock_timeout)} for a lock",
                "find who holds it: SHOW FULL PROCESSLIST, information_schema.innodb_trx, metadata_lock_info",
            )
        case 1044 | 1142 | 1143 | 1227 | 1370:
            return SourceError(Failure.NOT_PERMITTED, says, _grant(number, says, asked))
        case 1792 | 1290 | 1836:
            return SourceError(Failure.BAD_QUERY, f"the query writes: {says}", "a signal only reads")
        case 1365 | 1690 | 1292 | 1264:
            advice = "guard the query, for example against division by zero: a / NULLIF(b, 0)"
            return InstantsFailedError(Failure.BAD_QUERY, f"the query fails on its data: {says}", advice)
        case 0 | 1317:  # 1317: somebody killed the query
            return SourceError(Failure.OTHER, f"{asked.where}: {says}")
        case _:
            return SourceError(Failure.BAD_QUERY, f"{says} (error {number})", "try the query in the mysql client")


def _grant(number: int, says: str, asked: Asked) -> str:
    user = asked.user or "USER"
    if number == 1227:  # noqa: PLR2004 (a privilege of the whole server)
        return f"GRANT PROCESS ON *.* TO {user}"
    found = _DENIED.search(says)
    if found is None or found["kind"] == "column":
        return f"GRANT SELECT ON the tables of the query TO {user}"
    return f"GRANT {found['right'].strip()} ON {found['name'].replace(chr(39), '')} TO {user}"


def _text(error: BaseException) -> str:
    said = error.args[1] if isinstance(error, MySQLError) and len(error.args) > 1 else error
    return (str(said).splitlines() or [type(error).__name__])[0]
