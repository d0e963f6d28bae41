"""A workload of Kubernetes as an actuator: its scale subresource read and applied, its pods watched."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from time import monotonic
from typing import Any, Final
from urllib.parse import quote

from outgrow.act.kubernetes.access import Access
from outgrow.act.kubernetes.asking import APPLY, Server
from outgrow.act.kubernetes.autoscalers import autoscalers_of
from outgrow.act.kubernetes.failures import is_unclaimed
from outgrow.act.kubernetes.pods import part, replica_of
from outgrow.act.kubernetes.watching import Pods
from outgrow.errors import ActuatorError, Failure
from outgrow.facts.replicas import LEAVING, ReplicaPhase, Replicas
from outgrow.plan.run_targets import KubernetesTarget
from outgrow.ports import Clock

Json = dict[str, Any]

_PLURALS: Final = {"deployment": "deployments", "statefulset": "statefulsets", "replicaset": "replicasets"}
_SCALE_STAYS_GOOD_SECONDS: Final = 1.0
_CLAIMS: Final = 5
_MASTERS_EVERY: Final = timedelta(minutes=1)


@dataclass(slots=True)
class KubernetesWorkload:
    """Scales one Deployment, StatefulSet or ReplicaSet by server-side apply: who owns its replicas stays visible."""

    target: KubernetesTarget
    access: Access
    clock: Clock
    _server: Server = field(init=False)
    _pods: Pods = field(init=False)
    _scale: Json = field(default_factory=dict[str, Any], init=False)
    _read_at: float = field(default=float("-inf"), init=False)
    _masters: frozenset[str] = field(default=frozenset(), init=False)
    _masters_read_at: float = field(default=float("-inf"), init=False)

    def __post_init__(self) -> None:
        """Point at the cluster; nothing is connected yet."""
        self._server = Server(self.access, self.target.timeout, self.target.field_manager)
        pods = f"/api/v1/namespaces/{quote(self._namespace)}/pods"
        self._pods = Pods(self._server, pods, self._shown, self.clock)

    async def replicas(self) -> Replicas:
        """Read the scale, at most once a second, and give the pods that its selector finds."""
        if monotonic() - self._read_at >= _SCALE_STAYS_GOOD_SECONDS:
            await self._read_scale()
        selector = str(part(self._scale, "status").get("selector") or "")
        pods = await self._pods.now(selector) if selector else ()
        try:
            each = tuple(replica_of(pod, self._pods.seen.get(pod["metadata"]["name"])) for pod in pods)
            # A pod that ended stays in the list (an evicted one for long), and the controllers do not count it.
            counted = sum(pod.phase not in LEAVING | {ReplicaPhase.FAILED} for pod in each)
            return Replicas(_ordered(self._scale), each, counted)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise self._server.not_kubernetes() from error

    async def scale_to(self, count: int) -> None:
        """Apply `spec.replicas` of the scale subresource as our field manager; the cluster does the rest.

        Raises:
            ActuatorError: another manager owns the number (a conflict), RBAC forbids it, or as every call.
        """
        if count < 0:
            raise ValueError(f"{count} replicas; give 0 or more")
        await self._read_scale()
        if _ordered(self._scale) == count:
            return
        try:
            await self._apply(count, forced=self.target.take_over)
        except ActuatorError as error:
            if self.target.take_over or not is_unclaimed(error):
                raise
            await self._claim(count)
        answered = _ordered(self._scale)
        if answered != count:
            raise ActuatorError(
                Failure.NOT_ACCEPTED,
                f"Kubernetes: {self._shown} was to have {count} replicas and has {answered}",
                "an admission webhook may have changed the number",
            )

    async def tend(self) -> Sequence[str]:
        """Look now and then for a HorizontalPodAutoscaler that scales it too; the cluster does all else."""
        if monotonic() - self._masters_read_at < _MASTERS_EVERY.total_seconds():
            return ()
        self._masters_read_at = monotonic()
        found = frozenset(await self._autoscalers() or ())
        new, self._masters = found - self._masters, found
        return [
            f"{self._shown} has two masters: the HorizontalPodAutoscaler {each} scales it too; delete that one, "
            "or look on beside it with --shadow"
            for each in sorted(new)
        ]

    async def put_away(self) -> None:
        """Do nothing: nothing was put before the replicas."""

    async def aclose(self) -> None:
        """Close the connections."""
        await self._pods.aclose()
        await self._server.aclose()

    async def _read_scale(self) -> None:
        self._scale = await self._server.ask("GET", f"{self._path}/scale", f"read the scale of {self._shown}")
        self._read_at = monotonic()

    async def _apply(self, count: int, *, forced: bool, version: str = "") -> None:
        meta = {"name": self._name, "namespace": self._namespace, **({"resourceVersion": version} if version else {})}
        applied = {"apiVersion": "autoscaling/v1", "kind": "Scale", "metadata": meta, "spec": {"replicas": count}}
        query = {"fieldManager": self.target.field_manager, "force": "true" if forced else "false"}
        doing = f"scale {self._shown} to {count}"
        self._scale = await self._server.ask(
            "PATCH", f"{self._path}/scale", doing, query=query, body=applied, media=APPLY
        )
        self._read_at = monotonic()

    async def _claim(self, count: int) -> None:
        """Take a number that no manager is noted for, unless an autoscaler lives on it or somebody was faster.

        The API server notes owners of a scale only from its first apply on (before 1.22 never), and takes whoever
        wrote before that for one owner called before-first-apply. So this is what the first order always meets.
        """
        masters = await self._autoscalers()
        if masters:
            raise ActuatorError(
                Failure.CONFLICT,
                f"Kubernetes: cannot scale {self._shown}: the HorizontalPodAutoscaler {masters[0]} scales it",
                "delete that one, look on beside it with --shadow, or take the number over with take_over: true",
            )
        before = _ordered(self._scale)
        for attempt in range(_CLAIMS):
            try:
                version = str(part(self._scale, "metadata").get("resourceVersion") or "")
                await self._apply(count, forced=True, version=version)
            except ActuatorError as error:
                # The version counts the controllers' reports too; only another number is somebody else's word.
                if error.failure is not Failure.CONFLICT or attempt == _CLAIMS - 1:
                    raise
                await self._read_scale()
                if _ordered(self._scale) != before:
                    raise
            else:
                return

    async def _autoscalers(self) -> Sequence[str] | None:
        return await autoscalers_of(self._server, quote(self._namespace), self._plural, self._name)

    @property
    def _name(self) -> str:
        return self.target.workload.partition("/")[2]

    @property
    def _plural(self) -> str:
        return _PLURALS[self.target.workload.partition("/")[0].removesuffix("s")]

    @property
    def _namespace(self) -> str:
        return self.target.namespace or self.access.namespace

    @property
    def _shown(self) -> str:
        return f"{self.target.workload} in {self._namespace}"

    @property
    def _path(self) -> str:
        return f"/apis/apps/v1/namespaces/{quote(self._namespace)}/{self._plural}/{quote(self._name)}"


def _ordered(scale: Json) -> int:
    return int(part(scale, "spec").get("replicas") or 0)
