"""A rehearsal laid out for a terminal: the sentence, a row a policy, and what was assumed."""

from dataclasses import astuple
from typing import TYPE_CHECKING, Final

from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

from outgrow.cli.common import console
from outgrow.simulate.rehearsal import Part

if TYPE_CHECKING:
    from outgrow.report.rehearsal_view import RehearsalRow, RehearsalView

_DROPPED: Final = (3, 6, 7, 2, 5, 8)
"""What a terminal has no room for goes in this order: C (it says the same as regret), the hours (as the cost does), SLO
minutes, too few, actions, p95."""
_BETWEEN: Final = 2
"""Blanks between columns."""


def print_rehearsal(view: "RehearsalView", *, curve: bool) -> None:
    """Print a rehearsal; a narrow terminal shows the first figures only."""
    shown = console()
    shown.print(Text(view.headline, style="bold"))
    for sentence in view.lead:
        shown.print(sentence)
    shown.print()
    rows = [row for row in view.rows if curve or row.part is not Part.CURVE]
    columns = _columns(view, shown.width)
    table = Table(box=None, padding=(0, _BETWEEN, 0, 0), header_style="dim")
    for column in columns:
        table.add_column(_cells(view.heads)[column], justify="left" if column == 0 else "right", no_wrap=True)
    before: Part | None = None
    for row in rows:
        if before is not None and row.part is not before and Part.CURVE in {row.part, before}:
            table.add_row()
        style = "bold" if row.part is Part.POLICY else "dim" if row.part is Part.ORACLE else ""
        table.add_row(*(_cells(row)[column] for column in columns), style=style)
        before = row.part
    shown.print(table)
    shown.print()
    for sentence in (*view.setting, *view.notes):
        shown.print(Text(sentence, style="dim"))


def _columns(view: "RehearsalView", width: int) -> list[int]:
    """Choose the columns: those that say anything, as many as there is room for."""
    cells = [_cells(row) for row in (view.heads, *view.rows)]
    widths = [max(cell_len(row[column]) for row in cells) + _BETWEEN for column in range(len(cells[0]))]
    chosen = [column for column in range(len(widths)) if any(row[column] for row in cells[1:])]
    for column in _DROPPED:
        if sum(widths[each] for each in chosen) <= width:
            break
        chosen = [each for each in chosen if each != column]
    return chosen


def _cells(row: "RehearsalRow") -> list[str]:
    name, _, *figures = astuple(row)
    return [name, *figures]
