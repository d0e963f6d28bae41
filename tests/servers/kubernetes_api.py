"""The part of a Kubernetes API server that scaling speaks to, on the wire as the real one, with a small controller.

Deployments with their scale subresource (GET, PUT with its resourceVersion, PATCH as merge and as server-side apply
with field managers and conflicts), pods by label selector in pages and as a watch, HorizontalPodAutoscalers,
bearer tokens, RBAC, 429 with Retry-After, and `Status` objects. Its answers are held against those of real servers, see
`recorded/README.md`. The controller makes pods, lets them become ready after a while, replaces failed ones, and takes
the surplus away.
"""

import json
import socket
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import yaml

from tests.servers.kubernetes_state import Cluster, Owner, RefusedError, shown

TOKEN: Final = "let-outgrow-in"
TOKENS: Final = {
    TOKEN: "system:serviceaccount:shop:outgrow",
    "let-nothing-be-done": "system:serviceaccount:shop:stranger",
    "let-all-be-done": "admin",
}
_NOT_MODIFIED: Final = (
    'Operation cannot be fulfilled on deployments.apps "{name}": the object has been modified; please apply your '
    "changes to the latest version and try again"
)


@dataclass
class KubernetesApi:
    """A running server.

    Attributes:
        start_up_seconds: how long a pod takes to become ready.
        version: as which version it answers; before 1.22 nobody is noted as the owner of a scale.
        forbidden: (verb, resource) pairs that RBAC does not allow, such as ("patch", "deployments/scale").
        busy_for: so many requests are answered 429 from now on.
        stalled: whether requests are taken and not answered.
        watch_seconds: the longest that a watch lasts.
        requests: method, path and query of every request.
    """

    start_up_seconds: float = 0.1
    version: str = "v1.36.2"
    forbidden: set[tuple[str, str]] = field(default_factory=set)
    busy_for: int = 0
    stalled: bool = False
    watch_seconds: float = 600.0
    requests: list[str] = field(default_factory=list)
    lock: threading.RLock = field(default_factory=threading.RLock)

    def __post_init__(self) -> None:
        api = self
        self.is_old = tuple(map(int, self.version.removeprefix("v").split("."))) < (1, 22)
        self.cluster = Cluster(self.start_up_seconds, notes_owners=not self.is_old)

        class Handler(_Handler):
            server_api = api

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.stopping = threading.Event()
        self.broken_watches = threading.Event()
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

    def deploy(self, name: str, replicas: int, owner: Owner | None = None) -> None:
        """Make a Deployment in the namespace shop; without an owner nobody is noted for its number of replicas."""
        with self.lock:
            self.cluster.deploy(name, replicas, owner)

    def delete(self, name: str) -> None:
        """Delete a Deployment."""
        with self.lock:
            del self.cluster.deployments[name]

    def autoscale(self, name: str) -> None:
        """Let a HorizontalPodAutoscaler of that name scale the Deployment of that name."""
        target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": name}
        self.cluster.autoscalers.append({"metadata": {"name": name}, "spec": {"scaleTargetRef": target}})

    def fail(self, pod: str, **status: Any) -> None:
        """Let a pod fail; one with a reason (an eviction) stays."""
        with self.lock:
            self.cluster.fail(pod, **status)

    def forget(self) -> None:
        """Forget all changes until now: a watch from before is answered 410."""
        with self.lock:
            self.cluster.oldest = self.cluster.version

    def break_watches(self) -> None:
        """Cut every watch that runs, as a lost connection does."""
        self.broken_watches.set()
        self.broken_watches = threading.Event()

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
                self.cluster.reconcile()

    def let_in(self, authorization: str) -> str:
        """Give the user that a token stands for."""
        user = TOKENS.get(authorization.removeprefix("Bearer ")) if authorization else "system:anonymous"
        if user is None:
            raise RefusedError(401, "Unauthorized", "Unauthorized")
        if self.busy_for > 0:
            self.busy_for -= 1
            details = {"retryAfterSeconds": 1}
            raise RefusedError(429, "TooManyRequests", "Too many requests, please try again later.", details=details)
        return user

    def answer(self, request: "_Request") -> dict[str, Any]:
        """Answer anything but a watch."""
        match request.parts:
            case ["api", "v1", "namespaces", namespace, "pods"] if request.method == "GET":
                self.allow(request.user, "list", "pods", "", namespace)
                return self._pods(namespace, request.query)
            case ["apis", "autoscaling", "v1", "namespaces", namespace, "horizontalpodautoscalers"]:
                self.allow(request.user, "list", "horizontalpodautoscalers", "autoscaling", namespace)
                meta = {"resourceVersion": str(self.cluster.version)}
                kind = {"kind": "HorizontalPodAutoscalerList", "apiVersion": "autoscaling/v1"}
                return {**kind, "metadata": meta, "items": self.cluster.autoscalers}
            case ["apis", "apps", "v1", "namespaces", namespace, "deployments", name, "scale"]:
                verb = {"GET": "get", "PUT": "update", "PATCH": "patch"}[request.method]
                self.allow(request.user, verb, "deployments/scale", "apps", namespace, name)
                if namespace != "shop" or name not in self.cluster.deployments:
                    kind = "deployments/scale" if self.is_old else "deployments"
                    details = {"name": name, "group": "apps", "kind": kind}
                    raise RefusedError(404, "NotFound", f'{kind}.apps "{name}" not found', details=details)
                if request.method != "GET":
                    self._write(name, request)
                return self.cluster.scale_of(name)
            case _:
                raise RefusedError(404, "NotFound", "the server could not find the requested resource", details={})

    def allow(self, user: str, verb: str, resource: str, group: str, namespace: str, name: str = "") -> None:
        """Refuse what RBAC does not allow."""
        is_outgrow = user.endswith(":outgrow")
        if user == "admin" or (is_outgrow and (verb, resource) not in self.forbidden):
            return
        kind = resource.partition("/")[0]
        dotted = f"{kind}.{group}" if group else kind
        subject = f'{dotted} "{name}" is' if name else f"{dotted} is"
        message = (
            f'{subject} forbidden: User "{user}" cannot {verb} resource "{resource}" in API group "{group}" in '
            f'the namespace "{namespace}"'
        )
        details = {"name": name, "group": group, "kind": kind}
        raise RefusedError(403, "Forbidden", message, details={key: value for key, value in details.items() if value})

    def _pods(self, namespace: str, query: dict[str, str]) -> dict[str, Any]:
        chosen = chooser(query)
        found = [shown(pod) for pod in self.cluster.pods.values() if namespace == "shop" and chosen(pod)]
        limit = int(query.get("limit", "0")) or len(found) + 1
        if not query.get("continue", "0").isdigit():
            why = "continue key is not valid: invalid character '\\u009e' looking for beginning of value"
            raise RefusedError(400, "BadRequest", f"invalid continue token: {why}")
        first = int(query.get("continue", "0"))
        meta: dict[str, Any] = {"resourceVersion": str(self.cluster.version)}
        if first + limit < len(found):
            meta["continue"] = str(first + limit)
        return {"kind": "PodList", "apiVersion": "v1", "metadata": meta, "items": found[first : first + limit]}

    def _write(self, name: str, request: "_Request") -> None:
        media, deployment = request.media, self.cluster.deployments[name]
        manager = request.query.get("fieldManager", "")
        is_apply = media == "application/apply-patch+yaml"
        if request.method == "PATCH" and not is_apply and media != "application/merge-patch+json":
            raise RefusedError(415, "UnsupportedMediaType", "415: Unsupported Media Type", details={})
        if is_apply and not manager:
            why = "Required value: is required for apply patch"
            cause = {"reason": "FieldValueRequired", "message": why, "field": "fieldManager"}
            details = {"group": "meta.k8s.io", "kind": "PatchOptions", "causes": [cause]}
            message = f'PatchOptions.meta.k8s.io "" is invalid: fieldManager: {why}'
            raise RefusedError(422, "Invalid", message, details=details)
        scale: dict[str, Any] = yaml.safe_load(request.raw)
        replicas = int(scale["spec"].get("replicas", 0))
        if scale.get("metadata", {}).get("resourceVersion") not in {None, str(deployment.version)}:
            details = {"name": name, "group": "apps", "kind": "deployments"}
            raise RefusedError(409, "Conflict", _NOT_MODIFIED.format(name=name), details=details)
        if replicas < 0:
            why = f"Invalid value: {replicas}: must be greater than or equal to 0"
            cause = {"reason": "FieldValueInvalid", "message": why, "field": "spec.replicas"}
            details = {"name": name, "group": "autoscaling", "kind": "Scale", "causes": [cause]}
            raise RefusedError(
                422, "Invalid", f'Scale.autoscaling "{name}" is invalid: spec.replicas: {why}', details=details
            )
        if is_apply:
            owners = deployment.after_apply(manager, replicas, forced=request.query.get("force") == "true")
        else:
            owners = deployment.after_update(manager or "unknown", replicas)
        self.cluster.write(name, replicas, owners)


