"""The cookies of one session on one host (RFC 6265, without other sites: load goes to one host only)."""

import re
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from math import inf
from typing import Final

_AGE: Final = re.compile(r"-?[0-9]+")
_MOST: Final = 100
_LONGEST: Final = 8_192
_LONGEST_TOGETHER: Final = 16_384
"""What a session keeps at most: a server must not fill the generator's memory, nor every request that follows."""
_LONGEST_TAKEN: Final = 4_096
"""How long headers may be that a session remembers only to save time."""


@dataclass(frozen=True, slots=True)
class _Cookie:
    value: str
    path: str
    until: float
    secure: bool


class Jar:
    """Keeps cookies by name and path; the moments it is given are seconds since 1970.

    `everywhere` is what a request's `Cookie` header holds where it is the same for every path and moment, else none.
    `taken` are the headers taken last, where to take them again, from wherever, would change nothing, and `seen` the
    head of an answer that has nothing new for the jar.
    """

    __slots__ = ("_cookies", "_length", "everywhere", "seen", "taken")

    def __init__(self) -> None:
        """Begin empty."""
        self._cookies: dict[tuple[str, str], _Cookie] = {}
        self._length = 0
        self.everywhere: str | None = ""
        self.taken: list[bytes] = []
        self.seen = b""

    def take(self, lines: list[bytes], *, host: str, path: str, now: float) -> None:
        """Take the `Set-Cookie` headers of an answer.

        Args:
            lines: the headers' values.
            host: the host that was asked, without a port.
            path: the path that was asked, without its query.
            now: the moment.
        """
        if lines == self.taken:
            return  # as it was; what depends on the moment or the path was not remembered
        depends = False
        for line in lines:
            depends = self._take(line.decode("latin-1"), host, path, now) or depends
        self.taken = [] if depends or sum(map(len, lines)) > _LONGEST_TAKEN else lines
        self.everywhere = self._written_everywhere()

    def header(self, path: str, *, secure: bool, now: float) -> str:
        """Give what a request's `Cookie` header holds; empty where there is nothing to send."""
        bare = path.partition("?")[0]
        found = [
            (name, cookie)
            for (name, _), cookie in self._cookies.items()
            if cookie.until > now and (secure or not cookie.secure) and _is_below(bare, cookie.path)
        ]
        found.sort(key=lambda each: -len(each[1].path))
        return "; ".join(f"{name}={cookie.value}" for name, cookie in found)

    def value(self, name: str) -> str | None:
        """Give a cookie's value; none where the session does not hold it."""
        return next((cookie.value for (each, _), cookie in self._cookies.items() if each == name), None)

    def _take(self, line: str, host: str, path: str, now: float) -> bool:
        """Take one header; say whether what it means depends on the moment, or on the path that was asked."""
        pair, *attributes = line.split(";")
        name, equals, value = (part.strip() for part in pair.partition("="))
        if not (equals and name) or len(line) > _LONGEST or not line.isprintable():
            return False
        given = {key.strip().lower(): each.strip() for key, _, each in (part.partition("=") for part in attributes)}
        domain = given.get("domain", "").lstrip(".").lower()
        if domain and host != domain and not host.endswith(f".{domain}"):
            return False
        is_placed = given.get("path", "").startswith("/")
        within = given["path"] if is_placed else path.rpartition("/")[0] or "/"  # the default path (RFC 6265 5.1.4)
        until, key = _until(given, now), (name, within)
        before = self._cookies.get(key)
        others = self._length - (0 if before is None else len(name) + len(before.value) + len(within))
        length = others + len(name) + len(value) + len(within)
        has_room = length <= _LONGEST_TOGETHER and (before is not None or len(self._cookies) < _MOST)
        if until > now and has_room:
            self._cookies[key] = _Cookie(value, within, until, "secure" in given)
            self._length = length
        elif before is not None:
            del self._cookies[key]
            self._length = others
        return until != inf or not is_placed

    def _written_everywhere(self) -> str | None:
        """Write the header where it is the same for every path and moment; none where it is not."""
        if any(cookie.path != "/" or cookie.secure or cookie.until != inf for cookie in self._cookies.values()):
            return None
        return "; ".join(f"{name}={cookie.value}" for (name, _), cookie in self._cookies.items())


def _until(given: dict[str, str], now: float) -> float:
    """Give when a cookie ends: `Max-Age` wins over `Expires`, and what cannot be read says nothing."""
    age = given.get("max-age", "")
    if _AGE.fullmatch(age):
        return now + int(age[:12])
    try:
        moment = parsedate_to_datetime(given["expires"].replace("-", " ")) if "expires" in given else None
    except (ValueError, TypeError, IndexError, OverflowError):
        return inf
    if moment is None:
        return inf
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _is_below(path: str, within: str) -> bool:
    """Match paths (RFC 6265 5.1.4)."""
    return path == within or (path.startswith(within) and (within.endswith("/") or path[len(within)] == "/"))
