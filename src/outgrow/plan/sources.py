"""Sources: the systems that are measured, one options type per kind, each with what a signal may read from it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, Field, SerializeAsAny, WrapValidator
from pydantic_core import PydanticCustomError
from pydantic_core.core_schema import ValidationInfo

from outgrow.plan.model import Declared, SecretText
from outgrow.quantity import Duration


def _known_zone(name: str) -> str:
    if name not in available_timezones():
        raise PydanticCustomError(
            "timezone", '"{name}" is not a time zone; write for example Asia/Seoul or UTC', {"name": name}
        )
    return name


Timezone = Annotated[str, AfterValidator(_known_zone)]
"""An IANA time zone name."""


def zone_of(name: str) -> ZoneInfo:
    """Give the zone of a validated name."""
    return ZoneInfo(name)


class SourceOptions(Declared):
    """What every source has; each kind adds its own."""

    kind: str
    """Which adapter reads it."""
    timeout: Duration = Duration.parse("10s")
    """How long one read may take."""


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
    pool_size: Annotated[int, Field(ge=1, le=32)] = 2
    """Connections kept open."""
    lock_timeout: Duration = Duration.parse("1s")
    """How long a read may wait for a lock."""
    pgbouncer: bool = False
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
    pool_size: Annotated[int, Field(ge=1, le=32)] = 2
    """Connections kept open."""
    lock_timeout: Duration = Duration.parse("1s")
    """How long a read may wait for a lock."""
    tls: bool = False
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
    """http://host:9090"""
    headers: Mapping[str, SecretText] = {}
    """Sent with every request, such as Authorization."""
    tls_ca: str | None = None
    """A file of certificate authorities to trust."""


class RedisRead(Declared):
    """Read one fact of a Redis server."""

    metric: Literal["info", "config", "dbsize", "memory_share"]
    """`info` and `config` need a `field`; `memory_share` is used_memory / maxmemory."""
    field: str | None = None
    """The INFO field or CONFIG parameter, such as used_memory or maxmemory."""


class RedisSource(SourceOptions):
    """A Redis server."""

    kind: Literal["redis"]
    url: SecretText
    """redis://:password@host:port/0"""


class DockerRead(Declared):
    """Read one statistic of a container."""

    container: str
    """Its name or id; with a Compose project, the service name."""
    metric: Literal[
        "cpu", "cpu_cores", "memory", "memory_share", "network_rx", "network_tx", "block_read", "block_write", "pids"
    ]
    """`cpu` is usage / (quota, else the host's cores), `cpu_cores` usage in cores; memory is without the inactive file
    cache; network and block I/O are bytes since the container started (take a `rate`)."""


class DockerSource(SourceOptions):
    """A Docker Engine, by its API."""

    kind: Literal["docker"]
    url: SecretText = "unix:///var/run/docker.sock"
    """unix:///path or tcp://host:port"""


class HttpRead(Declared):
    """Read one fact of an HTTP answer."""

    metric: Literal["up", "status", "latency", "json"] = "latency"
    """`up` is 1 or 0, `status` the code, `latency` the time to the whole answer, `json` a number out of the body."""
    path: str = ""
    """Added to the source's URL."""
    json_path: str | None = None
    """Where the number stands, such as `$.queue.length` (for `metric: json`)."""
    expect_status: int | None = None
    """Any other status counts as down; without it 200..399 is up."""


class HttpSource(SourceOptions):
    """An HTTP endpoint that is probed."""

    kind: Literal["http"]
    url: SecretText
    """http://host/path"""
    method: Literal["GET", "HEAD", "POST"] = "GET"
    """The request's method."""
    headers: Mapping[str, SecretText] = {}
    """Sent with every request."""
    body: SecretText | None = None
    """Sent with every request."""
    tls_ca: str | None = None
    """A file of certificate authorities to trust."""


class ProcessRead(Declared):
    """Read one statistic over the matching local processes."""

    metric: Literal["cpu", "cpu_cores", "memory", "count", "threads", "open_files"]
    """`cpu` is the share of all cores, `cpu_cores` in cores; several processes are added up."""


class ProcessSource(SourceOptions):
    """Local processes, found by name, command line or PID file."""

    kind: Literal["process"]
    name: str | None = None
    """The process's name."""
    command: str | None = None
    """A part of its command line."""
    pid_file: str | None = None
    """A file that holds its PID, relative to the plan."""


class RecordedRead(Declared):
    """Read a column of a recorded series."""

    column: str = "value"
    """The column that holds the values."""


class RecordedSource(SourceOptions):
    """A recorded series: CSV, optionally gzipped, or Parquet."""

    kind: Literal["recorded"]
    path: str
    """The file, relative to the plan."""
    time_column: str = "time"
    """The column of times: ISO 8601, or seconds (since the epoch, or since `starts_at`)."""
    starts_at: str | None = None
    """The moment that second 0 stands for, ISO 8601."""
    timezone: Timezone = "UTC"
    """The zone of times written without one."""
    label_columns: tuple[str, ...] = ()
    """Columns whose values are labels."""


@dataclass(frozen=True, slots=True)
class SourceKind:
    """A kind of source as plans see it: its options, and what a signal may read from it."""

    options: type[SourceOptions]
    read: type[Declared]


BUILTIN_KINDS: Final[Mapping[str, SourceKind]] = {
    "postgres": SourceKind(PostgresSource, SqlQuery),
    "mysql": SourceKind(MySqlSource, SqlQuery),
    "sqlite": SourceKind(SqliteSource, SqlQuery),
    "prometheus": SourceKind(PrometheusSource, PromQuery),
    "redis": SourceKind(RedisSource, RedisRead),
    "docker": SourceKind(DockerSource, DockerRead),
    "http": SourceKind(HttpSource, HttpRead),
    "process": SourceKind(ProcessSource, ProcessRead),
    "recorded": SourceKind(RecordedSource, RecordedRead),
}


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What validation needs to know besides the plan: the kinds of source, and which source is of which kind."""

    kinds: Mapping[str, SourceKind]
    kind_of_source: Mapping[str, str]


def vocabulary(info: ValidationInfo) -> Vocabulary:
    """Give the vocabulary of a validation, or the built-in kinds alone."""
    return info.context if isinstance(info.context, Vocabulary) else Vocabulary(BUILTIN_KINDS, {})


def _as_its_kind(raw: Any, handler: Any, info: ValidationInfo) -> SourceOptions:  # noqa: ANN401 (pydantic's own signature)
    """Validate a source by the options type of its kind, so that third parties can add kinds."""
    if isinstance(raw, SourceOptions):
        return raw
    kinds = vocabulary(info).kinds
    kind = raw.get("kind") if isinstance(raw, Mapping) else None  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    if not isinstance(kind, str) or kind not in kinds:
        return handler(raw)  # gives the missing or ill-typed "kind" its own error; unknown kinds are told by the loader
    return kinds[kind].options.model_validate(raw, context=info.context)


Source = Annotated[SerializeAsAny[SourceOptions], WrapValidator(_as_its_kind)]
