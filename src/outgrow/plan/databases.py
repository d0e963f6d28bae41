"""Sources that are read by a query: PostgreSQL, MySQL and MariaDB, SQLite, Prometheus."""

# Each kind narrows `kind` to its one word; the models are frozen, so nobody can write another into it.
# pyright: reportIncompatibleVariableOverride=false

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from outgrow.plan.model import Count, Declared, Flag, SecretText
from outgrow.plan.source_options import SourceOptions, Timezone
from outgrow.quantity import Duration


class SqlQuery(Declared):
    """Read the one row that a SQL statement gives; `:now` is the end of its window."""

    query: str
    """A SELECT that gives `value`, and optionally `n` (rows behind it) and `newest` (time of the latest)."""


class PostgresSource(SourceOptions):
    """A PostgreSQL database."""

    kind: Literal["postgres"]
    url: SecretText
    """postgresql://user:password@host:port/database"""
    timezone: Timezone = "UTC"
    """The session's time zone: what columns without a zone hold."""
    pool_size: Annotated[Count, Field(ge=1, le=32)] = 2
    """Connections kept open."""
    lock_timeout: Duration = Duration.parse("1s")
    """How long a read may wait for a lock."""
    pgbouncer: Flag = False
    """Whether a PgBouncer in transaction mode stands between: no prepared statements are kept."""
    tls_ca: str | None = None
    """A file of certificate authorities to trust."""
    tls_certificate: str | None = None
    """The client's certificate file."""
    tls_key: str | None = None
    """The client's key file."""


class MySqlSource(SourceOptions):
    """A MySQL or MariaDB database."""

    kind: Literal["mysql"]
    url: SecretText
    """mysql://user:password@host:port/database"""
    timezone: Timezone = "UTC"
    """The session's time zone: what columns without a zone hold."""
    pool_size: Annotated[Count, Field(ge=1, le=32)] = 2
    """Connections kept open."""
    lock_timeout: Duration = Duration.parse("1s")
    """How long a read may wait for a lock."""
    tls: Flag = False
    """Whether to insist on TLS."""
    tls_ca: str | None = None
    """A file of certificate authorities to trust."""


class SqliteSource(SourceOptions):
    """A SQLite database file, opened read-only."""

    kind: Literal["sqlite"]
    path: str
    """The file, relative to the plan."""


class PromQuery(Declared):
    """Read a PromQL expression."""

    query: str
    """An expression that gives a scalar or an instant vector."""


class PrometheusSource(SourceOptions):
    """A Prometheus server, or anything that speaks its query API."""

    kind: Literal["prometheus"]
    url: SecretText
    """http://host:9090, with the path prefix where there is one"""
    headers: Mapping[str, SecretText] = {}
    """Sent with every request, such as Authorization."""
    tls_ca: str | None = None
    """A file of certificate authorities to trust instead of the system's, relative to the plan."""
    tls_certificate: str | None = None
    """The client's certificate file."""
    tls_key: str | None = None
    """The client's key file."""
