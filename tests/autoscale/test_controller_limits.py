from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from outgrow.autoscale.hpa.history import HpaState, Recommendation, ScaleEvent, changed_within, happened
from outgrow.autoscale.hpa.limits import Bounds, bounded, stabilized
from outgrow.plan.autoscaling import Behavior, ControllerOptions, Direction
from tests.autoscale.given import NOW, after

CASES = yaml.safe_load(Path(__file__).with_name("controller_limits.yaml").read_text(encoding="utf-8"))


def direction(pods: int = 0, pods_per: int = 0, percent: int = 0, percent_per: int = 0) -> Direction:
    by_pods = [{"pods": pods, "per": f"{pods_per}s"}] if pods else []
    by_percent = [{"percent": percent, "per": f"{percent_per}s"}] if percent else []
    return Direction.model_validate({"rates": by_pods + by_percent})


def spread(changes: list[int]) -> tuple[ScaleEvent, ...]:
    """Changes spread evenly over the last 120 seconds, the last one half a distance ago."""
    apart = 120 / len(changes) if changes else 0
    return tuple(ScaleEvent(change, after(-apart * (i + 0.5))) for i, change in enumerate(changes))


def named(case: dict[str, Any]) -> str:
    return ", ".join(f"{key} {value}" for key, value in case.items())


@pytest.mark.parametrize("case", CASES["rates"], ids=named)
def test_rates_and_bounds_let_through_what_the_controller_lets_through(case: dict[str, Any]):
    behavior = Behavior(up=direction(*case.get("up", ())), down=direction(*case.get("down", ())))
    state = HpaState((), spread(case.get("ups", [])), spread(case.get("downs", [])))
    bounds = Bounds(case.get("min", 1), case.get("max", 1000))

    found = bounded(behavior, bounds, case["now"], case["wants"], state, NOW)

    assert (found.replicas, found.condition) == (case["gives"], case["because"])


@pytest.mark.parametrize("case", CASES["plain"], ids=named)
def test_bounds_without_a_behavior_let_through_what_the_controller_lets_through(case: dict[str, Any]):
    bounds = Bounds(case.get("min", 1), case["max"])

    found = bounded(None, bounds, case["now"], case["wants"], HpaState(()), NOW)

    assert (found.replicas, found.condition) == (case["gives"], case["because"])


@pytest.mark.parametrize("case", CASES["windows"], ids=named)
def test_windows_hold_back_what_the_controller_holds_back(case: dict[str, Any]):
    windows = {name: {"window": f"{case.get(name, 0)}s"} for name in ("up", "down")}
    behavior = Behavior.model_validate(windows)
    past = tuple(Recommendation(replicas, NOW - timedelta(minutes=ago)) for replicas, ago in case["past"])

    held, kept = stabilized(behavior, ControllerOptions(), case["now"], case["wants"], HpaState(past), NOW)

    assert held == case["gives"]
    assert [each.replicas for each in kept] == case.get("kept", [each.replicas for each in kept])


@pytest.mark.parametrize("case", CASES["events"], ids=named)
def test_changes_are_remembered_in_the_slots_of_the_controller(case: dict[str, Any]):
    before = tuple(ScaleEvent(change, after(-ago)) for change, ago in case["before"])

    slots = happened(before, 5, direction(*case["rates"]).rates, NOW)

    assert [[each.change, each.outdated] for each in slots] == case["after"]
    assert changed_within(before, timedelta(seconds=60), NOW) == case["counted"]
