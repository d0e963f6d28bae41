"""Run targets: where the replicas of a service run, how they are started, and when one is ready."""

# Each kind narrows `kind` to its one word; the models are frozen, so nobody can write another into it.
# pyright: reportIncompatibleVariableOverride=false

import re
from collections.abc import Mapping
from ipaddress import ip_address
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from outgrow.plan.model import Count, Declared, Flag, Name, SecretText
from outgrow.quantity import Duration

_PATH: Final = re.compile(r"/[!-~]*")
_LISTEN: Final = re.compile(r"(?:[A-Za-z0-9.-]+|\[[0-9a-fA-F:.]+\]):(\d{1,5})")
_WORKLOAD: Final = re.compile(r"(deployments?|statefulsets?|replicasets?)/[a-z0-9]([a-z0-9.-]*[a-z0-9])?")
_DNS_LABEL: Final = r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$"
_LAST_PORT: Final = 65_535

Port = Annotated[Count, Field(ge=1, le=_LAST_PORT)]
"""A TCP port."""


def _probe_path(text: str) -> str:
    if not _PATH.fullmatch(text):
        raise PydanticCustomError("path", '"{text}" is not a path; begin with /, as in /healthz', {"text": text})
    return text


def _listen(text: str) -> str:
    found = _LISTEN.fullmatch(text)
    if found is None or not 0 < int(found[1]) <= _LAST_PORT:
        raise PydanticCustomError(
            "listen", '"{text}" is no address to listen on; write HOST:PORT, as in 127.0.0.1:8080', {"text": text}
        )
    return text


def _ip(text: str) -> str:
    try:
        found = ip_address(text.strip("[]"))
    except ValueError:
        found = None
    if found is None or found.is_unspecified:  # nginx and we must reach it, and count connections by it
        what = '"{text}" is no IP address that a replica can be reached at; write 127.0.0.1, or ::1'
        raise PydanticCustomError("host", what, {"text": text})
    return str(found)


def _workload(text: str) -> str:
    if not _WORKLOAD.fullmatch(text):
        raise PydanticCustomError(
            "workload", '"{text}" is no workload; write for example deployment/auth', {"text": text}
        )
    return text


class Readiness(Declared):
    """When a replica counts as ready: it answers on its port."""

    http: Annotated[str, AfterValidator(_probe_path)] | None = None
    """A path that answers 200 to 399; without it an accepted connection is enough."""
    within: Annotated[Duration, Field(gt=Duration.parse("0"))] = Duration.parse("60s")
    """How long a replica may take from its start; one that takes longer is ended and tried again."""
    every: Annotated[Duration, Field(gt=Duration.parse("0"))] = Duration.parse("1s")
    """How often a replica is asked."""
    timeout: Annotated[Duration, Field(gt=Duration.parse("0"))] = Duration.parse("1s")
    """How long one answer may take."""
    failures: Annotated[Count, Field(ge=1, le=100)] = 3
    """After so many failed answers in a row a ready replica gets no more requests, until it answers again."""


class Stopping(Declared):
    """How a replica is ended: no new requests, the running ones finished, then a signal, then force."""

    drain: Annotated[Duration, Field(ge=Duration.parse("0"))] = Duration.parse("30s")
    """How long running requests may take to finish before the replica is asked to end."""
    grace: Annotated[Duration, Field(ge=Duration.parse("0"))] = Duration.parse("10s")
    """How long it may take to end after SIGTERM; then it is killed."""


class NginxFront(Declared):
    """An nginx in front of the replicas.

    With `listen` outgrow runs one of its own; else it writes an upstream file of an nginx that runs already.
    """

    listen: Annotated[str, AfterValidator(_listen)] | None = None
    """HOST:PORT that our own nginx listens on."""
    upstream_file: str | None = None
    """A file that the running nginx includes inside its `http` block; it holds the upstream and nothing else."""
    upstream: Name | None = None
    """The upstream's name, for `proxy_pass http://NAME`; the service's name unless given."""
    pid_file: str = "/run/nginx.pid"
    """The running nginx's PID file."""
    config: str | None = None
    """The running nginx's configuration, tested before every reload; its built-in one unless given."""
    balance: Literal["least_conn", "round_robin"] = "least_conn"
    """Which replica gets the next request: the one with the fewest open ones, or each in turn."""
    program: str = "nginx"
    """The nginx to call."""
    workers: Annotated[Count, Field(ge=1, le=256)] = 1
    """Worker processes of our own nginx."""

    @model_validator(mode="after")
    def _runs_or_includes(self) -> Self:
        if (self.listen is None) == (self.upstream_file is None):
            raise PydanticCustomError(
                "nginx", "write either listen (outgrow runs the nginx) or upstream_file (an nginx that runs already)"
            )
        return self


