"""The Kubernetes adapter shows itself to the contract suite."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from outgrow.errors import Failure
from outgrow.plan.run_targets import KubernetesTarget
from outgrow.ports import Actuator
from outgrow.wiring import open_actuator
from tests.contracts.actuators import Exhibit
from tests.servers.kubernetes_api import KubernetesApi


def opened(api: KubernetesApi, folder: Path, **more: Any) -> Actuator:
    """Open the actuator for the Deployment auth, by a kubeconfig file."""
    (folder / "kubeconfig").write_text(api.kubeconfig())
    declared = {"kind": "kubernetes", "workload": "deployment/auth", "kubeconfig": "kubeconfig", **more}
    return open_actuator("auth", KubernetesTarget.model_validate(declared), {}, folder)


@asynccontextmanager
async def exhibit(_: pytest.FixtureRequest, folder: Path) -> AsyncGenerator[Exhibit]:
    api, gone, silent = KubernetesApi(), KubernetesApi(), KubernetesApi(stalled=True)
    api.deploy("auth", 0)
    gone.stop()
    (folder / "gone").mkdir()
    (folder / "silent").mkdir()
    shown = Exhibit(opened(api, folder))

    async def reopen() -> Actuator:
        await shown.actuator.aclose()
        shown.actuator = opened(api, folder)
        return shown.actuator

    async def kill(name: str) -> None:
        api.fail(name)

    shown.reopen, shown.kill, shown.is_there = reopen, kill, lambda name: name in api.cluster.pods
    shown.unreachable = opened(gone, folder / "gone"), Failure.REFUSED
    shown.silent = opened(silent, folder / "silent", timeout="300ms")
    try:
        yield shown
    finally:
        await shown.actuator.aclose()
        api.stop()
        silent.stop()
