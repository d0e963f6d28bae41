"""The HorizontalPodAutoscalers that scale a workload too: a number of replicas with two masters is nobody's."""

from collections.abc import Sequence
from typing import Any, Final

from outgrow.act.kubernetes.asking import Server
from outgrow.act.kubernetes.pods import part
from outgrow.errors import ActuatorError, Failure

Json = dict[str, Any]

_KINDS: Final = {"deployments": "Deployment", "statefulsets": "StatefulSet", "replicasets": "ReplicaSet"}


async def autoscalers_of(server: Server, namespace: str, plural: str, name: str) -> Sequence[str] | None:
    """Name the HorizontalPodAutoscalers whose target a workload is; none at all where we may not look.

    Raises:
        ActuatorError: the server cannot be asked, for another reason than a missing right.
    """
    path = f"/apis/autoscaling/v1/namespaces/{namespace}/horizontalpodautoscalers"
    try:
        found, _ = await server.list(path, "list the HorizontalPodAutoscalers")
    except ActuatorError as error:
        if error.failure in {Failure.NOT_PERMITTED, Failure.NO_SUCH_THING}:
            return None
        raise
    wanted = (_KINDS[plural], name)
    return [str(part(each, "metadata").get("name")) for each in found if _target(each) == wanted]


def _target(autoscaler: Json) -> tuple[str, str]:
    target = part(part(autoscaler, "spec"), "scaleTargetRef")
    return str(target.get("kind")), str(target.get("name"))
