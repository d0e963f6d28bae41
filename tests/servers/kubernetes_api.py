"""The part of a Kubernetes API server that scaling speaks to, on the wire as the real one, with a small controller.

Deployments with their scale subresource (GET, PUT with its resourceVersion, PATCH as merge and as server-side apply
with field managers and conflicts), pods by label selector in pages, bearer tokens, RBAC, 429 with
Retry-After, and `Status` objects as the real server words them. The controller makes pods, lets them become ready after
a while, replaces failed ones, and takes the surplus away.
"""

import json
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import yaml

TOKEN = "let-outgrow-in"
USER = "system:serviceaccount:shop:outgrow"


class _Refused(Exception):  # noqa: N818 (an answer, not an error of the server)
    def __init__(self, code: int, reason: str, message: str, **more: Any) -> None:
        super().__init__(message)
        self.code, self.reason, self.message, self.more = code, reason, message, more


@dataclass
class KubernetesApi:
    """A running server.

    Attributes:
        start_up_seconds: how long a pod takes to become ready.
        forbidden: (verb, resource) pairs that RBAC does not allow, such as ("patch", "deployments/scale").
        busy_for: so many requests are answered 429 from now on.
        webhook: what an admission webhook makes of a number of replicas.
        stalled: whether requests are taken and not answered.
        requests: method, path and query of every request.
    """

    start_up_seconds: float = 0.1
    forbidden: set[tuple[str, str]] = field(default_factory=set)
    busy_for: int = 0
    stalled: bool = False
    webhook: Any = None
    requests: list[str] = field(default_factory=list)
    deployments: dict[str, dict[str, Any]] = field(default_factory=dict)
    pods: dict[str, dict[str, Any]] = field(default_factory=dict)
    lock: threading.RLock = field(default_factory=threading.RLock)
    _version: int = 100
    _born: int = 0

    def __post_init__(self) -> None:
        api = self

        class Handler(_Handler):
            server_api = api

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.stopping = threading.Event()
        self._threads = [
            threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True),
            threading.Thread(target=self._control, daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def kubeconfig(self, token: str = TOKEN) -> str:
        """Give a kubeconfig for it."""
        return yaml.safe_dump(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "current-context": "here",
                "contexts": [{"name": "here", "context": {"cluster": "c", "user": "u", "namespace": "shop"}}],
                "clusters": [{"name": "c", "cluster": {"server": self.url}}],
                "users": [{"name": "u", "user": {"token": token}}],
            }
        )

    def deploy(self, name: str, replicas: int, manager: str = "") -> None:
        """Make a Deployment in the namespace shop; with `manager` that one owns its number of replicas."""
        with self.lock:
            self._version += 1
            self.deployments[name] = {
                "replicas": replicas,
                "version": self._version,
                "owners": {manager} if manager else set(),
                "owner_operation": "Apply",
            }

    def fail(self, pod: str) -> None:
        """Let a pod fail."""
        with self.lock:
            self.pods[pod]["status"]["phase"] = "Failed"
            self._changed(pod)

    def stop(self) -> None:
        """End it."""
        self.stopping.set()
        self._server.shutdown()
        self._server.server_close()
        for thread in self._threads:
            thread.join()

    def _control(self) -> None:
        while not self.stopping.wait(0.01):
            with self.lock:
                for name, deployment in self.deployments.items():
                    self._reconcile(name, deployment["replicas"])

    def _reconcile(self, name: str, wanted: int) -> None:
        own = [pod for pod in self.pods.values() if pod["metadata"]["labels"]["app"] == name]
        for pod in own:
            age = time.monotonic() - pod["_changed"]
            if "deletionTimestamp" in pod["metadata"] and age > 0.05:
                del self.pods[pod["metadata"]["name"]]
            elif pod["status"]["phase"] == "Pending" and age > self.start_up_seconds:
                pod["status"] |= {"phase": "Running", "podIP": f"10.0.0.{self._born % 250 + 1}"}
                pod["status"]["conditions"] = [{"type": "Ready", "status": "True", "lastTransitionTime": _now()}]
                self._changed(pod["metadata"]["name"])
        live = [pod for pod in own if "deletionTimestamp" not in pod["metadata"] and pod["status"]["phase"] != "Failed"]
        for pod in own:
            if pod["status"]["phase"] == "Failed" and "deletionTimestamp" not in pod["metadata"]:
                self._delete(pod)
        # As a ReplicaSet: the ones that are not ready go first, then the youngest.
        live.sort(key=lambda pod: (pod["status"]["phase"] == "Running", -pod["_number"]))
        for pod in live[: max(0, len(live) - wanted)]:
            self._delete(pod)
        for _ in range(wanted - len(live)):
            self._born += 1
            pod_name = f"{name}-5d9c7b-{self._born:05d}"
            self.pods[pod_name] = {
                "metadata": {"name": pod_name, "labels": {"app": name}, "creationTimestamp": _now()},
                "status": {"phase": "Pending", "conditions": []},
                "_number": self._born,
            }
            self._changed(pod_name)

    def _delete(self, pod: dict[str, Any]) -> None:
        pod["metadata"]["deletionTimestamp"] = _now()
        self._changed(pod["metadata"]["name"])

    def _changed(self, name: str) -> None:
        self.pods[name]["_changed"] = time.monotonic()

    def scale_document(self, name: str) -> dict[str, Any]:
        deployment = self.deployments[name]
        ready = [pod for pod in self.pods.values() if pod["metadata"]["labels"]["app"] == name]
        return {
            "kind": "Scale",
            "apiVersion": "autoscaling/v1",
            "metadata": {"name": name, "namespace": "shop", "resourceVersion": str(deployment["version"])},
            "spec": {"replicas": deployment["replicas"]} if deployment["replicas"] else {},
            "status": {"replicas": len(ready), "selector": f"app={name}"},
        }

    def let_in(self, authorization: str) -> None:
        if authorization != f"Bearer {TOKEN}":
            raise _Refused(401, "Unauthorized", "Unauthorized")
        if self.busy_for > 0:
            self.busy_for -= 1
            details = {"retryAfterSeconds": 1}
            raise _Refused(429, "TooManyRequests", "Too many requests, please try again later.", details=details)

    def answer(self, method: str, path: str, query: dict[str, str], media: str, raw: bytes) -> dict[str, Any]:
        parts = path.strip("/").split("/")
        match parts:
            case ["api", "v1", "namespaces", namespace, "pods"] if method == "GET":
                self._allow("list", "pods", "", namespace, "")
                return self._list(namespace, query)
            case ["apis", "apps", "v1", "namespaces", namespace, "deployments", name, "scale"]:
                verb = {"GET": "get", "PUT": "update", "PATCH": "patch"}[method]
                self._allow(verb, "deployments/scale", "apps", namespace, name)
                if namespace != "shop" or name not in self.deployments:
                    details = {"name": name, "group": "apps", "kind": "deployments"}
                    raise _Refused(404, "NotFound", f'deployments.apps "{name}" not found', details=details)
                if method == "PUT":
                    self._put(name, json.loads(raw), query)
                elif method == "PATCH":
                    self._patch(name, yaml.safe_load(raw), query, media)
                return self.scale_document(name)
            case _:
                raise _Refused(404, "NotFound", "the server could not find the requested resource")

    def _allow(self, verb: str, resource: str, group: str, namespace: str, name: str) -> None:
        if (verb, resource) in self.forbidden:
            kind = resource.partition("/")[0]
            subject = f'{kind}.{group} "{name}" is' if name else f"{kind} is"
            message = (
                f'{subject} forbidden: User "{USER}" cannot {verb} resource "{resource}" in API group "{group}" in '
                f'the namespace "{namespace}"'
            )
            raise _Refused(403, "Forbidden", message, details={"kind": kind})

    def _list(self, namespace: str, query: dict[str, str]) -> dict[str, Any]:
        label, _, value = query.get("labelSelector", "").partition("=")
        found = [
            _shown(pod)
            for pod in self.pods.values()
            if namespace == "shop" and (not label or pod["metadata"]["labels"].get(label) == value)
        ]
        first, limit = int(query.get("continue", "0")), int(query.get("limit", "0")) or len(found) + 1
        meta: dict[str, Any] = {"resourceVersion": str(self._version)}
        if first + limit < len(found):
            meta["continue"] = str(first + limit)
        return {"kind": "PodList", "apiVersion": "v1", "metadata": meta, "items": found[first : first + limit]}

    def _put(self, name: str, scale: dict[str, Any], query: dict[str, str]) -> None:
        given = scale.get("metadata", {}).get("resourceVersion")
        if given not in {None, str(self.deployments[name]["version"])}:
            message = (
                f'Operation cannot be fulfilled on deployments.apps "{name}": the object has been modified; please '
                "apply your changes to the latest version and try again"
            )
            raise _Refused(409, "Conflict", message, details={"name": name, "kind": "deployments"})
        self._set(name, int(scale["spec"].get("replicas", 0)), {query.get("fieldManager", "unknown")}, "Update")

    def _patch(self, name: str, patch: dict[str, Any], query: dict[str, str], media: str) -> None:
        replicas = int(patch["spec"]["replicas"])
        deployment = self.deployments[name]
        if media == "application/merge-patch+json":
            self._set(name, replicas, {query.get("fieldManager", "unknown")}, "Update")
        elif media == "application/apply-patch+yaml":
            manager = query.get("fieldManager")
            if not manager:
                details = {"causes": [{"reason": "FieldValueRequired", "field": "fieldManager"}]}
                raise _Refused(
                    400,
                    "BadRequest",
                    "PatchOptions.meta.k8s.io is invalid: fieldManager: Required value",
                    details=details,
                )
            others = deployment["owners"] - {manager}
            if others and deployment["replicas"] != replicas and query.get("force") != "true":
                other = min(others)
                message = f'Apply failed with 1 conflict: conflict with "{other}" using apps/v1: .spec.replicas'
                cause = {
                    "reason": "FieldManagerConflict",
                    "message": f'conflict with "{other}" using apps/v1',
                    "field": ".spec.replicas",
                }
                raise _Refused(409, "Conflict", message, details={"causes": [cause]})
            shared = deployment["owners"] if deployment["replicas"] == replicas else set()
            self._set(name, replicas, shared | {manager}, "Apply")
        else:
            message = (
                "the body of the request was in an unknown format - accepted media types include: "
                "application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml"
            )
            raise _Refused(415, "UnsupportedMediaType", message)

    def _set(self, name: str, replicas: int, owners: set[str], operation: str) -> None:
        deployment = self.deployments[name]
        replicas = self.webhook(replicas) if self.webhook else replicas
        if replicas < 0:
            message = f'Scale.autoscaling "{name}" is invalid: spec.replicas: must be greater than or equal to 0'
            raise _Refused(422, "Invalid", message)
        if replicas != deployment["replicas"] or owners != deployment["owners"]:
            self._version += 1
            deployment |= {"replicas": replicas, "owners": owners, "owner_operation": operation}
            deployment["version"] = self._version


class _Handler(BaseHTTPRequestHandler):
    server_api: KubernetesApi
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._serve()

    def do_PUT(self) -> None:
        self._serve()

    def do_PATCH(self) -> None:
        self._serve()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (the name in the base class)
        """Say nothing."""

    def _serve(self) -> None:
        api = self.server_api
        parts = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        api.requests.append(f"{self.command} {self.path}")
        while api.stalled and not api.stopping.is_set():
            time.sleep(0.01)
        try:
            with api.lock:
                api.let_in(self.headers.get("Authorization") or "")
                document = api.answer(self.command, parts.path, query, self.headers.get("Content-Type", ""), raw)
        except _Refused as refused:
            status = {
                "kind": "Status",
                "apiVersion": "v1",
                "metadata": {},
                "status": "Failure",
                "message": refused.message,
                "reason": refused.reason,
                "code": refused.code,
                **refused.more,
            }
            self._send(refused.code, status)
            return
        self._send(200, document)

    def _send(self, code: int, document: dict[str, Any]) -> None:
        body = json.dumps(document).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        if code == 429:
            self.send_header("Retry-After", "0.05")
        self.end_headers()
        self.wfile.write(body)


def _shown(pod: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in pod.items() if not name.startswith("_")}


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
