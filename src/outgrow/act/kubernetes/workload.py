"""A workload of Kubernetes as an actuator: its scale subresource read and applied, its pods listed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from time import monotonic
from typing import Any, Final, cast
from urllib.parse import quote

import anyio

from outgrow.act._http import Api, Reply
from outgrow.act.kubernetes.access import Access
from outgrow.act.kubernetes.failures import refusal
from outgrow.errors import ActuatorError, Failure
from outgrow.facts.replicas import Replica, ReplicaPhase, Replicas
from outgrow.plan.run_targets import KubernetesTarget

Json = dict[str, Any]

_PLURALS: Final = {"deployment": "deployments", "statefulset": "statefulsets", "replicaset": "replicasets"}
_APPLY: Final = "application/apply-patch+yaml"
_TOO_MANY, _UNAVAILABLE = 429, 503
_PAGE: Final = "500"
_WAIT_SECONDS: Final = 1.0


@dataclass(slots=True)
class KubernetesWorkload:
    """Scales one Deployment, StatefulSet or ReplicaSet by server-side apply: who owns its replicas stays visible."""

    target: KubernetesTarget
    access: Access
    _api: Api = field(init=False)

    def __post_init__(self) -> None:
        """Point at the cluster; nothing is connected yet."""
        access = self.access
        self._api = Api(access.server, access.server, self.target.timeout, access.headers(), tls=access.tls)

    async def replicas(self) -> Replicas:
        """Read the scale and list the pods that its selector finds."""
        scale = await self._scale()
        selector = str(_part(scale, "status").get("selector") or "")
        pods = await self._pods(selector) if selector else list[Json]()
        try:
            return Replicas(_ordered(scale), tuple(replica_of(each) for each in pods))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise _not_kubernetes(self.access.server) from error

    async def scale_to(self, count: int) -> None:
        """Apply `spec.replicas` of the scale subresource as our field manager; the cluster does the rest.

        Raises:
            ActuatorError: another manager owns the number (a conflict), RBAC forbids it, or as every call.
        """
        if count < 0:
            raise ValueError(f"{count} replicas; give 0 or more")
        if _ordered(await self._scale()) == count:
            return
        applied = {
            "apiVersion": "autoscaling/v1",
            "kind": "Scale",
            "metadata": {"name": self._name, "namespace": self._namespace},
            "spec": {"replicas": count},
        }
        query = {"fieldManager": self.target.field_manager, "force": "true" if self.target.take_over else "false"}
        doing = f"scale {self._shown} to {count}"
        reply = await self._patiently("PATCH", f"{self._path}/scale", doing, query=query, body=applied, media=_APPLY)
        answered = _ordered(_object(reply))
        if answered != count:
            raise ActuatorError(
                Failure.NOT_ACCEPTED,
                f"Kubernetes: {self._shown} was to have {count} replicas and has {answered}",
                "an admission webhook may have changed the number",
            )

    async def tend(self) -> Sequence[str]:
        """Do nothing: the cluster's controllers do."""
        return ()

    async def put_away(self) -> None:
        """Do nothing: nothing was put before the replicas."""

    async def aclose(self) -> None:
        """Close the connections."""
        await self._api.aclose()

    async def _scale(self) -> Json:
        return _object(await self._patiently("GET", f"{self._path}/scale", f"read the scale of {self._shown}"))

    async def _pods(self, selector: str) -> Sequence[Json]:
        path, found, more = f"/api/v1/namespaces/{quote(self._namespace)}/pods", list[Json](), ""
        while True:
            query = {"labelSelector": selector, "limit": _PAGE, **({"continue": more} if more else {})}
            page = _object(await self._patiently("GET", path, f"list the pods of {self._shown}", query=query))
            found += cast("list[Json]", page.get("items") or [])
            more = str(_part(page, "metadata").get("continue") or "")
            if not more:
                return found

    async def _patiently(
        self,
        method: str,
        path: str,
        doing: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Any = None,
        media: str = "application/json",
    ) -> Reply:
        """Ask, and ask again while the server says to come back later and the time limit allows it."""
        self._api.headers = self.access.headers()
        deadline = monotonic() + self.target.timeout.total_seconds()
        while True:
            reply = await self._api.call(method, path, query=query, body=body, media=media)
            if not reply.is_error:
                return reply
            wait = _retry_after(reply)
            if reply.status not in {_TOO_MANY, _UNAVAILABLE} or monotonic() + wait > deadline:
                raise refusal(reply, doing, self.target.field_manager)
            await anyio.sleep(wait)

    @property
    def _name(self) -> str:
        return self.target.workload.partition("/")[2]

    @property
    def _namespace(self) -> str:
        return self.target.namespace or self.access.namespace

    @property
    def _shown(self) -> str:
        return f"{self.target.workload} in {self._namespace}"

    @property
    def _path(self) -> str:
        plural = _PLURALS[self.target.workload.partition("/")[0].removesuffix("s")]
        return f"/apis/apps/v1/namespaces/{quote(self._namespace)}/{plural}/{quote(self._name)}"


