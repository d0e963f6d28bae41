"""What could have been reached at best: policies that know the future and obey the same physics.

Both obey the bounds and the scale-down hold: whatever was needed within the last `hold` is kept, unless there were
fewer replicas already (s(t) >= min(s(t - 1), M(t)), M the highest need of the hold). They order one start-up ahead;
what the first start-up of the trace needs is taken to have been ordered before it began.
"""

from collections import deque
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from outgrow.errors import UsageError
from outgrow.simulate.cheapest import cheapest_course
from outgrow.simulate.service import ServiceModel
from outgrow.simulate.timeline import Timeline, needed_for, steps_in, totals_of
from outgrow.simulate.trace import Trace

HOLD = timedelta(minutes=5)


class Limited(Protocol):
    """Whatever has a fewest and a most of replicas."""

    @property
    def min(self) -> int:
        """The fewest."""
        ...

    @property
    def max(self) -> int:
        """The most."""
        ...


@dataclass(frozen=True, slots=True)
class BudgetOracle:
    """The cheapest timeline found with at most `allowed` of the demand unserved.

    `gap` bounds how far its cost may be above the least possible, as a share; 0 where it is known to be the least.
    """

    timeline: Timeline
    allowed: float
    gap: float


def feasible(limited: Limited, service: ServiceModel, trace: Trace, hold: timedelta = HOLD) -> Timeline:
    """Give the cheapest timeline that serves everything, within the bounds.

    Where the maximum is too low for the demand, that part stays unserved. `ordered` repeats `ready`: the orders are
    those, one start-up earlier.
    """
    needed, held = _needed_and_held(limited, service, trace, hold)
    return Timeline(service.step_seconds, needed, held, held)


def budget(
    limited: Limited,
    service: ServiceModel,
    trace: Trace,
    allowed: float,
    *,
    hold: timedelta = HOLD,
    warm_up_seconds: int = 0,
) -> BudgetOracle:
    """Give the cheapest timeline that leaves at most `allowed` of the demand behind the warm-up unserved.

    The warm-up itself is served in full. What the maximum leaves unserved counts too, and cannot be bought.

    Raises:
        UsageError: a share below 0 or above 1, or nothing is left behind the warm-up.
    """
    if not 0 <= allowed <= 1:
        raise UsageError(f"an allowed share of {allowed:g}; it lies between 0 and 1")
    needed, held = _needed_and_held(limited, service, trace, hold)
    skipped = -(-warm_up_seconds // service.step_seconds)
    if skipped >= len(needed):
        raise UsageError(f"nothing is left behind a warm-up of {warm_up_seconds} s; there is nothing to rehearse")
    units = int(allowed * sum(needed[skipped:]) + 1e-9)
    before = held[skipped - 1] if skipped else None
    found = cheapest_course(needed[skipped:], held[skipped:], limited.min, units, before)
    ready = (*held[:skipped], *found.levels)
    return BudgetOracle(Timeline(service.step_seconds, needed, ready, ready), allowed, found.gap)


def _needed_and_held(
    limited: Limited, service: ServiceModel, trace: Trace, hold: timedelta
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    needed = needed_for(totals_of(trace, service), service, limited.min)
    within = [min(max(each, limited.min), limited.max) for each in needed]
    return needed, tuple(_highest_of_last(within, max(1, steps_in(hold.total_seconds(), service))))


def _highest_of_last(numbers: list[int], count: int) -> list[int]:
    queue: deque[int] = deque()
    highest: list[int] = []
    for index, number in enumerate(numbers):
        while queue and numbers[queue[-1]] <= number:
            queue.pop()
        queue.append(index)
        if queue[0] <= index - count:
            queue.popleft()
        highest.append(numbers[queue[0]])
    return highest
