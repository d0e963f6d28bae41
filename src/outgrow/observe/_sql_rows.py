"""Rows that a query gave, turned into observations: which column means what, and which cells are no value.

Pure. One row `value` (or the only column), optionally `n` (rows behind it) and `newest` (time of the latest); with `by`
many rows, whose columns of those names are labels. Everything else is an error that lists the columns.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta, tzinfo
from decimal import Decimal
from typing import Any, Final

from outgrow.errors import Failure, SourceError
from outgrow.facts.samples import Absence, Labels, Measured, Missing, Observation, Origin, Sample, labels_of
from outgrow.plan.signals import QuerySignal
from outgrow.quantity import ONE, parse_unit

MAX_ROWS: Final = 10_000
"""Rows that one answer may have; more is a query that forgot to aggregate."""

Row = Sequence[Any]
_SECONDS: Final = parse_unit("s")


@dataclass(frozen=True, slots=True)
class Moment:
    """Which moment an answer speaks of, when it was learnt, and how; `zone` is what times without one are in."""

    at: datetime
    observed_at: datetime
    origin: Origin
    zone: tzinfo = UTC


@dataclass(frozen=True, slots=True)
class Columns:
    """Where in a row the value, the count, the latest time and the labels stand."""

    value: int
    n: int | None
    newest: int | None
    labels: Mapping[str, int]


def columns_of(signal: QuerySignal, names: Sequence[str]) -> Columns:
    """Find the columns that a signal's query must give.

    Raises:
        SourceError: (`BAD_ANSWER`) one is missing, or one is there that means nothing.
    """
    at = {name.lower(): index for index, name in enumerate(names)}
    listed = ", ".join(names) or "none"
    missing = [label for label in signal.by if label.lower() not in at]
    if missing:
        raise SourceError(
            Failure.BAD_ANSWER,
            f"the query gives the columns {listed}; `by` names {', '.join(missing)}",
            f"select {', '.join(missing)} too, or take it out of `by`",
        )
    labels = {label: at.pop(label.lower()) for label in signal.by}
    if "value" not in at and len(at) == 1 and len(names) == len(labels) + 1:
        at = {"value": next(iter(at.values()))}
    others = at.keys() - {"value", "n", "newest"}
    if "value" not in at or others or len(names) != len(labels) + len(at):
        advice = "name one column `value`; besides it only `n`, `newest` and the columns named in `by` may stand"
        raise SourceError(Failure.BAD_ANSWER, f"the query gives the columns {listed}", advice)
    return Columns(at["value"], at.get("n"), at.get("newest"), labels)


def observations(signal: QuerySignal, columns: Columns, rows: Sequence[Row], moment: Moment) -> list[Observation]:
    """Turn the rows of one moment into one observation, or with `by` one per label set.

    No row at all is an empty window; with `by` it gives nothing, for no label set is known.

    Raises:
        SourceError: (`BAD_ANSWER`) several rows for one series, too many rows, or a cell that is no number.
    """
    if len(rows) > MAX_ROWS:
        raise too_many_rows()
    if not signal.by:
        if len(rows) > 1:
            raise SourceError(
                Failure.BAD_ANSWER,
                f"the query gives {len(rows)} rows",
                "aggregate to one row, or name the label columns in `by`",
            )
        if not rows:
            detail = "the query gave no row"
            return [
                Observation((), Missing(moment.at, Absence.EMPTY_WINDOW, detail, moment.observed_at, moment.origin))
            ]
    found: dict[Labels, Sample] = {}
    for row in rows:
        labels = labels_of({label: _label_text(row[index]) for label, index in columns.labels.items()})
        if labels in found:
            named = ", ".join(f"{label}={value}" for label, value in labels)
            raise SourceError(Failure.BAD_ANSWER, f"the query gives two rows for {named}", "group by the label columns")
        found[labels] = _sample(signal, columns, row, moment)
    return [Observation(labels, sample) for labels, sample in found.items()]


def past_observations(
    signal: QuerySignal, columns: Columns, rows: Sequence[Row], instants: Sequence[datetime], now: Moment
) -> list[Observation]:
    """Turn the rows of many moments into observations in the order of `instants`.

    Args:
        signal: what was asked.
        columns: where the cells stand behind the first one.
        rows: each begins with the index of its instant.
        instants: the moments asked for.
        now: as for `observations`; its `at` is replaced by each instant.

    Raises:
        SourceError: as `observations`.
    """
    by_instant: list[list[Row]] = [[] for _ in instants]
    for row in rows:
        by_instant[row[0]].append(row[1:])
    return [
        each
        for at, its_rows in zip(instants, by_instant, strict=True)
        for each in observations(signal, columns, its_rows, replace(now, at=at))
    ]


def too_many_rows() -> SourceError:
    """Word that an answer is longer than any signal needs."""
    return SourceError(
        Failure.BAD_ANSWER,
        f"the query gives more than {MAX_ROWS:,} rows",
        "aggregate in the query; a signal is a number",
    )


def _sample(signal: QuerySignal, columns: Columns, row: Row, moment: Moment) -> Sample:
    n = None if columns.n is None else _count(row[columns.n])
    newest = None if columns.newest is None else _time(row[columns.newest], moment.zone)
    cell = row[columns.value]
    absence, detail = None, ""
    value = None if cell is None else _number(signal, cell)
    if n == 0:
        absence, detail = Absence.EMPTY_WINDOW, "no rows in the window"
    elif value is None:
        absence, detail = Absence.NULL, "the value is NULL" + (f" over {n:,} rows" if n else "")
    elif not math.isfinite(value):
        absence, detail = Absence.NOT_A_NUMBER, f"the value is {value}"
    if absence is not None or value is None:
        return Missing(moment.at, absence or Absence.NULL, detail, moment.observed_at, moment.origin)
    return Measured(moment.at, value, moment.observed_at, n, newest, moment.origin)


def _number(signal: QuerySignal, cell: Any) -> float:
    """Give a cell as a number in the signal's unit: true is 1, an interval is converted from its seconds."""
    match cell:
        case bool() | int() | float() | Decimal():
            return _finite_or_infinite(cell)
        case timedelta():
            unit = signal.measure
            if unit == ONE:
                return cell.total_seconds()
            if unit.dimension != _SECONDS.dimension:
                raise SourceError(
                    Failure.BAD_ANSWER,
                    f"the query gives an interval, but the signal's unit is {unit.name}",
                    "give the signal a unit of time, or the query another value",
                )
            return _SECONDS.convert(cell.total_seconds(), unit)
        case _:
            shown, advice = _kind_of(cell)
            raise SourceError(Failure.BAD_ANSWER, f"the value is {shown}, no number", advice)


