"""A scenario made ready to run: its rate over time, and its arrivals."""

from collections.abc import Iterator
from math import gcd
from typing import Final

import numpy as np

from outgrow.loadtest.schedule import WHOLE, Arrivals, Rate, Shape, Share, constant, joined, paced, poisson
from outgrow.loadtest.schedule import ramp as ramp_between
from outgrow.plan.scenarios import Scenario, Stage

_BEGIN_OF_GROWTH: Final = 0.01
"""Where an exponential ramp from nothing begins, as a share of where it leads: nothing grows by no factor."""


def rate_of(scenario: Scenario) -> Rate:
    """Give the scenario's requests a second over time."""
    if scenario.stages:
        return _staged(scenario.stages)
    assert scenario.target_rps is not None  # noqa: S101 (the plan holds one of the two)
    assert scenario.duration is not None  # noqa: S101
    target, ramp, whole = scenario.target_rps, scenario.ramp.total_seconds(), scenario.duration.total_seconds()
    held = constant(target, whole - ramp) if whole > ramp else Rate(())
    return joined(_ramp(0, target, ramp, Shape(scenario.ramp_shape)), held) if ramp else held


def _staged(stages: tuple[Stage, ...]) -> Rate:
    rate, parts = 0.0, list[Rate]()
    for stage in stages:
        if stage.ramp is not None and stage.over is not None:
            parts.append(_ramp(rate, stage.ramp, stage.over.total_seconds(), Shape(stage.shape)))
            rate = stage.ramp
        rate = rate if stage.jump is None else stage.jump
        if stage.hold is not None:
            parts.append(constant(rate, stage.hold.total_seconds()))
    return joined(*parts)


def _ramp(start: float, end: float, seconds: float, shape: Shape) -> Rate:
    if shape is Shape.EXPONENTIAL:
        start, end = max(start, end * _BEGIN_OF_GROWTH), max(end, start * _BEGIN_OF_GROWTH)
        if start == 0:
            shape = Shape.LINEAR  # from nothing to nothing
    return ramp_between(start, end, seconds, shape)


def arrivals_of(scenario: Scenario, share: Share = WHOLE) -> Iterator[Arrivals]:
    """Give a share of the scenario's arrivals in order."""
    rate = rate_of(scenario)
    if scenario.arrivals == "even":
        return paced(rate, share)
    return poisson(rate, np.random.default_rng(scenario.seed), share)


class Rotation:
    """Which flow and which session an arrival takes, by its number: every weight is met exactly, without chance."""

    __slots__ = ("_cycle", "_shift", "users")

    def __init__(self, weights: tuple[int, ...], users: int) -> None:
        """Spread the flows over a cycle as evenly as their weights allow."""
        self.users = users
        self._cycle = _spread(weights)
        # Sessions move on against the cycle, or each would meet the same flow for ever.
        self._shift = next(
            shift for shift in range(users + 1) if gcd(users - shift, len(self._cycle)) == 1 or shift == users
        )

    def flow(self, arrival: int) -> int:
        """Give the index of the flow that an arrival takes."""
        return self._cycle[arrival % len(self._cycle)]

    def user(self, arrival: int) -> int:
        """Give the session, from 0, that an arrival belongs to."""
        return (arrival + arrival // self.users * self._shift) % self.users


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
