"""Kubernetes: the actuator before a real API server, with exactly the rights that the documentation gives it.

Runs where `OUTGROW_KUBERNETES` names a folder with kube-apiserver and kube-controller-manager, and is not collected
elsewhere: no package has them (see `tests/servers/kubernetes_control_plane.py`).
"""

import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from outgrow.errors import ActuatorError, Failure
from outgrow.plan.run_targets import KubernetesTarget
from outgrow.ports import Actuator
from outgrow.wiring import open_actuator
from tests.contracts.actuators import settled, until
from tests.servers.kubernetes_control_plane import ControlPlane, deployment, start_control_plane
from tests.servers.kubernetes_exchanges import MERGE, SCALE
from tests.servers.kubernetes_kubelet import Kubelet
from tests.servers.kubernetes_roles import account, role

pytestmark = pytest.mark.live
_DEPLOYMENT = SCALE.removesuffix("/scale")


@pytest.fixture(scope="module")
def plane() -> Iterator[ControlPlane]:
    found = start_control_plane("--horizontal-pod-autoscaler-sync-period=1s")
    found.apply(*account("outgrow"), *role("outgrow"), *account("stranger"))
    with Kubelet(found, start_up_seconds=0.5):
        yield found
    found.stop()


@pytest.fixture
def workload(plane: ControlPlane) -> Iterator[ControlPlane]:
    plane.apply(deployment("auth", None))
    yield plane
    plane.http.request("DELETE", _DEPLOYMENT + "?propagationPolicy=Background")
    plane.http.request("DELETE", "/apis/autoscaling/v1/namespaces/shop/horizontalpodautoscalers/auth")
    deadline = time.monotonic() + 30
    while plane.call("GET", "/api/v1/namespaces/shop/pods?labelSelector=app%3Dauth")["items"]:
        assert time.monotonic() < deadline
        time.sleep(0.1)


def opened(plane: ControlPlane, folder: Path, token: str = "", **more: Any) -> Actuator:
    (folder / "kubeconfig").write_text(plane.kubeconfig(token or plane.token_of("outgrow")))
    declared = {"kind": "kubernetes", "workload": "deployment/auth", "kubeconfig": "kubeconfig", **more}
    return open_actuator("auth", KubernetesTarget.model_validate(declared), {}, folder)


async def test_it_scales_up_down_and_to_zero_with_the_rights_of_the_documentation(
    workload: ControlPlane, tmp_path: Path
) -> None:
    actuator = opened(workload, tmp_path)

    for count in (3, 5, 1, 0, 2):
        await actuator.scale_to(count)
        found = await settled(actuator, count)
        assert found.ordered == count == found.present
    assert not await actuator.tend()
    await actuator.aclose()


async def test_a_number_that_a_manifest_states_is_a_conflict_and_can_be_taken_over(
    workload: ControlPlane, tmp_path: Path
) -> None:
    workload.apply(deployment("auth", 2), manager="kubectl")
    actuator, taking = opened(workload, tmp_path), opened(workload, tmp_path, take_over=True)

    if workload.version >= "v1.22":  # before, nobody is noted as the owner of a scale
        with pytest.raises(ActuatorError, match="kubectl") as raised:
            await actuator.scale_to(4)
        assert raised.value.failure is Failure.CONFLICT
    await taking.scale_to(4)

    assert (await settled(taking, 4)).ordered == 4
    await actuator.aclose()
    await taking.aclose()


async def test_a_number_that_an_autoscaler_lives_on_is_left_alone(workload: ControlPlane, tmp_path: Path) -> None:
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "auth"}
    meta = {"name": "auth", "namespace": "shop"}
    spec = {"scaleTargetRef": target, "minReplicas": 2, "maxReplicas": 5}
    hpa = {"apiVersion": "autoscaling/v1", "kind": "HorizontalPodAutoscaler", "metadata": meta, "spec": spec}
    workload.apply(hpa)
    actuator = opened(workload, tmp_path)
    said: list[str] = []
    await until(actuator, lambda found: found.ordered == 2, said=said)

    with pytest.raises(ActuatorError, match=r"HorizontalPodAutoscaler auth|kube-controller-manager") as raised:
        await actuator.scale_to(4)

    assert "two masters" in said[0]
    assert raised.value.failure is Failure.CONFLICT
    await actuator.aclose()


async def test_missing_rights_are_named(workload: ControlPlane, tmp_path: Path) -> None:
    actuator = opened(workload, tmp_path, workload.token_of("stranger"))

    with pytest.raises(ActuatorError, match=r"resources: \[deployments/scale\], verbs: \[get\]") as raised:
        await actuator.replicas()

    assert raised.value.failure is Failure.NOT_PERMITTED
    await actuator.aclose()


