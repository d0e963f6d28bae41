"""The demo's database: migrations applied in order, rows filled in by COPY."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import asyncpg

from koto.binary_copy import ROWS_PER_CHUNK, binary_copy
from koto.tables import Table

MIGRATIONS = Path(__file__).parent.parent / "migrations"
MIGRATION_LOCK = 0x6B6F746F  # any number that nobody else locks

Told = Callable[[str, int], object]
"""Is told (table, rows sent more) while a table fills."""


class NotEmptyError(Exception):
    """The database holds rows already."""


async def migrate(url: str) -> list[str]:
    """Apply the migrations that the database does not have yet, each in its own transaction; return their names."""
    connection = await asyncpg.connect(url)
    applied: list[str] = []
    try:
        await connection.execute("SELECT pg_advisory_lock($1)", MIGRATION_LOCK)
        await connection.execute(
            "CREATE TABLE IF NOT EXISTS schema_migrations (name text PRIMARY KEY, applied_at timestamptz DEFAULT now())"
        )
        known = {row["name"] for row in await connection.fetch("SELECT name FROM schema_migrations")}
        for path in sorted(MIGRATIONS.glob("*.sql")):
            if path.name not in known:
                async with connection.transaction():
                    await connection.execute(path.read_text(encoding="utf-8"))
                    await connection.execute("INSERT INTO schema_migrations (name) VALUES ($1)", path.name)
                applied.append(path.name)
    finally:
        await connection.close()
    return applied


async def set_password(url: str, role: str, password: str) -> None:
    """Give a role a password; `url` is an administrator's."""
    connection = await asyncpg.connect(url)
    try:
        quoted = await connection.fetchval(
            "SELECT format('ALTER ROLE %I PASSWORD %L', $1::text, $2::text)", role, password
        )
        await connection.execute(quoted)
    finally:
        await connection.close()


async def fill(url: str, tables: list[Table], told: Told = lambda _table, _rows: None) -> None:
    """Copy the tables into a migrated, empty database, all or nothing, and prepare it for questions.

    Raises:
        NotEmptyError: a table has rows; nothing was written.
    """
    connection = await asyncpg.connect(url)
    try:
        async with connection.transaction():
            names = ", ".join(table.name for table in tables)
            for table in tables:
                if await connection.fetchval(f"SELECT EXISTS (SELECT FROM {table.name})"):
                    raise NotEmptyError(f"table {table.name} has rows already: fill an empty database, or a new one")
            # Rows for tables emptied in this very transaction may go in frozen: index-only scans then need no vacuum.
            await connection.execute(f"TRUNCATE {names}")
            indexes = await _without_indexes(connection, tables)
            for table in tables:
                source = _told_of(table, told)
                columns = list(table.columns)
                await connection.copy_to_table(table.name, source=source, columns=columns, format="binary", freeze=True)
                sequence = f"pg_get_serial_sequence('{table.name}', 'id')"
                await connection.execute(f"SELECT setval({sequence}, {table.rows} + 1, false)")
                for definition in indexes[table.name]:
                    await connection.execute(definition)
        await connection.execute(f"ANALYZE {names}")
    finally:
        await connection.close()


async def _without_indexes(connection: asyncpg.Connection, tables: list[Table]) -> dict[str, list[str]]:
    """Drop the indexes that hold no constraint and return how to make them: sorted at once they cost a third."""
    found = await connection.fetch(
        "SELECT tablename, indexname, indexdef FROM pg_indexes"
        " WHERE schemaname = current_schema AND tablename = ANY($1)"
        " AND indexname NOT IN (SELECT conname FROM pg_constraint)",
        [table.name for table in tables],
    )
    for index in found:
        await connection.execute(f"DROP INDEX {index['indexname']}")
    return {table.name: [index["indexdef"] for index in found if index["tablename"] == table.name] for table in tables}


async def _told_of(table: Table, told: Told) -> AsyncIterator[bytes]:
    sent = 0
    for number, chunk in enumerate(binary_copy(list(table.columns.values()))):
        yield chunk
        rows = min(number * ROWS_PER_CHUNK, table.rows)  # the first chunk is the header, the last one the trailer
        told(table.name, rows - sent)
        sent = rows
