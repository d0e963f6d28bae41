"""A scenario made ready to run: how much comes over time, its arrivals, and who takes which flow."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import floor, gcd
from pathlib import Path
from typing import TYPE_CHECKING, Final

from outgrow.loadtest.schedule import (
    WHOLE,
    Arrivals,
    Rate,
    Shape,
    Share,
    constant,
    joined,
    paced,
    planned,
    poisson,
    spike,
    steps,
    traced,
    waves,
)
from outgrow.loadtest.schedule import ramp as ramp_between
from outgrow.plan.scenario_courses import LONGEST_OF_ITERATIONS, Course, Stage
from outgrow.plan.scenarios import Scenario

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_BEGIN_OF_GROWTH: Final = 0.01
"""Where an exponential ramp from nothing begins, as a share of where it leads: nothing grows by no factor."""
_SLACK: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Timetable:
    """How much comes when.

    `rate` is arrivals a second; of a closed model, users at work. `moments` are those of recorded arrivals, in seconds
    from the first, where single ones were recorded.
    """

    rate: Rate
    moments: "NDArray[np.float64] | None" = None

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return self.rate.seconds

    @property
    def highest(self) -> float:
        """The highest rate that it reaches; of recorded arrivals, the most within a second."""
        if self.moments is None:
            return self.rate.highest
        import numpy as np  # noqa: PLC0415 (only recordings need it)

        within = np.searchsorted(self.moments, self.moments + 1.0, side="left") - np.arange(self.moments.size)
        return float(within.max())

    @property
    def planned(self) -> int:
        """How many arrivals it gives; of Poisson arrivals, about so many."""
        return planned(self.rate) if self.moments is None else int(self.moments.size)


def timetable_of(course: Course, base: Path | None = None, place: str = "trace") -> Timetable:
    """Work out a scenario's course.

    Args:
        course: the scenario, or its course.
        base: what a trace's file is relative to; the working directory unless given.
        place: where the trace stands in the plan, for messages.

    Raises:
        UsageError: a trace cannot be read.
    """
    if course.trace is None:
        return Timetable(rate_of(course))
    from outgrow.loadtest.traces import recorded  # noqa: PLC0415 (only recordings need it, and numpy with it)

    found = recorded(course.trace, base or Path(), place)
    if isinstance(found, Rate):
        return Timetable(found)
    seconds = max(float(found[-1]), 1e-3)
    return Timetable(constant(found.size / seconds, seconds), found)


def rate_of(course: Course) -> Rate:
    """Give a course's requests a second over time, or, of a closed model, its users; a trace stands in a file."""
    if course.stages:
        return _staged(course.stages)
    if course.vus is not None:
        return constant(course.vus, (course.duration or LONGEST_OF_ITERATIONS).total_seconds())
    assert course.target_rps is not None  # noqa: S101 (the plan holds one of the forms)
    assert course.duration is not None  # noqa: S101
    target, ramp, whole = course.target_rps, course.ramp.total_seconds(), course.duration.total_seconds()
    held = constant(target, whole - ramp) if whole > ramp else Rate(())
    return joined(_ramp(0, target, ramp, Shape(course.ramp_shape)), held) if ramp else held


def _staged(stages: tuple[Stage, ...]) -> Rate:
    rate, parts = 0.0, list[Rate]()
    for stage in stages:
        part, rate = _stage(stage, rate)
        parts.append(part)
    return joined(*parts)


def _stage(stage: Stage, rate: float) -> tuple[Rate, float]:
    """Give a stage's rate over time, and the rate that the next one begins with."""
    hold = 0.0 if stage.hold is None else stage.hold.total_seconds()
    if stage.ramp is not None and stage.over is not None:
        return _ramp(rate, stage.ramp, stage.over.total_seconds(), Shape(stage.shape)), stage.ramp
    if stage.steps and stage.each is not None:
        return steps(stage.steps, stage.each.total_seconds()), stage.steps[-1]
    if stage.spike is not None:
        return spike(rate, stage.spike, before=0, held=hold, after=0), rate
    if stage.sine is not None:
        wave = stage.sine
        return waves(wave.low, wave.high, wave.period.total_seconds(), wave.times), wave.low
    rate = rate if stage.jump is None else stage.jump
    return constant(rate, hold) if hold else Rate(()), rate


