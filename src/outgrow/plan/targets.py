"""Targets: what the system as a whole is to keep (PT-1), under names that thresholds and goals use."""

from typing import Annotated, Final, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from outgrow.plan.model import Count, Declared, Reference
from outgrow.quantity import RATIO, Duration, Quantity

_RISING: Final = ("p50", "p95", "p99")


class ResourceTarget(Declared):
    """A resource of the target: the signal that measures it, and what it must stay below."""

    signal: Reference
    """Which signal measures it."""
    below: Quantity
    """What it must stay below."""


class RateTargets(Declared):
    """Requests a second that the system must carry."""

    normal: Annotated[float, Field(gt=0)] | None = None
    """In an ordinary hour."""
    peak: Annotated[float, Field(gt=0)] | None = None
    """In the busy hour."""
    max: Annotated[float, Field(gt=0)] | None = None
    """In the worst minute."""


class Targets(Declared):
    """What the system as a whole is to keep. `p95: target` in a threshold or a goal means the figure here."""

    p50: Duration | None = None
    """Half of the answers come within this."""
    p95: Duration | None = None
    """Nineteen of twenty answers come within this."""
    p99: Duration | None = None
    """99 of a hundred answers come within this."""
    errors: Quantity | None = None
    """The share of requests that may fail."""
    availability: Quantity | None = None
    """The share of requests that must be answered as expected."""
    cpu: ResourceTarget | None = None
    """Processor time of the target."""
    memory: ResourceTarget | None = None
    """Memory of the target."""
    disk: ResourceTarget | None = None
    """Disk use or disk I/O of the target."""
    rps: RateTargets = Field(default=RateTargets())
    """Requests a second; a threshold names one of them: `rps: peak`."""
    mau: Annotated[Count, Field(ge=1)] | None = None
    """Monthly active users. `outgrow demand` relates them to requests a second."""
    dau: Annotated[Count, Field(ge=1)] | None = None
    """Daily active users."""
    concurrent_users: Annotated[Count, Field(ge=1)] | None = None
    """Users at once."""

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        for name in ("errors", "availability"):
            share: Quantity | None = getattr(self, name)
            if share is not None and not _is_share(share):
                raise PydanticCustomError(
                    "targets", "{name} is a share; write for example 0.1 %", {"name": name, "share": str(share)}
                )
        spans = [span for name in _RISING if (span := getattr(self, name)) is not None]
        if spans != sorted(spans):
            raise PydanticCustomError("targets", "p50, p95 and p99 can only rise; no p99 is below its p95")
        if self.mau is not None and self.dau is not None and self.dau > self.mau:
            raise PydanticCustomError("targets", "more users come on a day than in a month; swap mau and dau")
        return self


def _is_share(quantity: Quantity) -> bool:
    comparable = quantity.unit is None or quantity.unit.comparable_with(RATIO)
    return comparable and 0 <= quantity.in_unit(RATIO) <= 1
