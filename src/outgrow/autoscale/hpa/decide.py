"""One decision of the HorizontalPodAutoscaler, with its reasons and with what it would have been without them."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from outgrow.autoscale.hpa.history import HpaState, Recommendation, happened
from outgrow.autoscale.hpa.limits import Bounded, Bounds, bounded, rates_down, rates_up, stabilized
from outgrow.autoscale.hpa.proposals import MOST, propose
from outgrow.autoscale.observed import Observation
from outgrow.facts.scaling import Counterfactual, Proposal, Rule, ScalingDecision
from outgrow.plan.autoscaling import HpaPolicy

State = HpaState


def decide(policy: HpaPolicy, seen: Observation, state: State, now: datetime) -> tuple[ScalingDecision, State]:
    """Say how many replicas there should be, and what to remember once that has been ordered.

    Args:
        policy: the HorizontalPodAutoscaler.
        seen: one reading for every metric of the policy, in their order.
        state: what the decision before this one handed back; `HpaState()` for a controller that has just started.
        now: the moment of the decision, timezone-aware, never before that of the last one.

    Raises:
        ValueError: not as many readings as metrics.
    """
    decision, remembered = judge(policy, seen, state, now)
    return decision, carried_out(policy, decision, remembered)


def judge(policy: HpaPolicy, seen: Observation, state: State, now: datetime) -> tuple[ScalingDecision, State]:
    """Say how many replicas there should be, without taking for granted that they will be ordered.

    The state knows of this recommendation but of no change: hand both to `carried_out` when the order succeeded.
    """
    if len(seen.readings) != len(policy.metrics):
        raise ValueError(f"{len(seen.readings)} readings for {len(policy.metrics)} metrics; give one for each")
    if state.recommendations is None:
        state = replace(state, recommendations=(Recommendation(seen.replicas, now),))
    current = seen.replicas
    if current == 0 and policy.min != 0:
        return ScalingDecision(now, 0, 0, Rule.OFF, "ScalingDisabled"), state
    if current > policy.max:
        return ScalingDecision(now, current, policy.max, Rule.MAXIMUM, "TooManyReplicas"), state
    if current < policy.min:
        return ScalingDecision(now, current, policy.min, Rule.MINIMUM, "TooFewReplicas"), state

    pairs = zip(policy.metrics, seen.readings, strict=True)
    proposals = tuple(propose(metric, reading, seen, policy, now) for metric, reading in pairs)
    wanted, metric = _largest([(each.replicas, each.metric) for each in proposals])
    failed = any(each.replicas is None for each in proposals)
    if wanted is None or (failed and wanted < current):
        # What cannot be read might have asked for more, so nothing goes down.
        return ScalingDecision(now, current, current, Rule.FAILED, "FailedMetric", proposals), state
    wanted = max(wanted, 0)
    held, remembered = stabilized(policy.behavior, policy.controller, current, wanted, state, now)
    path = _Path(policy, state, current, now)
    outcome = path.bounded(held)
    found = ScalingDecision(
        at=now,
        current=current,
        desired=outcome.replicas,
        rule=_winner(outcome, held, wanted, current, proposals),
        condition=outcome.condition,
        proposals=proposals,
        metric=metric,
        recommended=wanted,
        stabilized=held,
        counterfactuals=tuple(path.without_each_rule(outcome.replicas, held, wanted, proposals)),
    )
    return found, replace(state, recommendations=remembered)


def carried_out(policy: HpaPolicy, decision: ScalingDecision, state: State) -> State:
    """Remember that a decision's change was ordered; without a behavior changes are not remembered."""
    change = decision.desired - decision.current
    if policy.behavior is None or change == 0:
        return state
    if change > 0:
        return replace(state, ups=happened(state.ups, change, rates_up(policy.behavior), decision.at))
    return replace(state, downs=happened(state.downs, -change, rates_down(policy.behavior), decision.at))


def _largest(proposals: list[tuple[int | None, str]]) -> tuple[int | None, str]:
    """Give the largest proposal and its metric; of equal ones the first."""
    largest: int | None = None
    name = ""
    for replicas, metric in proposals:
        if replicas is not None and (not largest or replicas > largest):
            largest, name = replicas, metric
    return largest, name


def _winner(outcome: Bounded, held: int, wanted: int, current: int, proposals: tuple[Proposal, ...]) -> Rule:
    """Name the rule that had the last word."""
    if outcome.rule is not None:
        return outcome.rule
    if held != wanted:
        return Rule.WINDOW
    kept = held == current and any(each.within_tolerance for each in proposals)
    return Rule.TOLERANCE if kept else Rule.TARGET


@dataclass(frozen=True, slots=True)
class _Path:
    """What a recommendation goes through at one moment."""

    policy: HpaPolicy
    state: State
    current: int
    now: datetime

    def bounded(self, wanted: int) -> Bounded:
        bounds = Bounds(self.policy.min, self.policy.max)
        return bounded(self.policy.behavior, bounds, self.current, wanted, self.state, self.now)

    def without_each_rule(
        self, desired: int, held: int, wanted: int, proposals: tuple[Proposal, ...]
    ) -> Iterator[Counterfactual]:
        """Say what it would have been without one rule, where that makes a difference."""
        policy, behavior = self.policy, self.policy.behavior
        raw, _ = _largest([(each.raw, each.metric) for each in proposals])
        if raw is not None and raw != wanted:
            again, _ = stabilized(behavior, policy.controller, self.current, max(raw, 0), self.state, self.now)
            yield from _differs(Rule.TOLERANCE, self.bounded(again).replicas, desired)
        yield from _differs(Rule.WINDOW, self.bounded(wanted).replicas, desired)
        yield from _differs(Rule.RATE, min(max(held, policy.min), policy.max), desired)
        for rule, bounds in ((Rule.MINIMUM, Bounds(0, policy.max)), (Rule.MAXIMUM, Bounds(policy.min, MOST))):
            free = bounded(behavior, bounds, self.current, held, self.state, self.now)
            yield from _differs(rule, free.replicas, desired)


def _differs(rule: Rule, replicas: int, desired: int) -> Iterator[Counterfactual]:
    if replicas != desired:
        yield Counterfactual(rule, replicas)
