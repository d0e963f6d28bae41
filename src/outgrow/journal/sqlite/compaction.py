"""Compaction of an SQLite journal, one small transaction at a time."""

from collections.abc import Callable
from functools import partial
from typing import Final

import apsw

from outgrow.journal._migrations import query
from outgrow.journal._retention import Cutoffs
from outgrow.journal._time import microseconds

PACKAGE: Final = "outgrow.journal.sqlite"

# Some 5,000 rows take about as long as a few commits, so another writer hardly notices.
_ROWS_A_STEP: Final = 5_000
_DECISIONS_A_STEP: Final = 500
"""Each is some kilobytes long."""
_FIVE_MINUTES: Final = 300_000_000
_HOUR: Final = 3_600_000_000

# Free pages are filled again by what comes next; only what exceeds this is handed back to the file system.
_FREE_PAGES: Final = 256
_FREE_SHARE: Final = 0.1

_Step = Callable[[apsw.Connection], bool]

_LAST_OF_NEXT_SERIES: Final = "SELECT max(id) FROM (SELECT id FROM series WHERE id > ? ORDER BY id LIMIT ?)"
_PAGES_A_STEP: Final = 1_000


class Stage:
    """One table's way out: per series, the rows before `before` are rolled up (where there is a next tier) and dropped.

    `rows` is what stands after FROM: table and condition; `time` its time column, `width` the bucket of the next tier.
    """

    def __init__(self, rows: str, time: str, width: int, before: int, roll_up: str = "") -> None:
        """Word the statements of the stage."""
        self._before, self._width = before, width
        self._roll_up = query(PACKAGE, roll_up) if roll_up else ""
        of_series = f"FROM {rows} AND series = :series"
        self._oldest = f"SELECT min({time}) {of_series}"
        self._edge = f"SELECT {time} {of_series} AND {time} < :before ORDER BY {time} LIMIT 1 OFFSET {_ROWS_A_STEP}"
        self._drop = f"DELETE {of_series} AND {time} >= :from AND {time} < :until"
        self._series = 0

    def step(self, connection: apsw.Connection) -> bool:
        """Move some rows and say whether there may be more."""
        done = 0
        while done < _ROWS_A_STEP:
            done += 1
            series = connection.execute("SELECT min(id) FROM series WHERE id > ?", (self._series,)).get
            if series is None:
                return False
            oldest = connection.execute(self._oldest, {"series": series}).get
            if oldest is None or oldest >= self._before:
                self._series = series
                continue
            done += self._move(connection, series, oldest)
        return True

    def _move(self, connection: apsw.Connection, series: int, oldest: int) -> int:
        """Move the oldest buckets of a series: whole ones only, at least one, about so many rows."""
        edge = connection.execute(self._edge, {"series": series, "before": self._before}).get
        until = self._before
        if edge is not None:
            until = min(until, max(edge, oldest + self._width) // self._width * self._width)
        bounds = {"series": series, "from": oldest, "until": until}
        if self._roll_up:
            connection.execute(self._roll_up, bounds)
        changes = connection.total_changes()
        connection.execute(self._drop, bounds)
        return connection.total_changes() - changes


class Compaction:
    """A run of compaction; each `step` is one transaction's worth."""

    def __init__(self, cut: Cutoffs) -> None:
        """Plan the stages: each tier into the next, the last one out, then what nothing refers to, then free space."""
        raw, five_minutes, hours = map(microseconds, (cut.raw, cut.five_minutes, cut.hours))
        self._series_seen = 0
        self._first_day = cut.days.isoformat()
        self._stages: list[_Step] = [
            Stage("samples WHERE true", "at", _FIVE_MINUTES, raw, "roll_up_samples").step,
            Stage("rollups WHERE resolution = 300", "start", _HOUR, five_minutes, "roll_up_five_minutes").step,
            Stage("rollups WHERE resolution = 3600", "start", _HOUR, hours).step,
            self._drop_levels,
            partial(_scaling, query(PACKAGE, "drop_idle_scaling"), raw),
            partial(_scaling, query(PACKAGE, "shorten_scaling"), raw),
            partial(_scaling, query(PACKAGE, "drop_scaling"), hours),
            self._drop_empty_series,
            _free_pages,
        ]

    def step(self, connection: apsw.Connection) -> bool:
        """Do the next piece and say whether there is more to do."""
        while self._stages and not self._stages[0](connection):
            self._stages.pop(0)
        return bool(self._stages)

    def _drop_levels(self, connection: apsw.Connection) -> bool:
        connection.execute(query(PACKAGE, "drop_levels"), {"day": self._first_day, "rows": _ROWS_A_STEP})
        return connection.changes() >= _ROWS_A_STEP

    def _drop_empty_series(self, connection: apsw.Connection) -> bool:
        last = connection.execute(_LAST_OF_NEXT_SERIES, (self._series_seen, _ROWS_A_STEP)).get
        if last is None:
            return False
        bounds = {"after": self._series_seen, "last": last}
        connection.execute(query(PACKAGE, "drop_empty_series"), bounds)
        self._series_seen = last
        return True


def _scaling(statement: str, before: int, connection: apsw.Connection) -> bool:
    """Treat some scaling decisions before a moment, and say whether there may be more."""
    connection.execute(statement, {"before": before, "rows": _DECISIONS_A_STEP})
    return connection.changes() >= _DECISIONS_A_STEP


def _free_pages(connection: apsw.Connection) -> bool:
    spare = connection.pragma("freelist_count") - max(_FREE_PAGES, connection.pragma("page_count") * _FREE_SHARE)
    if spare <= 0:
        return False
    connection.execute(f"PRAGMA incremental_vacuum({min(int(spare) + 1, _PAGES_A_STEP)})").fetchall()
    return True
