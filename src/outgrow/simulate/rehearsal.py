"""A rehearsal as a whole: the policy, what it is compared with, the curve of HPA targets, and both oracles."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import StrEnum
from typing import Final

from outgrow.plan.autoscaling import HpaPolicy
from outgrow.plan.services import ScalingPolicy
from outgrow.simulate.appraisal import Appraisal, Terms, appraise
from outgrow.simulate.bill import spot_cost
from outgrow.simulate.fast import fits_fast_way, rehearse_fast
from outgrow.simulate.many import fits_many, rehearse_many
from outgrow.simulate.oracle import HOLD, Limited, budget, feasible
from outgrow.simulate.rehearse import rehearse, replayable
from outgrow.simulate.service import ServiceModel
from outgrow.simulate.timeline import Timeline, totals_of
from outgrow.simulate.trace import Recorded, Trace

CURVE: Final = tuple(range(40, 100, 5))
"""Targets of the HPA that every policy is compared with, in percent of a replica's capacity."""

Told = Callable[[str, int, int], None]
"""Called with the name of what was rehearsed, how many are done, and how many there are."""


class Part(StrEnum):
    """What a row of a rehearsal is."""

    POLICY = "policy"
    COMPARED = "compared"
    CURVE = "curve"
    ORACLE = "oracle"


@dataclass(frozen=True, slots=True)
class Setting:
    """What everything is rehearsed in: the service, the trace, what is charged, and the oracles' scale-down hold.

    `recorded` tells the trace as it was recorded, before it was brought onto the grid of the decisions. `units` are
    those of the plan's signals, by name.
    """

    service: ServiceModel
    trace: Trace
    terms: Terms
    hold: timedelta = HOLD
    recorded: Recorded | None = None
    units: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """One timeline with its judgement.

    `gap` says how far the cost of the budget oracle may be above the least possible, as a share. `bounds` are the least
    and the most replicas that a policy may order.
    """

    name: str
    part: Part
    timeline: Timeline
    appraisal: Appraisal
    left_out: tuple[str, ...] = ()
    gap: float = 0.0
    bounds: tuple[int, int] | None = None

    @property
    def steps_at_maximum(self) -> int:
        """The steps, warm-up included, in which as many were ordered as the policy has at most."""
        return 0 if self.bounds is None else sum(each >= self.bounds[1] for each in self.timeline.ordered)


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """Everything that was rehearsed, the policy first; `totals` is the rate of every step in thousandths."""

    setting: Setting
    totals: list[int]
    rows: tuple[Rehearsed, ...]
    feasible: Rehearsed
    budget: Rehearsed
    allowed: float

    @property
    def policy(self) -> Rehearsed:
        """The policy that the rehearsal is about."""
        return self.rows[0]

    def regret(self, row: Rehearsed) -> float:
        """Give a row's cost over that of the feasible oracle."""
        return row.appraisal.score.regret(self.feasible.appraisal.score)

    def of(self, part: Part) -> tuple[Rehearsed, ...]:
        """Give the rows of one part."""
        return tuple(row for row in self.rows if row.part is part)

    def cost_on_spot(self) -> float | None:
        """What the policy costs with everything above its minimum on spot; None where a price is not known."""
        own, terms = self.policy, self.setting.terms
        if own.bounds is None or terms.price_per_hour is None or terms.spot_price_per_hour is None:
            return None
        scored = self.setting.service.step_seconds * len(self.totals) - terms.warm_up_seconds
        base = own.bounds[0] * scored / 3600
        return spot_cost(own.appraisal.bill, base, terms.price_per_hour, terms.spot_price_per_hour)

    def at_equal_cost(self) -> Rehearsed | None:
        """Give the HPA of the curve that costs nearest to the policy, but not more."""
        own = self.policy.appraisal.score.replica_hours
        cheaper = [row for row in self.of(Part.CURVE) if row.appraisal.score.replica_hours <= own]
        return max(cheaper, key=lambda row: row.appraisal.score.replica_hours, default=None)


