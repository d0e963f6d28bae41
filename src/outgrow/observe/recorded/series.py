"""Cells of a recording made into series that can be asked for any moment. Pure."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final, Self
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from outgrow.errors import Failure, SourceError
from outgrow.facts.samples import Labels, labels_of
from outgrow.observe.recorded.table import Cell, Table

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_NULLS: Final = frozenset({"", "null", "none", "na", "\\n"})


@dataclass(frozen=True, slots=True)
class Times:
    """How a recording writes time: in `zone` where a time names none, in seconds since `second_zero` where a number."""

    zone: ZoneInfo
    second_zero: datetime

    def microseconds(self, cell: Cell) -> int:
        """Read a cell as microseconds since 1970.

        Raises:
            ValueError: it is no time.
            OverflowError: it lies beyond the years 1 to 9999.
        """
        if isinstance(cell, str):
            try:
                cell = float(cell)
            except ValueError:
                cell = datetime.fromisoformat(cell.strip())
        if isinstance(cell, datetime):
            return ((cell if cell.tzinfo else cell.replace(tzinfo=self.zone)) - _EPOCH) // _MICROSECOND
        if isinstance(cell, int | float | Decimal) and not isinstance(cell, bool):
            return (self.second_zero + timedelta(seconds=float(cell)) - _EPOCH) // _MICROSECOND
        raise ValueError


@dataclass(frozen=True, slots=True)
class RecordedSeries:
    """The rows of one label set in time order, one a moment.

    A value is NaN where the cell holds no finite number; `null` says that it is empty.
    """

    moments: NDArray[np.int64]
    values: NDArray[np.float64]
    null: NDArray[np.bool_]

    def rows_at(self, instants: Sequence[datetime]) -> NDArray[np.int64]:
        """Give for each instant the row at or before it; -1 before the first."""
        asked = np.fromiter(((each - _EPOCH) // _MICROSECOND for each in instants), np.int64, len(instants))
        return np.searchsorted(self.moments, asked, side="right") - 1

    def without(self, rows: Sequence[int]) -> Self:
        """Give the series without some of its rows."""
        kept = np.ones(len(self.moments), np.bool_)
        kept[list(rows)] = False
        return replace(self, moments=self.moments[kept], values=self.values[kept], null=self.null[kept])

    def moment(self, row: int) -> datetime:
        """Give a row's time."""
        return _EPOCH + int(self.moments[row]) * _MICROSECOND


def series_of(
    table: Table, time_column: str, column: str, by: Sequence[str], where: Mapping[str, str], times: Times
) -> dict[Labels, RecordedSeries]:
    """Sort the rows that `where` lets through into series, one per set of the labels in `by`.

    Raises:
        SourceError: a cell is no time or no number, or two rows of a series speak differently of one moment.
    """
    rows = _rows_where(table, where)
    time_cells, cells = table.columns[time_column], table.columns[column]
    moments = np.fromiter((_moment(table, row, time_cells[row], times) for row in rows), np.int64, len(rows))
    numbers = [_number(table, row, cells[row], column) for row in rows]
    values = np.array([math.nan if number is None else number for number in numbers], np.float64)
    null = np.array([number is None for number in numbers], np.bool_)
    found: dict[Labels, RecordedSeries] = {}
    for labels, members in _grouped(table, rows, by).items():
        order = members[np.argsort(moments[members], kind="stable")]
        series = RecordedSeries(moments[order], values[order], null[order])
        repeats: list[int] = (np.flatnonzero(series.moments[1:] == series.moments[:-1]) + 1).tolist()
        for repeat in repeats:
            if not _agree(series, repeat - 1, repeat):
                raise _contradiction(table, rows[int(order[repeat - 1])], rows[int(order[repeat])])
        found[labels] = series.without(repeats)
    return found


def _grouped(table: Table, rows: Sequence[int], by: Sequence[str]) -> dict[Labels, NDArray[np.int64]]:
    """Give the positions among `rows` that each label set has."""
    if not by:
        return {(): np.arange(len(rows))} if rows else {}
    members: dict[tuple[str, ...], list[int]] = {}
    columns = [table.columns[name] for name in by]
    for position, row in enumerate(rows):
        members.setdefault(tuple(_text(cells[row]) for cells in columns), []).append(position)
    return {
        labels_of(dict(zip(by, texts, strict=True))): np.array(positions, np.int64)
        for texts, positions in members.items()
    }


def _agree(series: RecordedSeries, one: int, other: int) -> bool:
    if series.null[one] != series.null[other]:
        return False
    return bool(np.array_equal(series.values[one], series.values[other], equal_nan=True))


def _contradiction(table: Table, one: int, other: int) -> SourceError:
    return SourceError(
        Failure.BAD_ANSWER,
        f"{table.place(other)} and {table.place(one)} speak differently of the same moment",
        "tell the series apart with by: [column], or pick one with read: {where: {column: value}}",
    )


def moments_of(table: Table, time_column: str, times: Times) -> list[datetime]:
    """Read the times of all rows.

    Raises:
        SourceError: a cell is no time.
    """
    cells = table.columns[time_column]
    return [_EPOCH + _moment(table, row, cell, times) * _MICROSECOND for row, cell in enumerate(cells)]


def _rows_where(table: Table, where: Mapping[str, str]) -> Sequence[int]:
    rows: Sequence[int] = range(len(next(iter(table.columns.values()))))
    for name, wanted in where.items():
        cells = table.columns[name]
        rows = [row for row in rows if _text(cells[row]) == wanted]
    return rows


def _moment(table: Table, row: int, cell: Cell, times: Times) -> int:
    try:
        return times.microseconds(cell)
    except (ValueError, OverflowError) as error:
        raise SourceError(
            Failure.BAD_ANSWER,
            f'{table.place(row)}: "{cell}" is no time',
            "write ISO 8601 (2026-11-21T09:00:00+09:00), or seconds (not milliseconds)",
        ) from error


def _number(table: Table, row: int, cell: Cell, column: str) -> float | None:
    if cell is None or (isinstance(cell, str) and cell.strip().lower() in _NULLS):
        return None
    try:
        return float(cell)
    except (ValueError, TypeError) as error:
        raise SourceError(
            Failure.BAD_ANSWER,
            f'{table.place(row)}: "{cell}" in the column {column} is no number',
            "leave the cell empty where there is no value",
        ) from error


def _text(cell: Cell) -> str:
    return cell if isinstance(cell, str) else "null" if cell is None else str(cell)
