"""Quantities as people write them: durations, rates, ratios, bytes, money, counts.

A plan says `800 ms`, `60 %`, `512 MiB`, `10_000 per day`, `30 USD`. Each is parsed once, compared in the
unit of the signal it meets, and shown back the way it was written. Pure: no clock, no I/O.
"""

import re
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final, Self

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

# SI prefixes are decimal, IEC prefixes binary (IEC 80000-13). Scales convert into the canonical unit of the dimension:
# seconds, 0..1, bytes, one.
_TIME: Final = {
    "us": 1e-6,
    "ms": 1e-3,
    "s": 1.0,
    "sec": 1.0,
    "min": 60.0,
    "m": 60.0,
    "h": 3600.0,
    "d": 86400.0,
    "w": 604800.0,
}
_TIME_WORDS: Final = {"second": 1.0, "minute": 60.0, "hour": 3600.0, "day": 86400.0, "week": 604800.0}
_RATIO: Final = {"ratio": 1.0, "percent": 0.01, "%": 0.01}
_BYTES: Final = (
    {"B": 1.0, "bytes": 1.0, "byte": 1.0}
    | {f"{prefix}B": 1000.0**power for power, prefix in enumerate(("k", "M", "G", "T", "P"), 1)}
    | {"KB": 1000.0}
    | {f"{prefix}iB": 1024.0**power for power, prefix in enumerate(("K", "M", "G", "T", "P"), 1)}
)
_MONEY: Final = frozenset({"USD", "KRW", "EUR", "JPY", "GBP", "CNY", "IDR"})
_WORD: Final = re.compile(r"[^\W\d][\w.%-]*|%", re.UNICODE)
_NUMBER: Final = re.compile(r"[+-]?(?:\d[\d_]*)(?:\.\d[\d_]*)?(?:[eE][+-]?\d+)?|[+-]?\.\d+")
_DURATION_PART: Final = re.compile(r"(\d+(?:\.\d+)?)\s*(us|ms|sec|min|s|m|h|d|w)")


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit of measure: how it was written, what it measures, and its size in the canonical unit of that dimension.

    `dimension` is `time`, `ratio`, `bytes`, `money:USD`, `count` or `count:sessions`, with `/time` behind it for a rate.
    """

    name: str
    dimension: str
    scale: float

    def comparable_with(self, other: Self) -> bool:
        """Say whether values of the two units can be compared: same dimension, or counts of which one names no noun."""
        if self.dimension == other.dimension:
            return True
        mine, theirs = _without_noun(self.dimension), _without_noun(other.dimension)
        return mine == theirs and mine.startswith("count") and (mine == self.dimension or theirs == other.dimension)

    def convert(self, value: float, into: Self) -> float:
        """Convert `value` of this unit into another comparable one.

        Raises:
            ValueError: the units measure different things.
        """
        if not self.comparable_with(into):
            message = f"{self.name} cannot be compared with {into.name}"
            raise ValueError(message)
        # 0.6 instead of 0.6000000000000001: multiply by the larger, divide by the smaller scale.
        return value * (self.scale / into.scale) if self.scale >= into.scale else value / (into.scale / self.scale)


ONE: Final = Unit("", "count", 1.0)
PERCENT: Final = Unit("percent", "ratio", 0.01)
RATIO: Final = Unit("ratio", "ratio", 1.0)


def _without_noun(dimension: str) -> str:
    base, slash, per = dimension.partition("/")
    return ("count" if base.startswith("count:") else base) + slash + per


def parse_unit(text: str) -> Unit:
    """Read a unit: `ms`, `ratio`, `percent`, `GB`, `USD`, `rps`, `per day`, `GB per day`, or a noun such as `sessions`.

    A word that is no known unit counts things of that name, so that `50 sessions` cannot be compared with `users`.

    Raises:
        ValueError: not a unit.
    """
    words = text.strip()
    if not words:
        return ONE
    if words == "rps":
        return Unit("rps", "count/time", 1.0)
    head, _, per = words.partition("/") if "/" in words else _split_per(words)
    if per:
        seconds = _TIME.get(per.strip()) or _TIME_WORDS.get(per.strip().removesuffix("s"))
        if seconds is None:
            message = (
                f'"{per.strip()}" is not a span of time; write "per second", "per minute", "per hour" or "per day"'
            )
            raise ValueError(message)
        base = parse_unit(head) if head.strip() else ONE
        return Unit(words, f"{base.dimension}/time", base.scale / seconds)
    return _simple_unit(words)


def _split_per(words: str) -> tuple[str, str, str]:
    if words.startswith("per "):
        return "", "per", words.removeprefix("per ")
    return words.partition(" per ")


def _simple_unit(word: str) -> Unit:
    for table, dimension in ((_TIME, "time"), (_RATIO, "ratio"), (_BYTES, "bytes")):
        if word in table:
            return Unit(word, dimension, table[word])
    if word in _TIME_WORDS or word.removesuffix("s") in _TIME_WORDS:
        return Unit(word, "time", _TIME_WORDS[word.removesuffix("s")])
    if word in _MONEY:
        return Unit(word, f"money:{word}", 1.0)
    if not _WORD.fullmatch(word):
        message = f'"{word}" is not a unit; examples: ms, percent, ratio, GiB, USD, rps, per day, sessions'
        raise ValueError(message)
    return Unit(word, f"count:{word}", 1.0)


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number with its unit, or a bare number that takes the unit of the signal it is compared with.

    `value` is in `unit` as written (60 for `60 %`); `text` is what the plan said.
    """

    value: float
    unit: Unit | None
    text: str = field(compare=False)

    def in_unit(self, unit: Unit) -> float:
        """Give the value in `unit`; a bare number is already in it.

        Raises:
            ValueError: the units measure different things.
        """
        return self.value if self.unit is None else self.unit.convert(self.value, unit)

    def __str__(self) -> str:
        """Show the quantity the way it was written."""
        return self.text

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:  # noqa: ANN401 (pydantic's own signature)
        """Let plan models declare `threshold: Quantity`."""
        return core_schema.no_info_plain_validator_function(
            _quantity_from_plan, serialization=core_schema.plain_serializer_function_ser_schema(str)
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Describe what editors may offer."""
        return {
            "description": "A number with its unit, or a bare number in the signal's unit.",
            "anyOf": [
                {"type": "number"},
                {"type": "string", "examples": ["800 ms", "60 %", "512 MiB", "10_000 per day"]},
            ],
        }


def parse_quantity(text: str) -> Quantity:
    """Read `800 ms`, `60 %`, `512MiB`, `10_000 per day`, `30 USD`, or a bare `50`.

    Raises:
        ValueError: no number in front, or no unit behind it.
    """
    stripped = text.strip()
    number = _NUMBER.match(stripped)
    if number is None:
        message = f'"{text}" does not start with a number; write for example 800 ms, 60 % or 50'
        raise ValueError(message)
    rest = stripped[number.end() :].strip()
    value = float(number.group().replace("_", ""))
    return Quantity(value, parse_unit(rest) if rest else None, stripped)


def _quantity_from_plan(raw: object) -> Quantity:
    match raw:
        case Quantity():
            return raw
        case bool():
            pass
        case int() | float():
            return Quantity(float(raw), None, format_number(float(raw)))
        case str():
            try:
                return parse_quantity(raw)
            except ValueError as error:
                raise PydanticCustomError("quantity", "{why}", {"why": str(error)}) from error
        case _:
            pass
    raise PydanticCustomError("quantity", "expected a number with a unit, such as 800 ms or 60 %")


class Duration(timedelta):
    """An exact span of time that remembers how it was written (`14d` is 14 x 24 h)."""

    __slots__ = ("text",)
    text: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `30m`, `14d`, `1h30m`, `500 ms`.

        Raises:
            ValueError: not a sequence of number and unit, or longer than a timedelta can hold.
        """
        stripped = text.strip()
        position, seconds = 0, 0.0
        while part := _DURATION_PART.match(stripped, position):
            seconds += float(part.group(1)) * _TIME[part.group(2)]
            position = part.end()
            while position < len(stripped) and stripped[position] == " ":
                position += 1
        if not stripped or position != len(stripped):
            message = f'"{text}" is not a duration; write for example 30s, 15m, 24h, 14d or 1h30m'
            raise ValueError(message)
        try:
            return cls._of(timedelta(seconds=seconds), stripped)
        except OverflowError as error:
            message = f'"{text}" is longer than can be counted'
            raise ValueError(message) from error

    @classmethod
    def of(cls, span: timedelta) -> Self:
        """Give a span its canonical text."""
        return cls._of(span, format_duration(span))

    @classmethod
    def _of(cls, span: timedelta, text: str) -> Self:
        made = cls(days=span.days, seconds=span.seconds, microseconds=span.microseconds)
        made.text = text
        return made

    def __reduce__(self) -> tuple[Any, ...]:
        """Keep the written text through pickle and copy."""
        return (Duration.parse, (self.text,))

    def __str__(self) -> str:
        """Show the span the way it was written."""
        return self.text

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:  # noqa: ANN401 (pydantic's own signature)
        """Let plan models declare `window: Duration`."""
        return core_schema.no_info_plain_validator_function(
            _duration_from_plan, serialization=core_schema.plain_serializer_function_ser_schema(str)
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Describe what editors may offer."""
        return {"type": "string", "description": "An exact span of time.", "examples": ["30s", "15m", "24h", "14d"]}


def _duration_from_plan(raw: object) -> Duration:
    match raw:
        case Duration():
            return raw
        case timedelta():
            return Duration.of(raw)
        case str():
            try:
                return Duration.parse(raw)
            except ValueError as error:
                raise PydanticCustomError("duration", "{why}", {"why": str(error)}) from error
        case int() | float() if raw == 0 and not isinstance(raw, bool):
            return Duration.parse("0s")
        case int() | float():
            raise PydanticCustomError(
                "duration", "a duration needs a unit; did you mean {raw}s or {raw}m?", {"raw": str(raw)}
            )
        case _:
            raise PydanticCustomError("duration", "expected a duration such as 30s, 15m, 24h or 14d")


def format_duration(span: timedelta) -> str:
    """Show a span in at most two neighbouring units: `14d`, `1h30m`, `500ms`, `0s`."""
    microseconds = round(span / timedelta(microseconds=1))
    sign = "-" if microseconds < 0 else ""
    left, parts = abs(microseconds), list[str]()
    for name, size in (
        ("d", 86_400_000_000),
        ("h", 3_600_000_000),
        ("m", 60_000_000),
        ("s", 1_000_000),
        ("ms", 1000),
        ("us", 1),
    ):
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count}{name}")
    return sign + ("".join(parts[:2]) or "0s")


def format_number(value: float) -> str:
    """Show a number with three or four significant figures and a thin grouping: `62.4`, `1,240`, `0.0031`."""
    if value != value or value in (float("inf"), float("-inf")):  # noqa: PLR0124 (NaN is the only value unequal to itself)
        return str(value)
    magnitude = abs(value)
    if magnitude >= 1000 or value == int(value):
        return f"{value:,.0f}"
    if magnitude >= 100:
        return f"{value:.1f}".rstrip("0").rstrip(".")
    if magnitude >= 1:
        return f"{value:.2f}".rstrip("0").rstrip(".")
    return f"{value:.3g}"


def format_in(value: float, unit: Unit, shown_in: Unit | None = None) -> str:
    """Show a value measured in `unit`, in the unit a threshold was written in: 0.62 as `62 %`.

    Ratios are shown in percent and bytes in the largest binary unit that keeps a whole digit, unless a unit is given.
    """
    target = shown_in or _natural_unit(value, unit)
    number = format_number(unit.convert(value, target))
    name = {"percent": "%", "ratio": ""}.get(target.name, target.name)
    return f"{number} {name}".rstrip()


def _natural_unit(value: float, unit: Unit) -> Unit:
    if unit.dimension == "ratio":
        return PERCENT
    if unit.dimension == "bytes":
        size = abs(value * unit.scale)
        for name in ("TiB", "GiB", "MiB", "KiB"):
            if size >= _BYTES[name]:
                return parse_unit(name)
        return parse_unit("B")
    return unit
