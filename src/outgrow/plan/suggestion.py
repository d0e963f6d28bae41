"""Remedies for misspelt names: the nearest known one, or a list of those there are."""

import difflib
from collections.abc import Iterable
from typing import Final

_LISTED: Final = 12


def nearest(word: str, known: Iterable[str]) -> str:
    """Give the known name that a word is most like; an empty text where none is."""
    lowered = {name.lower(): name for name in reversed(list(known))}
    close = difflib.get_close_matches(word.lower(), lowered, n=1, cutoff=0.6)
    swapped = [name for name in lowered if sorted(name) == sorted(word.lower())]
    return next((lowered[name] for name in (*swapped, *close)), "")


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Suggest the nearest known name, or nothing."""
    name = nearest(word, known)
    return f'did you mean "{name}"?' if name else ""


def nearest_or_all(word: str, known: Iterable[str], introduction: str) -> str:
    """Suggest the nearest known name, or list the first of them behind an introduction such as `the options are`."""
    names = list(dict.fromkeys(known))
    return did_you_mean(word, names) or f"{introduction} {listed(names)}"


def listed(names: Iterable[str], separator: str = ", ") -> str:
    """List names, the first dozen of them where there are many."""
    every = list(names)
    more = len(every) - _LISTED
    return (separator.join(every[:_LISTED]) or "none") + (f" and {more} more" if more > 0 else "")
