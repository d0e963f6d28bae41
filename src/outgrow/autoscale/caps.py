"""Caps: the most replicas that a month's money and a database's connections allow."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import floor
from typing import Final
from zoneinfo import ZoneInfo

from outgrow.autoscale.observed import Observation
from outgrow.capacity.pools import Pool, allowed_connections, most_instances
from outgrow.errors import UsageError
from outgrow.plan.autoscaling import PolicyBase
from outgrow.plan.services import Service

_HOUR: Final = timedelta(hours=1)
_LONGEST_SILENCE: Final = timedelta(hours=1)
"""After a longer one nobody knows how many replicas ran; money is then counted on from the last number seen."""


@dataclass(frozen=True, slots=True)
class Spending:
    """Money of the calendar month that began at `month`, up to `at`, with `replicas` running since."""

    month: datetime
    money: float
    at: datetime
    replicas: int


def spending(seen: Observation, before: Spending | None, now: datetime) -> Spending:
    """Count the money of this month up to now.

    What the observation says it was counts; otherwise what ran since the last decision is added to what that one knew.
    """
    month, _ = month_around(now, seen.service.timezone)
    if seen.service.spent is not None:
        return Spending(month, seen.service.spent, now, seen.replicas)
    price = seen.service.price_per_hour or 0.0
    if before is None:
        return Spending(month, 0.0, now, seen.replicas)
    money = before.money if before.month == month else 0.0
    since = max(before.at, month)
    return Spending(month, money + price * before.replicas * max(0.0, (now - since) / _HOUR), now, seen.replicas)


def budget_cap(policy: PolicyBase, seen: Observation, spent: Spending, now: datetime) -> int | None:
    """Give the most replicas that the month's budget allows; None where there is no budget or no price.

    With `pace: reserve` the next hour may cost whatever leaves enough to run the policy's `min` for the rest of the
    month; with `even` what is left is spread over the hours that are left.
    """
    budget, price = policy.caps.budget_per_month, seen.service.price_per_hour
    if budget is None or not price:
        return None
    _, end = month_around(now, seen.service.timezone)
    hours = (end - now) / _HOUR
    left = budget - spent.money
    if policy.caps.pace == "even":
        return max(0, floor(left / (price * hours)))
    soon = min(1.0, hours)
    return max(0, floor((left - policy.min * price * (hours - soon)) / (price * soon)))


def month_around(now: datetime, timezone: str) -> tuple[datetime, datetime]:
    """Give the beginning and the end of the calendar month of a zone, in UTC."""
    local = now.astimezone(ZoneInfo(timezone))
    begin = local.replace(day=1, hour=0, minute=0, second=0, microsecond=0, fold=0)
    following = (begin + timedelta(days=32)).replace(day=1)
    return begin.astimezone(UTC), following.astimezone(UTC)


def pool_room(services: Mapping[str, Service], name: str, replicas: Mapping[str, int] | None = None) -> int | None:
    """Give the most replicas of a service whose connections its database has room for (AE-5).

    Args:
        services: of the plan.
        name: of the service.
        replicas: how many of each service there are now; one that is not in it counts with its maximum.

    Returns:
        None where the service has no pool, or nobody says what the database allows.

    Raises:
        UsageError: no such service.
    """
    if name not in services:
        raise UsageError(f"no service is called {name}; the plan has {', '.join(services) or 'none'}")
    mine = services[name].pool
    if mine is None:
        return None
    sharing = {each: service for each, service in services.items() if _database(service) == mine.database}
    limits = [each.pool.max_connections for each in sharing.values() if each.pool and each.pool.max_connections]
    if not limits:
        return None
    pools = {each: pool_of(each, service) for each, service in sharing.items()}
    taken = sum(
        pool.per_instance * (replicas or {}).get(each, pool.max_instances)
        for each, pool in pools.items()
        if each != name
    )
    return most_instances(pools[name], min(limits), min(taken, allowed_connections(min(limits))))


def pool_of(name: str, service: Service) -> Pool:
    """Give a service's connections with its range of replicas; one that is not scaled counts once."""
    size = service.pool.size if service.pool is not None else 0
    policy = service.scaling
    if policy is None:
        return Pool(name, 1, size)
    most = max(policy.max, *(each.max or 0 for each in policy.schedules)) if policy.schedules else policy.max
    return Pool(name, most, size, min(policy.min, most))


def _database(service: Service) -> str | None:
    return service.pool.database if service.pool is not None else None
