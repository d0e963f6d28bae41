"""Quantities: a number with its unit, or a bare number that takes the unit of what it is compared with."""

import re
from dataclasses import dataclass, field
from functools import lru_cache
from math import isfinite
from typing import Any, ClassVar, Final, assert_never

from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from outgrow.quantity.unit import Unit, parse_unit
from outgrow.quantity.written import DIGITS, plain, quoted

_NUMBER: Final = re.compile(rf"[+-]?(?:{DIGITS}(?:\.{DIGITS})?|\.{DIGITS})(?:[eE][+-]?[0-9]+)?")
_CURRENCY_IN_FRONT: Final = re.compile(r"([$€£¥₩])\s*([0-9].*)")
_CURRENCIES: Final = {"$": "USD", "€": "EUR", "£": "GBP", "¥": "JPY", "₩": "KRW"}
_EXPECTED: Final = "expected a number with a unit; write for example 800 ms, 60 % or 50"


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number with its unit, or a bare number that takes the unit of the signal it is compared with.

    `value` is in `unit` as written (60 for `60 %`) and finite; `text` is what the plan said.
    """

    value: float
    unit: Unit | None
    text: str = field(compare=False)

    FORMAT: ClassVar = "outgrow-quantity"
    """Its name in a JSON Schema."""

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
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> CoreSchema:
        """Let plan models declare `threshold: Quantity`."""
        return core_schema.no_info_plain_validator_function(
            _quantity_from_plan, serialization=core_schema.plain_serializer_function_ser_schema(str)
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: Any) -> dict[str, Any]:
        """Describe what editors may offer."""
        pattern = r"^\s*[-+\u2212]?[0-9\uff10-\uff19.]"
        examples = ["800 ms", "60 %", "512 MiB", "10_000 per day", "30 USD"]
        text = {"type": "string", "pattern": pattern, "examples": examples}
        return {"format": cls.FORMAT, "anyOf": [{"type": "number"}, text]}


@lru_cache(maxsize=1024)
def parse_quantity(text: str) -> Quantity:
    """Read `800 ms`, `60 %`, `512MiB`, `10_000 per day`, `30 USD`, or a bare `50`.

    Raises:
        ValueError: no number in front, no unit behind it, or a number that no float can hold.
    """
    words = plain(text)
    number = _NUMBER.match(words)
    if number is None:
        raise ValueError(_no_number(text, words))
    rest = words[number.end() :].strip()
    if rest[:1] in {",", ".", "_"} or rest[:1].isdigit():
        message = f"{quoted(text)} has a number that can be read in two ways; write a thousand as 1_000, a half as 0.5"
        raise ValueError(message)
    digits = number.group().replace("_", "")
    value = float(digits)
    if not isfinite(value) or (value == 0 and re.search(r"[1-9]", re.split("[eE]", digits)[0])):
        message = f"{quoted(text)} is {'too large' if value else 'too close to zero'} to be counted with"
        raise ValueError(message)
    return Quantity(value, parse_unit(rest) if rest else None, text.strip())


def _no_number(text: str, words: str) -> str:
    if sign := _CURRENCY_IN_FRONT.fullmatch(words):
        return f"{quoted(text)} has its unit in front; write {sign.group(2)} {_CURRENCIES[sign.group(1)]}"
    return f"{quoted(text)} does not start with a number; write for example 800 ms, 60 % or 50"


def _quantity_from_plan(raw: object) -> Quantity:
    try:
        match raw:
            case Quantity():
                return raw
            case bool():
                pass
            case int() | float():
                return parse_quantity(_digits_of(raw))
            case str():
                return parse_quantity(raw)
            case _:
                pass
    except ValueError as error:
        raise PydanticCustomError("quantity", "{why}", {"why": str(error)}) from error
    raise PydanticCustomError("quantity", _EXPECTED)


def _digits_of(number: float) -> str:
    """Give a number's shortest text: 800 for 800.0, 0.1 for 0.1."""
    match number:
        case float():
            return repr(int(number)) if number.is_integer() and abs(number) < 1e15 else repr(number)  # noqa: PLR2004
        case int():
            try:
                return repr(number)
            except ValueError:  # beyond Python's limit of digits, so far beyond any float
                return "1e999"
        case _:
            assert_never(number)
