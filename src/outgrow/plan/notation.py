"""Series in few words: `500x30 900x31 _x5 nan` is thirty samples of 500, 31 of 900, five left out, one NaN.

500        one sample                      500x30      thirty of them
0+10x20    twenty: 0, 10, ... 190          90-5x3      three: 90, 85, 80
0.02@120   a value with 120 rows behind it (also 0.02@120x30)
_          no sample at this moment        null nan empty failed    a sample without a value, and why
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Final, Literal

_LONGEST: Final = 1_000_000
"""More samples than this are a slip of the pen."""
_NUMBER: Final = r"[+-]?(?:[0-9][0-9_]*(?:\.[0-9]+)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
_VALUE: Final = re.compile(rf"({_NUMBER})(?:([+-])({_NUMBER}))?(?:@([0-9]+))?(?:x([0-9]+))?")
_NOTHING: Final = re.compile(r"(_|null|nan|empty|failed)(?:x([0-9]+))?", re.IGNORECASE)
_EXAMPLE: Final = "write for example 500x30 900x31 _x5 nan"


@dataclass(frozen=True, slots=True)
class GivenValue:
    """A value in the signal's unit, with the rows behind it where they are given."""

    value: float
    rows: int | None = None


@dataclass(frozen=True, slots=True)
class GivenNothing:
    """A moment without a value: `_` without a sample, otherwise a sample that says why."""

    why: Literal["_", "null", "nan", "empty", "failed"]


Given = GivenValue | GivenNothing


def read_values(raw: object) -> tuple[Given, ...]:
    """Read a series: text as above, a number, or a list of both (`null` stands for a value that is NULL).

    Raises:
        ValueError: a word that is none of these, or more than a million samples.
    """
    found = tuple(_given(raw))
    if not found:
        raise ValueError(f"a series has at least one sample; {_EXAMPLE}")
    return found


def _given(raw: object) -> Iterator[Given]:
    match raw:
        case None:
            yield GivenNothing("null")
        case bool():
            raise ValueError(f"{str(raw).lower()} is no value; write a number, or null")
        case int() | float():
            if not isfinite(raw):
                raise ValueError(f"{raw} is no value; write a number, or nan")
            yield GivenValue(float(raw))
        case str():
            for word in raw.split():
                yield from _word(word)
        case Sequence():
            for each in raw:  # pyright: ignore[reportUnknownVariableType]
                yield from _given(each)  # pyright: ignore[reportUnknownArgumentType]
        case _:
            raise ValueError(f"a series is text, a number or a list; {_EXAMPLE}")


def _word(word: str) -> Iterator[Given]:
    if nothing := _NOTHING.fullmatch(word):
        for _ in range(_count(word, nothing.group(2))):
            yield GivenNothing(nothing.group(1).lower())  # pyright: ignore[reportArgumentType] (the pattern's own words)
        return
    found = _VALUE.fullmatch(word)
    if found is None:
        raise ValueError(f'"{word}" is no sample; {_EXAMPLE}')
    first, sign, step, rows, times = found.groups()
    if step is not None and times is None:
        raise ValueError(f'"{word}" has a step but no number of samples; write {word}x10 for ten')
    start = float(first.replace("_", ""))
    rise = float(f"{sign}{step.replace('_', '')}") if step is not None else 0.0
    for index in range(_count(word, times)):
        yield GivenValue(start + index * rise, None if rows is None else int(rows))


def _count(word: str, times: str | None) -> int:
    count = 1 if times is None else int(times)
    if not 1 <= count <= _LONGEST:
        raise ValueError(f'"{word}" stands for {count} samples; write a number from 1 to {_LONGEST:,}')
    return count
