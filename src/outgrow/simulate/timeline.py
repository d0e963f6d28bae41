"""What a rehearsal gives: step by step how much was needed, ordered and ready."""

from dataclasses import dataclass
from math import ceil
from typing import Final

from outgrow.autoscale.hpa.proposals import MOST
from outgrow.errors import UsageError
from outgrow.facts.scaling import ScalingDecision
from outgrow.plan.autoscaling import PolicyBase
from outgrow.simulate.service import ServiceModel
from outgrow.simulate.trace import Trace

_MOST_THOUSANDTHS: Final = 2**53
"""Beyond it a float no longer tells whole numbers apart, and the controller counts in them."""


@dataclass(frozen=True, slots=True)
class Timeline:
    """One number of replicas a step, from the trace's start.

    `needed` is the fewest that carry the rate, `ready` what served it, `ordered` what was ordered at the end of the
    step. `decisions` is empty where only the numbers were asked for.
    """

    step_seconds: int
    needed: tuple[int, ...]
    ready: tuple[int, ...]
    ordered: tuple[int, ...]
    decisions: tuple[ScalingDecision, ...] = ()


@dataclass(frozen=True, slots=True)
class Demand:
    """What a trace asks of a service, step by step: rates in thousandths of a request a second, replicas needed."""

    totals: list[int]
    needed: tuple[int, ...]


def demand_of(trace: Trace, service: ServiceModel, least: int) -> Demand:
    """Cut a trace into the steps of a service whose policy has `least` replicas; worked out once for many policies.

    Raises:
        UsageError: the trace's interval is not a whole number of steps, or a rate is beyond counting.
    """
    totals = totals_of(trace, service)
    return Demand(totals, needed_for(totals, service, least))


def read_totals(totals: list[int], service: ServiceModel) -> list[int]:
    """Give the rate that the policy reads at every step: scraped every so often, and one metric lag old."""
    lag, every = steps_in(service.metric_lag_seconds, service), max(1, steps_in(service.scrape_seconds, service))
    if every == 1:
        return (totals[:1] * lag + totals)[: len(totals)]
    return [totals[max(0, step - lag) // every * every] for step in range(len(totals))]


def totals_of(trace: Trace, service: ServiceModel) -> list[int]:
    """Give the rate of every step in thousandths of a request a second.

    Raises:
        UsageError: the trace's interval is not a whole number of steps, or a rate is beyond counting.
    """
    steps, rest = divmod(trace.interval_seconds, service.step_seconds)
    if rest or not steps:
        raise UsageError(
            f"intervals of {trace.interval_seconds} s are not a whole number of steps of {service.step_seconds} s"
        )
    highest = max(trace.rates)
    if highest * 1000 > _MOST_THOUSANDTHS:
        raise UsageError(f"a rate of {highest:g} requests/s is beyond what can be counted exactly")
    return [round(rate * 1000) for rate in trace.rates for _ in range(steps)]


def needed_for(totals: list[int], service: ServiceModel, least: int) -> tuple[int, ...]:
    """Give the fewest replicas that carry each rate; one at least, unless the service may go to zero."""
    capacity = max(1, round(service.capacity * 1000))
    floor = min(1, least)
    return tuple(min(MOST, max(floor, -(-total // capacity))) for total in totals)


def first_replicas(needed: tuple[int, ...], service: ServiceModel, policy: PolicyBase) -> int:
    """Give the number of replicas that a rehearsal begins with."""
    first = needed[0] if service.start_replicas is None else service.start_replicas
    return min(max(first, policy.min), policy.max)


def steps_in(seconds: float, service: ServiceModel) -> int:
    """Give a time in steps, rounded up."""
    return ceil(seconds / service.step_seconds)
