"""What a scaling loop is asked for, and what there is to see of it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from outgrow.control.scale_log import LogLine
from outgrow.control.scaling_records import Mode
from outgrow.control.scaling_signals import Readings
from outgrow.errors import UsageError
from outgrow.facts.replicas import Replicas
from outgrow.facts.scaling import Rule, ScalingDecision
from outgrow.plan import Plan
from outgrow.plan.services import ScalingPolicy, Service


@dataclass(frozen=True, slots=True)
class ScaleRequest:
    """Which service is scaled, what becomes of decisions, and for how long (for ever unless given)."""

    plan: Plan
    service: str
    mode: Mode = Mode.ACT
    once: bool = False
    span: timedelta | None = None

    @property
    def declared(self) -> Service:
        """The service as the plan has it."""
        return self.plan.services[self.service]

    @property
    def policy(self) -> ScalingPolicy:
        """Its policy.

        Raises:
            UsageError: it has none.
        """
        policy = self.declared.scaling
        if policy is None:
            raise UsageError(f"services.{self.service} has no scaling; say how many replicas there may be")
        return policy


@dataclass(frozen=True, slots=True)
class ScaleView:
    """What there is to see of a running loop.

    `decided` says whether the decision is of this loop, or the last one of before it. `fresh` are the lines of the log
    that are new since the last view. `failed` says that something cannot be read,
    written down or ordered at present.
    """

    at: datetime
    service: str
    mode: Mode
    replicas: Replicas | None
    decision: ScalingDecision | None
    readings: Readings | None
    lead: timedelta | None
    start_ups: int
    fresh: tuple[LogLine, ...] = ()
    failed: bool = False
    decided: bool = True


ScaleTold = Callable[[ScaleView], None]
"""Called with a view every second or so, and after every decision."""


def because(decision: ScalingDecision) -> str:
    """Say in one sentence what made a decision's number."""
    asked = [f"{each.metric} asks for {each.replicas}" for each in decision.proposals if each.replicas is not None]
    failed = [f"{each.metric} cannot be read" for each in decision.proposals if each.failure]
    limits = [
        f"{each.replicas} without the {each.without.value}"
        for each in decision.counterfactuals
        if each.without is not Rule.TOLERANCE
    ]
    parts = [", ".join((*asked, *failed)) or decision.condition, decision.rule.value, *limits]
    return "; ".join(part for part in parts if part)