def replica_of(pod: Json) -> Replica:
    """Say what a pod means as a replica.

    `ready_at` is when its Ready condition last became true: the first time only for a pod that was never unready since.
    """
    meta, status = _part(pod, "metadata"), _part(pod, "status")
    conditions = {each["type"]: each for each in cast("list[Json]", status.get("conditions") or [])}
    ready = conditions.get("Ready") or Json()
    changed = _moment(ready.get("lastTransitionTime"))
    created = _moment(meta.get("creationTimestamp"))
    phase, why = _phase(meta, status, is_ready=ready.get("status") == "True")
    since = _moment(meta.get("deletionTimestamp")) if phase is ReplicaPhase.STOPPING else changed
    return Replica(
        name=str(meta.get("name", "")),
        phase=phase,
        address=str(status.get("podIP") or ""),
        since=since or created,
        ordered_at=created,
        ready_at=changed if phase is ReplicaPhase.READY else None,
        why=why,
    )


def _phase(meta: Json, status: Json, *, is_ready: bool) -> tuple[ReplicaPhase, str]:
    containers = cast("list[Json]", status.get("containerStatuses") or [])
    waiting = (_part(_part(each, "state"), "waiting").get("reason") for each in containers)
    why = str(next(filter(None, waiting), None) or status.get("reason") or "")
    if meta.get("deletionTimestamp"):
        return ReplicaPhase.STOPPING, why
    if status.get("phase") in {"Failed", "Succeeded"}:
        return ReplicaPhase.FAILED, why or str(status["phase"])
    if is_ready:
        return ReplicaPhase.READY, ""
    restarted = any(each.get("restartCount", 0) > 0 for each in containers)
    return (ReplicaPhase.UNREADY if restarted else ReplicaPhase.STARTING), why


def _part(whole: Json, name: str) -> Json:
    """Give a part that the API server leaves out where it is empty."""
    return cast("Json", whole.get(name) or {})


def _ordered(scale: Json) -> int:
    return int(_part(scale, "spec").get("replicas") or 0)


def _retry_after(reply: Reply) -> float:
    try:
        return max(float(reply.headers["retry-after"]), 0.05)
    except (KeyError, ValueError):
        return _WAIT_SECONDS


def _object(reply: Reply) -> Json:
    if not isinstance(reply.body, dict):
        raise _not_kubernetes("the API server")
    return cast("Json", reply.body)


def _not_kubernetes(where: str) -> ActuatorError:
    return ActuatorError(
        Failure.BAD_ANSWER, f"{where} does not answer as Kubernetes does", "look at the kubeconfig's server"
    )


def _moment(text: object) -> datetime | None:
    return datetime.fromisoformat(text) if isinstance(text, str) else None
