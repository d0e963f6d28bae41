"""A scenario's course: how much comes when, by a rate, by stages, as recorded, or by users who wait for answers."""

from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from outgrow.plan.model import Count, Declared
from outgrow.plan.signals import PositiveDuration
from outgrow.quantity import Duration

_HIGHEST_RATE: Final = 1_000_000
LONGEST_OF_ITERATIONS: Final = Duration.parse("10m")
"""How long a course of iterations may take unless given, as k6's maxDuration."""

RampShape = Literal["linear", "exponential"]
"""How a rate grows during a ramp: by the same amount, or by the same factor, in equal times."""
Rate = Annotated[float, Field(ge=0, le=_HIGHEST_RATE, allow_inf_nan=False)]
Factor = Annotated[float, Field(gt=0, le=_HIGHEST_RATE, allow_inf_nan=False)]
Positive = Annotated[Count, Field(ge=1, le=1_000_000)]
Sessions = Annotated[Count, Field(ge=1, le=100_000_000)]
Executor = Literal[
    "constant-arrival-rate",
    "ramping-arrival-rate",
    "constant-vus",
    "ramping-vus",
    "shared-iterations",
    "per-vu-iterations",
]
"""k6's names for how load is made."""


class Sine(Declared):
    """A wave: from `low` to `high` and back, as days do."""

    low: Rate
    """The rate at the beginning and the end of each period."""
    high: Rate
    """The rate in the middle of each period."""
    period: PositiveDuration
    """How long one wave takes."""
    times: Annotated[Count, Field(ge=1, le=10_000)] = 1
    """How many waves."""


class Stage(Declared):
    """One stage of a course: a ramp, a jump, a hold of the rate that was reached, a stair, a spike or a wave.

    Rates are requests a second; of `executor: ramping-vus` they are users.
    """

    ramp: Rate | None = None
    """Go to this rate in the time `over`."""
    over: PositiveDuration | None = None
    """How long the ramp takes."""
    shape: RampShape = "linear"
    """How the ramp grows."""
    jump: Rate | None = None
    """Go to this rate at once."""
    hold: PositiveDuration | None = None
    """Keep the rate for so long; stands alone, beside `jump`, or beside `spike`."""
    steps: tuple[Rate, ...] = ()
    """Hold one rate after another, each for the time `each`."""
    each: PositiveDuration | None = None
    """How long each of the `steps` is held."""
    spike: Rate | None = None
    """Go to this rate at once for the time `hold`, and then back to the rate before."""
    sine: Sine | None = None
    """Go up and down in waves; afterwards the rate is the wave's `low`."""

    @model_validator(mode="after")
    def _is_one_stage(self) -> Self:
        kinds = (self.ramp is not None, self.jump is not None, bool(self.steps), self.spike is not None)
        chosen = sum(kinds) + (self.sine is not None)
        if chosen > 1 or (not chosen and self.hold is None):
            raise PydanticCustomError(
                "stage",
                "write one of {{ramp: 100, over: 2m}}, {{jump: 500, hold: 5m}}, {{hold: 5m}}, "
                "{{steps: [50, 100], each: 1m}}, {{spike: 500, hold: 30s}} and "
                "{{sine: {{low: 50, high: 150, period: 10m}}}}",
            )
        for has, span, remedy in (
            (self.ramp is not None, self.over, "a ramp takes some time, and only a ramp: write {ramp: 100, over: 2m}"),
            (bool(self.steps), self.each, "steps take some time each, and only steps: write {steps: [50], each: 1m}"),
        ):
            if has != (span is not None):
                raise PydanticCustomError("stage", "{remedy}", {"remedy": remedy})
        if self.spike is not None and self.hold is None:
            raise PydanticCustomError("stage", "a spike takes some time: write {{spike: 500, hold: 30s}}")
        if self.hold is not None and (self.ramp is not None or self.steps or self.sine is not None):
            raise PydanticCustomError(
                "stage", "hold stands alone, beside jump or beside spike; make it a stage of its own"
            )
        return self


class Trace(Declared):
    """Recorded load from a CSV file with a heading, perhaps compressed (.gz).

    Each row is an arrival; or, with `count` or `rate`, says how much came from its moment to the next row's.
    """

    file: str
    """The file, relative to the plan."""
    at: str | None = None
    """The column of moments, in seconds from any zero or as ISO 8601; the first unless given."""
    count: str | None = None
    """The column that says how many requests came until the next row."""
    rate: str | None = None
    """The column that says how many requests a second came until the next row."""
    speed: Factor = 1.0
    """How many times as fast as it was recorded."""
    scale: Factor = 1.0
    """How many times as much as was recorded; of single arrivals a share, below 1."""

    @model_validator(mode="after")
    def _is_one_of_three(self) -> Self:
        if self.count is not None and self.rate is not None:
            raise PydanticCustomError("trace", "write count or rate, not both")
        if self.scale > 1 and self.count is None and self.rate is None:
            raise PydanticCustomError(
                "trace", "single arrivals cannot be multiplied; write speed or a scale below 1, or name count or rate"
            )
        return self


