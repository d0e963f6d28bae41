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

    assert told.count("not carried over") == 1
    assert "trigger orders: mode: QueueLength; what it measures has to be asked for by a signal" in told
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


LOSING = """
kind: ScaledObject
metadata: {name: worker}
spec:
  scaleTargetRef: {name: worker, envSourceContainerName: main}
  maxReplicaCount: 30
  triggers:
  - type: rabbitmq
    name: orders
    metadata: {value: "20", queueName: orders, host: "amqp://guest:hush@rabbit/v", password: hush, passwordFromEnv: PW}
    authenticationRef: {name: keda-rabbit}
  - {type: prometheus, metadata: {threshold: 5, query: 'sum(rate(http_requests_total{job="x"}[2m]))'}}
  advanced: {restoreToOriginalReplicaCount: true}
"""


def test_every_option_without_a_counterpart_is_said_with_its_trigger_and_without_secrets(tmp_path, capsys):
    _, told = imported(tmp_path, capsys, LOSING)

    for lost in (
        "scaleTargetRef.envSourceContainerName: main",
        "advanced.restoreToOriginalReplicaCount: true",
        "trigger orders: queueName: orders, host: amqp://guest:***@rabbit/v, password: ***, passwordFromEnv: PW, auth",
        'trigger prometheus-1: query: sum(rate(http_requests_total{job="x"}[2m])); what',
    ):
        assert f"not carried over: {lost}" in told
    assert 'authenticationRef: {"name": "keda-rabbit"}; what it measures has to be asked for by a signal' in told
    assert "hush" not in told


def test_what_a_horizontal_pod_autoscaler_loses_of_a_metric_is_said(tmp_path, capsys):
    by_object = {"describedObject": {"kind": "Service", "name": "web"}, "target": {"type": "Value", "value": "2k"}}
    metric = {"type": "Object", "object": {**by_object, "metric": {"name": "hits"}}}
    spec = {"scaleTargetRef": {"name": "web"}, "maxReplicas": 7, "metrics": [metric]}
    services, told = imported(tmp_path, capsys, yaml.safe_dump({"kind": "HorizontalPodAutoscaler", "spec": spec}))

    assert services["web"]["scaling"]["metrics"] == [{"kind": "object", "name": "hits", "value": 2000}]
    assert 'metric hits: its describedObject: {"kind": "Service", "name": "web"}; put it into the query' in told


def test_a_container_that_keda_looks_at_stays_the_one(tmp_path, capsys):
    trigger = {"type": "cpu", "metricType": "Utilization", "metadata": {"value": "60", "containerName": "main"}}
    spec = {"scaleTargetRef": {"name": "a"}, "triggers": [trigger]}
    services, told = imported(tmp_path, capsys, yaml.safe_dump({"kind": "ScaledObject", "spec": spec}))

    metric = {"kind": "container_resource", "container": "main", "name": "cpu", "utilization": 60}
    assert (services["a"]["scaling"]["metrics"], told) == ([metric], "")


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
    ("written", "message"),
    [
        ("abc", 'ScaledObject worker cannot be read: trigger orders: metadata.value: "abc" is no number'),
        ("inf", 'trigger orders: metadata.value: "inf" is no number'),
        ("1e99999", 'trigger orders: metadata.value: "1e99999" is no number'),
        ("0", "worker: triggers[0] (orders).average: Input should be greater than 0"),
    ],
)
def test_a_trigger_with_a_bad_value_is_named(tmp_path, capsys, written, message):
    (tmp_path / "x.yaml").write_text(LOSING.replace('"20"', f'"{written}"'), encoding="utf-8")

    assert run(["import", str(tmp_path / "x.yaml")]) == 2

    assert message in capsys.readouterr().err


def test_a_part_that_is_missing_is_named(tmp_path, capsys):
    (tmp_path / "x.yaml").write_text(LOSING.replace("{type: prometheus, ", "{"), encoding="utf-8")
    (tmp_path / "y.yaml").write_text(V2.replace("1500m", "15x"), encoding="utf-8")

    assert [run(["import", str(tmp_path / name)]) for name in ("x.yaml", "y.yaml")] == [2, 2]

    missing, bad = capsys.readouterr().err.splitlines()
    assert "spec.triggers[1]: type is missing" in missing
    assert 'HorizontalPodAutoscaler cannot be read: spec.metrics[1]: rps: "15x" is no number' in bad


@pytest.mark.parametrize("text", [V2, KEDA])
def test_whoever_imports_an_autoscaler_as_a_load_is_told_the_command(tmp_path, capsys, text):
    (tmp_path / "x.yaml").write_text(text, encoding="utf-8")

    assert run(["load", "import", str(tmp_path / "x.yaml")]) == 2

    assert "read it with outgrow import" in capsys.readouterr().err


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
