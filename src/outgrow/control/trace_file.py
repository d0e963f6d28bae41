"""Recorded traffic as it lies on the disk or comes from a source, made into a trace. Blocking; call it in a thread."""

import csv
import gzip
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from io import TextIOWrapper
from itertools import chain, islice
from pathlib import Path
from typing import Any, BinaryIO, Final, TextIO, cast
from zoneinfo import ZoneInfo

from outgrow.errors import UsageError
from outgrow.report.load_json import stored_load
from outgrow.simulate.load_trace import recording_of_load
from outgrow.simulate.recording import Columns, Gaps, Reading, Recording, Row, Values, columns_of, recording_of

_CSV_ENDINGS: Final = (".csv", ".csv.gz", ".tsv", ".tsv.gz", ".txt", ".txt.gz")
_PARQUET_ENDINGS: Final = (".parquet", ".pq")
_RUN_ENDING: Final = ".json"
_SNIFFED: Final = 5

Finder = Callable[[Sequence[str]], tuple[Columns, str]]
"""From the first line to the columns that are meant, and what was assumed of them."""


@dataclass(frozen=True, slots=True)
class TraceFile:
    """A file of recorded traffic and how to read it; without `columns` they are found by their names."""

    path: Path
    zone: ZoneInfo
    gaps: Gaps = "refuse"
    columns: tuple[str, ...] = ()
    values: Values | None = None


def read_trace(file: TraceFile) -> Recording:
    """Read a trace; the rules are those of `outgrow.simulate.recording`. A JSON file is the result of a load test.

    Raises:
        UsageError: the file cannot be read, or a row breaks a rule; says which.
    """
    name = file.path.name
    if name.lower().endswith(_RUN_ENDING):
        if file.columns or file.values:
            raise UsageError(f"{file.path}: the result of a load test has no columns; leave --columns and --values out")
        return recording_of_load(stored_load(file.path))
    columns, said, rows = rows_in(file.path, lambda first: columns_of(first, name, file.columns, file.values))
    found = recording_of(rows, name, Reading(file.zone, file.gaps, columns.values))
    return replace(found, notes=(*([said] if said else []), *found.notes))


def rows_in(path: Path, find: Finder) -> tuple[Columns, str, list[Row]]:
    """Read two columns of a CSV or Parquet file.

    Args:
        path: its ending says what it is.
        find: tells from the first line which columns are meant.

    Returns:
        The columns, what was assumed of them, and the rows.

    Raises:
        UsageError: the file cannot be read, or `find` refuses the columns.
    """
    name = path.name.lower()
    try:
        if name.endswith(_CSV_ENDINGS):
            with (
                gzip.open(path, "rb") if name.endswith(".gz") else path.open("rb") as packed,
                TextIOWrapper(cast("BinaryIO", packed), encoding="utf-8-sig", newline="") as text,
            ):
                return _csv_rows(path.name, text, find)
        if name.endswith(_PARQUET_ENDINGS):
            return _parquet_rows(path, find)
    except (gzip.BadGzipFile, zlib.error, EOFError) as error:
        raise UsageError(f"{path}: damaged: {error}; look at it with: gzip -t") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}: not UTF-8 text; save it as UTF-8") from error
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror or error}; check the path") from error
    endings = ", ".join((*_CSV_ENDINGS[:4], *_PARQUET_ENDINGS, _RUN_ENDING))
    raise UsageError(f"{path}: is of no known kind; its name should end in {endings}")


# --- CSV ---


def _csv_rows(name: str, text: TextIO, find: Finder) -> tuple[Columns, str, list[Row]]:
    front = list(islice(text, _SNIFFED))
    delimiter = next((each for each in ",;\t" if each in "".join(front[:1])), ",")
    reader = csv.reader(chain(front, text), delimiter=delimiter, strict=True)
    try:
        first = next((row for row in reader if any(map(str.strip, row))), None)
        if first is None:
            raise UsageError(f"{name}: is empty; it should have a line that names its columns, and rows")
        columns, said = find(first)
        numbered = ((reader.line_num, row) for row in chain([] if columns.header else [first], reader))
        return columns, said, list(_csv_cells(numbered, columns, name))
    except csv.Error as error:
        raise UsageError(f"{name}:{reader.line_num}: {error}; look at the quotes in that line") from error


def _csv_cells(numbered: Iterable[tuple[int, Sequence[str]]], columns: Columns, name: str) -> Iterator[Row]:
    for line, cells in numbered:
        if not any(map(str.strip, cells)):
            continue
        if len(cells) <= columns.time:
            raise UsageError(f"{name}:{line}: {len(cells)} cells; the time should stand in column {columns.time + 1}")
        yield Row(f"{name}:{line}", cells[columns.time], cells[columns.value] if columns.value < len(cells) else "")


# --- Parquet ---


def _parquet_rows(path: Path, find: Finder) -> tuple[Columns, str, list[Row]]:
    try:
        import pyarrow as pa  # noqa: PLC0415 (an extra, and 171 MB)
        from pyarrow import parquet  # noqa: PLC0415
    except ImportError as error:
        raise UsageError("reading Parquet needs pyarrow; pip install 'outgrow[parquet]'") from error
    try:
        path.stat()  # what is not there is said as of any other file
        names = parquet.read_schema(path).names
        columns, said = find(names)
        table = parquet.read_table(path, columns=[names[columns.time], names[columns.value]])
    except pa.ArrowException as error:
        raise UsageError(f"{path}: no Parquet file: {error}; look at its ending") from error
    times, values = (_cells(pa, table.column(each)) for each in range(2))
    places = (f"{path.name}, row {row}" for row in range(1, len(times) + 1))
    return columns, said, [Row(*cells) for cells in zip(places, times, values, strict=True)]


def _cells(pa: Any, column: Any) -> list[Any]:
    if pa.types.is_timestamp(column.type):  # Python's own times hold microseconds
        column = column.cast(pa.timestamp("us", tz=column.type.tz), safe=False)
    return column.to_pylist()
