"""Compaction of a PostgreSQL journal, one small transaction at a time."""

from collections.abc import Awaitable, Callable
from datetime import date, datetime
from functools import partial
from typing import Final

from outgrow.facts.rollups import Resolution
from outgrow.journal._migrations import query
from outgrow.journal._retention import Cutoffs
from outgrow.journal.postgres.database import Connection

PACKAGE: Final = "outgrow.journal.postgres"
_ROWS_A_STEP: Final = 5_000
_DECISIONS_A_STEP: Final = 500
"""Each is some kilobytes long."""

# One process takes a step at a time, so that two cannot wait for each other's rows. "outc" as a number.
_TURN: Final = "SELECT pg_advisory_xact_lock($1)"
_COMPACTION_LOCK: Final = int.from_bytes(b"outc", "big")

_Step = Callable[[Connection], Awaitable[bool]]


class Stage:
    """One table's way out: per series, the rows before `before` go into the next tier, or for good.

    `tier` is the resolution of the roll-ups meant, None for samples; `width` is the bucket of the next tier.
    """

    def __init__(self, move: str, tier: Resolution | None, width: Resolution, before: datetime) -> None:
        """Read the statements of the stage."""
        self._find = query(PACKAGE, "old_samples" if tier is None else "old_rollups")
        self._tier = () if tier is None else (tier.value,)
        self._move = query(PACKAGE, move)
        self._width, self._before = width, before
        self._series = 0

    async def step(self, connection: Connection) -> bool:
        """Move the oldest buckets of one series, whole ones only, and say whether there may be more."""
        found = await connection.fetchrow(self._find, self._series, self._before, _ROWS_A_STEP, *self._tier)
        if found is None:
            return False
        series, oldest, edge = found
        until = self._before
        if edge is not None:
            until = min(until, self._width.start_of(max(edge, oldest + self._width.span)))
        await connection.execute(self._move, series, oldest, until)
        if until == self._before:
            self._series = series
        return True


class Compaction:
    """A run of compaction; each `step` is one transaction's worth."""

    def __init__(self, cut: Cutoffs) -> None:
        """Plan the stages: each tier into the next, the last one out, then what nothing refers to."""
        five_minutes, hour = Resolution.FIVE_MINUTES, Resolution.HOUR
        self._first_day: date = cut.days
        self._stages: list[_Step] = [
            Stage("roll_up_samples", None, five_minutes, cut.raw).step,
            Stage("roll_up_five_minutes", five_minutes, hour, cut.five_minutes).step,
            Stage("drop_hours", hour, hour, cut.hours).step,
            self._drop_levels,
            partial(_scaling, query(PACKAGE, "drop_idle_scaling"), cut.raw),
            partial(_scaling, query(PACKAGE, "shorten_scaling"), cut.raw),
            partial(_scaling, query(PACKAGE, "drop_scaling"), cut.hours),
            _drop_empty_series,
        ]

    async def step(self, connection: Connection) -> bool:
        """Do the next piece and say whether there is more to do."""
        await connection.execute(_TURN, _COMPACTION_LOCK)
        while self._stages and not await self._stages[0](connection):
            self._stages.pop(0)
        return bool(self._stages)

    async def _drop_levels(self, connection: Connection) -> bool:
        done = await connection.execute(query(PACKAGE, "drop_levels"), self._first_day, _ROWS_A_STEP)
        return rows_of(done) >= _ROWS_A_STEP


async def _scaling(statement: str, before: datetime, connection: Connection) -> bool:
    """Treat some scaling decisions before a moment, and say whether there may be more."""
    done = await connection.execute(statement, before, _DECISIONS_A_STEP)
    return rows_of(done) >= _DECISIONS_A_STEP


async def _drop_empty_series(connection: Connection) -> bool:
    found = await connection.fetch(query(PACKAGE, "empty_series"), _ROWS_A_STEP)
    done = await connection.execute(query(PACKAGE, "drop_empty_series"), [row["id"] for row in found])
    return rows_of(done) >= _ROWS_A_STEP


def rows_of(command_tag: str) -> int:
    """Read the number of rows in what PostgreSQL says when done, such as `INSERT 0 20`."""
    return int(command_tag.rpartition(" ")[2])
