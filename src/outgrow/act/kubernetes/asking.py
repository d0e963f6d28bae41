"""Questions to the API server: who we are goes with each, patience where it asks for it, lists in pages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from time import monotonic
from typing import Any, Final, cast

import anyio

from outgrow.act._http import Api, Reply
from outgrow.act.kubernetes.access import Access
from outgrow.act.kubernetes.failures import refusal
from outgrow.act.kubernetes.pods import part
from outgrow.errors import ActuatorError, Failure

Json = dict[str, Any]

APPLY: Final = "application/apply-patch+yaml"
MERGE: Final = "application/merge-patch+json"
_TOO_MANY, _UNAVAILABLE = 429, 503
_PAGE: Final = "500"
_WAIT_SECONDS: Final = 1.0


@dataclass(slots=True)
class Server:
    """One API server as one account of it.

    Attributes:
        access: where it is and who we are.
        limit: how long a question may take, all patience included.
        manager: our field manager, for the words of a refusal.
    """

    access: Access
    limit: timedelta
    manager: str
    _api: Api = field(init=False)

    def __post_init__(self) -> None:
        """Point at the server; nothing is connected yet."""
        access = self.access
        self._api = Api(access.server, access.server, self.limit, tls=access.tls, tls_name=access.tls_name)

    async def ask(
        self,
        method: str,
        path: str,
        doing: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Any = None,
        media: str = "application/json",
    ) -> Json:
        """Ask, and ask again while the server says to come back later and the time limit allows it.

        Raises:
            ActuatorError: it refuses, or gives no answer of Kubernetes.
        """
        api = self.signed_in()
        deadline = monotonic() + self.limit.total_seconds()
        while True:
            reply = await api.call(method, path, query=query, body=body, media=media)
            if not reply.is_error:
                return self._object(reply)
            wait = _retry_after(reply)
            if reply.status not in {_TOO_MANY, _UNAVAILABLE} or monotonic() + wait > deadline:
                raise refusal(reply, doing, self.manager)
            await anyio.sleep(wait)

    async def list(self, path: str, doing: str, **query: str) -> tuple[Sequence[Json], str]:
        """Read a whole collection, page by page; give its items and the version that a watch goes on from."""
        found, more = list[Json](), ""
        while True:
            page = await self.ask(
                "GET", path, doing, query={**query, "limit": _PAGE, **({"continue": more} if more else {})}
            )
            found += cast("list[Json]", page.get("items") or [])
            meta = part(page, "metadata")
            more = str(meta.get("continue") or "")
            if not more:
                return found, str(meta.get("resourceVersion") or "")

    def signed_in(self) -> Api:
        """Give the connection with credentials that are still good: a token on the disk is renewed there."""
        self._api.headers = self.access.headers()
        return self._api

    def not_kubernetes(self) -> ActuatorError:
        """Make the error of an answer that cannot be read."""
        return ActuatorError(
            Failure.BAD_ANSWER,
            f"{self.access.server} does not answer as Kubernetes does",
            "look at the kubeconfig's server",
        )

    def _object(self, reply: Reply) -> Json:
        if not isinstance(reply.body, dict):
            raise self.not_kubernetes()
        return cast("Json", reply.body)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._api.aclose()


def _retry_after(reply: Reply) -> float:
    try:
        return max(float(reply.headers["retry-after"]), 0.05)
    except (KeyError, ValueError):
        return _WAIT_SECONDS
