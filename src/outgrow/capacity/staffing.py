"""How many servers a target needs, and how busy they may be: queueing read backwards.

The same target allows many servers to be far busier than few: twenty servers at 90 % keep requests waiting less than
two at 60 %. Square-root staffing says why: the spare needed grows with the root of the load (W. Whitt, Management
Science 38, 1992; S. Halfin and W. Whitt, Operations Research 29, 1981).
"""

import math
from dataclasses import dataclass
from typing import Final

from outgrow.capacity.queueing import Steady, Traffic, Unstable, queue
from outgrow.errors import UsageError

_HALVINGS: Final = 60


@dataclass(frozen=True, slots=True)
class MeanWait:
    """Requests wait at most this long on average."""

    seconds: float


@dataclass(frozen=True, slots=True)
class WaitWithin:
    """This percentage of requests waits at most so long."""

    seconds: float
    percentile: float


@dataclass(frozen=True, slots=True)
class ResponseWithin:
    """This percentage of requests takes at most so long, wait and service together (percentile 95: the p95)."""

    seconds: float
    percentile: float


Target = MeanWait | WaitWithin | ResponseWithin


@dataclass(frozen=True, slots=True)
class Unreachable:
    """No number of servers keeps the target: serving alone takes too long."""

    why: str


def keeps(state: Steady | Unstable, target: Target) -> bool:
    """Say whether a queue keeps a target; an unstable one keeps none.

    Raises:
        UsageError: a target of no time, or a percentile outside 0-100.
    """
    _require_target(target)
    if isinstance(state, Unstable):
        return False
    match target:
        case MeanWait(seconds):
            return state.mean_wait_seconds <= seconds
        case WaitWithin(seconds, percentile):
            return state.wait_beyond(seconds) <= 1 - percentile / 100
        case ResponseWithin(seconds, percentile):
            return state.response_beyond(seconds) <= 1 - percentile / 100


def highest_utilisation(servers: int, service_seconds: float, target: Target) -> float | Unreachable:
    """Give the highest utilisation (0-1) at which so many servers keep the target.

    The target of an autoscaling policy on CPU may stand no higher than this.

    Raises:
        UsageError: servers, time or target that no system can have.
    """
    idle = Traffic(0.0, service_seconds, servers)
    if (why := _unreachable(service_seconds, target)) is not None:
        return Unreachable(why)
    low, high = 0.0, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        traffic = Traffic(middle * servers / idle.service_seconds, service_seconds, servers)
        low, high = (middle, high) if keeps(queue(traffic), target) else (low, middle)
    return low


def servers_for(arrival_rps: float, service_seconds: float, target: Target) -> int | Unreachable:
    """Give the least number of servers that keeps the target.

    Raises:
        UsageError: a rate, time or target that no system can have.
    """
    if (why := _unreachable(service_seconds, target)) is not None:
        return Unreachable(why)
    too_few, enough = 0, math.floor(Traffic(arrival_rps, service_seconds).load) + 1
    while not keeps(queue(Traffic(arrival_rps, service_seconds, enough)), target):
        too_few, enough = enough, 2 * enough
    while enough - too_few > 1:
        middle = (too_few + enough) // 2
        kept = keeps(queue(Traffic(arrival_rps, service_seconds, middle)), target)
        too_few, enough = (too_few, middle) if kept else (middle, enough)
    return enough


def square_root_staffing(load: float, wait_probability: float) -> int:
    """Give the servers at which about this share of requests waits: load + spare x sqrt(load), rounded up.

    The spare is that at which 1 / (1 + spare Phi(spare) / phi(spare)) is the share (Halfin and Whitt; Phi and phi
    are the normal distribution and its density). It falls a server short of what `servers_for` counts, or two where few
    may wait: good for a quick look, and for seeing how the spare grows.

    Args:
        load: in erlangs, above 0.
        wait_probability: above 0 and below 1.

    Raises:
        UsageError: a load or probability outside these.
    """
    if not (load > 0 and math.isfinite(load)):
        raise UsageError(f"a load of {load:g} erlangs: must be a number above 0")
    if not 0 < wait_probability < 1:
        raise UsageError(f"a wait probability of {wait_probability:g}: must lie between 0 and 1")
    low, high = 0.0, 40.0
    while (middle := (low + high) / 2) not in {low, high}:
        low, high = (middle, high) if _waiting(middle) > wait_probability else (low, middle)
    return max(math.ceil(load + high * math.sqrt(load)), math.floor(load) + 1)


def _waiting(spare: float) -> float:
    below = math.erfc(-spare / math.sqrt(2)) / 2
    density = math.exp(-(spare**2) / 2) / math.sqrt(2 * math.pi)
    return density / (density + spare * below)


def _unreachable(service_seconds: float, target: Target) -> str | None:
    """Say why even servers that are never busy miss the target."""
    if keeps(queue(Traffic(0.0, service_seconds)), target):
        return None
    return (
        f"{target.seconds:g} s is less than serving alone takes (mean {service_seconds:g} s); no number of servers "
        "helps: make the request itself cheaper"
    )


def _require_target(target: Target) -> None:
    if not (target.seconds >= 0 and math.isfinite(target.seconds)):
        raise UsageError(f"a target of {target.seconds:g} s: must be a number of at least 0")
    if target.seconds == 0 and not isinstance(target, WaitWithin):
        raise UsageError("a target of 0 s: nothing takes no time; ask how many may wait at all (WaitWithin 0 s)")
    if not isinstance(target, MeanWait) and not 0 <= target.percentile < 100:  # noqa: PLR2004 (per cent)
        raise UsageError(f"percentile {target.percentile:g}: must be at least 0 and below 100, such as 95")
