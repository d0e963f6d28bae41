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


def in_path(value: Value) -> Value:
    """Write what a path cannot hold as %20 and the like; what is encoded already stays."""
    if isinstance(value, int) or _IN_A_PATH.fullmatch(value):
        return value
    return quote(value, safe=_KEPT_IN_A_PATH)


def in_header(value: Value) -> Value:
    """Write line ends and other control characters as blanks: what a server sent must not add headers."""
    if isinstance(value, int) or value.isprintable():
        return value
    return "".join(each if each.isprintable() else " " for each in value)


def as_it_is(value: Value) -> Value:
    """Leave a value alone."""
    return value


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
                slots.append((match["name"], filled))
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