def rehearsal(
    name: str,
    policies: Mapping[str, ScalingPolicy],
    setting: Setting,
    *,
    allowed: float | None = None,
    explained: bool = False,
    told: Told | None = None,
) -> Rehearsal:
    """Rehearse policies beside the curve of HPA targets and both oracles.

    Args:
        name: of the policy that this is about, one of `policies`; its bounds are those of the curve and the oracles.
        policies: by name.
        setting: that all of them meet.
        allowed: the share of demand that the budget oracle may leave unserved; without it what the policy leaves.
        explained: whether every decision of the policy `name` is kept with its reasons, which takes longer.
        told: is told of progress.

    Raises:
        UsageError: a policy cannot be rehearsed on recorded requests, or nothing is left to score.
    """
    own = policies[name]
    others = [(each, Part.COMPARED, policy) for each, policy in policies.items() if each != name]
    curve = [(f"HPA {percent} %", Part.CURVE, hpa_at(percent, own, setting.service)) for percent in CURVE]
    runs = [(name, Part.POLICY, own), *others, *curve]
    totals = totals_of(setting.trace, setting.service)
    total_runs = len(runs) + 2
    rows: list[Rehearsed] = []
    for each, part, policy in runs:
        if told is not None:
            told(each, len(rows), total_runs)
        kept, left_out = replayable(policy, setting.units)
        timeline = run(kept, setting, explained=explained and part is Part.POLICY)
        judged = _judged(each, part, timeline, setting, totals, left_out)
        rows.append(replace(judged, bounds=(policy.min, policy.max)))
    best = feasible(own, setting.service, setting.trace, setting.hold)
    share = rows[0].appraisal.score.unserved if allowed is None else allowed
    if told is not None:
        told("oracles", total_runs - 1, total_runs)
    warm_up = setting.terms.warm_up_seconds
    cheapest = budget(own, setting.service, setting.trace, share, hold=setting.hold, warm_up_seconds=warm_up)
    return Rehearsal(
        setting,
        totals,
        tuple(rows),
        _judged("feasible oracle", Part.ORACLE, best, setting, totals),
        _judged("budget oracle", Part.ORACLE, cheapest.timeline, setting, totals, gap=cheapest.gap),
        share,
    )


def run(policy: ScalingPolicy, setting: Setting, *, explained: bool = False) -> Timeline:
    """Rehearse one policy; where its reasons are not asked for, on the fastest way that knows it."""
    if not explained and fits_fast_way(policy, setting.service):
        return rehearse_fast(policy, setting.service, setting.trace)
    if not explained and fits_many(policy, setting.trace):
        return rehearse_many([policy], setting.service, setting.trace)[0]
    return rehearse(policy, setting.service, setting.trace)


def hpa_at(percent: int, limited: Limited, service: ServiceModel, kind: str = "pods") -> HpaPolicy:
    """Give an HPA with the default `behavior` that aims at a share of a replica's capacity.

    Its metric is by `kind` the rate of every ready replica (`pods`), the rate in all (`external`), or CPU (`resource`).
    """
    metric: dict[str, object] = {"kind": kind, "name": "requests", "average": service.capacity * percent / 100}
    if kind == "resource":
        metric = {"kind": kind, "name": "cpu", "utilization": percent}
    return HpaPolicy.model_validate(
        {"min": limited.min, "max": limited.max, "behavior": {}, "metrics": [metric]}, by_name=True
    )


def _judged(
    name: str,
    part: Part,
    timeline: Timeline,
    setting: Setting,
    totals: list[int],
    left_out: tuple[str, ...] = (),
    *,
    gap: float = 0.0,
) -> Rehearsed:
    found = appraise(timeline, setting.service, totals, setting.terms)
    return Rehearsed(name, part, timeline, found, left_out, gap)
