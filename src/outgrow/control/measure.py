"""Measure every signal of a plan at once: sources side by side, each read bounded, a failing one spoiling nothing."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from time import monotonic
from typing import TypeVar

import anyio

from outgrow.control.grid import grid
from outgrow.control.needs import Need
from outgrow.errors import Failure, SourceError
from outgrow.facts.checks import SourceFacts
from outgrow.facts.samples import Absence, Labels, Missing, Observation, Origin, Sample, SeriesKey, in_time_order
from outgrow.plan import Plan
from outgrow.plan.secrets import redacted
from outgrow.plan.signals import QuerySignal, signal_hash
from outgrow.plan.sources import HttpRead
from outgrow.ports import Journal, SignalSource
from outgrow.quantity import format_duration

Answer = TypeVar("Answer")
Progress = Callable[[str, int, int], None]
"""Called with a signal's name, how many are done, and how many there are."""

# A source that cannot even be talked to is not asked again in the same round: fifty signals behind a dead host must not
# take fifty time-outs.
_DEAD = frozenset(
    {
        Failure.REFUSED,
        Failure.UNREACHABLE,
        Failure.WRONG_PASSWORD,
        Failure.NOT_CONFIGURED,
        Failure.NOT_INSTALLED,
        Failure.TOO_MANY_CONNECTIONS,
    }
)
_HANGING_AFTER = 2
_GRACE = timedelta(seconds=2)
_READS_AT_ONCE = 4
_FIRST_SLICE = 512
_SLICE_GROWTH = 8
_QUICK = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class OpenSource:
    """A source that was opened: its adapter, its kind, its time limit and the secrets that no message may hold."""

    name: str
    kind: str
    timeout: timedelta
    adapter: SignalSource
    secrets: tuple[str, ...] = ()


@dataclass(slots=True)
class ReadSignal:
    """A query signal as it was read: its samples by labels, why it failed, and why it has no past."""

    series: dict[Labels, list[Sample]] = field(default_factory=dict[Labels, list[Sample]])
    failure: SourceError | None = None
    no_past: str = ""
    notes: list[str] = field(default_factory=list[str])

    def keep(self, labels: Labels, sample: Sample) -> None:
        """Add a sample to its series."""
        self.series.setdefault(labels, []).append(sample)

    def in_order(self) -> Mapping[Labels, tuple[Sample, ...]]:
        """Give the series sorted by time."""
        return {labels: in_time_order(samples) for labels, samples in self.series.items()}


@dataclass(slots=True)
class _Round:
    """What one source's reads share: whether it is still worth asking, and the samples to be remembered."""

    dead: SourceError | None = None
    timeouts: int = 0
    answered: bool = False
    failures: dict[str, None] = field(default_factory=dict[str, None])
    fresh: list[tuple[SeriesKey, Sample]] = field(default_factory=list[tuple[SeriesKey, Sample]])
    began: float = field(default_factory=monotonic)
    took: timedelta = timedelta(0)

    def learn(self, error: SourceError) -> None:
        self.failures[str(error)] = None
        if error.failure is Failure.TIMED_OUT:
            self.timeouts += 1
        if error.failure in _DEAD or (self.timeouts >= _HANGING_AFTER and not self.answered):
            self.dead = error


