"""Names in thresholds and goals: signals, levels, steps and figures of the targets; all must lead somewhere.

Works on the data as written; a threshold that cannot be read at all is left to the plan's models to word.
"""

from collections.abc import Iterator

from outgrow.errors import Problem
from outgrow.plan.load_metrics import METRICS, SHORT_NAMES
from outgrow.plan.load_thresholds import Reading, read_threshold
from outgrow.plan.references import entries
from outgrow.plan.suggestion import nearest_or_all
from outgrow.plan.yaml_tree import Data, Path, Tree, data_at, dotted

_WHOLE = {"http_req_failed": "errors", "availability": "availability", "concurrent_users": "concurrent_users"}


def threshold_problems(tree: Tree) -> Iterator[Problem]:
    """Give a problem for every threshold and goal that names what the plan does not have."""
    for name in entries(tree.data, ("scenarios",)):
        steps = _steps_of(tree.data, name)
        for path, reading in _readings(tree, ("scenarios", name, "thresholds")):
            yield from _problems(tree, path, reading)
            for tag, value in reading.tags:
                if tag in {"step", "name"} and steps and value not in steps:
                    remedy = nearest_or_all(value, steps, "the steps are")
                    yield Problem(tree.place_of_key(path), dotted(path), f'no step is called "{value}"', remedy)
    phases = data_at(tree.data, ("roadmap", "phases"))
    for index in range(len(phases) if isinstance(phases, list) else 0):
        for path, reading in _readings(tree, ("roadmap", "phases", index, "verify", "goals")):
            yield from _problems(tree, path, reading)


def _steps_of(data: Data, scenario: str) -> set[str]:
    flows = entries(data, ("scenarios", scenario, "flows"))
    lists = [data_at(data, ("scenarios", scenario, "steps")), *(data_at(flow, ("steps",)) for flow in flows.values())]
    return {
        name
        for each in lists
        for step in (each if isinstance(each, list) else ())
        if isinstance(name := data_at(step, ("name",)), str)
    }


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
