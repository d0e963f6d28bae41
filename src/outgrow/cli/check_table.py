"""A check laid out for a terminal: worst first, headroom bars on one ruler, words before colours."""

from collections.abc import Iterable
from typing import Final

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from outgrow.cli.common import console
from outgrow.report.sparks import spark
from outgrow.report.views import CheckpointView, CheckView, ConditionView, HeadroomView
from outgrow.report.words import Words, texts_of

# Weight is the second channel after the word; colour only the third, so the table reads the same without it.
_STYLES: Final = {
    "emergency": "bold white on dark_red",
    "urgent": "bold white on dark_red",
    "required": "bold black on yellow",
    "unknown": "bold dim",
    "recommended": "bold blue",
    "monitor": "",
    "clear": "dim",
}
_SHAPES: Final = {
    "emergency": "⬣",
    "urgent": "⬣",
    "required": "▲",
    "unknown": "?",
    "recommended": "◆",
    "monitor": "○",
    "clear": "·",
}
STATE_MARKS: Final = {"held": "■", "not_held": "□", "unknown": "?"}
_BAR: Final = 18
_THRESHOLD_AT: Final = 12  # two thirds: all thresholds form one vertical line
# Name, least and most width; together they fill 120 columns.
_COLUMNS: Final = (
    ("verdict", None, None),
    ("checkpoint", 30, 44),
    ("headroom", 19, 24),
    ("crossing", 20, 28),
    ("due", 16, 22),
)


def print_check(view: CheckView, *, evidence: bool) -> None:
    """Print a check; with `evidence` every condition with its samples, query and coverage."""
    shown = console()
    words = texts_of(view.language)
    shown.print(Text(view.headline, style="bold"))
    for line in view.sublines:
        shown.print(Text(line, style="dim"))
    shown.print()
    if view.checkpoints:
        shown.print(_overview(view, words))
    if evidence:
        for checkpoint in view.checkpoints:
            print_evidence(shown, checkpoint, words)
    _print_levels(shown, view, words)
    _print_alerts(shown, view, words)
    _print_problems(shown, view, words)
    for note in view.notes:
        shown.print(Text(note, style="dim"), soft_wrap=True)


def _overview(view: CheckView, words: Words) -> Table:
    table = Table(box=None, padding=(0, 2, 1, 0), header_style="dim", expand=False)
    for name, least, most in _COLUMNS:
        table.add_column(words(f"table.{name}"), overflow="fold", min_width=least, max_width=most)
    for checkpoint in view.checkpoints:
        table.add_row(
            badge(checkpoint.grade, checkpoint.grade_word, shadow=checkpoint.shadow),
            _about(checkpoint),
            _headroom(checkpoint.nearest),
            _crossing(checkpoint),
            Text(checkpoint.due.text, style="bold red" if checkpoint.due.late else ""),
        )
    return table


def badge(grade: str, word: str, *, shadow: bool = False) -> Text:
    """Show a grade by word, shape and weight."""
    return Text(f" {_SHAPES[grade]} {word} ", style="dim" if shadow else _STYLES[grade])


def _about(checkpoint: CheckpointView) -> Group:
    squares = Text(
        " ".join(f"{each.name}{STATE_MARKS[each.state]}" for each in checkpoint.conditions) + f"  {checkpoint.holds}",
        style="dim",
    )
    lines: list[RenderableType] = [Text(checkpoint.title, style="bold")]
    lines += [Text(line) for line in (checkpoint.reason,) if line]
    lines += [Text(line, style="italic" if line.isascii() else "") for line in (checkpoint.note,) if line]
    return Group(*lines, squares)


def _headroom(condition: ConditionView | None) -> RenderableType:
    if condition is None or condition.headroom is None:
        return Text("–", style="dim")
    headroom = condition.headroom
    return Group(
        Text(headroom.text, style="bold red" if headroom.over else "bold"),
        bar(headroom),
        Text(f"{condition.name}: {headroom.value} / {headroom.threshold}", style="dim"),
        Text(spark(condition.hours), style="dim"),
    )


def bar(headroom: HeadroomView) -> Text:
    """Draw a value against its threshold, which stands at two thirds of the width; overshoot is hatched."""
    if headroom.used is None:
        return Text("")
    filled = max(0, min(_BAR, round(headroom.used * _THRESHOLD_AT)))
    inside = "█" * min(filled, _THRESHOLD_AT) + "·" * (_THRESHOLD_AT - min(filled, _THRESHOLD_AT))
    beyond = filled - _THRESHOLD_AT
    outside = "▨" * max(0, beyond) + "·" * (_BAR - _THRESHOLD_AT - max(0, beyond))
    text = Text(inside, style="" if headroom.used >= 0.8 else "grey58")  # noqa: PLR2004 (ink from 80 % used)
    return text.append("┃", style="bold").append(outside, style="red" if beyond > 0 else "grey58")


