"""The metrics APIs of Kubernetes on loopback, behind the API server's aggregator; what they answer is written down."""

import json
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.servers.kubernetes_control_plane import ControlPlane, collection_of

Json = dict[str, Any]
EXTERNAL, RESOURCE = "external.metrics.k8s.io", "metrics.k8s.io"


@dataclass(frozen=True)
class Sync:
    """What the HorizontalPodAutoscaler was told at one sync, and the pods of that moment.

    `number` is an external metric's value, `usage` milli cores of each pod. An external metric has its
    Deployment's name.
    """

    at: datetime
    number: int = 0
    usage: dict[str, int] = field(default_factory=dict)
    pods: tuple[Json, ...] = ()


@dataclass
class MetricsServer:
    """Answers what the controller asks.

    Attributes:
        folder: where server.crt and server.key lie.
        value: gives the load of now.
        pods_of: gives the pods of a Deployment.
        syncs: by service, every answer that was given.
    """

    folder: Path
    value: Callable[[], int]
    pods_of: Callable[[str], list[Json]]
    syncs: dict[str, list[Sync]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Begin to serve."""
        metrics = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                code, document = metrics.answer(self.path)
                body = json.dumps(document).encode()
                self.send_response(code)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (the name in the base class)
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        tls.load_cert_chain(self.folder / "server.crt", self.folder / "server.key")
        self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def register(self, plane: ControlPlane) -> None:
        """Stand behind the API server: an ExternalName service may name loopback, where endpoints may not."""
        meta = {"name": "metrics", "namespace": "shop"}
        spec: Json = {"type": "ExternalName", "externalName": "localhost"}
        documents: list[Json] = [{"apiVersion": "v1", "kind": "Service", "metadata": meta, "spec": spec}]
        for group in (EXTERNAL, RESOURCE):
            service = {**meta, "port": self._server.server_address[1]}
            served: Json = {"group": group, "version": "v1beta1", "service": service, "insecureSkipTLSVerify": True}
            served |= {"groupPriorityMinimum": 100, "versionPriority": 100}
            name = {"name": f"v1beta1.{group}"}
            kind = {"apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService"}
            documents.append({**kind, "metadata": name, "spec": served})
        for document in documents:
            plane.call("POST", collection_of(document), document)
        deadline = time.monotonic() + 60
        while any(plane.http.get(f"/apis/{group}/v1beta1").is_error for group in (EXTERNAL, RESOURCE)):
            assert time.monotonic() < deadline, "the API server does not pass requests on to the metrics server"
            time.sleep(0.5)

    def answer(self, path: str) -> tuple[int, Json]:
        """Answer a path below /apis."""
        parts = path.partition("?")[0].strip("/").split("/")
        match parts:
            case ["apis", group, "v1beta1"]:
                return 200, {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": f"{group}/v1beta1"} | {
                    "resources": []
                }
            case ["apis", group, "v1beta1", "namespaces", "shop", metric] if group == EXTERNAL:
                sync = Sync(datetime.now(UTC), self.value(), pods=tuple(self.pods_of(metric)))
                self.syncs.setdefault(metric, []).append(sync)
                item = {"metricName": metric, "metricLabels": {}, "timestamp": _stamp(sync.at)}
                item["value"] = str(sync.number)
                return 200, _listed("ExternalMetricValueList", group, [item])
            case ["apis", group, "v1beta1", "namespaces", "shop", "pods"] if group == RESOURCE:
                name = path.partition("app%3D")[2].partition("&")[0]
                sync = self._usage_of(name)
                self.syncs.setdefault(name, []).append(sync)
                return 200, _listed("PodMetricsList", group, [_pod(sync, each, name) for each in sync.usage])
            case _:
                return 404, {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": 404}

    def _usage_of(self, name: str) -> Sync:
        """Share the load among the pods that are ready; each has a reading from its second second on."""
        pods, now = self.pods_of(name), datetime.now(UTC)
        running = [each for each in pods if each["status"].get("phase") == "Running"]
        share = self.value() // max(len(running), 1)
        told = {
            each["metadata"]["name"]: share
            for each in running
            if (now - datetime.fromisoformat(each["status"]["startTime"])).total_seconds() > 2
        }
        return Sync(now, usage=told, pods=tuple(pods))


def _pod(sync: Sync, name: str, app: str) -> Json:
    container = {"name": "main", "usage": {"cpu": f"{sync.usage[name]}m", "memory": "1Mi"}}
    meta = {"name": name, "namespace": "shop", "labels": {"app": app}, "creationTimestamp": _stamp(sync.at)}
    return {"metadata": meta, "timestamp": _stamp(sync.at), "window": "1s", "containers": [container]}


def _listed(kind: str, group: str, items: list[Json]) -> Json:
    return {"kind": kind, "apiVersion": f"{group}/v1beta1", "metadata": {}, "items": items}


def _stamp(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")
