"""Samples, decisions and events in an SQLite file."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final, Self, cast

import anyio
import anyio.to_thread
import apsw

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
from outgrow.journal._time import microseconds, moment, optional_microseconds, optional_moment
from outgrow.journal.sqlite.compaction import Compaction
from outgrow.journal.sqlite.database import Database
from outgrow.journal.sqlite.lease import take_lease
from outgrow.plan import JournalOptions
from outgrow.ports import Lease

PACKAGE: Final = "outgrow.journal.sqlite"
_PAUSE_SECONDS: Final = 0.01

_SERIES: Final = "SELECT id FROM series WHERE signal_hash = ? AND labels = ?"
_NEW_SERIES: Final = "INSERT INTO series (signal, signal_hash, labels) VALUES (?, ?, ?) RETURNING id"
_SERIES_OF_SIGNAL: Final = "SELECT id, signal, labels FROM series WHERE signal_hash = ? ORDER BY labels"
_APPEND_SAMPLE: Final = (
    "INSERT INTO samples (series, at, observed_at, value, n, newest, absence, detail, backfilled) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"
)
_SAMPLES: Final = (
    "SELECT at, observed_at, value, n, newest, absence, detail, backfilled FROM samples "
    "WHERE series = ? AND at BETWEEN ? AND ? AND observed_at <= ? ORDER BY at"
)
_APPEND_DECISION: Final = (
    "INSERT INTO decisions (digest, checkpoint, at, recorded_at, grade, rule_hash, state, evidence) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"
)
_APPEND_EVENT: Final = (
    'INSERT INTO events (digest, kind, start, "end", recorded_at, subject, detail) '
    "VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"
)
_END_OF_TIME: Final = (1 << 63) - 1


class SqliteJournal:
    """A journal in one file, for one machine; any number of processes may use it at once."""

    def __init__(self, database: Database, options: JournalOptions) -> None:
        """Use an open, migrated database."""
        self._database = database
        self._options = options
        self._statements = {
            name: query(PACKAGE, name)
            for name in (
                "append_level",
                "levels",
                "decisions",
                "decisions_of_checkpoint",
                "events",
                "events_of_kinds",
                "rollups_of_samples",
                "rollups_of_five_minutes",
                "rollups_stored",
            )
        }

    @classmethod
    async def open(cls, path: Path, options: JournalOptions) -> Self:
        """Open the journal in the file `path`, which is made (mode 0600) where it does not exist.

        Raises:
            JournalError: it cannot be created, read or written, is damaged, is not ours, or is newer than we are.
        """
        return cls(await Database.open(path, migrations(PACKAGE)), options)

    async def append_samples(self, samples: Sequence[tuple[SeriesKey, Sample]]) -> int:
        """Write samples and give the number newly kept: the first write of a series at a moment wins."""
        if not samples:
            return 0
        return await self._database.write(lambda connection: _append_samples(connection, samples))

    async def samples(
        self, signal_hash: str, start: datetime, end: datetime, *, observed_until: datetime | None = None
    ) -> Sequence[tuple[SeriesKey, Sample]]:
        """Give the kept samples of every label set of a signal with start <= at <= end, in time order."""
        until = _END_OF_TIME if observed_until is None else microseconds(observed_until)
        bounds = microseconds(start), microseconds(end), until

        def read(connection: apsw.Connection) -> Sequence[tuple[SeriesKey, Sample]]:
            return in_order(
                [
                    [(key, _sample(row)) for row in connection.execute(_SAMPLES, (series, *bounds))]
                    for series, key in _series_of(connection, signal_hash)
                ]
            )

        return await self._database.read(read)

    async def rollups(
        self, signal_hash: str, start: datetime, end: datetime, resolution: Resolution
    ) -> Sequence[tuple[SeriesKey, Rollup]]:
        """Summarise every label set of a signal in the buckets that touch [start, end], by time."""
        width = resolution.value * 1_000_000
        bindings = {
            "from": microseconds(resolution.start_of(start)),
            "until": microseconds(resolution.start_of(end)) + width,
            "resolution": resolution.value,
            "width": width,
        }
        parts = ["rollups_stored", "rollups_of_five_minutes", "rollups_of_samples"]
        if resolution is Resolution.FIVE_MINUTES:
            parts.remove("rollups_of_five_minutes")

        def columns(connection: apsw.Connection, series: int) -> Iterator[RollupColumns]:
            for part in parts:
                for began, *values in connection.execute(self._statements[part], {"series": series, **bindings}):
                    yield moment(began), *values  # pyright: ignore[reportReturnType]

        def read(connection: apsw.Connection) -> Sequence[tuple[SeriesKey, Rollup]]:
            return merged_columns(
                ((key, columns(connection, series)) for series, key in _series_of(connection, signal_hash)), resolution
            )

        return await self._database.read(read)

    async def append_daily_levels(self, levels: Sequence[tuple[LevelKey, DailyLevel]], recorded_at: datetime) -> int:
        """Write daily levels and give the number kept: those that are not what was last written for their day."""
        if not levels:
            return 0
        recorded = microseconds(recorded_at)

        def write(connection: apsw.Connection) -> int:
            rows = [
                {
                    "series": _series_id(connection, key.series),
                    "statistic": key.statistic,
                    "zone": key.zone,
                    "day": level.day.isoformat(),
                    "recorded_at": recorded,
                    "level": level.level,
                    "coverage": level.coverage,
                }
                for key, level in ((key, checked_level(level)) for key, level in levels)
            ]
            return _kept(connection, self._statements["append_level"], rows)

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
        bindings = {
            "statistic": statistic,
            "zone": zone,
            "start": start.isoformat(),
            "end": end.isoformat(),
            "until": optional_microseconds(recorded_until),
        }

        def read(connection: apsw.Connection) -> Sequence[tuple[LevelKey, DailyLevel]]:
            found = [
                (LevelKey(key, statistic, zone), DailyLevel(date.fromisoformat(day), level, coverage))
                for series, key in _series_of(connection, signal_hash)
                for day, level, coverage, _ in connection.execute(
                    self._statements["levels"], {"series": series, **bindings}
                )
            ]
            return sorted(found, key=lambda each: (each[1].day, each[0].series.labels))

        return await self._database.read(read)

    async def append_decision(self, decision: Decision) -> None:
        """Write a decision."""
        record = decision_record(decision)
        row = (
            record.digest,
            record.checkpoint,
            microseconds(record.at),
            microseconds(record.recorded_at),
            record.grade,
            record.rule_hash,
            record.state,
            record.evidence,
        )
        await self._database.write(lambda connection: connection.execute(_APPEND_DECISION, row))

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
        bindings = {
            "start": optional_microseconds(start),
            "end": optional_microseconds(end),
            "newest": newest or -1,
            **({} if checkpoint is None else {"checkpoint": checkpoint}),
        }

        def read(connection: apsw.Connection) -> Sequence[Decision]:
            found = [
                decision_of(DecisionRecord(mark, name, moment(at), moment(recorded_at), *rest))
                for mark, name, at, recorded_at, *rest in _rows(connection, statement, bindings)
            ]
            return found[::-1]

        return await self._database.read(read)

    async def append_event(self, event: Event) -> None:
        """Write an event."""
        record = event_record(event)
        row = (
            record.digest,
            record.kind,
            microseconds(record.start),
            optional_microseconds(record.end),
            microseconds(record.recorded_at),
            record.subject,
            record.detail,
        )
        await self._database.write(lambda connection: connection.execute(_APPEND_EVENT, row))

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
        bindings = {
            "start": optional_microseconds(start),
            "end": optional_microseconds(end),
            "subject": None if subject is None else plain(subject),
            "having": json_text(having or {}),
            **({"kinds": json.dumps(kinds)} if kinds else {}),
        }

        def read(connection: apsw.Connection) -> Sequence[Event]:
            return [
                event_of(
                    EventRecord(mark, kind, moment(began), optional_moment(ended), moment(recorded_at), subject, detail)
                )
                for mark, kind, began, ended, recorded_at, subject, detail in _rows(connection, statement, bindings)
            ]

        return await self._database.read(read)

    async def lease(self, name: str) -> Lease | None:
        """Take the lease of that name beside the file; none where another holds it."""
        return await anyio.to_thread.run_sync(take_lease, self._database.path, name)

    async def compact(self, now: datetime) -> None:
        """Down-sample and drop what is older than the retention, in many small transactions.

        Other writers get their turn between any two of them. It may be interrupted at any point, and run twice at once.
        """
        compaction = Compaction(cutoffs(self._options, now))
        while await self._database.write(compaction.step):  # noqa: ASYNC110 (it waits for nothing: it lets others write)
            await anyio.sleep(_PAUSE_SECONDS)
        await self._database.tidy()

    async def aclose(self) -> None:
        """Close the file; safe to call twice."""
        await self._database.aclose()


def _append_samples(connection: apsw.Connection, samples: Sequence[tuple[SeriesKey, Sample]]) -> int:
    ids: dict[SeriesKey, int] = {}
    rows: list[tuple[Any, ...]] = []
    for key, sample in samples:
        series = ids.get(key)
        if series is None:
            series = ids[key] = _series_id(connection, key)
        value, n, newest, *rest = columns_of(sample)
        at, observed_at = microseconds(sample.at), microseconds(sample.observed_at)
        rows.append((series, at, observed_at, value, n, optional_microseconds(newest), *rest))
    # In the order of the key each page is touched once; the sort is stable, so the first write still comes first.
    rows.sort(key=lambda row: row[:2])
    return _kept(connection, _APPEND_SAMPLE, rows)


def _kept(connection: apsw.Connection, statement: str, rows: Sequence[Any]) -> int:
    before = connection.total_changes()
    connection.executemany(statement, rows)
    return connection.total_changes() - before


def _series_id(connection: apsw.Connection, key: SeriesKey) -> int:
    # Looked up each time: compaction, perhaps of another process, removes series of which nothing is left.
    labels = labels_text(key.labels)
    found = connection.execute(_SERIES, (key.signal_hash, labels)).get
    return found or connection.execute(_NEW_SERIES, (key.signal, key.signal_hash, labels)).get


def _series_of(connection: apsw.Connection, signal_hash: str) -> list[tuple[int, SeriesKey]]:
    return [
        (series, SeriesKey(signal, signal_hash, labels_from(labels)))
        for series, signal, labels in _rows(connection, _SERIES_OF_SIGNAL, (signal_hash,))
    ]


def _sample(row: tuple[Any, ...]) -> Sample:
    at, observed_at, value, n, newest, *rest = row
    return sample_of((moment(at), moment(observed_at), value, n, optional_moment(newest), *rest))


def _rows(
    connection: apsw.Connection, statement: str, bindings: Mapping[str, Any] | tuple[Any, ...]
) -> list[tuple[Any, ...]]:
    return cast("list[tuple[Any, ...]]", connection.execute(statement, bindings).fetchall())
