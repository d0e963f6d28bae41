"""A scenario made ready to run: its rate over time, its arrivals, and its requests as bytes."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import gcd
from typing import Final
from urllib.parse import urlsplit

import numpy as np

from outgrow.loadtest.schedule import WHOLE, Arrivals, Rate, Shape, Share, constant, joined, paced, poisson
from outgrow.loadtest.schedule import ramp as ramp_between
from outgrow.plan.scenarios import Scenario, ScenarioStep, Stage
from outgrow.plan.secrets import resolve

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


@dataclass(frozen=True, slots=True)
class Request:
    """One step's request: text with places for the session and the arrival, or bytes where there are none."""

    step: ScenarioStep
    head: str
    body: str
    ready: bytes | None

    def bytes_for(self, user: int, arrival: int) -> bytes:
        """Give what is sent for one arrival."""
        if self.ready is not None:
            return self.ready
        head, body = (
            text.replace("{user}", str(user)).replace("{arrival}", str(arrival)) if "{" in text else text
            for text in (self.head, self.body)
        )
        return _joined(self.step, head, body)

    def accepts(self, status: int, body: bytes) -> bool:
        """Say whether an answer is what the step expects."""
        statuses = self.step.status
        if status not in statuses if statuses else not 200 <= status < 400:  # noqa: PLR2004 (success and redirection)
            return False
        return not self.step.contains or self.step.contains.encode() in body


def request_of(step: ScenarioStep, target: str, environment: Mapping[str, str]) -> Request:
    """Make a step's request ready.

    Raises:
        SourceError: an environment variable that it names is not set.
    """
    parts = urlsplit(target)
    lines = [f"{step.method} {parts.path.rstrip('/')}{step.path} HTTP/1.1", f"Host: {parts.netloc}"]
    lines += [f"{name}: {resolve(value, environment)}" for name, value in step.headers.items()]
    if not any(name.lower() == "user-agent" for name in step.headers):
        lines.append("User-Agent: outgrow")
    head, body = "\r\n".join(lines), resolve(step.body, environment)
    is_static = not any(place in text for text in (head, body) for place in ("{user}", "{arrival}"))
    return Request(step, head, body, _joined(step, head, body) if is_static else None)


def _joined(step: ScenarioStep, head: str, body: str) -> bytes:
    sent = body.encode()
    length = f"\r\nContent-Length: {len(sent)}" if sent or step.method in {"POST", "PUT", "PATCH"} else ""
    return f"{head}{length}\r\n\r\n".encode("latin-1", "replace") + sent


class Rotation:
    """Which step and which session an arrival takes, by its number: every weight is met exactly, without chance."""

    __slots__ = ("_cycle", "_shift", "users")

    def __init__(self, weights: tuple[int, ...], users: int) -> None:
        """Spread the steps over a cycle as evenly as their weights allow."""
        self.users = users
        self._cycle = _spread(weights)
        # Sessions move on against the cycle, or each would meet the same step for ever.
        self._shift = next(
            shift for shift in range(users + 1) if gcd(users - shift, len(self._cycle)) == 1 or shift == users
        )

    def step(self, arrival: int) -> int:
        """Give the index of the step that an arrival takes."""
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
