"""A search laid out for a terminal: the front as a chart and a table, the cross-validation, and a policy to paste."""

from typing import TYPE_CHECKING, Any, Final, cast

from rich.table import Table
from rich.text import Text

from outgrow.cli.common import console
from outgrow.report.rehearsal_view import sentence, share
from outgrow.simulate.candidates import AS_PLANNED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from outgrow.plan.services import ScalingPolicy
    from outgrow.simulate.tune import Goal, Tried, Tuned

_HEIGHT: Final = 10
_WIDEST: Final = 72
_FRONT_SHOWN: Final = 12
_LEAST: Final = 1e-6
_MARKS: Final = {"·": "tried", "o": "unbeaten", "@": AS_PLANNED, "#": "chosen"}
"""What stands in the chart, the later above the earlier."""


def print_tuned(found: "Tuned", notes: tuple[str, ...], pasted: str | None, service: str, *, replaces: bool) -> None:
    """Print what was found, how it did on blocks it was not tuned on, and the policy as YAML.

    `replaces` says that the service has a scaling already, in whose place the found one goes.
    """
    shown = console()
    goal, chosen = _goal_text(found.goal), found.chosen
    if chosen is None:
        best = min(found.tried, key=lambda each: each.whole.missing)
        shown.print(Text(f"None of {len(found.tried)} policies keeps {goal}.", style="bold"))
        shown.print(f"The safest, {best.candidate.name}, leaves {share(best.whole.unserved)} unserved.")
    else:
        said = f"{chosen.candidate.name}: the cheapest of {len(found.tried)} that keeps {goal}."
        shown.print(Text(said, style="bold"))
        shown.print(f"It leaves {share(chosen.whole.unserved)} unserved at C = {chosen.whole.cost_ratio:.3f}.")
    shown.print(_validation(found))
    shown.print()
    for line in chart(found, min(shown.width - 10, _WIDEST)):
        shown.print(line, markup=False)
    shown.print()
    shown.print(_front(found))
    for note in notes:
        shown.print(Text(sentence(note), style="dim"))
    if pasted is not None:
        shown.print()
        shown.print(Text(_where(service, replaces=replaces, names_load="load:" in pasted), style="dim"), soft_wrap=True)
        shown.print(pasted, markup=False, highlight=False, soft_wrap=True)


def _where(service: str, *, replaces: bool, names_load: bool) -> str:
    """Say where in the plan the found policy goes, and that the rest of the service stays."""
    scaling, load = f"services.{service}.scaling", f", with services.{service}.load" if names_load else ""
    if replaces:
        return f"In the plan this takes the place of {scaling}{load}; what else the service has stays:"
    return f"In the plan this goes below services.{service}, which has no scaling yet; what else it has stays:"


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


def chart(found: "Tuned", width: int) -> list[str]:
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
    return [
        *lines,
        f"{'':>9}└{'─' * width}",
        f"{'unserved':>9} {foot}{f'{right:.2f}':>{width - len(foot)}}",
        f"{'':>10}{'   '.join(f'{mark} {_MARKS[mark]}' for mark in _MARKS if any(mark in each for each in lines))}",
    ]


def _level(power: float) -> str:
    return share(0 if 10**power <= _LEAST else 10**power)


def _front(found: "Tuned") -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("unbeaten on cost and unserved", overflow="fold")
    for head in ("C", "unserved", *(("SLO min/day",) if found.goal.violation_minutes_a_day is not None else ())):
        table.add_column(head, justify="right", no_wrap=True)
    rows = _spread(found.front, found.chosen)
    own = next((each for each in found.tried if each.candidate.name == AS_PLANNED), None)
    if own is not None and own not in rows:
        rows.append(own)
    for each in rows:
        figures = [f"{each.whole.cost_ratio:.3f}", share(each.whole.unserved)]
        if found.goal.violation_minutes_a_day is not None:
            figures.append(f"{each.whole.violation_minutes_a_day:.1f}")
        table.add_row(each.candidate.name, *figures, style="bold" if each is found.chosen else "")
    return table


def _spread(front: "Sequence[Tried]", chosen: "Tried | None") -> "list[Tried]":
    """Give at most a dozen of the front, the chosen one among them."""
    every = -(-len(front) // _FRONT_SHOWN) or 1
    return [each for index, each in enumerate(front) if index % every == 0 or each is chosen]


def _validation(found: "Tuned") -> str:
    word = "week" if found.block_seconds > 86_400 else "day"  # noqa: PLR2004 (a day)
    judged = [each for each in found.folds if each.chosen is not None]
    if not judged:
        return f"On no {word} could a policy be chosen on what came before."
    kept = sum(each.kept for each in judged)
    worst = max(each.chosen.blocks[each.block].unserved for each in judged if each.chosen is not None)
    return (
        f"Chosen on what came before and judged on the next {word}: the objective was kept in {kept} of {len(judged)}, "
        f"at worst {share(worst)} unserved."
    )


def _goal_text(goal: "Goal") -> str:
    parts = [] if goal.unserved is None else [f"at most {share(goal.unserved)} unserved"]
    if goal.violation_minutes_a_day is not None:
        parts.append(f"at most {goal.violation_minutes_a_day:g} SLO minutes a day")
    return " and ".join(parts)


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
