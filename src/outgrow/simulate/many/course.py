"""The course of many policies through a trace: what each ordered and what was ready, step by step."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, cast

import numpy as np
from numpy.typing import NDArray

from outgrow.plan.keda import KedaPolicy
from outgrow.plan.services import ScalingPolicy
from outgrow.simulate.many.around import Around
from outgrow.simulate.many.extremes import Extremes
from outgrow.simulate.many.hpa import ManyHpas, Moment
from outgrow.simulate.many.keda import ManyKedas
from outgrow.simulate.service import ServiceModel
from outgrow.simulate.timeline import Demand, Timeline, demand_of, first_replicas, read_totals, steps_in
from outgrow.simulate.trace import Trace

if TYPE_CHECKING:
    from outgrow.plan.autoscaling import HpaPolicy

_AT_ONCE: Final = 1024
"""Steps that are handed over together."""

Table = NDArray[np.float64]
"""A row a step, a column a policy."""


@dataclass(frozen=True, slots=True)
class Courses:
    """Some steps from `start` on: replicas ordered at the end of each step, and those ready that served it."""

    start: int
    ordered: Table
    ready: Table


def courses_of(
    policies: Sequence[ScalingPolicy], service: ServiceModel, trace: Trace, demand: Demand | None = None
) -> Iterator[Courses]:
    """Run policies over recorded traffic, all of one group of `groups_of`.

    Args:
        policies: one at least.
        service: that the trace meets.
        trace: recorded traffic.
        demand: of just this trace, service and minimum, where it is known already.

    Yields:
        The steps in their order, some at a time.
    """
    given, columns = policies[0], len(policies)
    demand = demand_of(trace, service, given.min) if demand is None else demand
    first = first_replicas(demand.needed, service, given)
    around, deciders = Around(given, service), _deciders(policies, service)
    # The youngest leaves first, so ready is what has been there all through the last start-up: its lowest order.
    fleet = Extremes(max(1, steps_in(service.start_up_seconds, service)), columns, "lowest", float(first))
    ready, current = np.full(columns, float(first)), np.full(columns, float(first))
    totals, now, bounds = read_totals(demand.totals, service), trace.start, around.bounds(trace.start)
    for start in range(0, len(totals), _AT_ONCE):
        part = totals[start : start + _AT_ONCE]
        found = Courses(start, np.empty((len(part), columns)), np.empty((len(part), columns)))
        # No replica, nothing ordered: what is divided by nothing is looked at by nobody.
        with np.errstate(divide="ignore", invalid="ignore"):
            for row, total in enumerate(part):
                step = start + row
                if around.knows_time:
                    now = trace.moment(step * service.step_seconds)
                    bounds = around.bounds(now)
                found.ready[row] = ready
                judged = deciders.judge(Moment(step, float(total), bounds.least, bounds.most), ready, current)
                before, current = current, around.ordered(judged, current, now)
                deciders.remember(step, before, current)
                found.ordered[row] = current
                fleet.pushed(current, ready)
        yield found


def rehearse_many(
    policies: Sequence[ScalingPolicy], service: ServiceModel, trace: Trace, demand: Demand | None = None
) -> list[Timeline]:
    """Give the numbers of `rehearse` for policies of one group, without the decisions."""
    demand = demand_of(trace, service, policies[0].min) if demand is None else demand
    found = list(courses_of(policies, service, trace, demand))
    ready = np.concatenate([each.ready for each in found]).astype(np.int64).T
    ordered = np.concatenate([each.ordered for each in found]).astype(np.int64).T
    return [
        Timeline(service.step_seconds, demand.needed, tuple(ready[column].tolist()), tuple(ordered[column].tolist()))
        for column in range(len(policies))
    ]


def _deciders(policies: Sequence[ScalingPolicy], service: ServiceModel) -> ManyHpas | ManyKedas:
    given = policies[0]
    if isinstance(given, KedaPolicy):
        return ManyKedas(cast("Sequence[KedaPolicy]", policies), service)
    leaves = bool(given.schedules) or given.pause is not None
    return ManyHpas(cast("Sequence[HpaPolicy]", policies), service, leaves_bounds=leaves)
