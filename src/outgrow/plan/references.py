"""Names in a plan that point at other parts of it: all must lead somewhere.

Works on the data as written, so that a wrong name is told together with every other error.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import Final

from outgrow.errors import Problem
from outgrow.plan.suggestion import listed, nearest_or_all
from outgrow.plan.yaml_tree import Data, Path, Tree, data_at, dotted

_DERIVATIONS: Final = ("ratio", "rate", "growth_per_day", "delta")
_DEEPEST: Final = 32
_COMBINATIONS: Final = ("all", "any", "none")

_Reference = tuple[Path, str, Collection[str] | None]
"""Where a name stands, the noun it names, and the names there are (none: they cannot be known)."""


def reference_problems(tree: Tree) -> Iterator[Problem]:
    """Give a problem for every name that leads nowhere, and for signals that are derived from themselves."""
    for path, noun, known in _references(tree.data):
        name = tree.at(path)
        if not isinstance(name, str) or known is None or name in known:
            continue
        if noun == "phase" and tree.at(("roadmap",)) is None:
            what, remedy = "there is no roadmap", "add roadmap: {current: ..., phases: [...]}, or remove applies_from"
        elif not tree.complete:
            continue  # it may stand in the file that could not be read
        else:
            what, remedy = f'no {noun} is called "{name}"', nearest_or_all(name, known, f"the {noun}s here are")
        yield Problem(tree.place(path), dotted(path), what, remedy)
    inputs = {
        name: tuple(each for _, each in inputs_as_written(signal))
        for name, signal in entries(tree.data, ("signals",)).items()
    }
    finished: dict[str, int] = {}
    for start in inputs:
        for circle in _circles_from(start, inputs, finished):
            path = ("signals", circle[0])
            shown = listed((*circle, circle[0]), " -> ")
            yield Problem(tree.place_of_key(path), dotted(path), f"is derived from itself: {shown}", "break the circle")
    for name, depth in finished.items():
        if depth == _DEEPEST + 1:
            path = ("signals", name)
            what = f"is derived over more than {_DEEPEST} signals"
            yield Problem(tree.place_of_key(path), dotted(path), what, "let the source compute some of it")


def inputs_as_written(signal: Data) -> tuple[tuple[Path, str], ...]:
    """Give the names that a derived signal is made of, each with its path below the signal."""
    found: list[tuple[Path, str]] = []
    for option in _DERIVATIONS:
        match data_at(signal, (option,)):
            case str() as name:
                found.append(((option,), name))
            case list() as names:
                found += [((option, index), name) for index, name in enumerate(names) if isinstance(name, str)]
            case _:
                pass
    return tuple(found)


def entries(data: Data, path: Path) -> dict[str, Data]:
    """Give the mapping at a path; an empty one where something else or nothing stands."""
    found = data_at(data, path)
    return found if isinstance(found, dict) else {}


def _names(data: Data, noun: str) -> Collection[str] | None:
    found = data_at(data, (noun,))
    return found.keys() if isinstance(found, dict) else () if found is None else None


def _phases(data: Data) -> tuple[str, ...] | None:
    found = data_at(data, ("roadmap", "phases"))
    if data_at(data, ("roadmap",)) is None:
        return ()
    if not isinstance(found, list):
        return None
    return tuple(name for phase in found if isinstance(name := data_at(phase, ("name",)), str))


def _references(data: Data) -> Iterator[_Reference]:
    sources, signals, phases = _names(data, "sources"), _names(data, "signals"), _phases(data)
    for name, signal in entries(data, ("signals",)).items():
        yield ("signals", name, "source"), "source", sources
        for below, _ in inputs_as_written(signal):
            yield ("signals", name, *below), "signal", signals
    for noun, below in (("levels", ("signal",)), ("alerts", ("condition", "signal"))):
        for name in entries(data, (noun,)):
            yield (noun, name, *below), "signal", signals
    for name in entries(data, ("dashboards",)):
        yield from _each_of(data, ("dashboards", name, "signals"), "signal", signals)
    for name in entries(data, ("scenarios",)):
        yield from _each_of(data, ("scenarios", name, "watch"), "signal", signals)
    for name in entries(data, ("services",)):
        yield from _service_references(data, ("services", name), signals)
    yield from _proof_references(data, signals)
    for name in entries(data, ("checkpoints",)):
        top: Path = ("checkpoints", name)
        yield (*top, "applies_from"), "phase", phases
        for letter in entries(data, (*top, "conditions")):
            yield (*top, "conditions", letter, "signal"), "signal", signals
        conditions = data_at(data, (*top, "conditions"))
        if isinstance(conditions, dict):
            for grade in entries(data, (*top, "verdicts")):
                yield from _rule_references(data, (*top, "verdicts", grade), conditions.keys())
    yield ("roadmap", "current"), "phase", phases


def _service_references(data: Data, service: Path, signals: Collection[str] | None) -> Iterator[_Reference]:
    yield (*service, "load"), "signal", signals
    for part in ("metrics", "triggers"):
        found = data_at(data, (*service, "scaling", part))
        for index in range(len(found) if isinstance(found, list) else 0):
            yield (*service, "scaling", part, index, "signal"), "signal", signals


def _proof_references(data: Data, signals: Collection[str] | None) -> Iterator[_Reference]:
    for name in entries(data, ("targets",)):
        yield ("targets", name, "signal"), "signal", signals
    scenarios = _names(data, "scenarios")
    for index in range(len(_phases(data) or ())):
        yield from _each_of(data, ("roadmap", "phases", index, "verify", "scenarios"), "scenario", scenarios)
    yield ("roadmap", "baseline"), "scenario", scenarios


def _each_of(data: Data, path: Path, noun: str, known: Collection[str] | None) -> Iterator[_Reference]:
    found = data_at(data, path)
    if isinstance(found, list):
        for index in range(len(found)):
            yield (*path, index), noun, known


def _rule_references(data: Data, rule: Path, conditions: Collection[str]) -> Iterator[_Reference]:
    for members in (*((*rule, combination) for combination in _COMBINATIONS), (*rule, "at_least_of", "of")):
        found = data_at(data, members)
        for index, member in enumerate(found if isinstance(found, list) else ()):
            if isinstance(member, dict):
                yield from _rule_references(data, (*members, index), conditions)
            else:
                yield (*members, index), "condition", conditions


def _circles_from(
    start: str, inputs: Mapping[str, tuple[str, ...]], finished: dict[str, int]
) -> Iterator[tuple[str, ...]]:
    """Walk downwards depth first and give every circle once, beginning with the signal that stands first.

    Without recursion, for a chain of derivations may be long. `finished` takes the depth of each signal that was left.
    """
    order = list(inputs)
    trail = [start] if start not in finished else []
    waiting = [iter(inputs[start])] if trail else []
    while trail:
        below = next(waiting[-1], None)
        if below is None:
            name = trail.pop()
            finished[name] = 1 + max((finished.get(each, 0) for each in inputs[name]), default=0)
            waiting.pop()
        elif below in trail:
            circle = trail[trail.index(below) :]
            first = circle.index(min(circle, key=order.index))
            yield tuple(circle[first:] + circle[:first])
        elif below in inputs and below not in finished:
            trail.append(below)
            waiting.append(iter(inputs[below]))
