"""Places in texts, `{name}`: what stands in their place comes with each arrival. `{{name}}` is the text `{name}`."""

import re
from typing import Final

OF_EVERY_ARRIVAL: Final = ("user", "arrival")
"""The places that every text may have."""
PLACE: Final = re.compile(
    r"(?<!\$)(?:\{(?P<kept>\{[A-Za-z_][A-Za-z0-9_]*(?:\.[^{}\s]+)?\})\}|\{(?P<name>[A-Za-z_][A-Za-z0-9_]*(?:\.[^{}\s]+)?)\})"
)
"""A place, its `name`; or a text in two pairs of braces, of which one pair is `kept`. `${NAME}` is neither."""


def places(text: str) -> tuple[str, ...]:
    """Name what looks like a place in a text."""
    return tuple(match["name"] for match in PLACE.finditer(text) if match["name"])


def as_text(text: str) -> str:
    """Write a text such that nothing in it is taken for a place."""
    return PLACE.sub(lambda match: f"{{{match.group()}}}", text)
