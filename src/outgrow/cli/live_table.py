"""What `outgrow validate --live` found, laid out for a terminal."""

from rich.table import Table
from rich.text import Text

from outgrow.cli.common import console
from outgrow.facts.checks import Measurement
from outgrow.facts.samples import Measured, Missing
from outgrow.plan import Plan
from outgrow.quantity import format_duration, format_in
from outgrow.report.conditions import labels_text, reason_of


def print_trial(plan: Plan, trial: Measurement) -> None:
    """Print every source with its version, clock and warnings, then every signal with the value that it gave."""
    shown = console()
    for source in trial.sources.values():
        skew = f", clock {source.clock_skew.total_seconds():+.1f} s" if source.clock_skew is not None else ""
        line = Text(f"{source.name}", style="bold").append(f"  {source.kind} {source.version}{skew}", style="dim")
        shown.print(line)
        for warning in source.warnings:
            shown.print(Text(f"  warning: {warning}"), soft_wrap=True)
        for note in source.notes:
            shown.print(Text(f"  {note}"), soft_wrap=True)
        for failure in source.failures:
            shown.print(Text(f"  failed: {failure}", style="bold red"), soft_wrap=True)
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for name in ("Signal", "Value", "Past"):
        table.add_column(name, overflow="fold")
    for name, fact in trial.signals.items():
        past = fact.no_past or "can be asked for"
        for labels, samples in fact.series.items() or [((), ())]:
            last = samples[-1] if samples else None
            match last:
                case Measured():
                    value = format_in(last.value, plan.signals[name].measure)
                    if last.newest is not None:
                        value += (
                            f" (newest row {format_duration(max(last.at - last.newest, last.at - last.at))} before)"
                        )
                case Missing():
                    value = f"no value: {reason_of(last)}"
                case None:
                    value = f"no value: {fact.failure or 'no rows'}"
            table.add_row(f"{name} {labels_text(labels)}".strip(), value, past)
    shown.print(table)
