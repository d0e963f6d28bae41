"""Texts that are JSON, with places: whatever the values hold, what is sent stays JSON of the same shape."""

import json
import re
from collections.abc import Collection, Iterable, Mapping
from typing import Final

from outgrow.loadtest.templates import Filled, Template, Value, as_it_is, template
from outgrow.plan.places import PLACE
from outgrow.plan.secrets import REFERENCE, resolve

_STRING: Final = re.compile(r'("[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\Z))', re.DOTALL)
"""A text in quotes, or one that does not end: so that each character is looked at once, however long the whole is."""
_PLAIN: Final = re.compile(r'[^"\\\x00-\x1f]*')
_SIMPLE: Final = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|true|false|null")
_LINES: Final = re.compile(r"[\n\x1e]")
"""What parts several documents in one text: JSON lines, and the messages of SignalR."""
_written: Final = json.JSONEncoder(ensure_ascii=False).encode


def in_json_text(value: Value) -> Value:
    """Write a value as a part of a text: quotes, backslashes and control characters escaped (RFC 8259 7)."""
    return value if isinstance(value, int) or _PLAIN.fullmatch(value) else _written(value)[1:-1]


def as_json(value: Value) -> Value:
    """Leave a value alone that is JSON, as 7, true or {"a": 1} are; write any other as a text in quotes."""
    if isinstance(value, int) or _SIMPLE.fullmatch(value):
        return value
    return value if value[:1] in {"{", "[", '"'} and _is_json(value) else _written(value)


def json_template(text: str, known: Collection[str], environment: Mapping[str, str]) -> Template | None:
    """Make a text ready if it is JSON, an object or an array, or several a line each, with places; else give none.

    Args:
        text: as the plan has it.
        known: the names of places.
        environment: where `${NAME}` is looked up; its values are written as those of places are.

    Raises:
        SourceError: an environment variable is not set.
    """
    if PLACE.search(text) is None and REFERENCE.search(text) is None:
        return None  # nothing is put into it
    parts = _STRING.split(text)  # texts in quotes stand at odd indexes
    if _are_documents(_with_stand_ins(parts, known, "null")):
        bare = as_json
    elif _are_documents(_with_stand_ins(parts, known, "0")):
        bare = as_it_is  # a place that is a part of a number, as in 1{user}
    else:
        return None
    filled: list[Filled] = [in_json_text if index % 2 else bare for index in range(len(parts))]
    texts = (resolve(part, environment, each) for part, each in zip(parts, filled, strict=True))
    return template(zip(texts, filled, strict=True), known)


def _with_stand_ins(parts: Iterable[str], known: Collection[str], bare: str) -> str:
    def stand_in(match: re.Match[str]) -> str:
        return match["kept"] or (bare if match["name"] in known else match.group())

    return "".join(
        part if index % 2 else PLACE.sub(stand_in, REFERENCE.sub(bare, part)) for index, part in enumerate(parts)
    )


def _are_documents(text: str) -> bool:
    """Say whether a text is an object or an array, or several of them."""
    if _is_json(text):
        return text.lstrip()[:1] in {"{", "["}
    lines = [line for line in _LINES.split(text) if line.strip()]
    return len(lines) > 0 and all(line.lstrip()[0] in {"{", "["} and _is_json(line) for line in lines)


def _is_json(text: str) -> bool:
    try:
        json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return False
    return True


def _refuse(word: str) -> None:
    raise ValueError(f"{word} is no JSON")
