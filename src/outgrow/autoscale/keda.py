"""A KEDA ScaledObject: activation to and from nothing, its HorizontalPodAutoscaler in between, fallback for failures.

Sources: KEDA's documentation of ScaledObject (2.21): activation thresholds, cooldownPeriod, idleReplicaCount, fallback,
scalingModifiers.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from math import isfinite
from typing import Final

from outgrow.autoscale import hpa
from outgrow.autoscale.hpa import HpaState
from outgrow.autoscale.observed import Numbers, Observation, PerPod, Reading, Unread
from outgrow.facts.scaling import Counterfactual, Rule, ScalingDecision
from outgrow.plan.autoscaling import ExternalMetric, HpaPolicy, milli
from outgrow.plan.keda import Fallback, KedaPolicy, Trigger

FORMULA: Final = "formula"
"""The name of the metric that a formula gives."""


@dataclass(frozen=True, slots=True)
class KedaState:
    """What is remembered: the HPA's memory, the last active trigger, the last poll, failures in a row by name."""

    hpa: HpaState = field(default_factory=HpaState)
    last_active: datetime | None = None
    polled: datetime | None = None
    failures: tuple[tuple[str, int], ...] = ()


State = KedaState


def judge(policy: KedaPolicy, seen: Observation, state: State, now: datetime) -> tuple[ScalingDecision, State]:
    """Say how many replicas there should be, without taking for granted that they will be ordered.

    Args:
        policy: the ScaledObject.
        seen: one reading for every trigger.
        state: what the decision before this one handed back; `KedaState()` to begin with.
        now: the moment of the decision, never before that of the last one.

    Raises:
        ValueError: not as many readings as triggers.
    """
    if len(seen.readings) != len(policy.triggers):
        raise ValueError(f"{len(seen.readings)} readings for {len(policy.triggers)} triggers; give one for each")
    current, nothing = seen.replicas, policy.idle or 0
    if current <= nothing and state.polled is not None and now - state.polled < policy.polling:
        return ScalingDecision(now, current, current, Rule.IDLE, "ScalerNotActive"), state
    values = {each.name: _value(read) for each, read in zip(policy.triggers, seen.readings, strict=True)}
    metrics = _metrics(policy, values)
    before = dict(state.failures)
    failures = {each.name: before.get(each.name, 0) + 1 for each in metrics if isinstance(each.value, Unread)}
    active = any(not isinstance(each.value, Unread) and each.value > each.activation for each in metrics)
    state = replace(
        state,
        polled=now,
        last_active=now if active or state.last_active is None else state.last_active,
        failures=tuple(failures.items()),
    )
    if not active and not failures and _may_idle(policy, state, current, now):
        return ScalingDecision(now, current, nothing, Rule.IDLE, "ScalerNotActive"), state
    lowest = max(policy.min, 1)
    if current < lowest and active:
        return ScalingDecision(now, current, lowest, Rule.ACTIVE, "ScalerActive"), state
    if current <= nothing and not _falls_back(policy, failures):
        rule = Rule.FAILED if failures else Rule.IDLE
        return ScalingDecision(now, current, current, rule, "ScalerNotActive"), state
    return _by_hpa(policy, seen, state, now, _Metrics(metrics, failures, lowest))


def carried_out(policy: KedaPolicy, decision: ScalingDecision, state: State) -> State:
    """Remember that a decision's change was ordered."""
    memory = hpa.carried_out(_as_hpa(policy, (), max(policy.min, 1)), decision, state.hpa)
    return state if memory is state.hpa else replace(state, hpa=memory)


def _may_idle(policy: KedaPolicy, state: State, current: int, now: datetime) -> bool:
    goes_down = policy.min == 0 or policy.idle is not None
    since = state.last_active
    return goes_down and current > (policy.idle or 0) and since is not None and now - since >= policy.cool_down


# --- what triggers say ---


@dataclass(frozen=True, slots=True)
class _Metric:
    """One number that the HPA is given, with its target."""

    name: str
    value: float | Unread
    activation: float
    average: Decimal | None
    whole: Decimal | None


