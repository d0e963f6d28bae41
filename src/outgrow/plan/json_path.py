"""Where a number stands in a JSON document: `$.queue.length`, `$.pools[0].used`, `$['name with.dots'][-1]`.

Names and positions only. Filters, wildcards and slices would find several values or none, and a signal has one.
"""

import re
from typing import Final, TypeAlias

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"
"""A decoded JSON document."""

JsonPath = tuple[str | int, ...]
"""Steps from the document's root: a member's name, or a position in an array (from the end where negative)."""

_STEP: Final = re.compile(
    r"\.(?P<name>[A-Za-z_][\w-]*)|\[(?P<position>-?\d+)\]|\[(?P<quote>['\"])(?P<quoted>.*?)(?P=quote)\]"
)
_NAMES_SHOWN: Final = 10


def parse_json_path(text: str) -> JsonPath:
    """Read a path.

    Raises:
        ValueError: not a path, or one of a kind that is left out here.
    """
    stripped = text.strip()
    position = 1 if stripped.startswith("$") else 0
    steps: list[str | int] = []
    while position and (step := _STEP.match(stripped, position)):
        named = step["name"] if step["name"] is not None else step["quoted"]
        steps.append(int(step["position"]) if named is None else named)
        position = step.end()
    if position == 0 or position != len(stripped):
        what = "does not start with $" if position == 0 else f'cannot be read from "{stripped[position:]}" on'
        message = f'"{text}" {what}; write for example $.queue.length, $.pools[0].used or $["name with.dots"]'
        raise ValueError(message)
    return tuple(steps)


def value_at(document: Json, path: JsonPath) -> Json:
    """Follow a path through a decoded document.

    Raises:
        LookupError: the path leads nowhere; the message says how far it led and what is there.
    """
    here = document
    for index, step in enumerate(path):
        if isinstance(here, dict) and isinstance(step, str) and step in here:  # noqa: SIM114 (names and positions are two cases)
            here = here[step]
        elif isinstance(here, list) and isinstance(step, int) and -len(here) <= step < len(here):
            here = here[step]
        else:
            message = f"{shown_path(path[:index])} has no {_step_text(step)}: it is {_what_is(here)}"
            raise LookupError(message)
    return here


def shown_path(path: JsonPath) -> str:
    """Write a path the way plans do."""
    return "$" + "".join(map(_step_text, path))


def _step_text(step: str | int) -> str:
    if isinstance(step, int):
        return f"[{step}]"
    return f".{step}" if re.fullmatch(r"[A-Za-z_][\w-]*", step) else f"[{step!r}]"


def _what_is(here: Json) -> str:
    match here:
        case dict():
            names = list(here)
            return f"an object of {', '.join(names[:_NAMES_SHOWN]) or 'nothing'}{', ...' * (len(names) > _NAMES_SHOWN)}"
        case list():
            return f"an array of {len(here)}"
        case None:
            return "null"
        case bool():
            return "true or false"
        case str():
            return "a text"
        case _:
            return "a number"
