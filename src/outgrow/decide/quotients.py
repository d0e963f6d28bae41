"""Units of derived values: what a quotient, a rate, a growth or a change is in the unit that the plan asks for."""

from collections.abc import Callable
from fractions import Fraction

from outgrow.quantity import RATIO, Unit

Conversion = Callable[[float], float]
Division = Callable[[float, float], float]


def quotient_in(above: Unit, below: Unit, into: Unit) -> Division:
    """Give the division of a value in `above` by one in `below`, its result in `into`.

    A share (`ratio`, `percent`) compares the two in their canonical units: 512 MiB of 1 GiB are 50 %. A rate out of two
    signals (bytes by seconds) is converted likewise, and something per thing (USD by users) keeps the unit of the
    numerator. Any other quotient is the plain number.
    """
    per = f"{above.dimension}/{below.dimension}"
    keeps_unit = into.comparable_with(above) and into.dimension != "count" and below.dimension.startswith("count")
    scale = Fraction(1)
    if into.dimension in {RATIO.dimension, per} or keeps_unit:
        scale = above.scale / below.scale / into.scale
    # Multiplied by whole numbers before the one division: 29 of 100 are 29 %, not 28.999999999999996.
    up, down = scale.numerator, scale.denominator
    return lambda numerator, denominator: numerator * up / (denominator * down)


def rate_in(counter: Unit, into: Unit) -> Conversion:
    """Give the conversion of "counter units per second" into `into`; without a unit of its own it stays as it is."""
    per_second = Unit(f"{counter.name} per second", f"{counter.dimension}/time", counter.scale)
    return _conversion(per_second, into)


def growth_in(into: Unit) -> Conversion:
    """Give the conversion of a relative growth (0-1) in one day into `into`: a share, or a share per span of time."""
    per_day = Unit("ratio per day", "ratio/time", RATIO.scale / 86_400)
    return _conversion(per_day if into.comparable_with(per_day) else RATIO, into)


def change_in(signal: Unit, into: Unit) -> Conversion:
    """Give the conversion of a change of `signal` into `into`."""
    return _conversion(signal, into)


def _conversion(unit: Unit, into: Unit) -> Conversion:
    if not into.comparable_with(unit):
        return lambda value: value
    scale = unit.scale / into.scale
    up, down = scale.numerator, scale.denominator
    return lambda value: value * up / down