async def test_a_pod_finds_its_own_cluster(
    workload: ControlPlane, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {"token": workload.token_of("outgrow"), "namespace": "shop"}
    files["ca.crt"] = (workload.folder / "ca.crt").read_text()
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    monkeypatch.setattr("outgrow.act.kubernetes.access._SERVICE_ACCOUNT", tmp_path)
    target = KubernetesTarget.model_validate({"kind": "kubernetes", "workload": "deployment/auth"})
    environment = {"KUBERNETES_SERVICE_HOST": "127.0.0.1", "KUBERNETES_SERVICE_PORT": str(workload.port)}

    actuator = open_actuator("auth", target, environment, tmp_path)

    assert (await settled(actuator, 1)).ordered == 1
    await actuator.aclose()


async def test_a_context_and_the_name_in_the_certificate_are_taken_from_the_kubeconfig(
    workload: ControlPlane, tmp_path: Path
) -> None:
    document = yaml.safe_load(workload.kubeconfig(workload.token_of("outgrow")))
    document["clusters"][0]["cluster"]["tls-server-name"] = "kubernetes.default.svc"
    document["contexts"].append({"name": "there", "context": {"cluster": "c", "user": "u", "namespace": "shop"}})
    document["current-context"] = "nowhere"
    (tmp_path / "contexts").write_text(yaml.safe_dump(document))

    actuator = opened(workload, tmp_path, kubeconfig="contexts", context="there")

    assert (await settled(actuator, 1)).ordered == 1
    await actuator.aclose()


async def test_an_expired_token_is_told_and_a_renewed_one_goes_on(workload: ControlPlane, tmp_path: Path) -> None:
    (tmp_path / "token").write_text(workload.expired_token_of("outgrow"))
    document = yaml.safe_load(workload.kubeconfig())
    document["users"][0]["user"] = {"tokenFile": "token"}
    (tmp_path / "renewed").write_text(yaml.safe_dump(document))
    actuator = opened(workload, tmp_path, kubeconfig="renewed")

    with pytest.raises(ActuatorError, match="Unauthorized") as raised:
        await actuator.replicas()
    (tmp_path / "token").write_text(workload.token_of("outgrow"))

    assert raised.value.failure is Failure.WRONG_PASSWORD
    assert (await actuator.replicas()).ordered == 1
    await actuator.aclose()


async def test_a_deployment_that_is_deleted_is_told_and_followed_when_it_is_back(
    workload: ControlPlane, tmp_path: Path
) -> None:
    actuator = opened(workload, tmp_path)
    await settled(actuator, 1)

    workload.call("DELETE", _DEPLOYMENT + "?propagationPolicy=Background")
    time.sleep(1.1)
    with pytest.raises(ActuatorError, match='"auth" not found') as raised:
        await actuator.replicas()
    workload.apply(deployment("auth", 3))

    assert raised.value.failure is Failure.NO_SUCH_THING
    await settled(actuator, 3)
    await actuator.aclose()


async def test_a_server_that_hangs_is_told_within_the_time_limit(workload: ControlPlane, tmp_path: Path) -> None:
    actuator = opened(workload, tmp_path, timeout="500ms")
    await settled(actuator, 1)
    began = time.monotonic()

    workload.freeze_server()
    try:
        time.sleep(1.1)
        with pytest.raises(ActuatorError) as raised:
            await actuator.replicas()
    finally:
        workload.thaw_server()

    assert raised.value.failure is Failure.TIMED_OUT
    assert time.monotonic() - began < 3
    assert (await settled(actuator, 1)).ordered == 1
    await actuator.aclose()


async def test_a_server_that_is_restarted_is_followed_on(workload: ControlPlane, tmp_path: Path) -> None:
    actuator = opened(workload, tmp_path)
    await settled(actuator, 1)

    workload.restart_server()
    workload.call("PATCH", SCALE, {"spec": {"replicas": 3}}, media=MERGE)

    await settled(actuator, 3)
    await actuator.scale_to(2)
    await settled(actuator, 2)
    await actuator.aclose()


_PLAN = """
outgrow: 1
name: shop
sources: {web: {kind: sqlite, path: load.sqlite}}
signals: {rps: {source: web, unit: rps, every: 1s, query: "SELECT rps AS value FROM load"}}
services:
  auth:
    decide_every: 1s
    runs_on: {kind: kubernetes, workload: deployment/auth, kubeconfig: kubeconfig}
    scaling: {policy: hpa, min: 1, max: 30, metrics: [{kind: external, name: rps, average: 10, signal: rps}]}
"""


def _loaded(folder: Path, rps: int) -> None:
    with sqlite3.connect(folder / "load.sqlite") as database:
        database.executescript(f"DROP TABLE IF EXISTS load; CREATE TABLE load AS SELECT {rps} AS rps")
    database.close()


def _outgrow(folder: Path, *words: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "outgrow", "scale", "auth", str(folder / "plan.yaml"), *words]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def test_a_loop_that_is_killed_at_any_moment_goes_on_where_it_was(workload: ControlPlane, tmp_path: Path) -> None:
    (tmp_path / "plan.yaml").write_text(_PLAN)
    (tmp_path / "kubeconfig").write_text(workload.kubeconfig(workload.token_of("outgrow")))
    chance = random.Random(4)

    for turn in range(5):
        _loaded(tmp_path, 20 + 40 * turn)
        loop = _outgrow(tmp_path)
        time.sleep(chance.uniform(1.2, 2.6))
        loop.send_signal(signal.SIGKILL)
        loop.communicate()
    _loaded(tmp_path, 230)
    told, _ = _outgrow(tmp_path, "--for", "15s").communicate()
    replayed = _outgrow(tmp_path, "--replay")
    said, _ = replayed.communicate()

    assert workload.call("GET", SCALE)["spec"]["replicas"] == 23, told
    assert replayed.returncode == 0, said
    assert ", 0 differ" in said


def test_a_loop_says_when_the_server_is_gone_and_when_it_is_back(workload: ControlPlane, tmp_path: Path) -> None:
    (tmp_path / "plan.yaml").write_text(_PLAN)
    (tmp_path / "kubeconfig").write_text(workload.kubeconfig(workload.token_of("outgrow")))
    _loaded(tmp_path, 20)
    loop = _outgrow(tmp_path, "--for", "25s")
    time.sleep(4)

    workload.restart_server(down_seconds=2)
    _loaded(tmp_path, 60)
    told, _ = loop.communicate()

    assert "nothing listens there" in told
    assert "works again" in told
    assert workload.call("GET", SCALE)["spec"]["replicas"] == 6, told
