"""What is kept of a signal's past when its single samples are gone: roll-ups, and the keys of its daily levels.

A roll-up summarises the samples of a bucket of time: how many, the lowest and the highest, the first and the last, and
their total. All of these can be merged into larger buckets without loss. There is no mean and no percentile: the mean
of percentiles is no percentile, so for a signal that is itself a percentile the honest summary is the range in which
it moved (`low` to `high`) and where it stood last.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Final

from outgrow.facts.samples import Measured, Sample, SeriesKey

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

SUMMABLE: Final = 1e290
"""Values of this size and above are not summed: a float ends at 1.8e308, and databases refuse what goes beyond."""


class Resolution(Enum):
    """How long the bucket of a roll-up is, in seconds. Buckets begin at whole multiples since the epoch, in UTC."""

    FIVE_MINUTES = 300
    HOUR = 3600

    @property
    def span(self) -> timedelta:
        """The length of a bucket."""
        return timedelta(seconds=self.value)

    def start_of(self, moment: datetime) -> datetime:
        """Give the beginning of the bucket that holds `moment` (timezone-aware), in UTC."""
        return _EPOCH + (moment - _EPOCH) // self.span * self.span


@dataclass(frozen=True, slots=True)
class Rollup:
    """The samples of one bucket, summarised; it covers start <= at < start + resolution.

    `count` samples had a value and `missing` had none. `low`, `high`, `first`, `last` and `total` (the sum) are in the
    signal's unit, and None when `count` is 0; `total` also when it may be too large for a float. Divide `total` by
    `count` only where the values may be averaged, which those of a percentile may not.
    """

    start: datetime
    resolution: Resolution
    count: int
    missing: int
    low: float | None
    high: float | None
    first: float | None
    last: float | None
    total: float | None


@dataclass(frozen=True, slots=True)
class LevelKey:
    """Which daily level: of which series, which statistic of the day, and in whose days.

    `statistic` is worded by the decider that took it ("highest for 30m"): another word is another level. `zone` is
    the IANA name of the zone whose calendar days are meant.
    """

    series: SeriesKey
    statistic: str
    zone: str


def rolled_up(samples: Sequence[Sample], start: datetime, resolution: Resolution) -> Rollup:
    """Summarise the samples of one bucket, given in time order; there may be none."""
    values = [sample.value for sample in samples if isinstance(sample, Measured)]
    if not values:
        return Rollup(start, resolution, 0, len(samples), None, None, None, None, None)
    return Rollup(
        start,
        resolution,
        count=len(values),
        missing=len(samples) - len(values),
        low=min(values),
        high=max(values),
        first=values[0],
        last=values[-1],
        total=_total(values),
    )


def merged(parts: Iterable[Rollup], start: datetime, resolution: Resolution) -> Rollup:
    """Merge roll-ups of parts of one bucket, given in time order, into the roll-up of the whole."""
    every = tuple(parts)
    valued = [part for part in every if part.count]
    return Rollup(
        start,
        resolution,
        count=sum(part.count for part in every),
        missing=sum(part.missing for part in every),
        low=min((part.low for part in valued if part.low is not None), default=None),
        high=max((part.high for part in valued if part.high is not None), default=None),
        first=valued[0].first if valued else None,
        last=valued[-1].last if valued else None,
        total=_total([part.total for part in valued]),
    )


def _total(values: Sequence[float | None]) -> float | None:
    given = [value for value in values if value is not None]
    if not given or len(given) < len(values) or any(abs(value) >= SUMMABLE for value in given):
        return None
    return sum(given)
