"""Names in thresholds and goals: signals, levels, steps and figures of the targets; all must lead somewhere.

Works on the data as written; a threshold that cannot be read at all is left to the plan's models to word.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from outgrow.errors import Problem
from outgrow.plan.load_metrics import METRICS, SHORT_NAMES, SYSTEM_TAGS
from outgrow.plan.load_thresholds import WHOLE_RUN, Reading, read_threshold
from outgrow.plan.references import entries
from outgrow.plan.suggestion import nearest_or_all
from outgrow.plan.units import limit_problems
from outgrow.plan.yaml_tree import Data, Path, Tree, data_at, dotted
from outgrow.quantity import Quantity

_OF_K6: Final = frozenset({"error", "error_code", "group", "ip", "method", "proto", "service", "tls_version", "url"})
"""Tags that k6 gives every request, and a run here does not."""
_WHOLE: Final = {"http_req_failed": "errors", "availability": "availability", "concurrent_users": "concurrent_users"}


def threshold_problems(tree: Tree) -> Iterator[Problem]:
    """Give a problem for every threshold and goal that names what the plan does not have."""
    scenarios = entries(tree.data, ("scenarios",))
    asked = {name: _asked(scenario) for name, scenario in scenarios.items()}
    for name in scenarios:
        for path, reading in _readings(tree, ("scenarios", name, "thresholds")):
            yield from _problems(tree, path, reading)
            yield from _tag_problems(tree, path, reading, {name: asked[name]})
    phases = data_at(tree.data, ("roadmap", "phases"))
    for index in range(len(phases) if isinstance(phases, list) else 0):
        verified = data_at(tree.data, ("roadmap", "phases", index, "verify", "scenarios"))
        named = [each for each in (verified if isinstance(verified, list) else ()) if isinstance(each, str)]
        for path, reading in _readings(tree, ("roadmap", "phases", index, "verify", "goals")):
            yield from _problems(tree, path, reading)
            yield from _tag_problems(tree, path, reading, {name: asked[name] for name in named if name in asked})


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a scenario asks: the names of its steps and flows, and the values of the steps' own tags."""

    steps: frozenset[str]
    flows: frozenset[str]
    tags: Mapping[str, frozenset[str]]


def _asked(scenario: Data) -> _Asked:
    flows = entries(scenario, ("flows",))
    lists = [data_at(scenario, ("steps",)), *(data_at(flow, ("steps",)) for flow in flows.values())]
    steps = [step for each in lists for step in (each if isinstance(each, list) else ())]
    names = frozenset(name for step in steps if isinstance(name := data_at(step, ("name",)), str))
    tags = defaultdict[str, set[str]](set)
    for holder in (scenario, *steps):
        for tag, value in entries(holder, ("tags",)).items():
            tags[tag].add(str(value))
    return _Asked(names, frozenset(flows) or names, {tag: frozenset(values) for tag, values in tags.items()})


def _tag_problems(tree: Tree, path: Path, reading: Reading, scenarios: Mapping[str, _Asked]) -> Iterator[Problem]:
    """Give a problem for every tag that selects nothing in any of the scenarios that are judged."""
    if reading.subject != "metric" or not scenarios or not all(each.steps for each in scenarios.values()):
        return
    steps, flows, tags = set[str](), set[str](), defaultdict[str, set[str]](set)
    for each in scenarios.values():
        steps |= each.steps
        flows |= each.flows
        for tag, values in each.tags.items():
            tags[tag] |= values
    for tag, value in reading.tags:
        what, remedy = "", ""
        if tag in {"step", "name"} and value not in steps:
            what, remedy = f'no step is called "{value}"', nearest_or_all(value, sorted(steps), "the steps are")
        elif tag == "flow" and value not in flows:
            what, remedy = f'no flow is called "{value}"', nearest_or_all(value, sorted(flows), "the flows are")
        elif tag == "scenario" and value not in scenarios:
            what = f'the scenario "{value}" is not judged here'
            remedy = f"write it under scenarios.{value}.thresholds" if "thresholds" in path else ""
            remedy = remedy or nearest_or_all(value, scenarios, "the phase's scenarios are")
        elif tag not in SYSTEM_TAGS and value not in tags.get(tag, ()):
            what = f'no step has the tag {tag}: {value}, so "{{{tag}:{value}}}" selects nothing'
            remedy = (
                nearest_or_all(value, sorted(tags[tag]), f"the values of {tag} are")
                if tag in tags
                else _instead_of(tag, value) or nearest_or_all(tag, (*SYSTEM_TAGS, *sorted(tags)), "the tags are")
            )
        if what:
            yield Problem(tree.place_of_key(path), dotted(path), what, remedy)


