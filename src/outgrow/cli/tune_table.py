"""A search laid out for a terminal: the front as a chart and a table, the cross-validation, and a policy to paste."""

from typing import TYPE_CHECKING, Any, Final, cast

from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

from outgrow.cli.common import console
from outgrow.report.rehearsal_view import sentence, share
from outgrow.report.said import said
from outgrow.simulate.candidates import AS_PLANNED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from outgrow.plan.services import ScalingPolicy
    from outgrow.report.words import Words
    from outgrow.simulate.tune import Goal, Tried, Tuned

_HEIGHT: Final = 10
_WIDEST: Final = 72
_FRONT_SHOWN: Final = 12
_LEAST: Final = 1e-6
_MARKS: Final = {"·": "tried", "o": "unbeaten", "@": "planned", "#": "picked"}
"""What stands in the chart, the later above the earlier."""


def print_tuned(
    found: "Tuned", notes: tuple[str, ...], pasted: str | None, service: str, words: "Words", *, replaces: bool
) -> None:
    """Print what was found, how it did on blocks it was not tuned on, and the policy as YAML.

    `replaces` says that the service has a scaling already, in whose place the found one goes.
    """
    shown = console()
    goal, chosen, tried = _goal_text(found.goal, words), found.chosen, len(found.tried)
    if chosen is None:
        best = min(found.tried, key=lambda each: each.whole.missing)
        shown.print(Text(words("tune.none", n=tried, goal=goal), style="bold"))
        safest = {"policy": said(best.candidate.name, words), "unserved": share(best.whole.unserved)}
        shown.print(words("tune.safest", **safest))
    else:
        name = said(chosen.candidate.name, words)
        shown.print(Text(words("tune.chosen", policy=name, n=tried, goal=goal), style="bold"))
        cost = f"{chosen.whole.cost_ratio:.3f}"
        shown.print(words("tune.costs", unserved=share(chosen.whole.unserved), cost=cost))
    shown.print(_validation(found, words))
    shown.print()
    for line in chart(found, min(shown.width - 10, _WIDEST), words):
        shown.print(line, markup=False)
    shown.print()
    shown.print(_front(found, words))
    for note in notes:
        shown.print(Text(sentence(said(note, words)), style="dim"))
    if pasted is not None:
        shown.print()
        where = _where(service, words, replaces=replaces, names_load="load:" in pasted)
        shown.print(Text(where, style="dim"), soft_wrap=True)
        shown.print(pasted, markup=False, highlight=False, soft_wrap=True)


def _where(service: str, words: "Words", *, replaces: bool, names_load: bool) -> str:
    """Say where in the plan the found policy goes, and that the rest of the service stays."""
    if not replaces:
        return words("tune.goes_below", service=service)
    load = words("tune.with_load", service=service) if names_load else ""
    return words("tune.takes_the_place", service=service, load=load)


def tuned_document(found: "Tuned", service: str, notes: tuple[str, ...], pasted: str | None) -> dict[str, Any]:
    """Give a search as JSON: schema `outgrow.tuning/1`; `pasted` is the piece of a plan."""
    return {
        "schema": "outgrow.tuning/1",
        "service": service,
        "goal": {
            "unserved": found.goal.unserved,
            "violation_minutes_a_day": found.goal.violation_minutes_a_day,
        },
        "block_seconds": found.block_seconds,
        "notes": list(notes),
        "chosen": None if found.chosen is None else _tried(found.chosen),
        "snippet": pasted,
        "folds": [
            {
                "block": each.block,
                "chosen": None if each.chosen is None else each.chosen.candidate.name,
                "kept": each.kept,
                "unserved": None if each.chosen is None else each.chosen.blocks[each.block].unserved,
                "cost_ratio": None if each.chosen is None else each.chosen.blocks[each.block].cost_ratio,
            }
            for each in found.folds
        ],
        "front": [_tried(each) for each in found.front],
        "tried": [_tried(each) for each in found.tried],
    }


def snippet(service: str, policy: "ScalingPolicy", load: str | None = None) -> str:
    """Give a policy as a piece of a plan, with the signal of the load where one is given; reading it gives it again."""
    import yaml

    scaling: dict[str, Any] = policy.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    for name in ("metrics", "triggers", "combine"):
        if name in scaling:
            scaling[name] = _with_numbers(scaling[name])
    # What kind a metric is goes without saying in the type, but not in the file.
    if policy.policy != "keda" and policy.metrics:
        pairs = zip(policy.metrics, scaling["metrics"], strict=True)
        scaling["metrics"] = [{"kind": metric.kind, **raw} for metric, raw in pairs]
    scaling = {"policy": policy.policy, **scaling}
    declared: dict[str, Any] = {"scaling": scaling} if load is None else {"load": load, "scaling": scaling}
    return yaml.safe_dump({"services": {service: declared}}, sort_keys=False, allow_unicode=True).rstrip()


