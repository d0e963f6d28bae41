"""Samples: a value at a time, or the reason why there is none."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

Labels = tuple[tuple[str, str], ...]
"""Label names and values, sorted by name; empty for a signal without `by`."""


class Origin(StrEnum):
    """How a sample came to be: read at its own moment, or asked for afterwards."""

    LIVE = "live"
    BACKFILL = "backfill"


class Absence(StrEnum):
    """Why a sample has no value. None of these is ever read as zero or as fine."""

    NULL = "null"
    NOT_A_NUMBER = "not a number"
    EMPTY_WINDOW = "empty window"
    TOO_FEW_ROWS = "too few rows"
    FAILED = "failed"
    UNLIMITED = "no limit is set"
    COUNTER_RESTARTED = "counter restarted"
    NOT_YET = "not yet"


@dataclass(frozen=True, slots=True)
class Measured:
    """A value at a time.

    `at` is the moment the value speaks of (the end of the query's window), `observed_at` when it was read; both
    timezone-aware. `value` is in the signal's own unit and finite. `n` counts the rows behind it and `newest` is the
    time of the latest of them, where the source says so.
    """

    at: datetime
    value: float
    observed_at: datetime
    n: int | None = None
    newest: datetime | None = None
    origin: Origin = Origin.LIVE


@dataclass(frozen=True, slots=True)
class Missing:
    """No value at a time, and why; `detail` is one sentence for people, free of secrets."""

    at: datetime
    absence: Absence
    detail: str
    observed_at: datetime
    origin: Origin = Origin.LIVE


Sample = Measured | Missing


@dataclass(frozen=True, slots=True)
class Observation:
    """One reading: the labels of its series and the sample."""

    labels: Labels
    sample: Sample


@dataclass(frozen=True, slots=True)
class SeriesKey:
    """Which series a sample belongs to.

    `signal_hash` covers everything that gives the value its meaning (source, query, unit, window), so that a changed
    query starts a new series instead of continuing the old one.
    """

    signal: str
    signal_hash: str
    labels: Labels = ()


@dataclass(frozen=True, slots=True)
class Series:
    """Samples of one series in time order, at most one per moment."""

    key: SeriesKey
    samples: tuple[Sample, ...]


def labels_of(values: Mapping[str, str]) -> Labels:
    """Give labels their one order, so that equal label sets are equal keys."""
    return tuple(sorted(values.items()))


def in_time_order(samples: Iterable[Sample]) -> tuple[Sample, ...]:
    """Sort by time and keep the first written sample of each moment."""
    by_moment: dict[datetime, Sample] = {}
    for sample in samples:
        by_moment.setdefault(sample.at, sample)
    return tuple(by_moment[moment] for moment in sorted(by_moment))