@dataclass(frozen=True, slots=True)
class _Metrics:
    metrics: tuple[_Metric, ...]
    failures: dict[str, int]
    lowest: int


def _value(reading: Reading) -> float | Unread:
    match reading:
        case Numbers(numbers) if numbers:
            total = sum(numbers) / 1000
            return total if isfinite(total) else Unread("the trigger is not a number")
        case Numbers():
            return Unread("the trigger has no series")
        case PerPod():
            return Unread("a trigger was read by pod")
        case Unread():
            return reading


def _metrics(policy: KedaPolicy, values: dict[str, float | Unread]) -> tuple[_Metric, ...]:
    combine = policy.combine
    if combine is None:
        return tuple(_of_trigger(each, values[each.name]) for each in policy.triggers)
    given = {name: None if isinstance(value, Unread) else value for name, value in values.items()}
    try:
        found: float | Unread = combine.formula.value(given)
    except ValueError as why:
        found = Unread(str(why))
    return (_Metric(FORMULA, found, combine.activation, combine.average, combine.value),)


def _of_trigger(trigger: Trigger, value: float | Unread) -> _Metric:
    return _Metric(trigger.name, value, trigger.activation, trigger.average, trigger.value)


# --- in between ---


def _by_hpa(
    policy: KedaPolicy, seen: Observation, state: State, now: datetime, given: _Metrics
) -> tuple[ScalingDecision, State]:
    fallback = policy.fallback
    readings = tuple(_reading(each, fallback, given.failures, seen) for each in given.metrics)
    inner = _as_hpa(policy, given.metrics, given.lowest)
    current = max(seen.replicas, 1) if _falls_back(policy, given.failures) else seen.replicas
    decision, memory = hpa.judge(inner, replace(seen, replicas=current, readings=readings), state.hpa, now)
    decision = replace(decision, current=seen.replicas)
    if _falls_back(policy, given.failures):
        without = Counterfactual(Rule.FALLBACK, seen.replicas)
        others = (without, *decision.counterfactuals) if decision.desired != seen.replicas else decision.counterfactuals
        decision = replace(decision, rule=Rule.FALLBACK, counterfactuals=others)
    return decision, replace(state, hpa=memory)


def _falls_back(policy: KedaPolicy, failures: dict[str, int]) -> bool:
    return policy.fallback is not None and any(each >= policy.fallback.after_failures for each in failures.values())


def _reading(metric: _Metric, fallback: Fallback | None, failures: dict[str, int], seen: Observation) -> Reading:
    """Give what the HPA reads; for a trigger that fails too often what asks for the fallback's replicas."""
    if not isinstance(metric.value, Unread):
        return Numbers((round(metric.value * 1000),))
    if fallback is None or failures.get(metric.name, 0) < fallback.after_failures:
        return metric.value
    wanted = _fallback_replicas(fallback, seen.replicas)
    if metric.average is not None:
        return Numbers((milli(metric.average) * wanted,))
    serving = sum(1 for pod in seen.pods if pod.serves) or max(seen.replicas, 1)
    return Numbers((milli(metric.whole or Decimal(1)) * wanted // serving,))


def _fallback_replicas(fallback: Fallback, current: int) -> int:
    match fallback.behavior:
        case "static":
            return fallback.replicas
        case "currentReplicas":
            return current
        case "currentReplicasIfHigher":
            return max(current, fallback.replicas)
        case "currentReplicasIfLower":
            return min(current, fallback.replicas)


def _as_hpa(policy: KedaPolicy, metrics: tuple[_Metric, ...], lowest: int) -> HpaPolicy:
    external = tuple(ExternalMetric(name=each.name, average=each.average, value=each.whole) for each in metrics)
    return HpaPolicy.model_construct(
        min=min(lowest, policy.max),
        max=policy.max,
        metrics=external,
        behavior=policy.behavior,
        controller=policy.controller,
    )
