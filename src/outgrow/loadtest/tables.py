"""CSV files with a heading, compressed or not."""

import csv
import gzip
import io
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from outgrow.errors import UsageError
from outgrow.plan.suggestion import nearest_or_all

_GZIP: Final = b"\x1f\x8b"


@contextmanager
def table_of(path: Path, place: str) -> Generator[tuple[tuple[str, ...], Iterator[list[str]]]]:
    """Open a CSV file, compressed or not: its columns and its rows.

    Raises:
        UsageError: it cannot be read, or is empty.
    """
    try:
        with path.open("rb") as raw:
            is_packed = raw.read(2) == _GZIP
            raw.seek(0)
            unpacked = gzip.GzipFile(fileobj=raw) if is_packed else raw
            with io.TextIOWrapper(unpacked, "utf-8-sig", newline="") as text:
                rows = csv.reader(text)
                columns = next(rows, None)
                if not columns:
                    raise UsageError(f"{place}: {path.name} is empty; its first line names its columns")
                yield tuple(column.strip() for column in columns), rows
    except FileNotFoundError as error:
        raise UsageError(f'{place}: "{path}" does not exist; its path is relative to the plan') from error
    except (OSError, EOFError, csv.Error, UnicodeDecodeError) as error:
        raise UsageError(f'{place}: "{path}" cannot be read: {error}') from error


def column_of(name: str, columns: tuple[str, ...], place: str) -> int:
    """Give a column's index.

    Raises:
        UsageError: there is no such column.
    """
    if columns.count(name) > 1:
        raise UsageError(f'{place}: {columns.count(name)} columns are called "{name}"; give each a name of its own')
    if name in columns:
        return columns.index(name)
    raise UsageError(f'{place}: no column is called "{name}"; {nearest_or_all(name, columns, "the columns are")}')
