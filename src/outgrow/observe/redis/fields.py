"""What the fields of Redis' INFO mean: which are measured in what, and which are counters. Pure.

Names and meanings: the documentation of Redis' INFO command.
"""

import re
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, Final, cast

from outgrow.errors import Failure, SourceError
from outgrow.quantity import PERCENT, Unit, parse_unit

# INFO lists a database once it has keys, and an error once it has happened.
_TRULY_ZERO: Final = re.compile(r"db\d+\.(keys|expires|subexpiry)|errorstat_\w+\.count")
_SECRET: Final = re.compile(r"pass|auth|user|secret|key|acl")
_NO_UNIT: Final = re.compile(r".*_(ratio|policy|human|allocator|running)|maxmemory_policy")
_UNITS: Final = (
    (re.compile(r".*_perc"), PERCENT),
    (re.compile(r".*(_|^)usec(_per_call)?|latency_percentiles_usec_.*"), parse_unit("us")),
    (re.compile(r".*_milliseconds|avg_ttl"), parse_unit("ms")),
    (re.compile(r".*(?<!per)_sec(onds)?|used_cpu_.*|.*_cow_size_age"), parse_unit("s")),
    (re.compile(r"uptime_in_days"), parse_unit("d")),
    (
        re.compile(
            r"(used_memory|maxmemory|total_system_memory|mem_|allocator_).*|.*_bytes|.*_(cow|backlog|current|base)_size"
        ),
        parse_unit("bytes"),
    ),
)
_COUNTERS: Final = re.compile(
    r"total_(?!system_memory|blocking_keys|.*(_buffers|_on_nokey)$).*|.*_(hits|misses|processed|percent_calls)"
    r"|(expired|evicted|lazyfreed)_(keys|clients|objects|scripts).*|expired_time_cap_reached_count|rejected_connections"
    r"|expire_cycle_cpu_milliseconds|sync_(full|partial_ok|partial_err)|(unexpected|total)_error_replies|used_cpu_.*"
    r"|dump_payload_sanitizations|migrate_.*_processed|acl_access_denied_.*|rdb_saves|aof_rewrites"
    r"|(reply_buffer|client_query_buffer)_.*|cmdstat_.*\.(calls|usec|rejected_calls|failed_calls)|errorstat_.*\.count"
)


def unit_of(field: str) -> Unit | None:
    """Say what a field is measured in; nothing for plain counts, and where its name does not tell."""
    last = field.rpartition(".")[2]
    if _NO_UNIT.fullmatch(last):
        return None
    return next((unit for pattern, unit in _UNITS if pattern.fullmatch(field) or pattern.fullmatch(last)), None)


def is_counter(field: str) -> bool:
    """Say whether a field only rises until Redis is restarted or its statistics are reset."""
    return _COUNTERS.fullmatch(field) is not None


def is_secret(parameter: str) -> bool:
    """Say whether a CONFIG parameter's value had better not be shown."""
    return _SECRET.search(parameter) is not None


def value_of(info: Mapping[str, Any], field: str) -> Any:
    """Find a field of INFO, as redis-py reads it; a part of one stands behind a dot.

    Databases without keys and errors that never happened are not listed: their numbers are truly 0.

    Raises:
        SourceError: there is no such field.
    """
    if field in info:
        return info[field]
    name, _, part = field.partition(".")
    whole = info.get(name)
    if isinstance(whole, Mapping) and part in whole:
        return cast("Mapping[str, Any]", whole)[part]
    if whole is None and _TRULY_ZERO.fullmatch(field):
        return 0
    if name.startswith("cmdstat_"):
        remedy = "a command is listed once it has been called"
    else:
        close = get_close_matches(field, _names(info), n=1)
        remedy = f"did you mean {close[0]}?" if close else "see the fields with: redis-cli INFO all"
    raise SourceError(Failure.NO_SUCH_THING, f'INFO has no field "{field}"', remedy)


def _names(info: Mapping[str, Any]) -> list[str]:
    names: list[str] = []
    for name, value in info.items():
        names += (
            [f"{name}.{part}" for part in cast("Mapping[str, Any]", value)] if isinstance(value, Mapping) else [name]
        )
    return names


def number_of(value: Any, what: str, *, shown: bool = True) -> float:
    """Read a field's or parameter's number; `12.5%` is 12.5 (of percent), `nan` is NaN.

    Raises:
        SourceError: it is text.
    """
    try:
        return float(str(value).removesuffix("%"))
    except ValueError as error:
        text = f' but "{value}"' if shown else ""
        raise SourceError(
            Failure.BAD_ANSWER, f"{what} is no number{text}", "read a field that holds a number"
        ) from error
