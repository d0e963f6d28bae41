"""Samples, decisions and events in a PostgreSQL database, in the schema `outgrow`."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final, Self

from outgrow.facts.decisions import Decision, Event, EventKind
from outgrow.facts.forecasts import DailyLevel
from outgrow.facts.rollups import LevelKey, Resolution, Rollup
from outgrow.facts.samples import Sample, SeriesKey
from outgrow.journal._migrations import migrations, query
from outgrow.journal._records import DecisionRecord, EventRecord, decision_of, decision_record, event_of, event_record
from outgrow.journal._retention import cutoffs
from outgrow.journal._rollups import RollupColumns, merged_columns
from outgrow.journal._samples import checked_level, columns_of, in_order, sample_of
from outgrow.journal._text import json_text, labels_from, labels_text, plain
from outgrow.journal.postgres.compaction import Compaction, rows_of
from outgrow.journal.postgres.database import Connection, Database
from outgrow.plan import JournalOptions
from outgrow.ports import Lease

PACKAGE: Final = "outgrow.journal.postgres"
_ROWS_A_STATEMENT: Final = 10_000
_SERIES_OF_SIGNAL: Final = "SELECT id, signal, labels FROM outgrow.series WHERE signal_hash = $1"
_STATEMENTS: Final = (
    "append_decision",
    "append_event",
    "append_levels",
    "append_samples",
    "append_series",
    "decisions",
    "decisions_of_checkpoint",
    "events",
    "events_of_kinds",
    "known_series",
    "levels",
    "rollups_of_five_minutes",
    "rollups_of_samples",
    "rollups_stored",
    "samples",
)


class PostgresJournal:
    """A journal for any number of machines."""

    def __init__(self, database: Database, options: JournalOptions) -> None:
        """Use an open, migrated database."""
        self._database = database
        self._options = options
        self._statements = {name: query(PACKAGE, name) for name in _STATEMENTS}

    @classmethod
    async def open(cls, url: str, options: JournalOptions) -> Self:
        """Open the journal in the database that the URL names; `?statement_cache_size=0` for PgBouncer.

        Raises:
            JournalError: no connection, too few rights, too old a server, or a schema newer than we are.
        """
        return cls(await Database.open(url, migrations(PACKAGE)), options)

    async def append_samples(self, samples: Sequence[tuple[SeriesKey, Sample]]) -> int:
        """Write samples and give the number newly kept: the first write of a series at a moment wins.

        The number may be too low after a lost connection, when the write was repeated.
        """
        if not samples:
            return 0
        given = [(key, sample.at, sample.observed_at, *columns_of(sample)) for key, sample in samples]

        async def write(connection: Connection) -> int:
            ids = await self._series_ids(connection, {key for key, *_ in given})
            # Everyone writes in the order of the key, so that two writers cannot wait for one another; the sort is
            # stable, so the first write still comes first.
            rows = sorted(((ids[key], *columns) for key, *columns in given), key=lambda row: row[:2])
            kept = 0
            for first in range(0, len(rows), _ROWS_A_STATEMENT):
                columns = zip(*rows[first : first + _ROWS_A_STATEMENT], strict=True)
                kept += rows_of(await connection.execute(self._statements["append_samples"], *map(list, columns)))
            return kept

        return await self._database.write(write)

    async def samples(
        self, signal_hash: str, start: datetime, end: datetime, *, observed_until: datetime | None = None
    ) -> Sequence[tuple[SeriesKey, Sample]]:
        """Give the kept samples of every label set of a signal with start <= at <= end, in time order."""

        async def read(connection: Connection) -> Sequence[tuple[SeriesKey, Sample]]:
            return in_order(
                [
                    [
                        (key, sample_of(row))
                        for row in await connection.fetch(
                            self._statements["samples"], series, start, end, observed_until
                        )
                    ]
                    for series, key in await _series_of(connection, signal_hash)
                ]
            )

        return await self._database.read(read)

    async def rollups(
        self, signal_hash: str, start: datetime, end: datetime, resolution: Resolution
    ) -> Sequence[tuple[SeriesKey, Rollup]]:
        """Summarise every label set of a signal in the buckets that touch [start, end], by time."""
        first, until = resolution.start_of(start), resolution.start_of(end) + resolution.span

        async def columns(connection: Connection, series: int) -> AsyncIterator[RollupColumns]:
            for row in await connection.fetch(
                self._statements["rollups_stored"], series, first, until, resolution.value
            ):
                yield tuple(row)  # pyright: ignore[reportReturnType]
            if resolution is Resolution.HOUR:
                for row in await connection.fetch(self._statements["rollups_of_five_minutes"], series, first, until):
                    yield tuple(row)  # pyright: ignore[reportReturnType]
            for row in await connection.fetch(
                self._statements["rollups_of_samples"], series, first, until, resolution.value
            ):
                yield tuple(row)  # pyright: ignore[reportReturnType]

        async def read(connection: Connection) -> Sequence[tuple[SeriesKey, Rollup]]:
            return merged_columns(
                [
                    (key, [each async for each in columns(connection, series)])
                    for series, key in await _series_of(connection, signal_hash)
                ],
                resolution,
            )

        return await self._database.read(read)

    async def append_daily_levels(self, levels: Sequence[tuple[LevelKey, DailyLevel]], recorded_at: datetime) -> int:
        """Write daily levels and give the number kept: those that are not what was last written for their day."""
        if not levels:
            return 0
        checked = [(key, checked_level(level)) for key, level in levels]

        async def write(connection: Connection) -> int:
            ids = await self._series_ids(connection, {key.series for key, _ in checked})
            rows = sorted(
                (
                    (ids[key.series], key.statistic, key.zone, level.day, level.level, level.coverage)
                    for key, level in checked
                ),
                key=lambda row: row[:4],
            )
            columns = map(list, zip(*rows, strict=True))
            return rows_of(await connection.execute(self._statements["append_levels"], *columns, recorded_at))

        return await self._database.write(write)

    async def daily_levels(
        self,
        signal_hash: str,
        statistic: str,
        zone: str,
        start: date,
        end: date,
        *,
        recorded_until: datetime | None = None,
    ) -> Sequence[tuple[LevelKey, DailyLevel]]:
        """Give the newest level of each day with start <= day <= end for every label set, in order of the day."""

        async def read(connection: Connection) -> Sequence[tuple[LevelKey, DailyLevel]]:
            keys = dict(await _series_of(connection, signal_hash))
            rows = await connection.fetch(
                self._statements["levels"], list(keys), statistic, zone, start, end, recorded_until
            )
            found = [
                (LevelKey(keys[series], statistic, zone), DailyLevel(day, level, coverage))
                for series, day, level, coverage in rows
            ]
            return sorted(found, key=lambda each: (each[1].day, each[0].series.labels))

        return await self._database.read(read)

    async def append_decision(self, decision: Decision) -> None:
        """Write a decision."""
        record = decision_record(decision)
        row = (
            record.digest,
            record.checkpoint,
            record.at,
            record.recorded_at,
            record.grade,
            record.rule_hash,
            record.state,
            record.evidence,
        )
        await self._database.write(lambda connection: connection.execute(self._statements["append_decision"], *row))

    async def decisions(
        self,
        *,
        checkpoint: str | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
        newest: int = 0,
    ) -> Sequence[Decision]:
        """Give decisions with start <= at <= end in time order; with `newest` > 0 only the last so many."""
        statement = self._statements["decisions" if checkpoint is None else "decisions_of_checkpoint"]
        of_checkpoint = () if checkpoint is None else (checkpoint,)
        rows = await self._database.read(
            lambda connection: connection.fetch(statement, start, end, newest or None, *of_checkpoint)
        )
        return [decision_of(DecisionRecord(*row)) for row in reversed(rows)]

    async def append_event(self, event: Event) -> None:
        """Write an event."""
        record = event_record(event)
        row = (
            record.digest,
            record.kind,
            record.start,
            record.end,
            record.recorded_at,
            record.subject,
            record.detail,
        )
        await self._database.write(lambda connection: connection.execute(self._statements["append_event"], *row))

    async def events(
        self,
        *,
        kinds: Sequence[EventKind] = (),
        subject: str | None = None,
        having: Mapping[str, str] | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
    ) -> Sequence[Event]:
        """Give events that touch [start, end], in order of their start; no kinds means all.

        `having` names texts that the detail has to have, by their keys.
        """
        statement = self._statements["events_of_kinds" if kinds else "events"]
        given = (start, end, None if subject is None else plain(subject), json_text(having or {}))
        wanted = ([kind.value for kind in kinds],) if kinds else ()
        rows = await self._database.read(lambda connection: connection.fetch(statement, *given, *wanted))
        return [event_of(EventRecord(*row)) for row in rows]

    async def lease(self, name: str) -> Lease | None:
        """Take the lease of that name in the database; none where another holds it."""
        return await self._database.lease(name)

    async def compact(self, now: datetime) -> None:
        """Down-sample and drop what is older than the retention, in many small transactions.

        It may be interrupted at any point, and run twice at once. The space is used again after PostgreSQL's own
        autovacuum.
        """
        compaction = Compaction(cutoffs(self._options, now))
        while await self._database.write(compaction.step):
            pass

    async def aclose(self) -> None:
        """Close every connection; safe to call twice."""
        await self._database.aclose()

    async def _series_ids(self, connection: Connection, keys: set[SeriesKey]) -> dict[SeriesKey, int]:
        """Give every series its number; new ones are written."""
        names = {(key.signal_hash, labels_text(key.labels)): key.signal for key in keys}
        found: dict[tuple[str, str], int] = {}
        # Again when a series has appeared, or was removed by compaction, between the look and the write.
        while missing := [text for text in names if text not in found]:
            hashes, labels = map(list, zip(*missing, strict=True))
            for series, *text in await connection.fetch(self._statements["known_series"], hashes, labels):
                found[text[0], text[1]] = series
            if new := [(names[text], *text) for text in missing if text not in found]:
                await connection.execute(self._statements["append_series"], *map(list, zip(*new, strict=True)))
        return {key: found[key.signal_hash, labels_text(key.labels)] for key in keys}


async def _series_of(connection: Connection, signal_hash: str) -> list[tuple[int, SeriesKey]]:
    rows: list[Any] = await connection.fetch(_SERIES_OF_SIGNAL, signal_hash)
    return [(series, SeriesKey(signal, signal_hash, labels_from(labels))) for series, signal, labels in rows]
