"""Which moments a signal is asked for: multiples of its step since the epoch, so that repeated checks share samples."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def grid(start: datetime, end: datetime, step: timedelta) -> Iterator[datetime]:
    """Give every multiple of `step` since the epoch with start <= moment <= end."""
    index = -((_EPOCH - start) // step)  # rounded up
    moment = _EPOCH + index * step
    while moment <= end:
        yield moment
        moment += step
