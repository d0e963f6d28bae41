"""Sources: the systems that are measured, one options type per kind, each with what a signal may read from it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final, cast

from pydantic import SerializeAsAny, ValidationError, WrapValidator
from pydantic_core import InitErrorDetails, PydanticCustomError
from pydantic_core.core_schema import ValidationInfo

from outgrow.plan.databases import (
    MySqlSource,
    PostgresSource,
    PrometheusSource,
    PromQuery,
    SqliteSource,
    SqlQuery,
)
from outgrow.plan.local_sources import (
    ProcessRead,
    ProcessSource,
    RecordedRead,
    RecordedSource,
)
from outgrow.plan.model import Declared
from outgrow.plan.network_sources import (
    DockerRead,
    DockerSource,
    HttpRead,
    HttpSource,
    RedisRead,
    RedisSource,
)
from outgrow.plan.source_options import (
    SourceOptions,
    Timezone,
    zone_of,
)
from outgrow.plan.suggestion import nearest_or_all

__all__ = [
    "BUILTIN_KINDS",
    "DockerRead",
    "DockerSource",
    "HttpRead",
    "HttpSource",
    "MySqlSource",
    "PostgresSource",
    "ProcessRead",
    "ProcessSource",
    "PromQuery",
    "PrometheusSource",
    "RecordedRead",
    "RecordedSource",
    "RedisRead",
    "RedisSource",
    "Source",
    "SourceKind",
    "SourceOptions",
    "SqlQuery",
    "SqliteSource",
    "Timezone",
    "Vocabulary",
    "vocabulary",
    "zone_of",
]


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
