"""Texts with places, `{name}`, that are filled for every request."""

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from outgrow.plan.places import PLACE

Value = str | int
Filled = Callable[[Value], Value]
"""What is done to a value before it stands in its place."""

_IN_A_PATH: Final = re.compile(r"[!-~]*")
_KEPT_IN_A_PATH: Final = "".join(map(chr, range(0x21, 0x7F)))
_SAFE: Final = "!*'()@:,$"
"""Signs that divide nothing, neither in a path nor in a query (RFC 3986 2.2)."""
_PART_OF_A_PATH: Final = re.compile(rf"[A-Za-z0-9_.~{re.escape(_SAFE)}-]*")
_NOT_IN_A_HEADER: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_NOT_IN_A_NAME: Final = {'"': "%22", "\r": "%0D", "\n": "%0A"}


class UnfitValueError(ValueError):
    """A value cannot stand where it should."""


def in_path(value: Value) -> Value:
    """Write a value as a part of a path or of its query: what divides them, and what they cannot hold, as %2F."""
    if isinstance(value, int) or _PART_OF_A_PATH.fullmatch(value):
        return value
    return quote(value, safe=_SAFE)


def _as_path(value: Value) -> Value:
    """Write what a path cannot hold as %20 and the like; what divides it, and what is encoded already, stays."""
    if isinstance(value, int) or _IN_A_PATH.fullmatch(value):
        return value
    return quote(value, safe=_KEPT_IN_A_PATH)


def in_header(value: Value) -> Value:
    """Leave a value alone that a header can hold: what a server sent must not add headers (RFC 9110 5.5).

    Raises:
        UnfitValueError: it holds a line end or another control character.
    """
    if not isinstance(value, int) and _NOT_IN_A_HEADER.search(value):
        raise UnfitValueError("a value for a header holds a line end or another control character")
    return value


def in_file_name(value: Value) -> Value:
    """Write quotes and line ends of a file's name as browsers do (HTML, multipart/form-data)."""
    return in_header(value if isinstance(value, int) else "".join(_NOT_IN_A_NAME.get(each, each) for each in value))


def as_it_is(value: Value) -> Value:
    """Leave a value alone."""
    return value


_RAW: Final[Mapping[Filled, Filled]] = {in_path: _as_path, in_header: in_header, in_file_name: in_header}
"""What is done to a value that is to be taken as it is: what the request would break without."""


@dataclass(frozen=True, slots=True)
class Template:
    """A text made ready: `fill` gives it with values in its places."""

    pattern: str
    slots: tuple[tuple[str, Filled], ...]

    @property
    def names(self) -> frozenset[str]:
        """The values that it needs."""
        return frozenset(name for name, _ in self.slots)

    def fill(self, values: Mapping[str, Value]) -> str:
        """Give the text.

        Raises:
            KeyError: a value is missing.
            UnfitValueError: one cannot stand in its place.
        """
        if not self.slots:
            return self.pattern
        # Numbers stand as they are whatever is done to texts, and most places hold one: a call less for each.
        return self.pattern % tuple(
            [value if isinstance(value := values[name], int) else filled(value) for name, filled in self.slots]
        )


def _same(text: str, _: Filled) -> str:
    return text


def template(
    texts: Iterable[tuple[str, Filled]], known: Collection[str], between: Callable[[str, Filled], str] = _same
) -> Template:
    """Make texts ready that stand one after another; braces around anything but a known name stay as they are.

    Of two pairs of braces around a name one stays.

    Args:
        texts: each with what is done to the values that are put into it.
        known: the names of places.
        between: what is done to the text between places.
    """
    pattern, slots = "", list[tuple[str, Filled]]()
    for text, filled in texts:
        reached = 0
        for match in PLACE.finditer(text):
            if (kept := match["kept"]) is not None:
                pattern += between(text[reached : match.start()] + kept, filled).replace("%", "%%")
                reached = match.end()
            elif match["name"] in known:
                pattern += between(text[reached : match.start()], filled).replace("%", "%%") + "%s"
                reached = match.end()
                slots.append((match["name"], _RAW.get(filled, as_it_is) if match["raw"] else filled))
        pattern += between(text[reached:], filled).replace("%", "%%")
    return Template(pattern if slots else pattern.replace("%%", "%"), tuple(slots))


def together(*parts: Template | str) -> Template:
    """Make one template of several and of texts without places, one after another."""
    made = [Template(part, ()) if isinstance(part, str) else part for part in parts]
    slots = tuple(slot for part in made for slot in part.slots)
    if not slots:
        return Template("".join(part.pattern for part in made), ())
    patterns = (part.pattern if part.slots else part.pattern.replace("%", "%%") for part in made)
    return Template("".join(patterns), slots)