def _finite_or_infinite(cell: float | Decimal) -> float:
    try:
        return float(cell)
    except (OverflowError, ValueError):  # beyond a float's range; a signalling NaN
        return math.nan


def _kind_of(cell: Any) -> tuple[str, str]:
    match cell:
        case str():
            return f'the text "{cell[:40]}"', "CAST it to a number in the query"
        case date():
            return f"the time {cell.isoformat()}", "give seconds: the difference to :now, or its epoch"
        case _:
            return f"of the type {type(cell).__name__}", "CAST it to a number in the query"


def _count(cell: Any) -> int:
    """Give `n`; NULL is what a sum over no rows gives."""
    if cell is None:
        return 0
    if isinstance(cell, int | float | Decimal) and math.isfinite(cell) and cell >= 0 and cell == int(cell):
        return int(cell)
    raise SourceError(Failure.BAD_ANSWER, f"`n` is {cell!r}, no count of rows", "give count(*) AS n")


def _time(cell: Any, zone: tzinfo) -> datetime | None:
    match cell:
        case None:
            return None
        case datetime():
            return (cell if cell.tzinfo else cell.replace(tzinfo=zone)).astimezone(UTC)
        case str():
            try:
                return _time(datetime.fromisoformat(cell), zone)
            except ValueError:
                pass
        case int() | float() | Decimal() if not isinstance(cell, bool):
            try:
                return datetime.fromtimestamp(float(cell), UTC)
            except (ValueError, OverflowError, OSError):
                pass
        case _:
            pass
    raise SourceError(Failure.BAD_ANSWER, f"`newest` is {cell!r}, no time", "give max(the time column) AS newest")


def _label_text(cell: Any) -> str:
    """Give a label's text; NULL becomes `null`, so that its rows are a series like any other."""
    match cell:
        case None:
            return "null"
        case bool():
            return "true" if cell else "false"
        case datetime() | date():
            return cell.isoformat()
        case bytes():
            return cell.decode(errors="replace")
        case _:
            return str(cell)
