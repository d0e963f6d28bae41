"""A KEDA ScaledObject: activation to and from nothing, its HorizontalPodAutoscaler in between, fallback for failures.

Sources: KEDA's documentation of ScaledObject and the behaviour of its operator (2.21): activation thresholds,
cooldownPeriod, initialCooldownPeriod, idleReplicaCount, fallback, scalingModifiers. Where this departs from KEDA, and
why, stands in docs/explanation/autoscaling.md.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Final

from outgrow.autoscale import hpa
from outgrow.autoscale.hpa import HpaState, Recommendation
from outgrow.autoscale.observed import Numbers, Observation, PerPod, Reading, Unread
from outgrow.facts.scaling import Counterfactual, Rule, ScalingDecision
from outgrow.plan.autoscaling import ExternalMetric, HpaPolicy
from outgrow.plan.keda import Fallback, KedaPolicy

FORMULA: Final = "formula"
"""The name of the metric that a formula gives."""

_HUGE: Final = 2.0**63
"""More than a metric can say."""

_ACTIVE: Final = "ScalerActive"
_NOT_ACTIVE: Final = "ScalerNotActive"


@dataclass(frozen=True, slots=True)
class KedaState:
    """What is remembered: the HPA's memory, the last active trigger, the last poll, failures in a row by name.

    `created` is the moment of the first look, from which `initial_cool_down` counts.
    """

    hpa: HpaState = field(default_factory=HpaState)
    last_active: datetime | None = None
    polled: datetime | None = None
    failures: tuple[tuple[str, int], ...] = ()
    created: datetime | None = None


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
    state = _begun(state, seen.replicas, now)
    current, nothing = seen.replicas, policy.idle or 0
    if current <= nothing and state.polled is not None and now - state.polled < policy.polling:
        return ScalingDecision(now, current, current, Rule.IDLE, _NOT_ACTIVE), state
    readings = tuple(_reading(each) for each in seen.readings)
    failures = _failures(policy, readings, state)
    given = tuple(_with_fallback(policy.fallback, each, seen) for each in _asked(policy, readings, failures))
    activity = _activity(policy, given)
    state = replace(
        state,
        polled=now,
        last_active=now if activity.active else state.last_active,
        failures=tuple(failures.items()),
    )
    outside = _by_keda(policy, state, current, now, activity)
    if outside is not None:
        return outside, state
    return _by_hpa(policy, seen, state, now, given)


def carried_out(policy: KedaPolicy, decision: ScalingDecision, state: State) -> State:
    """Remember that a decision's change was ordered; the HPA knows only of its own changes."""
    if decision.condition in {_ACTIVE, _NOT_ACTIVE}:
        return state
    memory = hpa.carried_out(_as_hpa(policy, ()), decision, state.hpa)
    return state if memory is state.hpa else replace(state, hpa=memory)


def _begun(state: State, replicas: int, now: datetime) -> State:
    """Give the state with its beginning; the HPA is there from then on, and has seen how many replicas there were."""
    if state.created is None:
        state = replace(state, created=now)
    if state.hpa.recommendations is None:
        state = replace(state, hpa=replace(state.hpa, recommendations=(Recommendation(replicas, now),)))
    return state


# --- to and from nothing ---


@dataclass(frozen=True, slots=True)
class _Activity:
    """Whether a trigger is active, and whether one fails that no fallback stands in for."""

    active: bool
    errs: bool


def _by_keda(
    policy: KedaPolicy, state: State, current: int, now: datetime, activity: _Activity
) -> ScalingDecision | None:
    """Decide where KEDA itself does; None leaves it to the HPA."""
    idle, lowest = policy.idle, _lowest(policy)
    if activity.active:
        if current == 0 or (idle is not None and current < policy.min):
            return ScalingDecision(now, current, lowest, Rule.ACTIVE, _ACTIVE)
        return None
    if activity.errs:
        # Its trigger might be active, so nothing goes down to nothing, and nothing comes up.
        return ScalingDecision(now, current, current, Rule.FAILED, _NOT_ACTIVE) if current <= (idle or 0) else None
    if current > (idle or 0):
        goes_down = (policy.min == 0 or idle is not None) and _cooled_down(policy, state, now)
        return ScalingDecision(now, current, idle or 0, Rule.IDLE, _NOT_ACTIVE) if goes_down else None
    if idle is None and policy.min > 0:
        return ScalingDecision(now, current, lowest, Rule.MINIMUM, _NOT_ACTIVE)
    return ScalingDecision(now, current, current, Rule.IDLE, _NOT_ACTIVE)


def _cooled_down(policy: KedaPolicy, state: State, now: datetime) -> bool:
    if state.last_active is not None:
        return now - state.last_active >= policy.cool_down
    return state.created is not None and now - state.created >= policy.initial_cool_down


def _lowest(policy: KedaPolicy) -> int:
    """Give the fewest replicas of the HPA, which knows no zero."""
    return min(max(policy.min, 1), policy.max)


# --- what triggers say ---


