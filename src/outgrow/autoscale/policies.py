"""The one door to all policies: start, decide, and keep the memory between two decisions as JSON.

Around every policy stand the same rules, in this order: hours of the calendar set the bounds that it decides within;
caps (budget, connection pool) lower what it asks for, though never below its `min` and never where a metric failed;
a pause has the last word.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Any, Final, TypeVar, assert_never

from pydantic import TypeAdapter, ValidationError

from outgrow.autoscale import hpa, keda, predictive
from outgrow.autoscale.caps import Spending, budget_cap, spending
from outgrow.autoscale.hpa.limits import Bounds
from outgrow.autoscale.observed import Observation
from outgrow.autoscale.schedules import bounds_at
from outgrow.errors import UsageError
from outgrow.facts.decisions import JsonObject
from outgrow.facts.scaling import Counterfactual, Rule, ScalingDecision
from outgrow.plan.autoscaling import HpaPolicy
from outgrow.plan.keda import KedaPolicy
from outgrow.plan.predictive import PredictivePolicy
from outgrow.plan.services import ScalingPolicy

Memory = hpa.HpaState | keda.KedaState | predictive.PredictiveState
"""What one of the policies remembers."""


_Kind = TypeVar("_Kind", hpa.HpaState, keda.KedaState, predictive.PredictiveState)


@dataclass(frozen=True, slots=True)
class PolicyState:
    """What is remembered between two decisions: the policy's own memory, and the money of the month."""

    memory: Memory
    spending: Spending | None = None


_EMPTY: Final[Mapping[str, type[Memory]]] = {
    "hpa": hpa.HpaState,
    "keda": keda.KedaState,
    "predictive": predictive.PredictiveState,
}


def start(policy: ScalingPolicy) -> PolicyState:
    """Give the memory of a policy that has just started."""
    return PolicyState(_EMPTY[policy.policy]())


def decide(
    policy: ScalingPolicy, seen: Observation, state: PolicyState, now: datetime
) -> tuple[ScalingDecision, PolicyState]:
    """Say how many replicas there should be, and what to remember once that has been ordered.

    Args:
        policy: of any kind.
        seen: one reading for every metric of the policy, in their order, and what is known of the service.
        state: what the decision before this one handed back, or `start(policy)`.
        now: the moment of the decision, timezone-aware, never before that of the last one.

    Raises:
        ValueError: not as many readings as metrics.
    """
    decision, remembered = judge(policy, seen, state, now)
    return decision, carried_out(policy, decision, remembered)


def judge(
    policy: ScalingPolicy, seen: Observation, state: PolicyState, now: datetime
) -> tuple[ScalingDecision, PolicyState]:
    """Say how many replicas there should be, without taking for granted that they will be ordered.

    Hand both to `carried_out` when the order succeeded; when it failed, go on from this state as it is.
    """
    if not policy.schedules:
        decision, memory = _judged(policy, seen, state.memory, now)
    else:
        bounds = bounds_at(policy, now, seen.service.timezone)
        decision, memory = _judged(_within(policy, bounds), seen, state.memory, now)
        if bounds != Bounds(policy.min, policy.max):
            decision = _by_schedule(decision, _judged(policy, seen, state.memory, now)[0].desired)
    money = state.spending
    if policy.caps.budget_per_month is not None:
        money = spending(seen, money, now)
        decision = _capped(decision, policy, Rule.BUDGET, budget_cap(policy, seen, money, now))
    if policy.caps.database_pool and seen.service.pool_room is not None:
        decision = _capped(decision, policy, Rule.POOL, seen.service.pool_room)
    if policy.pause is not None:
        decision = _paused(decision, policy)
    return decision, PolicyState(memory, money)


def carried_out(policy: ScalingPolicy, decision: ScalingDecision, state: PolicyState) -> PolicyState:
    """Remember that a decision's change was ordered."""
    memory, money = state.memory, state.spending
    if isinstance(policy, HpaPolicy):
        memory = hpa.carried_out(policy, decision, _memory(memory, hpa.HpaState))
    elif isinstance(policy, KedaPolicy):
        memory = keda.carried_out(policy, decision, _memory(memory, keda.KedaState))
    if money is not None:
        money = replace(money, replicas=decision.desired)
    return state if memory is state.memory and money is state.spending else PolicyState(memory, money)


