"""Places in the texts of scenarios, `{name}`: something must give each of them.

Works on the data as written, so that a misspelt place is told together with every other error.
"""

from collections.abc import Iterator, Mapping

from outgrow.errors import Problem
from outgrow.plan.places import OF_EVERY_ARRIVAL, places
from outgrow.plan.references import entries
from outgrow.plan.suggestion import listed, nearest
from outgrow.plan.yaml_tree import Data, Path, Tree, data_at, dotted

_TEXTS = ("path", "body")
_MAPPINGS = ("headers", "form")


def place_problems(tree: Tree) -> Iterator[Problem]:
    """Give a problem for every place in a scenario's texts that nothing gives a value."""
    for name, scenario in entries(tree.data, ("scenarios",)).items():
        top: Path = ("scenarios", name)
        feeds = entries(scenario, ("data",))
        first, last = (tuple(_steps(scenario, (each,))) for each in ("setup", "teardown"))
        flows = [("steps",), *(("flows", flow, "steps") for flow in entries(scenario, ("flows",)))]
        taken = {path: tuple(_steps(scenario, path)) for path in flows}
        prepared = {*OF_EVERY_ARRIVAL, *_captured(first)}
        captured = {*prepared, *(each for steps in taken.values() for each in _captured(steps))}
        for path, steps in taken.items():
            led = len(path) > 1 and data_at(scenario, (*path[:-1], "flow")) is not None
            if not led:  # code gives values under any name
                yield from _problems(tree, top, steps, captured, feeds)
        yield from _problems(tree, top, first, prepared, {})
        yield from _problems(tree, top, last, {*prepared, *_captured(last)}, {})


def _steps(scenario: Data, path: Path) -> Iterator[tuple[Path, Data]]:
    found = data_at(scenario, path)
    for index, step in enumerate(found if isinstance(found, list) else ()):
        if isinstance(step, dict):
            yield (*path, index), step


def _captured(steps: tuple[tuple[Path, Data], ...]) -> set[str]:
    return {name for _, step in steps for name in entries(step, ("captures",))}


def _texts(step: Data) -> Iterator[tuple[Path, str]]:
    """Give every text of a step in which places are filled, with its path below the step."""
    paths: list[Path] = [(each,) for each in _TEXTS]
    paths += [(each, key) for each in _MAPPINGS for key in entries(step, (each,))]
    for option, inner in (("files", "filename"), ("websocket", "send"), ("checks", "equals"), ("checks", "contains")):
        path: Path = (option, "turns") if option == "websocket" else (option,)
        found = data_at(step, path)
        paths += [(*path, index, inner) for index in range(len(found) if isinstance(found, list) else 0)]
    for path in paths:
        if isinstance(text := data_at(step, path), str):
            yield path, text


def _problems(
    tree: Tree, top: Path, steps: tuple[tuple[Path, Data], ...], known: set[str], feeds: Mapping[str, Data]
) -> Iterator[Problem]:
    for below, step in steps:
        name = data_at(step, ("name",))
        for path, text in _texts(step):
            for place in dict.fromkeys(places(text)):
                feed, dot, column = place.partition(".")
                if place in known or (dot and feed in feeds):
                    continue
                whole = (*top, *below, *path)
                what = f'the step {name} has the place {{{place}}}, and nothing gives "{place}"'
                near = nearest(feed, feeds) if dot else ""
                near = f"{near}.{column}" if near else nearest(place, sorted(known))
                given = listed([*sorted(known), *(f"{each}.COLUMN" for each in feeds)])
                remedy = f'did you mean "{near}"? For' if near else f"given are {given}; for"
                remedy += f" the text itself write {{{{{place}}}}}"
                yield Problem(tree.place(whole), dotted(whole), what, remedy)
