"""A recording as it lies on the disk: named columns of cells, and where each row stands. Blocking; call it in a thread.

CSV has a header line, and commas (else semicolons, else tabs) between its cells; gzip is told by the ending .gz.
"""

import csv
import gzip
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from io import TextIOWrapper
from pathlib import Path
from typing import Any, BinaryIO, Final, TextIO, cast

from outgrow.errors import Failure, SourceError

Cell = Any
"""Text out of CSV; whatever Parquet holds: numbers, times, texts, None."""

_CSV_ENDINGS: Final = (".csv", ".csv.gz", ".tsv", ".tsv.gz")
_PARQUET_ENDINGS: Final = (".parquet", ".pq")


@dataclass(frozen=True, slots=True)
class Table:
    """Columns of equal length. `lines` are the rows' lines in the file; empty where rows are only counted."""

    file: str
    columns: Mapping[str, Sequence[Cell]]
    lines: Sequence[int]

    def place(self, row: int) -> str:
        """Say where a row stands: `load.csv:17`, or `load.parquet, row 16`."""
        return f"{self.file}:{self.lines[row]}" if self.lines else f"{self.file}, row {row + 1}"


def read_table(path: Path, wanted: Iterable[str]) -> Table:
    """Read the wanted columns of a recording.

    Raises:
        SourceError: the file is not there or cannot be read, a column is missing, or a row is broken.
    """
    name = path.name.lower()
    try:
        if name.endswith(_CSV_ENDINGS):
            with gzip.open(path, "rb") if name.endswith(".gz") else path.open("rb") as packed:
                text = TextIOWrapper(cast("BinaryIO", packed), encoding="utf-8-sig", newline="")
                return _read_csv(text, path.name, wanted)
        if name.endswith(_PARQUET_ENDINGS):
            return _read_parquet(path, wanted)
    except (gzip.BadGzipFile, zlib.error, EOFError) as error:
        raise SourceError(Failure.BAD_ANSWER, f"{path.name} is damaged: {error}", "look at it with: gzip -t") from error
    except UnicodeDecodeError as error:
        raise SourceError(Failure.BAD_ANSWER, f"{path.name} is not UTF-8 text", "save it as UTF-8") from error
    except FileNotFoundError as error:
        raise SourceError(Failure.NO_SUCH_THING, f"there is no file {path}", "path is relative to the plan") from error
    except OSError as error:
        raise SourceError(
            Failure.NOT_PERMITTED, f"{path} cannot be read: {error.strerror or error}", "look at the file's rights"
        ) from error
    endings = ", ".join((*_CSV_ENDINGS, *_PARQUET_ENDINGS))
    raise SourceError(Failure.NOT_CONFIGURED, f"{path.name} is of no known kind", f"its name should end in {endings}")


def _read_csv(text: TextIO, file: str, wanted: Iterable[str]) -> Table:
    first = text.readline()
    delimiter = next((each for each in ",;\t" if each in first), ",")
    names = next(csv.reader([first], delimiter=delimiter), list[str]())
    if not names:
        raise SourceError(Failure.BAD_ANSWER, f"{file} has no header line", "name the columns in its first line")
    names = [name.strip() for name in names]
    picked = _positions(names, wanted, file)
    reader = csv.reader(text, delimiter=delimiter, strict=True)
    columns: list[list[str]] = [[] for _ in picked]
    lines: list[int] = []
    try:
        for row in reader:
            if not row:
                continue
            if len(row) != len(names):
                raise SourceError(
                    Failure.BAD_ANSWER,
                    f"{file}:{reader.line_num + 1}: {len(row)} cells where the header names {len(names)}",
                    "put cells that hold the delimiter into double quotes",
                )
            lines.append(reader.line_num + 1)
            for column, position in zip(columns, picked.values(), strict=True):
                column.append(row[position])
    except csv.Error as error:
        raise SourceError(
            Failure.BAD_ANSWER, f"{file}:{reader.line_num + 1}: {error}", "look at the quotes in that line"
        ) from error
    return Table(file, dict(zip(picked, columns, strict=True)), lines)


def _read_parquet(path: Path, wanted: Iterable[str]) -> Table:
    try:
        import pyarrow as pa  # noqa: PLC0415 (an extra, and 171 MB)
        from pyarrow import parquet  # noqa: PLC0415
    except ImportError as error:
        raise SourceError(
            Failure.NOT_INSTALLED, "reading Parquet needs pyarrow", "pip install 'outgrow[parquet]'"
        ) from error
    try:
        names = parquet.read_schema(path).names
        picked = _positions(names, wanted, path.name)
        table = parquet.read_table(path, columns=list(picked))
    except pa.ArrowException as error:
        raise SourceError(
            Failure.BAD_ANSWER, f"{path.name} is no Parquet file: {error}", "look at its ending"
        ) from error
    columns: dict[str, Sequence[Cell]] = {}
    for name in picked:
        column = table.column(name)
        if pa.types.is_timestamp(column.type):  # Python's own times hold microseconds
            column = column.cast(pa.timestamp("us", tz=column.type.tz), safe=False)
        columns[name] = column.to_pylist()
    return Table(path.name, columns, ())


def _positions(names: Sequence[str], wanted: Iterable[str], file: str) -> dict[str, int]:
    """Find the wanted columns.

    Raises:
        SourceError: one is missing, or stands there twice.
    """
    found: dict[str, int] = {}
    for name in dict.fromkeys(wanted):
        if name not in names:
            close = get_close_matches(name, names, n=1)
            raise SourceError(
                Failure.NO_SUCH_THING,
                f'{file} has no column "{name}", but {", ".join(names)}',
                f"did you mean {close[0]}?" if close else "look at column, time_column, where and by",
            )
        if names.count(name) > 1:
            raise SourceError(Failure.BAD_ANSWER, f'{file} has two columns "{name}"', "give each its own name")
        found[name] = names.index(name)
    return found
