"""Recorded traffic as it lies on the disk or comes from a source, made into a trace. Blocking; call it in a thread."""

import csv
import gzip
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from io import TextIOWrapper
from itertools import chain, islice
from pathlib import Path
from typing import Any, BinaryIO, Final, TextIO, cast
from zoneinfo import ZoneInfo

from outgrow.errors import UsageError
from outgrow.simulate.recording import Columns, Gaps, Reading, Recording, Row, Values, columns_of, recording_of

_CSV_ENDINGS: Final = (".csv", ".csv.gz", ".tsv", ".tsv.gz", ".txt", ".txt.gz")
_PARQUET_ENDINGS: Final = (".parquet", ".pq")
_SNIFFED: Final = 5


@dataclass(frozen=True, slots=True)
class TraceFile:
    """A file of recorded traffic and how to read it; without `columns` they are found by their names."""

    path: Path
    zone: ZoneInfo
    gaps: Gaps = "refuse"
    columns: tuple[str, ...] = ()
    values: Values | None = None


def read_trace(file: TraceFile) -> Recording:
    """Read a trace; the rules are those of `outgrow.simulate.recording`.

    Raises:
        UsageError: the file cannot be read, or a row breaks a rule; says which.
    """
    name = file.path.name.lower()
    try:
        if name.endswith(_CSV_ENDINGS):
            with gzip.open(file.path, "rb") if name.endswith(".gz") else file.path.open("rb") as packed:
                text = TextIOWrapper(cast("BinaryIO", packed), encoding="utf-8-sig", newline="")
                return _recording(file, *_csv_rows(file, text))
        if name.endswith(_PARQUET_ENDINGS):
            return _recording(file, *_parquet_rows(file))
    except (gzip.BadGzipFile, zlib.error, EOFError) as error:
        raise UsageError(f"{file.path}: damaged: {error}; look at it with: gzip -t") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{file.path}: not UTF-8 text; save it as UTF-8") from error
    except OSError as error:
        raise UsageError(f"{file.path}: cannot be read: {error.strerror or error}; check the path") from error
    endings = ", ".join((*_CSV_ENDINGS[:4], *_PARQUET_ENDINGS))
    raise UsageError(f"{file.path}: is of no known kind; its name should end in {endings}")


def _recording(file: TraceFile, columns: Columns, said: str, rows: Sequence[Row]) -> Recording:
    found = recording_of(rows, file.path.name, Reading(file.zone, file.gaps, columns.values))
    return replace(found, notes=(*([said] if said else []), *found.notes))


# --- CSV ---


def _csv_rows(file: TraceFile, text: TextIO) -> tuple[Columns, str, list[Row]]:
    front = list(islice(text, _SNIFFED))
    delimiter = next((each for each in ",;\t" if each in "".join(front[:1])), ",")
    reader = csv.reader(chain(front, text), delimiter=delimiter, strict=True)
    try:
        first = next((row for row in reader if row), list[str]())
        columns, said = columns_of(first, file.path.name, file.columns, file.values)
        numbered = ((reader.line_num, row) for row in chain([] if columns.header else [first], reader))
        return columns, said, list(_csv_cells(numbered, columns, file.path.name))
    except csv.Error as error:
        raise UsageError(f"{file.path.name}:{reader.line_num}: {error}; look at the quotes in that line") from error


def _csv_cells(numbered: Iterable[tuple[int, Sequence[str]]], columns: Columns, name: str) -> Iterator[Row]:
    for line, cells in numbered:
        if not any(cells):
            continue
        if len(cells) <= columns.time:
            raise UsageError(f"{name}:{line}: {len(cells)} cells; the time should stand in column {columns.time + 1}")
        yield Row(f"{name}:{line}", cells[columns.time], cells[columns.value] if columns.value < len(cells) else "")


# --- Parquet ---


def _parquet_rows(file: TraceFile) -> tuple[Columns, str, list[Row]]:
    try:
        import pyarrow as pa  # noqa: PLC0415 (an extra, and 171 MB)
        from pyarrow import parquet  # noqa: PLC0415
    except ImportError as error:
        raise UsageError("reading Parquet needs pyarrow; pip install 'outgrow[parquet]'") from error
    try:
        names = parquet.read_schema(file.path).names
        columns, said = columns_of(names, file.path.name, file.columns, file.values)
        table = parquet.read_table(file.path, columns=[names[columns.time], names[columns.value]])
    except pa.ArrowException as error:
        raise UsageError(f"{file.path}: no Parquet file: {error}; look at its ending") from error
    times, values = (_cells(pa, table.column(each)) for each in range(2))
    places = (f"{file.path.name}, row {row}" for row in range(1, len(times) + 1))
    return columns, said, [Row(*cells) for cells in zip(places, times, values, strict=True)]


def _cells(pa: Any, column: Any) -> list[Any]:
    if pa.types.is_timestamp(column.type):  # Python's own times hold microseconds
        column = column.cast(pa.timestamp("us", tz=column.type.tz), safe=False)
    return column.to_pylist()
