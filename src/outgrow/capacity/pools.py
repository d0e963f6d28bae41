"""Connection pools against the database they share: what autoscaling may open at most (AE-5).

Each instance of a service opens its own pool, so the connections at stake are not those of today but those at every
service's largest number of instances. They may take at most a share (80 %) of the database's max_connections: the rest
is for migrations, backups, people and the monitor, which is refused with everybody else once the database is full.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate
from typing import Final

from outgrow.capacity.demand import Figure, Range
from outgrow.errors import UsageError

SHARE: Final = 0.8
"""The part of max_connections that pools may take (AE-5)."""

RECOMMENDED_PER_INSTANCE: Final = 10
"""Connections of one instance's pools, where nothing else is known (AE-5)."""

SOURCE: Final = "AE-5: pools at the maxima take at most 80 % of max_connections"
_DEFINITION: Final = "definition"


@dataclass(frozen=True, slots=True)
class Pool:
    """What one service may open: connections per instance, all its processes together, and its range of instances."""

    service: str
    max_instances: int
    per_instance: int = RECOMMENDED_PER_INSTANCE
    min_instances: int = 1

    def __post_init__(self) -> None:
        """Refuse what no service can have.

        Raises:
            UsageError: a negative number, or a minimum above the maximum.
        """
        if self.per_instance < 0:
            raise UsageError(f"{self.service}: {self.per_instance} connections per instance: must be at least 0")
        if not 0 <= self.min_instances <= self.max_instances:
            raise UsageError(
                f"{self.service}: {self.min_instances}..{self.max_instances} instances: "
                "the minimum must be at least 0 and no larger than the maximum"
            )

    @property
    def at_maximum(self) -> int:
        """Connections with every instance that the service may have."""
        return self.max_instances * self.per_instance

    @property
    def at_minimum(self) -> int:
        """Connections with the fewest instances."""
        return self.min_instances * self.per_instance


@dataclass(frozen=True, slots=True)
class Taken:
    """One service's part: its connections at the maximum, and the sum with all services declared before it."""

    pool: Pool
    running_total: int
    breaks: bool
    """Whether it is this service whose maximum takes the sum over what is allowed."""

    most_instances: int
    """The most instances it may have while every other service is at its own maximum; may be below its minimum."""


@dataclass(frozen=True, slots=True)
class Connections:
    """Pools against one database: `figures` are the sums with their formulas, `services` the parts in their order.

    `max_connections` and with it `allowed` are None where the database's limit is not known; nothing breaks then.
    """

    services: tuple[Taken, ...]
    figures: tuple[Figure, ...]
    at_maxima: int
    needed: int
    max_connections: int | None
    allowed: int | None

    @property
    def fits(self) -> bool | None:
        """Whether the database carries every service at its maximum; None where its limit is not known."""
        return None if self.allowed is None else self.at_maxima <= self.allowed

    @property
    def broken_by(self) -> str | None:
        """The first service, in the order declared, at whose maximum the sum is over what is allowed."""
        return next((each.pool.service for each in self.services if each.breaks), None)


def connections(pools: Sequence[Pool], max_connections: int | None = None, share: float = SHARE) -> Connections:
    """Sum up what all services open at their maxima, and compare it with what the database allows.

    Args:
        pools: each service that opens connections to this database, in the plan's order.
        max_connections: of the database; None where it is not known.
        share: the part of it that pools may take, above 0 and at most 1.

    Raises:
        UsageError: a share outside this, a limit below 1, or one service named twice.
    """
    _require_once(pools)
    at_maxima = sum(each.at_maximum for each in pools)
    needed = math.ceil(at_maxima / _exact(share))
    allowed = None if max_connections is None else allowed_connections(max_connections, share)
    parts = " + ".join(f"{each.max_instances:,} x {each.per_instance:,}" for each in pools) or "0"
    figures = [
        _figure("connections at the maxima", at_maxima, parts, _DEFINITION),
        _figure("max_connections needed", needed, f"{at_maxima:,} / {share:g}, rounded up", SOURCE),
    ]
    if max_connections is not None and allowed is not None:
        figures.append(
            _figure("connections allowed", allowed, f"{max_connections:,} x {share:g}, rounded down", SOURCE)
        )
    services = list[Taken]()
    totals = accumulate(each.at_maximum for each in pools)
    for pool, total in zip(pools, totals, strict=True):
        breaks = allowed is not None and total - pool.at_maximum <= allowed < total
        most = pool.max_instances if allowed is None else _most(pool, allowed - (at_maxima - pool.at_maximum))
        services.append(Taken(pool, total, breaks, most))
    return Connections(tuple(services), tuple(figures), at_maxima, needed, max_connections, allowed)


