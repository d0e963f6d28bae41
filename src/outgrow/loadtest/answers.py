"""An answer as checks, captures and flows see it; what is looked at is worked out once, what is not, never."""

import json
from typing import Final, cast

from outgrow.loadtest.codings import NotUnpackedError, unpacked
from outgrow.plan.json_path import Json

_NOT_READ: Final = object()


class Answer:
    """A whole answer. `seconds` is its response time; `body` at most the first MiB.

    `unread` says why its body could not be unpacked, once something has looked at it; empty where it could.
    """

    __slots__ = ("_body", "_json", "_sent", "_text", "head", "seconds", "status", "unread")

    def __init__(self, status: int, head: bytes, body: bytes, seconds: float) -> None:
        """Keep what came."""
        self.status = status
        self.head = head
        self._sent = body
        self._body: bytes | None = None
        self.unread = ""
        self.seconds = seconds
        self._text: str | None = None
        self._json: object = _NOT_READ

    @property
    def body(self) -> bytes:
        """The body, unpacked; as it came where that cannot be done."""
        if self._body is None:
            coding = self.header("content-encoding") if b"ncoding" in self.head or b"NCODING" in self.head else None
            self._body = self._sent if coding is None else self._unpacked(coding)
        return self._body

    def _unpacked(self, codings: str) -> bytes:
        try:
            return unpacked(self._sent, codings)
        except NotUnpackedError as error:
            self.unread = str(error)
            return self._sent

    @property
    def text(self) -> str:
        """The body as UTF-8; what is none is replaced."""
        if self._text is None:
            self._text = self.body.decode("utf-8", "replace")
        return self._text

    def json(self) -> Json:
        """Give the body as JSON.

        Raises:
            ValueError: it is none.
        """
        if self._json is _NOT_READ:
            try:
                self._json = json.loads(self.body)
            except (ValueError, RecursionError) as error:
                self._json = ValueError(f"the answer is no JSON: {error}")
        if isinstance(self._json, ValueError):
            raise self._json
        return cast("Json", self._json)

    def headers(self, name: str) -> list[str]:
        """Give every value of a header, in order."""
        return [value.decode("latin-1") for value in self.header_bytes(name.lower().encode("latin-1", "replace"))]

    def header_bytes(self, name: bytes) -> list[bytes]:
        """Give every value of a header, in order, as it came; its name is in small letters."""
        head, found, wanted = self.head, list[bytes](), b"\r\n%b:" % name
        low = head.lower()
        at = low.find(wanted)
        while at >= 0:
            begin = at + len(wanted)
            at = low.find(b"\r\n", begin)
            found.append((head[begin:] if at < 0 else head[begin:at]).strip())
            at = at if at < 0 else low.find(wanted, at)
        return found

    def header(self, name: str) -> str | None:
        """Give a header's value, the first where it stands several times; none where it is missing."""
        found = self.headers(name)
        return found[0] if found else None
