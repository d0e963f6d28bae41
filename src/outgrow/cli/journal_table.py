"""What the journal remembers, laid out for a terminal."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from outgrow.cli.check_table import badge
from outgrow.cli.common import stamp
from outgrow.control.replay import Replay
from outgrow.control.scaling_records import Mode
from outgrow.facts.decisions import Decision, Event, EventKind, JsonObject
from outgrow.plan import Plan
from outgrow.plan.grades import Grade


def print_decisions(shown: Console, plan: Plan, decisions: Sequence[Decision]) -> None:
    """Print verdicts as they were given, oldest first."""
    table = Table(box=None, padding=(0, 2, 0, 0), show_header=False)
    for decision in decisions:
        table.add_row(
            stamp(decision.at, plan.timezone),
            _grade(decision.grade),
            decision.checkpoint,
            Text(decision.rule_hash, style="dim"),
        )
    shown.print(table if decisions else "no verdicts in that span")
    _print_where_scaling_is(shown, plan)


def print_events(shown: Console, plan: Plan, events: Sequence[Event]) -> None:
    """Print events, oldest first."""
    table = Table(box=None, padding=(0, 2, 0, 0), show_header=False)
    told = [each for each in events if not _changed_nothing(each)]
    for event in told:
        end = "open" if event.end is None else stamp(event.end, plan.timezone) if event.end > event.start else ""
        table.add_row(event.kind.value, stamp(event.start, plan.timezone), end, event.subject, _told(event))
    shown.print(table if told else "no events in that span")
    if len(told) < len(events):
        kept = "scaling decisions changed nothing and are not listed; outgrow scale SERVICE --replay lists all"
        also = "(with --dry-run or --shadow those of a dry run or a shadow)"
        shown.print(Text(f"{len(events) - len(told):,} {kept} {also}", style="dim"), soft_wrap=True)


def _told(event: Event) -> str:
    """Give an event's sentence; of scaling that ordered nothing real, that too."""
    text, mode = str(event.detail.get("text", "")), str(event.detail.get("mode", ""))
    is_imagined = event.kind is EventKind.SCALING and mode in {Mode.DRY_RUN, Mode.SHADOW}
    return f"{mode}: {text}" if is_imagined else text


def _changed_nothing(event: Event) -> bool:
    """Say whether an event is a scaling decision to stay: of these there is one every few seconds."""
    if event.kind is not EventKind.SCALING or "decision" not in event.detail:
        return False
    decision: JsonObject = event.detail["decision"]
    return decision.get("current") == decision.get("desired")


def print_replays(shown: Console, plan: Plan, replays: Sequence[Replay]) -> None:
    """Print what judging again gave; only differences and what could not be judged are listed."""
    same = sum(not each.differs and not each.skipped for each in replays)
    for each in replays:
        moment = stamp(each.decision.at, plan.timezone)
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
    _print_where_scaling_is(shown, plan)


def _print_where_scaling_is(shown: Console, plan: Plan) -> None:
    """Say where the decisions of a plan's scaled services are looked for: they are no verdicts."""
    scaled = [name for name, service in plan.services.items() if service.scaling is not None]
    if scaled:
        said = "Scaling decisions are no verdicts: outgrow journal events lists those that changed a number,"
        again = f"outgrow scale SERVICE --replay all of {', '.join(scaled)}"
        shown.print(Text(f"{said} {again}", style="dim"), soft_wrap=True)


def _grade(grade: Grade | None) -> Text:
    word = grade.word if grade is not None else "unknown"
    return badge(word, word)
