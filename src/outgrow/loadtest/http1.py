"""Reading HTTP/1.1 answers (RFC 9112) from bytes as they come: strict about lengths, bounded in memory.

Parsed by hand: one pass over the head of an answer costs about as much as a call into a C parser, and every limit is
our own.
"""

import re
from collections.abc import Callable
from enum import Enum, auto
from typing import Final

KEPT_BODY: Final = 1_048_576
"""How much of a body is kept for a scenario to look at."""
_LONGEST_HEAD: Final = 65_536
_LONGEST_KNOWN: Final = 1_024
_MOST_KNOWN: Final = 64
"""How long a head may be that is remembered, and how many are."""
_LONGEST_LINE: Final = 4_096
_MOST_INTERIM: Final = 16
_SWITCHING: Final = 101
_LONGEST_NUMBER: Final = 16
_STATUSES: Final = {str(status).encode(): status for status in range(100, 1000)}
_ONE: Final = ord("1")
_LENGTH: Final = b"\r\ncontent-length:"
_HEX: Final = frozenset(b"0123456789abcdefABCDEF")
_WITHOUT_BODY: Final = frozenset({204, 304})
_FOLD: Final = re.compile(rb"\r?\n[ \t]+")
"""A header that goes on on a further line (RFC 9112 5.2); to look for blanks before it would take quadratic time."""
_HIDDEN: Final = re.compile(rb"\r(?!\n)|(?<!\r)\n|\n(?:content-length|transfer-encoding)[ \t]+:")
"""Half a line end, or a blank before a colon (RFC 9112 2.2, 5.1)."""
_LONGER: Final = "a chunk is longer than its size"


class GarbledError(Exception):
    """What came is no HTTP/1.1 answer."""


class _Part(Enum):
    HEAD = auto()
    COUNTED = auto()
    UNTIL_CLOSE = auto()
    CHUNK_SIZE = auto()
    CHUNK = auto()
    CHUNK_END = auto()
    TRAILERS = auto()
    COMPLETE = auto()


# Bound once: to look a member of an enum up takes a call, and every answer asks many times.
_AT_HEAD: Final = _Part.HEAD
_COUNTED: Final = _Part.COUNTED
_UNTIL_CLOSE: Final = _Part.UNTIL_CLOSE
_CHUNK_SIZE: Final = _Part.CHUNK_SIZE
_CHUNK: Final = _Part.CHUNK
_CHUNK_END: Final = _Part.CHUNK_END
_TRAILERS: Final = _Part.TRAILERS
_COMPLETE: Final = _Part.COMPLETE

KnownHeads = dict[bytes, tuple[int, _Part, int, bytes]]
"""What heads that were met before said: their status, what follows, and its length; and themselves, so that each is
kept once."""


