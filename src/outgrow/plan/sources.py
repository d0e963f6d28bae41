"""Sources: the systems that are measured, one options type per kind, each with what a signal may read from it."""

# Each kind narrows `kind` to its one word; the models are frozen, so nobody can write another into it.
# pyright: reportIncompatibleVariableOverride=false

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Final, Literal, Self, cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from pydantic import AfterValidator, Field, SerializeAsAny, ValidationError, WrapValidator, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError
from pydantic_core.core_schema import ValidationInfo

from outgrow.plan.json_path import parse_json_path
from outgrow.plan.model import Count, Declared, Flag, SecretText
from outgrow.plan.suggestion import did_you_mean, nearest_or_all
from outgrow.quantity import Duration

_MACHINES_OWN_ZONES: Final = ("localtime", "posix", "right", "Factory")


def _known_zone(name: str) -> str:
    """Look the zone up by itself: listing all of them takes longer than everything else that a plan needs."""
    try:
        known = not name.startswith(_MACHINES_OWN_ZONES) and ZoneInfo(name).key == name
    except (ZoneInfoNotFoundError, ValueError, OSError):
        known = False
    if known:
        return name
    remedy = did_you_mean(name, available_timezones()) or "write for example Asia/Seoul or UTC"
    raise PydanticCustomError("timezone", '"{name}" is not a time zone; {remedy}', {"name": name, "remedy": remedy})


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


class RedisRead(Declared):
    """Read one fact of a Redis server."""

    metric: Literal["info", "config", "dbsize", "memory_share"]
    """`info` and `config` need a `field`; `dbsize` counts the keys of the URL's database; `memory_share` is
    used_memory / maxmemory, a ratio."""
    field: str | None = None
    """The INFO field, with a dot for a part of one (`used_memory`, `db0.keys`, `cmdstat_get.calls`), or the CONFIG
    parameter (`maxclients`). Fields in bytes, seconds and percent are converted into the signal's unit."""

    @model_validator(mode="after")
    def _field_where_it_is_needed(self) -> Self:
        if self.metric in {"info", "config"}:
            if not self.field:
                example = "used_memory" if self.metric == "info" else "maxclients"
                raise PydanticCustomError(
                    "field",
                    "metric {metric} needs a field; write for example field: {example}",
                    {"metric": self.metric, "example": example},
                )
            if self.field.endswith("_human"):
                raise PydanticCustomError(
                    "field",
                    '"{field}" is text for people; read {number} instead',
                    {"field": self.field, "number": self.field.removesuffix("_human")},
                )
        elif self.field is not None:
            raise PydanticCustomError("field", "metric {metric} has no field; remove it", {"metric": self.metric})
        return self


class RedisSource(SourceOptions):
    """A Redis server."""

    kind: Literal["redis"]
    url: SecretText
    """redis://user:password@host:port/0, rediss://... for TLS, or unix:///path?db=0"""
    tls_ca: str | None = None
    """A file of certificate authorities to trust instead of the system's, relative to the plan."""


class DockerRead(Declared):
    """Read one statistic of a container."""

    container: str
    """Its name or id (12 digits or more), or the name of its Compose service. A service of several containers needs
    `by: [container]`."""
    metric: Literal[
        "cpu",
        "cpu_cores",
        "cpu_limit",
        "cpu_seconds",
        "memory",
        "memory_share",
        "network_rx",
        "network_tx",
        "block_read",
        "block_write",
        "pids",
    ]
    """`cpu` is usage / `cpu_limit` over about a second, a ratio; `cpu_cores` usage in cores; `cpu_limit` the quota in
    cores, else the host's cores; `cpu_seconds` CPU time since the container started (a `rate` of it over 30m is the
    mean number of cores). `memory` is without the inactive file cache, in bytes; `memory_share` its share of the
    container's limit. Network and block I/O are bytes since the container started (take a `rate`)."""


class DockerSource(SourceOptions):
    """A Docker Engine, by its API."""

    kind: Literal["docker"]
    url: SecretText = "unix:///var/run/docker.sock"
    """unix:///path, or tcp://host:port (with TLS where certificate files are given, or as https://host:port)"""
    project: str | None = None
    """Only services of this Compose project."""
    tls_ca: str | None = None
    """A file of certificate authorities to trust instead of the system's, relative to the plan."""
    tls_certificate: str | None = None
    """The client's certificate file."""
    tls_key: str | None = None
    """The client's key file."""


def _json_path(text: str) -> str:
    try:
        parse_json_path(text)
    except ValueError as error:
        raise PydanticCustomError("json_path", "{why}", {"why": str(error)}) from error
    return text


