"""What a cluster remembers as far as scaling goes: workloads with the owners of their number, pods, changes."""

import copy
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

Json = dict[str, Any]
BEFORE_FIRST_APPLY = "before-first-apply"


class RefusedError(Exception):
    """An answer of 400 and above; `more` goes into the `Status` object."""

    def __init__(self, code: int, reason: str, message: str, **more: Any) -> None:
        super().__init__(message)
        self.code, self.reason, self.message, self.more = code, reason, message, more


def now() -> str:
    """Give the present second as Kubernetes writes it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(frozen=True)
class Owner:
    """Who is noted for the number of replicas: by `Apply` or `Update`, of the scale or of the whole object."""

    manager: str
    operation: str = "Apply"
    subresource: str = "scale"

    @property
    def words(self) -> str:
        """Say it as the API server does in a conflict."""
        through = f' with subresource "{self.subresource}"' if self.subresource else ""
        using = " using autoscaling/v1" if self.operation == "Update" else ""
        return f'conflict with "{self.manager}"{through}{using}'


@dataclass
class Workload:
    """A Deployment.

    A server notes owners of a scale from the first apply on; what was there before belongs to one who is made up. One
    from before Kubernetes 1.22 (`notes_owners` False) forgets them after each request.
    """

    name: str
    replicas: int
    version: int
    notes_owners: bool
    owners: frozenset[Owner] = frozenset()
    born: str = field(default_factory=now)
    uid: str = field(default_factory=lambda: str(uuid.uuid4()))

    def after_apply(self, manager: str, replicas: int, *, forced: bool) -> frozenset[Owner]:
        """Give the owners after an apply.

        Raises:
            RefusedError: somebody else owns another number.
        """
        ours = Owner(manager)
        through = "scale" if self.notes_owners else ""
        owners = self.owners or {Owner(BEFORE_FIRST_APPLY, "Update", through)}
        others = sorted((each for each in owners if each.manager != manager), key=lambda each: each.manager)
        if replicas != self.replicas and others and not forced:
            causes = [
                {"reason": "FieldManagerConflict", "message": each.words, "field": ".spec.replicas"} for each in others
            ]
            told = f"Apply failed with 1 conflict: {others[0].words}: .spec.replicas"
            raise RefusedError(409, "Conflict", told, details={"causes": causes})
        if not self.notes_owners:
            return frozenset()
        return frozenset({ours} if replicas != self.replicas else {ours, *others})

    def after_update(self, manager: str, replicas: int) -> frozenset[Owner]:
        """Give the owners after an update or a merge; where none were noted it notes none."""
        if not self.owners or replicas == self.replicas:
            return self.owners
        return frozenset({Owner(manager, "Update")})


@dataclass
class Cluster:
    """The namespace shop. Whoever calls holds the server's lock.

    Attributes:
        start_up_seconds: how long a pod takes to become ready.
        notes_owners: as Kubernetes 1.22 and later do.
        changes: of pods, with their version: what a watch tells.
        oldest: versions before this one are forgotten.
    """

    start_up_seconds: float
    notes_owners: bool
    deployments: dict[str, Workload] = field(default_factory=dict)
    pods: dict[str, Json] = field(default_factory=dict)
    autoscalers: list[Json] = field(default_factory=list)
    changes: list[tuple[int, str, Json]] = field(default_factory=list)
    version: int = 100
    oldest: int = 0
    webhook: Callable[[int], int] | None = None
    _born: int = 0

    def deploy(self, name: str, replicas: int, owner: Owner | None) -> None:
        """Make a Deployment."""
        self.version += 1
        owners = frozenset({owner} if owner and self.notes_owners else ())
        self.deployments[name] = Workload(name, replicas, self.version, self.notes_owners, owners)

    def write(self, name: str, replicas: int, owners: frozenset[Owner]) -> None:
        """Give a Deployment a number and owners, through the webhook."""
        deployment = self.deployments[name]
        replicas = self.webhook(replicas) if self.webhook else replicas
        if (replicas, owners) != (deployment.replicas, deployment.owners):
            self.version += 1
            deployment.replicas, deployment.owners, deployment.version = replicas, owners, self.version

    def scale_of(self, name: str) -> Json:
        """Give the scale document of a Deployment."""
        deployment = self.deployments[name]
        meta = {"name": name, "namespace": "shop", "uid": deployment.uid}
        meta |= {"resourceVersion": str(deployment.version), "creationTimestamp": deployment.born}
        return {
            "kind": "Scale",
            "apiVersion": "autoscaling/v1",
            "metadata": meta,
            "spec": {"replicas": deployment.replicas} if deployment.replicas else {},
            "status": {"replicas": len(self._live(name)), "selector": f"app={name}"},
        }

    def fail(self, name: str, **status: Any) -> None:
        """Let a pod fail."""
        self.pods[name]["status"] |= {"phase": "Failed", **status}
        self._note("MODIFIED", name)

    def reconcile(self) -> None:
        """Take the controllers' and the kubelets' next step."""
        for name, wanted in [(each.name, each.replicas) for each in self.deployments.values()]:
            self._age(name)
            self._match(name, wanted)
        for pod in [each for each in self.pods.values() if each["metadata"]["labels"]["app"] not in self.deployments]:
            self._remove(pod["metadata"]["name"])

    def _own(self, name: str) -> list[Json]:
        return [pod for pod in self.pods.values() if pod["metadata"]["labels"]["app"] == name]

    def _live(self, name: str) -> list[Json]:
        gone = {"Failed", "Succeeded"}
        own = self._own(name)
        return [pod for pod in own if "deletionTimestamp" not in pod["metadata"] and pod["status"]["phase"] not in gone]

    def _age(self, name: str) -> None:
        for pod in self._own(name):
            age, own_name = time.monotonic() - pod["_changed"], pod["metadata"]["name"]
            if "deletionTimestamp" in pod["metadata"] and age > 0.05:
                self._remove(own_name)
            elif pod["status"]["phase"] == "Failed" and "deletionTimestamp" not in pod["metadata"]:
                if "reason" not in pod["status"]:  # an evicted pod stays, as on a real cluster
                    self._delete(own_name)
            elif pod["status"]["phase"] == "Pending" and age > self.start_up_seconds:
                pod["status"] |= {"phase": "Running", "podIP": f"10.0.0.{self._born % 250 + 1}", "startTime": now()}
                pod["status"]["conditions"] = [{"type": "Ready", "status": "True", "lastTransitionTime": now()}]
                self._note("MODIFIED", own_name)

    def _match(self, name: str, wanted: int) -> None:
        live = self._live(name)
        # As a ReplicaSet: the ones that are not ready go first, then the youngest.
        live.sort(key=lambda pod: (pod["status"]["phase"] == "Running", -pod["_number"]))
        for pod in live[: max(0, len(live) - wanted)]:
            self._delete(pod["metadata"]["name"])
        for _ in range(wanted - len(live)):
            self._born += 1
            pod_name = f"{name}-5d9c7b-{self._born:05d}"
            meta = {"name": pod_name, "namespace": "shop", "labels": {"app": name}, "creationTimestamp": now()}
            status = {"phase": "Pending", "conditions": []}
            self.pods[pod_name] = {"metadata": meta, "status": status, "_number": self._born}
            self._note("ADDED", pod_name)

    def _delete(self, name: str) -> None:
        self.pods[name]["metadata"]["deletionTimestamp"] = now()
        self._note("MODIFIED", name)

    def _remove(self, name: str) -> None:
        self._note("DELETED", name)
        del self.pods[name]

    def _note(self, kind: str, name: str) -> None:
        self.version += 1
        pod = self.pods[name]
        pod["_changed"] = time.monotonic()
        pod["metadata"]["resourceVersion"] = str(self.version)
        self.changes.append((self.version, kind, shown(pod)))


def shown(pod: Json) -> Json:
    """Give a pod as the API server does."""
    public = {name: copy.deepcopy(value) for name, value in pod.items() if not name.startswith("_")}
    return {"kind": "Pod", "apiVersion": "v1", **public}
