"""A real control plane of Kubernetes on loopback: etcd, kube-apiserver, kube-controller-manager. No kubelet, no nodes.

No package that a test could install holds kube-apiserver, so this is asked for by name: `OUTGROW_KUBERNETES` names a
folder with the programs kube-apiserver and kube-controller-manager (etcd may stand on the PATH). Debian's source
package `kubernetes` of bookworm builds them: `make WHAT="cmd/kube-apiserver cmd/kube-controller-manager"`.
Pods are made ready by `kubernetes_kubelet.Kubelet`.
"""

import base64
import json
import os
import signal
import ssl
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx2
import yaml

from tests.servers.process import ServerProcess, ServerUnavailable, free_port, listens, program, run, temporary_folder

BINARIES: Final = "OUTGROW_KUBERNETES"
ADMIN: Final = "let-the-administrator-in"
ISSUER: Final = "https://kubernetes.default.svc"
_CONTROLLERS: Final = "deployment,replicaset,statefulset,horizontalpodautoscaling,garbagecollector,namespace"


@dataclass
class ControlPlane:
    """A running control plane; `stop` ends it and leaves nothing behind.

    Attributes:
        folder: keys, certificates, logs and etcd's data.
        port: of the API server.
        http: a client of the administrator.
    """

    folder: Path
    port: int
    etcd: ServerProcess
    server: ServerProcess
    controllers: ServerProcess
    http: httpx2.Client = field(init=False)

    def __post_init__(self) -> None:
        """Become its administrator."""
        headers = {"Authorization": f"Bearer {ADMIN}"}
        self.http = httpx2.Client(base_url=self.url, headers=headers, verify=self.tls, trust_env=False, timeout=30)

    @property
    def tls(self) -> ssl.SSLContext:
        """Trust its certificate authority."""
        return ssl.create_default_context(cafile=self.folder / "ca.crt")

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.port}"

    @property
    def version(self) -> str:
        """Give the version as the server says it, such as v1.20.2."""
        return str(self.http.get("/version").json()["gitVersion"])

    def call(self, method: str, path: str, body: Any = None, *, media: str = "application/json") -> Any:
        """Ask as the administrator; give the JSON of the answer.

        Raises:
            AssertionError: the answer is 400 or above.
        """
        content = None if body is None else json.dumps(body)
        headers = {"Content-Type": media}
        try:
            reply = self.http.request(method, path, content=content, headers=headers)
        except httpx2.RemoteProtocolError:  # a kept connection that the server has just let go
            reply = self.http.request(method, path, content=content, headers=headers)
        assert reply.status_code < 400, f"{method} {path}: {reply.status_code} {reply.text}"
        return reply.json()

    def apply(self, *documents: Mapping[str, Any], manager: str = "tests") -> None:
        """Apply documents on the server's side, as `kubectl apply --server-side` does."""
        for document in documents:
            path = f"{collection_of(document)}/{document['metadata']['name']}"
            query = f"?fieldManager={manager}&force=true"
            self.call("PATCH", path + query, document, media="application/apply-patch+yaml")

    def kubeconfig(self, token: str = ADMIN, namespace: str = "shop", server: str = "") -> str:
        """Give a kubeconfig with one context for the holder of a token."""
        authority = base64.b64encode((self.folder / "ca.crt").read_bytes()).decode()
        cluster = {"server": server or self.url, "certificate-authority-data": authority}
        return yaml.safe_dump(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "current-context": "here",
                "contexts": [{"name": "here", "context": {"cluster": "c", "user": "u", "namespace": namespace}}],
                "clusters": [{"name": "c", "cluster": cluster}],
                "users": [{"name": "u", "user": {"token": token}}],
            }
        )

    def token_of(self, account: str, namespace: str = "shop") -> str:
        """Ask for a token of a service account; it holds for ten minutes."""
        request = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": 600}}
        path = f"/api/v1/namespaces/{namespace}/serviceaccounts/{account}/token"
        return str(self.call("POST", path, request)["status"]["token"])

    def expired_token_of(self, account: str, namespace: str = "shop") -> str:
        """Sign what `token_of` gives once more, as if it had been given an hour ago."""
        header, claims, _ = self.token_of(account, namespace).split(".")
        told = json.loads(base64.urlsafe_b64decode(claims + "=="))
        past = {name: told[name] - 3600 for name in ("exp", "iat", "nbf")}
        signed = f"{header}.{_url_safe(json.dumps({**told, **past}).encode())}"
        command = ["openssl", "dgst", "-sha256", "-sign", self.folder / "accounts.key"]
        signature = subprocess.run(command, input=signed.encode(), capture_output=True, check=True).stdout
        return f"{signed}.{_url_safe(signature)}"

    def restart_server(self, *, down_seconds: float = 0.0) -> None:
        """End the API server by force, and start it again after a while."""
        self.server.kill()
        time.sleep(down_seconds)
        self.server.start()

    def freeze_server(self) -> None:
        """Let the API server accept connections and answer nothing."""
        assert self.server.child is not None
        self.server.child.send_signal(signal.SIGSTOP)

    def thaw_server(self) -> None:
        """Let it go on."""
        assert self.server.child is not None
        self.server.child.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        """End it."""
        self.http.close()
        for process in (self.controllers, self.server, self.etcd):
            process.kill()
        self.etcd.remove()


def collection_of(document: Mapping[str, Any]) -> str:
    """Give the path of the collection that a document stands in."""
    group, _, version = str(document["apiVersion"]).rpartition("/")
    root = f"/apis/{group}/{version}" if group else f"/api/{version}"
    namespace = document["metadata"].get("namespace")
    plural = str(document["kind"]).lower() + "s"
    return f"{root}/namespaces/{namespace}/{plural}" if namespace else f"{root}/{plural}"


