"""Policies for Kubernetes: the plan says what the manifests say, and rehearsals stay within it."""

import json
from typing import Any

import pytest
import yaml

from outgrow.cli import run
from outgrow.plan import Plan
from outgrow.plan.run_targets import KubernetesTarget
from outgrow.wiring import read_plan
from tests.examples.conftest import EXAMPLES

FOLDER = EXAMPLES / "kubernetes-policies"
MANIFESTS = ("pam-talk.yaml", "mvp-to-enterprise.yaml")


@pytest.fixture(scope="module")
def plan() -> Plan:
    loaded = read_plan(FOLDER / "plan.yaml")
    assert loaded.warnings == ()
    return loaded.plan


def workloads() -> dict[str, dict[str, Any]]:
    documents = (each for name in MANIFESTS for each in yaml.safe_load_all((FOLDER / name).read_text()))
    return {each["metadata"]["name"]: each for each in documents if each["kind"] in {"Deployment", "StatefulSet"}}


def test_the_plan_holds_the_policies_that_the_manifests_hold(plan: Plan, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["import", *(str(FOLDER / name) for name in MANIFESTS)]) == 0

    told = capsys.readouterr()
    imported = yaml.safe_load(told.out)["services"]
    assert told.err == ""
    assert imported == {
        name: {
            "scaling": {
                "policy": "hpa",
                "min": service.scaling.min,
                "max": service.scaling.max,
                "metrics": [
                    {"kind": each.kind, "name": each.name, "utilization": int(getattr(each, "utilization", 0))}
                    for each in service.scaling.metrics
                ],
            }
        }
        for name, service in plan.services.items()
        if service.scaling is not None
    }
    # PT-6 and ME-9.
    assert (imported["pam-talk"]["scaling"]["min"], imported["pam-talk"]["scaling"]["max"]) == (3, 50)
    assert [each["utilization"] for each in imported["pam-talk"]["scaling"]["metrics"]] == [70, 80]
    assert (imported["profile"]["scaling"]["min"], imported["profile"]["scaling"]["max"]) == (10, 100)


def test_every_service_of_the_plan_is_a_workload_of_the_manifests(plan: Plan) -> None:
    found = workloads()
    targets = {name: service.runs_on for name, service in plan.services.items()}

    assert {name: each["spec"]["replicas"] for name, each in found.items()} == {
        "pam-talk": 10, "profile": 50, "ai": 20, "sync": 30, "cache": 10,
    }  # fmt: skip
    for name, target in targets.items():
        assert isinstance(target, KubernetesTarget)
        assert target.workload == f"{found[name]['kind'].lower()}/{name}"
    resources = found["pam-talk"]["spec"]["template"]["spec"]["containers"][0]["resources"]
    assert resources == {"requests": {"cpu": "250m", "memory": "256Mi"}, "limits": {"cpu": "500m", "memory": "512Mi"}}
    assert "nvidia.com/gpu" in str(found["ai"])


@pytest.mark.parametrize("service", ["pam-talk", "profile"])
def test_each_policy_stays_within_its_bounds_on_recorded_traffic(
    plan: Plan, service: str, capsys: pytest.CaptureFixture[str]
) -> None:
    policy = plan.services[service].scaling
    assert policy is not None
    trace = EXAMPLES / "rehearse-a-policy" / "llm-requests.csv.gz"
    replicas: list[dict[str, Any]] = []
    for times in ("1", "5"):
        asked = ["--trace", str(trace), "--step", "10m", "--level-steps", "--scale", times, "--json"]
        assert run(["simulate", service, str(FOLDER / "plan.yaml"), *asked]) == 0
        found = json.loads(capsys.readouterr().out)
        replicas.append(found["rows"][0]["replicas"])

    usual, busy = replicas
    assert policy.min <= usual["lowest"] < usual["highest"] <= policy.max
    assert (busy["highest"], busy["at_maximum_seconds"] > 0) == (policy.max, True)
    assert [each.split()[1] for each in found["rows"][0]["left_out"]] == (["memory"] if service == "pam-talk" else [])
