"""Scenarios: the load that a system must carry, and what is asked of it."""

from collections.abc import Mapping
from typing import Annotated, Final, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from outgrow.plan.model import Count, Declared, Flag, Name, Reference, SecretText
from outgrow.plan.scenario_steps import PATH, Flow, ScenarioStep
from outgrow.quantity import Duration

_HIGHEST_RATE: Final = 1_000_000
_SECOND: Final = Duration.parse("1s")

RampShape = Literal["linear", "exponential"]
"""How a rate grows during a ramp: by the same amount, or by the same factor, in equal times."""


def _target(text: str) -> str:
    if not text.startswith("${") and not is_address(text):
        raise PydanticCustomError(
            "target", "is no address that load can be sent to; write http://HOST:PORT, optionally with a path"
        )
    return text


def is_address(text: str) -> bool:
    """Say whether load can be sent to a text: http, a host, perhaps a port and a path, and nothing else."""
    try:
        parts = urlsplit(text)
        has_port = parts.port is None or parts.port > 0
    except ValueError:
        return False
    rest = parts.query + parts.fragment
    plain = PATH.fullmatch(parts.path or "/") is not None and parts.netloc.isascii() and parts.netloc.isprintable()
    return (
        parts.scheme == "http" and bool(parts.hostname) and has_port and plain and not rest and "@" not in parts.netloc
    )


Rate = Annotated[float, Field(ge=0, le=_HIGHEST_RATE, allow_inf_nan=False)]
Positive = Annotated[Count, Field(ge=1, le=1_000_000)]


class Stage(Declared):
    """One stage of a course: a ramp to a rate, a jump to one, or a hold of the rate that was reached."""

    ramp: Rate | None = None
    """Go to this rate (requests a second) in the time `over`."""
    over: Duration | None = None
    """How long the ramp takes."""
    shape: RampShape = "linear"
    """How the ramp grows."""
    jump: Rate | None = None
    """Go to this rate at once."""
    hold: Duration | None = None
    """Keep the rate for so long; may stand beside `jump`."""

    @model_validator(mode="after")
    def _is_one_stage(self) -> Self:
        if (self.ramp is None) == (self.jump is None and self.hold is None):
            raise PydanticCustomError(
                "stage", "write one of {{ramp: 100, over: 2m}}, {{jump: 500, hold: 5m}} or {{hold: 5m}}"
            )
        if (self.ramp is None) != (self.over is None):
            raise PydanticCustomError("stage", "a ramp takes some time, and only a ramp: write {{ramp: 100, over: 2m}}")
        if any(span is not None and not span for span in (self.over, self.hold)):
            raise PydanticCustomError("stage", "a stage of no length does nothing; write jump for a change at once")
        return self


class Ceiling(Declared):
    """What a run may at most do; a scenario that would do more is refused."""

    rps: Rate = 5_000
    """The highest rate, requests a second."""
    duration: Duration = Duration.parse("2h")
    """The longest course."""


class Scenario(Declared):
    """Load as it will come: arrivals at a rate, whatever the system does (an open model).

    The course is `target_rps` for `duration`, its first part a `ramp`; or `stages`.
    """

    title: str = ""
    """A name for people."""
    target: Annotated[SecretText, AfterValidator(_target)]
    """Where the load goes: http://HOST:PORT, optionally with a path that steps' paths are put after. Only loopback and
    private addresses, unless `allow_hosts` names the host."""
    allow_hosts: tuple[str, ...] = ()
    """Hosts beyond loopback and private networks that may be loaded. Name only what is yours."""
    target_rps: Rate | None = None
    """Requests a second."""
    duration: Duration | None = None
    """How long the course is, its ramp included."""
    ramp: Duration = Duration.parse("0")
    """How long the rate takes from nothing to `target_rps`; an exponential one begins at a hundredth of it."""
    ramp_shape: RampShape = "linear"
    """How the ramp grows."""
    stages: tuple[Stage, ...] = ()
    """The course in stages, from a rate of 0 on."""
    arrivals: Literal["even", "poisson"] = "even"
    """Evenly paced, or as many independent users would come."""
    seed: Annotated[Count, Field(ge=0)] = 1
    """Of Poisson arrivals: the same number gives the same arrivals."""
    users: Positive = 1_000
    """Distinct sessions that arrivals rotate over, and the most requests in flight; an arrival beyond is dropped."""
    connections: Annotated[Count, Field(ge=1, le=60_000)] | None = None
    """The most connections; as many as users, at most 1,000, unless given. Waiting for one is reported apart."""
    http: Literal["1.1", "2"] = "1.1"
    """Which HTTP is spoken. Over `http://` version 2 begins without asking (RFC 9113 3.3)."""
    processes: Literal["auto"] | Annotated[Count, Field(ge=1, le=256)] = "auto"
    """Over how many processes the load is spread, each with its share of the arrivals and of the users; as many as the
    rate needs, at most one a core, unless given."""
    timeout: Duration = Duration.parse("10s")
    """How long an arrival may take from when it was due."""
    watch: tuple[Reference, ...] = ()
    """Signals of the target that are read while the load runs, so that the report says what was saturated first."""
    watch_every: Duration = Duration.parse("2s")
    """How often they are read, at least 1s."""
    ceiling: Ceiling = Field(default=Ceiling())
    """What the run may at most do."""
    cookies: Flag | None = None
    """Whether each session keeps its cookies; with flows it does, with plain steps it does not, unless given."""
    steps: tuple[ScenarioStep, ...] = ()
    """What is asked of the target: each arrival sends one, chosen by weight."""
    flows: Mapping[Name, Flow] = {}
    """Steps in order, in place of `steps`: each arrival takes one flow, chosen by weight."""

    @model_validator(mode="after")
    def _has_one_course(self) -> Self:
        shorthand = self.target_rps is not None or self.duration is not None or bool(self.ramp)
        if shorthand == bool(self.stages):
            raise PydanticCustomError("scenario", "write either target_rps and duration, or stages")
        if shorthand and not (self.target_rps and self.duration):
            raise PydanticCustomError("scenario", "a course needs both, target_rps and duration, above 0")
        if self.duration is not None and self.ramp > self.duration:
            raise PydanticCustomError("scenario", "the ramp is part of the duration and cannot be longer")
        if self.watch_every < _SECOND:
            raise PydanticCustomError("scenario", "watch_every is at least 1s; reading is load too")
        if not self.timeout:
            raise PydanticCustomError("scenario", "no request is answered in no time; make timeout longer than 0")
        if bool(self.steps) == bool(self.flows):
            raise PydanticCustomError("scenario", "write either steps, of which an arrival sends one, or flows")
        names = [step.name for step in self.steps]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise PydanticCustomError(
                "scenario", 'the step "{twice}" stands twice; rename or remove one', {"twice": twice}
            )
        return self

    @property
    def every_flow(self) -> Mapping[str, Flow]:
        """The flows by name; of plain steps, each is its own flow."""
        return self.flows or {step.name: Flow(weight=step.weight, steps=(step,)) for step in self.steps}

    @property
    def step_names(self) -> tuple[str, ...]:
        """The names under which steps are counted, each once, as they stand in the plan."""
        return tuple(dict.fromkeys(step.name for flow in self.every_flow.values() for step in flow.steps))

    @property
    def keeps_cookies(self) -> bool:
        """Whether each session keeps its cookies."""
        return bool(self.flows) if self.cookies is None else self.cookies
