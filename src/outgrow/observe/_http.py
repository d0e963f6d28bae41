"""What the adapters that speak HTTP share: one client per address, and exchanges that are bounded as a whole."""

import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from ipaddress import ip_address
from pathlib import Path
from time import perf_counter
from typing import Any, Final
from urllib.parse import urlsplit

import anyio
import httpx2

from outgrow.errors import Failure, SourceError
from outgrow.observe._http_failures import failure_of
from outgrow.plan.json_path import Json

USER_AGENT: Final = "outgrow"


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """Whom to trust instead of the system's authorities, and who we are; paths of PEM files."""

    authorities: Path | None = None
    certificate: Path | None = None
    key: Path | None = None

    @classmethod
    def beside(cls, base: Path, ca: str | None, certificate: str | None, key: str | None) -> "TlsFiles":
        """Take the files as a plan names them, relative to its folder."""
        return cls(*(None if name is None else base / name for name in (ca, certificate, key)))

    def context(self) -> ssl.SSLContext | bool:
        """Give what httpx2 calls `verify`.

        Raises:
            SourceError: a file cannot be read, or holds no certificate.
        """
        if self == TlsFiles():
            return True
        try:
            context = ssl.create_default_context(cafile=self.authorities)
            if self.certificate is not None:
                context.load_cert_chain(self.certificate, self.key)
        except OSError as error:  # ssl.SSLError is one
            files = ", ".join(str(file) for file in (self.authorities, self.certificate, self.key) if file is not None)
            why = error.reason if isinstance(error, ssl.SSLError) else error.strerror
            raise SourceError(
                Failure.NOT_CONFIGURED,
                f"the TLS files {files} cannot be used: {why or error}",
                "look at tls_ca, tls_certificate and tls_key: PEM files, the key without a passphrase",
            ) from error
        return context


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked: `path` is added to the address, `form` is sent as one, `whole` waits for the body's end."""

    path: str = ""
    method: str = "GET"
    query: Mapping[str, str] = field(default_factory=dict[str, str])
    form: Mapping[str, str] | None = None
    content: bytes | None = None
    whole: bool = True
    max_bytes: int = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: the body is empty where it was not waited for; `took` runs from before connecting to the end."""

    status: int
    reason: str
    headers: Mapping[str, str]
    body: bytes
    took: timedelta
    tls_expires: datetime | None = None

    @property
    def date(self) -> datetime | None:
        """The server's clock as its Date header tells it, to the second."""
        try:
            told = parsedate_to_datetime(self.headers["date"])
        except (KeyError, ValueError):
            return None
        return told if told.tzinfo else told.replace(tzinfo=UTC)

    def json(self, where: str) -> Json:
        """Decode the body.

        Raises:
            SourceError: it is no JSON.
        """
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError) as error:
            kind = self.headers.get("content-type", "of no stated type")
            raise SourceError(
                Failure.BAD_ANSWER,
                f"{where} answered {self.status} with a body that is no JSON ({kind}): {error}",
                "look whether the url is right, and whether a login page stands before it",
            ) from error


