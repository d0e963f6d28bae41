"""How a cluster is reached and who we are there: a kubeconfig, or the service account of the pod that we run in."""

import base64
import os
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
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

    `token_file` is read again for every request, for the kubelet renews it. `tls_name` is the name in the server's
    certificate, where it is not the address'.
    """

    server: str
    namespace: str
    token: str = ""
    token_file: Path | None = None
    tls: ssl.SSLContext | None = None
    tls_name: str = ""

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
    from_environment = [Path(each) for each in environment.get("KUBECONFIG", "").split(os.pathsep) if each]
    files = [named] if named is not None else [each for each in from_environment if each.exists()] or from_environment
    if not files and environment.get("KUBERNETES_SERVICE_HOST"):
        return _of_pod(environment)
    files = files or [Path(environment.get("HOME", "~")).expanduser() / ".kube" / "config"]
    file = files[0]
    try:
        found = _Kubeconfig()
        for file in files:
            found.add(yaml.safe_load(file.read_text(encoding="utf-8")), file)
        return _of_kubeconfig(found, target.context)
    except (OSError, yaml.YAMLError, KeyError, TypeError, ValueError, AttributeError) as error:
        why = f"it has no {error}" if isinstance(error, KeyError) else (str(error) or "it lacks a part")
        raise _unusable(file, why) from error


def _of_pod(environment: Mapping[str, str]) -> Access:
    host, port = environment["KUBERNETES_SERVICE_HOST"], environment.get("KUBERNETES_SERVICE_PORT", "443")
    shown = f"[{host}]" if ":" in host else host
    try:
        tls = _trusting((_SERVICE_ACCOUNT / "ca.crt").read_text(encoding="ascii"))
        namespace = (_SERVICE_ACCOUNT / "namespace").read_text(encoding="utf-8").strip()
    except OSError as error:
        raise _unusable(_SERVICE_ACCOUNT, error.strerror or str(error)) from error
    return Access(f"https://{shown}:{port}", namespace, token_file=_SERVICE_ACCOUNT / "token", tls=tls)


@dataclass(slots=True)
class _Kubeconfig:
    """Several kubeconfig files as one: of each name the first one counts, as kubectl has it."""

    current: str = ""
    entries: dict[str, dict[str, tuple[Json, Path]]] = field(default_factory=dict[str, dict[str, tuple[Json, Path]]])

    def add(self, document: Any, file: Path) -> None:
        """Add a file, after those that go before it."""
        self.current = self.current or document.get("current-context") or ""
        for plural, noun in (("contexts", "context"), ("clusters", "cluster"), ("users", "user")):
            known = self.entries.setdefault(noun, {})
            for each in cast("list[Json]", document.get(plural) or []):
                known.setdefault(each["name"], (each[noun] or {}, file.parent))

    def named(self, noun: str, name: str) -> tuple[Json, Path]:
        """Give what has that name, and the folder that its paths start from."""
        known = self.entries.get(noun, {})
        if name not in known:
            raise ValueError(f'it has no {noun} "{name}"; there is {", ".join(known) or "none"}')
        return known[name]


def _of_kubeconfig(found: _Kubeconfig, wanted: str | None) -> Access:
    name = wanted or found.current
    if not name:
        raise KeyError("current-context")
    context, _ = found.named("context", name)
    cluster, cluster_folder = found.named("cluster", context["cluster"])
    user, folder = found.named("user", context["user"]) if context.get("user") else (Json(), cluster_folder)
    _refuse_what_is_not_done(cluster, user, context)
    token_file = folder / user["tokenFile"] if user.get("tokenFile") else None
    server = str(cluster["server"]).rstrip("/")
    tls = _tls(cluster, cluster_folder, user, folder) if server.startswith("https://") else None
    namespace, token = context.get("namespace") or "default", user.get("token") or ""
    return Access(server, namespace, token, token_file, tls, cluster.get("tls-server-name") or "")


def _refuse_what_is_not_done(cluster: Json, user: Json, context: Json) -> None:
    """Refuse what would otherwise be left out in silence: another sign-in, another identity, another way."""
    told = {
        "exec": "signs in through a plugin",
        "auth-provider": "signs in through a plugin",
        "as": "acts as somebody else",
        "username": "signs in with a password",
    }
    for key, what in told.items():
        if user.get(key):
            raise ActuatorError(
                Failure.NOT_CONFIGURED,
                f"the user {context['user']} of the kubeconfig {what} ({key}), which outgrow does not do",
                "use a service account's token, or run outgrow in the cluster",
            )
    if cluster.get("proxy-url"):
        raise ActuatorError(
            Failure.NOT_CONFIGURED,
            f"the cluster {context['cluster']} of the kubeconfig is behind a proxy (proxy-url), which is not read",
            "set HTTPS_PROXY instead",
        )


def _tls(cluster: Json, cluster_folder: Path, user: Json, folder: Path) -> ssl.SSLContext:
    authority = _bytes_of(cluster, "certificate-authority", cluster_folder)
    context = _trusting(None if authority is None else authority.decode("ascii"))
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


def _trusting(authority: str | None) -> ssl.SSLContext:
    """Trust a cluster's own authority as kubectl does: without the extensions that Python asks for from 3.13 on."""
    context = ssl.create_default_context(cadata=authority)
    if authority is not None:
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
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
