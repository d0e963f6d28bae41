"""What the journal remembers, laid out for a terminal."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from outgrow.cli.check_table import badge
from outgrow.cli.common import stamp
from outgrow.control.replay import Replay
from outgrow.control.scaling_records import Mode
from outgrow.facts.decisions import Decision, Event, EventKind
from outgrow.facts.scaling import Rule
from outgrow.plan import Plan
from outgrow.plan.grades import Grade
from outgrow.report.happened import event_text
from outgrow.report.said import said
from outgrow.report.words import Words

_BETWEEN: Final = 2
_LEAST_ROOM: Final = 32
"""Of a column of sentences: in fewer cells they are hard to read."""


def print_decisions(shown: Console, plan: Plan, decisions: Sequence[Decision], words: Words) -> None:
    """Print verdicts as they were given, oldest first."""
    rows = [
        (
            Text(stamp(decision.at, plan.timezone)),
            _grade(decision.grade, words),
            Text(decision.checkpoint),
            Text(decision.rule_hash, style="dim"),
        )
        for decision in decisions
    ]
    if rows:
        _print_rows(shown, rows, whole=2)
    else:
        shown.print(words("journal.no_verdicts"))
    _print_where_scaling_is(shown, plan, words)


def print_events(shown: Console, plan: Plan, events: Sequence[Event], words: Words) -> None:
    """Print events, oldest first: kind, beginning, how long it lasted, what it is about, and a sentence."""
    told = _news(events)
    rows = [
        (
            Text(words(f"journal.kind.{event.kind.value}")),
            Text(stamp(event.start, plan.timezone)),
            Text(_lasted(event, words)),
            Text(event.subject),
            Text(_told(event, words)),
        )
        for event in told
    ]
    if rows:
        _print_rows(shown, rows, whole=3)
    else:
        shown.print(words("journal.no_events"))
    if len(told) < len(events):
        left_out = words("journal.left_out", n=f"{len(events) - len(told):,}")
        shown.print(Text(left_out, style="dim"), soft_wrap=True)


def _print_rows(shown: Console, rows: Sequence[Sequence[Text]], *, whole: int) -> None:
    """Print rows whose first cells are never cut, however narrow the terminal is.

    Where too little room is left for the last cells, all but the first stand below these.
    """
    *widths, last = (max(cell.cell_len for cell in column) + _BETWEEN for column in zip(*rows, strict=True))
    if shown.width - sum(widths) >= min(last, _LEAST_ROOM):
        table = Table(box=None, padding=(0, _BETWEEN, 0, 0), show_header=False)
        for index in range(len(rows[0])):
            table.add_column(no_wrap=index < whole, overflow="fold")
        for row in rows:
            table.add_row(*row)
        shown.print(table)
        return
    between = Text(" " * _BETWEEN)
    for row in rows:
        cells = zip(row[:whole], widths[:whole], strict=True)
        shown.print(Text.assemble(*(part for cell, width in cells for part in (cell, " " * (width - cell.cell_len)))))
        if below := between.join(cell for cell in row[whole:] if cell):
            shown.print(Padding(below, (0, 0, 0, _BETWEEN)))


def _lasted(event: Event, words: Words) -> str:
    """Say how long an event lasted; nothing of what is over within a second."""
    if event.end is None:
        return words("journal.open")
    lasted = event.end - event.start
    return words.span(lasted) if lasted >= timedelta(seconds=1) else ""


def _told(event: Event, words: Words) -> str:
    """Give an event's sentence; of scaling that ordered nothing real, that too."""
    told, mode = event_text(event, words), str(event.detail.get("mode", ""))
    is_imagined = event.kind is EventKind.SCALING and mode in {Mode.DRY_RUN, Mode.SHADOW}
    return f"{words(f'scaling.mode.{Mode(mode).name.lower()}')}: {told}" if is_imagined else told


def _news(events: Sequence[Event]) -> list[Event]:
    """Leave out scaling decisions to stay, of which there is one every few seconds.

    The first of a row that the maximum held back stays: that a service has reached it is news, though nothing changed.
    """
    held: dict[tuple[str, str], bool] = {}
    told: list[Event] = []
    for event in events:
        decision: Any = event.detail.get("decision") if event.kind is EventKind.SCALING else None
        if not isinstance(decision, dict):
            told.append(event)
            continue
        whose = event.subject, str(event.detail.get("mode", ""))
        was_held, held[whose] = held.get(whose, False), decision.get("rule") == Rule.MAXIMUM
        if decision.get("current") != decision.get("desired") or (held[whose] and not was_held):
            told.append(event)
    return told


def print_replays(shown: Console, plan: Plan, replays: Sequence[Replay], words: Words) -> None:
    """Print what judging again gave; only differences and what could not be judged are listed."""
    same = sum(not each.differs and not each.skipped for each in replays)
    for each in replays:
        moment = stamp(each.decision.at, plan.timezone)
        if each.differs:
            shown.print(
                Text(words("journal.differs", checkpoint=each.decision.checkpoint, moment=moment)),
                _grade(each.decision.grade, words),
                Text(words("journal.then")),
                _grade(each.grade, words),
                Text(words("journal.now")),
            )
        elif each.skipped:
            why = said(each.skipped, words)
            skipped = words("journal.skipped", checkpoint=each.decision.checkpoint, moment=moment, why=why)
            shown.print(Text(skipped, style="dim"))
    shown.print(words("journal.same", same=same, of=len(replays)))
    _print_where_scaling_is(shown, plan, words)


def _print_where_scaling_is(shown: Console, plan: Plan, words: Words) -> None:
    """Say where the decisions of a plan's scaled services are looked for: they are no verdicts."""
    scaled = [name for name, service in plan.services.items() if service.scaling is not None]
    if scaled:
        where = words("journal.where_scaling_is", services=", ".join(scaled))
        shown.print(Text(where, style="dim"), soft_wrap=True)


def _grade(grade: Grade | None, words: Words) -> Text:
    word = grade.word if grade is not None else "unknown"
    return badge(word, words(f"grade.{word}"))