def deployment(name: str, replicas: int | None, cpu: str = "500m") -> dict[str, Any]:
    """Give a Deployment in the namespace shop."""
    container = {"name": "main", "image": "none", "resources": {"requests": {"cpu": cpu}}}
    template = {"metadata": {"labels": {"app": name}}, "spec": {"containers": [container]}}
    spec = {"selector": {"matchLabels": {"app": name}}, "template": template}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": "shop"},
        "spec": spec if replicas is None else {"replicas": replicas, **spec},
    }


def start_control_plane(*controller_options: str, server_options: Sequence[str] = ()) -> ControlPlane:
    """Start one, with the namespace shop.

    Raises:
        ServerUnavailable: `OUTGROW_KUBERNETES` names no folder with the programs.
    """
    binaries = os.environ.get(BINARIES, "")
    if not binaries:
        raise ServerUnavailable(f"{BINARIES} names no folder with kube-apiserver and kube-controller-manager")
    folder = temporary_folder("kubernetes", None)
    ports = {name: free_port() for name in ("client", "peer", "server", "controllers")}
    _make_keys(folder)
    etcd = _etcd(folder, ports)
    server = _server(folder, ports, Path(binaries), server_options)
    controllers = _controllers(folder, ports, Path(binaries), controller_options)
    plane = ControlPlane(folder, ports["server"], etcd, server, controllers)
    try:
        for process in (etcd, server):
            process.start()
        (folder / "admin.yaml").write_text(plane.kubeconfig())
        controllers.start()
        plane.call("POST", "/api/v1/namespaces", {"metadata": {"name": "shop"}})
    except BaseException:
        plane.stop()
        raise
    return plane


def _make_keys(folder: Path) -> None:
    (folder / "tokens.csv").write_text(f'{ADMIN},admin,1,"system:masters"\n')
    run(["openssl", "genrsa", "-out", folder / "accounts.key", "2048"])
    made = ["openssl", "req", "-newkey", "rsa:2048", "-nodes"]
    run(
        [
            *made,
            "-x509",
            "-subj",
            "/CN=kubernetes",
            "-days",
            "2",
            "-keyout",
            folder / "ca.key",
            "-out",
            folder / "ca.crt",
        ]
    )
    run([*made, "-subj", "/CN=kube-apiserver", "-keyout", folder / "server.key", "-out", folder / "server.csr"])
    (folder / "server.ext").write_text("subjectAltName=IP:127.0.0.1,DNS:localhost,DNS:kubernetes.default.svc\n")
    signed_by = ["-CA", folder / "ca.crt", "-CAkey", folder / "ca.key", "-CAcreateserial", "-days", "2"]
    extended = ["-extfile", folder / "server.ext", "-in", folder / "server.csr", "-out", folder / "server.crt"]
    run(["openssl", "x509", "-req", *signed_by, *extended])


def _etcd(folder: Path, ports: Mapping[str, int]) -> ServerProcess:
    (folder / "etcd").mkdir()
    client, peer = f"http://127.0.0.1:{ports['client']}", f"http://127.0.0.1:{ports['peer']}"
    command = [_etcd_program(), "--data-dir", folder / "etcd"]
    command += ["--listen-client-urls", client, "--advertise-client-urls", client, "--listen-peer-urls", peer]
    command += ["--initial-advertise-peer-urls", peer, "--initial-cluster", f"default={peer}", "--unsafe-no-fsync"]
    return ServerProcess(command, folder, lambda: listens(ports["client"]), dies_by=signal.SIGTERM)


def _etcd_program() -> Path:
    beside = Path(os.environ[BINARIES]) / "etcd"
    return beside if beside.exists() else program("etcd", package="etcd-server")


def _server(folder: Path, ports: Mapping[str, int], binaries: Path, options: Sequence[str]) -> ServerProcess:
    chosen = {
        "etcd-servers": f"http://127.0.0.1:{ports['client']}",
        "bind-address": "127.0.0.1",
        "secure-port": ports["server"],
        "tls-cert-file": folder / "server.crt",
        "tls-private-key-file": folder / "server.key",
        "cert-dir": folder,
        "token-auth-file": folder / "tokens.csv",
        "service-account-issuer": ISSUER,
        "service-account-key-file": folder / "accounts.key",
        "service-account-signing-key-file": folder / "accounts.key",
        "service-cluster-ip-range": "10.0.0.0/24",
        "authorization-mode": "RBAC",
        "disable-admission-plugins": "ServiceAccount",
        "client-ca-file": folder / "ca.crt",
    }
    command = [binaries / "kube-apiserver", *(f"--{name}={value}" for name, value in chosen.items()), *options]

    def is_ready() -> bool:
        try:
            tls = ssl.create_default_context(cafile=folder / "ca.crt")
            url = f"https://127.0.0.1:{ports['server']}/readyz"
            return httpx2.get(url, headers={"Authorization": f"Bearer {ADMIN}"}, verify=tls, trust_env=False).is_success
        except httpx2.HTTPError:
            return False

    return ServerProcess(command, _log_folder(folder, "server"), is_ready)


def _controllers(folder: Path, ports: Mapping[str, int], binaries: Path, options: Sequence[str]) -> ServerProcess:
    command = [binaries / "kube-controller-manager", f"--kubeconfig={folder / 'admin.yaml'}", "--leader-elect=false"]
    command += ["--bind-address=127.0.0.1", f"--secure-port={ports['controllers']}", f"--cert-dir={folder}"]
    command += [f"--controllers={_CONTROLLERS}", *options]
    return ServerProcess(command, _log_folder(folder, "controllers"), lambda: listens(ports["controllers"]))


def _log_folder(folder: Path, name: str) -> Path:
    (folder / name).mkdir()
    return folder / name


def _url_safe(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
