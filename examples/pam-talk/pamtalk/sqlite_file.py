"""The SQLite file of the form as it is."""

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

from pamtalk.made_up import COLUMNS

SCHEMA = Path(__file__).parent.parent / "schema" / "sqlite.sql"


def write(path: Path, tables: Iterable[tuple[str, Iterable[tuple[Any, ...]]]]) -> dict[str, int]:
    """Make the file and give the number of rows by table.

    Raises:
        FileExistsError: there is a file already; it is left as it is.
    """
    path.touch(exist_ok=False)
    with closing(sqlite3.connect(path)) as database:
        # The service writes through a log, as the applications around it do; a write then costs one wait for the disk.
        database.execute("PRAGMA journal_mode = WAL")
        database.executescript(SCHEMA.read_text(encoding="utf-8"))
        for table, rows in tables:
            columns = COLUMNS[table]
            places = ", ".join("?" * len(columns))
            database.executemany(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({places})", rows)
        database.commit()
        return {table: database.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in COLUMNS}


def read(path: Path, table: str) -> list[tuple[Any, ...]]:
    """Give a table's rows in the order of its columns."""
    with closing(sqlite3.connect(path)) as database:
        return database.execute(f"SELECT {', '.join(COLUMNS[table])} FROM {table}").fetchall()
