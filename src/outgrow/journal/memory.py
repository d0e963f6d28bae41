"""A journal in memory: for tests, and for whoever wants none on the disk. It is gone with the process."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from itertools import groupby

from outgrow.facts.decisions import Decision, Event, EventKind
from outgrow.facts.forecasts import DailyLevel
from outgrow.facts.rollups import LevelKey, Resolution, Rollup, merged, rolled_up
from outgrow.facts.samples import Sample, SeriesKey
from outgrow.journal._records import DecisionRecord, EventRecord, decision_of, decision_record, event_of, event_record
from outgrow.journal._retention import Cutoffs, cutoffs
from outgrow.journal._samples import checked_level, columns_of, in_order, sample_of
from outgrow.journal._text import json_text, plain
from outgrow.plan import JournalOptions
from outgrow.ports import Lease

_LevelDay = tuple[LevelKey, date]


class MemoryJournal:
    """Keeps what the other journals keep, by the same rules, and stores copies as they do."""

    def __init__(self, options: JournalOptions | None = None) -> None:
        """Begin empty; the options say how long samples and roll-ups are kept."""
        self._options = options or JournalOptions()
        self._samples: dict[SeriesKey, dict[datetime, Sample]] = {}
        self._rollups: dict[tuple[SeriesKey, Resolution], dict[datetime, Rollup]] = {}
        self._levels: dict[_LevelDay, dict[datetime, DailyLevel]] = {}
        self._decisions: dict[bytes, DecisionRecord] = {}
        self._events: dict[bytes, EventRecord] = {}
        self._leased: set[str] = set()

    async def append_samples(self, samples: Sequence[tuple[SeriesKey, Sample]]) -> int:
        """Write samples and give the number newly kept: the first write of a series at a moment wins."""
        # Everything is checked before anything is kept.
        checked = [(key, sample_of((sample.at, sample.observed_at, *columns_of(sample)))) for key, sample in samples]
        kept = 0
        for key, sample in checked:
            series = self._samples.setdefault(key, {})
            if sample.at not in series:
                series[sample.at] = sample
                kept += 1
        return kept

    async def samples(
        self, signal_hash: str, start: datetime, end: datetime, *, observed_until: datetime | None = None
    ) -> Sequence[tuple[SeriesKey, Sample]]:
        """Give the kept samples of every label set of a signal with start <= at <= end, in time order."""
        return in_order(
            [
                (key, sample)
                for at, sample in sorted(series.items())
                if start <= at <= end and (observed_until is None or sample.observed_at <= observed_until)
            ]
            for key, series in self._samples.items()
            if key.signal_hash == signal_hash
        )

    async def rollups(
        self, signal_hash: str, start: datetime, end: datetime, resolution: Resolution
    ) -> Sequence[tuple[SeriesKey, Rollup]]:
        """Summarise every label set of a signal in the buckets that touch [start, end], by time."""
        first, last = resolution.start_of(start), resolution.start_of(end)
        keys = {key for key in self._samples if key.signal_hash == signal_hash}
        keys |= {key for key, _ in self._rollups if key.signal_hash == signal_hash}
        found = [
            (key, rollup)
            for key in keys
            for bucket, rollup in self._summaries(key, resolution).items()
            if first <= bucket <= last
        ]
        return sorted(found, key=lambda each: (each[1].start, each[0].labels))

    def _summaries(self, key: SeriesKey, resolution: Resolution) -> dict[datetime, Rollup]:
        """Put together what each tier knows; what is stored for a bucket counts, later samples of it do not."""
        fine = self._rollups.get((key, Resolution.FIVE_MINUTES), {})
        stored = self._rollups.get((key, resolution), {})
        loose = [
            sample
            for at, sample in sorted(self._samples.get(key, {}).items())
            if Resolution.FIVE_MINUTES.start_of(at) not in fine and resolution.start_of(at) not in stored
        ]
        parts = list(_buckets(loose, resolution))
        if resolution is Resolution.HOUR:
            parts = [*_hours(rollup for _, rollup in sorted(fine.items())), *parts]
        summaries: dict[datetime, Rollup] = dict(stored)
        for part in parts:
            if part.start not in stored:
                earlier = summaries.get(part.start)
                summaries[part.start] = merged((earlier, part), part.start, resolution) if earlier else part
        return summaries

    async def append_daily_levels(self, levels: Sequence[tuple[LevelKey, DailyLevel]], recorded_at: datetime) -> int:
        """Write daily levels and give the number kept: those that are not what was last written for their day."""
        checked = [(key, checked_level(level)) for key, level in levels]
        kept = 0
        for key, level in checked:
            written = self._levels.setdefault((key, level.day), {})
            before = [each for each in written if each <= recorded_at]
            if recorded_at not in written and not (before and written[max(before)] == level):
                written[recorded_at] = level
                kept += 1
        return kept

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
        found: list[tuple[LevelKey, DailyLevel]] = []
        for (key, day), written in self._levels.items():
            wanted = (key.series.signal_hash, key.statistic, key.zone) == (signal_hash, statistic, zone)
            known = [each for each in written if recorded_until is None or each <= recorded_until]
            if wanted and start <= day <= end and known:
                found.append((key, written[max(known)]))
        return sorted(found, key=lambda each: (each[1].day, each[0].series.labels))

    async def append_decision(self, decision: Decision) -> None:
        """Write a decision."""
        record = decision_record(decision)
        self._decisions.setdefault(record.digest, record)

    async def decisions(
        self,
        *,
        checkpoint: str | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
        newest: int = 0,
    ) -> Sequence[Decision]:
        """Give decisions with start <= at <= end in time order; with `newest` > 0 only the last so many."""
        found = [
            record
            for record in self._decisions.values()
            if (checkpoint is None or record.checkpoint == checkpoint)
            and (start is None or record.at >= start)
            and (end is None or record.at <= end)
        ]
        found.sort(key=lambda record: (record.at, record.recorded_at))
        return [decision_of(record) for record in found[-newest:]]

    async def append_event(self, event: Event) -> None:
        """Write an event."""
        record = event_record(event)
        self._events.setdefault(record.digest, record)

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
        found = [
            record
            for record in self._events.values()
            if (not kinds or record.kind in kinds)
            and (subject is None or record.subject == plain(subject))
            and (not having or _has(json.loads(record.detail), having))
            and (end is None or record.start <= end)
            and (start is None or (record.end or record.start) >= start)
        ]
        return [event_of(record) for record in sorted(found, key=lambda record: (record.start, record.recorded_at))]

    async def lease(self, name: str) -> Lease | None:
        """Take the lease of that name; none where another part of this process holds it."""
        if name in self._leased:
            return None
        self._leased.add(name)
        return _MemoryLease(self._leased, name)

    async def compact(self, now: datetime) -> None:
        """Down-sample and drop what is older than the retention."""
        cut = cutoffs(self._options, now)
        for key, series in self._samples.items():
            old = [series.pop(at) for at in sorted(series) if at < cut.raw]
            self._store(key, _buckets(old, Resolution.FIVE_MINUTES))
        for key, resolution in list(self._rollups):
            if resolution is Resolution.FIVE_MINUTES:
                fine = self._rollups[key, resolution]
                self._store(key, _hours(fine.pop(start) for start in sorted(fine) if start < cut.five_minutes))
        for (_, resolution), tier in self._rollups.items():
            if resolution is Resolution.HOUR:
                for start in [each for each in tier if each < cut.hours]:
                    del tier[start]
        for key, day in list(self._levels):
            if day < cut.days:
                del self._levels[key, day]

        for mark, record in list(self._events.items()):
            if record.kind == EventKind.SCALING and record.start < cut.raw:
                self._compact_scaling(mark, record, cut)

    def _compact_scaling(self, mark: bytes, record: EventRecord, cut: Cutoffs) -> None:
        detail = json.loads(record.detail)
        decision = detail.get("decision", {})
        is_idle = "seen" in detail and decision.get("current") == decision.get("desired")
        if is_idle or record.start < cut.hours:
            del self._events[mark]
            return
        if "seen" in detail:
            short = {name: each for name, each in detail.items() if name not in {"seen", "state"}}
            self._events[mark] = replace(record, detail=json_text(short))

    def _store(self, key: SeriesKey, rollups: Iterator[Rollup]) -> None:
        for rollup in rollups:
            self._rollups.setdefault((key, rollup.resolution), {}).setdefault(rollup.start, rollup)

    async def aclose(self) -> None:
        """Do nothing: what was written can still be read."""


@dataclass(slots=True)
class _MemoryLease:
    leased: set[str]
    name: str
    held: bool = True

    async def still_held(self) -> bool:
        return self.held

    async def release(self) -> None:
        if self.held:
            self.held = False
            self.leased.discard(self.name)


def _has(detail: Mapping[str, object], texts: Mapping[str, str]) -> bool:
    return all(detail.get(key) == text for key, text in texts.items())


def _buckets(samples: Sequence[Sample], resolution: Resolution) -> Iterator[Rollup]:
    for start, bucket in groupby(samples, key=lambda sample: resolution.start_of(sample.at)):
        yield rolled_up(tuple(bucket), start, resolution)


def _hours(fine: Iterator[Rollup]) -> Iterator[Rollup]:
    for start, parts in groupby(fine, key=lambda rollup: Resolution.HOUR.start_of(rollup.start)):
        yield merged(parts, start, Resolution.HOUR)
