"""Decisions of a real controller, recorded (see recorded/README.md), are made again."""

import json
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from outgrow.autoscale.hpa import HpaState, Recommendation, ScaleEvent, carried_out, judge
from outgrow.autoscale.observed import (
    Answer,
    Numbers,
    Observation,
    PerPod,
    Phase,
    Pod,
    PodUsage,
    Readiness,
    Reading,
    Unread,
)
from outgrow.facts.scaling import Rule
from outgrow.plan.autoscaling import HpaPolicy
from tests.autoscale.given import NOW, after, thousandths

RECORDED = Path(__file__).parent / "recorded" / "kubernetes-1.20.2.jsonl"
CASES = [json.loads(line) for line in RECORDED.read_text(encoding="utf-8").splitlines()]
ALWAYS_ASKED: dict[str, Any] = {"condition": None, "each": [], "usage": [], "ups": [], "downs": [], "failed": False}


def metric(raw: dict[str, Any]) -> dict[str, Any]:
    kind, _, target = raw["kind"].partition("_")
    amount = raw["target"] if target == "utilization" else thousandths(raw["target"])
    of_container = {"container": raw["container"]} if "container" in raw else {}
    return {
        "kind": "container_resource" if of_container else kind,
        "name": raw["name"],
        target or "average": amount,
        **of_container,
    }


def policy(case: dict[str, Any]) -> HpaPolicy:
    tolerance, window, initialization, delay = case["controller"]
    sides = {
        name: {
            "select": side["select"],
            "rates": [{kind: amount, "per": f"{per}s"} for kind, amount, per in side["rates"]],
            **({} if side["window"] is None else {"window": f"{side['window']}s"}),
        }
        for name, side in case.get("behavior", {}).items()
    }
    return HpaPolicy.model_validate(
        {
            "min": case["min"],
            "max": case["max"],
            "metrics": [metric(each) for each in case["metrics"]],
            "behavior": sides or None,
            "controller": {
                "tolerance": tolerance,
                "downscale_stabilization": f"{window}s",
                "cpu_initialization_period": f"{initialization}s",
                "initial_readiness_delay": f"{delay}s",
            },
        }
    )


def pod(name: str, phase: str, started: float | None, ready: Sequence[Any] | None, requests: Any = None) -> Pod:
    return Pod(
        name,
        phase=Phase(phase.removesuffix(" leaving")),
        readiness=Readiness(Answer(ready[0]), after(-ready[1])) if ready else None,
        started_at=None if started is None else after(-started),
        deleting=phase.endswith(" leaving"),
        requests=requests,
    )


def reading(raw: Any) -> Reading:
    if raw is None:
        return Unread("it did not answer")
    if isinstance(raw, list):
        return Numbers(tuple(raw))
    usage = {
        name: PodUsage(milli, after(-age), timedelta(seconds=window)) for name, (milli, age, window) in raw.items()
    }
    return PerPod(usage)


def remembered(case: dict[str, Any]) -> HpaState:
    past = case["recommended"]
    slots = None if past is None else tuple(Recommendation(replicas, after(-age)) for replicas, age in past)
    ups, downs = (
        tuple(ScaleEvent(change, after(-age), bool(old)) for change, age, old in case.get(name, ()))
        for name in ("ups", "downs")
    )
    return HpaState(slots, ups, downs)


def changes(slots: tuple[ScaleEvent, ...]) -> list[list[int]]:
    return [[each.change, int(each.outdated)] for each in slots]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"line {CASES.index(case) + 1}")
def test_a_recorded_decision_is_made_again_with_the_same_memory(case: dict[str, Any]):
    readings = tuple(reading(each["reading"]) for each in case["metrics"])
    people = tuple(pod(*each) for each in case.get("pods", ()))
    seen = Observation(case["replicas"], case.get("observed", case["replicas"]), readings, people)
    wanted = policy(case)

    decision, state = judge(wanted, seen, remembered(case), NOW)
    state = carried_out(wanted, decision, state)

    answer = {**ALWAYS_ASKED, **case["answer"]}
    failed = decision.rule is Rule.FAILED
    assert (decision.desired, failed) == (answer["desired"], answer["failed"])
    if answer["condition"]:
        assert decision.condition == answer["condition"]
    assert [each.replicas for each in decision.proposals] == answer["each"]
    for proposal, usage in zip(decision.proposals, answer["usage"], strict=True):
        assert usage in {None, proposal.usage}
    assert [each.replicas for each in state.recommendations or ()] == answer["recommended"]
    assert (changes(state.ups), changes(state.downs)) == (answer["ups"], answer["downs"])
