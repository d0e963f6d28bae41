"""How connections to the target are opened: plain, over TLS, through a proxy."""

import asyncio
import socket
import ssl
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar, cast
from urllib.parse import unquote, urlsplit

from outgrow.errors import UsageError
from outgrow.loadtest.address import Address, address_of
from outgrow.plan.scenario_network import Tls
from outgrow.plan.scenarios import Scenario
from outgrow.plan.secrets import resolve

_WRONG_NAME: Final = frozenset({62, 63, 64})
"""Of a host, a mail address, an IP address (OpenSSL, x509_vfy.h)."""
_LONGEST_ANSWER: Final = 16_384
_DONE: Final = b" 200"

Made = TypeVar("Made", bound=asyncio.Protocol)


class ProxyRefusedError(OSError):
    """A proxy did not open a way to the target."""


@dataclass(frozen=True, slots=True)
class Papers:
    """What TLS is spoken with, as PEM, for libraries that want it so; no `authorities` where nobody is asked."""

    authorities: bytes | None = None
    certificate: bytes | None = None
    key: bytes | None = None
    insecure: bool = False


@dataclass(frozen=True, slots=True)
class Door:
    """The way to the target. `host` is the target's, and `place` the same with its port.

    `connect` is what a proxy is asked for a tunnel, if there is one, and `proxy` the header that it knows the generator
    by; `tunnel` is the same as `connect` where plain requests need a tunnel too.

    `context` offers the scenario's version of HTTP, `bare` offers none; `papers` hold what both were made of. All three
    are none where no TLS is spoken.
    """

    address: Address
    host: str
    context: ssl.SSLContext | None = None
    server_name: str = ""
    tunnel: bytes = b""
    place: str = ""
    connect: bytes = b""
    proxy: str = ""
    bare: ssl.SSLContext | None = None
    papers: Papers | None = None

    async def open(self, make: Callable[[], Made]) -> Made:
        """Open a connection.

        Raises:
            OSError: it cannot be opened; `ssl.SSLError` where TLS is the reason.
        """
        loop, ip, port = asyncio.get_running_loop(), self.address.ip, self.address.port
        if not self.tunnel:
            name = self.server_name if self.context is not None else None
            _, made = await loop.create_connection(make, ip, port, ssl=self.context, server_hostname=name)
            return made
        transport, asking = await loop.create_connection(lambda: _Asking(self.tunnel), ip, port)
        try:
            rest = await asking.answered
            made = make()
            if self.context is None:
                transport.set_protocol(made)
                made.connection_made(transport)
                if rest:
                    made.data_received(rest)
                return made
            over = await loop.start_tls(transport, made, self.context, server_hostname=self.server_name)
        except BaseException:
            transport.abort()
            raise
        if over is None:
            raise ConnectionAbortedError("the connection ended during the handshake")
        made.connection_made(over)
        return made

    async def dialled(self) -> socket.socket:
        """Open a socket on whose other end is the target, who says nothing before it is asked.

        Raises:
            OSError: it cannot be opened.
        """
        loop, ip = asyncio.get_running_loop(), self.address.ip
        made = socket.socket(socket.AF_INET6 if ":" in ip else socket.AF_INET, socket.SOCK_STREAM)
        try:
            made.setblocking(False)  # noqa: FBT003 (the standard library's signature)
            await loop.sock_connect(made, (ip, self.address.port))
            if self.connect:
                await loop.sock_sendall(made, self.connect)
                heard = b""
                while not _is_open(heard):
                    heard = _more(heard, await loop.sock_recv(made, _LONGEST_ANSWER))
        except BaseException:
            made.close()
            raise
        return made

    def dialled_within(self, seconds: float) -> socket.socket:
        """Do the same, without a loop; no step takes longer than so many seconds, and what comes unasked is dropped.

        Raises:
            OSError: it cannot be opened.
        """
        made = socket.create_connection((self.address.ip, self.address.port), timeout=seconds)
        try:
            if self.connect:
                made.sendall(self.connect)
                heard = b""
                while _rest_after(heard) is None:
                    heard = _more(heard, made.recv(_LONGEST_ANSWER))
        except BaseException:
            made.close()
            raise
        return made

    def trouble(self, error: OSError) -> str:
        """Say what is worth saying once of a failure, with its remedy; empty where its class says it all."""
        if isinstance(error, ssl.SSLCertVerificationError):
            if getattr(error, "verify_code", 0) in _WRONG_NAME:
                return (
                    f"the certificate of {self.server_name} is for another name: {error.verify_message}; write "
                    "tls: {server_name: NAME} with the name that it bears"
                )
            return (
                f"the certificate of {self.server_name} is not trusted: {error.verify_message}; write "
                "tls: {ca: FILE} for an authority of your own, or insecure: true if the target is known to be yours"
            )
        if isinstance(error, ssl.SSLError):
            reason = error.reason or error
            return f"TLS with {self.host} failed: {reason}; is it an http:// port, or does it want a certificate?"
        return f"the proxy refused: {error}" if isinstance(error, ProxyRefusedError) else ""


