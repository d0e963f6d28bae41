"""What a look at a live system found, and what of it is worth measuring: the ground for a starter plan."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

ColumnType = Literal["time", "zoneless time", "number", "interval", "other"]

_TIMES: Final = (
    "created_at",
    "occurred_at",
    "happened_at",
    "logged_at",
    "recorded_at",
    "started_at",
    "timestamp",
    "time",
)
_DURATION: Final = re.compile(
    r"(?:^|_)(?:latency|duration|elapsed|response_?time|time_?taken|took|runtime|wait|waited|processing_?time|rtt)(?:_|$)"
)
_UNITS: Final = {
    **dict.fromkeys(("us", "micros", "microseconds"), "us"),
    **dict.fromkeys(("ms", "msec", "millis", "milliseconds"), "ms"),
    **dict.fromkeys(("s", "sec", "secs", "seconds"), "s"),
}
_MOST_TABLES: Final = 4
_MOST_LATENCIES: Final = 2
_LARGE: Final = 1_000_000
"""Rows from which on a table without an index on its time cannot be read every few minutes."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column as the catalog shows it; `leads_index` says that an index begins with it."""

    name: str
    type: ColumnType
    leads_index: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A table with its estimated number of rows."""

    schema: str
    name: str
    rows: int
    columns: Sequence[Column]


@dataclass(frozen=True, slots=True)
class Latency:
    """A column that holds how long something took.

    `unit` is us, ms or s; an interval is read in ms. `typical` is the p95 of its last day, in that unit, where known.
    """

    column: str
    unit: str
    is_interval: bool = False
    typical: float | None = None


@dataclass(frozen=True, slots=True)
class TimedTable:
    """A table whose rows can be counted by time."""

    table: Table
    time: Column
    latencies: Sequence[Latency] = ()

    @property
    def costs_a_scan(self) -> bool:
        """Whether asking for its last hour reads the whole of a large table."""
        return not self.time.leads_index and self.table.rows >= _LARGE


@dataclass(frozen=True, slots=True)
class DatabaseFindings:
    """What a PostgreSQL, MySQL or MariaDB was found to have.

    `variable` names the environment variable that holds its url, where the asker knows one.
    """

    kind: Literal["postgres", "mysql", "mariadb"]
    version: str = ""
    max_connections: int | None = None
    size_bytes: int | None = None
    tables: Sequence[TimedTable] = ()
    variable: str = ""


@dataclass(frozen=True, slots=True)
class RedisFindings:
    """What a Redis was found to have; `maxmemory_bytes` is 0 where it has no limit, None where it may not be asked."""

    version: str = ""
    maxmemory_bytes: int | None = None
    policy: str = ""
    keys: int | None = None
    variable: str = ""


Findings = DatabaseFindings | RedisFindings


def worth_measuring(tables: Iterable[Table]) -> tuple[TimedTable, ...]:
    """Choose the few tables that say most about load: those with latencies first, then the largest."""
    timed = [found for table in tables if (found := _timed(table)) is not None]
    timed.sort(key=lambda found: (found.costs_a_scan, not found.latencies, -found.table.rows, found.table.name))
    return tuple(timed[:_MOST_TABLES])


def _timed(table: Table) -> TimedTable | None:
    times = [column for column in table.columns if column.type in {"time", "zoneless time"}]
    if not times or not _is_printable(table.schema, table.name, *(column.name for column in table.columns)):
        return None
    time = min(times, key=lambda column: (not column.leads_index, _rank(column.name), column.name))
    latencies = [found for column in table.columns if (found := _latency(column)) is not None]
    return TimedTable(table, time, tuple(latencies[:_MOST_LATENCIES]))


def _rank(name: str) -> int:
    """Give when rows came to be before when they were changed."""
    lowered = name.lower()
    if lowered in _TIMES:
        return _TIMES.index(lowered)
    return len(_TIMES) + (1 if re.search(r"updat|modif|delet|expir|end|finish|clos", lowered) else 0)


def _latency(column: Column) -> Latency | None:
    """Recognise a latency by a name that says what it is and in which unit; an interval has its own."""
    lowered = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", column.name).lower()
    if column.type not in {"number", "interval"} or not _DURATION.search(lowered):
        return None
    if column.type == "interval":
        return Latency(column.name, "ms", is_interval=True)
    unit = _UNITS.get(lowered.rpartition("_")[2])
    return Latency(column.name, unit) if unit else None


def _is_printable(*names: str) -> bool:
    return all(name.isprintable() and name.strip() for name in names)
