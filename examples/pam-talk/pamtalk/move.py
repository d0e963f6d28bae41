"""PT-4's move: every row of the SQLite file into PostgreSQL, then the indexes."""

from pathlib import Path

import asyncpg

from pamtalk import sqlite_file
from pamtalk.made_up import COLUMNS

SCHEMA = Path(__file__).parent.parent / "schema"


class MoveError(Exception):
    """The database could not take the rows; nothing was changed."""


async def move(path: Path, url: str) -> dict[str, int]:
    """Copy the file's rows into an empty database, all or nothing; give the number of rows by table.

    Raises:
        MoveError: the database has such tables already, or counts other rows than the file.
    """
    connection = await asyncpg.connect(url)
    moved: dict[str, int] = {}
    try:
        async with connection.transaction():
            await connection.execute((SCHEMA / "postgres.sql").read_text(encoding="utf-8"))
            for table, columns in COLUMNS.items():
                rows = sqlite_file.read(path, table)
                await connection.copy_records_to_table(table, records=rows, columns=columns)
                await connection.execute(
                    f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) + 1 FROM {table}), false)"
                )
                moved[table] = await connection.fetchval(f"SELECT count(*) FROM {table}")
                if moved[table] != len(rows):
                    raise MoveError(f"{table}: {len(rows):,} rows were sent and {moved[table]:,} came in")
            await connection.execute((SCHEMA / "postgres_indexes.sql").read_text(encoding="utf-8"))
        await connection.execute("VACUUM ANALYZE")
    except asyncpg.DuplicateTableError as error:
        raise MoveError(f"the database has tables of the market already ({error}); give an empty one") from error
    finally:
        await connection.close()
    return moved
