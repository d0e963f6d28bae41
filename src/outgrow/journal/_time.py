"""Moments as whole microseconds since the epoch: exact, and free of zones."""

from datetime import UTC, datetime, timedelta
from typing import Final

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


def with_zone(moment: datetime) -> datetime:
    """Give the moment back.

    Raises:
        ValueError: it has no zone.
    """
    if moment.tzinfo is None:
        message = f"the journal was given the time {moment.isoformat()}, without a zone; give it one"
        raise ValueError(message)
    return moment


def microseconds(moment: datetime) -> int:
    """Count microseconds since the epoch.

    Raises:
        ValueError: the moment has no zone.
    """
    return (with_zone(moment) - EPOCH) // _MICROSECOND


def optional_microseconds(moment: datetime | None) -> int | None:
    """Count as above, or give none."""
    return None if moment is None else microseconds(moment)


def moment(count: int) -> datetime:
    """Give the moment so many microseconds after the epoch, in UTC."""
    return EPOCH + timedelta(microseconds=count)


def optional_moment(count: int | None) -> datetime | None:
    """Give the moment as above, or none."""
    return None if count is None else moment(count)
