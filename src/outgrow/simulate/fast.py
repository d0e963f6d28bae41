"""The same rehearsal without its reasons, for the search over many policies.

Only the common case is done here: usage over target, the tolerance and the windows, in whole numbers and without
records. As soon as the number of replicas would change, rates and bounds are those of the policy itself.
"""

from collections import deque
from collections.abc import Callable
from datetime import timedelta
from math import ceil
from typing import TypeGuard

from outgrow.autoscale.hpa.history import HpaState, happened
from outgrow.autoscale.hpa.limits import Bounds, bounded, rates_down, rates_up
from outgrow.autoscale.hpa.proposals import MOST, Tolerances, tolerances_of
from outgrow.errors import UsageError
from outgrow.plan.autoscaling import ExternalMetric, HpaPolicy, ObjectMetric, PodsMetric, ResourceMetric, milli
from outgrow.plan.services import ScalingPolicy
from outgrow.simulate.busy import FULLY_BUSY, busy_share, is_busy_share
from outgrow.simulate.fleet import Fleet
from outgrow.simulate.service import ServiceModel
from outgrow.simulate.timeline import Demand, Timeline, demand_of, first_replicas, read_totals, steps_in
from outgrow.simulate.trace import START, Trace

Wanted = Callable[[int, int, int], int | None]
"""From the total rate in thousandths, the replicas ready and those ordered to what the metric asks for."""


def rehearse_fast(policy: HpaPolicy, service: ServiceModel, trace: Trace, demand: Demand | None = None) -> Timeline:
    """Give the numbers of `rehearse` for a policy of one metric, some fifty times as fast.

    Args:
        policy: of one metric.
        service: that the trace meets.
        trace: recorded traffic.
        demand: of just this trace, service and minimum, where it is known already.

    Raises:
        UsageError: a policy of several metrics, or of one that `rehearse` refuses.
    """
    if demand is None:
        demand = demand_of(trace, service, policy.min)
    needed = demand.needed
    wanted_for = _wanted(policy, service)
    first = first_replicas(needed, service, policy)
    fleet = Fleet(first, steps_in(service.start_up_seconds, service))
    up, down = _windows(policy, service.step_seconds, first)
    up_looks_back = up.steps >= 0
    limits = _Limits(policy, service.step_seconds)
    off_at_zero, symmetric = policy.min != 0, policy.behavior is not None
    ready: list[int] = []
    ordered: list[int] = []
    current = first
    for step, total in enumerate(read_totals(demand.totals, service)):
        if step >= fleet.next_ready:
            fleet.reach(step)
        serving = fleet.ready
        ready.append(serving)
        wanted = wanted_for(total, serving, current)
        if wanted is not None and not (current == 0 and off_at_zero):
            highest = down.extreme(step, wanted)
            if symmetric:
                lowest = up.extreme(step, wanted) if up_looks_back else wanted
                held = min(max(current, lowest), highest)
            else:
                held = highest
            if held != current:
                current = limits.let_through(current, held, step)
                fleet.order(current, step)
        ordered.append(current)
    return Timeline(service.step_seconds, needed, tuple(ready), tuple(ordered))


# --- metrics ---


def fits_fast_way(policy: ScalingPolicy, service: ServiceModel) -> TypeGuard[HpaPolicy]:
    """Say whether a policy has one metric, of a kind that the fast way knows, and nothing else that bounds it."""
    if not isinstance(policy, HpaPolicy):
        return False
    if len(policy.metrics) != 1:
        return False
    pool = policy.caps.database_pool and service.pool_room is not None
    if policy.schedules or policy.caps.budget_per_month is not None or pool or policy.pause is not None:
        return False
    metric = policy.metrics[0]
    match metric:
        case PodsMetric():
            return True
        case ObjectMetric() | ExternalMetric():
            return metric.average is not None
        case _:
            return is_busy_share(metric)


def _wanted(policy: HpaPolicy, service: ServiceModel) -> Wanted:
    if len(policy.metrics) != 1:
        raise UsageError(f"{len(policy.metrics)} metrics; the fast way knows policies of one metric")
    metric = policy.metrics[0]
    match metric:
        case ResourceMetric() if is_busy_share(metric):
            return _per_busy_share(metric.utilization or 0, service, tolerances_of(policy))
        case PodsMetric():
            return _per_ready_replica(milli(metric.average), tolerances_of(policy))
        case ObjectMetric() | ExternalMetric() if metric.average is not None:
            return _per_replica(milli(metric.average), tolerances_of(policy))
        case _:
            raise UsageError(
                f"metric {metric.name}: the fast way knows averages of pods, objects and external metrics, and CPU"
            )


