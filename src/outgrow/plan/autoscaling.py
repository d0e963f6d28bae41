"""Autoscaling policies: how many replicas of a service there should be, and how fast that may change.

`HpaPolicy` says what a Kubernetes HorizontalPodAutoscaler of `autoscaling/v2` says, in the words of a plan.
"""

# Each metric narrows `kind` to its one word; the models are frozen, so nobody can write another into it.
# pyright: reportIncompatibleVariableOverride=false

from decimal import ROUND_CEILING, Decimal
from typing import Annotated, Final, Literal, Self

from pydantic import BeforeValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from outgrow.plan.model import Count, Declared, Reference
from outgrow.plan.scaling_limits import Caps, Pause, Schedule
from outgrow.quantity import PERCENT, RATIO, Duration, parse_quantity

_LONGEST_PERIOD: Final = Duration.parse("30m")
_LONGEST_WINDOW: Final = Duration.parse("1h")
_SECOND: Final = Duration.parse("1s")


def _percent(raw: object) -> object:
    """Read `70 %` and `0.7 ratio` as 70; a bare number is in percent already."""
    if isinstance(raw, str):
        percent = parse_quantity(raw).in_unit(PERCENT)
        return int(percent) if percent.is_integer() else percent
    return raw


def _share(raw: object) -> object:
    """Read `10 %` as 0.1; a bare number is a share already."""
    return parse_quantity(raw).in_unit(RATIO) if isinstance(raw, str) else raw


Percent = Annotated[Count, Field(gt=0), BeforeValidator(_percent, json_schema_input_type=int | str)]
"""Whole percent, as the API has it: 70 or `70 %`."""

Share = Annotated[float, Field(ge=0, allow_inf_nan=False), BeforeValidator(_share, json_schema_input_type=float | str)]
"""A part of one: 0.1 or `10 %`."""

Amount = Annotated[Decimal, Field(gt=0, allow_inf_nan=False)]
"""An amount of a metric, in the metric's own unit."""


class Rate(Declared):
    """How many replicas may come or go within a period; exactly one of `pods` and `percent`."""

    pods: Annotated[Count, Field(gt=0)] | None = None
    """So many replicas."""
    percent: Percent | None = None
    """So many percent of the replicas that there were when the period began."""
    per: Duration
    """The period, 1s to 30m."""

    @model_validator(mode="after")
    def _one_amount_and_a_period(self) -> Self:
        if (self.pods is None) == (self.percent is None):
            raise PydanticCustomError("rate", "a rate has either pods or percent; write for example pods: 4, per: 15s")
        if not _SECOND <= self.per <= _LONGEST_PERIOD:
            raise PydanticCustomError("rate", "per must lie between 1s and 30m")
        return self


class Direction(Declared):
    """What holds for scaling up, or for scaling down."""

    window: Duration | None = None
    """How far back recommendations are looked at: up takes the lowest of them, down the highest. Without it 0 for up
    and the controller's `downscale_stabilization` for down; at most 1h."""
    select: Literal["max", "min", "disabled"] = "max"
    """Which rate counts when there are several: the one that allows the largest change, the smallest, or none at
    all."""
    rates: tuple[Rate, ...] = ()
    """Without any, up has 4 pods and 100 percent per 15s, down 100 percent per 15s."""
    tolerance: Share | None = None
    """By how much usage may be beyond its target before anything happens; without it the controller's."""

    @model_validator(mode="after")
    def _window_is_within_reach(self) -> Self:
        if self.window is not None and self.window > _LONGEST_WINDOW:
            raise PydanticCustomError("window", "a window is at most 1h")
        return self


class Behavior(Declared):
    """How scaling behaves in both directions; writing it, even empty, changes the defaults."""

    up: Direction = Direction()
    """When replicas are added."""
    down: Direction = Direction()
    """When replicas are taken away."""


DEFAULT_RATES_UP: Final = (Rate(pods=4, per=Duration.parse("15s")), Rate(percent=100, per=Duration.parse("15s")))
DEFAULT_RATES_DOWN: Final = (Rate(percent=100, per=Duration.parse("15s")),)


class _Metric(Declared):
    """What every metric has."""

    name: str
    """Its name: `cpu`, `memory`, `requests_per_second`."""
    signal: Reference | None = None
    """The plan's signal that it is read from; a signal with labels gives each pod its own value, by the label `pod`.
    Without it a rehearsal reads it from the trace."""


