"""Places in texts, `{name}`: what stands in their place comes with each arrival. `{{name}}` is the text `{name}`.

A value is written as the text around it needs it, as %20 in a path or with a backslash before a quote in JSON;
`{name|raw}` takes it as it is.
"""

import re
from typing import Final

OF_EVERY_ARRIVAL: Final = ("user", "arrival")
"""The places that every text may have."""
_NAME: Final = r"[A-Za-z_][A-Za-z0-9_]*(?:\.[^{}\s]+?)?"
_RAW: Final = r"\|raw"
PLACE: Final = re.compile(
    rf"(?<!\$)(?:\{{(?P<kept>\{{{_NAME}(?:{_RAW})?\}})\}}|\{{(?P<name>{_NAME})(?P<raw>{_RAW})?\}})"
)
"""A place, its `name`, and whether it is `raw`; or a text in two pairs of braces, of which one pair is `kept`.

`${NAME}` is neither.
"""


def places(text: str) -> tuple[str, ...]:
    """Name what looks like a place in a text."""
    return tuple(match["name"] for match in PLACE.finditer(text) if match["name"])


def as_text(text: str) -> str:
    """Write a text such that nothing in it is taken for a place."""
    return PLACE.sub(lambda match: f"{{{match.group()}}}", text)
