"""Windows, rates and bounds: what may become of a recommendation.

There are two ways through, and they differ in more than their defaults. Without a `behavior` a recommendation exactly
as old as the window still counts, only going down is stabilised, and one step up is at most the larger of 2 x and 4.
With one, it counts no longer, both directions are stabilised, and rates look at what changed within their period.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Final

from outgrow.autoscale.hpa.history import HpaState, Recommendation, changed_within, recommended
from outgrow.autoscale.hpa.proposals import MOST
from outgrow.facts.scaling import Rule
from outgrow.plan.autoscaling import DEFAULT_RATES_DOWN, DEFAULT_RATES_UP, Behavior, ControllerOptions, Direction, Rate

_FACTOR: Final = 2.0
_AT_LEAST: Final = 4.0
WITHIN_RANGE: Final = "DesiredWithinRange"


@dataclass(frozen=True, slots=True)
class Bounded:
    """A number of replicas after rates and bounds, the rule that set it, and Kubernetes' word for that."""

    replicas: int
    rule: Rule | None
    condition: str


@dataclass(frozen=True, slots=True)
class Bounds:
    """The fewest and the most replicas."""

    least: int
    most: int


# --- windows ---


def stabilized(
    behavior: Behavior | None, options: ControllerOptions, current: int, wanted: int, state: HpaState, now: datetime
) -> tuple[int, tuple[Recommendation, ...]]:
    """Hold a recommendation against the recent ones; give the result and what is remembered now."""
    past = state.recommendations or ()
    if behavior is None:
        since = now - options.downscale_stabilization
        highest = max((each.replicas for each in past if each.at >= since), default=wanted)
        return max(wanted, highest), recommended(past, wanted, now, since)
    up_since = now - (behavior.up.window or timedelta(0))
    down = behavior.down.window
    down_since = now - (options.downscale_stabilization if down is None else down)
    lowest = min((each.replicas for each in past if each.at > up_since), default=wanted)
    highest = max((each.replicas for each in past if each.at > down_since), default=wanted)
    held = min(max(current, min(wanted, lowest)), max(wanted, highest))
    return held, recommended(past, wanted, now, min(up_since, down_since))


# --- rates and bounds ---


def rates_up(behavior: Behavior) -> tuple[Rate, ...]:
    """Give the rates that hold when replicas are added."""
    return behavior.up.rates or DEFAULT_RATES_UP


def rates_down(behavior: Behavior) -> tuple[Rate, ...]:
    """Give the rates that hold when replicas are taken away."""
    return behavior.down.rates or DEFAULT_RATES_DOWN


def bounded(
    behavior: Behavior | None, bounds: Bounds, current: int, wanted: int, state: HpaState, now: datetime
) -> Bounded:
    """Let a number pass through rates and bounds."""
    if behavior is None:
        return _bounded_plainly(bounds, current, wanted)
    if wanted > current:
        fastest = max(current, _highest(behavior.up, rates_up(behavior), current, state, now))
        if wanted > min(bounds.most, fastest):
            return _upper(bounds, fastest)
    elif wanted < current:
        fastest = min(current, _lowest(behavior.down, rates_down(behavior), current, state, now))
        if wanted < max(bounds.least, fastest):
            return _lower(bounds, fastest)
    return Bounded(wanted, None, WITHIN_RANGE)


def _bounded_plainly(bounds: Bounds, current: int, wanted: int) -> Bounded:
    fastest = int(max(_FACTOR * current, _AT_LEAST))
    if wanted < bounds.least:
        return Bounded(bounds.least, Rule.MINIMUM, "TooFewReplicas")
    if wanted > min(bounds.most, fastest):
        return _upper(bounds, fastest)
    return Bounded(wanted, None, WITHIN_RANGE)


def _upper(bounds: Bounds, fastest: int) -> Bounded:
    if bounds.most > fastest:
        return Bounded(fastest, Rule.RATE, "ScaleUpLimit")
    return Bounded(bounds.most, Rule.MAXIMUM, "TooManyReplicas")


def _lower(bounds: Bounds, fastest: int) -> Bounded:
    if bounds.least < fastest:
        return Bounded(fastest, Rule.RATE, "ScaleDownLimit")
    return Bounded(bounds.least, Rule.MINIMUM, "TooFewReplicas")


def _highest(direction: Direction, rates: tuple[Rate, ...], current: int, state: HpaState, now: datetime) -> int:
    if direction.select == "disabled":
        return current
    limits = [_up_to(rate, _at_start(rate, current, state, now)) for rate in rates]
    return max(limits) if direction.select == "max" else min(limits)


def _lowest(direction: Direction, rates: tuple[Rate, ...], current: int, state: HpaState, now: datetime) -> int:
    if direction.select == "disabled":
        return current
    limits = [_down_to(rate, _at_start(rate, current, state, now)) for rate in rates]
    # The largest change downwards leaves the fewest replicas.
    return min(limits) if direction.select == "max" else max(limits)


def _at_start(rate: Rate, current: int, state: HpaState, now: datetime) -> int:
    """Give the number of replicas at the beginning of a rate's period."""
    return current - changed_within(state.ups, rate.per, now) + changed_within(state.downs, rate.per, now)


def _up_to(rate: Rate, start: int) -> int:
    if rate.pods is not None:
        return start + rate.pods
    # Rounded up, for otherwise a few replicas would never become more.
    return min(ceil(start * (1 + (rate.percent or 0) / 100)), MOST)


def _down_to(rate: Rate, start: int) -> int:
    if rate.pods is not None:
        return start - rate.pods
    return int(start * (1 - (rate.percent or 0) / 100))
