from pathlib import Path
from typing import Any

import pytest
import yaml

from outgrow.autoscale.hpa.proposals import propose
from outgrow.autoscale.observed import Numbers, Observation
from tests.autoscale.given import NOW, hpa, pods, thousandths, usage

CASES = yaml.safe_load(Path(__file__).with_name("controller_metrics.yaml").read_text(encoding="utf-8"))
METRICS = {
    "utilization": lambda target: {"kind": "resource", "name": "cpu", "utilization": target},
    "average_of_pods": lambda target: {"kind": "pods", "name": "qps", "average": thousandths(target)},
    "object_value": lambda target: {"kind": "object", "name": "qps", "value": thousandths(target)},
    "object_average": lambda target: {"kind": "object", "name": "qps", "average": thousandths(target)},
    "external_value": lambda target: {"kind": "external", "name": "qps", "value": thousandths(target)},
    "external_average": lambda target: {"kind": "external", "name": "qps", "average": thousandths(target)},
}


def observed(kind: str, case: dict[str, Any]) -> Observation:
    letters = case.get("pods", "T" * case["now"])
    of_pods = kind in {"utilization", "average_of_pods"}
    reading = usage(*case["levels"], names=case.get("readers", ())) if of_pods else Numbers(tuple(case["levels"]))
    everyone = pods(letters, case.get("started", ""), case.get("requests", ()))
    return Observation(case["now"], case["now"], (reading,), everyone)


@pytest.mark.parametrize(
    ("kind", "case"),
    [pytest.param(kind, case, id=f"{kind}: {case['about']}") for kind, cases in CASES.items() for case in cases],
)
def test_a_metric_asks_for_what_the_controller_asks_for(kind: str, case: dict[str, Any]):
    policy = hpa(METRICS[kind](case["target"]), min=0)
    seen = observed(kind, case)

    found = propose(policy.metrics[0], seen.readings[0], seen, policy, NOW)

    assert (found.replicas, bool(found.failure)) == (case.get("gives"), "gives" not in case)
    assert case.get("usage", found.usage) == found.usage


@pytest.mark.parametrize("case", CASES["utilization"], ids=lambda case: case["about"])
def test_a_resource_of_one_container_is_judged_as_that_of_a_pod_of_one_container(case: dict[str, Any]):
    whole = hpa({"kind": "resource", "name": "cpu", "utilization": case["target"]})
    part = hpa({"kind": "container_resource", "name": "cpu", "container": "app", "utilization": case["target"]})
    seen = observed("utilization", case)

    of_pod = propose(whole.metrics[0], seen.readings[0], seen, whole, NOW)
    of_container = propose(part.metrics[0], seen.readings[0], seen, part, NOW)

    assert (of_container.replicas, of_container.usage) == (of_pod.replicas, of_pod.usage)
