"""What every source has, and time zones, which many have."""

from typing import Annotated, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

from outgrow.plan.model import Declared
from outgrow.plan.suggestion import did_you_mean
from outgrow.quantity import Duration

_MACHINES_OWN_ZONES: Final = ("localtime", "posix", "right", "Factory")


def known_zone(name: str) -> str:
    """Give a zone's name back.

    Raises:
        ValueError: there is no such zone.
    """
    # By itself: listing all of them takes longer than everything else that a plan needs.
    try:
        known = not name.startswith(_MACHINES_OWN_ZONES) and ZoneInfo(name).key == name
    except (ZoneInfoNotFoundError, ValueError, OSError):
        known = False
    if known:
        return name
    remedy = did_you_mean(name, available_timezones()) or "write for example Asia/Seoul or UTC"
    raise ValueError(f'"{name}" is not a time zone; {remedy}')


def _zone(name: str) -> str:
    try:
        return known_zone(name)
    except ValueError as error:
        raise PydanticCustomError("timezone", "{why}", {"why": str(error)}) from error


Timezone = Annotated[str, AfterValidator(_zone)]
"""An IANA time zone name."""


def zone_of(name: str) -> ZoneInfo:
    """Give the zone of a validated name."""
    return ZoneInfo(name)


class SourceOptions(Declared):
    """What every source has; each kind adds its own."""

    kind: str
    """Which adapter reads it."""
    timeout: Duration = Duration.parse("10s")
    """How long one read may take."""
