"""Kubernetes: refusals told apart, ownership respected, patience where the API server asks for it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from outgrow.act.kubernetes.access import access_to
from outgrow.act.kubernetes.pods import replica_of
from outgrow.errors import ActuatorError, Failure
from outgrow.facts.replicas import ReplicaPhase
from outgrow.plan.run_targets import KubernetesTarget
from tests.act.harness_kubernetes import opened
from tests.contracts.actuators import names, settled, until
from tests.servers.kubernetes_api import KubernetesApi
from tests.servers.kubernetes_state import Owner


@pytest.fixture
def api() -> Iterator[KubernetesApi]:
    server = KubernetesApi(start_up_seconds=0.02)
    server.deploy("auth", 2)
    yield server
    server.stop()


async def test_the_number_of_replicas_is_applied_under_our_name(api: KubernetesApi, tmp_path: Path) -> None:
    actuator = opened(api, tmp_path)

    await actuator.scale_to(5)

    assert api.cluster.deployments["auth"].owners == {Owner("outgrow")}
    assert len((await settled(actuator, 5)).each) == 5
    await actuator.aclose()


async def test_what_is_so_already_is_not_written(api: KubernetesApi, tmp_path: Path) -> None:
    actuator = opened(api, tmp_path)

    await actuator.scale_to(2)

    assert not [each for each in api.requests if each.startswith(("PATCH", "PUT"))]
    await actuator.aclose()


async def test_another_owner_of_the_number_is_a_conflict_that_names_it(api: KubernetesApi, tmp_path: Path) -> None:
    api.deploy("auth", 2, Owner("kube-controller-manager", "Update"))
    actuator = opened(api, tmp_path)

    with pytest.raises(ActuatorError, match="kube-controller-manager") as raised:
        await actuator.scale_to(4)

    assert raised.value.failure is Failure.CONFLICT
    assert "take_over" in raised.value.remedy
    assert api.cluster.deployments["auth"].replicas == 2
    await actuator.aclose()


async def test_the_number_is_taken_over_where_the_plan_says_so(api: KubernetesApi, tmp_path: Path) -> None:
    api.deploy("auth", 2, Owner("kubectl", subresource=""))
    actuator = opened(api, tmp_path, take_over=True)

    await actuator.scale_to(4)

    assert api.cluster.deployments["auth"].replicas == 4
    assert api.cluster.deployments["auth"].owners == {Owner("outgrow")}
    await actuator.aclose()


@pytest.mark.parametrize(
    ("verb", "resource", "call"),
    [("patch", "deployments/scale", "scale"), ("get", "deployments/scale", "look"), ("list", "pods", "look")],
)
async def test_what_rbac_forbids_is_told_with_the_right_that_is_missing(
    api: KubernetesApi, tmp_path: Path, verb: str, resource: str, call: str
) -> None:
    api.forbidden.add((verb, resource))
    actuator = opened(api, tmp_path)

    with pytest.raises(ActuatorError, match=f'cannot {verb} resource "{resource}"') as raised:
        await (actuator.replicas() if call == "look" else actuator.scale_to(3))

    assert raised.value.failure is Failure.NOT_PERMITTED
    assert f"resources: [{resource}], verbs: [{verb}]" in raised.value.remedy
    await actuator.aclose()


@pytest.mark.parametrize("version", ["v1.36.2", "v1.20.2"])
async def test_a_number_that_nobody_claims_is_claimed(tmp_path: Path, version: str) -> None:
    api = KubernetesApi(version=version)
    api.deploy("auth", 2)
    actuator = opened(api, tmp_path)

    await actuator.scale_to(4)
    await actuator.scale_to(3)

    assert api.cluster.deployments["auth"].replicas == 3
    await actuator.aclose()
    api.stop()


@pytest.mark.parametrize("version", ["v1.36.2", "v1.20.2"])
async def test_a_number_that_an_autoscaler_lives_on_is_not_claimed(tmp_path: Path, version: str) -> None:
    api = KubernetesApi(version=version)
    api.deploy("auth", 2)
    api.autoscale("auth")
    actuator = opened(api, tmp_path)

    with pytest.raises(ActuatorError, match="the HorizontalPodAutoscaler auth scales it") as raised:
        await actuator.scale_to(4)

    assert raised.value.failure is Failure.CONFLICT
    assert api.cluster.deployments["auth"].replicas == 2
    await actuator.aclose()
    api.stop()


async def test_two_masters_are_told_once(api: KubernetesApi, tmp_path: Path) -> None:
    api.autoscale("auth")
    actuator = opened(api, tmp_path, take_over=True)

    first, second = await actuator.tend(), await actuator.tend()

    assert "two masters: the HorizontalPodAutoscaler auth scales it too" in first[0]
    assert not second
    await actuator.aclose()


async def test_without_the_right_to_see_autoscalers_scaling_goes_on(api: KubernetesApi, tmp_path: Path) -> None:
    api.autoscale("auth")
    api.forbidden.add(("list", "horizontalpodautoscalers"))
    actuator = opened(api, tmp_path)

    assert not await actuator.tend()
    await actuator.scale_to(4)

    assert api.cluster.deployments["auth"].replicas == 4
    await actuator.aclose()


async def test_an_evicted_pod_is_no_replica_that_is_there(api: KubernetesApi, tmp_path: Path) -> None:
    actuator = opened(api, tmp_path)
    api.fail(next(iter(names(await settled(actuator, 2)))), reason="Evicted")

    found = await until(actuator, lambda found: found.ready == 2 and len(found.each) == 3)

    assert found.present == 2
    await actuator.aclose()


async def test_a_workload_that_does_not_exist_is_told(api: KubernetesApi, tmp_path: Path) -> None:
    actuator = opened(api, tmp_path, workload="deployment/atuh")

    with pytest.raises(ActuatorError, match='"atuh" not found') as raised:
        await actuator.replicas()

    assert raised.value.failure is Failure.NO_SUCH_THING
    await actuator.aclose()


async def test_an_expired_token_is_told(api: KubernetesApi, tmp_path: Path) -> None:
    (tmp_path / "kubeconfig").write_text(api.kubeconfig("expired"))
    from outgrow.wiring import open_actuator

    declared = {"kind": "kubernetes", "workload": "deployment/auth", "kubeconfig": "kubeconfig"}
    actuator = open_actuator("auth", KubernetesTarget.model_validate(declared), {}, tmp_path)

    with pytest.raises(ActuatorError, match="Unauthorized") as raised:
        await actuator.replicas()

    assert raised.value.failure is Failure.WRONG_PASSWORD
    await actuator.aclose()


async def test_a_busy_api_server_is_asked_again_when_it_said(api: KubernetesApi, tmp_path: Path) -> None:
    actuator = opened(api, tmp_path)
    api.busy_for = 3

    await actuator.scale_to(3)

    assert api.cluster.deployments["auth"].replicas == 3
    await actuator.aclose()


async def test_an_api_server_that_stays_busy_is_told_within_the_time_limit(api: KubernetesApi, tmp_path: Path) -> None:
    actuator = opened(api, tmp_path, timeout="300ms")
    api.busy_for = 10_000

    with pytest.raises(ActuatorError, match="Too many requests") as raised:
        await actuator.scale_to(3)

    assert raised.value.failure is Failure.TOO_BUSY
    await actuator.aclose()


async def test_a_webhook_that_changes_the_number_is_noticed(api: KubernetesApi, tmp_path: Path) -> None:
    api.cluster.webhook = lambda wanted: min(wanted, 3)
    actuator = opened(api, tmp_path)

    with pytest.raises(ActuatorError, match="was to have 9 replicas and has 3"):
        await actuator.scale_to(9)
    await actuator.aclose()


async def test_many_pods_come_in_pages(api: KubernetesApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("outgrow.act.kubernetes.asking._PAGE", "2")
    actuator = opened(api, tmp_path)

    await actuator.scale_to(5)

    assert len((await settled(actuator, 5)).each) == 5
    assert any("continue=2" in each for each in api.requests)
    await actuator.aclose()


def _pod(**status: Any) -> dict[str, Any]:
    return {"metadata": {"name": "auth-1", "creationTimestamp": "2026-03-01T12:00:00Z"}, "status": status}


@pytest.mark.parametrize(
    ("pod", "phase", "why"),
    [
        (_pod(phase="Pending"), ReplicaPhase.STARTING, ""),
        (
            _pod(phase="Pending", conditions=[{"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}]),
            ReplicaPhase.STARTING,
            "Unschedulable",
        ),
        (
            _pod(phase="Running", containerStatuses=[{"state": {"waiting": {"reason": "ImagePullBackOff"}}}]),
            ReplicaPhase.STARTING,
            "ImagePullBackOff",
        ),
        (
            _pod(
                phase="Running",
                containerStatuses=[{"restartCount": 4, "state": {"waiting": {"reason": "CrashLoopBackOff"}}}],
            ),
            ReplicaPhase.UNREADY,
            "CrashLoopBackOff",
        ),
        (_pod(phase="Running", conditions=[{"type": "Ready", "status": "True"}]), ReplicaPhase.READY, ""),
        (_pod(phase="Failed", reason="Evicted"), ReplicaPhase.FAILED, "Evicted"),
        (
            {"metadata": {"name": "a", "deletionTimestamp": "2026-03-01T12:00:00Z"}, "status": {"phase": "Running"}},
            ReplicaPhase.STOPPING,
            "",
        ),
    ],
)
def test_what_a_pod_says_is_what_a_replica_is(pod: dict[str, Any], phase: ReplicaPhase, why: str) -> None:
    found = replica_of(pod)

    assert found.phase is phase
    assert found.why == why


@pytest.mark.parametrize(("restarts", "is_known"), [(0, True), (1, False)])
def test_when_a_pod_was_first_ready_is_not_known_once_a_container_was_restarted(restarts: int, is_known: bool) -> None:
    ready = {"type": "Ready", "status": "True", "lastTransitionTime": "2026-03-04T00:00:00Z"}
    status = {"phase": "Running", "conditions": [ready], "containerStatuses": [{"restartCount": restarts}]}

    found = replica_of({"metadata": {"name": "a", "creationTimestamp": "2026-03-01T00:00:00Z"}, "status": status})

    assert (found.phase, found.ready_at is not None) == (ReplicaPhase.READY, is_known)


_TARGET = KubernetesTarget(kind="kubernetes", workload="deployment/auth")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "does not say how to reach a cluster"),
        ("current-context: a\ncontexts: []\nclusters: []\nusers: []\n", 'no context "a"'),
        ("apiVersion: v1\n", "current-context"),
        ("{", "does not say how to reach a cluster"),
    ],
)
def test_a_kubeconfig_that_cannot_be_used_is_told(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "config").write_text(text)

    with pytest.raises(ActuatorError, match=told) as raised:
        access_to(_TARGET, {"KUBECONFIG": str(tmp_path / "config")}, tmp_path)

    assert raised.value.failure is Failure.NOT_CONFIGURED


@pytest.mark.parametrize(
    ("entry", "told"), [("exec: {command: cloud-login}", "through a plugin"), ("as: somebody", "acts as somebody else")]
)
def test_a_user_that_outgrow_cannot_be_is_refused_with_another_way(
    api: KubernetesApi, tmp_path: Path, entry: str, told: str
) -> None:
    text = api.kubeconfig().replace("token: let-outgrow-in", entry)
    (tmp_path / "config").write_text(text)

    with pytest.raises(ActuatorError, match=told):
        access_to(_TARGET, {"KUBECONFIG": str(tmp_path / "config")}, tmp_path)


def test_without_a_kubeconfig_the_home_folder_is_looked_in(tmp_path: Path) -> None:
    with pytest.raises(ActuatorError, match="config does not say how to reach a cluster"):
        access_to(_TARGET, {"HOME": str(tmp_path)}, tmp_path)


def test_several_kubeconfig_files_count_as_one_and_missing_ones_as_none(api: KubernetesApi, tmp_path: Path) -> None:
    (tmp_path / "first").write_text("current-context: here\n")
    (tmp_path / "second").write_text(api.kubeconfig())

    found = access_to(_TARGET, {"KUBECONFIG": f"{tmp_path}/none:{tmp_path}/first:{tmp_path}/second"}, tmp_path)

    assert (found.server, found.namespace) == (api.url, "shop")