def state_document(state: PolicyState) -> JsonObject:
    """Give a state as JSON, to be kept over a restart."""
    return {
        "policy": next(word for word, empty in _EMPTY.items() if empty is type(state.memory)),
        "memory": _adapter(type(state.memory)).dump_python(state.memory, mode="json"),
        "spending": _adapter(Spending).dump_python(state.spending, mode="json") if state.spending else None,
    }


def state_from(policy: ScalingPolicy, document: JsonObject) -> PolicyState:
    """Read a state back.

    Raises:
        UsageError: it is not what `state_document` wrote for this kind of policy. `start(policy)` is the way on.
    """
    try:
        if document.get("policy") == policy.policy:
            memory: Memory = _adapter(_EMPTY[policy.policy]).validate_python(document["memory"])
            money = document.get("spending")
            return PolicyState(memory, _adapter(Spending).validate_python(money) if money is not None else None)
    except (ValidationError, KeyError):
        pass
    raise UsageError(f"what was kept is no memory of a policy of the kind {policy.policy}; start it afresh")


# --- the policies ---


def _judged(policy: ScalingPolicy, seen: Observation, memory: Memory, now: datetime) -> tuple[ScalingDecision, Memory]:
    match policy:
        case HpaPolicy():
            return hpa.judge(policy, seen, _memory(memory, hpa.HpaState), now)
        case KedaPolicy():
            return keda.judge(policy, seen, _memory(memory, keda.KedaState), now)
        case PredictivePolicy():
            return predictive.judge(policy, seen, _memory(memory, predictive.PredictiveState), now)
        case _:
            assert_never(policy)


def _memory(memory: Memory, kind: type[_Kind]) -> _Kind:
    """Narrow a memory to that of a policy's kind."""
    if not isinstance(memory, kind):
        raise UsageError(f"a {type(memory).__name__} is no memory of this policy; begin with start(policy)")
    return memory


@lru_cache(maxsize=256)
def _adapter(kind: type[Any]) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


# --- what stands around every policy ---


def _within(policy: ScalingPolicy, bounds: Bounds) -> ScalingPolicy:
    return policy.model_copy(update={"min": bounds.least, "max": bounds.most})


def _by_schedule(decision: ScalingDecision, otherwise: int) -> ScalingDecision:
    """Name the schedule where its bounds, and not the policy's own, made the number."""
    if otherwise == decision.desired:
        return decision
    rule = Rule.SCHEDULE if decision.rule in {Rule.MINIMUM, Rule.MAXIMUM} else decision.rule
    others = (Counterfactual(Rule.SCHEDULE, otherwise), *decision.counterfactuals)
    return replace(decision, rule=rule, counterfactuals=others)


def _capped(decision: ScalingDecision, policy: ScalingPolicy, rule: Rule, most: int | None) -> ScalingDecision:
    if most is None:
        return decision
    least = decision.current if decision.rule is Rule.FAILED else 0
    allowed = max(most, policy.min, least)
    return _changed(decision, rule, allowed) if allowed < decision.desired else decision


def _paused(decision: ScalingDecision, policy: ScalingPolicy) -> ScalingDecision:
    match policy.pause:
        case "in":
            held = max(decision.current, decision.desired)
        case "out":
            held = min(decision.current, decision.desired)
        case int() as count:
            held = count
        case _:
            held = decision.current
    return decision if held == decision.desired else _changed(decision, Rule.PAUSED, held)


def _changed(decision: ScalingDecision, rule: Rule, replicas: int) -> ScalingDecision:
    """Let a rule from outside have the last word, and keep what it would have been without it."""
    free = Counterfactual(rule, decision.desired)
    others = tuple(each for each in decision.counterfactuals if each.replicas != replicas)
    return replace(decision, desired=replicas, rule=rule, counterfactuals=(free, *others))