class Endpoint:
    """An HTTP server behind one address. Cheap to make: it connects on first use."""

    def __init__(
        self,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        tls: TlsFiles | None = None,
        socket: Path | None = None,
        keep: bool = True,
    ) -> None:
        """Point at `url`, or through a unix socket; with `keep` false every exchange has its own connection.

        Raises:
            SourceError: `url` is no HTTP address.
        """
        self._url = _checked(url)
        self._headers = {"User-Agent": USER_AGENT, **(headers or {})}
        self._tls = tls or TlsFiles()
        self._socket = socket
        self._keep = keep
        self._client: httpx2.AsyncClient | None = None
        self.shown = str(socket) if socket else shown_address(url)

    async def ask(self, request: Request, limit: timedelta) -> Answer:
        """Send a request and read its answer, all within `limit`.

        Raises:
            SourceError: no whole answer came, told apart by why.
        """
        stage = _Stage()
        client = self._connected_on_use()  # reading the authorities takes a while the first time
        try:
            with anyio.fail_after(limit.total_seconds()):
                return await self._exchange(client, request, stage)
        except TimeoutError as error:
            raise SourceError(
                Failure.TIMED_OUT,
                f"{self.shown}: {stage.what_is_missing} within {limit.total_seconds():g} s",
                stage.remedy,
            ) from error
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:
            raise failure_of(error, self.shown) from error
        finally:
            await stage.end_handshake()

    async def _exchange(self, client: httpx2.AsyncClient, request: Request, stage: "_Stage") -> Answer:
        client.cookies.clear()  # every exchange is a newcomer's, not one of a session kept on one server
        began = perf_counter()
        form = None if request.form is None else dict(request.form)
        async with client.stream(
            request.method,
            self._url + request.path,
            params=dict(request.query) or None,
            data=form,
            content=request.content,
            extensions={"trace": stage.trace},
        ) as answer:
            body = bytearray()
            if request.whole:
                async for piece in answer.aiter_bytes():
                    body += piece
                    stage.arrived = len(body)
                    if len(body) > request.max_bytes:
                        raise SourceError(
                            Failure.BAD_ANSWER,
                            f"{self.shown}: the answer is longer than {request.max_bytes:,} bytes",
                            "ask for less",
                        )
            took = timedelta(seconds=perf_counter() - began)
            headers = {name.lower(): value for name, value in answer.headers.items()}
            return Answer(answer.status_code, answer.reason_phrase, headers, bytes(body), took, _tls_expires(answer))

    def _connected_on_use(self) -> httpx2.AsyncClient:
        if self._client is None:
            plain = self._url.startswith("http://")
            # Nothing is trusted by an empty context; loading the system's authorities takes time that plain HTTP saves.
            verify = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT) if plain else self._tls.context()
            limits = httpx2.Limits(max_connections=16, max_keepalive_connections=None if self._keep else 0)
            self._client = httpx2.AsyncClient(
                headers=self._headers,
                verify=verify,
                timeout=None,  # `ask` bounds the whole exchange, which no time limit of httpx2 does
                limits=limits,
                # HTTP_PROXY of the environment is not for what runs on this machine.
                trust_env=self._socket is None and not _is_loopback(self._url),
                transport=None if self._socket is None else httpx2.AsyncHTTPTransport(uds=str(self._socket)),
            )
        return self._client

    async def aclose(self) -> None:
        """Close the connections."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()


@dataclass(slots=True)
class _Stage:
    """How far an exchange came, to say what a time-out was spent on."""

    greeting: bool = False
    sending: bool = False
    answered: bool = False
    arrived: int = 0
    connection: Any = None

    async def trace(self, event: str, told: Mapping[str, Any]) -> None:
        """Follow httpx2's own account of the exchange."""
        match event:
            case "connection.connect_tcp.complete":
                self.connection = told["return_value"]
            case "connection.start_tls.started":
                self.greeting = True
            case "connection.start_tls.complete":
                self.connection = None
            case _:
                self.sending |= event.startswith(("http11.send_request", "http2.send_request"))
                self.answered |= event.endswith("receive_response_headers.complete")

    async def end_handshake(self) -> None:
        """Close a connection that was given up in the middle of its TLS handshake, which httpx2 leaves open."""
        if self.greeting and self.connection is not None:
            with anyio.CancelScope(shield=True):
                await self.connection.aclose()

    @property
    def what_is_missing(self) -> str:
        """Say what did not come."""
        if self.answered:
            return f"the answer was not whole ({self.arrived:,} bytes came)"
        if self.sending:
            return "no answer"
        return "no TLS handshake" if self.greeting else "no connection"

    @property
    def remedy(self) -> str:
        """Say what to look at."""
        if self.sending:
            return "it is overloaded or hangs; otherwise raise the source's timeout"
        if self.greeting:
            return "look whether it speaks TLS on that port (https:// or http://)"
        return "a firewall may drop the packets, or the host is down"


def shown_address(url: str) -> str:
    """Give an address for messages: without user, password and query, which may be secret."""
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "the url"
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return f"{parts.scheme}://{host}{port}{parts.path.rstrip('/')}"


def _checked(url: str) -> str:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise SourceError(
            Failure.NOT_CONFIGURED, "the url is no HTTP address", "write for example http://127.0.0.1:9090"
        )
    return url


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _tls_expires(answer: httpx2.Response) -> datetime | None:
    stream = answer.extensions.get("network_stream")
    tls = stream.get_extra_info("ssl_object") if stream is not None else None
    certificate = tls.getpeercert() if tls is not None else None
    if not certificate:
        return None
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(certificate["notAfter"]), UTC)
