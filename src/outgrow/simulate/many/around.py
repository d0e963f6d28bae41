"""What stands around every policy, for many at once: hours of the calendar, caps of money and connections, a pause.

All policies of a group share these, so only the money that each has spent is kept by policy.
"""

from datetime import datetime, timedelta
from typing import Final

import numpy as np

from outgrow.autoscale.caps import month_around
from outgrow.autoscale.hpa.limits import Bounds
from outgrow.autoscale.schedules import bounds_at
from outgrow.plan.services import ScalingPolicy
from outgrow.simulate.many.extremes import Row
from outgrow.simulate.many.hpa import Judged
from outgrow.simulate.service import ServiceModel

_HOUR: Final = timedelta(hours=1)


class Around:
    """The rules around policies of which `policy` is one."""

    def __init__(self, policy: ScalingPolicy, service: ServiceModel) -> None:
        self._policy, self._service = policy, service
        self._always = Bounds(policy.min, policy.max)
        pool = policy.caps.database_pool and service.pool_room is not None
        self._room = service.pool_room if pool else None
        self._purse = _Purse(policy, service) if policy.caps.budget_per_month is not None else None
        self.knows_time = bool(policy.schedules) or self._purse is not None
        """Whether the rules depend on the time."""

    def bounds(self, now: datetime) -> Bounds:
        """Give the bounds that hold."""
        if not self._policy.schedules:
            return self._always
        return bounds_at(self._policy, now, self._service.timezone)

    def ordered(self, judged: Judged, current: Row, now: datetime) -> Row:
        """Let what is wanted pass through caps and pause."""
        desired = judged.desired
        if self._purse is not None:
            most = self._purse.most(current, now)
            if most is not None:
                desired = self._capped(desired, most, judged, current)
        if self._room is not None:
            desired = self._capped(desired, self._room, judged, current)
        match self._policy.pause:
            case None:
                return desired
            case "in":
                return np.maximum(current, desired)
            case "out":
                return np.minimum(current, desired)
            case int() as count:
                return np.full_like(current, count)
            case _:
                return current

    def _capped(self, desired: Row, most: Row | int, judged: Judged, current: Row) -> Row:
        allowed = np.maximum(most, self._policy.min)
        if judged.failed is not None:
            # What cannot be read takes nothing away.
            allowed = np.where(judged.failed, np.maximum(allowed, current), allowed)
        return np.minimum(desired, allowed)


class _Purse:
    """The money of the month that each policy has spent."""

    def __init__(self, policy: ScalingPolicy, service: ServiceModel) -> None:
        self._budget = policy.caps.budget_per_month or 0.0
        self._even, self._min = policy.caps.pace == "even", policy.min
        self._price, self._zone = service.price_per_hour or 0.0, service.timezone
        self._spent: Row | float = 0.0
        self._at: datetime | None = None
        self._month: tuple[datetime, datetime] | None = None

    def most(self, current: Row, now: datetime) -> Row | None:
        """Count what ran since the last decision; give the most replicas that the rest of the budget allows."""
        before = self._month
        if before is None or not before[0] <= now < before[1]:
            self._month = month_around(now, self._zone)
        begin, end = self._month or month_around(now, self._zone)
        if self._at is not None:
            hours = max(0.0, (now - max(self._at, begin)) / _HOUR)
            self._spent = (self._spent if before == self._month else 0.0) + self._price * current * hours
        self._at = now
        if not self._price:
            return None
        left, hours = self._budget - self._spent, (end - now) / _HOUR
        if self._even:
            return np.maximum(0, np.floor(left / (self._price * hours)))
        soon = min(1.0, hours)
        return np.maximum(0, np.floor((left - self._min * self._price * (hours - soon)) / (self._price * soon)))