def _instead_of(tag: str, value: str) -> str:
    """Say what to write for a tag that k6 gives by itself and a step here has to be given."""
    if tag not in _OF_K6:
        return ""
    return f"name a step, {{step:NAME}}, or tag the steps that you mean: tags: {{{tag}: {value}}}"


def _readings(tree: Tree, top: Path) -> Iterator[tuple[Path, Reading]]:
    """Give each threshold that can be read, with its place."""
    for key, raw in entries(tree.data, top).items():
        path: Path = (*top, key)
        several = list(enumerate(raw)) if isinstance(raw, list) else [(None, raw)]
        if key == "level" and isinstance(raw, dict) and "threshold" not in raw:
            several = [(None, f"{level} < {figure}") for level, figure in raw.items()]
        for index, each in several:
            text = data_at(each, ("threshold",)) if isinstance(each, dict) else each
            if isinstance(text, bool) or not isinstance(text, str | int | float):
                continue
            try:
                yield (path if index is None else (*path, index)), read_threshold(str(key), str(text))
            except ValueError:
                continue


def _problems(tree: Tree, path: Path, reading: Reading) -> Iterator[Problem]:
    what, remedy = "", ""
    signals = entries(tree.data, ("signals",))
    levels = entries(tree.data, ("levels",))
    if reading.subject == "signal" and reading.of not in signals and tree.complete:
        what = f'no metric and no signal is called "{reading.of}"'
        remedy = nearest_or_all(reading.of, (*METRICS, *SHORT_NAMES, *signals), "the metrics and signals are")
    elif reading.subject == "signal" and any(data_at(tree.at(path), (each,)) for each in ("abortOnFail", "over")):
        what, _, remedy = WHOLE_RUN.partition("; ")
    elif reading.subject == "signal" and isinstance(reading.limit, str):
        found = [name for name, level in levels.items() if data_at(level, ("signal",)) == reading.of]
        if len(found) != 1:
            what = f'{reading.limit} is a figure of a level, and {len(found) or "no"} levels are on "{reading.of}"'
            remedy = "write the figure, or level: {NAME: " + reading.limit + "}"
    elif reading.subject == "level" and reading.of not in levels and tree.complete:
        what = f'no level is called "{reading.of}"'
        remedy = nearest_or_all(reading.of, levels, "the levels here are")
    elif reading.subject == "resource" and reading.of not in entries(tree.data, ("targets",)):
        what = f"nothing says which signal is the target's {reading.of}"
        remedy = f"add targets: {{{reading.of}: {{signal: ..., below: 70 %}}}}"
    elif reading.subject == "metric" and isinstance(reading.limit, str):
        option = _target_of(reading)
        if not option or data_at(tree.data, ("targets", *option)) is None:
            shown = ": {".join(option) if option else ""
            what = f'the plan\'s targets do not say "{reading.limit}" of this'
            remedy = f"add targets: {{{shown}: ...}}" if len(option) == 1 else "write the figure, or add it to targets"
    if what:
        yield Problem(tree.place(path), dotted(path), what, remedy)
    elif isinstance(reading.limit, Quantity) and reading.subject in {"signal", "resource"}:
        judged = tree.at(("targets", reading.of, "signal")) if reading.subject == "resource" else reading.of
        yield from limit_problems(tree, path, reading.limit, str(judged))


def _target_of(reading: Reading) -> tuple[str, ...]:
    """Give where in the targets a named figure stands; nothing where they have no place for it."""
    match reading.of, reading.limit:
        case "http_req_duration", "target" if reading.percent in {50, 95, 99}:
            return (f"p{reading.percent:.0f}",)
        case "http_reqs", "normal" | "peak" | "max" as name:
            return ("rps", name)
        case metric, "target" if metric in _WHOLE:
            return (_WHOLE[metric],)
        case _:
            return ()
