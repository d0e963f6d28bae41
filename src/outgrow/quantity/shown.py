"""Numbers for people: rounded to what can be read, in the unit that they would choose."""

from fractions import Fraction
from math import isfinite
from typing import Final

from outgrow.quantity.unit import PERCENT, Unit, parse_unit

_SIZES: Final = tuple(map(parse_unit, ("PiB", "TiB", "GiB", "MiB", "KiB", "B")))
_SPANS: Final = tuple(map(parse_unit, ("d", "h", "min", "s", "ms", "us")))


def format_number(value: float) -> str:
    """Show a number with three or four significant figures and grouped thousands: `62.4`, `1,240`, `0.0031`."""
    if not isfinite(value):
        return str(value)
    magnitude = abs(value)
    if magnitude >= 1e15:  # noqa: PLR2004 (where digits outgrow a float)
        return f"{value:.3g}"
    if magnitude >= 999.95 or value == int(value):  # noqa: PLR2004 (what would be rounded to 1000.0)
        return f"{round(value):,}"
    if magnitude >= 1:
        decimals = 1 if magnitude >= 99.995 else 2  # noqa: PLR2004 (what would be rounded to 100.00)
        return f"{value:.{decimals}f}".rstrip("0").rstrip(".")
    return f"{value:.3g}"


def format_in(value: float, unit: Unit, shown_in: Unit | None = None) -> str:
    """Show a value measured in `unit`, in the unit a threshold was written in: 0.62 as `62 %`.

    Unless a unit is given, ratios are shown in percent, bytes and times in the largest unit that keeps a whole digit.
    """
    target = shown_in or natural_unit(value, unit)
    number = format_number(unit.convert(value, target))
    name = {"percent": "%", "ratio": ""}.get(target.name, target.name)
    return f"{number} {name}".rstrip()


def counted(number: int, noun: str) -> str:
    """Word how many there are of something: `1 arrival`, `1,200 arrivals`."""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def natural_unit(value: float, unit: Unit) -> Unit:
    """Give the unit that people would choose for a value measured in `unit`: percent, GiB, minutes."""
    if not isfinite(value):
        return unit
    size = abs(Fraction(value)) * unit.scale
    match unit.dimension:
        case "ratio":
            return PERCENT
        case "bytes":
            return next((each for each in _SIZES if size >= each.scale), _SIZES[-1])
        case "time" if size:
            return next((each for each in _SPANS if size >= each.scale), _SPANS[-1])
        case _:
            return unit
