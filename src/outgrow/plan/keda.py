"""The policy of a KEDA ScaledObject: triggers with activation, a formula over them, fallback, idling, cooling down."""

# Each part narrows `policy` to its one word; the models are frozen, so nobody can write another into it.
# pyright: reportIncompatibleVariableOverride=false

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from outgrow.plan.autoscaling import Amount, Behavior, ControllerOptions, ExternalMetric, PolicyBase
from outgrow.plan.formula import Formula
from outgrow.plan.model import Count, Declared, Name, Reference
from outgrow.quantity import Duration


class Trigger(Declared):
    """Something outside the pods that asks for replicas, such as the length of a queue."""

    name: Name
    """What the formula calls it: letters, digits and underscore where there is a formula."""
    signal: Reference | None = None
    """The plan's signal that it is read from. Without it a rehearsal reads it from the trace."""
    average: Amount | None = None
    """An amount a replica (KEDA's metricType AverageValue)."""
    value: Amount | None = None
    """An amount for all; replicas grow in proportion to it (KEDA's metricType Value)."""
    activation: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0
    """Between nothing and one replica the trigger counts as active only above this."""

    @model_validator(mode="after")
    def _one_target(self) -> Self:
        if (self.value is None) == (self.average is None):
            raise PydanticCustomError("target", "write either value or average")
        return self


class FormulaOver(Declared):
    """One number made of all triggers, in place of their own targets (KEDA's scalingModifiers)."""

    formula: Formula
    """Over the triggers' names: arithmetic, comparisons, `&&`, `||`, `c ? a : b`, `min`, `max`, `sum`, `avg`, and `a ??
    b` for b where trigger a failed."""
    average: Amount | None = None
    """An amount a replica."""
    value: Amount | None = None
    """An amount for all; replicas grow in proportion to it."""
    activation: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0
    """Between nothing and one replica the result counts as active only above this."""

    @model_validator(mode="after")
    def _one_target(self) -> Self:
        if (self.value is None) == (self.average is None):
            raise PydanticCustomError("target", "write either value or average")
        return self


class Fallback(Declared):
    """How many replicas there are while triggers fail."""

    after_failures: Annotated[Count, Field(ge=1)]
    """From so many failed polls in a row on (KEDA's failureThreshold and one more)."""
    replicas: Annotated[Count, Field(ge=0)]
    """So many."""
    behavior: Literal["static", "currentReplicas", "currentReplicasIfHigher", "currentReplicasIfLower"] = "static"
    """`static` takes `replicas`, `currentReplicas` stays, the others stay where that is higher or lower."""


class KedaPolicy(PolicyBase):
    """A KEDA ScaledObject: to and from nothing by activation, in between as its HorizontalPodAutoscaler does."""

    policy: Literal["keda"] = "keda"
    """Triggers from outside."""
    min: Annotated[Count, Field(ge=0)] = 0
    """The fewest replicas while a trigger is active."""
    idle: Annotated[Count, Field(ge=0)] | None = None
    """So many replicas while no trigger is active, below `min` (KEDA's idleReplicaCount)."""
    polling: Duration = Duration.parse("30s")
    """How often triggers are looked at while nothing runs."""
    cool_down: Duration = Duration.parse("5m")
    """How long after the last active trigger before going to nothing, or to `idle`."""
    initial_cool_down: Duration = Duration.parse("0s")
    """The same from the first look on, as long as no trigger has ever been active (KEDA's initialCooldownPeriod)."""
    triggers: Annotated[tuple[Trigger, ...], Field(min_length=1)]
    """The one that asks for the most replicas wins, unless there is a formula."""
    combine: FormulaOver | None = None
    """One number made of all triggers."""
    fallback: Fallback | None = None
    """How many replicas there are while triggers fail."""
    behavior: Behavior | None = None
    """As of an HPA."""
    controller: ControllerOptions = ControllerOptions()
    """Settings of the cluster's controller."""

    @model_validator(mode="after")
    def _parts_fit_together(self) -> Self:
        if self.idle is not None and self.idle >= max(self.min, 1):
            raise PydanticCustomError("idle", "idle is not below min; let it be less, or leave it out")
        names = [each.name for each in self.triggers]
        if len(set(names)) != len(names):
            raise PydanticCustomError("triggers", "a name stands at two triggers; rename one")
        if self.combine is not None:
            unknown = sorted(self.combine.formula.names - set(names))
            if unknown:
                raise PydanticCustomError(
                    "formula", "the formula names {names}, which is no trigger", {"names": ", ".join(unknown)}
                )
        return self

    @property
    def metrics(self) -> tuple[ExternalMetric, ...]:
        """What is read, one reading for each trigger in this order."""
        return tuple(
            ExternalMetric(name=each.name, signal=each.signal, average=each.average, value=each.value)
            for each in self.triggers
        )
