"""What facts say in sentences of their own, in another language.

Facts hold these sentences in English, as they are stored and printed: why a threshold has no data, why a phase is out
of date, what a law warns of. Each English text under `said` is the form of one; what stands in its gaps is carried
over, and is itself put into the language where it is such a sentence. Where several forms fit, the one counts that
accounts for most of the text.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache
from string import Formatter
from typing import Final

from outgrow.report.words import Words, tables_under, texts_under

_NAMES: Final = frozenset(
    {"checkpoint", "command", "container", "metric", "name", "names", "resource", "scenario", "signal", "step"}
)
"""A gap of these holds what somebody called something, which stays as it is."""
_LONGEST: Final = 320
"""In letters; of a longer text its parts are read: gaps may end at many places, and how many grows with the length."""
_LISTS: Final = frozenset({"names", "parts"})
"""A gap of these holds several, parted by commas and the word before the last."""
_SINGLE: Final = frozenset({"count", "due", "outcome"})
"""A gap of these ends before a comma with a blank: what follows is another sentence of a list."""


def said(text: str, words: Words) -> str:
    """Give a sentence of the facts in the language of `words`; one of another form stays as it is."""
    if words.language == "en":
        return text
    if len(text) <= _LONGEST:
        return _read(text).worded(words)
    return "; ".join(_read(each).worded(words) if len(each) <= _LONGEST else each for each in text.split("; "))


@dataclass(frozen=True, slots=True)
class _Reading:
    """What a text was read as: the form's key, empty where there is none, and what stands in its gaps."""

    text: str
    key: str = ""
    gaps: Mapping[str, "_Reading"] = field(default_factory=dict[str, "_Reading"])
    letters: int = 0
    """How much of the text the forms account for."""

    def worded(self, words: Words) -> str:
        if not self.key:
            return self.text
        return words(f"said.{self.key}", **{name: gap.worded(words) for name, gap in self.gaps.items()})


@lru_cache(maxsize=1024)
def _read(text: str) -> _Reading:
    """Read a text by the form that accounts for most of it, its gaps included."""
    best = _Reading(text)
    for key, letters, form in _forms():
        if (found := form.fullmatch(text)) is not None:
            gaps = {name: _gap(name, gap) for name, gap in found.groupdict().items()}
            whole = letters + sum(gap.letters for gap in gaps.values())
            best = max(best, _Reading(text, key, gaps, whole), key=lambda each: each.letters)
    return best


def _gap(name: str, text: str) -> _Reading:
    if name in _LISTS:
        text = text.replace(" and ", ", ")
    return _Reading(text) if name in _NAMES else _read(text)


@cache
def _forms() -> tuple[tuple[str, int, re.Pattern[str]], ...]:
    """Give each form's key, how many letters it has outside its gaps, and what finds it."""
    tables = {table: texts_under(f"said.{table}", "en") for table in tables_under("said", "en")}
    texts = {f"{table}.{name}": form for table, forms in tables.items() for name, form in forms.items()}
    return tuple(
        (key, sum(len(part) for part, _, _, _ in Formatter().parse(form)), re.compile("".join(_parts(form)), re.DOTALL))
        for key, form in texts.items()
    )


def _parts(form: str) -> Iterator[str]:
    for text, gap, spec, _ in Formatter().parse(form):
        yield re.escape(text)
        if gap:
            yield f"(?P<{gap}>{'(?:(?!, ).)+?' if gap in _SINGLE else '.+?'})"
        if spec and "|" in spec:  # a number with its noun, as `Words` words it
            yield f" (?:{spec.partition('|')[2]})"
