"""What the adapters share that speak JSON over HTTP: one exchange, bounded as a whole, its failures told apart."""

import json
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, cast
from urllib.parse import urlsplit

import anyio
import httpx2

from outgrow.errors import ActuatorError, Failure

_FIRST_ERROR: Final = 400
_CONNECT_SHARE: Final = 0.9


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back; `body` is the JSON, none where there was no body, the text where it was no JSON."""

    status: int
    headers: Mapping[str, str]
    body: Any

    @property
    def is_error(self) -> bool:
        """Whether what was asked was not done."""
        return self.status >= _FIRST_ERROR


@dataclass(slots=True)
class Api:
    """One HTTP API. Cheap to make: it connects on first use."""

    shown: str
    """Its address for people."""
    url: str
    limit: timedelta
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    socket: Path | None = None
    tls: ssl.SSLContext | None = None
    tls_name: str = ""
    """The name in the server's certificate, where it is not the host's."""
    _client: httpx2.AsyncClient | None = field(default=None, init=False)

    async def call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Any = None,
        media: str = "application/json",
    ) -> Reply:
        """Send a request and read the whole answer within the limit.

        Raises:
            ActuatorError: no whole answer came.
        """
        content = None if body is None else json.dumps(body).encode()
        headers = {**self.headers, **({} if content is None else {"Content-Type": media})}
        try:
            with anyio.fail_after(self.limit.total_seconds()):
                answer = await self._connected().request(
                    method,
                    self.url + path,
                    params=dict(query or {}),
                    content=content,
                    headers=headers,
                    extensions=self._extensions(),
                )
        except (TimeoutError, httpx2.TimeoutException) as error:
            raise self._too_late() from error
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:
            raise _failure_of(error, self.shown) from error
        return _reply(answer)

    async def follow(
        self, path: str, took: Callable[[str], None], *, silence: timedelta, query: Mapping[str, str] | None = None
    ) -> Reply | None:
        """Read an answer that goes on and on, line by line, until the server ends it; give the reply where it refused.

        Args:
            path: what is asked for.
            took: called with each line.
            silence: how long the server may say nothing.
            query: as of every call.

        Raises:
            ActuatorError: no answer began within the limit, it broke off, or the server was silent for too long.
        """
        try:
            async with AsyncExitStack() as stack:
                with anyio.fail_after(self.limit.total_seconds()):
                    asked = self._connected().stream(
                        "GET",
                        self.url + path,
                        params=dict(query or {}),
                        headers=dict(self.headers),
                        extensions=self._extensions(),
                    )
                    answer = await stack.enter_async_context(asked)
                    if answer.status_code >= _FIRST_ERROR:
                        await answer.aread()
                        return _reply(answer)
                lines = answer.aiter_lines()
                while True:
                    with anyio.fail_after(silence.total_seconds()):
                        line = await anext(lines, None)
                    if line is None:
                        return None
                    took(line)
        except (TimeoutError, httpx2.TimeoutException) as error:
            raise ActuatorError(Failure.TIMED_OUT, f"{self.shown} fell silent", "it is asked again") from error
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:
            raise _failure_of(error, self.shown) from error

    def _too_late(self) -> ActuatorError:
        return ActuatorError(
            Failure.TIMED_OUT,
            f"{self.shown}: no answer within {self.limit.total_seconds():g} s",
            "it is overloaded or hangs; otherwise raise the timeout of runs_on",
        )

    def _extensions(self) -> dict[str, str]:
        return {"sni_hostname": self.tls_name} if self.tls_name else {}

    def _connected(self) -> httpx2.AsyncClient:
        if self._client is None:
            # An empty context trusts nobody; loading the system's authorities takes time that plain HTTP saves.
            plain = self.url.startswith("http://")
            verify = self.tls or (ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT) if plain else ssl.create_default_context())
            transport = None if self.socket is None else httpx2.AsyncHTTPTransport(uds=str(self.socket))
            self._client = httpx2.AsyncClient(
                headers={"User-Agent": "outgrow", "Accept": "application/json"},
                verify=verify,
                # `call` bounds the whole exchange, which no time limit of httpx2 does. But a handshake that is cut off
                # from outside leaves its socket behind; so that part ends by itself, a little earlier.
                timeout=httpx2.Timeout(None, connect=_CONNECT_SHARE * self.limit.total_seconds()),
                trust_env=self.socket is None and urlsplit(self.url).hostname not in {"127.0.0.1", "localhost", "::1"},
                transport=transport,
            )
        return self._client

    async def aclose(self) -> None:
        """Close the connections."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()


def _reply(answer: httpx2.Response) -> Reply:
    return Reply(answer.status_code, {name.lower(): text for name, text in answer.headers.items()}, _body(answer))


def _body(answer: httpx2.Response) -> Any:
    if not answer.content:
        return None
    try:
        return answer.json()
    except ValueError:
        return answer.text


def _behind(error: BaseException | None) -> Iterator[BaseException]:
    """Give an error and those that it was made of: of an address with several IPs each attempt."""
    if error is None:
        return
    yield error
    if isinstance(error, BaseExceptionGroup):
        for each in cast("tuple[BaseException, ...]", error.exceptions):
            yield from _behind(each)
    yield from _behind(error.__cause__ or error.__context__)


def _failure_of(error: Exception, where: str) -> ActuatorError:
    behind = list(_behind(error))
    tls = next((each for each in behind if isinstance(each, ssl.SSLError)), None)
    refused = any(isinstance(each, ConnectionRefusedError) for each in behind)
    match error:
        case httpx2.InvalidURL() | httpx2.UnsupportedProtocol():
            return ActuatorError(Failure.NOT_CONFIGURED, f"{where}: the url cannot be used", "look at runs_on")
        case _ if tls is not None:
            return ActuatorError(
                Failure.NOT_CONFIGURED, f"{where}: {tls.reason or tls}", "look at the certificate authority"
            )
        case _ if refused:
            return ActuatorError(Failure.REFUSED, f"{where}: nothing listens there", "start it, or look at the port")
        case httpx2.ConnectError():
            return ActuatorError(Failure.UNREACHABLE, f"{where}: {error}", "look at the address and the network")
        case _:
            return ActuatorError(
                Failure.CONNECTION_LOST,
                f"{where} closed the connection before its answer was whole",
                "it may have been restarted; it is asked again",
            )
