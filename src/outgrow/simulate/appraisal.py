"""Everything that is told of a timeline: the score it is gated on, and beside it elasticity, latency and the bill."""

from dataclasses import dataclass

from outgrow.errors import UsageError
from outgrow.simulate.bill import Bill, bill
from outgrow.simulate.elasticity import Elasticity, elasticity
from outgrow.simulate.latency import LatencyEstimate, latency, latency_by_step
from outgrow.simulate.score import Score, score
from outgrow.simulate.service import ServiceModel
from outgrow.simulate.timeline import Timeline


@dataclass(frozen=True, slots=True)
class Terms:
    """What a timeline is held against.

    `objective_seconds` is the p95 that holds at a replica's capacity; without it nothing is said of latency. A run of a
    replica is charged in units of `billing_seconds`.
    """

    warm_up_seconds: int = 0
    objective_seconds: float | None = None
    billing_seconds: int = 1
    price_per_hour: float | None = None
    spot_price_per_hour: float | None = None
    """Of capacity that may be taken back; replicas above a policy's minimum may run on it."""

    def __post_init__(self) -> None:
        """Refuse what cannot be.

        Raises:
            UsageError: a warm-up below 0, a billing unit below 1 s, or a price below 0.
        """
        if self.warm_up_seconds < 0 or self.billing_seconds < 1 or (self.price_per_hour or 0) < 0:
            raise UsageError("a warm-up is at least 0 s, a billing unit at least 1 s and a price at least 0")


@dataclass(frozen=True, slots=True)
class Appraisal:
    """One timeline, judged."""

    score: Score
    elasticity: Elasticity
    bill: Bill
    latency: LatencyEstimate | None


def appraise(timeline: Timeline, service: ServiceModel, totals: list[int], terms: Terms) -> Appraisal:
    """Judge a timeline of a service that met `totals`, the rate of every step in thousandths of a request a second.

    Raises:
        UsageError: nothing is left behind the warm-up.
    """
    found = score(timeline, terms.warm_up_seconds)
    skipped = -(-terms.warm_up_seconds // timeline.step_seconds)
    estimate = None
    if terms.objective_seconds is not None:
        by_step = latency_by_step(timeline, totals, service, terms.objective_seconds)
        estimate = latency(by_step, totals, timeline.step_seconds, skipped, terms.objective_seconds)
    charged = bill(timeline, skipped, terms.billing_seconds, terms.price_per_hour)
    return Appraisal(found, elasticity(timeline, skipped), charged, estimate)
