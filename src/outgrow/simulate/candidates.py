"""The policies of a search: what a service's plan has, with other targets, windows, rates and dials.

Whatever else the plan says of the policy holds for every candidate: bounds, schedules, caps, a pause, the controller's
settings, metrics that a trace says nothing about.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import product
from typing import Any, Final, Literal, TypeVar

from outgrow.errors import UsageError
from outgrow.plan.autoscaling import (
    Behavior,
    ContainerResourceMetric,
    Direction,
    ExternalMetric,
    HpaMetric,
    HpaPolicy,
    PodsMetric,
    PolicyBase,
    Rate,
    ResourceMetric,
)
from outgrow.plan.keda import KedaPolicy, Trigger
from outgrow.plan.predictive import PredictivePolicy
from outgrow.plan.services import ScalingPolicy
from outgrow.quantity import Duration
from outgrow.simulate.oracle import Limited
from outgrow.simulate.rehearse import replayable, unreplayable
from outgrow.simulate.service import ServiceModel

Kind = Literal["hpa", "keda", "predictive"]
_Policy = TypeVar("_Policy", bound=PolicyBase)

AS_PLANNED: Final = "as in the plan"
_LEVELS: Final = tuple(range(40, 105, 5))
_FEW_LEVELS: Final = (50, 60, 70, 80, 90, 100)
_AT_ITS_OWN: Final = 2
"""So many metrics have levels of their own; more of them share one."""
_WINDOWS: Final = ("1m", "5m", "15m")
_ALL_WINDOWS: Final = ("0s", "1m", "5m", "10m", "15m", "30m")
_TOLERANCES: Final = (0.05, 0.1)
_ALL_TOLERANCES: Final = (0.0, 0.05, 0.1, 0.2)
_SLOW_DOWN: Final = (Rate(percent=10, per=Duration.parse("1m")),)
_FAST_UP: Final = (Rate(percent=300, per=Duration.parse("15s")),)
_COOL_DOWNS: Final = ("1m", "5m", "15m")
_UNSERVED: Final = (0.00001, 0.0001, 0.0005, 0.002, 0.01)
_HEADROOMS: Final = (0.05, 0.1, 0.2, 0.3)
_HOLDS: Final = ("2m", "5m", "15m")


@dataclass(frozen=True, slots=True)
class Candidate:
    """One policy of the search, with a name that says what is special about it."""

    name: str
    policy: ScalingPolicy


@dataclass(frozen=True, slots=True)
class Search:
    """What is searched: the kinds of policy, within these bounds, for a service whose plan has `own`.

    A kind that is not the plan's own is tried with one metric, the rate of requests.
    """

    service: ServiceModel
    limits: Limited
    own: ScalingPolicy | None = None
    kinds: Sequence[Kind] = ("hpa",)
    thorough: bool = False


def candidates(limited: Limited, service: ServiceModel, *, thorough: bool = False) -> tuple[Candidate, ...]:
    """Give HPAs on the rate of requests: of each ready replica, and in all."""
    return candidates_of(Search(service, limited, thorough=thorough))


def candidates_of(search: Search) -> tuple[Candidate, ...]:
    """Give the policies of a search, the plan's own first.

    Raises:
        UsageError: the plan pauses scaling, so that all of them would do the same, or has a policy that requests say
            nothing about.
    """
    own = search.own
    if own is not None and own.pause not in {None, "in", "out"}:
        raise UsageError(
            f"scaling is paused in the plan (pause: {own.pause}), so every policy would do the same; take the pause out"
        )
    found: list[Candidate] = []
    if own is not None and own.policy in search.kinds:
        replayable(own)
        found.append(Candidate(AS_PLANNED, _bounded(own, search)))
    for kind in search.kinds:
        match kind:
            case "hpa":
                found += _hpas(search)
            case "keda":
                found += _kedas(search)
            case "predictive":
                found += _predictives(search)
    return tuple(found)


def _bounded(policy: _Policy, search: Search) -> _Policy:
    return policy.model_copy(update={"min": search.limits.min, "max": search.limits.max})


def _around(search: Search) -> dict[str, Any]:
    """Give what stands around the plan's policy, to be put around one of another kind."""
    kept = {"min": search.limits.min, "max": search.limits.max}
    if search.own is None:
        return kept
    return kept | {"schedules": search.own.schedules, "caps": search.own.caps, "pause": search.own.pause}


# --- HorizontalPodAutoscaler ---


def _hpas(search: Search) -> Iterator[Candidate]:
    own = search.own if isinstance(search.own, HpaPolicy) else None
    given = [own.metrics] if own is not None else [(each,) for each in _requests(search.service)]
    for metrics in given:
        base = HpaPolicy(**_around(search), metrics=metrics) if own is None else _bounded(own, search)
        for (said, leveled), (how, behavior) in product(
            _leveled(metrics, search.service), _behaviors(base.behavior or Behavior(), thorough=search.thorough)
        ):
            policy = base.model_copy(update={"metrics": leveled, "behavior": behavior})
            yield Candidate(f"{said}, {how}", policy)


def _requests(service: ServiceModel) -> tuple[HpaMetric, ...]:
    """Give the rate of each ready replica, and the rate in all."""
    capacity = _amount(service, 100)
    return PodsMetric(name="requests", average=capacity), ExternalMetric(name="requests", average=capacity)


