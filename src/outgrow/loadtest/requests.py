"""A step's request: bytes where nothing changes, templates where something does."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import urlsplit

from outgrow.errors import UsageError
from outgrow.loadtest.bodies import Body, body_of
from outgrow.loadtest.contents import path_of
from outgrow.loadtest.doors import needs_no_tunnel, proxy_of
from outgrow.loadtest.orders import ShareOrders
from outgrow.loadtest.templates import Template, UnfitValueError, Value, in_header, in_path, template, together
from outgrow.plan.scenario_steps import ScenarioStep
from outgrow.plan.scenarios import Scenario
from outgrow.plan.secrets import resolve

REPEATABLE: Final = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})
"""Methods of requests that may be sent twice (RFC 9110 9.2.2)."""
_WITH_LENGTH: Final = frozenset({"POST", "PUT", "PATCH"})
"""Methods whose requests say that their body is empty."""
_SEE_OTHER: Final = 303
_ONCE_GET: Final = frozenset({301, 302})
"""After these a POST becomes a GET, as browsers do."""


@dataclass(frozen=True, slots=True)
class Request:
    """One step's request. `ready` is what is sent where nothing changes; `origin` stands before paths to a proxy.

    `front` is its line and its headers as one text.
    """

    method: str
    origin: str
    path: Template
    head: Template
    body: Body
    front: Template
    ready: bytes | None = None

    @property
    def names(self) -> frozenset[str]:
        """The values that it needs."""
        return self.path.names | self.head.names | self.body.names

    def content(self, values: Mapping[str, Value], cookies: str = "") -> bytes:
        """Give what is sent.

        Raises:
            KeyError: a value is missing.
            UnfitValueError: one cannot stand in its place.
        """
        front, body = self.front.fill(values), self.body
        return _whole(self.method, front, body.content(values) if body.parts else b"", cookies)

    def redirected(self, path: str, status: int, values: Mapping[str, Value], cookies: str) -> bytes:
        """Give what is sent after a redirect to a path of the same host (RFC 9110 15.4).

        Raises:
            KeyError: a value is missing.
            UnfitValueError: one cannot stand in its place.
        """
        becomes_get = status == _SEE_OTHER or (status in _ONCE_GET and self.method == "POST")
        keeps = not becomes_get or self.method == "HEAD"
        body = self.body.content(values) if keeps else b""
        head = self.head.fill(values)
        if not keeps:
            head = "\r\n".join(line for line in head.split("\r\n") if not line.lower().startswith("content-type:"))
        return written(self.method if keeps else "GET", self.origin + path, head, body, cookies)


def written(method: str, path: str, head: str, sent: bytes, cookies: str = "") -> bytes:
    """Write a request: its line, its headers, one for cookies where there are any, and its body."""
    return _whole(method, f"{method} {path} HTTP/1.1\r\n{head}", sent, cookies)


def _whole(method: str, front: str, sent: bytes, cookies: str) -> bytes:
    """Put a request together: its line and headers, those that depend on cookies and on the body, and the body."""
    cookie = f"\r\nCookie: {cookies}" if cookies else ""
    if sent or method in _WITH_LENGTH:
        return _bytes_of(f"{front}{cookie}\r\nContent-Length: {len(sent)}\r\n\r\n") + sent
    return _bytes_of(f"{front}{cookie}\r\n\r\n")


def _bytes_of(head: str) -> bytes:
    """Give the bytes of a head; what data brings beyond ISO 8859-1 goes as UTF-8 (RFC 9110 5.5 leaves it opaque)."""
    try:
        return head.encode("latin-1")
    except UnicodeEncodeError:
        return head.encode()


@dataclass(frozen=True, slots=True)
class Place:
    """Where requests go, as requests write it.

    `host` is the `Host` header, `prefix` what stands before every path, `origin` the scheme and host, `proxied` the
    same where a proxy must be told, and `lines` are headers that every request has; `lines_to_proxy` belong to those
    that a proxy reads.
    """

    host: str
    prefix: str
    origin: str = ""
    proxied: str = ""
    lines: tuple[str, ...] = ()
    lines_to_proxy: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The host's name or address without brackets and port, in small letters: cookies belong to it."""
        host = self.host
        return (host.partition("]")[0] if host.startswith("[") else host.partition(":")[0]).lower()

    @property
    def is_secure(self) -> bool:
        """Whether it is reached over TLS."""
        return self.origin.startswith("https:")


def texts_of(step: ScenarioStep) -> tuple[str, ...]:
    """Give the texts of a step that may have places."""
    turns = () if step.websocket is None else (turn.send for turn in step.websocket.turns)
    named = (upload.filename for upload in step.files if upload.filename)
    compared = (text for check in step.checks for text in (check.contains, check.equals) if isinstance(text, str))
    return step.path, *step.headers.values(), step.body, *step.form.values(), *named, *turns, *compared


def place_of(target: str, scenario: Scenario, environment: Mapping[str, str]) -> Place:
    """Read it from a scenario's target, and from how its connections are made.

    Raises:
        SourceError: an environment variable that the proxy names is not set.
    """
    parts, proxy, lines = urlsplit(target), proxy_of(scenario, environment), list[str]()
    origin = f"{parts.scheme}://{parts.netloc}"
    if not scenario.reuse and scenario.http == "1.1":
        lines.append("Connection: close")
    if scenario.compression:
        lines.append("Accept-Encoding: gzip, deflate")
    proxied, known = "", ""
    if proxy is not None and needs_no_tunnel(parts.scheme, scenario.http):
        proxied, known = origin, proxy.authorization
    return Place(parts.netloc, parts.path.rstrip("/"), origin, proxied, tuple(lines), (known,) * bool(known))


def _header(value: str, orders: ShareOrders, place: str) -> str:
    try:
        return resolve(value, orders.environment, in_header)
    except UnfitValueError as error:
        raise UsageError(
            f"{place}: what the variable holds has a line end or another control character; write it without, as "
            'export NAME="$(cat FILE)" does'
        ) from error


def request_of(step: ScenarioStep, place: Place, known: Collection[str], orders: ShareOrders) -> Request:
    """Make a step's request ready.

    Args:
        step: as the plan has it.
        place: where it goes.
        known: the names that may stand in its texts.
        orders: of the run that it belongs to.

    Raises:
        SourceError: an environment variable that it names is not set.
        UsageError: a file that it sends cannot be read, or a variable cannot stand in a header.
    """
    named = f"scenarios.{orders.name}: the step {step.name}"
    body = body_of(step, known, orders.environment, orders.base, named)
    given = {name.lower() for name in step.headers}
    lines = [f"Host: {place.host}"]
    lines += [f"{name}: {_header(value, orders, f'{named}.headers.{name}')}" for name, value in step.headers.items()]
    is_http = step.websocket is None and step.grpc is None
    ours = place.lines + place.lines_to_proxy if is_http else ()
    lines += [line for line in ours if line.partition(":")[0].lower() not in given]
    if "user-agent" not in given:
        lines.append("User-Agent: outgrow")
    if body.media_type and "content-type" not in given:
        lines.append(f"Content-Type: {body.media_type}")
    path = template([(place.prefix + path_of(step), in_path)], known)
    head = template([("\r\n".join(lines), in_header)], known)
    origin = place.proxied if is_http else ""
    front = together(f"{step.method} {origin}", path, " HTTP/1.1\r\n", head)
    made = Request(step.method, origin, path, head, body, front)
    return made if made.names else replace(made, ready=made.content({}))
