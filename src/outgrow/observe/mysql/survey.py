"""What a MySQL or MariaDB has that is worth measuring, for a starter plan.

Reads the catalog, and one day of a few tables.
"""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import groupby
from pathlib import Path
from typing import Any, Final

from pymysql.err import MySQLError

from outgrow.errors import Failure, SourceError
from outgrow.observe.mysql.driver import Connection, MySqlDriver
from outgrow.observe.mysql.failures import failure_of
from outgrow.plan.findings import (
    Column,
    ColumnType,
    DatabaseFindings,
    Latency,
    Table,
    TimedTable,
    worth_measuring,
)
from outgrow.plan.sources import MySqlSource
from outgrow.plan.starter.sql import Dialect, percentile_95, quoted, table_name

_COLUMNS: Final = Path(__file__).with_name("survey.sql").read_text(encoding="utf-8")
_WHOLE: Final = timedelta(minutes=1)
_MOST_COLUMNS: Final = 100_000
_SERVER: Final = """
SELECT version(), @@max_connections,
       (SELECT sum(data_length + index_length) FROM information_schema.tables WHERE table_schema = database())
"""
_TYPES: Final[Mapping[str, ColumnType]] = {
    "timestamp": "time",
    "datetime": "zoneless time",
    **dict.fromkeys(("tinyint", "smallint", "mediumint", "int", "bigint", "decimal", "float", "double"), "number"),
}


async def survey(options: MySqlSource, environment: Mapping[str, str], base: Path) -> DatabaseFindings:
    """Ask a database what it has; everything is read in read-only transactions with a time limit.

    Raises:
        SourceError: it cannot be reached or read.
    """
    driver = MySqlDriver(options, environment, base)
    connection: Connection | None = None
    try:
        async with asyncio.timeout(_WHOLE.total_seconds()):
            connection = await driver.connect()
            await driver.begin(connection)
            ((version, max_connections, size),) = (await connection.fetch(_SERVER, 1))[1]
            _, rows = await connection.fetch(_COLUMNS, _MOST_COLUMNS)
            dialect: Dialect = "mariadb" if "mariadb" in str(version).lower() else "mysql"
            tables = [await _looked_at(connection, found, dialect) for found in worth_measuring(_tables(rows))]
    except (MySQLError, OSError, EOFError) as error:
        raise failure_of(error, driver.asked) from error
    except RuntimeError as error:  # the driver's word for a connection that broke under a read
        raise SourceError(Failure.CONNECTION_LOST, f"{driver.asked.where}: {error}", "try again") from error
    finally:
        if connection is not None:
            driver.drop(connection)
    shown = str(version).partition("-")[0]
    return DatabaseFindings(dialect, shown, int(max_connections), None if size is None else int(size), tables)


def _tables(rows: Sequence[Sequence[Any]]) -> Iterator[Table]:
    for (schema, name, count), columns in groupby(rows, key=lambda row: (row[0], row[1], row[2])):
        yield Table(
            schema,
            name,
            int(count),
            tuple(Column(row[3], _TYPES.get(str(row[4]).lower(), "other"), bool(row[5])) for row in columns),
        )


async def _looked_at(connection: Connection, found: TimedTable, dialect: Dialect) -> TimedTable:
    """Learn what is typical of a table's latencies, so that the thresholds begin near it."""
    if found.costs_a_scan:
        return found
    return replace(found, latencies=[await _with_typical(connection, found, each, dialect) for each in found.latencies])


async def _with_typical(connection: Connection, found: TimedTable, latency: Latency, dialect: Dialect) -> Latency:
    newest = f"(SELECT max({quoted(found.time.name, dialect)}) FROM {table_name(found, dialect)})"  # noqa: S608 (quoted)
    try:
        _, rows = await connection.fetch(percentile_95(found, latency, dialect, "1 day", newest), 1)
    except MySQLError:
        return latency
    typical = rows[0][0] if rows else None
    return replace(latency, typical=None if typical is None else float(typical))
