"""Names in a plan that point at other parts of it: all must lead somewhere."""

import difflib
from collections.abc import Iterable, Iterator

from outgrow.errors import Problem
from outgrow.plan import Plan
from outgrow.plan.checkpoints import Rule
from outgrow.plan.signals import QuerySignal, inputs_of
from outgrow.plan.yaml_tree import Path, Tree, dotted


def reference_problems(plan: Plan, tree: Tree) -> Iterator[Problem]:
    """Give a problem for every name that leads nowhere, and for signals that are derived from themselves."""
    for path, noun, name, known in _references(plan):
        if name not in known:
            close = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
            remedy = f'did you mean "{close[0]}"?' if close else f"the {noun}s here are {', '.join(known) or 'none'}"
            yield Problem(tree.place(path), dotted(path), f'no {noun} is called "{name}"', remedy)
    for name in plan.signals:
        if _derives_from_itself(plan, name):
            path = ("signals", name)
            yield Problem(tree.place_of_key(path), dotted(path), "is derived from itself", "break the circle")


def _references(plan: Plan) -> Iterator[tuple[Path, str, str, tuple[str, ...]]]:
    sources, signals = tuple(plan.sources), tuple(plan.signals)
    for name, signal in plan.signals.items():
        match signal:
            case QuerySignal():
                yield ("signals", name, "source"), "source", signal.source, sources
            case _:
                option = next(each for each in ("ratio", "rate", "growth_per_day", "delta") if hasattr(signal, each))
                for index, each in enumerate(inputs_of(signal)):
                    path: Path = ("signals", name, option, index) if option == "ratio" else ("signals", name, option)
                    yield path, "signal", each, signals
    for name, level in plan.levels.items():
        yield ("levels", name, "signal"), "signal", level.signal, signals
    for name, alert in plan.alerts.items():
        yield ("alerts", name, "condition", "signal"), "signal", alert.condition.signal, signals
    for name, dashboard in plan.dashboards.items():
        for index, each in enumerate(dashboard.signals):
            yield ("dashboards", name, "signals", index), "signal", each, signals
    yield from _checkpoint_references(plan, signals)
    if plan.roadmap is not None:
        yield ("roadmap", "current"), "phase", plan.roadmap.current, tuple(phase.name for phase in plan.roadmap.phases)


def _checkpoint_references(plan: Plan, signals: tuple[str, ...]) -> Iterator[tuple[Path, str, str, tuple[str, ...]]]:
    phases = tuple(phase.name for phase in plan.roadmap.phases) if plan.roadmap else ()
    for name, checkpoint in plan.checkpoints.items():
        top: Path = ("checkpoints", name)
        if checkpoint.applies_from is not None:
            yield (*top, "applies_from"), "phase", checkpoint.applies_from, phases
        for letter, condition in checkpoint.conditions.items():
            yield (*top, "conditions", letter, "signal"), "signal", condition.signal, signals
        for grade, rule in checkpoint.verdicts.items():
            for path, member in _members(rule, (*top, "verdicts", grade.word)):
                yield path, "condition", member, tuple(checkpoint.conditions)


def _members(rule: Rule, path: Path) -> Iterable[tuple[Path, str]]:
    if rule.at_least_of is not None:
        base: Path = (*path, "at_least_of", "of")
    else:
        base = (*path, next(name for name in ("all", "any", "none") if getattr(rule, name) is not None))
    for index, member in enumerate(rule.members):
        if isinstance(member, str):
            yield (*base, index), member
        else:
            yield from _members(member, (*base, index))


def _derives_from_itself(plan: Plan, start: str) -> bool:
    seen: set[str] = set()
    waiting = [start]
    while waiting:
        signal = plan.signals.get(waiting.pop())
        for name in inputs_of(signal) if signal is not None else ():
            if name == start:
                return True
            if name not in seen:
                seen.add(name)
                waiting.append(name)
    return False
