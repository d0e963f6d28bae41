"""What the generator and the judgement say in sentences of their own, in another language.

Facts hold these sentences in English, as they are printed and stored. Each English text under `load.said` is the form
of one; what stands in its gaps is carried over, and is itself put into the language where it is such a sentence.
"""

import re
from collections.abc import Iterator
from functools import cache
from string import Formatter
from typing import Final

from outgrow.report.words import Words, texts_under

_KEY: Final = "load.said"


def said(text: str, words: Words) -> str:
    """Give a sentence of the facts in the language of `words`; one of another form stays as it is."""
    if words.language == "en":
        return text
    for name, form in _forms():
        if (found := form.fullmatch(text)) is not None:
            values = {gap: said(value, words) for gap, value in found.groupdict().items()}
            return words(f"load.said.{name}", **values)
    return text


@cache
def _forms() -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple((name, re.compile("".join(_parts(form)), re.DOTALL)) for name, form in texts_under(_KEY, "en").items())


def _parts(form: str) -> Iterator[str]:
    for text, gap, _, _ in Formatter().parse(form):
        yield re.escape(text)
        if gap:
            yield f"(?P<{gap}>.+?)"
