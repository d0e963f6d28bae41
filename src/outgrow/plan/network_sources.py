"""Sources that are read fact by fact over the network: Redis, the Docker Engine, HTTP endpoints."""

# Each kind narrows `kind` to its one word; the models are frozen, so nobody can write another into it.
# pyright: reportIncompatibleVariableOverride=false

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from outgrow.plan.json_path import parse_json_path
from outgrow.plan.model import Count, Declared, SecretText
from outgrow.plan.source_options import SourceOptions


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
