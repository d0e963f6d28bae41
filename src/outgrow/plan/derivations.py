"""What derived signals come out in: the unit that plain arithmetic on their inputs' own values gives."""

from collections.abc import Mapping, Sequence

from outgrow.plan.signals import DerivedSignal, QuerySignal, derivation_of, inputs_of
from outgrow.quantity import ONE, RATIO, Unit


def natural_unit(option: str, inputs: Sequence[Unit]) -> Unit | None:
    """Give the unit of a derivation (`ratio`, `rate`, `growth_per_day`, `delta`) of values in the inputs' units.

    None where the units do not say, such as USD divided by ms.
    """
    match option, inputs:
        case "ratio", (numerator, denominator):
            return _quotient(numerator, denominator)
        case "rate", (counter,) if "/" not in counter.dimension:
            return Unit(f"{counter.name} per second".strip(), f"{counter.dimension}/time", counter.scale)
        case "growth_per_day", (_,):
            return RATIO
        case "delta", (changing,):
            return changing
        case _:
            return None


def _quotient(numerator: Unit, denominator: Unit) -> Unit | None:
    scale = numerator.scale / denominator.scale
    if numerator.alike(denominator):
        return Unit("ratio", "ratio", scale)
    if denominator.dimension.startswith("count") and "/" not in denominator.dimension:
        return Unit(numerator.name, numerator.dimension, scale)
    if denominator.dimension == "time" and "/" not in numerator.dimension:
        return Unit(f"{numerator.name} per {denominator.name}".strip(), f"{numerator.dimension}/time", scale)
    return None


def in_declared_unit(value: float, signal: DerivedSignal, signals: Mapping[str, QuerySignal | DerivedSignal]) -> float:
    """Convert what plain arithmetic on the inputs' own values gave into the unit that the signal declares.

    `unit: GB per day` over a counter in B turns bytes per second into gigabytes per day. A signal without a unit, or
    whose unit nothing is known of, keeps the plain number, scaled where its two inputs differ only in scale (ms / s).
    """
    natural = natural_unit(derivation_of(signal), [signals[name].measure for name in inputs_of(signal)])
    if natural is None:
        return value
    declared = signal.measure
    if natural.comparable_with(declared):
        return natural.convert(value, declared)
    return natural.convert(value, RATIO) if declared == ONE and natural.dimension == "ratio" else value