class _ByUsageOfPods(_Metric):
    """A resource of pods, aimed at as a share of what they request or as an amount a pod."""

    utilization: Percent | None = None
    """Percent of the requested amount, on average over the pods."""
    average: Amount | None = None
    """An amount a pod, on average."""

    @model_validator(mode="after")
    def _one_target(self) -> Self:
        if (self.utilization is None) == (self.average is None):
            raise PydanticCustomError("target", "write either utilization or average")
        return self


class ResourceMetric(_ByUsageOfPods):
    """CPU, memory or another resource of whole pods."""

    kind: Literal["resource"] = "resource"
    """A resource of whole pods."""


class ContainerResourceMetric(_ByUsageOfPods):
    """A resource of one container of every pod."""

    kind: Literal["container_resource"] = "container_resource"
    """A resource of one container."""
    container: str
    """The container's name."""


class PodsMetric(_Metric):
    """A metric that every pod has, such as requests a second."""

    kind: Literal["pods"] = "pods"
    """A metric of every pod."""
    average: Amount
    """An amount a pod, on average."""


class _ByOneNumber(_Metric):
    """A metric that stands outside the pods, aimed at as a whole or a replica."""

    value: Amount | None = None
    """An amount for all; replicas grow in proportion to it."""
    average: Amount | None = None
    """An amount a replica."""

    @model_validator(mode="after")
    def _one_target(self) -> Self:
        if (self.value is None) == (self.average is None):
            raise PydanticCustomError("target", "write either value or average")
        return self


class ObjectMetric(_ByOneNumber):
    """A metric of another object, such as requests a second of an ingress."""

    kind: Literal["object"] = "object"
    """A metric of another object."""


class ExternalMetric(_ByOneNumber):
    """A metric from outside, such as the length of a queue; several series are added up."""

    kind: Literal["external"] = "external"
    """A metric from outside."""


HpaMetric = Annotated[
    ResourceMetric | ContainerResourceMetric | PodsMetric | ObjectMetric | ExternalMetric, Field(discriminator="kind")
]


class ControllerOptions(Declared):
    """Settings of the controller itself, which hold for a whole cluster (flags of kube-controller-manager)."""

    tolerance: Share = 0.1
    """`--horizontal-pod-autoscaler-tolerance`"""
    downscale_stabilization: Duration = Duration.parse("5m")
    """`--horizontal-pod-autoscaler-downscale-stabilization`"""
    cpu_initialization_period: Duration = Duration.parse("5m")
    """`--horizontal-pod-autoscaler-cpu-initialization-period`"""
    initial_readiness_delay: Duration = Duration.parse("30s")
    """`--horizontal-pod-autoscaler-initial-readiness-delay`"""


class PolicyBase(Declared):
    """What every scaling policy has."""

    policy: str
    """Which kind of policy it is."""
    min: Annotated[Count, Field(ge=0)] = 1
    """The fewest replicas; 0 lets metrics outside the pods scale to nothing."""
    max: Annotated[Count, Field(gt=0)]
    """The most replicas."""
    schedules: tuple[Schedule, ...] = ()
    """Hours in which other bounds hold."""
    caps: Caps = Caps()
    """What replicas may cost, in money and in connections."""
    pause: Pause | None = None
    """Hold scaling: `all`, `in`, `out`, or at a number of replicas. A pause wins over everything else."""

    @model_validator(mode="after")
    def _min_is_at_most_max(self) -> Self:
        if self.min > self.max:
            raise PydanticCustomError("replicas", "min is above max; let min be at most max")
        return self


class HpaPolicy(PolicyBase):
    """A Kubernetes HorizontalPodAutoscaler, `autoscaling/v2`."""

    policy: Literal["hpa"] = "hpa"
    """The controller of Kubernetes."""
    metrics: Annotated[tuple[HpaMetric, ...], Field(min_length=1)]
    """The one that asks for the most replicas wins."""
    behavior: Behavior | None = None
    """Without it the older limits hold: at most the larger of twice the replicas and 4 at once."""
    controller: ControllerOptions = ControllerOptions()
    """Settings of the cluster's controller."""


def milli(amount: Decimal) -> int:
    """Give an amount in thousandths, rounded up, which is how Kubernetes counts it."""
    return int((amount * 1000).to_integral_value(rounding=ROUND_CEILING))
