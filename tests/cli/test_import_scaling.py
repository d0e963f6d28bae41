"""`outgrow import`: existing autoscalers become a piece of a plan."""

from pathlib import Path

import pytest
import yaml

from outgrow.cli import run

V2 = """
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
spec:
  scaleTargetRef: {kind: Deployment, name: web}
  minReplicas: 2
  maxReplicas: 10
  metrics:
  - {type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 70}}}
  - {type: Pods, pods: {metric: {name: rps}, target: {type: AverageValue, averageValue: 1500m}}}
  behavior:
    scaleDown:
      stabilizationWindowSeconds: 120
      policies: [{type: Percent, value: 10, periodSeconds: 60}]
---
apiVersion: autoscaling/v1
kind: HorizontalPodAutoscaler
spec: {scaleTargetRef: {name: old}, maxReplicas: 5, targetCPUUtilizationPercentage: 60}
"""
KEDA = """
kind: ScaledObject
spec:
  scaleTargetRef: {name: worker}
  maxReplicaCount: 30
  cooldownPeriod: 60
  triggers: [{type: rabbitmq, metadata: {value: "20"}}, {type: cron, metadata: {start: x}}]
"""
COMPOSE = "services: {web: {deploy: {replicas: 3}}, db: {image: postgres}}"


def imported(tmp_path: Path, capsys, text: str):
    file = tmp_path / "x.yaml"
    file.write_text(text, encoding="utf-8")
    assert run(["import", str(file)]) == 0
    told = capsys.readouterr()
    return yaml.safe_load(told.out)["services"], told.err


def test_a_horizontal_pod_autoscaler_is_carried_over_whole(tmp_path, capsys):
    services, told = imported(tmp_path, capsys, V2)
    web = services["web"]["scaling"]
    assert (web["min"], web["max"], told) == (2, 10, "")
    assert web["metrics"][1] == {"kind": "pods", "name": "rps", "average": 1.5}
    assert web["behavior"] == {"down": {"window": "120s", "rates": [{"percent": 10, "per": "60s"}]}}
    assert services["old"]["scaling"]["metrics"] == [{"kind": "resource", "name": "cpu", "utilization": 60}]


def test_what_a_scaled_object_loses_is_said(tmp_path, capsys):
    services, told = imported(tmp_path, capsys, KEDA)
    worker = services["worker"]["scaling"]
    assert worker["metrics"] == [{"kind": "external", "name": "rabbitmq-0", "average": 20}]
    assert (worker["min"], worker["max"]) == (0, 30)
    assert "cooldownPeriod: 60" in told
    assert "trigger cron-1" in told


def test_replicas_of_compose_become_the_bounds(tmp_path, capsys):
    services, told = imported(tmp_path, capsys, COMPOSE)
    assert list(services) == ["web"]
    assert (services["web"]["scaling"]["min"], services["web"]["scaling"]["max"]) == (3, 3)
    assert "first guess" in told


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("kind: Deployment", "nothing in it scales"),
        ("kind: HorizontalPodAutoscaler", "is it complete"),
        ("{", "is no YAML"),
        (
            "kind: HorizontalPodAutoscaler\nspec: {scaleTargetRef: {name: a}, minReplicas: 9, maxReplicas: 2}",
            "min is above",
        ),
    ],
)
def test_what_cannot_be_imported_is_one_line(tmp_path, capsys, text: str, message: str):
    (tmp_path / "x.yaml").write_text(text, encoding="utf-8")
    assert run(["import", str(tmp_path / "x.yaml")]) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("written", "replicas", "note"),
    [
        ('"${WEB_REPLICAS:-4}"', 4, ""),
        ('"7"', 7, ""),
        ('"${WEB_REPLICAS}"', 1, "deploy.replicas: ${WEB_REPLICAS} is no number here, and 1 stands in its place"),
        ("null", 1, "deploy.replicas: None is no number here"),
        ("-2", 1, "deploy.replicas: -2 is no number here"),
    ],
)
def test_replicas_that_compose_fills_in_are_its_default_or_one(tmp_path, capsys, written, replicas, note):
    file = tmp_path / "compose.yaml"
    file.write_text(f"services: {{web: {{deploy: {{replicas: {written}}}}}}}")

    assert run(["import", str(file)]) == 0

    told = capsys.readouterr()
    assert yaml.safe_load(told.out)["services"]["web"]["scaling"]["min"] == replicas
    assert note in told.err
