"""The MySQL adapter shows itself to the contract suite, in front of a MariaDB."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from urllib.parse import urlsplit

import aiomysql
import pytest

from outgrow.errors import Failure
from outgrow.facts.samples import Absence
from outgrow.observe.mysql import MySqlSignals
from outgrow.plan.sources import MySqlSource
from outgrow.quantity import Duration
from tests.contracts.signal_sources import Exhibit
from tests.observe.sql_content import MINUTES, by_region, events, past_means, signal
from tests.servers.process import free_port

MEAN = """
    SELECT avg(latency_ms) AS value, count(*) AS n, max(created_at) AS newest FROM event
    WHERE created_at > :now - INTERVAL 30 MINUTE AND created_at <= :now;
"""
BY_REGION = """
    SELECT region, count(*) AS value FROM event WHERE created_at > :now - INTERVAL 1 DAY GROUP BY region
"""


@asynccontextmanager
async def exhibit(request: pytest.FixtureRequest, folder: Path) -> AsyncGenerator[Exhibit]:
    url = request.getfixturevalue("mariadb_url")
    start_proxy = request.getfixturevalue("faulty_proxy")
    now = datetime.now(UTC)
    await fill(url, now)
    parts = urlsplit(url)
    proxy = start_proxy(parts.port)
    proxy.hang()

    def source(port: int, timeout: str = "5s") -> MySqlSignals:
        address = f"mysql://{parts.username}:${{PASSWORD}}@127.0.0.1:{port}{parts.path}"
        options = MySqlSource(kind="mysql", url=address, timeout=Duration.parse(timeout))
        return MySqlSignals(options, {"PASSWORD": parts.password or ""}, folder)

    shown = Exhibit(
        source=source(parts.port or 0),
        known=signal("SELECT count(*) AS value FROM event"),
        value=2 * MINUTES,
        labelled=(signal(BY_REGION, by=("region",)), by_region(MINUTES)),
        absent=(signal("SELECT avg(latency_ms) AS value, count(*) AS n FROM event WHERE false"), Absence.EMPTY_WINDOW),
        broken=(signal("SELECT count(*) AS value FROM evnt"), Failure.NO_SUCH_THING),
        past=(signal(MEAN), past_means(now)),
        only_present=signal("SELECT count(*) AS value FROM information_schema.processlist WHERE :now > 0"),
        unreachable=source(free_port()),
        hanging=source(proxy.port, "300ms"),
        secret=parts.password or "",
    )
    try:
        yield shown
    finally:
        await shown.source.aclose()


async def fill(url: str, now: datetime, zone: tzinfo = UTC) -> None:
    """Make the table with its known content anew; a DATETIME holds the local time of `zone`."""
    parts = urlsplit(url)
    connection = await aiomysql.connect(
        host="127.0.0.1",
        port=parts.port or 0,
        user=parts.username,
        password=parts.password or "",
        db=parts.path.lstrip("/"),
        autocommit=True,
    )
    async with connection.cursor() as cursor:
        await cursor.execute("SET time_zone = '+00:00'")
        await cursor.execute(
            "CREATE OR REPLACE TABLE event "
            "(created_at DATETIME(6), stamped_at TIMESTAMP(6), region VARCHAR(8), latency_ms INT, INDEX (created_at))"
        )
        rows = [
            (at.astimezone(zone).replace(tzinfo=None), at.replace(tzinfo=None), region, latency)
            for at, region, latency in events(now)
        ]
        await cursor.executemany("INSERT INTO event VALUES (%s, %s, %s, %s)", rows)
    await connection.ensure_closed()
