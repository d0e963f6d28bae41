"""Data for arrivals: which row one has follows from its number alone, so that processes never share a unique one."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from outgrow.errors import UsageError
from outgrow.loadtest.chance import scrambled
from outgrow.loadtest.course import Rotation
from outgrow.loadtest.tables import column_of, table_of
from outgrow.plan.scenario_data import Feed
from outgrow.plan.suggestion import nearest_or_all


@dataclass(frozen=True, slots=True)
class Rows:
    """What a file holds: its columns, each with a value for every row."""

    columns: Mapping[str, tuple[str, ...]]
    count: int


def rows_of(feed: Feed, wanted: Iterable[str], base: Path, place: str) -> Rows:
    """Read the wanted columns of a file.

    Args:
        feed: which file.
        wanted: the columns that texts use.
        base: what the file's path is relative to.
        place: where it stands in the plan, for messages.

    Raises:
        UsageError: the file cannot be read, or does not have them.
    """
    path, names = base / feed.file, tuple(dict.fromkeys(wanted))
    found = _json_rows(path, names, place) if path.suffix in {".jsonl", ".ndjson"} else _csv_rows(path, names, place)
    if not found:
        raise UsageError(f"{place}: {feed.file} has no rows; an arrival needs one")
    return Rows(dict(zip(names, zip(*found, strict=True), strict=True)), len(found))


def _csv_rows(path: Path, names: tuple[str, ...], place: str) -> list[tuple[str, ...]]:
    found: list[tuple[str, ...]] = []
    with table_of(path, place) as (columns, rows):
        indexes = [column_of(name, columns, place) for name in names]
        for line, row in enumerate(rows, 2):
            if any(row):
                try:
                    found.append(tuple(row[index] for index in indexes))
                except IndexError as error:
                    raise UsageError(f"{place}: {path.name}, line {line} has fewer columns than the heading") from error
    return found


def _json_rows(path: Path, names: tuple[str, ...], place: str) -> list[tuple[str, ...]]:
    found: list[tuple[str, ...]] = []
    try:
        lines = path.read_text("utf-8-sig").split("\n")  # `splitlines` would end lines within texts too, at U+2028
    except FileNotFoundError as error:
        raise UsageError(f'{place}: "{path}" does not exist; its path is relative to the plan') from error
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f'{place}: "{path}" cannot be read: {error}') from error
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        row: dict[str, object] = {}
        try:
            document: Any = json.loads(line)
            row = cast("dict[str, object]", document) if isinstance(document, dict) else row
        except (ValueError, RecursionError) as error:
            raise UsageError(f"{place}: {path.name}, line {number} is no JSON: {error}") from error
        missing = next((name for name in names if name not in row), None)
        if missing is not None:
            columns = nearest_or_all(missing, row, "it has") if row else "write objects"
            raise UsageError(f'{place}: {path.name}, line {number} has no "{missing}"; {columns}')
        texts = tuple(_text(row[name]) for name in names)
        if not all(map(_can_be_sent, texts)):
            raise UsageError(
                f"{place}: {path.name}, line {number} holds half a character (\\ud800 to \\udfff alone); "
                "write it whole, or leave it out"
            )
        found.append(texts)
    return found


def _can_be_sent(text: str) -> bool:
    """Say whether a text has bytes: JSON can spell halves of characters, which have none."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


class Feeder:
    """Gives rows to the arrivals of those flows that use its data."""

    __slots__ = ("_before", "_cycle", "_feed", "_in_cycle", "_seed", "rows")

    def __init__(self, feed: Feed, rows: Rows, rotation: Rotation, flows: frozenset[int], seed: int) -> None:
        """Work out which of a cycle's arrivals use it.

        Args:
            feed: in which order rows are given.
            rows: the rows.
            rotation: which flow an arrival takes.
            flows: the flows that use the data.
            seed: of random rows.
        """
        self.rows = rows
        self._feed = feed
        self._seed = seed
        self._cycle = rotation.cycle
        self._before = [0]
        for arrival in range(self._cycle):
            self._before.append(self._before[-1] + (rotation.flow(arrival) in flows))
        self._in_cycle = self._before.pop()

    def served(self, arrivals: int) -> int:
        """Count how many of the first so many arrivals use the data."""
        return arrivals // self._cycle * self._in_cycle + self._before[arrivals % self._cycle]

    def row(self, number: int, user: int) -> int | None:
        """Give the row of an arrival in a session; none where each row is given once and all are."""
        turn = user if self._feed.per == "session" else self.served(number)
        count = self.rows.count
        if self._feed.order == "random":
            return scrambled(self._seed, turn) % count
        if self._feed.order == "unique":
            return turn if turn < count else None
        return turn % count

    @property
    def used_up(self) -> str:
        """Say that there is no row left."""
        file, count = self._feed.file, self.rows.count
        return f"the data {file} ran out: each of its {count:,} rows was given once; later arrivals were not sent"

    def refuse_if_short(self, arrivals: int | None, users: int, place: str, spread: float = 0) -> None:
        """Let no run begin whose rows are known not to suffice.

        Args:
            arrivals: how many there will be; none where nobody knows.
            users: how many sessions there are.
            place: where the data stands in the plan.
            spread: how many arrivals fewer there may be by chance.

        Raises:
            UsageError: there are fewer rows than arrivals, or sessions, that each need one of their own.
        """
        if self._feed.order != "unique":
            return
        needed, what = (users, "sessions") if self._feed.per == "session" else (arrivals, "arrivals")
        needed = self.served(needed) if needed is not None and what == "arrivals" else needed
        may_be_fewer = spread if what == "arrivals" else 0
        if needed is not None and needed - may_be_fewer > self.rows.count:
            about = "about " if may_be_fewer else ""
            raise UsageError(
                f"{place}: {self._feed.file} has {self.rows.count:,} rows, and {about}{needed:,} {what} need one each; "
                "add rows, or write order: sequential"
            )
