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
  pollingInterval: 15
  fallback: {failureThreshold: 3, replicas: 6, behavior: currentReplicasIfHigher}
  triggers:
  - {type: rabbitmq, name: orders, metadata: {mode: QueueLength, value: "20", activationValue: "5"}}
  - {type: prometheus, name: mails, metricType: Value, metadata: {threshold: 1500m}}
  - {type: cron, metadata: {timezone: Asia/Seoul, start: 0 8 * * *, end: 0 18 * * *, desiredReplicas: "40"}}
  advanced:
    scalingModifiers: {formula: orders + mails / 2, target: "10", activationTarget: "2"}
"""
HOURS = {"start": "0 8 * * *", "end": "0 9 * * *", "desiredReplicas": 2}
ONLY_HOURS = {"scaleTargetRef": {"name": "a"}, "triggers": [{"type": "cron", "metadata": HOURS}]}
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


def test_a_scaled_object_keeps_what_keda_has_words_for(tmp_path, capsys):
    services, told = imported(tmp_path, capsys, KEDA)

    assert told == ""
    assert services["worker"]["scaling"] == {
        "policy": "keda",
        "min": 0,
        "max": 30,
        "triggers": [
            {"name": "orders", "average": 20, "activation": 5},
            {"name": "mails", "value": 1.5},
        ],
        "polling": "15s",
        "cool_down": "60s",
        "fallback": {"after_failures": 4, "replicas": 6, "behavior": "currentReplicasIfHigher"},
        "combine": {"formula": "orders + mails / 2", "average": 10, "activation": 2},
        "schedules": [
            {"title": "cron-2", "start": "0 8 * * *", "end": "0 18 * * *", "min": 30, "timezone": "Asia/Seoul"}
        ],
    }


def test_an_imported_scaled_object_is_a_policy_that_validates_with_signals(tmp_path, capsys):
    services, _ = imported(tmp_path, capsys, KEDA)
    plan = {"outgrow": 1, "name": "shop", "timezone": "Asia/Seoul", "services": services}
    (tmp_path / "plan.yaml").write_text(yaml.safe_dump(plan, sort_keys=False))

    assert run(["validate", str(tmp_path / "plan.yaml")]) == 0


def test_what_a_scaled_object_loses_beside_a_metric_of_its_pods_is_said(tmp_path, capsys):
    document = yaml.safe_load(KEDA)
    document["spec"]["triggers"] += [{"type": "cpu", "metricType": "Utilization", "metadata": {"value": "60"}}]
    services, told = imported(tmp_path, capsys, yaml.safe_dump(document))

    assert services["worker"]["scaling"]["metrics"] == [
        {"kind": "external", "name": "orders", "average": 20},
        {"kind": "external", "name": "mails", "value": 1.5},
        {"kind": "resource", "name": "cpu", "utilization": 60},
    ]
    for lost in ("cooldownPeriod: 60", "pollingInterval: 15", "fallback: ", "orders: its activation", "the formula"):
        assert lost in told


def test_a_formula_that_cannot_be_carried_over_is_said_and_the_triggers_stay(tmp_path, capsys):
    document = yaml.safe_load(KEDA)
    document["spec"]["advanced"]["scalingModifiers"]["formula"] = "count([orders, mails], {# > 1}) > 1 ? 5 : 0"
    services, told = imported(tmp_path, capsys, yaml.safe_dump(document))

    assert "combine" not in services["worker"]["scaling"]
    assert "every trigger counts by its own target" in told


@pytest.mark.parametrize(
    ("annotations", "pause"),
    [
        ({"paused": "true"}, "all"),
        ({"paused": "false"}, None),
        ({"paused-replicas": "3", "paused": "true"}, 3),
        ({"paused-scale-in": "true"}, "in"),
        ({"paused-scale-out": "true"}, "out"),
        ({"paused-scale-in": "true", "paused-scale-out": "true"}, "all"),
    ],
)
def test_a_paused_scaled_object_stays_paused(tmp_path, capsys, annotations, pause):
    document = yaml.safe_load(KEDA)
    noted = {f"autoscaling.keda.sh/{key}": each for key, each in annotations.items()}
    document["metadata"] = {"name": "worker", "annotations": noted}

    services, _ = imported(tmp_path, capsys, yaml.safe_dump(document))

    assert services["worker"]["scaling"].get("pause") == pause


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
            yaml.safe_dump({"kind": "ScaledObject", "spec": ONLY_HOURS}),
            "a: only cron triggers scale it",
        ),
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


EXPORTED = Path(__file__).parent / "exported"
WEB = [
    {"kind": "resource", "name": "cpu", "utilization": 70},
    {"kind": "resource", "name": "memory", "average": 512 * 2**20},
    {"kind": "pods", "name": "rps", "average": 1.5},
    {"kind": "object", "name": "hits", "value": 2000},
    {"kind": "external", "name": "queue", "average": 30},
]


def by_name(metrics):
    return sorted(metrics, key=lambda each: each["name"])


@pytest.mark.parametrize("file", sorted(each.stem for each in EXPORTED.glob("v*.yaml")))
def test_what_kubectl_gives_back_of_a_real_cluster_is_carried_over_whole(tmp_path, capsys, file):
    services, told = imported(tmp_path, capsys, (EXPORTED / f"{file}.yaml").read_text())

    if "web" in services:
        web = services["web"]["scaling"]
        assert (web["min"], web["max"]) == (2, 10)
        assert by_name(web["metrics"]) == by_name(WEB)
        assert web["behavior"]["up"]["rates"] == [{"pods": 4, "per": "60s"}, {"percent": 50, "per": "60s"}]
        assert (web["behavior"]["up"]["window"], web["behavior"]["up"]["select"]) == ("30s", "min")
        assert web["behavior"]["down"]["select"] == "disabled"
        assert "queue: its selector" in told
    if "list" in file or "mixed" in file:
        assert {"web", "old", "bare"} <= services.keys()
        assert services["old"]["scaling"]["metrics"] == [{"kind": "resource", "name": "cpu", "utilization": 60}]
        assert services["bare"]["scaling"]["metrics"] == [{"kind": "resource", "name": "cpu", "utilization": 80}]
    if "scaledobjects" in file or "mixed" in file:
        worker = services["worker"]["scaling"]
        assert [each["name"] for each in worker["metrics"]] == ["rabbitmq-0", "cpu"]
        assert worker["behavior"] == {"down": {"window": "60s"}}
        assert worker["schedules"][0]["min"] == 10
        assert "cooldownPeriod: 60" in told


def test_an_autoscaler_that_keda_keeps_gives_way_to_its_scaled_object(tmp_path, capsys):
    own = {"name": "keda-hpa-worker", "ownerReferences": [{"kind": "ScaledObject", "name": "worker"}]}
    spec = {"scaleTargetRef": {"name": "worker"}, "maxReplicas": 7, "metrics": []}
    hpa = {"kind": "HorizontalPodAutoscaler", "metadata": own, "spec": spec}
    both = {"kind": "List", "items": [{**yaml.safe_load(KEDA), "metadata": {"name": "worker"}}, hpa]}

    services, _ = imported(tmp_path, capsys, yaml.safe_dump(both))

    assert services["worker"]["scaling"]["max"] == 30


def test_a_list_of_the_api_itself_is_read_although_its_items_have_no_kind(tmp_path, capsys):
    item = {"spec": {"scaleTargetRef": {"name": "web"}, "maxReplicas": 7}}
    document = {"kind": "HorizontalPodAutoscalerList", "apiVersion": "autoscaling/v2", "items": [item]}

    services, _ = imported(tmp_path, capsys, yaml.safe_dump(document))

    assert services["web"]["scaling"]["max"] == 7
