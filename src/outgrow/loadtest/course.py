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

    def flow(self, arrival: int) -> int:
        """Give the index of the flow that an arrival takes."""
        return self._cycle[arrival % len(self._cycle)]

    def user(self, arrival: int) -> int:
        """Give the session, from 0 over all shares, that an arrival belongs to."""
        turn, share = arrival // self._share.of, self._share
        return (turn + turn // self.users * self._shift) % self.users * share.of + share.index


def planned_flows(scenario: Scenario, share: Share = WHOLE) -> list[int]:
    """Count a share's arrivals flow by flow, in the order of the flows."""
    weights = tuple(flow.weight for flow in scenario.every_flow.values())
    rotation, counts = Rotation(weights, scenario.users, share), [0] * len(weights)
    for chunk in arrivals_of(scenario, share):
        for turn in range(len(chunk.seconds)):
            counts[rotation.flow(chunk.first + turn * chunk.apart)] += 1
    return counts


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
