"""How many replicas the live control had: a signal's samples or a file, held until the next number."""

from collections.abc import Iterable, Sequence
from math import isnan
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from outgrow.control.trace_file import rows_in
from outgrow.errors import UsageError
from outgrow.facts.samples import Measured, Sample
from outgrow.simulate.recording import TIME_COLUMNS, Columns, Row, seconds_of
from outgrow.simulate.rehearsal import Setting

Counted = tuple[float, float | None]
"""Seconds since 1970 (or since the trace's start, in a file that counts from there), and the replicas."""
_NAMES: Final = ("replicas", "value", "count", "desired", "pods", "instances", "복제본", "복제본수", "복제본 수")
_RELATIVE_BELOW: Final = 1e8


def replicas_from_samples(samples: Iterable[Sample]) -> list[Counted]:
    """Give the numbers of a signal; a moment without a value has none."""
    return [(each.at.timestamp(), each.value if isinstance(each, Measured) else None) for each in samples]


def replicas_in_file(path: Path, zone: ZoneInfo) -> list[Counted]:
    """Read `time,replicas` rows of a CSV or Parquet file, in any order; changes alone are enough.

    Raises:
        UsageError: the file cannot be read, or a row is no time and number of replicas.
    """
    _, _, rows = rows_in(path, lambda first: (_columns(first, path.name), ""))
    found: list[Counted] = []
    last = float("-inf")
    for row in rows:
        last = seconds_of(row, zone, last)
        found.append((last, _replicas(row)))
    return sorted(found, key=lambda each: each[0])


def by_step(counted: Sequence[Counted], setting: Setting) -> list[float | None]:
    """Give the number that stood at every step of a rehearsal: the newest one until then.

    Raises:
        UsageError: nothing was recorded while the trace lasts.
    """
    trace, step = setting.trace, setting.service.step_seconds
    start = 0.0 if all(at < _RELATIVE_BELOW for at, _ in counted) else trace.start.timestamp()
    found: list[float | None] = []
    index, current = 0, None
    for each in range(trace.seconds // step):
        while index < len(counted) and counted[index][0] <= start + each * step:
            current = counted[index][1]
            index += 1
        found.append(current)
    if all(each is None for each in found):
        raise UsageError("no replica count was recorded while the trace lasts; do both speak of the same days?")
    return found


def _columns(first: Sequence[str], where: str) -> Columns:
    names = [cell.strip().lower() for cell in first]
    time = next((index for index, name in enumerate(names) if name in TIME_COLUMNS), None)
    count = next((index for index, name in enumerate(names) if name in _NAMES), None)
    if time is None or count is None:
        raise UsageError(f"{where}:1: the columns are {', '.join(names)}; write a header time,replicas")
    return Columns(time, count, "counts", header=True)


def _replicas(row: Row) -> float | None:
    """Give the number of a row; None where it has none."""
    cell = row.value.strip() if isinstance(row.value, str) else row.value
    if cell is None or cell == "":
        return None
    try:
        replicas = float(cell)
    except (TypeError, ValueError) as error:
        raise UsageError(f"{row.place}: {cell!r} is no number of replicas") from error
    if isnan(replicas):
        return None
    if not 0 <= replicas < float("inf"):
        raise UsageError(f"{row.place}: {replicas:g} replicas; the number must be at least 0")
    return replicas
