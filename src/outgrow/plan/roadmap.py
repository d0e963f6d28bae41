"""The roadmap: the phases of an architecture in order, and where it stands today."""

from typing import Annotated, Final, Self

from pydantic import Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from outgrow.plan.load_thresholds import LoadThresholds
from outgrow.plan.model import Declared, Name, Reference
from outgrow.quantity import Duration

BASELINE: Final = "baseline"
"""What the proof of no phase is kept under: how the system does today."""


class Verify(Declared):
    """How a phase is proven: its scenarios are run one after the other, and every goal must be met."""

    scenarios: Annotated[tuple[Reference, ...], Field(min_length=1)]
    """Which scenarios are run, in this order."""
    goals: LoadThresholds = Field(default_factory=dict)
    """What must be met, written as thresholds are: `rps: 50`, `concurrent_users: 1000`, `p95: 2 s`, `errors: 0.1 %`. A
    rate and a number of users must be reached in one of the scenarios, everything else kept in all of them."""
    valid_for: Duration = Duration.parse("30d")
    """How long a proof counts."""


class Phase(Declared):
    """One phase of the roadmap."""

    name: Name
    """A short name that checkpoints refer to."""
    title: str = ""
    """A name for people."""
    description: str = ""
    """What it brings."""
    lead_time: Duration | None = None
    """How long it takes to get there."""
    verify: Verify | None = None
    """How it is proven by load tests; `outgrow verify PHASE` does it."""


class VersionOfTarget(Declared):
    """How to learn what ran where the load went, so that a proof says of which version it is: one of three ways."""

    text: str | None = None
    """What it is called, such as `${RELEASE}`."""
    header: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9!#$%&'*+.^_`|~-]+$")] | None = None
    """The header of an answer of the target that tells it, such as X-Release."""
    path: Annotated[str, StringConstraints(pattern=r"^/[\x21-\x7e]*$")] = "/"
    """What is asked of the target for that header."""
    command: tuple[str, ...] = ()
    """A command, in the plan's folder, whose first line tells it, such as `[git, -C, ../shop, describe, --always]`."""

    @model_validator(mode="after")
    def _is_one_way(self) -> Self:
        if (self.text is not None) + (self.header is not None) + bool(self.command) != 1:
            raise PydanticCustomError("version", "write one of text, header (with a path) and command")
        return self


class Roadmap(Declared):
    """Phases in order; checkpoints with `applies_from` count from that phase on."""

    current: Reference
    """The phase that the system is in."""
    baseline: Reference | None = None
    """The scenario that records how the system does today, before any phase: `outgrow verify --baseline`."""
    version: VersionOfTarget | None = None
    """How to learn which version of the system a load test met; proofs keep it."""
    phases: Annotated[tuple[Phase, ...], Field(min_length=1)]
    """All phases, in order."""

    @model_validator(mode="after")
    def _names_are_known_and_unique(self) -> "Roadmap":
        names = [phase.name for phase in self.phases]
        if BASELINE in names:
            raise PydanticCustomError("roadmap", "baseline comes before all phases; give the phase another name")
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise PydanticCustomError(
                "roadmap", 'the phase "{twice}" stands twice; rename or remove one', {"twice": twice}
            )
        return self

    def reached(self, phase: str) -> bool:
        """Say whether the system is in that phase or a later one."""
        names = [each.name for each in self.phases]
        return phase in names and self.current in names and names.index(self.current) >= names.index(phase)
