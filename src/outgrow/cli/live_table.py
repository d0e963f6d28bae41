"""What `outgrow validate --live` found, laid out for a terminal."""

from rich.console import Console
from rich.table import Table
from rich.text import Text

from outgrow.cli.common import console
from outgrow.facts.checks import Measurement, SourceFacts
from outgrow.facts.samples import Measured, Missing
from outgrow.plan import Plan
from outgrow.quantity import format_duration, format_in
from outgrow.report.conditions import labels_text, reason_of
from outgrow.report.said import said
from outgrow.report.words import Words


def print_trial(plan: Plan, trial: Measurement, words: Words) -> None:
    """Print every source with its version, clock and warnings, then every signal with the value that it gave."""
    shown = console()
    for source in trial.sources.values():
        _print_source(shown, source, words)
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for name in ("table.signal", "table.value", "validate.live.past"):
        table.add_column(words(name), overflow="fold")
    for name, fact in trial.signals.items():
        past = said(fact.no_past, words) or words("validate.live.has_past")
        for labels, samples in fact.series.items() or [((), ())]:
            last = samples[-1] if samples else None
            match last:
                case Measured():
                    value = format_in(last.value, plan.signals[name].measure)
                    if last.newest is not None:
                        age = format_duration(max(last.at - last.newest, last.at - last.at))
                        value += words("validate.live.newest", age=age)
                case Missing():
                    value = words("validate.live.no_value", why=reason_of(last, words))
                case None:
                    why = fact.failure or words("validate.live.no_rows")
                    value = words("validate.live.no_value", why=why)
            table.add_row(f"{name} {labels_text(labels)}".strip(), value, past)
    shown.print(table)


def _print_source(shown: Console, source: SourceFacts, words: Words) -> None:
    skew = ""
    if source.clock_skew is not None:
        skew = words("validate.live.clock", seconds=f"{source.clock_skew.total_seconds():+.1f}")
    line = Text(f"{source.name}", style="bold").append(f"  {source.kind} {source.version}{skew}", style="dim")
    shown.print(line)
    for warning in source.warnings:
        shown.print(Text("  " + words("validate.live.warning", warning=warning)), soft_wrap=True)
    for note in source.notes:
        shown.print(Text(f"  {said(note, words)}"), soft_wrap=True)
    for failure in source.failures:
        shown.print(Text("  " + words("validate.live.failed", failure=failure), style="bold red"), soft_wrap=True)
