"""What a kubelet tells an API server of pods, without running any: it lets them become ready, and go when deleted."""

import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Self

import httpx2

from tests.servers.kubernetes_control_plane import ControlPlane

_PATCH = "application/strategic-merge-patch+json"


@dataclass
class Kubelet:
    """Looks at the pods of the namespace shop ten times a second.

    Attributes:
        plane: the control plane.
        start_up_seconds: how long a pod takes from its creation, as we see it, to being ready.
        starts: names of pods, and when they were first seen and made ready (monotonic seconds).
        stuck: pods whose names begin so never become ready.
    """

    plane: ControlPlane
    start_up_seconds: float = 1.0
    starts: dict[str, list[float]] = field(default_factory=dict)
    stuck: tuple[str, ...] = ()
    _stopping: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Self:
        """Begin."""
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """End."""
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopping.wait(0.1):
            # The API server may be restarted in the middle of a test.
            with suppress(httpx2.HTTPError, AssertionError):
                for pod in self.plane.call("GET", "/api/v1/namespaces/shop/pods?resourceVersion=0")["items"]:
                    self._look_at(pod)

    def _look_at(self, pod: dict[str, Any]) -> None:
        name, now = pod["metadata"]["name"], time.monotonic()
        times = self.starts.setdefault(name, [now])
        path = f"/api/v1/namespaces/shop/pods/{name}"
        if "deletionTimestamp" in pod["metadata"]:
            self.plane.call("DELETE", path, {"gracePeriodSeconds": 0})
        elif len(times) == 1 and now - times[0] >= self.start_up_seconds and not name.startswith(self.stuck or ("/",)):
            self.plane.call("PATCH", f"{path}/status", {"status": ready_status(len(self.starts))}, media=_PATCH)
            times.append(now)


def ready_status(number: int) -> dict[str, Any]:
    """Give the status of a pod that is ready, as a kubelet writes it."""
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    conditions = [
        {"type": each, "status": "True", "lastTransitionTime": now}
        for each in ("Initialized", "Ready", "ContainersReady", "PodScheduled")
    ]
    address = f"10.1.{number // 250 % 250}.{number % 250 + 1}"
    container: dict[str, Any] = {
        "name": "main",
        "image": "none",
        "imageID": "",
        "ready": True,
        "restartCount": 0,
        "started": True,
    }
    container["state"] = {"running": {"startedAt": now}}
    return {
        "phase": "Running",
        "podIP": address,
        "podIPs": [{"ip": address}],
        "startTime": now,
        "conditions": conditions,
        "containerStatuses": [container],
    }
