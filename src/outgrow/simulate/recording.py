"""Rows of recorded traffic made into a trace, by rules that are stated and never silent.

- Times: ISO 8601 (with a zone, or in the zone that was named), seconds since 1970 or since the first row; numbers above
  1e11 are milliseconds. A local hour that the clock shows twice is the earlier one first; one that it skips is refused.
- Order does not matter. The same row twice counts once; two numbers for one moment are refused.
- The grid is the commonest distance of rows. A row within a quarter of an interval of its place stands there.
- An empty cell, `null` or NaN is a row that is missing. Missing rows are refused, or filled along a straight line.
- A number below 0, infinite or beyond counting is refused.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from math import isfinite, isnan
from typing import Any, Final, Literal
from zoneinfo import ZoneInfo

from outgrow.errors import UsageError
from outgrow.simulate.trace import START, Trace

Gaps = Literal["refuse", "fill"]
Values = Literal["counts", "rate"]
"""What the numbers are: requests in an interval, or requests a second."""

TIME_COLUMNS: Final = (
    *("seconds", "time", "timestamp", "at", "date", "datetime", "ts", "ds", "time_seconds", "minute"),
    *("시각", "일시", "시간", "날짜"),
)
COUNT_COLUMNS: Final = (
    *("requests", "count", "counts", "hits", "invocations", "n"),
    *("요청", "요청수", "요청 수", "건수", "호출수"),
)
RATE_COLUMNS: Final = (
    *("rps", "rate", "qps", "requests_per_second", "value", "y"),
    *("초당요청", "초당 요청", "초당요청수", "초당 요청 수"),
)
_COULD_BE_EITHER: Final = frozenset({"rate", "value", "y"})
_MISSING: Final = frozenset({"", "null", "none", "na", "n/a", "nan", "\\n"})
_FEWEST: Final = 2
_MOST_ROWS: Final = 5_000_000
_MILLISECONDS_ABOVE: Final = 1e11
_RELATIVE_BELOW: Final = 1e8
_MOST_REQUESTS: Final = 1e12
_NEAR: Final = 0.25


@dataclass(frozen=True, slots=True)
class Row:
    """One row: where it stands, and its two cells as they were written."""

    place: str
    at: Any
    value: Any


@dataclass(frozen=True, slots=True)
class Reading:
    """How rows are to be read: the zone of times that name none, what is done about gaps, what the numbers are."""

    zone: ZoneInfo
    gaps: Gaps = "refuse"
    values: Values = "counts"


@dataclass(frozen=True, slots=True)
class Recording:
    """A trace, one sentence for every rule that had to be applied to get it, and how many intervals were filled in."""

    trace: Trace
    notes: tuple[str, ...] = ()
    missing: int = 0


@dataclass(frozen=True, slots=True)
class Columns:
    """Which columns hold time and number, counted from 0, and what the numbers are."""

    time: int
    value: int
    values: Values
    header: bool


def columns_of(
    first: Sequence[str], where: str, wanted: Sequence[str] = (), values: Values | None = None
) -> tuple[Columns, str]:
    """Find the columns by the first line of a recording; give what was assumed as a sentence, empty where nothing was.

    Raises:
        UsageError: a wanted column is not there, or no column looks like a time or a number of requests.
    """
    names = [cell.strip().strip("\ufeff").lower() for cell in first]
    if wanted:
        for name in wanted:
            if name.lower() not in names:
                raise UsageError(f'{where}:1: there is no column "{name}"; the columns are {", ".join(first)}')
        time, value = (names.index(name.lower()) for name in wanted)
        return Columns(time, value, values or _values_of(names[value]), header=True), ""
    if len(first) >= _FEWEST and all(_looks_like_data(cell) for cell in first[:2]):
        kind = values or "counts"
        what = "requests in the interval" if kind == "counts" else "requests a second"
        return Columns(0, 1, kind, header=False), f"no header: columns 1 and 2 are taken as time and {what}"
    time = next((index for index, name in enumerate(names) if name in TIME_COLUMNS), None)
    value = next((index for index, name in enumerate(names) if name in (*COUNT_COLUMNS, *RATE_COLUMNS)), None)
    if time is None or value is None:
        raise UsageError(
            f"{where}:1: the columns are {', '.join(first) or 'none'}; which are time and requests? "
            "write a header seconds,requests (or time,rps), or name them: --columns TIME,VALUE"
        )
    kind = values or _values_of(names[value])
    said = "" if values or names[value] not in _COULD_BE_EITHER else f"{first[value]} is read as requests/s"
    return Columns(time, value, kind, header=True), said


def trace_from(lines: Iterable[str], where: str = "trace") -> Trace:
    """Read plain `seconds,requests` lines: the start of an interval and the requests in it; gaps are refused.

    Raises:
        UsageError: with the line that cannot be used.
    """
    rows = [line.split(",") for line in lines if line.strip()]
    columns, _ = columns_of([cell.strip() for cell in rows[0]] if rows else [], where)
    found = [
        Row(f"{where}:{number}", cells[columns.time], cells[columns.value] if columns.value < len(cells) else "")
        for number, cells in enumerate(rows, start=1)
        if number > 1 or not columns.header
    ]
    return recording_of(found, where, Reading(ZoneInfo("UTC"), values=columns.values)).trace


def recording_of(rows: Sequence[Row], where: str, reading: Reading) -> Recording:
    """Make a trace of rows by the rules of this module.

    Raises:
        UsageError: with the place of the row that breaks a rule, and what to do about it.
    """
    notes: list[str] = []
    timed = _in_order(_timed(rows, reading), notes)
    if len(timed) < _FEWEST:
        raise UsageError(f"{where}: {'one row' if timed else 'no rows'}; a trace has at least {_FEWEST}")
    interval = _interval(timed, where)
    slots = _slots(timed, interval)
    known = {slot: value for slot, _, value in slots if value is not None}
    missing = slots[-1][0] + 1 - len(known)
    if not known:
        raise UsageError(f"{where}: no row has a number")
    if missing:
        _refuse_gaps(slots, interval, reading)
        known = _filled(known, slots[-1][0] + 1)
        notes.append(f"{missing:,} of {len(known):,} intervals were missing and drawn along straight lines")
    divisor = interval if reading.values == "counts" else 1
    rates = tuple(known[index] / divisor for index in range(len(known)))
    start = timed[0].at
    began = START if start < _RELATIVE_BELOW else datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=start)
    return Recording(Trace(interval, rates, began), tuple(notes), missing)


# --- cells ---


@dataclass(frozen=True, slots=True)
class _Timed:
    place: str
    at: float
    value: float | None


def _timed(rows: Iterable[Row], reading: Reading) -> list[_Timed]:
    found: list[_Timed] = []
    last = float("-inf")
    for row in rows:
        at = seconds_of(row, reading.zone, last)
        last = at
        found.append(_Timed(row.place, at, _number(row)))
    return found


def seconds_of(row: Row, zone: ZoneInfo, last: float) -> float:
    """Give the time of a row in seconds since 1970, or since the first row where it counts from there.

    Args:
        row: its time may be text, a number or a `datetime`.
        zone: of local times that name none.
        last: the time of the row before, which tells the two hours apart that a clock shows twice.

    Raises:
        UsageError: it is no time, or one that the clock skips.
    """
    cell = row.at
    if isinstance(cell, str):
        text = cell.strip()
        try:
            cell = float(text)
        except ValueError:
            try:
                cell = datetime.fromisoformat(text)
            except ValueError as error:
                raise UsageError(
                    f'{row.place}: "{text}" is no time; write ISO 8601 (2026-11-21T09:00:00+09:00) or seconds'
                ) from error
    if isinstance(cell, datetime):
        return cell.timestamp() if cell.tzinfo else _local(row, cell, zone, last)
    try:
        seconds = float(cell)
    except (TypeError, ValueError) as error:
        raise UsageError(f"{row.place}: {cell!r} is no time; write ISO 8601 or seconds") from error
    if not isfinite(seconds) or abs(seconds) > _MILLISECONDS_ABOVE * 1000:
        raise UsageError(f"{row.place}: a time of {seconds:g} is beyond the calendar; write seconds or milliseconds")
    return seconds / 1000 if seconds > _MILLISECONDS_ABOVE else seconds


def _local(row: Row, cell: datetime, zone: ZoneInfo, last: float) -> float:
    """Give a local time as seconds since 1970; where the clock goes back, the later reading comes second."""
    early, late = (cell.replace(tzinfo=zone, fold=fold).timestamp() for fold in (0, 1))
    if early == late:
        return early
    if early > late:
        raise UsageError(
            f"{row.place}: {cell.isoformat()} was skipped by the clock of {zone.key}; name the zone: --timezone, or Z"
        )
    return late if last >= early else early


def _number(row: Row) -> float | None:
    cell = row.value
    if cell is None or (isinstance(cell, str) and cell.strip().lower() in _MISSING):
        return None
    try:
        value = float(cell)
    except (TypeError, ValueError) as error:
        raise UsageError(
            f"{row.place}: {str(cell).strip()!r} is not a number of requests; write digits, such as 1030.5"
        ) from error
    if isnan(value):
        return None
    if value < 0 or not isfinite(value):
        raise UsageError(f"{row.place}: {value:g} requests; the number must be finite and not below 0")
    if value > _MOST_REQUESTS:
        raise UsageError(f"{row.place}: {value:g} requests are beyond counting; is the unit right?")
    return value


# --- the grid ---


def _in_order(timed: list[_Timed], notes: list[str]) -> list[_Timed]:
    if any(after.at < before.at for before, after in pairwise(timed)):
        timed = sorted(timed, key=lambda row: row.at)
        notes.append("rows were not in the order of time and have been sorted")
    kept: list[_Timed] = []
    repeated = 0
    for row in timed:
        if kept and row.at == kept[-1].at:
            if row.value != kept[-1].value:
                raise UsageError(
                    f"{row.place} and {kept[-1].place} speak differently of the same moment; keep one, or add them up"
                )
            repeated += 1
        else:
            kept.append(row)
    if repeated:
        notes.append(f"{repeated:,} rows stand there twice and count once")
    return kept


def _interval(timed: Sequence[_Timed], where: str) -> int:
    distances = Counter(round(after.at - before.at) for before, after in pairwise(timed))
    interval = max(distances, key=lambda each: (distances[each], -each))
    if interval < 1:
        raise UsageError(f"{where}: rows are less than a second apart; add them up by the second or coarser")
    return interval


def _slots(timed: Sequence[_Timed], interval: int) -> list[tuple[int, _Timed, float | None]]:
    """Give every row its place on the grid.

    Raises:
        UsageError: a row lies between two places, or two rows come to one.
    """
    start = timed[0].at
    slots: list[tuple[int, _Timed, float | None]] = []
    # A grid may drift by fractions (a scrape every 15.002 s), so a row is measured from the one before it.
    slot, before = 0, start
    for row in timed:
        steps = (row.at - before) / interval
        nearest = round(steps)
        if abs(steps - nearest) > _NEAR or (nearest == 0 and slots):
            raise UsageError(
                f"{row.place}: {row.at - before:g} s after the row before, off the grid of {interval} s; "
                "bring the rows onto one interval first"
            )
        slot, before = slot + nearest, row.at
        slots.append((slot, row, row.value))
    if slot > _MOST_ROWS:
        raise UsageError(f"{timed[-1].place}: {slot:,} intervals of {interval} s in all; is a time wrong?")
    return slots


def _refuse_gaps(slots: Sequence[tuple[int, _Timed, float | None]], interval: int, reading: Reading) -> None:
    if reading.gaps == "fill":
        return
    before = -1
    for slot, row, value in slots:
        if value is None or slot - before > 1:
            what = "has no number" if value is None else f"comes {(slot - before) * interval} s after the row before"
            raise UsageError(f"{row.place}: {what}; the grid has {interval} s. Fill the gaps first, or say --gaps fill")
        before = slot


def _filled(known: dict[int, float], count: int) -> dict[int, float]:
    filled: dict[int, float] = {}
    slots = sorted(known)
    for index in range(slots[0]):
        filled[index] = known[slots[0]]
    for before, after in pairwise(slots):
        for index in range(before, after):
            share = (index - before) / (after - before)
            filled[index] = known[before] + (known[after] - known[before]) * share
    for index in range(slots[-1], count):
        filled[index] = known[slots[-1]]
    return filled


def _values_of(name: str) -> Values:
    return "counts" if name in COUNT_COLUMNS else "rate"


def _looks_like_data(cell: str) -> bool:
    text = cell.strip()
    try:
        float(text)
    except ValueError:
        try:
            datetime.fromisoformat(text)
        except ValueError:
            return text.lower() in _MISSING
    return True
