"""Durations: exact spans of time that remember how they were written."""

import re
from collections.abc import Mapping
from datetime import timedelta
from fractions import Fraction
from functools import lru_cache
from typing import Any, ClassVar, Final, Self

from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from outgrow.quantity.unit import TIME
from outgrow.quantity.written import DIGITS, exact, plain, quoted

_PART: Final = re.compile(rf"({DIGITS}(?:\.{DIGITS})?)\s*([^\W\d_]+)\s*")
_EXAMPLES: Final = "write for example 30s, 15m, 24h, 14d or 1h30m"
_LONGEST: Final = timedelta(days=36_525)
"""A hundred years: so that a moment minus a few durations stays within the calendar."""
_LONGEST_TEXT: Final = 64
_TOO_MANY: Final = 10**12
_WITHOUT_LENGTH: Final = frozenset({"month", "months", "mo", "year", "years", "yr", "y"})
_SIZES: Final[Mapping[str, int]] = {
    "d": 86_400_000_000,
    "h": 3_600_000_000,
    "m": 60_000_000,
    "s": 1_000_000,
    "ms": 1000,
    "us": 1,
}
"""Microseconds of each unit that spans are shown in."""
_NEIGHBOURS: Final = (
    ("d", timedelta(days=1), timedelta.max),
    ("h", timedelta(hours=1), timedelta(days=1)),
    ("m", timedelta(minutes=1), timedelta(hours=1)),
    ("s", timedelta(seconds=1), timedelta(minutes=1)),
)
"""Each unit with its size and the size of the next larger one."""


class Duration(timedelta):
    """An exact span of time, zero or longer, that remembers how it was written (`14d` is 14 x 24 h)."""

    __slots__ = ("text",)
    text: str

    FORMAT: ClassVar = "outgrow-duration"
    """Its name in a JSON Schema."""
    PATTERN: ClassVar = r"^\s*([0-9][0-9_]*(\.[0-9]+)?\s*[a-zµμ]+\s*)+$|^\s*0\s*$"
    """What it looks like, as far as a JSON Schema can say."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `30m`, `14d`, `1h30m`, `500 ms`, `2 hours`, `0`.

        Raises:
            ValueError: not a sequence of number and unit from the largest to the smallest, finer than a microsecond,
                or longer than a hundred years.
        """
        return cls._of(_parsed(text), text.strip())

    @classmethod
    def of(cls, span: timedelta) -> Self:
        """Give a span its shortest exact text."""
        return cls._of(span, _exact_text(span))

    @classmethod
    def _of(cls, span: timedelta, text: str) -> Self:
        made = cls(days=span.days, seconds=span.seconds, microseconds=span.microseconds)
        made.text = text
        return made

    def __reduce__(self) -> tuple[Any, ...]:
        """Keep the written text through pickle and copy."""
        return (_again, (type(self), timedelta(self.days, self.seconds, self.microseconds), str(self)))

    def __str__(self) -> str:
        """Show the span the way it was written."""
        return getattr(self, "text", "") or _exact_text(self)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> CoreSchema:
        """Let plan models declare `window: Duration`."""
        return core_schema.no_info_plain_validator_function(
            _duration_from_plan, serialization=core_schema.plain_serializer_function_ser_schema(str)
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: Any) -> dict[str, Any]:
        """Describe what editors may offer."""
        text = {"type": "string", "pattern": cls.PATTERN, "examples": ["30s", "15m", "24h", "14d", "1h30m"]}
        return {"format": cls.FORMAT, "anyOf": [text, {"const": 0}]}


@lru_cache(maxsize=1024)
def _parsed(text: str) -> timedelta:
    words = plain(text)
    if len(words) > _LONGEST_TEXT:
        message = f"{quoted(text)} is not a duration; {_EXAMPLES}"
        raise ValueError(message)
    if words == "0":
        return timedelta(0)
    position, seconds, smallest = 0, Fraction(0), None
    while part := _PART.match(words, position):
        unit = _unit(text, part.group(2))
        if smallest is not None and unit >= smallest:
            message = f"{quoted(text)} is out of order; write each unit once, the largest first, such as 1h30m"
            raise ValueError(message)
        seconds += exact(part.group(1)) * unit
        position, smallest = part.end(), unit
    if not words or position != len(words):
        raise ValueError(_not_a_duration(text, words))
    return _span(seconds, text)


