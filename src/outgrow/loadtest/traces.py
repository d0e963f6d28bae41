"""Recorded load, read from a CSV file."""

from datetime import UTC, datetime
from itertools import pairwise
from math import isfinite
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from outgrow.errors import UsageError
from outgrow.loadtest.schedule import Rate, Stretch
from outgrow.loadtest.tables import column_of, table_of
from outgrow.plan.scenario_courses import Trace

_MOST_ROWS: Final = 20_000_000


def recorded(trace: Trace, base: Path, place: str) -> Rate | NDArray[np.float64]:
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
        found = found[_kept(found.size, trace.scale)]
        return (found - found[0]) / trace.speed
    return _rate(trace, moments, amounts, place)


def _kept(count: int, share: float) -> NDArray[np.bool_]:
    """Choose a share of arrivals, spread evenly over them; the first is always among them."""
    reached = np.floor(np.arange(count + 1) * min(share, 1.0))
    return np.diff(reached, prepend=-1)[:count] > 0


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