def _ramp(start: float, end: float, seconds: float, shape: Shape) -> Rate:
    if shape is Shape.EXPONENTIAL:
        start, end = max(start, end * _BEGIN_OF_GROWTH), max(end, start * _BEGIN_OF_GROWTH)
        if start == 0:
            shape = Shape.LINEAR  # from nothing to nothing
    return ramp_between(start, end, seconds, shape)


def arrivals_of(course: Course, share: Share = WHOLE, timetable: Timetable | None = None) -> Iterator[Arrivals]:
    """Give a share of an open course's arrivals in order."""
    timetable = timetable or timetable_of(course)
    if timetable.moments is not None:
        return traced(timetable.moments, share=share)
    if course.arrivals == "even":
        return paced(timetable.rate, share)
    import numpy as np  # noqa: PLC0415 (only chance needs it)

    return poisson(timetable.rate, np.random.default_rng(course.seed), share)


class Rotation:
    """Which flow and which session an arrival takes, by its number: every weight is met exactly, without chance.

    Sessions belong to one share each: `users` counts those of this share, and no other share meets them.
    """

    __slots__ = ("_cycle", "_share", "_shift", "users")

    def __init__(self, weights: tuple[int, ...], users: int, share: Share = WHOLE) -> None:
        """Spread the flows over a cycle as evenly as their weights allow.

        Raises:
            ValueError: there are fewer users than shares.
        """
        if users < share.of:
            raise ValueError(f"{users} users cannot be spread over {share.of} processes; ask for fewer processes")
        self.users = len(range(share.index, users, share.of))
        self._share = share
        self._cycle = _spread(weights)
        # Sessions move on against the cycle as the share meets it, or each would meet the same flow for ever.
        met = len(self._cycle) // gcd(len(self._cycle), share.of)
        own = self.users
        self._shift = next(shift for shift in range(own + 1) if gcd(own - shift, met) == 1 or shift == own)

    @property
    def cycle(self) -> int:
        """After how many arrivals the flows repeat."""
        return len(self._cycle)

    def flow(self, arrival: int) -> int:
        """Give the index of the flow that an arrival takes."""
        return self._cycle[arrival % len(self._cycle)]

    def user(self, arrival: int) -> int:
        """Give the session, from 0 over all shares, that an arrival belongs to."""
        turn, share = arrival // self._share.of, self._share
        return (turn + turn // self.users * self._shift) % self.users * share.of + share.index


def most_under_way(scenario: Scenario, timetable: Timetable) -> int:
    """Say how many arrivals may be under way at once: as many as there are users."""
    return max(1, floor(timetable.highest + _SLACK)) if scenario.is_closed else scenario.users


def planned_flows(scenario: Scenario, share: Share = WHOLE, base: Path | None = None) -> list[int]:
    """Count a share's arrivals flow by flow, in order; none of users who make as many as they can."""
    timetable = timetable_of(scenario, base)
    weights = tuple(flow.weight for flow in scenario.every_flow.values())
    users = most_under_way(scenario, timetable)
    rotation, counts = Rotation(weights, users, share), [0] * len(weights)
    for number in _numbers(scenario, share, timetable, users):
        counts[rotation.flow(number)] += 1
    return counts


def _numbers(scenario: Scenario, share: Share, timetable: Timetable, users: int) -> Iterator[int]:
    if not scenario.is_closed:
        for chunk in arrivals_of(scenario, share, timetable):
            yield from range(chunk.first, chunk.first + len(chunk.seconds) * chunk.apart, chunk.apart)
    elif scenario.iterations is not None:
        mine = len(range(share.index, scenario.iterations, share.of))
        if scenario.made_by == "per-vu-iterations":
            mine = scenario.iterations * len(range(share.index, users, share.of))
        yield from range(share.index, share.index + mine * share.of, share.of)


def _spread(weights: tuple[int, ...]) -> tuple[int, ...]:
    """Interleave by largest credit (smooth weighted round robin, as in nginx's upstream balancing)."""
    divisor = gcd(*weights)
    shares = [weight // divisor for weight in weights]
    whole, credit, order = sum(shares), [0] * len(shares), list[int]()
    for _ in range(whole):
        credit = [have + share for have, share in zip(credit, shares, strict=True)]
        chosen = max(range(len(credit)), key=credit.__getitem__)
        credit[chosen] -= whole
        order.append(chosen)
    return tuple(order)
