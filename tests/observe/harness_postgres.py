"""The PostgreSQL adapter shows itself to the contract suite."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest

from outgrow.errors import Failure
from outgrow.facts.samples import Absence
from outgrow.observe.postgres import PostgresSignals
from outgrow.plan.sources import PostgresSource
from outgrow.quantity import Duration
from tests.contracts.signal_sources import Exhibit
from tests.observe.sql_content import MINUTES, by_region, events, past_means, signal
from tests.servers.process import free_port

MEAN = """
    SELECT avg(latency_ms) AS value, count(*) AS n, max(created_at) AS newest FROM event
    WHERE created_at > :now - interval '30 minutes' AND created_at <= :now;
"""
BY_REGION = """
    SELECT region, count(*) AS value FROM event WHERE created_at > :now - interval '1 day' GROUP BY region
"""


@asynccontextmanager
async def exhibit(request: pytest.FixtureRequest, folder: Path) -> AsyncGenerator[Exhibit]:
    url = request.getfixturevalue("postgres_url")
    start_proxy = request.getfixturevalue("faulty_proxy")
    now = datetime.now(UTC)
    await fill(url, now)
    parts = urlsplit(url)
    proxy = start_proxy(parts.port)
    proxy.hang()

    def source(port: int, timeout: str = "5s") -> PostgresSignals:
        address = f"postgresql://postgres:${{PASSWORD}}@127.0.0.1:{port}{parts.path}"
        options = PostgresSource(kind="postgres", url=address, timeout=Duration.parse(timeout))
        return PostgresSignals(options, {"PASSWORD": parts.password or ""}, folder)

    shown = Exhibit(
        source=source(parts.port or 0),
        known=signal("SELECT count(*) AS value FROM event"),
        value=2 * MINUTES,
        labelled=(signal(BY_REGION, by=("region",)), by_region(MINUTES)),
        absent=(signal("SELECT avg(latency_ms) AS value, count(*) AS n FROM event WHERE false"), Absence.EMPTY_WINDOW),
        broken=(signal("SELECT count(*) AS value FROM evnt"), Failure.NO_SUCH_THING),
        past=(signal(MEAN), past_means(now)),
        only_present=signal("SELECT count(*) AS value FROM pg_stat_activity WHERE query_start < :now"),
        unreachable=source(free_port()),
        hanging=source(proxy.port, "300ms"),
        secret=parts.password or "",
    )
    try:
        yield shown
    finally:
        await shown.source.aclose()


async def fill(url: str, now: datetime) -> None:
    """Make the table with its known content anew."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(
            "DROP TABLE IF EXISTS event; CREATE TABLE event (created_at timestamptz, region text, latency_ms integer)"
        )
        await connection.copy_records_to_table("event", records=events(now))
    finally:
        await connection.close()
