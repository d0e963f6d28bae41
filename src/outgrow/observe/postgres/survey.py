"""What a PostgreSQL has that is worth measuring, for a starter plan. Reads the catalog, and one day of a few tables."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import asyncpg

from outgrow.errors import SourceError
from outgrow.observe.postgres.driver import PostgresDriver
from outgrow.observe.postgres.failures import failure_of
from outgrow.plan.findings import Column, DatabaseFindings, Latency, Table, TimedTable, worth_measuring
from outgrow.plan.sources import PostgresSource
from outgrow.plan.starter.sql import percentile_95, quoted, table_name

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

_TABLES: Final = Path(__file__).with_name("survey.sql").read_text(encoding="utf-8")
_SERVER: Final = """
SELECT split_part(current_setting('server_version'), ' ', 1) AS version,
       current_setting('max_connections')::int AS max_connections,
       pg_database_size(current_database()) AS size_bytes
"""
_WHOLE: Final = timedelta(minutes=1)
_LOOK_AT_MOST_MS: Final = 3000
"""How long one look at a table's last day may take; without an answer the threshold is left to the reader."""


async def survey(options: PostgresSource, environment: Mapping[str, str], base: Path) -> DatabaseFindings:
    """Ask a database what it has; everything is read in read-only transactions with a time limit.

    Raises:
        SourceError: it cannot be reached or read.
    """
    driver = PostgresDriver(options, environment, base)
    connection: Connection | None = None
    try:
        async with asyncio.timeout(_WHOLE.total_seconds()):
            connection = await driver.connect()
            await driver.begin(connection)
            server = await connection.fetchrow(_SERVER)
            tables = [_table(row) for row in await connection.fetch(_TABLES)]
            await connection.execute("ROLLBACK")
            chosen = [await _looked_at(driver, connection, found) for found in worth_measuring(tables)]
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
        raise failure_of(error, driver.asked) from error
    finally:
        if connection is not None:
            driver.drop(connection)
    facts: dict[str, Any] = dict(server.items()) if server else {}
    return DatabaseFindings("postgres", **facts, tables=chosen)


def _table(row: asyncpg.Record) -> Table:
    columns = tuple(Column(each["name"], each["type"], each["leads_index"]) for each in json.loads(row["columns"]))
    return Table(row["schema"], row["name"], row["rows"], columns)


async def _looked_at(driver: PostgresDriver, connection: "Connection", found: TimedTable) -> TimedTable:
    """Learn what is typical of a table's latencies, so that the thresholds begin near it."""
    if found.costs_a_scan:
        return found
    return replace(found, latencies=[await _with_typical(driver, connection, found, each) for each in found.latencies])


async def _with_typical(
    driver: PostgresDriver, connection: "Connection", found: TimedTable, latency: Latency
) -> Latency:
    newest = f"(SELECT max({quoted(found.time.name, 'postgres')}) FROM {table_name(found, 'postgres')})"  # noqa: S608 (quoted)
    try:
        await driver.begin(connection)
        await connection.execute(f"SET LOCAL statement_timeout = {_LOOK_AT_MOST_MS}")
        typical = await connection.fetchval(percentile_95(found, latency, "postgres", "1 day", newest))
    except (asyncpg.PostgresError, SourceError):
        typical = None
    await connection.execute("ROLLBACK")
    return replace(latency, typical=None if typical is None else float(typical))
