"""A request as it travels within the generator: in the form of HTTP/1.1, whatever protocol it is sent by.

So that templates, cookies, captured values and headers are the same for every protocol; a driver reads it and writes
its own form.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from outgrow.plan.scenario_steps import ScenarioStep

PARTED: Final = b"\xff"
"""Parts the messages of a talk, which travel in the body one after another: no text has this byte (RFC 3629)."""
_LONGEST_REMEMBERED: Final = 16_384


@dataclass(frozen=True, slots=True)
class Content:
    """A request: `headers` without the host, names as they were written."""

    method: str
    path: str
    host: str
    headers: tuple[tuple[str, str], ...]
    body: bytes


def read_content(content: bytes) -> Content:
    """Read what `outgrow.loadtest.requests.written` wrote; the same again costs little where it is short.

    Large ones are not remembered: hundreds of uploads would fill the memory.
    """
    return _read_often(content) if len(content) <= _LONGEST_REMEMBERED else _read(content)


@lru_cache(maxsize=256)
def _read_often(content: bytes) -> Content:
    return _read(content)


def _read(content: bytes) -> Content:
    head, _, body = content.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    method, path, _ = first.split(" ", 2)
    headers = tuple((name, value) for name, _, value in (line.partition(": ") for line in lines))
    host = next((value for name, value in headers if name == "Host"), "")
    rest = tuple(each for each in headers if each[0] not in {"Host", "Content-Length"})
    return Content(method, path, host, rest, body)


def path_of(step: ScenarioStep) -> str:
    """Give the path that a step's request goes to: gRPC has its method there."""
    return step.path if step.grpc is None else f"/{step.grpc.method}"
