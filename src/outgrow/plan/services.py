"""Services: what can be scaled, what one replica carries and costs, and the policy that says how many there are."""

from typing import Annotated, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from outgrow.plan.autoscaling import HpaPolicy
from outgrow.plan.keda import KedaPolicy
from outgrow.plan.model import Count, Declared, Name, Reference
from outgrow.plan.predictive import PredictivePolicy
from outgrow.plan.run_targets import RunsOn
from outgrow.quantity import Duration

Money = Annotated[float, Field(ge=0, allow_inf_nan=False)]

ScalingPolicy = Annotated[HpaPolicy | KedaPolicy | PredictivePolicy, Field(discriminator="policy")]
"""How many replicas there are, by the rules of `policy`."""


class PoolUse(Declared):
    """Connections that every replica opens to a database which it shares with others (AE-5)."""

    database: Name
    """The database's name: pools of one name share its connections."""
    size: Annotated[Count, Field(ge=0)] = 10
    """Connections of one replica, all its processes together."""
    max_connections: Annotated[Count, Field(ge=1)] | None = None
    """What the database allows in all; enough to say it at one of the services that share it."""


class Service(Declared):
    """A part of the system that runs as replicas."""

    title: str = ""
    """A name for people."""
    capacity: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    """Requests a second that one replica carries within its objective; measured by load tests unless given."""
    start_up: Duration | None = None
    """From ordering a replica until it serves; measured unless given."""
    price_per_hour: Money | None = None
    """Money for one replica and hour."""
    spot_price_per_hour: Money | None = None
    """Money for one replica and hour on capacity that may be taken back at any time (spot). A rehearsal says what it
    would save to run everything above the policy's minimum on it."""
    load: Reference | None = None
    """The signal of its requests a second in all."""
    pool: PoolUse | None = None
    """Its database connections."""
    runs_on: RunsOn | None = None
    """Where its replicas run, and how they are started; without it outgrow can rehearse its policy but not act."""
    decide_every: Annotated[Duration, Field(ge=Duration.parse("1s"), le=Duration.parse("1h"))] = Duration.parse("15s")
    """How often `outgrow scale` decides."""
    scaling: ScalingPolicy | None = None
    """How many replicas there are; without it outgrow leaves the number alone."""

    @model_validator(mode="after")
    def _what_its_policy_needs_is_there(self) -> Self:
        if self.spot_price_per_hour is not None and not self.price_per_hour:
            raise PydanticCustomError("service", "a spot price saves against a price; give price_per_hour too")
        policy = self.scaling
        if policy is None:
            return self
        if policy.caps.budget_per_month is not None and not self.price_per_hour:
            raise PydanticCustomError("service", "a budget needs a price; give the service a price_per_hour above 0")
        if isinstance(policy, PredictivePolicy) and self.load is None:
            raise PydanticCustomError("service", "a forecast needs the load; name the signal of requests/s as load")
        return self


def signals_of(service: Service) -> tuple[str, ...]:
    """Name the signals that a service is scaled by, its load first."""
    metrics = service.scaling.metrics if service.scaling is not None else ()
    return tuple(each for each in (service.load, *(metric.signal for metric in metrics)) if each is not None)