class Round:
    """One round of measuring: reads the needed signals of a plan from open sources, with the help of a journal."""

    def __init__(
        self,
        plan: Plan,
        sources: Mapping[str, OpenSource | SourceError],
        journal: Journal | None,
        now: datetime,
        *,
        past_of: datetime | None = None,
        patience: timedelta | None = None,
        progress: Progress | None = None,
    ) -> None:
        """Prepare a round at `now`; with `past_of` that earlier moment is judged, and only the past is asked.

        `patience` is how long a source may be asked for its past; what it has not answered by then stays unread.
        """
        self._plan = plan
        self._sources = sources
        self._journal = journal
        self._now = now
        self._live = past_of is None
        self._end = past_of or now
        self._patience = patience
        self._progress = progress
        self._done = 0
        self._total = 0

    async def read(self, needed: Mapping[str, Need]) -> tuple[Mapping[str, ReadSignal], Mapping[str, SourceFacts]]:
        """Read every needed signal; failures come back worded inside the result, never raised."""
        self._total = len(needed)
        signals: dict[str, ReadSignal] = {name: ReadSignal() for name in needed}
        by_source: dict[str, list[str]] = {}
        for name in needed:
            by_source.setdefault(self._query(name).source, []).append(name)
        rounds = {name: _Round() for name in by_source}
        async with anyio.create_task_group() as tasks:
            for source, names in by_source.items():
                tasks.start_soon(self._read_source, source, names, needed, signals, rounds[source])
        facts = {
            name: SourceFacts(
                name, self._plan.sources[name].kind, len(by_source[name]), tuple(asked.failures), asked.took
            )
            for name, asked in rounds.items()
        }
        return signals, facts

    def _query(self, name: str) -> QuerySignal:
        signal = self._plan.signals[name]
        if not isinstance(signal, QuerySignal):
            message = f"{name} is derived, not read"
            raise TypeError(message)
        return signal

    async def _read_source(
        self,
        source: str,
        names: Sequence[str],
        needed: Mapping[str, Need],
        signals: dict[str, ReadSignal],
        asked: _Round,
    ) -> None:
        limiter = anyio.CapacityLimiter(_READS_AT_ONCE)

        async def one(name: str) -> None:
            async with limiter:
                await self._read_signal(name, needed[name], signals[name], asked)
            self._done += 1
            if self._progress is not None:
                self._progress(name, self._done, self._total)

        async with anyio.create_task_group() as tasks:
            for name in names:
                tasks.start_soon(one, name)
        if self._journal is not None and asked.fresh:
            await self._journal.append_samples(asked.fresh)  # one transaction a source, not one a signal
        asked.took = timedelta(seconds=monotonic() - asked.began)

    async def _read_signal(self, name: str, need: Need, into: ReadSignal, asked: _Round) -> None:
        signal = self._query(name)
        key_hash = signal_hash(name, self._plan.signals)
        known = await self._from_journal(key_hash, need, into)
        fresh: list[Observation] = []
        opened = self._sources[signal.source]
        try:
            source = opened_or_raise(opened)
            into.no_past = source.adapter.answers_past(signal)
            if self._live:
                fresh += await self._observe(source, signal, asked)
            if not into.no_past:
                await self._past(source, signal, self._instants(signal, need) - known, into, asked, fresh)
        except Exception as fault:  # noqa: BLE001 (a fault in one adapter must not spoil the other sources' verdicts)
            worded = without_secrets(as_source_error(fault), opened)
            asked.learn(worded)
            into.failure = worded
            if self._live and not any(each.sample.origin is Origin.LIVE for each in fresh):
                fresh.append(Observation((), Missing(self._now, Absence.FAILED, str(worded), self._now)))
        for each in fresh:
            into.keep(each.labels, each.sample)
        asked.fresh += [
            (SeriesKey(name, key_hash, each.labels), each.sample) for each in fresh if not _failed_backfill(each.sample)
        ]

    async def _observe(self, opened: OpenSource, signal: QuerySignal, asked: _Round) -> Sequence[Observation]:
        asks_whether_up = isinstance(signal.read, HttpRead) and signal.read.metric == "up"
        # Of a dead host `up` has a value, 0, and that value says nothing of whether the host answers.
        if asked.dead is not None and not asks_whether_up:
            raise asked.dead
        observed = await bounded(opened.timeout * 2 + _GRACE, lambda: opened.adapter.observe(signal, self._now))
        asked.answered = asked.answered or not asks_whether_up
        return observed

    def _instants(self, signal: QuerySignal, need: Need) -> set[datetime]:
        latest = self._end - signal.delay
        return {
            *grid(latest - need.recent, latest, need.recent_step),
            *grid(latest - need.history, latest, need.step),
        }

    async def _past(
        self,
        opened: OpenSource,
        signal: QuerySignal,
        instants: set[datetime],
        into: ReadSignal,
        asked: _Round,
        fresh: list[Observation],
    ) -> None:
        """Ask for the past, the newest first, in slices that grow while they are quick, until patience is at an end.

        A query of a second times five thousand instants is more than an hour: what was read by then must do.
        """
        left = sorted(instants)
        size = _FIRST_SLICE
        while left:
            if asked.dead is not None:
                raise asked.dead
            if self._patience is not None and monotonic() - asked.began > self._patience.total_seconds():
                into.notes.append(
                    f"its past was left unread before {left[-1].isoformat(timespec='minutes')}: {signal.source} took "
                    f"longer than {format_duration(self._patience)}"
                )
                return
            chunk, left = left[-size:], left[:-size]
            began = monotonic()
            fresh += await self._slice(opened, signal, chunk)
            asked.answered = True
            if monotonic() - began < _QUICK.total_seconds():
                size *= _SLICE_GROWTH

    async def _slice(
        self, opened: OpenSource, signal: QuerySignal, instants: Sequence[datetime]
    ) -> Sequence[Observation]:
        if self._patience is None:
            return await opened.adapter.past(signal, instants, self._now)
        limit = self._patience + opened.timeout * 2 + _GRACE
        return await bounded(limit, lambda: opened.adapter.past(signal, instants, self._now))

    async def _from_journal(self, key_hash: str, need: Need, into: ReadSignal) -> frozenset[datetime]:
        """Take what the journal has, and say which moments need not be asked again."""
        if self._journal is None:
            return frozenset()
        start = self._end - max(need.recent, need.history) - need.step
        rows = await self._journal.samples(key_hash, start, self._end)
        for key, sample in rows:
            into.keep(key.labels, sample)
        return frozenset(sample.at for _, sample in rows)


def opened_or_raise(opened: OpenSource | SourceError) -> OpenSource:
    """Give a source that could be opened, or raise why it could not."""
    if isinstance(opened, SourceError):
        raise opened
    return opened


def as_source_error(fault: Exception) -> SourceError:
    """Give a fault of an adapter as the error that it should have been."""
    if isinstance(fault, SourceError):
        return fault
    return SourceError(
        Failure.OTHER,
        f"its adapter failed: {type(fault).__name__}: {fault}",
        "this is a fault of outgrow, or of the package that brings this kind of source; please report it",
    )


def _failed_backfill(sample: Sample) -> bool:
    """A past moment that could not be read now may be readable later: it is not kept, since the first write wins."""
    return isinstance(sample, Missing) and sample.origin is Origin.BACKFILL and sample.absence is Absence.FAILED


async def bounded(limit: timedelta, call: Callable[[], Awaitable[Answer]]) -> Answer:
    """Await a source's answer, but never longer than `limit`: adapters keep their own time, this is the safety net.

    Raises:
        SourceError: it took longer.
    """
    try:
        with anyio.fail_after(limit.total_seconds()):
            return await call()
    except TimeoutError as error:
        raise SourceError(
            Failure.TIMED_OUT, f"no answer within {format_duration(limit)}", "look whether the source hangs"
        ) from error


def without_secrets(error: SourceError, opened: OpenSource | SourceError) -> SourceError:
    """Give an error whose words hold none of the source's secrets."""
    secrets = opened.secrets if isinstance(opened, OpenSource) else ()
    return SourceError(error.failure, redacted(error.what, secrets), redacted(error.remedy, secrets))
