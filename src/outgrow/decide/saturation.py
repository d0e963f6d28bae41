"""What a load test wore out first: which resource of the target reached its limit, and when the target fell behind."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from outgrow.facts.loads import LoadSecond, Resource, ResourcePoint, Saturated
from outgrow.plan.levels import Level
from outgrow.plan.signals import SignalBase
from outgrow.quantity import PERCENT, RATIO

USUAL_SHARE: Final = 0.9
"""Where nobody said better, a share (CPU of its quota, connections of a pool) is full from here."""
_IN_A_ROW: Final = 2
"""One reading at the limit is a spike; a resource is saturated when the next reading is there too."""
_BEHIND_FOR: Final = 3
_KEPT_UP: Final = 0.9
_SLOWED_BY: Final = 3.0
_NOT_NOISE_SECONDS: Final = 0.010


@dataclass(frozen=True, slots=True)
class Limit:
    """From where on a resource counts as saturated, in its signal's unit, and who says so."""

    value: float
    says: str
    falls: bool = False


def limit_of(name: str, signal: SignalBase, levels: Mapping[str, Level]) -> Limit | None:
    """Give the figure from which a signal counts as saturated; none where nothing says.

    The danger figure of a level on the signal comes first. A share without one is full at 90 %.
    """
    for title, level in levels.items():
        if level.signal == name:
            return Limit(level.danger.in_unit(signal.measure), f"danger of level {title}", falls=not level.rising)
    for whole in (RATIO, PERCENT):
        if signal.measure == whole:
            return Limit(RATIO.convert(USUAL_SHARE, whole), f"{USUAL_SHARE:.0%}, where a share counts as full")
    return None


def saturated(resources: Mapping[str, Resource], seconds: Sequence[LoadSecond]) -> tuple[Saturated, ...]:
    """Give the resources that reached their limits and stayed there for two readings, the first first."""
    found = [
        Saturated(name, at.at_seconds, at.value, resource.limit, _due_at(at.at_seconds, seconds))
        for name, resource in resources.items()
        if resource.limit is not None
        for at in _reached(resource, resource.limit)
        if at.value is not None
    ]
    return tuple(sorted(found, key=lambda each: each.at_seconds))


def _reached(resource: Resource, limit: float) -> Sequence[ResourcePoint]:
    """Give the reading at which a resource reached its limit and stayed for one more; empty where it never did."""
    run: list[ResourcePoint] = []
    for point in resource.points:
        if point.value is None:
            continue  # a reading that failed says nothing, neither that it stayed nor that it left
        is_there = point.value <= limit if resource.falls else point.value >= limit
        run = [*run, point] if is_there else []
        if len(run) == _IN_A_ROW:
            return run[:1]
    return ()


def _due_at(at_seconds: float, seconds: Sequence[LoadSecond]) -> float:
    """Give the arrivals a second that were due around a moment."""
    edges = pairwise([0.0, *(second.at_seconds for second in seconds)])
    for (start, end), second in zip(edges, seconds, strict=True):
        if at_seconds <= end:
            return second.due / max(end - start, 1e-3)
    return 0.0


def slowed_at(seconds: Sequence[LoadSecond]) -> float | None:
    """Say when the target fell behind and did not come back, in seconds from the start; none where it kept up.

    Behind is a second in which fewer than 90 % of the due arrivals (and more than one fewer) were answered as expected,
    or whose median response time is above three times that of the calm quarter of the run, and 10 ms above it. Such
    seconds must last until the end of the load, at least three of them: a cold start that passes is none. A target that
    never gave an expected answer was never up: nothing fell.
    """
    loaded = [each for each in seconds if each.due]
    times = sorted(each.p50_seconds for each in loaded if each.p50_seconds is not None)
    if not times or not any(each.done for each in loaded):
        return None
    usual = times[len(times) // 4]
    behind = 0
    for second in reversed(loaded):
        if not _is_behind(second, usual):
            break
        behind += 1
    if behind < _BEHIND_FOR:
        return None
    first = len(loaded) - behind
    return loaded[first - 1].at_seconds if first else 0.0


def _is_behind(second: LoadSecond, usual_seconds: float) -> bool:
    if second.done < _KEPT_UP * second.due - 1:
        return True
    slow = max(_SLOWED_BY * usual_seconds, usual_seconds + _NOT_NOISE_SECONDS)
    return second.p50_seconds is not None and second.p50_seconds > slow