def _rest_after(heard: bytes) -> bytes | None:
    """Give what came after a proxy's consent; none where it has not answered yet.

    Raises:
        ProxyRefusedError: it does not consent.
    """
    head, end, rest = heard.partition(b"\r\n\r\n")
    if not end and len(heard) < _LONGEST_ANSWER:
        return None
    line = head.partition(b"\r\n")[0]
    if not (end and line.startswith(b"HTTP/1.") and line[8:12] == _DONE):
        raise ProxyRefusedError(line[:80].decode("latin-1"))
    return rest


def _is_open(heard: bytes) -> bool:
    """Say whether a proxy has opened a tunnel to someone who waits to be asked.

    Raises:
        ProxyRefusedError: it does not consent, or someone talks without being asked.
    """
    rest = _rest_after(heard)
    if rest:
        raise ProxyRefusedError("what came through it was not asked for")
    return rest is not None


def _more(heard: bytes, more: bytes) -> bytes:
    if not more:
        raise ProxyRefusedError("it hung up")
    return heard + more


class _Asking(asyncio.Protocol):
    """Asks a proxy for a tunnel."""

    def __init__(self, request: bytes) -> None:
        self._request = request
        self._heard = b""
        self.answered: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        cast("asyncio.Transport", transport).write(self._request)

    def data_received(self, data: bytes) -> None:
        if self.answered.done():
            return
        self._heard += data
        try:
            rest = _rest_after(self._heard)
        except ProxyRefusedError as refused:
            self.answered.set_exception(refused)
            return
        if rest is not None:
            self.answered.set_result(rest)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.answered.done():
            self.answered.set_exception(ProxyRefusedError("it hung up"))
            self.answered.exception()


@dataclass(frozen=True, slots=True)
class Proxied:
    """A proxy: its address to look up, and the header that it knows the generator by, if any."""

    url: str
    authorization: str


def proxy_of(scenario: Scenario, environment: Mapping[str, str]) -> Proxied | None:
    """Give the scenario's proxy.

    Raises:
        SourceError: an environment variable is not set.
    """
    if scenario.proxy is None:
        return None
    parts = urlsplit(resolve(scenario.proxy, environment))
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    known = ""
    if parts.username is not None:
        pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        known = f"Proxy-Authorization: Basic {b64encode(pair.encode()).decode()}"
    return Proxied(f"http://{host}:{parts.port or 80}", known)


async def door_of(scenario: Scenario, target: str, environment: Mapping[str, str], base: Path, name: str) -> Door:
    """Look up the way to a target and make sure that load may go there.

    Args:
        scenario: whose target.
        target: its address.
        environment: where `${NAME}` is looked up.
        base: what files are relative to.
        name: the scenario's name, for messages.

    Raises:
        RefusedError: the target, or the proxy, is neither near nor allowed by name.
        SourceError: it has no address.
        UsageError: a file of TLS cannot be used.
    """
    parts = urlsplit(target)
    host = parts.hostname or ""
    address = await address_of(target, scenario.allow_hosts)
    context = bare = papers = None
    if parts.scheme == "https":
        place = f"scenarios.{name}.tls"
        context, bare = (_context(scenario.tls, http, base, place) for http in (scenario.http, ""))
        papers = _papers(scenario.tls, bare, base)
    server_name = scenario.tls.server_name or host
    whole = f"{f'[{host}]' if ':' in host else host}:{parts.port or (80 if context is None else 443)}"
    connect, known = b"", ""
    if (proxy := proxy_of(scenario, environment)) is not None:
        address, known = await address_of(proxy.url, scenario.allow_hosts), proxy.authorization
        lines = [f"CONNECT {whole} HTTP/1.1", f"Host: {whole}", *[known] * bool(known), "", ""]
        connect = "\r\n".join(lines).encode("latin-1")
    tunnel = b"" if needs_no_tunnel(parts.scheme, scenario.http) else connect
    return Door(address, host, context, server_name, tunnel, whole, connect, known, bare, papers)


def needs_no_tunnel(scheme: str, http: str) -> bool:
    """Say whether a proxy passes plain requests on by itself: those of HTTP/1.1 without TLS (RFC 9112 3.2.2)."""
    return scheme == "http" and http == "1.1"


def _papers(tls: Tls, context: ssl.SSLContext, base: Path) -> Papers:
    """Read what `context` was made of; files that it could use are there."""
    certificate = None if tls.certificate is None else (base / tls.certificate).read_bytes()
    found = b"".join(ssl.DER_cert_to_PEM_cert(each).encode() for each in context.get_ca_certs(binary_form=True))
    return Papers(
        None if tls.insecure else found or None,
        certificate,
        certificate if tls.key is None else (base / tls.key).read_bytes(),
        tls.insecure,
    )


def _context(tls: Tls, http: str, base: Path, place: str) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=None if tls.ca is None else str(base / tls.ca))
        if tls.certificate is not None:
            context.load_cert_chain(base / tls.certificate, None if tls.key is None else base / tls.key, "")
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", None) or getattr(error, "strerror", None) or error
        raise UsageError(
            f"{place}: a file cannot be used: {reason}; write paths of PEM files, keys unlocked"
        ) from error
    if http == "2":
        context.set_alpn_protocols(["h2"])
    if tls.insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
