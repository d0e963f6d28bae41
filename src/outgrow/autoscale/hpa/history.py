"""What the controller remembers: recent recommendations and recent changes of the number of replicas.

It keeps them in slots: an entry that is too old is overwritten by the next one, at most one at a time. What is too old
counts for nothing, but where a window is made longer it counts again; so the slots are kept as the controller keeps
them.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from outgrow.plan.autoscaling import Rate


@dataclass(frozen=True, slots=True)
class Recommendation:
    """How many replicas the metrics asked for, before windows, rates and bounds."""

    replicas: int
    at: datetime


@dataclass(frozen=True, slots=True)
class ScaleEvent:
    """By how many replicas the number changed, 1 or more; `outdated` marks a slot to be used again."""

    change: int
    at: datetime
    outdated: bool = False


@dataclass(frozen=True, slots=True)
class HpaState:
    """The memory of one HorizontalPodAutoscaler.

    `recommendations` is None for a controller that has just started. It then records the replicas at hand as its first
    recommendation, so that nothing goes down for a whole window after a restart.
    """

    recommendations: tuple[Recommendation, ...] | None = None
    ups: tuple[ScaleEvent, ...] = ()
    downs: tuple[ScaleEvent, ...] = ()


def recommended(
    slots: tuple[Recommendation, ...], replicas: int, now: datetime, too_old: datetime
) -> tuple[Recommendation, ...]:
    """Remember a recommendation, in the last slot that is from before `too_old` where there is one."""
    new = Recommendation(replicas, now)
    old = [index for index, each in enumerate(slots) if each.at < too_old]
    return (*slots[: old[-1]], new, *slots[old[-1] + 1 :]) if old else (*slots, new)


def happened(
    slots: tuple[ScaleEvent, ...], change: int, rates: tuple[Rate, ...], now: datetime
) -> tuple[ScaleEvent, ...]:
    """Remember a change; what is older than the longest period of the rates makes room."""
    too_old = now - max((each.per for each in rates), default=timedelta(0))
    marked = [replace(each, outdated=True) if each.at < too_old else each for each in slots]
    old = [index for index, each in enumerate(marked) if each.outdated]
    new = ScaleEvent(change, now)
    if old:
        marked[old[-1]] = new
        return tuple(marked)
    return (*marked, new)


def changed_within(slots: tuple[ScaleEvent, ...], period: timedelta, now: datetime) -> int:
    """Add up the changes of a period; one exactly as old as the period is outside it."""
    since = now - period
    return sum(each.change for each in slots if each.at > since)
