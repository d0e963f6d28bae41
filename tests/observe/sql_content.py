"""One table with the same known content in every SQL database, and signals over it.

Events of two regions, one a minute each for the last four hours; the i-th minute ago (0 is the newest) took 100 + i ms.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from outgrow.facts.samples import Absence, labels_of
from outgrow.plan.signals import QuerySignal
from outgrow.plan.sources import SqlQuery

MINUTES = 240
WINDOW_MINUTES = 30
REGIONS = ("ID", "KR")


def signal(query: str, **options: Any) -> QuerySignal:
    """Declare a signal that reads a query."""
    return QuerySignal(source="db", read=SqlQuery(query=query), **options)


def events(now: datetime) -> list[tuple[datetime, str, int]]:
    """Give the rows: created_at, region, latency_ms. The newest is half a minute old."""
    newest = now - timedelta(seconds=30)
    return [(newest - timedelta(minutes=i), region, 100 + i) for i in range(MINUTES) for region in REGIONS]


def past_means(now: datetime) -> Mapping[datetime, float | Absence]:
    """Give the mean of the 30 minutes before each instant: the events are 0.5, 1.5, ... minutes older than it."""
    whole = {back: 100 + back + (WINDOW_MINUTES - 1) / 2 for back in (0, 7, 60, MINUTES - WINDOW_MINUTES)}
    found: dict[datetime, float | Absence] = {now - timedelta(minutes=back): mean for back, mean in whole.items()}
    return found | {now - timedelta(minutes=MINUTES + 60): Absence.EMPTY_WINDOW}


def by_region(value: float) -> Mapping[Any, float]:
    """Give the same value for each region's label set."""
    return {labels_of({"region": region}): value for region in REGIONS}