@dataclass(frozen=True, slots=True)
class _Metric:
    """One number that the HPA is given, with its target.

    `failures` is how often in a row each of its sources failed, `fallback` whether `given` stands in for them.
    """

    name: str
    given: Reading
    activation: float
    average: Decimal | None
    whole: Decimal | None
    failures: tuple[int, ...] = ()
    fallback: bool = False


def _reading(reading: Reading) -> Numbers | Unread:
    """Give a trigger's number in thousandths; below zero is zero, as KEDA has it."""
    match reading:
        case Numbers(numbers) if numbers:
            return Numbers((max(0, sum(numbers)),))
        case Numbers():
            return Unread("the trigger has no series")
        case PerPod():
            return Unread("a trigger was read by pod")
        case Unread():
            return reading


def _failures(policy: KedaPolicy, readings: tuple[Numbers | Unread, ...], state: State) -> dict[str, int]:
    """Count how often in a row each trigger that fails now has failed."""
    before = dict(state.failures)
    named = zip(policy.triggers, readings, strict=True)
    return {each.name: before.get(each.name, 0) + 1 for each, read in named if isinstance(read, Unread)}


def _asked(policy: KedaPolicy, readings: tuple[Numbers | Unread, ...], failures: dict[str, int]) -> tuple[_Metric, ...]:
    """Give what is asked of the HPA: a metric of every trigger, or that of the formula over them."""
    combine, named = policy.combine, tuple(zip(policy.triggers, readings, strict=True))
    if combine is None:
        return tuple(
            _Metric(each.name, read, each.activation, each.average, each.value, _failed(failures, each.name))
            for each, read in named
        )
    numbers = {each.name: read.milli[0] / 1000 if isinstance(read, Numbers) else None for each, read in named}
    metric = _Metric(FORMULA, Unread(""), combine.activation, combine.average, combine.value)
    try:
        value = combine.formula.value(numbers)
    except ValueError as why:
        return (replace(metric, given=Unread(str(why)), failures=tuple(failures.values())),)
    # What is behind the thousandths is cut, as KEDA does.
    return (replace(metric, given=Numbers((int(min(max(value, -_HUGE), _HUGE) * 1000),))),)


def _failed(failures: dict[str, int], name: str) -> tuple[int, ...]:
    return (failures[name],) if name in failures else ()


def _errs(metric: _Metric, fallback: Fallback | None) -> bool:
    """Say whether a source failed that no fallback stands in for, or not yet."""
    if isinstance(metric.given, Unread):
        return True
    return fallback is not None and any(each < fallback.after_failures for each in metric.failures)


def _activity(policy: KedaPolicy, given: tuple[_Metric, ...]) -> _Activity:
    errs = any(_errs(each, policy.fallback) for each in given)
    above = any(isinstance(each.given, Numbers) and each.given.milli[0] / 1000 > each.activation for each in given)
    if policy.combine is not None:
        return _Activity(above and not errs, errs)
    # A trigger that the fallback stands in for wants replicas.
    return _Activity(above or any(each.fallback for each in given), errs)


# --- fallback ---


def _with_fallback(fallback: Fallback | None, metric: _Metric, seen: Observation) -> _Metric:
    """Give what asks for the fallback's replicas where a source has failed too often in a row."""
    if fallback is None or not isinstance(metric.given, Unread):
        return metric
    if max(metric.failures, default=0) < fallback.after_failures:
        return metric
    wanted = float(_fallback_replicas(fallback, seen.replicas))
    if metric.average is not None:
        return replace(metric, given=_asking(metric.average, wanted), fallback=True)
    # Where nobody knows of pods, all that are ordered are taken to be ready.
    ready = sum(1 for pod in seen.pods if pod.serves) if seen.pods else seen.replicas
    if ready == 0:
        return replace(metric, given=Unread("no replica is ready, and the fallback's value is a share of each"))
    return replace(metric, given=_asking(metric.whole or Decimal(1), wanted / ready), fallback=True)


def _asking(target: Decimal, replicas: float) -> Numbers:
    return Numbers((int(float(target) * 1000 * replicas),))


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


# --- in between ---


def _by_hpa(
    policy: KedaPolicy, seen: Observation, state: State, now: datetime, given: tuple[_Metric, ...]
) -> tuple[ScalingDecision, State]:
    readings = tuple(each.given for each in given)
    decision, memory = hpa.judge(_as_hpa(policy, given), replace(seen, readings=readings), state.hpa, now)
    if any(each.fallback for each in given):
        without = Counterfactual(Rule.FALLBACK, seen.replicas)
        others = (without, *decision.counterfactuals) if decision.desired != seen.replicas else decision.counterfactuals
        decision = replace(decision, rule=Rule.FALLBACK, counterfactuals=others)
    return decision, replace(state, hpa=memory)


def _as_hpa(policy: KedaPolicy, metrics: tuple[_Metric, ...]) -> HpaPolicy:
    external = tuple(ExternalMetric(name=each.name, average=each.average, value=each.whole) for each in metrics)
    return HpaPolicy.model_construct(
        min=_lowest(policy),
        max=policy.max,
        metrics=external,
        behavior=policy.behavior,
        controller=policy.controller,
    )