def _leveled(metrics: tuple[HpaMetric, ...], service: ServiceModel) -> Iterator[tuple[str, tuple[HpaMetric, ...]]]:
    """Aim every metric that a trace tells at shares of a replica's capacity; leave the others as they are."""
    told = [index for index, metric in enumerate(metrics) if not unreplayable(metric)]
    for levels in _levels(len(told)):
        of = dict(zip(told, levels, strict=True))
        found = tuple(_aimed(metric, of[at], service) if at in of else metric for at, metric in enumerate(metrics))
        said = " and ".join(f"{of[at]} % of {_measure(metrics[at])}" for at in told)
        yield said, found


def _levels(count: int) -> Iterator[tuple[int, ...]]:
    if count == 1 or count > _AT_ITS_OWN:
        yield from ((level,) * count for level in _LEVELS)
    else:
        yield from product(_FEW_LEVELS, repeat=count)


def _aimed(metric: HpaMetric, level: int, service: ServiceModel) -> HpaMetric:
    if isinstance(metric, ResourceMetric | ContainerResourceMetric):
        return metric.model_copy(update={"utilization": level})
    return metric.model_copy(update={"average": _amount(service, level)})


def _measure(metric: HpaMetric) -> str:
    """Say what a level is a share of: the capacity of the replicas that are ready, or of all that are ordered."""
    match metric:
        case PodsMetric():
            return "ready" if metric.name == "requests" else f"ready ({metric.name})"
        case ExternalMetric() if metric.name == "requests":
            return "ordered"
        case _:
            return metric.name


def _behaviors(own: Behavior, *, thorough: bool) -> Iterator[tuple[str, Behavior]]:
    windows, tolerances = (_ALL_WINDOWS, _ALL_TOLERANCES) if thorough else (_WINDOWS, _TOLERANCES)
    paces: list[tuple[str, dict[str, Any], dict[str, Any]]] = [("", {}, {})]
    if thorough:
        paces.append((", 10 % a minute down", {}, {"rates": _SLOW_DOWN, "select": "max"}))
        paces.append((", 300 % up at once", {"rates": _FAST_UP, "select": "max"}, {}))
    for window, tolerance, (pace, up, down) in product(windows, tolerances, paces):
        behavior = Behavior(
            up=_changed(own.up, tolerance=tolerance, **up),
            down=_changed(own.down, window=Duration.parse(window), tolerance=tolerance, **down),
        )
        yield f"window {window}, tolerance {tolerance:.0%}{pace}", behavior


def _changed(direction: Direction, **options: Any) -> Direction:
    return direction.model_copy(update=options)


def _amount(service: ServiceModel, level: int) -> Decimal:
    return Decimal(str(round(service.capacity * level / 100, 3)))


# --- KEDA ---


def _kedas(search: Search) -> Iterator[Candidate]:
    service = search.service
    if isinstance(search.own, KedaPolicy):
        base = _bounded(search.own, search)
    else:
        base = KedaPolicy(**_around(search), triggers=(Trigger(name="requests", average=_amount(service, 100)),))
    # Going to nothing is what a cool-down is for.
    may_idle = base.min == 0 or base.idle is not None
    cool_downs = _COOL_DOWNS if may_idle else (base.cool_down,)
    windows = _ALL_WINDOWS if search.thorough else _WINDOWS
    behavior = base.behavior or Behavior()
    for (said, triggered), window, cool_down in product(_triggered(base, service), windows, cool_downs):
        down = _changed(behavior.down, window=Duration.parse(window))
        changes = {"behavior": Behavior(up=behavior.up, down=down), "cool_down": Duration.parse(str(cool_down))}
        cooling = f", cool-down {cool_down}" if may_idle else ""
        yield Candidate(f"KEDA, {said}, window {window}{cooling}", triggered.model_copy(update=changes))


def _triggered(base: KedaPolicy, service: ServiceModel) -> Iterator[tuple[str, KedaPolicy]]:
    """Aim every trigger, or the formula over them, at shares of a replica's capacity."""
    if base.combine is not None:
        for level in _LEVELS:
            combine = base.combine.model_copy(update={"average": _amount(service, level), "value": None})
            yield f"formula at {level} %", base.model_copy(update={"combine": combine})
        return
    for levels in _levels(len(base.triggers)):
        pairs = list(zip(base.triggers, levels, strict=True))
        aimed = tuple(each.model_copy(update={"average": _amount(service, level)}) for each, level in pairs)
        said = " and ".join(f"{each.name} at {level} %" for each, level in pairs)
        yield said, base.model_copy(update={"triggers": aimed})


# --- predictive ---


def _predictives(search: Search) -> Iterator[Candidate]:
    own = search.own
    base = _bounded(own, search) if isinstance(own, PredictivePolicy) else PredictivePolicy(**_around(search))
    holds = _HOLDS if search.thorough else (base.hold,)
    for unserved, headroom, hold in product(_UNSERVED, _HEADROOMS, holds):
        changes = {"unserved": unserved, "headroom": headroom, "hold": Duration.parse(str(hold))}
        said = f"predictive, {unserved * 100:g} % unserved, head-room {headroom:.0%}"
        held = f", hold {hold}" if search.thorough else ""
        yield Candidate(f"{said}{held}", base.model_copy(update=changes))
