"""The spans of own load that a journal knows of: what a check, a backtest and a replay leave out."""

from collections.abc import Sequence
from datetime import datetime

from outgrow.decide.spans import OWN_LOAD, closed
from outgrow.facts.decisions import Event
from outgrow.ports import Journal


async def own_load(
    journal: Journal | None, start: datetime, end: datetime, *, recorded_until: datetime | None = None
) -> Sequence[Event]:
    """Give the spans of own load that touch [start, end], each with its end where one was noted.

    A span that nobody has closed touches everything after its start, however long ago that was.

    Args:
        journal: None gives nothing.
        start: timezone-aware.
        end: timezone-aware.
        recorded_until: leaves out what was noted later, so that an old decision can be repeated.
    """
    if journal is None:
        return ()
    known = [
        event
        for event in await journal.events(kinds=OWN_LOAD, end=end)
        if recorded_until is None or event.recorded_at <= recorded_until
    ]
    return tuple(event for event in closed(known) if event.end is None or event.end >= start)