class HttpRead(Declared):
    """Read one fact of an HTTP answer."""

    metric: Literal["up", "status", "latency", "json"] = "latency"
    """`up` is 1 or 0 (also when nothing answers), `status` the code, `latency` the time from connecting to the whole
    answer, `json` a number out of the body. Latency and numbers of an answer that is not up are not read."""
    path: str = ""
    """Added to the source's URL."""
    json_path: Annotated[str, AfterValidator(_json_path)] | None = None
    """Where the number stands, such as `$.queue.length` or `$.pools[0].used` (for `metric: json`)."""
    expect_status: Annotated[Count, Field(ge=100, le=599)] | None = None
    """Any other status counts as down; without it 200..399 is up. Redirects are not followed."""

    @model_validator(mode="after")
    def _json_path_where_it_is_needed(self) -> Self:
        if (self.metric == "json") != (self.json_path is not None):
            if self.metric == "json":
                raise PydanticCustomError(
                    "json_path", "metric json needs a json_path; write for example $.queue.length"
                )
            raise PydanticCustomError("json_path", "json_path is for metric: json; write it, or remove json_path")
        return self


class HttpSource(SourceOptions):
    """An HTTP endpoint that is probed; every probe is a connection of its own."""

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
    """A file of certificate authorities to trust instead of the system's, relative to the plan."""
    tls_certificate: str | None = None
    """The client's certificate file."""
    tls_key: str | None = None
    """The client's key file."""


class ProcessRead(Declared):
    """Read one statistic over the matching local processes."""

    metric: Literal["cpu", "cpu_cores", "memory", "count", "threads", "open_files"]
    """`cpu` is the share of all cores over about half a second, a ratio; `cpu_cores` in cores; `memory` the resident
    set in bytes (pages that processes share count once for each). Several processes are added up. `count` may be 0;
    the others cannot be read where no process matches."""


class ProcessSource(SourceOptions):
    """Local processes, found by name, command line or PID file; where several are given, all must match."""

    kind: Literal["process"]
    name: str | None = None
    """The process's name."""
    command: str | None = None
    """A part of its command line."""
    pid_file: str | None = None
    """A file that holds its PID, relative to the plan."""
    children: Flag = False
    """Whether the processes that the found ones started count too."""

    @model_validator(mode="after")
    def _something_to_find_them_by(self) -> Self:
        if not (self.name or self.command or self.pid_file):
            raise PydanticCustomError("process", "nothing says which processes; give name, command or pid_file")
        return self


class RecordedRead(Declared):
    """Read a column of a recorded series; columns named by the signal's `by` are its labels."""

    column: str = "value"
    """The column that holds the values."""
    where: Mapping[str, str] = {}
    """Only rows whose columns hold these texts, such as `{region: kr}`."""


def _moment(text: str) -> str:
    try:
        datetime.fromisoformat(text)
    except ValueError as error:
        raise PydanticCustomError(
            "moment", '"{text}" is not a moment; write for example 2026-11-21T09:00:00+09:00', {"text": text}
        ) from error
    return text


class RecordedSource(SourceOptions):
    """A recorded series: CSV with a header line, optionally gzipped, or Parquet, told by the file's ending."""

    kind: Literal["recorded"]
    path: str
    """The file, relative to the plan: .csv, .csv.gz or .parquet."""
    time_column: str = "time"
    """The column of times: ISO 8601, or seconds (since the epoch, or since `starts_at`)."""
    starts_at: Annotated[str, AfterValidator(_moment)] | None = None
    """The moment that second 0 stands for, ISO 8601."""
    timezone: Timezone = "UTC"
    """The zone of times written without one."""


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


def _as_its_kind(raw: Any, handler: Any, info: ValidationInfo) -> SourceOptions:
    """Validate a source by the options type of its kind, so that third parties can add kinds."""
    if isinstance(raw, SourceOptions):
        return raw
    if not isinstance(raw, Mapping):
        return handler(raw)
    kinds = vocabulary(info).kinds
    options = cast("Mapping[str, object]", raw)
    kind = options.get("kind")
    if isinstance(kind, str) and kind in kinds:
        return kinds[kind].options.model_validate(options, context=info.context, by_alias=True, by_name=False)
    raise ValidationError.from_exception_data("Source", [_no_kind(options, kinds)])


def _no_kind(options: Mapping[str, object], kinds: Mapping[str, SourceKind]) -> InitErrorDetails:
    if "kind" not in options:
        return {"type": "missing", "loc": ("kind",), "input": options}
    kind = options["kind"]
    if not isinstance(kind, str):
        return {"type": "string_type", "loc": ("kind",), "input": kind}
    remedy = nearest_or_all(kind, kinds, "the known kinds are")
    worded = PydanticCustomError("kind", 'unknown kind "{kind}"; {remedy}', {"kind": kind, "remedy": remedy})
    return {"type": worded, "loc": ("kind",), "input": kind}


Source = Annotated[SerializeAsAny[SourceOptions], WrapValidator(_as_its_kind)]
