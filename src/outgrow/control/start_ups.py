"""How long replicas take from being ordered to being ready: noted once for each, and what a service's lead is."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from math import ceil
from typing import Final

from outgrow.facts.decisions import Event, EventKind
from outgrow.facts.replicas import Replica
from outgrow.ports import Journal

LOOK_BACK: Final = timedelta(days=30)
_SHARE: Final = 0.95
_NEWEST: Final = 200


def start_up_event(service: str, replica: Replica, recorded_at: datetime) -> Event | None:
    """Give the event that keeps a replica's start-up; none where it is not known."""
    if replica.ordered_at is None or replica.ready_at is None or replica.ready_at < replica.ordered_at:
        return None
    seconds = (replica.ready_at - replica.ordered_at).total_seconds()
    detail = {"text": f"{replica.name} was ready after {seconds:.3g} s", "replica": replica.name, "seconds": seconds}
    return Event(EventKind.START_UP, replica.ordered_at, replica.ready_at, recorded_at, service, detail)


async def start_ups_of(journal: Journal, service: str, now: datetime) -> Sequence[Event]:
    """Give a service's start-ups of the last thirty days, oldest first."""
    return await journal.events(kinds=[EventKind.START_UP], subject=service, start=now - LOOK_BACK, end=now)


def lead_of(start_ups: Iterable[Event]) -> timedelta | None:
    """Give the start-up time that 95 of 100 replicas stay within, of the newest 200; none where none is known."""
    seconds = sorted(float(each.detail["seconds"]) for each in list(start_ups)[-_NEWEST:])
    if not seconds:
        return None
    # Nearest rank: with few replicas this is the slowest of them.
    return timedelta(seconds=seconds[ceil(_SHARE * len(seconds)) - 1])
