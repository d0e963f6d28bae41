"""What the API server means by refusing: the `Status` object that comes with every refusal, told apart."""

import re
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
_MISSING_RIGHT: Final = re.compile(r'cannot (\S+) resource "([^"]+)" in API group "([^"]*)"')
_UNCLAIMED: Final = re.compile(r'conflict with "before-first-apply"')


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
            failure, remedy = _not_permitted(words)
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


def is_unclaimed(error: ActuatorError) -> bool:
    """Say whether a conflict is with nobody: with what was there before the first apply, and no manager by name."""
    return (
        error.failure is Failure.CONFLICT and _UNCLAIMED.search(error.what) is not None and "1 conflict" in error.what
    )


def _not_permitted(words: str) -> tuple[Failure, str]:
    """Name the right that is missing in the words of a Role."""
    if 'User "system:anonymous"' in words:
        return Failure.WRONG_PASSWORD, "no token or certificate was sent; look at the user of the kubeconfig's context"
    found = _MISSING_RIGHT.search(words)
    if found is None:
        return Failure.NOT_PERMITTED, "look at the account's Role (RBAC) and at admission rules"
    verb, resource, group = found.groups()
    rule = f'apiGroups: ["{group}"], resources: [{resource}], verbs: [{verb}]'
    return Failure.NOT_PERMITTED, f"add to the account's Role (RBAC): {rule}"


def _is_of_owners(told: Json) -> bool:
    causes = cast("list[Json]", cast("Json", told.get("details") or {}).get("causes") or [])
    return any(each.get("reason") == "FieldManagerConflict" for each in causes)