def _again(kind: type[Duration], span: timedelta, text: str) -> Duration:
    return kind._of(span, text)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] (unpickling its own kind)


def _unit(text: str, word: str) -> Fraction:
    found = TIME.get(word)
    if found is not None:
        return found
    if word == "M":
        why = "M may mean minutes or months; write m for minutes, 30d for a month"
    elif word.lower() in _WITHOUT_LENGTH:
        why = "months and years vary in length; write 30d or 365d"
    elif word.lower() in TIME:
        why = f'units are written small; did you mean "{text.strip().lower()}"?'
    else:
        why = _EXAMPLES
    message = f"{quoted(text)} is not a duration; {why}"
    raise ValueError(message)


def _not_a_duration(text: str, words: str) -> str:
    if re.fullmatch(rf"{DIGITS}(\.{DIGITS})?", words):
        return f'{quoted(text)} is a duration without a unit; did you mean "{words}s" or "{words}m"?'
    if words.startswith("-"):
        return f"{quoted(text)} is negative; a duration is zero or longer"
    if clock := re.fullmatch(r"(\d{1,3}):(\d\d)", words):
        return f"{quoted(text)} is not a duration; write {clock.group(1)}h{clock.group(2)}m"
    return f"{quoted(text)} is not a duration; {_EXAMPLES}"


def _span(seconds: Fraction, text: str) -> timedelta:
    microseconds = seconds * 1_000_000
    if microseconds.denominator != 1:
        message = f"{quoted(text)} is finer than a microsecond; write whole microseconds"
        raise ValueError(message)
    if seconds > _LONGEST.total_seconds():
        message = f"{quoted(text)} is longer than a hundred years; write a span that can be waited for"
        raise ValueError(message)
    return timedelta(microseconds=int(microseconds))


def _duration_from_plan(raw: object) -> Duration:
    try:
        match raw:
            case Duration():
                return raw
            case timedelta():
                return Duration.of(raw)
            case str():
                return Duration.parse(raw)
            case int() | float() if not isinstance(raw, bool):
                return Duration.parse(repr(raw) if abs(raw) < _TOO_MANY else "1e99")
            case _:
                pass
    except ValueError as error:
        raise PydanticCustomError("duration", "{why}", {"why": str(error)}) from error
    raise PydanticCustomError("duration", "expected a duration; {why}", {"why": _EXAMPLES})


def format_duration(span: timedelta) -> str:
    """Show a span to people: two neighbouring units at most, rounded down: `14d`, `1h30m`, `1.5s`, `250ms`, `0s`."""
    sign, left = ("-" if span < timedelta(0) else ""), abs(span)
    if left < timedelta(minutes=1):
        name, unit = next(
            (pair for pair in (("s", timedelta(seconds=1)), ("ms", timedelta(milliseconds=1))) if left >= pair[1]),
            ("us", timedelta(microseconds=1)) if left else ("s", timedelta(seconds=1)),
        )
        return f"{sign}{left // (unit / 100) / 100 if name != 'us' else left // unit:g}{name}"
    parts = [(name, left % larger // size) for name, size, larger in _NEIGHBOURS]
    first = next(position for position, (_, count) in enumerate(parts) if count)
    return sign + "".join(f"{count}{name}" for name, count in parts[first : first + 2] if count)


def _exact_text(span: timedelta) -> str:
    """Give the text that parses back to the very span: `1d30s`, `1s500ms`."""
    left, shown = abs(span) // timedelta(microseconds=1), ""
    for name, size in _SIZES.items():
        count, left = divmod(left, size)
        shown += f"{count}{name}" if count else ""
    return ("-" if span < timedelta(0) else "") + (shown or "0s")
