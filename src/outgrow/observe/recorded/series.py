"""Cells of a recording made into series that can be asked for any moment. Pure."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from outgrow.errors import Failure, SourceError
from outgrow.facts.samples import Labels, labels_of
from outgrow.observe.recorded.table import Cell, Table

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
# Moment in microseconds, row in the table, value.
_Row = tuple[int, int, float | None]
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
        """
        if isinstance(cell, str):
            try:
                cell = float(cell)
            except ValueError:
                cell = datetime.fromisoformat(cell.strip())
        if isinstance(cell, datetime):
            aware = cell if cell.tzinfo else cell.replace(tzinfo=self.zone)
            return (aware - _EPOCH) // _MICROSECOND
        if isinstance(cell, int | float | Decimal) and not isinstance(cell, bool):
            return (self.second_zero - _EPOCH) // _MICROSECOND + round(cell * 1_000_000)
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
    by_labels: dict[Labels, list[_Row]] = {}
    for row in _rows_where(table, where):
        labels = labels_of({name: _text(table.columns[name][row]) for name in by})
        moment = _moment(table, row, table.columns[time_column][row], times)
        value = _number(table, row, table.columns[column][row], column)
        by_labels.setdefault(labels, []).append((moment, row, value))
    return {labels: _series(table, rows) for labels, rows in by_labels.items()}


def moments_of(table: Table, time_column: str, times: Times) -> list[datetime]:
    """Read the times of all rows.

    Raises:
        SourceError: a cell is no time.
    """
    cells = table.columns[time_column]
    return [_EPOCH + _moment(table, row, cell, times) * _MICROSECOND for row, cell in enumerate(cells)]


def _series(table: Table, rows: list[_Row]) -> RecordedSeries:
    rows.sort(key=lambda row: row[:2])
    kept: list[_Row] = []
    for row in rows:
        if not kept or kept[-1][0] != row[0]:
            kept.append(row)
        elif repr(kept[-1][2]) != repr(row[2]):  # NaN is as good as NaN here
            raise SourceError(
                Failure.BAD_ANSWER,
                f"{table.place(row[1])} and {table.place(kept[-1][1])} speak differently of the same moment",
                "tell the series apart with by: [column], or pick one with read: {where: {column: value}}",
            )
    moments, _, values = zip(*kept, strict=True)
    return RecordedSeries(
        np.array(moments, np.int64),
        np.array([math.nan if value is None else value for value in values], np.float64),
        np.array([value is None for value in values], np.bool_),
    )


def _rows_where(table: Table, where: Mapping[str, str]) -> Iterable[int]:
    rows: Iterable[int] = range(len(next(iter(table.columns.values()))))
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
            "write ISO 8601 (2026-11-21T09:00:00+09:00) or seconds",
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
