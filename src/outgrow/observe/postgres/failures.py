"""PostgreSQL's errors, told apart by their SQLSTATE and worded with the remedy.

Codes: https://www.postgresql.org/docs/current/errcodes-appendix.html
"""

import re
import ssl
from dataclasses import dataclass
from datetime import timedelta

import asyncpg

from outgrow.errors import Failure, SourceError
from outgrow.observe._network import behind, tls_failure
from outgrow.observe._network_failures import network_failure
from outgrow.observe._past import InstantsFailedError
from outgrow.quantity import format_duration

_DENIED = re.compile(r'permission denied for (?P<kind>[a-z ]+?) "?(?P<name>[^"]+)"?$')
_GRANTS = {
    "table": "SELECT ON",
    "view": "SELECT ON",
    "materialized view": "SELECT ON",
    "foreign table": "SELECT ON",
    "sequence": "SELECT ON",
    "schema": "USAGE ON SCHEMA",
    "function": "EXECUTE ON FUNCTION",
    "database": "CONNECT ON DATABASE",
}
_FULL = (
    "a full server is a finding of its own: pool the application's connections or raise max_connections; "
    "in PostgreSQL 16 and later, reserved_connections keep some for monitoring"
)


@dataclass(frozen=True, slots=True)
class Asked:
    """Where a read went: what the wording of its failure needs."""

    where: str
    role: str
    timeout: timedelta
    lock_timeout: timedelta


def failure_of(error: BaseException, asked: Asked, code: str = "") -> SourceError:
    """Word what the driver raised.

    Args:
        error: from asyncpg, or below it.
        asked: whom we asked, as whom, and how long it might take.
        code: the query without its strings and comments, in lower case.
    """
    if isinstance(error, asyncpg.PostgresError):
        return _by_state(error, asked, code)
    if tls := behind(error, ssl.SSLError):
        return tls_failure(tls, asked.where)
    lost = isinstance(error, asyncpg.InterfaceError) and "clos" in str(error)
    return (
        _refused_tls(error, asked)
        or network_failure(ConnectionResetError() if lost else error, asked.where)
        or SourceError(Failure.OTHER, f"{asked.where}: {_first_line(error)}")
    )


def _refused_tls(error: BaseException, asked: Asked) -> SourceError | None:
    if "rejected SSL" not in str(error):
        return None
    return SourceError(
        Failure.NOT_CONFIGURED,
        f"{asked.where} does not speak TLS",
        "turn TLS on in the server (ssl = on), or take sslmode and tls_ca out of the source",
    )


def _by_state(error: asyncpg.PostgresError, asked: Asked, code: str) -> SourceError:
    state, says = error.sqlstate or "", _first_line(error)
    match state:
        case "57014" if "user request" in says:
            return SourceError(Failure.OTHER, f"somebody cancelled the query: {says}")
        case "57014":
            return InstantsFailedError(
                Failure.TIMED_OUT,
                f"the query ran longer than {format_duration(asked.timeout)} and was cancelled",
                "look at its plan (EXPLAIN ANALYZE), add an index, or raise the source's `timeout`",
            )
        case "55P03":
            return SourceError(
                Failure.LOCKED,
                f"the query waited longer than {format_duration(asked.lock_timeout)} for a lock",
                "find who holds it: SELECT pid, query FROM pg_stat_activity WHERE pid = ANY (pg_blocking_pids(...))",
            )
        case "42501":
            return SourceError(Failure.NOT_PERMITTED, says, _grant(says, asked, code))
        case _:
            return _while_connecting(state, says, asked) or _by_class(error, state, says, asked)


def _while_connecting(state: str, says: str, asked: Asked) -> SourceError | None:
    what = f"{asked.where}: {says}"
    match state:
        case "28P01" | "28000":
            advice = "check user and password in the url, and pg_hba.conf on the server"
            return SourceError(Failure.WRONG_PASSWORD, what, advice)
        case "3D000":
            return SourceError(Failure.NO_SUCH_THING, what, "check the database in the url")
        case "57P03":
            return SourceError(Failure.UNREACHABLE, what, "try again when it is up")
        case "53300":
            return SourceError(Failure.TOO_MANY_CONNECTIONS, what, _FULL)
        case "08P01":
            return _by_pooler(says, what)
        case _:
            return None


def _by_pooler(says: str, what: str) -> SourceError | None:
    """Tell PgBouncer's refusals apart by their words: they all have one code."""
    if "no more connections" in says or "query_wait_timeout" in says:
        return SourceError(Failure.TOO_MANY_CONNECTIONS, what, "raise the pooler's max_client_conn or pool sizes")
    if "authentication failed" in says or "no such user" in says:
        return SourceError(
            Failure.WRONG_PASSWORD, what, "check user and password in the url, and the pooler's auth_file"
        )
    if "does not exist" in says or "no such database" in says:
        return SourceError(Failure.NO_SUCH_THING, what, "check the database in the url, and the pooler's [databases]")
    if "login" in says or "connect" in says:
        return SourceError(Failure.UNREACHABLE, what, "look whether the server behind the pooler runs")
    return None


def _by_class(error: asyncpg.PostgresError, state: str, says: str, asked: Asked) -> SourceError:
    hint = _hint(error)
    match state:
        case "42P01" | "42703" | "3F000" | "42704":
            advice = "check the name, the search_path, and whether the migration has run here"
            return SourceError(Failure.NO_SUCH_THING, says, hint or advice)
        case "25006":
            return SourceError(Failure.BAD_QUERY, f"the query writes: {says}", "a signal only reads")
        case "57P01" | "57P02" | "57P04" | "57P05":
            return SourceError(
                Failure.CONNECTION_LOST,
                f"{asked.where}: {says}",
                "look whether the server was restarted, or somebody ended the session",
            )
        case _:
            pass
    match state[:2]:
        case "08":
            return SourceError(Failure.CONNECTION_LOST, f"{asked.where}: {says}", "look at the server's log")
        case "22" | "21":
            advice = "guard the query, for example against division by zero: a / NULLIF(b, 0)"
            return InstantsFailedError(Failure.BAD_QUERY, f"the query fails on its data: {says}", hint or advice)
        case "42" | "0A":
            return SourceError(Failure.BAD_QUERY, says, hint or "try the query in psql")
        case "40":
            advice = "a standby cancels reads that hold back its replay: see max_standby_streaming_delay"
            return InstantsFailedError(Failure.OTHER, says, advice)
        case _:
            return SourceError(Failure.OTHER, f"{asked.where}: {says} (SQLSTATE {state})", hint)


def _grant(says: str, asked: Asked, code: str) -> str:
    """Name the statement that gives the right."""
    role = asked.role or "ROLE"
    if re.search(r"\bpg_(stat|ls|read|current_logfile)\w*", f"{code} {says}"):
        return f"GRANT pg_monitor TO {role}"
    found = _DENIED.search(says)
    if found is None or found["kind"] not in _GRANTS:
        return f"GRANT SELECT ON the tables of the query TO {role}"
    return f"GRANT {_GRANTS[found['kind']]} {found['name']} TO {role}"


def _hint(error: asyncpg.PostgresError) -> str:
    hint = getattr(error, "hint", None)
    return hint.rstrip(".") if isinstance(hint, str) else ""


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
