"""How long requests would have taken: an estimate from queueing, with the unserved work carried over.

A replica is taken as one queue of exponential service times (M/M/1; L. Kleinrock, Queueing Systems, volume 1, 1975,
section 3.2), whose response time is exponential with the rate mu - lambda. Its speed mu follows from what the plan
already says: at its capacity the p95 is the objective, so mu = capacity + ln 20 / objective. Work beyond mu waits in a
backlog that all ready replicas drain; a request then waits for the backlog before it and takes its response time.

It is an estimate to compare policies by. Real service times are less spread (the estimate is too high), real load is
less even (too low), replicas share a database (too low), and clients give up or try again, which nothing here does. One
step is one state: what happens within it, and what a steady state would only reach after it, is not seen, so the part
of the response that is no backlog is at most the objective and one step.
"""

from dataclasses import dataclass
from math import log
from typing import Final

import numpy as np
from numpy.typing import NDArray

from outgrow.errors import UsageError
from outgrow.simulate.service import ServiceModel
from outgrow.simulate.timeline import Timeline

_TAIL: Final = 0.05
_LN20: Final = log(1 / _TAIL)
_FLOORED: Final = 1e-9
_HALVINGS: Final = 60

Steps = NDArray[np.float64]
"""One number a step."""


@dataclass(frozen=True, slots=True)
class LatencyEstimate:
    """What the estimate says of the steps that are scored.

    `p95_seconds` is that of all requests together; infinite where at least 5 % meet no ready replica until the end.
    `violation_minutes` is the time in which the estimated p95 of a step is above the objective.
    """

    objective_seconds: float
    p95_seconds: float
    violation_minutes: float
    longest_violation_minutes: float
    highest_backlog: float


@dataclass(frozen=True, slots=True)
class StepLatency:
    """Step by step: requests waiting at its end, what the backlog costs a request, the rate of the response time."""

    backlog: Steps
    wait_seconds: Steps
    response_rate: Steps

    @property
    def p95_seconds(self) -> Steps:
        """The estimated p95 of each step; infinite where no replica is ready and work waits."""
        return self.wait_seconds + _LN20 / self.response_rate


def latency_by_step(
    timeline: Timeline, totals: list[int], service: ServiceModel, objective_seconds: float
) -> StepLatency:
    """Estimate every step of a timeline.

    Args:
        timeline: of the service.
        totals: the rate of every step in thousandths of a request a second.
        service: what one replica carries.
        objective_seconds: the p95 at that capacity.

    Raises:
        UsageError: an objective that is not above 0.
    """
    rates = np.asarray(totals, dtype=np.float64) / 1000
    return followed(rates, np.asarray(timeline.ready, dtype=np.float64), service, objective_seconds).steps


@dataclass(frozen=True, slots=True)
class Followed:
    """Some steps followed, and where they left the queue.

    `change` is what has come in beyond what could be served in all, `lowest` the lowest that this has ever been.
    """

    steps: StepLatency
    change: Steps
    lowest: Steps
    backlog: Steps


def followed(
    rates: Steps, ready: Steps, service: ServiceModel, objective_seconds: float, before: Followed | None = None
) -> Followed:
    """Follow the queue of one timeline, or of many side by side, over some steps.

    Args:
        rates: requests a second by step; of many timelines a column of its own.
        ready: the replicas that served them, by step; of many a column each.
        service: what one replica carries.
        objective_seconds: the p95 at that capacity.
        before: what the steps before these gave; without it the queue is empty.

    Raises:
        UsageError: an objective that is not above 0.
    """
    if not 0 < objective_seconds < float("inf"):
        raise UsageError(f"an objective of {objective_seconds:g} s; it must be above 0")
    step = float(service.step_seconds)
    speed = service.capacity + _LN20 / objective_seconds
    serving = ready * speed
    change = (rates - serving) * step
    if before is not None:
        change[0] += before.change
    np.cumsum(change, axis=0, out=change)
    # Lindley's recursion: what has come in beyond what could be served since the queue was last empty.
    lowest = np.minimum(np.minimum.accumulate(change, axis=0), 0.0 if before is None else before.lowest)
    backlog = change - lowest
    earlier = np.empty_like(backlog)
    earlier[0] = 0.0 if before is None else before.backlog
    earlier[1:] = backlog[:-1]
    highest = np.maximum(backlog, earlier)
    with np.errstate(divide="ignore", invalid="ignore"):
        waits = np.where(highest > _FLOORED, highest / serving, 0.0)
        each = np.where(ready > 0, rates / np.maximum(ready, 1.0), speed)
    slowest = _LN20 / (objective_seconds + step)
    found = StepLatency(backlog, waits, np.maximum(speed - each, slowest))
    return Followed(found, change[-1], lowest[-1], backlog[-1])


def violated(steps: StepLatency, rates: Steps, objective_seconds: float) -> NDArray[np.bool_]:
    """Say of each step whether its p95 is above the objective; a step without requests is no violation."""
    return (steps.p95_seconds > objective_seconds * (1 + _FLOORED)) & (rates > 0)


def latency(
    found: StepLatency, totals: list[int], step_seconds: int, skipped: int, objective: float
) -> LatencyEstimate:
    """Sum up the steps behind the first `skipped`; steps without requests are no violation."""
    rates = np.asarray(totals[skipped:], dtype=np.float64)
    waits, response = found.wait_seconds[skipped:], found.response_rate[skipped:]
    above = violated(StepLatency(found.backlog[skipped:], waits, response), rates, objective)
    ends = np.flatnonzero(np.diff(np.concatenate(([0], above.astype(np.int8), [0]))))
    longest = int(np.max(ends[1::2] - ends[::2], initial=0))
    return LatencyEstimate(
        objective_seconds=objective,
        p95_seconds=_p95(waits, response, rates),
        violation_minutes=float(np.count_nonzero(above)) * step_seconds / 60,
        longest_violation_minutes=longest * step_seconds / 60,
        highest_backlog=float(np.max(found.backlog[skipped:], initial=0.0)),
    )


def _p95(waits: Steps, response: Steps, rates: Steps) -> float:
    """Find where 5 % of all requests lie beyond, each step being its wait and an exponential response time."""
    allowed = _TAIL * float(rates.sum())
    if allowed == 0:
        return 0.0
    endless = np.isinf(waits)
    if float(rates[endless].sum()) >= allowed:
        return float("inf")
    low, high = 0.0, float(np.max((waits + _LN20 / response)[~endless], initial=0.0))
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        beyond = np.where(waits >= middle, 1.0, np.exp(-response * np.maximum(middle - waits, 0.0)))
        low, high = (middle, high) if float((rates * beyond).sum()) > allowed else (low, middle)
        if high - low < high * 1e-4:
            break
    return high
