"""Schedules: which bounds hold at a moment, by the clock of a time zone."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from cronsim import CronSim

from outgrow.autoscale.hpa.limits import Bounds
from outgrow.plan.autoscaling import PolicyBase
from outgrow.plan.scaling_limits import Schedule

_HOUR: Final = timedelta(hours=1)
_WELL_AFTER: Final = timedelta(hours=4)


def bounds_at(policy: PolicyBase, now: datetime, timezone: str) -> Bounds:
    """Give the fewest and the most replicas at a moment.

    The policy's `min` can only be raised; where a schedule's `min` is above the `max` that holds, the `max` counts.
    """
    least, highest = policy.min, list[int]()
    for schedule in policy.schedules:
        if holds(schedule, now, timezone):
            least = max(least, schedule.min or 0)
            highest += [schedule.max] if schedule.max is not None else []
    most = min(highest, default=policy.max)
    return Bounds(min(least, most), most)


def holds(schedule: Schedule, now: datetime, timezone: str) -> bool:
    """Say whether a schedule holds; its first moment belongs to it, its end no longer."""
    zone = schedule.timezone or timezone
    hour = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    return any(start <= now < end for start, end in _spans(schedule.start, schedule.end, schedule.span, zone, hour))


@lru_cache(maxsize=4096)
def _spans(
    start: str, end: str | None, span: timedelta | None, zone: str, hour: datetime
) -> tuple[tuple[datetime, datetime], ...]:
    """Give the spans that reach into an hour; remembered, for an hour is asked for many times."""
    # From well after the hour, for backwards the clock of a zone may jump over what it repeats.
    local = (hour + _WELL_AFTER).astimezone(ZoneInfo(zone))
    found: list[tuple[datetime, datetime]] = []
    for moment in CronSim(start, local, reverse=True):
        begins = moment.astimezone(UTC)
        if begins >= hour + _HOUR:
            continue
        ends = begins + span if span is not None else next(CronSim(end or start, moment)).astimezone(UTC)
        if ends <= hour:
            break  # those that began earlier ended earlier
        found.append((begins, ends))
        if begins <= hour and ends >= hour + _HOUR:
            break  # the whole hour is covered
    return tuple(found)