class Ceiling(Declared):
    """What a run may at most do; a scenario that would do more is refused."""

    rps: Rate = 5_000
    """The highest rate, requests a second."""
    vus: Positive = 5_000
    """The most users of a closed model."""
    duration: Duration = Duration.parse("2h")
    """The longest course."""


_CLOSED: Final = frozenset({"constant-vus", "ramping-vus", "shared-iterations", "per-vu-iterations"})
_FORMS: Final[dict[str, str]] = {
    "constant-arrival-rate": "target_rps: 100 and duration: 10m",
    "ramping-arrival-rate": "stages, or target_rps, duration and ramp",
    "constant-vus": "vus: 50 and duration: 10m",
    "ramping-vus": "stages, whose rates are users",
    "shared-iterations": "vus: 50 and iterations: 1000",
    "per-vu-iterations": "vus: 50 and iterations: 20",
}


class Course(Declared):
    """How much comes when: by a rate, by stages, as recorded, or by users who wait for answers."""

    executor: Executor | None = None
    """How load is made, by k6's names; follows from the other options unless given. `ramping-vus` and
    `per-vu-iterations` must be."""
    target_rps: Rate | None = None
    """Requests a second; of flows, arrivals a second."""
    duration: Duration | None = None
    """How long the course is, its ramp included; of `iterations`, the longest that it may be (10m unless given)."""
    ramp: Duration = Duration.parse("0")
    """How long the rate takes from nothing to `target_rps`; an exponential one begins at a hundredth of it."""
    ramp_shape: RampShape = "linear"
    """How the ramp grows."""
    stages: tuple[Stage, ...] = ()
    """The course in stages, from a rate of 0 on."""
    trace: Trace | None = None
    """The course as it was recorded."""
    vus: Positive | None = None
    """Users of a closed model: each waits for its answer before it sends the next request."""
    iterations: Positive | None = None
    """How many arrivals the users of a closed model make: all together, or each (`per-vu-iterations`)."""
    arrivals: Literal["even", "poisson"] = "even"
    """Evenly paced, or as many independent users would come."""
    seed: Annotated[Count, Field(ge=0)] = 1
    """Of Poisson arrivals, pauses and random data: the same number gives the same."""
    users: Sessions = 1_000
    """Distinct sessions that arrivals rotate over, and the most arrivals under way; one beyond is dropped. A closed
    model has its `vus` instead."""
    graceful_stop: Duration | None = None
    """How long arrivals that are under way when the course ends may take; 30s, at least `timeout`, unless given."""

    @model_validator(mode="after")
    def _has_one_course(self) -> Self:
        shorthand = self.target_rps is not None or bool(self.ramp)
        if shorthand + bool(self.stages) + (self.trace is not None) + (self.vus is not None) != 1:
            raise PydanticCustomError(
                "scenario", "write one of target_rps and duration, stages, a trace, and vus with duration or iterations"
            )
        if shorthand and not (self.target_rps and self.duration):
            raise PydanticCustomError("scenario", "a course needs both, target_rps and duration, above 0")
        if self.duration is not None and (self.stages or self.trace):
            raise PydanticCustomError("scenario", "stages and traces last as long as they are; remove duration")
        if self.duration is not None and self.ramp > self.duration:
            raise PydanticCustomError("scenario", "the ramp is part of the duration and cannot be longer")
        if self.vus is not None and not (self.duration or self.iterations):
            raise PydanticCustomError("scenario", "users need an end: write duration: 10m or iterations: 1000")
        if self.iterations is not None and self.vus is None:
            raise PydanticCustomError("scenario", "iterations are made by users: write vus too")
        if self.executor is not None and self.executor not in self._possible:
            raise PydanticCustomError(
                "scenario",
                "{executor} has another form; write {form}",
                {"executor": self.executor, "form": _FORMS[self.executor]},
            )
        return self

    @property
    def _possible(self) -> tuple[Executor, ...]:
        """The executors that the options allow; the first is meant unless another is named."""
        if self.vus is not None:
            return ("shared-iterations", "per-vu-iterations") if self.iterations else ("constant-vus",)
        if self.stages:
            return ("ramping-arrival-rate", "ramping-vus")
        return ("ramping-arrival-rate",) if self.ramp or self.trace else ("constant-arrival-rate",)

    @property
    def made_by(self) -> Executor:
        """How load is made, by k6's name."""
        return self.executor or self._possible[0]

    @property
    def is_closed(self) -> bool:
        """Whether users wait for their answers, so that a slow server is asked less."""
        return self.made_by in _CLOSED