def _with_numbers(raw: Any) -> Any:
    """Write amounts, which JSON has as texts, as numbers."""
    if isinstance(raw, list):
        return [_with_numbers(each) for each in cast("list[Any]", raw)]
    named = cast("dict[str, Any]", raw)
    return {key: _number(value) if key in {"average", "value"} else value for key, value in named.items()}


def _number(text: str) -> int | float:
    number = float(text)
    return int(number) if number.is_integer() else number


def chart(found: "Tuned", width: int, words: "Words") -> list[str]:
    """Draw cost across and unserved demand upwards, on a logarithmic scale, with what the marks mean below."""
    from math import log10

    def height(each: "Tried") -> float:
        return log10(max(each.whole.unserved, _LEAST))

    costs = [each.whole.cost_ratio for each in found.tried]
    heights = [height(each) for each in found.tried]
    left, right, low, high = min(costs), max(costs), min(heights), max(heights)
    cells = [[" "] * width for _ in range(_HEIGHT)]
    front = set(map(id, found.front))

    def mark_of(each: "Tried") -> str:
        if each is found.chosen:
            return "#"
        if each.candidate.name == AS_PLANNED:
            return "@"
        return "o" if id(each) in front else "·"

    for mark in _MARKS:
        for each in found.tried:
            if mark_of(each) == mark:
                column = round((each.whole.cost_ratio - left) / (right - left or 1) * (width - 1))
                row = round((high - height(each)) / (high - low or 1) * (_HEIGHT - 1))
                cells[row][column] = mark
    ends = {0: _level(high), _HEIGHT - 1: _level(low)}
    lines = [f"{ends.get(row, ''):>9}│{''.join(line).rstrip()}" for row, line in enumerate(cells)]
    foot = f"C {left:.2f}"
    axis = words("tune.unserved")
    marks = [mark for mark in _MARKS if any(mark in each for each in lines)]
    known = [f"{mark} " + words(f"tune.{_MARKS[mark]}") for mark in marks]
    return [
        *lines,
        f"{'':>9}└{'─' * width}",
        f"{' ' * (9 - cell_len(axis))}{axis} {foot}{f'{right:.2f}':>{width - len(foot)}}",
        f"{'':>10}{'   '.join(known)}",
    ]


def _level(power: float) -> str:
    return share(0 if 10**power <= _LEAST else 10**power)


def _front(found: "Tuned", words: "Words") -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column(words("tune.front"), overflow="fold")
    minutes = () if found.goal.violation_minutes_a_day is None else (words("tune.minutes"),)
    for head in ("C", words("tune.unserved"), *minutes):
        table.add_column(head, justify="right", no_wrap=True)
    rows = _spread(found.front, found.chosen)
    own = next((each for each in found.tried if each.candidate.name == AS_PLANNED), None)
    if own is not None and own not in rows:
        rows.append(own)
    for each in rows:
        figures = [f"{each.whole.cost_ratio:.3f}", share(each.whole.unserved)]
        if found.goal.violation_minutes_a_day is not None:
            figures.append(f"{each.whole.violation_minutes_a_day:.1f}")
        table.add_row(said(each.candidate.name, words), *figures, style="bold" if each is found.chosen else "")
    return table


def _spread(front: "Sequence[Tried]", chosen: "Tried | None") -> "list[Tried]":
    """Give at most a dozen of the front, the chosen one among them."""
    every = -(-len(front) // _FRONT_SHOWN) or 1
    return [each for index, each in enumerate(front) if index % every == 0 or each is chosen]


def _validation(found: "Tuned", words: "Words") -> str:
    block = "week" if found.block_seconds > 86_400 else "day"  # noqa: PLR2004 (a day)
    judged = [each for each in found.folds if each.chosen is not None]
    if not judged:
        return words(f"tune.no_choice.{block}")
    kept = sum(each.kept for each in judged)
    worst = max(each.chosen.blocks[each.block].unserved for each in judged if each.chosen is not None)
    return words(f"tune.judged.{block}", kept=kept, of=len(judged), unserved=share(worst))


def _goal_text(goal: "Goal", words: "Words") -> str:
    parts = [] if goal.unserved is None else [words("tune.at_most_unserved", unserved=share(goal.unserved))]
    if goal.violation_minutes_a_day is not None:
        parts.append(words("tune.at_most_minutes", minutes=f"{goal.violation_minutes_a_day:g}"))
    return words("tune.and").join(parts)


def _tried(each: "Tried") -> dict[str, Any]:
    whole = each.whole
    return {
        "name": each.candidate.name,
        "policy": each.candidate.policy.model_dump(mode="json", by_alias=True, exclude_defaults=True),
        "unserved": whole.unserved,
        "cost_ratio": whole.cost_ratio,
        "violation_minutes_a_day": whole.violation_minutes_a_day,
        "blocks": [{"unserved": block.unserved, "cost_ratio": block.cost_ratio} for block in each.blocks],
    }
