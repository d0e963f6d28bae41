"""How a cluster is reached and who we are there: a kubeconfig, or the service account of the pod that we run in."""

import base64
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, cast

import yaml

from outgrow.errors import ActuatorError, Failure
from outgrow.plan.run_targets import KubernetesTarget

Json = dict[str, Any]

_SERVICE_ACCOUNT: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount")


@dataclass(frozen=True, slots=True)
class Access:
    """A cluster's address, the namespace where none is named, and our credentials.

    `token_file` is read again for every connection, for the kubelet renews it.
    """

    server: str
    namespace: str
    token: str = ""
    token_file: Path | None = None
    tls: ssl.SSLContext | None = None

    def headers(self) -> Mapping[str, str]:
        """Give the credentials that go into every request."""
        token = self.token
        if self.token_file is not None:
            try:
                token = self.token_file.read_text(encoding="utf-8").strip()
            except OSError as error:
                raise _unusable(self.token_file, error.strerror or str(error)) from error
        return {"Authorization": f"Bearer {token}"} if token else {}


def access_to(target: KubernetesTarget, environment: Mapping[str, str], base: Path) -> Access:
    """Find the cluster: the target's kubeconfig, else KUBECONFIG, else the pod's service account, else ~/.kube/config.

    Raises:
        ActuatorError: nothing says how to reach one, or what says so cannot be used.
    """
    named = base / target.kubeconfig if target.kubeconfig else None
    from_environment = environment.get("KUBECONFIG", "").partition(":")[0]
    if named is None and from_environment:
        named = Path(from_environment)
    if named is None and environment.get("KUBERNETES_SERVICE_HOST"):
        return _of_pod(environment)
    file = named or Path(environment.get("HOME", "~")).expanduser() / ".kube" / "config"
    try:
        document = yaml.safe_load(file.read_text(encoding="utf-8"))
        return _of_kubeconfig(document, target.context, file)
    except (OSError, yaml.YAMLError, KeyError, TypeError, ValueError, StopIteration) as error:
        why = f"it has no {error}" if isinstance(error, KeyError) else (str(error) or "it lacks a part")
        raise _unusable(file, why) from error


def _of_pod(environment: Mapping[str, str]) -> Access:
    host, port = environment["KUBERNETES_SERVICE_HOST"], environment.get("KUBERNETES_SERVICE_PORT", "443")
    shown = f"[{host}]" if ":" in host else host
    try:
        tls = ssl.create_default_context(cafile=_SERVICE_ACCOUNT / "ca.crt")
        namespace = (_SERVICE_ACCOUNT / "namespace").read_text(encoding="utf-8").strip()
    except OSError as error:
        raise _unusable(_SERVICE_ACCOUNT, error.strerror or str(error)) from error
    return Access(f"https://{shown}:{port}", namespace, token_file=_SERVICE_ACCOUNT / "token", tls=tls)


def _of_kubeconfig(document: Any, wanted: str | None, file: Path) -> Access:
    name = wanted or document["current-context"]
    context = _named(document["contexts"], name, "context")
    cluster = _named(document["clusters"], context["cluster"], "cluster")
    user = _named(document["users"], context["user"], "user") if context.get("user") else Json()
    if "exec" in user or "auth-provider" in user:
        raise ActuatorError(
            Failure.NOT_CONFIGURED,
            f"{file}: the user {context['user']} signs in through a plugin, which outgrow does not run",
            "use a service account's token, or run outgrow in the cluster",
        )
    token_file = file.parent / user["tokenFile"] if user.get("tokenFile") else None
    server = str(cluster["server"]).rstrip("/")
    tls = _tls(cluster, user, file.parent) if server.startswith("https://") else None
    return Access(server, context.get("namespace") or "default", user.get("token") or "", token_file, tls)


def _named(entries: Any, name: str, noun: str) -> Json:
    for each in cast("list[Json]", entries):
        if each["name"] == name:
            return cast("Json", each[noun] or {})
    known = ", ".join(each["name"] for each in cast("list[Json]", entries))
    raise ValueError(f'it has no {noun} "{name}"; there is {known or "none"}')


def _tls(cluster: Json, user: Json, folder: Path) -> ssl.SSLContext:
    authority = _bytes_of(cluster, "certificate-authority", folder)
    context = ssl.create_default_context(cadata=None if authority is None else authority.decode("ascii"))
    if cluster.get("insecure-skip-tls-verify"):
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    certificate, key = _bytes_of(user, "client-certificate", folder), _bytes_of(user, "client-key", folder)
    if certificate is not None and key is not None:
        # Python's ssl reads certificates from files only.
        with TemporaryDirectory() as private:
            both = Path(private) / "client.pem"
            both.touch(mode=0o600)
            both.write_bytes(certificate + b"\n" + key)
            context.load_cert_chain(both)
    return context


def _bytes_of(of: Json, name: str, folder: Path) -> bytes | None:
    """Give what stands under `name-data` in base64, or in the file under `name`."""
    if of.get(f"{name}-data"):
        return base64.b64decode(of[f"{name}-data"])
    return (folder / of[name]).read_bytes() if of.get(name) else None


def _unusable(file: Path, why: str) -> ActuatorError:
    return ActuatorError(
        Failure.NOT_CONFIGURED,
        f"{file} does not say how to reach a cluster: {why}",
        "look at runs_on.kubeconfig and runs_on.context, or try: kubectl config view",
    )
