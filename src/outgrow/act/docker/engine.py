"""The Docker Engine's API as far as acting needs it: containers found, made, started, asked to end, removed."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, cast
from urllib.parse import quote, urlsplit

from outgrow.act._http import Api, Reply
from outgrow.errors import ActuatorError, Failure

Json = dict[str, Any]

_SERVICE: Final = "com.docker.compose.service"
_FORBIDDEN, _NOT_FOUND, _CONFLICT = 403, 404, 409
_GONE: Final = frozenset({_NOT_FOUND})
_ALREADY: Final = frozenset({304, _NOT_FOUND, _CONFLICT})


class Engine:
    """One Docker Engine; every call ends within `limit`."""

    def __init__(self, url: str, limit: timedelta) -> None:
        """Point at `unix:///path` or `tcp://host:port`.

        Raises:
            ActuatorError: it is neither.
        """
        parts = urlsplit(url)
        socket = Path(parts.path) if parts.scheme == "unix" and parts.path else None
        if socket is None and not (parts.scheme in {"tcp", "http"} and parts.hostname):
            raise ActuatorError(
                Failure.NOT_CONFIGURED,
                "runs_on.url is no address of a Docker Engine",
                "write unix:///var/run/docker.sock or tcp://host:2375",
            )
        address = "http://docker" if socket else f"http://{parts.netloc}"
        self._api = Api(str(socket or parts.netloc), address, limit, socket=socket)

    async def containers(self, label: str = "") -> Sequence[Json]:
        """List every container, running or not, or those with a label (`name=value`)."""
        filters = {"filters": f'{{"label": ["{label}"]}}'} if label else {}
        return cast("list[Json]", (await self._call("GET", "/containers/json", query={"all": "1", **filters})).body)

    async def definition(self, wanted: str) -> Json:
        """Give the container of a name, or the first of a Compose service, with its whole configuration.

        Raises:
            ActuatorError: there is none.
        """
        listed = await self.containers()
        named = [each for each in listed if f"/{wanted}" in each["Names"]]
        composed = [each for each in listed if (each["Labels"] or {}).get(_SERVICE) == wanted]
        found = named or sorted(composed, key=lambda each: each["Names"][0])
        if not found:
            names = ", ".join(sorted(each["Names"][0].removeprefix("/") for each in listed)[:10]) or "none at all"
            raise ActuatorError(
                Failure.NO_SUCH_THING,
                f'no container or Compose service is named "{wanted}"',
                f"make one with docker create or docker compose create; there is {names}",
            )
        return await self.details(found[0]["Id"]) or {}

    async def details(self, container: str) -> Json | None:
        """Give a container's configuration and state; none where it is gone."""
        reply = await self._call("GET", f"/containers/{quote(container)}/json", fine=_GONE)
        return None if reply.status in _GONE else cast("Json", reply.body)

    async def create(self, name: str, wanted: Mapping[str, Any]) -> str:
        """Make a container and give its id."""
        reply = await self._call("POST", "/containers/create", query={"name": name}, body=dict(wanted))
        return str(reply.body["Id"])

    async def connect(self, network: str, container: str, options: Mapping[str, Any]) -> None:
        """Give a container an address in one more network."""
        body = {"Container": container, "EndpointConfig": dict(options)}
        await self._call("POST", f"/networks/{quote(network)}/connect", body=body)

    async def start(self, container: str) -> None:
        """Start a container; nothing where it runs."""
        await self._call("POST", f"/containers/{quote(container)}/start", fine=frozenset({304}))

    async def signal(self, container: str, name: str) -> None:
        """Send its first process a signal; nothing where it does not run."""
        await self._call("POST", f"/containers/{quote(container)}/kill", query={"signal": name}, fine=_ALREADY)

    async def remove(self, container: str) -> None:
        """Kill and remove a container with its anonymous volumes; nothing where it is gone or going."""
        await self._call("DELETE", f"/containers/{quote(container)}", query={"force": "1", "v": "1"}, fine=_ALREADY)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._api.aclose()

    async def _call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Any = None,
        fine: frozenset[int] = frozenset(),
    ) -> Reply:
        reply = await self._api.call(method, path, query=query, body=body)
        if not reply.is_error or reply.status in fine:
            return reply
        told = cast("Json", reply.body) if isinstance(reply.body, dict) else Json()
        words = str(told.get("message") or f"status {reply.status}")
        failures = {
            _FORBIDDEN: Failure.NOT_PERMITTED,
            _NOT_FOUND: Failure.NO_SUCH_THING,
            _CONFLICT: Failure.CONFLICT,
        }
        raise ActuatorError(
            failures.get(reply.status, Failure.NOT_ACCEPTED),
            f"Docker Engine: {words}",
            "look at its log: journalctl -u docker",
        )
