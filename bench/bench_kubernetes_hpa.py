"""The HorizontalPodAutoscaler of a real control plane and `outgrow scale --shadow` side by side: do they agree?

Starts etcd, kube-apiserver and kube-controller-manager, drives a recorded load (two days of taxi rides, half an hour of
them in a few seconds) through three autoscalers, and lets `outgrow scale --shadow` look on beside each. Printed is

- replayed: in how many of the controller's syncs `outgrow.autoscale.hpa` decides the same from what the controller saw
  at that sync (its metric, its pods, the number then, what it ordered before);
- beside: how many decisions of the live shadow were what the controller had ordered one sync later, or then or already.
  The two look at different moments of the same second, so a step of the load in between sets them apart for one sync.

    OUTGROW_KUBERNETES=FOLDER .venv/bin/python bench/bench_kubernetes_hpa.py [--values 96] [--seconds 3]

FOLDER holds kube-apiserver and kube-controller-manager, and etcd unless it is on the PATH. No package has them:
tests/servers/recorded/README.md says what they can be built from.
"""

import argparse
import asyncio
import csv
import gzip
import os
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import yaml
from rich.console import Console
from rich.table import Table

from bench.kubernetes_peer.metrics import MetricsServer, Sync
from outgrow.act.kubernetes.pods import replica_of
from outgrow.autoscale.hpa import HpaState, carried_out, judge
from outgrow.autoscale.observed import NOTHING_KNOWN, Numbers, PerPod, PodUsage, Reading
from outgrow.control.scaling_records import Mode, steps_in
from outgrow.control.scaling_signals import Readings, observation_of
from outgrow.facts.decisions import EventKind
from outgrow.facts.replicas import Replicas
from outgrow.plan.autoscaling import HpaPolicy
from outgrow.plan.file import parse_plan
from outgrow.plan.services import Service
from outgrow.wiring import open_journal
from tests.servers.kubernetes_control_plane import ControlPlane, deployment, start_control_plane
from tests.servers.kubernetes_kubelet import Kubelet

Json = dict[str, Any]
_SYNC_SECONDS = 1.1
"""No window is a multiple of it: what is exactly as old as a window counts or not by microseconds, on both sides."""
_CLOCK_OFF = (timedelta(milliseconds=-200), timedelta(milliseconds=200))
_DATA = Path(__file__).parent / "data" / "nyc_taxi_30m.csv.gz"
_REQUESTED_MILLI = 500
_DOWN_SECONDS = 20
_SERVICES: dict[str, Json] = {
    "plain": {"metrics": [{"kind": "external", "name": "plain", "average": 700, "signal": "rides"}]},
    "behaved": {
        "metrics": [{"kind": "external", "name": "behaved", "value": 3000, "signal": "rides"}],
        "behavior": {
            "up": {"window": "3s", "rates": [{"pods": 2, "per": "4s"}, {"percent": 30, "per": "4s"}], "select": "min"},
            "down": {"window": "10s", "rates": [{"percent": 20, "per": "5s"}]},
        },
    },
    "cpu": {"metrics": [{"kind": "resource", "name": "cpu", "utilization": 60, "signal": "cpu"}]},
}
_SHARED: Json = {"policy": "hpa", "min": 2, "max": 40}


@dataclass
class Load:
    """The recorded load as it is played: a value for so many seconds, written where the shadow's signals look."""

    values: Sequence[int]
    seconds: float
    database: Path
    began: float = field(default_factory=time.monotonic)

    def now(self) -> int:
        """Give the load of now."""
        return self.values[min(int((time.monotonic() - self.began) / self.seconds), len(self.values) - 1)]


@dataclass
class Counts:
    """The number of replicas of each Deployment, and its pods, looked at ten times a second."""

    plane: ControlPlane
    at: list[float] = field(default_factory=list)
    replicas: list[dict[str, int]] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        """Look until told to stop."""
        while not self.stop.wait(0.1):
            items = self.plane.call("GET", "/apis/apps/v1/namespaces/shop/deployments?resourceVersion=0")["items"]
            self.replicas.append({each["metadata"]["name"]: each["spec"].get("replicas", 1) for each in items})
            self.at.append(datetime.now(UTC).timestamp())

    def of(self, name: str, at: float) -> int:
        """Give the number that stood at a moment."""
        return self.replicas[max(bisect_left(self.at, at) - 1, 0)][name]


def policy_of(name: str) -> HpaPolicy:
    """Give a service's policy; its controller holds a number for 20 s before it lowers one."""
    options = {"downscale_stabilization": f"{_DOWN_SECONDS}s"}
    return HpaPolicy.model_validate({**_SHARED, **_SERVICES[name], "controller": options})


