"""Samples for the tests of this room."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from outgrow.facts.samples import Measured, Sample, SeriesKey

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
KEY = SeriesKey("latency", "5ba93c9db0cff93f")


def minutes(count: int, start: datetime = NOON, key: SeriesKey = KEY) -> Sequence[tuple[SeriesKey, Sample]]:
    """Give so many samples, one a minute, whose values count from 0."""
    moments = (start + index * MINUTE for index in range(count))
    return [(key, Measured(at, float(index), at)) for index, at in enumerate(moments)]
