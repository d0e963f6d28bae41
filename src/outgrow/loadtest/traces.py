"""Recorded load, read from a CSV file."""

import csv
import gzip
import io
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import pairwise
from math import isfinite
from pathlib import Path
from typing import Final

import numpy as np

from outgrow.errors import UsageError
from outgrow.loadtest.schedule import Rate, Seconds, Stretch
from outgrow.plan.scenario_courses import Trace
from outgrow.plan.suggestion import nearest_or_all

_GZIP: Final = b"\x1f\x8b"
_MOST_ROWS: Final = 20_000_000


@contextmanager
def table_of(path: Path, place: str) -> Generator[tuple[tuple[str, ...], Iterator[list[str]]]]:
    """Open a CSV file, compressed or not: its columns and its rows.

    Raises:
        UsageError: it cannot be read, or is empty.
    """
    try:
        with path.open("rb") as raw:
            is_packed = raw.read(2) == _GZIP
            raw.seek(0)
            unpacked = gzip.GzipFile(fileobj=raw) if is_packed else raw
            with io.TextIOWrapper(unpacked, "utf-8-sig", newline="") as text:
                rows = csv.reader(text)
                columns = next(rows, None)
                if not columns:
                    raise UsageError(f"{place}: {path.name} is empty; its first line names its columns")
                yield tuple(column.strip() for column in columns), rows
    except FileNotFoundError as error:
        raise UsageError(f'{place}: "{path}" does not exist; its path is relative to the plan') from error
    except (OSError, EOFError, csv.Error, UnicodeDecodeError) as error:
        raise UsageError(f'{place}: "{path}" cannot be read: {error}') from error


def column_of(name: str, columns: tuple[str, ...], place: str) -> int:
    """Give a column's index.

    Raises:
        UsageError: there is no such column.
    """
    if name in columns:
        return columns.index(name)
    raise UsageError(f'{place}: no column is called "{name}"; {nearest_or_all(name, columns, "the columns are")}')


def recorded(trace: Trace, base: Path, place: str) -> Rate | Seconds:
    """Read recorded load: a rate over time, or the moments of arrivals in seconds from the first, as fast as recorded.

    Args:
        trace: which file, and what its columns mean.
        base: what the file's path is relative to.
        place: where the trace stands in the plan, for messages.

    Raises:
        UsageError: the file cannot be read, or does not hold what it should.
    """
    amount = trace.count or trace.rate
    moments, amounts = list[float](), list[float]()
    with table_of(base / trace.file, place) as (columns, rows):
        at = column_of(trace.at, columns, f"{place}.at") if trace.at else 0
        of = column_of(amount, columns, f"{place}.{'count' if trace.count else 'rate'}") if amount else None
        for line, row in enumerate(rows, 2):
            if not any(row):
                continue
            if line > _MOST_ROWS:
                raise UsageError(f"{place}: {trace.file} has more than {_MOST_ROWS:,} rows; take a shorter part of it")
            try:
                moments.append(_moment(row[at]))
                amounts.append(0.0 if of is None else _amount(row[of]))
            except (ValueError, IndexError) as error:
                raise UsageError(f"{place}: {trace.file}, line {line}: {error}") from error
    if len(moments) < (1 if amount is None else 2):
        raise UsageError(f"{place}: {trace.file} holds too few rows to play; a rate needs two")
    if amount is None:
        found = np.sort(np.asarray(moments, dtype=np.float64))
        return (found - found[0]) / trace.speed
    return _rate(trace, moments, amounts, place)


def _rate(trace: Trace, moments: list[float], amounts: list[float], place: str) -> Rate:
    spans = [later - earlier for earlier, later in pairwise(moments)]
    if any(span <= 0 for span in spans):
        line = next(index for index, span in enumerate(spans) if span <= 0) + 3
        raise UsageError(f"{place}: {trace.file}, line {line}: its moment is not after the one before; sort the rows")
    spans.append(spans[-1])  # how long the last row holds, nobody recorded
    stretches: list[Stretch] = []
    for span, amount in zip(spans, amounts, strict=True):
        rate = (amount / span if trace.count else amount) * trace.speed * trace.scale
        stretches.append(Stretch(span / trace.speed, rate, rate))
    return Rate(tuple(stretches))


def _moment(text: str) -> float:
    try:
        found = float(text)
    except ValueError:
        try:
            when = datetime.fromisoformat(text.strip())
        except ValueError:
            raise ValueError(f'"{text}" is no moment; write seconds, or ISO 8601') from None
        return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()
    if not isfinite(found):
        raise ValueError(f"{text} is no moment; leave the row out")
    return found


def _amount(text: str) -> float:
    try:
        found = float(text)
    except ValueError:
        raise ValueError(f'"{text}" is no number') from None
    if not (isfinite(found) and found >= 0):
        raise ValueError(f"{text} is no rate; rates are 0 or more")
    return found