def _per_replica(target: int, tolerances: Tolerances) -> Wanted:
    aim, low, high = float(target), 1.0 - tolerances.down, 1.0 + tolerances.up

    def wanted(total: int, _: int, ordered: int) -> int:
        if ordered and low <= total / (aim * ordered) <= high:
            return ordered
        return min(ceil(total / aim), MOST)

    return wanted


def _per_ready_replica(target: int, tolerances: Tolerances) -> Wanted:
    aim, low, high = float(target), 1.0 - tolerances.down, 1.0 + tolerances.up

    def wanted(total: int, ready: int, ordered: int) -> int | None:
        if not ready:
            return None
        each = total // ready
        ratio = each / aim
        if ratio <= 1.0 or ready == ordered:
            return ordered if low <= ratio <= high else min(ceil(ratio * ready), MOST)
        # Replicas that are still starting count as idle, and must not turn growth into its opposite.
        careful = (each * ready // ordered) / aim
        replicas = min(ceil(careful * ordered), MOST)
        if careful < 1.0 or (careful > 1.0 and replicas < ordered) or low <= careful <= high:
            return ordered
        return replicas

    return wanted


def _per_busy_share(target: int, service: ServiceModel, tolerances: Tolerances) -> Wanted:
    low, high = 1.0 - tolerances.down, 1.0 + tolerances.up
    busy = busy_share(service)

    def wanted(total: int, ready: int, ordered: int) -> int | None:
        if not ready:
            return None
        each = busy(total, ready)
        ratio = float(each * 100 // FULLY_BUSY) / target
        if ratio <= 1.0 or ready == ordered:
            return ordered if low <= ratio <= high else min(ceil(ratio * ready), MOST)
        careful = float(each * ready * 100 // (FULLY_BUSY * ordered)) / target
        replicas = min(ceil(careful * ordered), MOST)
        if careful < 1.0 or (careful > 1.0 and replicas < ordered) or low <= careful <= high:
            return ordered
        return replicas

    return wanted


# --- windows ---


class _Window:
    """The extreme of the recommendations of the last steps, kept as a queue that only falls (or only rises)."""

    def __init__(self, steps: int, sign: int, first: int) -> None:
        self.steps = steps
        """How old a recommendation may be; below 0 only the newest one counts."""
        self._sign = sign
        self._queue: deque[tuple[int, int]] = deque([(0, sign * first)])

    def extreme(self, step: int, wanted: int) -> int:
        """Give the extreme of the window with `wanted`, which belongs to it from now on."""
        queue, new = self._queue, self._sign * wanted
        oldest = step - self.steps
        while queue and queue[0][0] < oldest:
            queue.popleft()
        while queue and queue[-1][1] <= new:
            queue.pop()
        queue.append((step, new))
        return self._sign * queue[0][1]


def _windows(policy: HpaPolicy, step_seconds: int, first: int) -> tuple[_Window, _Window]:
    """Give the windows for up (its lowest) and down (its highest) of a controller that has just started."""
    otherwise = policy.controller.downscale_stabilization
    if policy.behavior is None:
        # A recommendation exactly as old as the window still counts.
        return _Window(-1, -1, first), _Window(int(otherwise.total_seconds() // step_seconds), 1, first)
    up, down = policy.behavior.up.window, policy.behavior.down.window
    lengths = (timedelta(0) if up is None else up, otherwise if down is None else down)
    steps = [ceil(length.total_seconds() / step_seconds) - 1 for length in lengths]
    return _Window(steps[0], -1, first), _Window(steps[1], 1, first)


# --- rates and bounds ---


class _Limits:
    """The rates and bounds of a policy, with the changes that they have to remember."""

    def __init__(self, policy: HpaPolicy, step_seconds: int) -> None:
        self._policy = policy
        self._bounds = Bounds(policy.min, policy.max)
        self._step = timedelta(seconds=step_seconds)
        self._state = HpaState(())

    def let_through(self, current: int, wanted: int, step: int) -> int:
        """Give what becomes of a number, and remember the change."""
        behavior, state, now = self._policy.behavior, self._state, START + step * self._step
        replicas = bounded(behavior, self._bounds, current, wanted, state, now).replicas
        if behavior is not None and replicas > current:
            ups = happened(state.ups, replicas - current, rates_up(behavior), now)
            self._state = HpaState((), ups, state.downs)
        elif behavior is not None and replicas < current:
            downs = happened(state.downs, current - replicas, rates_down(behavior), now)
            self._state = HpaState((), state.ups, downs)
        return replicas
