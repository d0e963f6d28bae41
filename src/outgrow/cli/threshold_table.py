"""Thresholds and what became of them, laid out for a terminal."""

from collections.abc import Sequence
from typing import Final

from rich.table import Table
from rich.text import Text

from outgrow.cli.common import console
from outgrow.facts.proofs import ThresholdResult, ThresholdVerdict
from outgrow.quantity import format_in, natural_unit, parse_unit

_STYLES: Final = {
    ThresholdVerdict.PASSED: "green",
    ThresholdVerdict.FAILED: "bold red",
    ThresholdVerdict.NO_DATA: "bold yellow",
}


def print_thresholds(thresholds: Sequence[ThresholdResult], ended_by: str = "") -> None:
    """Print each threshold with its value and verdict."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("Threshold", overflow="fold")
    table.add_column("value", justify="right", no_wrap=True)
    table.add_column("verdict", overflow="fold")
    for each in thresholds:
        table.add_row(each.text, value_of(each), Text(verdict_of(each), style=_STYLES[each.verdict]))
    shown = console()
    shown.print(table)
    if ended_by:
        shown.print(Text(f"ended early by {ended_by}", style="bold red"))


def value_of(result: ThresholdResult) -> str:
    """Show a threshold's value in the unit that people would choose."""
    if result.value is None:
        return "–"
    unit = parse_unit(result.unit)
    return format_in(result.value, unit, natural_unit(result.value or result.limit, unit))


def verdict_of(result: ThresholdResult) -> str:
    """Word what became of a threshold, with when or why."""
    if result.why:
        return f"{result.verdict}: {result.why}"
    if result.first_failed_seconds is not None:
        return f"{result.verdict} first after {result.first_failed_seconds:.0f} s"
    return result.verdict
