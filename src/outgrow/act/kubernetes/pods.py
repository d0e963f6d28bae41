"""What a pod means as a replica."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, cast

from outgrow.facts.replicas import Replica, ReplicaPhase

Json = dict[str, Any]


def replica_of(pod: Json, seen: "Mapping[str, datetime] | None" = None) -> Replica:
    """Say what a pod means as a replica.

    Args:
        pod: as the API server gives it. Its times are whole seconds of the cluster's clock; `ready_at` is when Ready
            last became true: the first time only for a pod that was never unready since. It is absent where a
            container was restarted, for then it is another time.
        seen: when we ourselves saw it `created` and `ready`; where both are known they take the place of its times.
    """
    meta, status = part(pod, "metadata"), part(pod, "status")
    conditions = {each["type"]: each for each in cast("list[Json]", status.get("conditions") or [])}
    ready = conditions.get("Ready") or Json()
    changed, created = _moment(ready.get("lastTransitionTime")), _moment(meta.get("creationTimestamp"))
    phase, why = _phase(meta, status, conditions)
    since = _moment(meta.get("deletionTimestamp")) if phase is ReplicaPhase.STOPPING else changed
    ordered_at, ready_at = created, changed if phase is ReplicaPhase.READY else None
    if ready_at is not None and seen is not None and {"created", "ready"} <= seen.keys():
        ordered_at, ready_at = seen["created"], seen["ready"]
    elif _restarted(status):
        ready_at = None
    return Replica(
        name=str(meta.get("name", "")),
        phase=phase,
        address=str(status.get("podIP") or ""),
        since=since or created,
        ordered_at=ordered_at,
        ready_at=ready_at,
        why=why,
        began_at=_moment(status.get("startTime")) if status.get("phase") == "Running" else None,
    )


def is_ready(pod: Json) -> bool:
    """Say whether a pod gets requests."""
    return replica_of(pod).phase is ReplicaPhase.READY


def part(whole: Json, name: str) -> Json:
    """Give a part that the API server leaves out where it is empty."""
    return cast("Json", whole.get(name) or {})


def _phase(meta: Json, status: Json, conditions: Mapping[str, Json]) -> tuple[ReplicaPhase, str]:
    containers = cast("list[Json]", status.get("containerStatuses") or [])
    waiting = (part(part(each, "state"), "waiting").get("reason") for each in containers)
    scheduled = conditions.get("PodScheduled") or Json()
    no_place = scheduled.get("reason") if scheduled.get("status") == "False" else None
    why = str(next(filter(None, waiting), None) or status.get("reason") or no_place or "")
    if meta.get("deletionTimestamp"):
        return ReplicaPhase.STOPPING, why
    if status.get("phase") in {"Failed", "Succeeded"}:
        return ReplicaPhase.FAILED, why or str(status["phase"])
    if (conditions.get("Ready") or Json()).get("status") == "True":
        return ReplicaPhase.READY, ""
    return (ReplicaPhase.UNREADY if _restarted(status) else ReplicaPhase.STARTING), why


def _restarted(status: Json) -> bool:
    containers = cast("list[Json]", status.get("containerStatuses") or [])
    return any(each.get("restartCount", 0) > 0 for each in containers)


def _moment(text: object) -> datetime | None:
    return datetime.fromisoformat(text) if isinstance(text, str) else None
