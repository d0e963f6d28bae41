"""The SQLite adapter shows itself to the contract suite."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime
from pathlib import Path

import apsw
import pytest

from outgrow.errors import Failure
from outgrow.facts.samples import Absence
from outgrow.observe.sqlite import SqliteSignals
from outgrow.plan.sources import SqliteSource
from tests.contracts.signal_sources import Exhibit
from tests.observe.sql_content import MINUTES, by_region, events, past_means, signal

MEAN = """
    SELECT avg(latency_ms) AS value, count(*) AS n, max(created_at) AS newest FROM event
    WHERE created_at > datetime(:now, '-30 minutes') AND created_at <= :now;
"""
BY_REGION = """
    SELECT region, count(*) AS value FROM event WHERE created_at > datetime(:now, '-1 day') GROUP BY region
"""


@asynccontextmanager
async def exhibit(_request: pytest.FixtureRequest, folder: Path) -> AsyncGenerator[Exhibit]:
    now = datetime.now(UTC)
    fill(folder / "events.sqlite", now)

    def source(path: str) -> SqliteSignals:
        return SqliteSignals(SqliteSource(kind="sqlite", path=path), {}, folder)

    shown = Exhibit(
        source=source("events.sqlite"),
        known=signal("SELECT count(*) AS value FROM event"),
        value=2 * MINUTES,
        labelled=(signal(BY_REGION, by=("region",)), by_region(MINUTES)),
        absent=(signal("SELECT avg(latency_ms) AS value, count(*) AS n FROM event WHERE false"), Absence.EMPTY_WINDOW),
        broken=(signal("SELECT count(*) AS value FROM evnt"), Failure.NO_SUCH_THING),
        past=(signal(MEAN), past_means(now)),
        only_present=signal("SELECT count(*) AS value FROM event"),
        unreachable=source("nowhere.sqlite"),
        unreachable_failure=Failure.NOT_CONFIGURED,
    )
    try:
        yield shown
    finally:
        await shown.source.aclose()


def fill(path: Path, now: datetime) -> None:
    """Make the file with its known content."""
    with closing(apsw.Connection(str(path))) as connection:
        connection.execute("CREATE TABLE event (created_at TEXT, region TEXT, latency_ms INTEGER)")
        rows = [(f"{at:%Y-%m-%d %H:%M:%S}", region, latency) for at, region, latency in events(now)]
        with connection:
            connection.executemany("INSERT INTO event VALUES (?, ?, ?)", rows)