class AnswerReader:
    """Reads one answer after another from a connection; `begin` before each.

    `status` is 0 until the head has come; `head` and `body` hold the head and the body's first MiB where they were to
    be kept; `keep_alive` says whether the connection may be used again.
    """

    __slots__ = (
        "_interim",
        "_keep",
        "_kept",
        "_known",
        "_left",
        "_part",
        "_rest",
        "_to_head",
        "_told",
        "head",
        "keep_alive",
        "status",
    )

    def __init__(self, known: KnownHeads | None = None) -> None:
        """Begin ready for an answer; `known` may be shared by the connections to one server."""
        self._known: KnownHeads = {} if known is None else known
        self.begin(to_head=False, keep=False)

    def begin(self, *, to_head: bool, keep: bool, told: Callable[[bytes], None] | None = None) -> None:
        """Get ready for the next answer; the one to a HEAD request has no body, whatever its headers say.

        `told` gets the body piece by piece, as it comes.
        """
        self._told = told
        self.status = 0
        self.keep_alive = True
        self._to_head = to_head
        self._keep = keep
        self._kept: bytes | bytearray = b""
        self.head = b""
        self._rest = b""
        self._left = 0
        self._interim = 0
        self._part = _AT_HEAD

    @property
    def body(self) -> bytes:
        """What was kept of the body."""
        return bytes(self._kept)

    @property
    def has_begun(self) -> bool:
        """Whether any byte of the answer has come."""
        return bool(self.status or self._rest or self._interim)

    def feed(self, data: bytes) -> bool:
        """Take what came; say whether the answer is complete.

        Raises:
            GarbledError: it is no answer, its lengths do not agree, or more came than it announced.
        """
        if self._rest:
            data, self._rest = self._rest + data, b""
        if self._part is _AT_HEAD and (end := data.find(b"\r\n\r\n")) >= 0:
            self._read_head(data[:end])
            data = data[end + 4 :]
            if 0 < self._left == len(data):  # most answers come in one piece, of the length that they announce
                self._take(data)
                self._left, self._part = 0, _COMPLETE
                return True
        return self._go_on(data)

    def _go_on(self, data: bytes) -> bool:
        """Go through what came by its positions: to cut off what was read would copy the rest for every small chunk."""
        at = 0
        while True:
            part = self._part
            if part is _COUNTED or part is _CHUNK:
                taken = data[at : at + self._left]
                self._take(taken)
                at += len(taken)
                self._left -= len(taken)
                if self._left:
                    return False
                self._part = _COMPLETE if part is _COUNTED else _CHUNK_END
            elif part is _COMPLETE:
                if at < len(data):
                    raise GarbledError("more came than the answer announced")
                return True
            elif part is _AT_HEAD:
                end = data.find(b"\r\n\r\n", at)
                if end < 0:
                    return self._wait_for_head(data[at:])
                self._read_head(data[at:end])
                at = end + 4
            elif part is _UNTIL_CLOSE:
                self._take(data[at:])
                return False
            else:
                end = data.find(b"\r\n", at)
                if end < 0:
                    return self._wait_for_line(data[at:])
                self._read_line(data[at:end])
                at = end + 2

    def end(self) -> bool:
        """Say whether the end of the connection completes the answer."""
        return self._part is _UNTIL_CLOSE

    def _wait_for_head(self, data: bytes) -> bool:
        if not data.startswith(b"HTTP/1."[: len(data)]):
            raise GarbledError("what came does not begin like an HTTP/1.1 answer")
        if len(data) > _LONGEST_HEAD:
            raise GarbledError(f"the headers do not end within {_LONGEST_HEAD} bytes")
        if data.count(b"\n") != data.count(b"\r\n"):
            raise GarbledError("the headers have half line ends")
        self._rest = data
        return False

    def _wait_for_line(self, begun: bytes) -> bool:
        if len(begun) > _LONGEST_LINE or b"\n" in begun:
            raise GarbledError("a line of a chunked body does not end")
        if self._part is _CHUNK_END and begun not in {b"", b"\r"}:
            raise GarbledError(_LONGER)
        self._rest = begun
        return False

    def _read_head(self, head: bytes) -> None:
        """Read a head; one like another that came before, as most are, says what that one said."""
        known = self._known.get(head)
        if known is not None and not self._to_head:
            self.status, self._part, self._left, same = known
            if self._keep:
                self.head = same
            return
        self._read_new_head(head)
        part = self._part
        is_alike = part is not _AT_HEAD and part is not _UNTIL_CLOSE and self.keep_alive and not self._to_head
        if is_alike and len(head) <= _LONGEST_KNOWN:
            if len(self._known) >= _MOST_KNOWN:
                self._known.clear()  # most hold the second that they were written in, and do not come again
            self._known[head] = self.status, part, self._left, head

    def _read_new_head(self, head: bytes) -> None:
        if len(head) > _LONGEST_HEAD:
            raise GarbledError(f"the headers are longer than {_LONGEST_HEAD} bytes")
        status = _STATUSES.get(head[9:12])
        if status is None or head[12:13] > b" " or not head.startswith((b"HTTP/1.1 ", b"HTTP/1.0 ")):
            raise GarbledError("what came does not begin like an HTTP/1.1 answer")
        self.status = status
        if status < 200:  # noqa: PLR2004 (interim answers, RFC 9110 15.2)
            self._interim += 1
            if self._interim > _MOST_INTERIM:
                raise GarbledError(f"more than {_MOST_INTERIM} interim answers came")
            if status == _SWITCHING:
                raise GarbledError("the connection speaks another protocol from now on, and nobody asked for one")
            return
        if self._keep:
            self.head = head
        self._read_framing(head.lower())

    def _read_framing(self, low: bytes) -> None:
        """Find out where the body ends, and whether the connection stays (RFC 9112 6.3, 9.3)."""
        # Looked for at large first: most answers neither close nor come in chunks.
        if low[7] != _ONE:
            self.keep_alive = b"keep-alive" in _header(low, b"\r\nconnection:")
        elif b"close" in low:
            self.keep_alive = b"close" not in _header(low, b"\r\nconnection:")
        if self._to_head or self.status in _WITHOUT_BODY:
            self._part = _COMPLETE
        elif b"\n " in low or b"\n\t" in low:
            self._read_framing(_FOLD.sub(b" ", low))
        elif b"\r\ntransfer-encoding:" in low and (coding := _header(low, b"\r\ntransfer-encoding:")):
            is_chunked = coding == b"chunked" or coding.rpartition(b",")[2].strip() == b"chunked"
            self._part = _CHUNK_SIZE if is_chunked else _UNTIL_CLOSE
        elif (announced := low.find(_LENGTH)) >= 0:
            self._left = _length(low, announced)
            self._part = _COUNTED if self._left else _COMPLETE
        elif _HIDDEN.search(low):
            raise GarbledError("where the body ends may stand in the headers, but not as it should")
        else:
            self._part = _UNTIL_CLOSE

    def _read_line(self, line: bytes) -> None:
        if len(line) > _LONGEST_LINE:
            raise GarbledError("a line of a chunked body does not end")
        if self._part is _CHUNK_SIZE:
            size = line.partition(b";")[0].strip()
            if not (0 < len(size) <= _LONGEST_NUMBER and _HEX.issuperset(size)):
                raise GarbledError("a chunk has no size")
            self._left = int(size, 16)
            self._part = _CHUNK if self._left else _TRAILERS
        elif self._part is _CHUNK_END:
            if line:
                raise GarbledError(_LONGER)
            self._part = _CHUNK_SIZE
        else:  # trailers end with an empty line; `_left` counts their bytes
            self._left += len(line)
            if self._left > _LONGEST_HEAD:
                raise GarbledError(f"the trailers do not end within {_LONGEST_HEAD} bytes")
            if not line:
                self._part = _COMPLETE

    def _take(self, data: bytes) -> None:
        if self._told is not None:
            self._told(data)
        if not self._keep:
            return
        kept = self._kept
        if not kept:
            self._kept = data[:KEPT_BODY]
        elif isinstance(kept, bytes):
            self._kept = bytearray(kept) + data[: KEPT_BODY - len(kept)]
        else:
            kept += data[: KEPT_BODY - len(kept)]


def _header(low: bytes, name: bytes) -> bytes:
    """Give a header's value; those of several lines are one list (RFC 9110 5.3)."""
    begin = low.find(name)
    if begin < 0:
        return b""
    found = b""
    while begin >= 0:
        begin += len(name)
        end = low.find(b"\r\n", begin)
        value = (low[begin:] if end < 0 else low[begin:end]).strip()
        found = b"%b,%b" % (found, value) if found else value
        begin = -1 if end < 0 else low.find(name, end)
    return found


def _length(low: bytes, begin: int) -> int:
    """Read the announced length; several must agree (RFC 9112 6.3)."""
    announced = -1
    while begin >= 0:
        end = low.find(b"\r\n", begin + 2)
        value = (low[begin + len(_LENGTH) :] if end < 0 else low[begin + len(_LENGTH) : end]).strip()
        if not (value.isdigit() and len(value) <= _LONGEST_NUMBER):
            raise GarbledError("the announced length is no number")
        length = int(value)
        if announced not in {-1, length}:
            raise GarbledError("the answer announces two lengths")
        announced = length
        begin = -1 if end < 0 else low.find(_LENGTH, end)
    return announced
