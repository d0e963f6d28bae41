"""The Docker Engine's API, over its socket or TCP: containers found by name, id or Compose service."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final, cast
from urllib.parse import quote, urlsplit

from outgrow.errors import Failure, SourceError
from outgrow.observe._http import Endpoint, Request, TlsFiles
from outgrow.observe.docker.statistics import Json

_SERVICE: Final = "com.docker.compose.service"
_PROJECT: Final = "com.docker.compose.project"
_ONE_OFF: Final = "com.docker.compose.oneoff"
_SHORTEST_ID: Final = 12
_NOT_FOUND: Final = 404
_LAST_SUCCESS: Final = 299


@dataclass(frozen=True, slots=True)
class Container:
    """A container as the Engine lists it; `status` is for people (`Exited (137) 3 minutes ago`)."""

    name: str
    id: str
    state: str
    status: str
    labels: Mapping[str, str]

    @property
    def is_running(self) -> bool:
        """Whether it has processes (a paused one has)."""
        return self.state in {"running", "paused"}


class Engine:
    """One Docker Engine; it connects on first use, and every call ends within `limit`."""

    def __init__(self, url: str, tls: TlsFiles, limit: timedelta) -> None:
        """Point at `unix:///path`, `tcp://host:port`, `http://...` or `https://...`.

        Raises:
            SourceError: it is none of these.
        """
        parts = urlsplit(url)
        self.socket = Path(parts.path) if parts.scheme == "unix" else None
        if parts.scheme not in {"unix", "tcp", "http", "https"} or (self.socket and not parts.path):
            raise SourceError(
                Failure.NOT_CONFIGURED,
                "the url is no address of a Docker Engine",
                "write unix:///var/run/docker.sock or tcp://host:2376 (an ssh tunnel can bring the socket here)",
            )
        self.is_encrypted = parts.scheme == "https" or (parts.scheme == "tcp" and tls != TlsFiles())
        rest = url.partition("://")[2].rstrip("/")
        address = "http://docker" if self.socket else f"{'https' if self.is_encrypted else 'http'}://{rest}"
        self._endpoint = Endpoint(address, tls=tls, socket=self.socket)
        self._limit = limit

    async def containers(self) -> Sequence[Container]:
        """List every container, running or not."""
        listed = await self._get("/containers/json", {"all": "1"})
        try:
            return [
                Container(
                    each["Names"][0].removeprefix("/"), each["Id"], each["State"], each["Status"], each["Labels"] or {}
                )
                for each in cast("list[Any]", listed)
            ]
        except (KeyError, TypeError, IndexError, AttributeError) as error:
            raise self.not_docker() from error

    async def details(self, container: Container) -> Json:
        """Give a container's configuration and state."""
        return await self._get(f"/containers/{quote(container.id)}/json")

    async def statistics(self, container: Container, *, twice: bool) -> Json:
        """Give a container's statistics; `twice` lets the Engine take two readings, a second apart."""
        # Engines before API 1.41 know no one-shot: they take two readings anyway.
        how = {"stream": "false"} if twice else {"stream": "false", "one-shot": "true"}
        return await self._get(f"/containers/{quote(container.id)}/stats", how)

    async def version(self) -> Json:
        """Give the Engine's version."""
        return await self._get("/version")

    async def info(self) -> Json:
        """Give the Engine's host, clock and warnings."""
        return await self._get("/info")

    async def aclose(self) -> None:
        """Close the connections."""
        await self._endpoint.aclose()

    def not_docker(self) -> SourceError:
        """Make the error of an answer that is none of the Engine's."""
        return SourceError(
            Failure.BAD_ANSWER, f"{self._endpoint.shown} does not answer as a Docker Engine does", "look at the url"
        )

    async def _get(self, path: str, query: Mapping[str, str] | None = None) -> Any:
        where = self._endpoint.shown
        try:
            answer = await self._endpoint.ask(Request(path, query=query or {}), self._limit)
        except SourceError as error:
            raise self._with_dockers_remedy(error) from error
        body = answer.json(where)
        if answer.status <= _LAST_SUCCESS:
            return body
        words = str(body.get("message")) if isinstance(body, dict) else f"status {answer.status}"
        failure = Failure.NO_SUCH_THING if answer.status == _NOT_FOUND else Failure.OTHER
        raise SourceError(failure, f"Docker Engine: {words}", "look at its log: journalctl -u docker")

    def _with_dockers_remedy(self, error: SourceError) -> SourceError:
        if self.socket is None:
            return error
        match error.failure:
            case Failure.NOT_PERMITTED:
                remedy = "add it to the group docker: usermod -aG docker USER, and log in again"
            case Failure.UNREACHABLE | Failure.REFUSED:
                remedy = "start Docker (systemctl start docker), or set the source's url"
            case _:
                return error
        return SourceError(error.failure, f"no Docker Engine to be had: {error.what}", remedy)


def find(containers: Sequence[Container], wanted: str, project: str | None) -> Sequence[Container]:
    """Find a container by its name, else the containers of a Compose service, else one by its id.

    Of a service's containers those of `docker compose run` do not count.

    Raises:
        SourceError: there is none.
    """
    named = [each for each in containers if each.name == wanted]
    service = [
        each
        for each in containers
        if each.labels.get(_SERVICE) == wanted
        and project in {None, each.labels.get(_PROJECT)}
        and each.labels.get(_ONE_OFF, "False") != "True"
    ]
    known_by_id = [each for each in containers if len(wanted) >= _SHORTEST_ID and each.id.startswith(wanted)]
    found = named or sorted(service, key=lambda each: each.name) or known_by_id
    if not found:
        names = sorted(
            {each.name for each in containers} | {each.labels.get(_SERVICE, each.name) for each in containers}
        )
        close = get_close_matches(wanted, names, n=1)
        there_is = f"there is {', '.join(names[:10])}" if names else "there is none at all"
        raise SourceError(
            Failure.NO_SUCH_THING,
            f'no container or Compose service is named "{wanted}"',
            f"did you mean {close[0]}?" if close else there_is,
        )
    return found