def _crossing(checkpoint: CheckpointView) -> RenderableType:
    crossing = checkpoint.crossing
    if crossing is None:
        return Text("–", style="dim")
    lines = [
        Text(
            f"{crossing.grade_word}: {crossing.text}" if not crossing.held else crossing.text,
            style="bold" if crossing.days is not None else "",
        )
    ]
    if crossing.why:
        lines.append(Text(crossing.why, style="dim"))
    if crossing.interval:
        lines.append(Text(crossing.interval, style="dim"))
    if crossing.start_by:
        lines.append(Text(f"⚑ {crossing.start_by}", style="bold red" if crossing.overdue else ""))
    return Group(*lines)


def print_evidence(shown: Console, checkpoint: CheckpointView, words: Words) -> None:
    """Print one checkpoint's conditions, rules and what would change its verdict."""
    shown.print()
    shown.print(Text(checkpoint.title, style="bold").append(f"  ({checkpoint.name})", style="dim"))
    shown.print(badge(checkpoint.grade, checkpoint.grade_word, shadow=checkpoint.shadow), Text(checkpoint.note))
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for name in ("condition", "state", "value", "threshold", "trend"):
        table.add_column(words(f"table.{name}"), overflow="fold")
    for condition in checkpoint.conditions:
        value = f"{condition.headroom.value} ({condition.headroom.age})" if condition.headroom else "–"
        table.add_row(
            Text(f"{condition.name} {condition.title}").append(f" {condition.labels}", style="dim"),
            Text(f"{STATE_MARKS[condition.state]} {condition.state_word}"),
            value,
            condition.statement,
            spark(condition.recent),
        )
    shown.print(Padding(table, (0, 0, 0, 2)))
    for condition in checkpoint.conditions:
        details = " · ".join(part for part in (condition.detail, condition.coverage) if part)
        if details:
            shown.print(Padding(Text(f"{condition.name}: {details}", style="dim"), (0, 0, 0, 2)))
    _print_rules(shown, checkpoint)
    _print_list(shown, words("section.changes"), checkpoint.changes)
    _print_list(shown, words("section.deadlines"), checkpoint.due.details)
    _print_queries(shown, checkpoint.conditions)


def _print_rules(shown: Console, checkpoint: CheckpointView) -> None:
    for grade, formula, state in checkpoint.rules:
        shown.print(Padding(Text(f"{grade} = {formula}: {state}", style="dim"), (0, 0, 0, 2)))


def _print_list(shown: Console, title: str, lines: Iterable[str]) -> None:
    lines = tuple(lines)
    if lines:
        shown.print(Padding(Text(title, style="bold"), (0, 0, 0, 2)))
        for line in lines:
            shown.print(Padding(Text(f"- {line}"), (0, 0, 0, 2)))


def _print_queries(shown: Console, conditions: Iterable[ConditionView]) -> None:
    for condition in conditions:
        if condition.query:
            shown.print(Padding(Text(f"{condition.name} {condition.signal}:", style="dim"), (0, 0, 0, 2)))
            shown.print(Padding(Text(condition.query, style="dim"), (0, 0, 0, 4)))


def _print_levels(shown: Console, view: CheckView, words: Words) -> None:
    if view.levels:
        shown.print(Text(words("section.levels"), style="bold"))
        table = Table(box=None, padding=(0, 2, 0, 0), show_header=False)
        for level in view.levels:
            table.add_row(level.title, level.value, level.band_word, Text(level.figures, style="dim"))
        shown.print(Padding(table, (0, 0, 1, 2)))


def _print_alerts(shown: Console, view: CheckView, words: Words) -> None:
    if view.alerts:
        shown.print(Text(words("section.alerts"), style="bold"))
        table = Table(box=None, padding=(0, 2, 0, 0), show_header=False)
        for alert in view.alerts:
            value = alert.condition.headroom.value if alert.condition.headroom else "–"
            table.add_row(
                STATE_MARKS[alert.condition.state],
                alert.title,
                value,
                alert.condition.statement,
                alert.condition.state_word,
            )
        shown.print(Padding(table, (0, 0, 1, 2)))


def _print_problems(shown: Console, view: CheckView, words: Words) -> None:
    for source in view.sources:
        for problem in source.problems:
            line = Text("! ", style="bold").append(words("note.failed", source=source.name, failure=problem))
            shown.print(line, soft_wrap=True)
