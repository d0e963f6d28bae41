"""What a scenario asks of its target at most, and a smaller one of the same form for a rehearsal."""

import hashlib
import json
from datetime import timedelta
from math import floor
from typing import Final

from outgrow.plan.load_thresholds import LoadThreshold
from outgrow.plan.scenario_courses import LONGEST_OF_ITERATIONS, Sine, Stage, Trace
from outgrow.plan.scenarios import Scenario
from outgrow.quantity import Duration

_SHORTEST_SECONDS: Final = 2.0
_FEWEST_MICROSECONDS: Final = 1000
_SHORTEST_WINDOW: Final = Duration.parse("1s")


def highest_rate(scenario: Scenario) -> float | None:
    """Give the highest rate that a scenario asks, a second; none where it depends on answers or on a recording."""
    if scenario.is_closed or scenario.trace is not None:
        return None
    rates = [scenario.target_rps, *(each for stage in scenario.stages for each in _rates(stage))]
    return max((each for each in rates if each is not None), default=0.0)


def longest_course(scenario: Scenario) -> Duration | None:
    """Give how long a scenario's course is, of iterations at most; none where a recording says it."""
    if scenario.trace is not None:
        return None
    if scenario.stages:
        return Duration.of(sum((_length(stage) for stage in scenario.stages), timedelta()))
    return scenario.duration or LONGEST_OF_ITERATIONS


def _length(stage: Stage) -> timedelta:
    """Give how long a stage takes; the ways to write one leave each other out."""
    waves = timedelta() if stage.sine is None else stage.sine.period * stage.sine.times
    steps = timedelta() if stage.each is None else stage.each * len(stage.steps)
    return waves + steps + (stage.over or timedelta()) + (stage.hold or timedelta())


def most_users(scenario: Scenario) -> int:
    """Give how many sessions take part at most; of a closed model, how many users there are at once."""
    if scenario.is_closed and scenario.stages:
        return floor(max(rate or 0.0 for stage in scenario.stages for rate in _rates(stage)))
    return scenario.vus or scenario.users


def _rates(stage: Stage) -> tuple[float | None, ...]:
    return (stage.ramp, stage.jump, stage.spike, *stage.steps, None if stage.sine is None else stage.sine.high)


_ASKS_NOTHING: Final = frozenset({"title", "thresholds", "watch", "watch_every", "ceiling", "processes", "allow_hosts"})


def asked_hash(scenario: Scenario) -> str:
    """Hash what a scenario asks of its target, so that a kept run of another load does not stand for it."""
    asked = scenario.model_dump(mode="json", exclude_defaults=True, exclude=set(_ASKS_NOTHING))
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()[:16]


def rehearsed(scenario: Scenario, scale: float) -> Scenario:
    """Give a scenario with its rates, users and times at a share of what they are; at least two seconds long.

    Args:
        scenario: as the plan has it.
        scale: above 0, at most 1.
    """
    whole = None if scenario.duration is None else scenario.duration.total_seconds()
    shorter = scale if whole is None else max(scale, min(1.0, _SHORTEST_SECONDS / whole))
    thresholds = {
        key: tuple(_shortened(each, shorter) for each in several) for key, several in scenario.thresholds.items()
    }
    return scenario.model_copy(
        update={
            "target_rps": None if scenario.target_rps is None else scenario.target_rps * scale,
            "duration": _share(scenario.duration, shorter),
            "ramp": _share(scenario.ramp, shorter),
            "stages": tuple(_stage(stage, scale) for stage in scenario.stages),
            "users": max(1, round(scenario.users * scale)),
            "vus": None if scenario.vus is None else max(1, round(scenario.vus * scale)),
            "iterations": None if scenario.iterations is None else max(1, round(scenario.iterations * scale)),
            "trace": None if scenario.trace is None else _trace(scenario.trace, scale),
            "thresholds": thresholds,
        }
    )


def _trace(trace: Trace, scale: float) -> Trace:
    """Play a recording faster, so that it is shorter, and less of it, so that its rate is the share."""
    return trace.model_copy(update={"speed": trace.speed / scale, "scale": trace.scale * scale * scale})


def _share(span: Duration | None, scale: float) -> Duration | None:
    if span is None or not span:
        return span
    return Duration.of(max(span * scale, Duration.resolution * _FEWEST_MICROSECONDS))


def _rate(rate: float | None, scale: float) -> float | None:
    return None if rate is None else rate * scale


def _stage(stage: Stage, scale: float) -> Stage:
    sine = stage.sine
    return stage.model_copy(
        update={
            **{name: _rate(getattr(stage, name), scale) for name in ("ramp", "jump", "spike")},
            **{name: _share(getattr(stage, name), scale) for name in ("over", "hold", "each")},
            "steps": tuple(rate * scale for rate in stage.steps),
            "sine": None if sine is None else _sine(sine, scale),
        }
    )


def _sine(sine: Sine, scale: float) -> Sine:
    period = _share(sine.period, scale)
    return sine.model_copy(update={"low": sine.low * scale, "high": sine.high * scale, "period": period})


def shortened_window(over: timedelta, scale: float) -> Duration:
    """Give the window of a rehearsal: the same share of the run, at least a second."""
    return Duration.of(max(over * scale, _SHORTEST_WINDOW))


def _shortened(threshold: LoadThreshold, scale: float) -> LoadThreshold:
    over = threshold.over
    return threshold.model_copy(
        update={
            "over": None if over is None else shortened_window(over, scale),
            "delay_abort_eval": _share(threshold.delay_abort_eval, scale),
        }
    )
