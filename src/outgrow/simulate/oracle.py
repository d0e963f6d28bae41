"""What could have been reached at best: a policy that knows the future and obeys the same physics."""

from collections import deque
from datetime import timedelta

from outgrow.plan.autoscaling import HpaPolicy
from outgrow.simulate.service import ServiceModel
from outgrow.simulate.timeline import Timeline, needed_for, steps_in, totals_of
from outgrow.simulate.trace import Trace


def feasible(
    policy: HpaPolicy, service: ServiceModel, trace: Trace, hold: timedelta = timedelta(minutes=5)
) -> Timeline:
    """Give the cheapest timeline that serves everything, within a policy's bounds.

    A replica is ordered one start-up before it is needed and leaves when it has not been needed for a whole `hold`.
    Where the maximum is too low for the demand, that part stays unserved. What the first start-up of the trace needs is
    taken to have been ordered before it began. `ordered` repeats `ready`: the orders are those, one start-up earlier.
    """
    totals = totals_of(trace, service)
    needed = needed_for(totals, service, policy.min)
    within = [min(max(each, policy.min), policy.max) for each in needed]
    held = tuple(_highest_of_last(within, max(1, steps_in(hold.total_seconds(), service))))
    return Timeline(service.step_seconds, needed, held, held)


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