def chooser(query: dict[str, str]) -> Any:
    """Say which pods a label selector finds."""
    label, _, value = query.get("labelSelector", "").partition("=")
    return lambda pod: not label or pod["metadata"]["labels"].get(label) == value


@dataclass
class _Request:
    method: str
    parts: list[str]
    query: dict[str, str]
    media: str
    raw: bytes
    user: str = ""


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
        api, parts = self.server_api, urlsplit(self.path)
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        media = self.headers.get("Content-Type", "")
        request = _Request(self.command, parts.path.strip("/").split("/"), query, media, raw)
        api.requests.append(f"{self.command} {self.path}")
        while api.stalled and not api.stopping.is_set():
            time.sleep(0.01)
        try:
            with api.lock:
                request.user = api.let_in(self.headers.get("Authorization") or "")
                if query.get("watch") == "true" and request.parts[-1] == "pods":
                    api.allow(request.user, "watch", "pods", "", request.parts[3])
                    version, document = _version_in(query), None
                else:
                    version, document = None, api.answer(request)
        except RefusedError as refused:
            self._send(refused.code, _status(refused.code, refused.reason, refused.message, refused.more))
            return
        if version is not None:
            self._watch(query, version)
        elif document is not None:
            self._send(200, document)

    def _watch(self, query: dict[str, str], version: int) -> None:
        """Tell changes as they come until the time is over, a bookmark before the end."""
        api, chosen = self.server_api, chooser(query)
        broken = api.broken_watches
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        deadline = time.monotonic() + min(float(query.get("timeoutSeconds", "1800")), api.watch_seconds)
        if version < api.cluster.oldest:
            message = f"too old resource version: {version} ({api.cluster.oldest})"
            self._tell("ERROR", _status(410, "Expired", message, {}))
            deadline = 0.0
        while time.monotonic() < deadline and not api.stopping.is_set():
            with api.lock:
                fresh = [each for each in api.cluster.changes if each[0] > version]
            for _, kind, pod in fresh:
                if chosen(pod):
                    self._tell(kind, pod)
            version = fresh[-1][0] if fresh else version
            if broken.wait(0.005):
                self.connection.shutdown(socket.SHUT_RDWR)
                self.close_connection = True
                return
        if deadline and query.get("allowWatchBookmarks") == "true":
            at = {"metadata": {"resourceVersion": str(version), "creationTimestamp": None}}
            self._tell("BOOKMARK", {"kind": "Pod", "apiVersion": "v1", **at})
        self._chunk(b"")

    def _tell(self, kind: str, document: dict[str, Any]) -> None:
        self._chunk(json.dumps({"type": kind, "object": document}).encode() + b"\n")

    def _chunk(self, raw: bytes) -> None:
        try:
            self.wfile.write(f"{len(raw):x}\r\n".encode() + raw + b"\r\n")
            self.wfile.flush()
        except OSError:
            self.close_connection = True

    def _send(self, code: int, document: dict[str, Any]) -> None:
        body = json.dumps(document).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        if code == 429:
            self.send_header("Retry-After", "0.05")
        self.end_headers()
        self.wfile.write(body)


def _version_in(query: dict[str, str]) -> int:
    text = query.get("resourceVersion") or "0"
    if text.isdigit():
        return int(text)
    why = f'strconv.ParseUint: parsing "{text}": invalid syntax'
    raise RefusedError(500, "", f'resourceVersion: Invalid value: "{text}": {why}')


def _status(code: int, reason: str, message: str, more: dict[str, Any]) -> dict[str, Any]:
    told = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": message}
    return {**told, **({"reason": reason} if reason else {}), **more, "code": code}
