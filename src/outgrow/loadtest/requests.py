"""A step's request: bytes where nothing changes, templates where something does."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import SplitResult, urlsplit

from outgrow.loadtest.contents import body_of, path_of
from outgrow.loadtest.templates import Template, Value, as_it_is, in_header, in_path, template
from outgrow.plan.scenario_steps import ScenarioStep
from outgrow.plan.secrets import resolve

REPEATABLE: Final = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})
"""Methods of requests that may be sent twice (RFC 9110 9.2.2)."""
_WITH_LENGTH: Final = frozenset({"POST", "PUT", "PATCH"})
"""Methods whose requests say that their body is empty."""


@dataclass(frozen=True, slots=True)
class Request:
    """One step's request. `ready` is what is sent where nothing changes from one to the next."""

    method: str
    path: Template
    head: Template
    body: Template
    ready: bytes | None

    @property
    def names(self) -> frozenset[str]:
        """The values that it needs."""
        return self.path.names | self.head.names | self.body.names

    def content(self, values: Mapping[str, Value], cookies: str = "") -> bytes:
        """Give what is sent.

        Raises:
            KeyError: a value is missing.
        """
        return written(self.method, self.path.fill(values), self.head.fill(values), self.body.fill(values), cookies)


def written(method: str, path: str, head: str, body: str | bytes, cookies: str = "") -> bytes:
    """Write a request: its line, its headers, one for cookies where there are any, and its body."""
    sent = body.encode() if isinstance(body, str) else body
    cookie = f"\r\nCookie: {cookies}" if cookies else ""
    length = f"\r\nContent-Length: {len(sent)}" if sent or method in _WITH_LENGTH else ""
    return f"{method} {path} HTTP/1.1\r\n{head}{cookie}{length}\r\n\r\n".encode("latin-1", "replace") + sent


@dataclass(frozen=True, slots=True)
class Place:
    """Where requests go, as requests write it: the host, and what stands before every path."""

    host: str
    prefix: str


def texts_of(step: ScenarioStep) -> tuple[str, ...]:
    """Give the texts of a step that may have places."""
    return step.path, *step.headers.values(), step.body


def place_of(target: str) -> Place:
    """Read it from a scenario's target."""
    parts: SplitResult = urlsplit(target)
    return Place(parts.netloc, parts.path.rstrip("/"))


def request_of(step: ScenarioStep, place: Place, known: Collection[str], environment: Mapping[str, str]) -> Request:
    """Make a step's request ready.

    Args:
        step: as the plan has it.
        place: where it goes.
        known: the names that may stand in its texts.
        environment: where `${NAME}` is looked up.

    Raises:
        SourceError: an environment variable that it names is not set.
    """
    lines = [f"Host: {place.host}"]
    lines += [f"{name}: {resolve(value, environment)}" for name, value in step.headers.items()]
    if not any(name.lower() == "user-agent" for name in step.headers):
        lines.append("User-Agent: outgrow")
    path = template([(place.prefix + path_of(step), in_path)], known)
    head = template([("\r\n".join(lines), in_header)], known)
    body = template([(resolve(body_of(step), environment), as_it_is)], known)
    static = not (path.slots or head.slots or body.slots)
    ready = written(step.method, path.pattern, head.pattern, body.pattern) if static else None
    return Request(step.method, path, head, body, ready)
