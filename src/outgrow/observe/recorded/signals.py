"""Signals read from a recording: the row at or before the moment asked for, unless it is too old to speak of it."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Final, TypeVar, cast

import anyio
import anyio.to_thread

from outgrow.errors import Failure, SourceError
from outgrow.facts.samples import Absence, Labels, Missing, Observation, Origin, Sample, labels_of
from outgrow.observe._samples import no_past, sample_of
from outgrow.observe._shared_reads import SharedReads
from outgrow.observe.recorded.series import RecordedSeries, Times, moments_of, series_of
from outgrow.observe.recorded.table import read_table
from outgrow.plan.secrets import resolve
from outgrow.plan.signals import QuerySignal
from outgrow.plan.sources import RecordedRead, RecordedSource, zone_of
from outgrow.ports import Inspection

T = TypeVar("T")
SeriesByLabels = Mapping[Labels, RecordedSeries]

# A row speaks for its own moment and, as a gap may be, for up to two intervals after it (design, section 3).
_INTERVALS_A_ROW_LASTS: Final = 2
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class RecordedSignals:
    """Answers for any moment that a file covers; the file is read on first use, and again when it has changed."""

    def __init__(self, options: RecordedSource, environment: Mapping[str, str], base: Path) -> None:
        """Remember the file."""
        self._path = base / resolve(options.path, environment)
        self._time_column = options.time_column
        zone = zone_of(options.timezone)
        zero = datetime.fromisoformat(options.starts_at) if options.starts_at else _EPOCH
        self._times = Times(zone, zero if zero.tzinfo else zero.replace(tzinfo=zone))
        self._timeout: timedelta = options.timeout
        self._known: dict[Hashable, tuple[object, SeriesByLabels]] = {}
        self._readings: SharedReads[SeriesByLabels] = SharedReads()

    async def observe(self, signal: QuerySignal, now: datetime) -> Sequence[Observation]:
        """Give the value at `now`, less the signal's delay."""
        return _observations(signal, await self._series(signal), [now - signal.delay], now, Origin.LIVE)

    async def past(self, signal: QuerySignal, instants: Sequence[datetime], now: datetime) -> Sequence[Observation]:
        """Give the values at past moments."""
        if why := self.answers_past(signal):
            raise no_past(why)
        return _observations(signal, await self._series(signal), instants, now, Origin.BACKFILL)

    def answers_past(self, signal: QuerySignal) -> str:
        """The past can be asked for, unless the plan says that only the journal knows it."""
        return "the plan says history: journal" if signal.history == "journal" else ""

    async def inspect(self) -> Inspection:
        """Say how many rows the file has and which time they cover."""

        def covered() -> str:
            table = read_table(self._path, [self._time_column])
            moments = moments_of(table, self._time_column, self._times)
            return f"{len(moments):,} rows" + (f" from {min(moments)} to {max(moments)}" if moments else "")

        return Inspection(f"the recording {self._path.name}", None, (), (await self._in_time(covered),))

    async def aclose(self) -> None:
        """Forget what was read."""
        await self._readings.aclose()
        self._known.clear()

    async def _series(self, signal: QuerySignal) -> SeriesByLabels:
        read = cast("RecordedRead", signal.read)
        what = (read.column, signal.by, labels_of(read.where))

        def from_file() -> SeriesByLabels:
            stamp = _stamp(self._path)
            known = self._known.get(what)
            if known is not None and known[0] == stamp:
                return known[1]
            table = read_table(self._path, [self._time_column, read.column, *signal.by, *read.where])
            series = series_of(table, self._time_column, read.column, signal.by, read.where, self._times)
            self._known[what] = (stamp, series)
            return series

        return await self._readings.read(what, partial(self._in_time, from_file))

    async def _in_time(self, work: Callable[[], T]) -> T:
        try:
            with anyio.fail_after(self._timeout.total_seconds()):
                return await anyio.to_thread.run_sync(work, abandon_on_cancel=True)
        except TimeoutError as error:
            raise SourceError(
                Failure.TIMED_OUT,
                f"{self._path.name} could not be read within {self._timeout.total_seconds():g} s",
                "raise the source's timeout, or cut the recording",
            ) from error


def _stamp(path: Path) -> object:
    """Tell one state of a file from another; a missing file is told apart when it is read."""
    try:
        state = path.stat()
    except OSError:
        return None
    return state.st_mtime_ns, state.st_size


def _observations(
    signal: QuerySignal, recorded: SeriesByLabels, instants: Sequence[datetime], now: datetime, origin: Origin
) -> Sequence[Observation]:
    """Give one observation for each instant; with `by` one for each series that has a row then."""
    rows = {labels: series.rows_at(instants) for labels, series in recorded.items()}
    observed: list[Observation] = []
    for index, at in enumerate(instants):
        for labels, series in recorded.items():
            sample = _sample(signal, series, int(rows[labels][index]), at, now, origin)
            if not signal.by or not _is_outside(sample):
                observed.append(Observation(labels, sample))
        if not recorded and not signal.by:
            detail = "the recording has no such rows"
            observed.append(Observation((), Missing(at, Absence.EMPTY_WINDOW, detail, now, origin)))
    return observed


def _sample(
    signal: QuerySignal, series: RecordedSeries, row: int, at: datetime, now: datetime, origin: Origin
) -> Sample:
    if row < 0:
        detail = f"the recording begins at {series.moment(0):%Y-%m-%d %H:%M:%S} UTC"
        return Missing(at, Absence.EMPTY_WINDOW, detail, now, origin)
    newest = series.moment(row)
    if at - newest > _INTERVALS_A_ROW_LASTS * signal.every:
        detail = f"the newest row is of {newest:%Y-%m-%d %H:%M:%S} UTC, more than 2 x {signal.every} before"
        return Missing(at, Absence.EMPTY_WINDOW, detail, now, origin)
    if series.null[row]:
        return Missing(at, Absence.NULL, "the cell is empty", now, origin)
    return sample_of(float(series.values[row]), at, now, newest=newest, origin=origin)


def _is_outside(sample: Sample) -> bool:
    return isinstance(sample, Missing) and sample.absence is Absence.EMPTY_WINDOW