def allowed_connections(max_connections: int, share: float = SHARE) -> int:
    """Give the connections that pools may take of a database's max_connections.

    Raises:
        UsageError: a limit below 1, or a share that is not above 0 and at most 1.
    """
    if max_connections < 1:
        raise UsageError(f"max_connections {max_connections}: must be at least 1")
    return math.floor(max_connections * _exact(share))


def most_instances(pool: Pool, max_connections: int, taken: int = 0, share: float = SHARE) -> int:
    """Give the most instances that a service may have now: the cap of an autoscaling decision.

    Args:
        pool: of the service.
        max_connections: of the database.
        taken: connections that everything else has open or may open meanwhile.
        share: the part of max_connections that pools may take.

    Returns:
        At most `pool.max_instances`, at least 0; below `pool.min_instances` where there is no room even for those.

    Raises:
        UsageError: a limit, a share or a number taken that cannot be.
    """
    if taken < 0:
        raise UsageError(f"{taken} connections taken: must be at least 0")
    return _most(pool, allowed_connections(max_connections, share) - taken)


@dataclass(frozen=True, slots=True)
class NoRoom:
    """Even with every service at its minimum the pools take more than is allowed."""

    at_minima: int
    allowed: int
    needed: int
    """The max_connections that the minima alone need."""


def largest_maxima(pools: Sequence[Pool], max_connections: int, share: float = SHARE) -> dict[str, int] | NoRoom:
    """Give the largest number of instances for each service with which all pools fit.

    Room is shared out evenly: every service gets the same part of the way from its minimum to its declared maximum, and
    what is left goes, instance by instance, to the service that is furthest from its maximum. So none can be raised by
    one more instance alone, none is below its minimum or above its maximum, and where all maxima fit they stay.

    Raises:
        UsageError: a share or limit that cannot be, or one service named twice.
    """
    _require_once(pools)
    allowed = allowed_connections(max_connections, share)
    at_minima = sum(each.at_minimum for each in pools)
    if at_minima > allowed:
        return NoRoom(at_minima, allowed, math.ceil(at_minima / _exact(share)))
    if sum(each.at_maximum for each in pools) <= allowed:
        return {each.service: each.max_instances for each in pools}
    way = _way_for_all(pools, allowed)
    maxima = {each.service: _at(each, way) for each in pools}
    left = allowed - sum(maxima[each.service] * each.per_instance for each in pools)
    while raisable := [
        each for each in pools if maxima[each.service] < each.max_instances and each.per_instance <= left
    ]:
        furthest = min(raisable, key=lambda each: _way_gone(each, maxima[each.service]))
        maxima[furthest.service] += 1
        left -= furthest.per_instance
    return maxima


def _way_for_all(pools: Sequence[Pool], allowed: int) -> Fraction:
    """Find how far all services can go together from their minima to their maxima, to one part in 2^40."""
    low, high = 0, 1 << 40
    while high - low > 1:
        middle = (low + high) // 2
        sum_there = sum(_at(each, Fraction(middle, 1 << 40)) * each.per_instance for each in pools)
        low, high = (middle, high) if sum_there <= allowed else (low, middle)
    return Fraction(low, 1 << 40)


def _at(pool: Pool, way: Fraction) -> int:
    if pool.per_instance == 0:
        return pool.max_instances
    return pool.min_instances + math.floor(way * (pool.max_instances - pool.min_instances))


def _way_gone(pool: Pool, instances: int) -> Fraction:
    return Fraction(instances - pool.min_instances, pool.max_instances - pool.min_instances)


def _most(pool: Pool, room: int) -> int:
    if pool.per_instance == 0:
        return pool.max_instances
    return min(max(room, 0) // pool.per_instance, pool.max_instances)


def _exact(share: float) -> Fraction:
    """Give the share as it was written: 280 / 0.7 is 400, and not the 401 that binary fractions round up to."""
    if not 0 < share <= 1:
        raise UsageError(f"a share of {share:g}: must be above 0 and at most 1, such as 0.8")
    return Fraction(str(share))


def _figure(name: str, value: int, formula: str, source: str) -> Figure:
    return Figure(name, Range(value, value), "connections", formula, source)


def _require_once(pools: Sequence[Pool]) -> None:
    names = [each.service for each in pools]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise UsageError(f"{', '.join(twice)}: named more than once; give a service one pool with the sum of its own")
