"""What the journal remembers, laid out for a terminal."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from outgrow.cli.check_table import badge
from outgrow.control.replay import Replay
from outgrow.facts.decisions import Decision, Event, EventKind, JsonObject
from outgrow.plan import Plan
from outgrow.plan.grades import Grade
from outgrow.plan.sources import zone_of
from outgrow.report.words import Words


def print_decisions(shown: Console, plan: Plan, decisions: Sequence[Decision]) -> None:
    """Print verdicts as they were given, oldest first."""
    words = Words("en", zone_of(plan.timezone))
    table = Table(box=None, padding=(0, 2, 0, 0), show_header=False)
    for decision in decisions:
        table.add_row(
            words.moment(decision.at),
            _grade(decision.grade),
            decision.checkpoint,
            Text(decision.rule_hash, style="dim"),
        )
    shown.print(table if decisions else "no decisions in that span")


def print_events(shown: Console, plan: Plan, events: Sequence[Event]) -> None:
    """Print events, oldest first."""
    words = Words("en", zone_of(plan.timezone))
    table = Table(box=None, padding=(0, 2, 0, 0), show_header=False)
    told = [each for each in events if not _changed_nothing(each)]
    for event in told:
        end = words.moment(event.end) if event.end else "open"
        table.add_row(
            event.kind.value, words.moment(event.start), end, event.subject, str(event.detail.get("text", ""))
        )
    shown.print(table if told else "no events in that span")
    if len(told) < len(events):
        kept = "scaling decisions changed nothing and are not listed; outgrow scale SERVICE --replay lists all"
        shown.print(Text(f"{len(events) - len(told):,} {kept}", style="dim"))


def _changed_nothing(event: Event) -> bool:
    """Say whether an event is a scaling decision to stay: of these there is one every few seconds."""
    if event.kind is not EventKind.SCALING or "decision" not in event.detail:
        return False
    decision: JsonObject = event.detail["decision"]
    return decision.get("current") == decision.get("desired")


def print_replays(shown: Console, plan: Plan, replays: Sequence[Replay]) -> None:
    """Print what judging again gave; only differences and what could not be judged are listed."""
    words = Words("en", zone_of(plan.timezone))
    same = sum(not each.differs and not each.skipped for each in replays)
    for each in replays:
        moment = words.moment(each.decision.at)
        if each.differs:
            shown.print(
                Text(f"differs: {each.decision.checkpoint} at {moment}: "),
                _grade(each.decision.grade),
                Text("then,"),
                _grade(each.grade),
                Text("now"),
            )
        elif each.skipped:
            shown.print(Text(f"not judged again: {each.decision.checkpoint} at {moment}: {each.skipped}", style="dim"))
    shown.print(f"{same} of {len(replays)} decisions replay to the same verdict")


def _grade(grade: Grade | None) -> Text:
    word = grade.word if grade is not None else "unknown"
    return badge(word, word)
