"""An answer as checks, captures and flows see it; what is looked at is worked out once, what is not, never."""

import json
from typing import Final, cast

from outgrow.plan.json_path import Json

_NOT_READ: Final = object()


class Answer:
    """A whole answer. `seconds` is its response time; `body` at most the first MiB."""

    __slots__ = ("_json", "_text", "body", "head", "seconds", "status")

    def __init__(self, status: int, head: bytes, body: bytes, seconds: float) -> None:
        """Keep what came."""
        self.status = status
        self.head = head
        self.body = body
        self.seconds = seconds
        self._text: str | None = None
        self._json: object = _NOT_READ

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
        wanted, found = name.lower().encode("latin-1", "replace") + b":", list[str]()
        for line in self.head.split(b"\r\n")[1:]:
            if line[: len(wanted)].lower() == wanted:
                found.append(line[len(wanted) :].strip().decode("latin-1"))
        return found

    def header(self, name: str) -> str | None:
        """Give a header's value, the first where it stands several times; none where it is missing."""
        found = self.headers(name)
        return found[0] if found else None
