"""What the API server means by refusing: the `Status` object that comes with every refusal, told apart."""

from typing import Any, Final, cast

from outgrow.act._http import Reply
from outgrow.errors import ActuatorError, Failure

Json = dict[str, Any]

_BY_STATUS: Final = {
    401: (Failure.WRONG_PASSWORD, "the token or certificate is not accepted; it may have expired"),
    404: (Failure.NO_SUCH_THING, "look at runs_on.workload and runs_on.namespace"),
    422: (Failure.NOT_ACCEPTED, "an admission rule or a quota stands against it"),
    429: (Failure.TOO_BUSY, "the API server asks for patience; it is asked again"),
}


def refusal(reply: Reply, doing: str, manager: str) -> ActuatorError:
    """Make the error of an answer of 400 and above.

    Args:
        reply: the answer.
        doing: what was asked for, in words (`scale deployment/auth in shop`).
        manager: our field manager, for the remedy of a conflict.
    """
    told = cast("Json", reply.body) if isinstance(reply.body, dict) else Json()
    said = reply.body if isinstance(reply.body, str) else ""
    words = str(told.get("message") or said or f"status {reply.status}")[:500]
    match reply.status:
        case 403:
            verb = "patch" if doing.startswith("scale") else "get, list"
            failure = Failure.NOT_PERMITTED
            remedy = f"give the account a Role with the verbs {verb} on the scale subresource and on pods (RBAC)"
        case 409 if _is_of_owners(told):
            failure = Failure.CONFLICT
            remedy = (
                f"somebody else owns the number of replicas: remove the HPA, or replicas from the manifest, or let "
                f"{manager} take it over with take_over: true"
            )
        case 409:
            failure, remedy = Failure.CONFLICT, "it was changed meanwhile; it is tried again"
        case status if status in _BY_STATUS:
            failure, remedy = _BY_STATUS[status]
        case status if status >= 500:  # noqa: PLR2004 (server errors, RFC 9110)
            failure, remedy = Failure.OTHER, "look at the API server; it is asked again"
        case _:
            failure, remedy = Failure.NOT_ACCEPTED, "look at runs_on"
    return ActuatorError(failure, f"Kubernetes: cannot {doing}: {words}", remedy)


def _is_of_owners(told: Json) -> bool:
    causes = cast("list[Json]", cast("Json", told.get("details") or {}).get("causes") or [])
    return any(each.get("reason") == "FieldManagerConflict" for each in causes)
