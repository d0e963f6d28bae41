"""Running a statement on a connection: for the present moment, or for many past ones at once."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import asyncpg

from outgrow.errors import Failure
from outgrow.facts.samples import Observation
from outgrow.observe._past import InstantsFailedError
from outgrow.observe._sql_now import Placeholder, Statement
from outgrow.observe._sql_rows import MAX_ROWS, Moment, Row, columns_of, observations, past_observations
from outgrow.plan.signals import QuerySignal

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

MAX_PAST_ROWS: Final = 100_000
"""Rows that the answer for one chunk of instants may have."""

_NOW: Final = {
    Placeholder.NOW: "($1::timestamptz)",
    Placeholder.NOW_EPOCH: "(extract(epoch FROM $1::timestamptz)::double precision)",
}
_INSTANT: Final = {
    Placeholder.NOW: "(outgrow_instants.outgrow_at)",
    Placeholder.NOW_EPOCH: "(extract(epoch FROM outgrow_instants.outgrow_at)::double precision)",
}
_PAST: Final = Path(__file__).with_name("past.sql").read_text(encoding="utf-8")


async def read_at(
    connection: "Connection", signal: QuerySignal, statement: Statement, moment: Moment
) -> list[Observation]:
    """Read a signal at one moment, in the transaction that has begun."""
    text = statement.render(_NOW)
    if not statement.code.lstrip().startswith("show"):
        # A query that forgot to aggregate must not fill our memory.
        text = f"SELECT * FROM (\n{text}\n) AS outgrow_rows LIMIT {MAX_ROWS + 1}"  # noqa: S608 (a plan is trusted)
    names, rows = await _fetch(connection, text, statement, moment.at)
    return observations(signal, columns_of(signal, names), rows, moment)


class PastReader:
    """Reads one signal at past moments, many in one statement where its query allows that."""

    def __init__(self, signal: QuerySignal, statement: Statement, now: Moment) -> None:
        """Prepare; `now` says when and how it is read, its `at` is replaced by each instant."""
        self._signal = signal
        self._statement = statement
        self._now = now
        self._text = _PAST.format(query=statement.render(_INSTANT), rows=MAX_PAST_ROWS + 1)
        self._is_lateral: bool | None = None

    async def read(self, connection: "Connection", chunk: Sequence[datetime]) -> list[Observation]:
        """Read the signal at each instant, in the transaction that has begun."""
        if self._is_lateral is None:
            self._is_lateral = await self._can_be_lateral(connection)
        if self._is_lateral:
            return await self._read_at_once(connection, chunk)
        return [
            each
            for at in chunk
            for each in await read_at(connection, self._signal, self._statement, replace(self._now, at=at))
        ]

    async def _can_be_lateral(self, connection: "Connection") -> bool:
        """Try whether the query keeps its meaning inside LATERAL: an aggregate over nothing but :now does not."""
        await connection.execute("SAVEPOINT outgrow_trial")
        try:
            await connection.prepare(self._text, name="")
        except asyncpg.SyntaxOrAccessError:
            await connection.execute("ROLLBACK TO SAVEPOINT outgrow_trial")
            return False
        return True

    async def _read_at_once(self, connection: "Connection", chunk: Sequence[datetime]) -> list[Observation]:
        names, rows = await _fetch(connection, self._text, self._statement, chunk)
        if len(rows) > MAX_PAST_ROWS and len(chunk) > 1:
            raise InstantsFailedError(Failure.BAD_ANSWER, f"the query gives more than {MAX_PAST_ROWS:,} rows")
        numbered = [(row[0] - 1, *row[1:]) for row in rows]
        return past_observations(self._signal, columns_of(self._signal, names[1:]), numbered, chunk, self._now)


async def _fetch(
    connection: "Connection", text: str, statement: Statement, now: datetime | Sequence[datetime]
) -> tuple[tuple[str, ...], Sequence[Row]]:
    """Run a prepared statement; give the names of its columns and its rows."""
    # Unnamed: planned for these very instants, and nothing stays behind in a pooler's server connection.
    prepared = await connection.prepare(text, name="")
    names = tuple(column.name for column in prepared.get_attributes())
    arguments: tuple[Any, ...] = (now,) if statement.uses_now else ()
    rows = await prepared.fetch(*arguments)
    return names, [tuple(row.values()) for row in rows]
