"""Samples as columns, the same on every adapter, with an exact way back."""

from collections.abc import Iterable
from datetime import datetime
from itertools import chain
from math import isfinite
from typing import Any

from outgrow.facts.forecasts import DailyLevel
from outgrow.facts.samples import Absence, Measured, Missing, Origin, Sample, SeriesKey
from outgrow.journal._text import plain
from outgrow.journal._time import with_zone

SampleColumns = tuple[float | None, int | None, datetime | None, str | None, str | None, bool]
"""value, n, newest, absence, detail, backfilled; `at` and `observed_at` stand before them."""


def columns_of(sample: Sample) -> SampleColumns:
    """Turn a sample into columns.

    Raises:
        ValueError: its value is NaN or infinite, or one of its times has no zone.
    """
    backfilled = sample.origin is Origin.BACKFILL
    with_zone(sample.at)
    with_zone(sample.observed_at)
    if isinstance(sample, Missing):
        return None, None, None, sample.absence.value, plain(sample.detail), backfilled
    if not isfinite(sample.value):
        message = f"a sample at {sample.at.isoformat()} has the value {sample.value}; write a Missing instead"
        raise ValueError(message)
    return sample.value, sample.n, sample.newest, None, None, backfilled


def sample_of(row: Iterable[Any]) -> Sample:
    """Turn at, observed_at and the columns back into the sample."""
    at, observed_at, value, n, newest, absence, detail, backfilled = row
    origin = Origin.BACKFILL if backfilled else Origin.LIVE
    if value is None:
        return Missing(at, Absence(absence), detail, observed_at, origin)
    return Measured(at, value, observed_at, n, newest, origin)


def checked_level(level: DailyLevel) -> DailyLevel:
    """Give the level back.

    Raises:
        ValueError: it is NaN or infinite.
    """
    if not (isfinite(level.level) and isfinite(level.coverage)):
        message = f"the level of {level.day.isoformat()} is {level.level}, its coverage {level.coverage}; leave it out"
        raise ValueError(message)
    return level


def in_order(series: Iterable[list[tuple[SeriesKey, Sample]]]) -> list[tuple[SeriesKey, Sample]]:
    """Merge series that are each in time order: by time, then by labels."""
    every = [each for each in series if each]
    if len(every) == 1:
        return every[0]
    return sorted(chain.from_iterable(every), key=lambda each: (each[1].at, each[0].labels))
