"""A backtest laid out for a terminal: one line per change of a verdict."""

from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from outgrow.cli.check_table import STATE_MARKS, badge
from outgrow.cli.common import console
from outgrow.facts.backtests import BacktestFacts
from outgrow.plan import Plan
from outgrow.plan.sources import zone_of
from outgrow.quantity import format_duration
from outgrow.report.backtest_view import ChangeView, change_views
from outgrow.report.words import Words


def print_backtest(plan: Plan, facts: BacktestFacts, language: str, *, evidence: bool) -> None:
    """Print every checkpoint's changes in time order, and what could not be asked."""
    shown = console()
    words = Words(language, zone_of(plan.timezone))
    shown.print(Text(f"{words.moment(facts.start)} – {words.moment(facts.end)}  ({plan.timezone})", style="dim"))
    for name in facts.changes:
        shown.print()
        shown.print(Text(plan.checkpoints[name].title or name, style="bold"))
        table = Table(box=None, padding=(0, 2, 0, 0), show_header=False)
        for change in change_views(plan, facts, name, words):
            table.add_row(change.at_text, badge(change.grade, change.grade_word), change.lasted, _conditions(change))
            if evidence:
                for condition in change.conditions:
                    value = condition.headroom.value if condition.headroom else "–"
                    table.add_row(
                        "",
                        "",
                        "",
                        Text(f"{condition.name} {value} ({condition.statement}) {condition.detail}", style="dim"),
                    )
        shown.print(Padding(table, (0, 0, 0, 2)))
    for source in facts.sources.values():
        for failure in source.failures:
            shown.print(Text(f"! {source.name}: {failure}"))
    for name, fact in facts.signals.items():
        if fact.no_past:
            shown.print(Text(f"{name}: {fact.no_past}", style="dim"))
    longest = max(facts.steps.values(), default=None)
    if longest is not None:
        shown.print(
            Text(
                f"judged every {format_duration(min(facts.steps.values()))} to {format_duration(longest)}", style="dim"
            )
        )


def _conditions(change: ChangeView) -> Text:
    states = " ".join(f"{each.name}{STATE_MARKS[each.state]}" for each in change.conditions)
    undecided = f"  undecided: {change.undecided}" if change.undecided else ""
    return Text(states).append(undecided, style="dim")
