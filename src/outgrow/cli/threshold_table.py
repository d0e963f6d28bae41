"""Thresholds and what became of them, laid out for a terminal."""

from collections.abc import Sequence
from typing import Final

from rich.table import Table
from rich.text import Text

from outgrow.cli.common import console
from outgrow.facts.proofs import ThresholdResult, ThresholdVerdict
from outgrow.report.load_words import clock, threshold_value
from outgrow.report.said import said
from outgrow.report.words import Words

_STYLES: Final = {
    ThresholdVerdict.PASSED: "green",
    ThresholdVerdict.FAILED: "bold red",
    ThresholdVerdict.NO_DATA: "bold yellow",
}


def print_thresholds(thresholds: Sequence[ThresholdResult], words: Words, ended_by: str = "") -> None:
    """Print each threshold with its value and verdict, and which of them ended the run."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column(words("load.head.threshold"), overflow="fold")
    table.add_column(words("load.head.measured").lower(), justify="right", no_wrap=True)
    table.add_column(words("load.head.verdict").lower(), overflow="fold")
    for each in thresholds:
        table.add_row(
            said(each.text, words), threshold_value(each), Text(verdict_of(each, words), style=_STYLES[each.verdict])
        )
    shown = console()
    shown.print(table)
    if ended_by:
        shown.print(Text(words("load.table.ended_by", threshold=ended_by), style="bold red"))


def verdict_of(result: ThresholdResult, words: Words) -> str:
    """Word what became of a threshold, with when or why."""
    verdict = words(f"load.threshold.{result.verdict.name.lower()}")
    if result.scenario:
        verdict = words("roadmap.in_scenario", told=verdict, scenario=result.scenario)
    if result.why:
        return f"{verdict}: {said(result.why, words)}"
    if result.first_failed_seconds is not None:
        return f"{verdict}, {words('roadmap.first_failed', at=clock(result.first_failed_seconds))}"
    return verdict
