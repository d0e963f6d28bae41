"""What a timeline costs: replica hours used, and those charged when every run of a replica is rounded up.

A replica is paid for from its order, start-up included, to the moment it leaves. Which one leaves is the youngest, as
the rehearsed fleet has it; a provider that lets the one go whose paid hour ends next charges less.
"""

from dataclasses import dataclass
from math import ceil
from typing import Final

from outgrow.simulate.timeline import Timeline

_HOUR: Final = 3600


@dataclass(frozen=True, slots=True)
class Bill:
    """Replica hours from order to leaving, the same as charged, and their price; None where no price is known."""

    used_hours: float
    billed_hours: float
    cost: float | None


def bill(timeline: Timeline, skipped: int, billing_seconds: int, price_per_hour: float | None) -> Bill:
    """Add up the runs of all replicas behind the first `skipped` steps.

    What runs when the count begins and when it ends is charged for the part that lies between, rounded up too.
    """
    ordered, step = timeline.ordered[skipped:], timeline.step_seconds
    began: list[int] = []
    used = charged = 0
    before = 0
    for index, replicas in enumerate(ordered):
        if replicas == before:
            continue
        if replicas > before:
            began += [index] * (replicas - before)
        for _ in range(before - replicas):
            seconds = (index - began.pop()) * step
            used, charged = used + seconds, charged + _charged(seconds, billing_seconds)
        before = replicas
    for start in began:
        seconds = (len(ordered) - start) * step
        used, charged = used + seconds, charged + _charged(seconds, billing_seconds)
    cost = None if price_per_hour is None else charged / _HOUR * price_per_hour
    return Bill(used / _HOUR, charged / _HOUR, cost)


def spot_cost(found: Bill, base_hours: float, price_per_hour: float, spot_price_per_hour: float) -> float:
    """Give what a bill comes to where `base_hours` are bought on demand and everything beyond them on spot.

    The fewest replicas of a policy never leave, so their hours are those that nobody may take back.
    """
    base = min(base_hours, found.billed_hours)
    return base * price_per_hour + (found.billed_hours - base) * spot_price_per_hour


def _charged(seconds: int, unit: int) -> int:
    return ceil(seconds / unit) * unit