class RunTarget(Declared):
    """What every kind of run target has; each adds its own."""

    kind: str
    """Which actuator starts and stops replicas."""
    timeout: Annotated[Duration, Field(gt=Duration.parse("0"))] = Duration.parse("10s")
    """How long one call of it may take."""


class ProcessTarget(RunTarget):
    """Local processes, started from one command."""

    kind: Literal["processes"]
    command: Annotated[tuple[SecretText, ...], Field(min_length=1)]
    """The program and its arguments; `{port}` becomes the replica's port, `{replica}` its name."""
    folder: str = "."
    """Where it runs, relative to the plan."""
    environment: Mapping[str, SecretText] = {}
    """Added to outgrow's own environment; values may hold `{port}`, `{replica}` and `${NAME}`."""
    host: Annotated[str, AfterValidator(_ip)] = "127.0.0.1"
    """The IP address that a replica listens on, and is reached at."""
    ports: Annotated[tuple[Port, Port], Field()] = (20_000, 29_999)
    """The first and the last port that replicas may be given."""
    state: str = ".outgrow"
    """A folder for what must outlive outgrow: which processes there are, and their logs; relative to the plan."""
    ready: Readiness = Readiness()
    """When a replica counts as ready."""
    stop: Stopping = Stopping()
    """How a replica is ended."""
    behind: NginxFront | None = None
    """What spreads requests over the replicas."""

    @model_validator(mode="after")
    def _some_ports(self) -> Self:
        if self.ports[0] > self.ports[1]:
            raise PydanticCustomError("ports", "the first port lies above the last; write [20000, 29999]")
        return self


class DockerTarget(RunTarget):
    """Containers on a Docker Engine, all made like one."""

    kind: Literal["docker"]
    like: str
    """The container that defines the service, by name or Compose service; it need not run, and is no replica itself
    (`docker compose create auth`)."""
    port: Port | None = None
    """The port that replicas listen on inside; needed for `behind`, and for `ready` where the image has no health
    check."""
    url: SecretText = "unix:///var/run/docker.sock"
    """unix:///path, or tcp://host:port"""
    network: str | None = None
    """The network over which replicas are reached; the definition's first unless given."""
    ready: Readiness = Readiness()
    """When a replica counts as ready; an image's own health check goes before it."""
    stop: Stopping = Stopping()
    """How a replica is ended."""
    behind: NginxFront | None = None
    """What spreads requests over the replicas."""
    state: str = ".outgrow"
    """A folder for our own nginx, relative to the plan."""


class KubernetesTarget(RunTarget):
    """A workload of Kubernetes, scaled through its scale subresource; the cluster does the rest."""

    kind: Literal["kubernetes"]
    workload: Annotated[str, AfterValidator(_workload)]
    """deployment/NAME, statefulset/NAME or replicaset/NAME"""
    namespace: Annotated[str, Field(pattern=_DNS_LABEL)] | None = None
    """Its namespace; the context's unless given."""
    kubeconfig: str | None = None
    """A kubeconfig file, relative to the plan; else `KUBECONFIG`, else the service account of the pod that outgrow runs
    in, else ~/.kube/config."""
    context: str | None = None
    """A context of the kubeconfig; its current one unless given."""
    field_manager: Annotated[str, Field(min_length=1, max_length=128)] = "outgrow"
    """Under which name server-side apply notes that we own the number of replicas."""
    take_over: Flag = False
    """Take the number of replicas from another owner (an HPA, a manifest that states it) instead of refusing."""


class DryRunTarget(RunTarget):
    """Nothing at all: replicas that exist in memory only."""

    kind: Literal["dry_run"]
    replicas: Annotated[Count, Field(ge=0)] = 1
    """How many there are at first."""
    start_up: Annotated[Duration, Field(ge=Duration.parse("0"))] = Duration.parse("0")
    """How long a replica takes to become ready."""


RunsOn = Annotated[ProcessTarget | DockerTarget | KubernetesTarget | DryRunTarget, Field(discriminator="kind")]
"""Where a service's replicas run."""
