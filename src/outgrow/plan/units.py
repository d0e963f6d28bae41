"""Units that meet in a plan: a limit and its signal, a signal and its source, a level's figures, a derivation's inputs.

Works on the data as written, so that a mismatch is told together with every other error; what has no readable unit is
left to the plan's models to word.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from outgrow.errors import Problem
from outgrow.plan.native_units import NATIVE_UNITS
from outgrow.plan.references import entries, inputs_as_written
from outgrow.plan.yaml_tree import Data, Path, Tree, data_at, dotted
from outgrow.quantity import ONE, RATIO, Quantity, Unit, parse_quantity, parse_unit

_THRESHOLDS: Final = ("above", "below", "at_least", "at_most", "clears_below", "clears_above")
_FIGURES: Final = ("target", "warning", "danger")


def unit_problems(tree: Tree) -> Iterator[Problem]:
    """Give a problem for every pair of units that meet and measure different things."""
    data = tree.data
    for name in entries(data, ("checkpoints",)):
        for letter in entries(data, ("checkpoints", name, "conditions")):
            yield from _thresholds(tree, ("checkpoints", name, "conditions", letter), _THRESHOLDS)
    for name in entries(data, ("alerts",)):
        yield from _thresholds(tree, ("alerts", name, "condition"), _THRESHOLDS)
    for name in entries(data, ("levels",)):
        yield from _thresholds(tree, ("levels", name), _FIGURES)
    for name in entries(data, ("targets",)):
        yield from _thresholds(tree, ("targets", name), ("below",))
    for name in entries(data, ("signals",)):
        yield from _derivation(tree, name)
        yield from _native(tree, name)


def _thresholds(tree: Tree, path: Path, options: tuple[str, ...]) -> Iterator[Problem]:
    signal = tree.at((*path, "signal"))
    for option in options:
        threshold = _quantity(tree.at((*path, option)))
        if threshold is not None and isinstance(signal, str):
            yield from limit_problems(tree, (*path, option), threshold, signal)


def limit_problems(tree: Tree, path: Path, limit: Quantity, signal: str) -> Iterator[Problem]:
    """Give a problem where a limit measures another thing than the signal that it is compared with.

    Args:
        tree: the plan as written.
        path: where the limit stands.
        limit: the limit.
        signal: the signal's name; one that the plan does not have is told elsewhere.
    """
    measure = signal_unit(tree.data, signal)
    if measure is None or limit.unit is None or limit.unit.comparable_with(measure):
        return
    unit = "ratio" if limit.unit.dimension == "ratio" else limit.unit.name
    if measure == ONE:
        what, remedy = f'{limit} is compared with "{signal}", which has no unit', f"give the signal unit: {unit}"
    else:
        what = f'{limit} is compared with "{signal}", which is measured in {measure.name}'
        remedy = f"write it in {measure.name}, or correct the signal's unit"
    yield Problem(tree.place(path), dotted(path), what, remedy)


def _native(tree: Tree, name: str) -> Iterator[Problem]:
    """Give a problem where a signal's unit is none of what its source measures."""
    path: Path = ("signals", name)
    source, declared = tree.at((*path, "source")), signal_unit(tree.data, name)
    kind = tree.at(("sources", source, "kind")) if isinstance(source, str) else None
    metric = tree.at((*path, "read", "metric"))
    native = NATIVE_UNITS.get(str(kind), {}).get(str(metric))
    if native is None or declared is None or native.comparable_with(declared):
        return
    what = f"{metric} of {source} is measured in {native.name}, but the signal "
    what += f"says {declared.name}" if declared.name else "has no unit"
    place = tree.place((*path, "unit")) if declared.name else tree.place_of_key(path)
    yield Problem(place, dotted((*path, "unit") if declared.name else path), what, f"write unit: {native.name}")


def _derivation(tree: Tree, name: str) -> Iterator[Problem]:
    path: Path = ("signals", name)
    written = inputs_as_written(tree.at(path))
    declared = signal_unit(tree.data, name)
    inputs = [signal_unit(tree.data, each) for _, each in written]
    if not written or declared is None or declared == ONE or any(unit is None for unit in inputs):
        return
    option = str(written[0][0][0])
    known = [unit for unit in inputs if unit is not None]
    natural = derived_unit(option, known)
    if natural is None:
        if option == "ratio" and declared.dimension == "ratio":
            named = (f'"{each}" ({unit.name or "no unit"})' for (_, each), unit in zip(written, known, strict=True))
            what, remedy = (
                f"{' divided by '.join(named)} is no {declared.name}",
                "divide two signals of one kind of unit",
            )
            yield Problem(tree.place((*path, option)), dotted((*path, option)), what, remedy)
    elif natural != ONE and not natural.comparable_with(declared) and not _is_told_otherwise(option, declared, known):
        names = " and ".join(f'"{each}"' for _, each in written)
        what = f"{option} of {names} comes out in {natural.name}, which is no {declared.name}"
        yield Problem(
            tree.place((*path, "unit")), dotted((*path, "unit")), what, f"write for example unit: {natural.name}"
        )


def _is_told_otherwise(option: str, declared: Unit, inputs: Sequence[Unit]) -> bool:
    """Say whether the unit puts it in other words: calls per user as calls, growth in a day as percent per day."""
    if option == "growth_per_day":
        return declared.dimension == f"{RATIO.dimension}/time"
    apart = any(not one.comparable_with(other) for one in inputs for other in inputs)
    return option == "ratio" and apart and declared.dimension.startswith("count")


def derived_unit(option: str, inputs: Sequence[Unit]) -> Unit | None:
    """Give the unit in which plain arithmetic on values in the inputs' units comes out.

    Args:
        option: `ratio`, `rate`, `growth_per_day` or `delta`.
        inputs: as many as the option takes.

    Returns:
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


def signal_unit(data: Data, name: str) -> Unit | None:
    """Give the unit that a signal declares; none where there is no such signal or its unit cannot be read."""
    signal = data_at(data, ("signals", name))
    unit = data_at(signal, ("unit",))
    if not isinstance(signal, dict) or not isinstance(unit, str | None):
        return None
    try:
        return parse_unit(unit or "")
    except ValueError:
        return None


def _quantity(raw: Data) -> Quantity | None:
    try:
        return parse_quantity(raw) if isinstance(raw, str) else None
    except ValueError:
        return None
