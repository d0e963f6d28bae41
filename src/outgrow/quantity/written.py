"""What people's keyboards put into numbers: full-width digits, unusual spaces, a true minus sign."""

import re
from fractions import Fraction
from typing import Final

_FULL_WIDTH: Final = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
_SPACES: Final = dict.fromkeys((0x00A0, 0x2002, 0x2003, 0x2007, 0x2009, 0x200A, 0x202F, 0x3000), " ")
_PLAIN: Final = str.maketrans({**_FULL_WIDTH, **_SPACES, 0x2212: "-", 0x338C: "us", 0x33B3: "ms"})

DIGITS: Final = r"[0-9]+(?:_[0-9]+)*"
"""A pattern of digits, grouped with underscores where the writer likes it: `10000`, `10_000`."""


def plain(text: str) -> str:
    """Give the text with full-width forms and unusual spaces as their plain selves, and no spaces around."""
    return text.translate(_PLAIN).strip()


def exact(number: float | str) -> Fraction:
    """Give a number as people wrote it, without binary dust: 0.1 is one tenth."""
    text = number if isinstance(number, str) else repr(float(number))
    return Fraction(text.replace("_", ""))


def quoted(text: str) -> str:
    """Quote a text for an error message, shortened where it is long."""
    shown = re.sub(r"\s+", " ", text.strip())
    return f'"{shown}"' if len(shown) <= 40 else f'"{shown[:37]}..."'  # noqa: PLR2004 (enough to recognise it)
