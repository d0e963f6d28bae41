"""How many replicas the live control had: a signal's samples or a file, held until the next number."""

import csv
import gzip
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from outgrow.errors import UsageError
from outgrow.facts.samples import Measured, Sample
from outgrow.simulate.recording import TIME_COLUMNS
from outgrow.simulate.rehearsal import Setting

Counted = tuple[float, float | None]
"""Seconds since 1970 (or since the trace's start, in a file that counts from there), and the replicas."""
_NAMES: Final = ("replicas", "value", "count", "desired", "pods", "instances")
_RELATIVE_BELOW: Final = 1e8


def replicas_from_samples(samples: Iterable[Sample]) -> list[Counted]:
    """Give the numbers of a signal; a moment without a value has none."""
    return [(each.at.timestamp(), each.value if isinstance(each, Measured) else None) for each in samples]


def replicas_in_file(path: Path, zone: ZoneInfo) -> list[Counted]:
    """Read `time,replicas` rows, in any order; changes alone are enough.

    Raises:
        UsageError: the file cannot be read, or a row is no time and number of replicas.
    """
    try:
        with (
            gzip.open(path, "rt", encoding="utf-8-sig")
            if path.name.endswith(".gz")
            else path.open(encoding="utf-8-sig", newline="") as lines
        ):
            rows = list(csv.reader(lines))
    except (OSError, UnicodeDecodeError, csv.Error, EOFError) as error:
        raise UsageError(f"{path}: cannot be read: {error}") from error
    names = [cell.strip().lower() for cell in rows[0]] if rows else []
    time = next((index for index, name in enumerate(names) if name in TIME_COLUMNS), None)
    count = next((index for index, name in enumerate(names) if name in _NAMES), None)
    if time is None or count is None:
        raise UsageError(f"{path.name}:1: the columns are {', '.join(names) or 'none'}; write a header time,replicas")
    numbered = ((line, row) for line, row in enumerate(rows[1:], start=2) if any(row))
    return sorted(
        (_row(f"{path.name}:{line}", row, time, count, zone) for line, row in numbered), key=lambda row: row[0]
    )


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


def _row(place: str, row: Sequence[str], time: int, count: int, zone: ZoneInfo) -> Counted:
    if len(row) <= max(time, count):
        raise UsageError(f"{place}: {len(row)} cells; a row has a time and a number of replicas")
    text, number = row[time].strip(), row[count].strip()
    try:
        replicas = float(number) if number else None
        try:
            at = float(text)
        except ValueError:
            moment = datetime.fromisoformat(text)
            at = (moment if moment.tzinfo else moment.replace(tzinfo=zone)).timestamp()
    except ValueError as error:
        raise UsageError(f'{place}: "{text}" and "{number}" are no time and number of replicas') from error
    if replicas is not None and not 0 <= replicas < float("inf"):
        raise UsageError(f"{place}: {number} replicas; the number must be at least 0")
    return at, replicas