def autoscaler(name: str, version: str) -> Json:
    """Give the same as an object of Kubernetes."""
    metric = _SERVICES[name]["metrics"][0]
    if metric["kind"] == "resource":
        source: Json = {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": metric["utilization"]}}
        spec: Json = {"metrics": [{"type": "Resource", "resource": source}]}
    else:
        per_pod = {"type": "AverageValue", "averageValue": str(metric.get("average"))}
        target = per_pod if "average" in metric else {"type": "Value", "value": str(metric["value"])}
        spec = {"metrics": [{"type": "External", "external": {"metric": {"name": name}, "target": target}}]}
    if "behavior" in _SERVICES[name]:
        spec["behavior"] = {
            "scaleUp": {
                "stabilizationWindowSeconds": 3,
                "selectPolicy": "Min",
                "policies": [
                    {"type": "Pods", "value": 2, "periodSeconds": 4},
                    {"type": "Percent", "value": 30, "periodSeconds": 4},
                ],
            },
            "scaleDown": {
                "stabilizationWindowSeconds": 10,
                "policies": [{"type": "Percent", "value": 20, "periodSeconds": 5}],
            },
        }
    target_ref = {"apiVersion": "apps/v1", "kind": "Deployment", "name": name}
    spec |= {"scaleTargetRef": target_ref, "minReplicas": _SHARED["min"], "maxReplicas": _SHARED["max"]}
    kind = {"apiVersion": f"autoscaling/{version}", "kind": "HorizontalPodAutoscaler"}
    return {**kind, "metadata": {"name": name, "namespace": "shop"}, "spec": spec}


def plan_text() -> str:
    """Give the plan of the shadows."""
    services: Json = {}
    for name, scaling in _SERVICES.items():
        runs_on = {"kind": "kubernetes", "workload": f"deployment/{name}", "kubeconfig": "kubeconfig"}
        options = {"downscale_stabilization": f"{_DOWN_SECONDS}s"}
        declared = {**_SHARED, **scaling, "controller": options}
        services[name] = {"decide_every": f"{_SYNC_SECONDS * 1000:.0f}ms", "runs_on": runs_on, "scaling": declared}
    rides = {"source": "load", "unit": "rps", "every": "1s", "query": "SELECT value FROM rides"}
    cpu = {"source": "load", "unit": "ratio", "every": "1s", "by": ["pod"], "query": "SELECT pod, value FROM cpu"}
    document = {
        "outgrow": 1,
        "name": "beside-hpa",
        "sources": {"load": {"kind": "sqlite", "path": "load.sqlite"}},
        "signals": {"rides": rides, "cpu": cpu},
        "services": services,
    }
    return yaml.safe_dump(document, sort_keys=False)


def play(load: Load, metrics: MetricsServer, stop: threading.Event) -> None:
    """Write the load of now where the shadows' signals look."""
    with sqlite3.connect(load.database, isolation_level=None) as database:
        database.executescript("PRAGMA journal_mode=WAL; CREATE TABLE rides (value); CREATE TABLE cpu (pod, value)")
        while not stop.wait(0.1):
            usage = (metrics.syncs.get("cpu") or [Sync(datetime.now(UTC))])[-1].usage
            database.execute("BEGIN")
            database.execute("DELETE FROM rides")
            database.execute("INSERT INTO rides VALUES (?)", (load.now(),))
            database.execute("DELETE FROM cpu")
            rows = [(pod, milli / _REQUESTED_MILLI) for pod, milli in usage.items()]
            database.executemany("INSERT INTO cpu VALUES (?, ?)", rows)
            database.execute("COMMIT")
    database.close()


@dataclass
class Replayed:
    """How often the same was decided from what the controller saw.

    `edge` counts what is the same by a clock that is 0.2 s off: the controller reads its own after the metrics, and
    whether a recommendation that is just as old as a window counts hangs on that.
    """

    same: int = 0
    edge: int = 0
    differ: list[str] = field(default_factory=list)


def replayed(name: str, service: Service, syncs: Sequence[Sync], counts: Counts) -> Replayed:
    """Decide again from what the controller saw, and remember what it ordered."""
    policy, state, found = policy_of(name), HpaState(), Replayed()
    for sync in syncs:
        at = sync.at.timestamp()
        current, ordered = counts.of(name, at - 0.05), counts.of(name, at + 0.6 * _SYNC_SECONDS)
        replicas = Replicas(current, tuple(replica_of(each) for each in sync.pods))
        reading: Reading = Numbers((sync.number * 1000,))
        if name == "cpu":
            milli = 1000 // _REQUESTED_MILLI
            window = timedelta(seconds=1)
            stamp = sync.at.replace(microsecond=0)
            reading = PerPod({pod: PodUsage(used * milli, stamp, window) for pod, used in sync.usage.items()})
        seen = observation_of(service, replicas, Readings((reading,), None), NOTHING_KNOWN)
        decision, judged = judge(policy, seen, state, sync.at)
        shifted = {judge(policy, seen, state, sync.at + shift)[0].desired for shift in _CLOCK_OFF}
        state = carried_out(policy, replace(decision, desired=ordered), judged)
        if decision.desired == ordered:
            found.same += 1
        elif ordered in shifted:
            found.edge += 1
        else:
            told = f"{sync.at:%H:%M:%S.%f} {sync.number or sum(sync.usage.values())}: from {current} to {ordered}"
            found.differ.append(f"{told}, ours {decision.desired} ({decision.rule})")
    return found


async def beside(name: str, folder: Path, counts: Counts) -> tuple[int, int, int]:
    """Count the shadow's decisions: what the controller had ordered one sync later, or then or already, and all."""
    plan = parse_plan((folder / "plan.yaml").read_text(), "plan.yaml").plan
    journal = await open_journal(plan.journal, os.environ, folder)
    steps = steps_in(await journal.events(kinds=[EventKind.SCALING]), name, Mode.SHADOW)
    await journal.aclose()
    last = counts.at[-1] - 2 * _SYNC_SECONDS
    moments = [(each.decision.at.timestamp(), each.decision.desired) for each in steps]
    judged = [(at, desired) for at, desired in moments if at < last]
    then = [counts.of(name, at + 1.3 * _SYNC_SECONDS) == desired for at, desired in judged]
    already = [counts.of(name, at) == desired for at, desired in judged]
    return sum(then), sum(a or b for a, b in zip(then, already, strict=True)), len(judged)


def main() -> None:
    """Run it and print the table."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--values", type=int, default=96, help="so many half hours of the recording")
    options.add_argument("--seconds", type=float, default=3.0, help="how long each is played")
    asked = options.parse_args()
    with gzip.open(_DATA, "rt") as lines:
        values = [int(float(row["requests"])) // 2 for row in csv.DictReader(lines)][: asked.values]
    folder = Path(tempfile.mkdtemp(prefix="outgrow-beside-"))
    plane = start_control_plane(
        f"--horizontal-pod-autoscaler-sync-period={_SYNC_SECONDS:g}s",
        f"--horizontal-pod-autoscaler-downscale-stabilization={_DOWN_SECONDS}s",
    )
    try:
        with Kubelet(plane, start_up_seconds=2.0):
            found = _side_by_side(plane, folder, values, asked.seconds)
        _print(found, plane.version)
    finally:
        plane.stop()


def _side_by_side(plane: ControlPlane, folder: Path, values: Sequence[int], seconds: float) -> list[tuple[Any, ...]]:
    pods = "/api/v1/namespaces/shop/pods?resourceVersion=0&labelSelector=app%3D"
    load = Load(values, seconds, folder / "load.sqlite")
    metrics = MetricsServer(plane.folder, load.now, lambda name: plane.call("GET", pods + name)["items"])
    metrics.register(plane)
    (folder / "plan.yaml").write_text(plan_text())
    (folder / "kubeconfig").write_text(plane.kubeconfig())
    for name in _SERVICES:
        plane.apply(deployment(name, 2, f"{_REQUESTED_MILLI}m"))
    time.sleep(5)
    load.began = time.monotonic()
    counts, stop = Counts(plane), threading.Event()
    threads = [threading.Thread(target=counts.run), threading.Thread(target=play, args=(load, metrics, stop))]
    for thread in threads:
        thread.start()
    span = f"{len(values) * seconds:.0f}s"
    version = "v2" if plane.http.get("/apis/autoscaling/v2").is_success else "v2beta2"
    plane.apply(*(autoscaler(name, version) for name in _SERVICES))
    command = [sys.executable, "-m", "outgrow", "scale"]
    shadows = [
        subprocess.Popen(
            [*command, name, str(folder / "plan.yaml"), "--shadow", "--for", span], stdout=subprocess.DEVNULL
        )
        for name in _SERVICES
    ]
    for shadow in shadows:
        shadow.wait()
    time.sleep(2)
    syncs = {name: list(each) for name, each in metrics.syncs.items()}
    counts.stop.set()
    stop.set()
    for thread in threads:
        thread.join()
    services = parse_plan((folder / "plan.yaml").read_text(), "plan.yaml").plan.services
    rows: list[tuple[Any, ...]] = []
    for name in _SERVICES:
        judged = [each for each in syncs[name] if each.at.timestamp() < counts.at[-1] - 2 * _SYNC_SECONDS]
        again = replayed(name, services[name], judged, counts)
        changes = sum(counts.replicas[i][name] != counts.replicas[i - 1][name] for i in range(1, len(counts.replicas)))
        rows.append((name, changes, len(judged), again, asyncio.run(beside(name, folder, counts))))
    return rows


def _print(rows: Sequence[tuple[Any, ...]], version: str) -> None:
    shown = Console()
    table = Table(title=f"kube-controller-manager {version} and outgrow")
    for head in (
        "policy",
        "changes",
        "syncs",
        "replayed: the same",
        "beside: decisions",
        "one sync later",
        "within one",
    ):
        table.add_column(head, justify="right")
    for name, changes, syncs, again, (then, within, judged) in rows:
        shares = (f"{each} ({each / judged:.1%})" for each in (then, within))
        repeated = f"{again.same} + {again.edge} at an edge ({(again.same + again.edge) / syncs:.2%})"
        table.add_row(name, str(changes), str(syncs), repeated, str(judged), *shares)
    shown.print(table)
    for name, _, _, again, _ in rows:
        for each in again.differ[:20]:
            shown.print(f"{name}: {each}", highlight=False)


if __name__ == "__main__":
    main()
