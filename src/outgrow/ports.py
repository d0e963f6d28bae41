"""Every Protocol on one page: what the control rooms need from the world, and nothing more.

Adapters live in `observe`, `journal`, `act`, `notify` and `loadtest`; only `wiring` knows their names.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Protocol

from outgrow.facts.decisions import Decision, Event, EventKind
from outgrow.facts.forecasts import DailyLevel
from outgrow.facts.replicas import Replicas
from outgrow.facts.rollups import LevelKey, Resolution, Rollup
from outgrow.facts.samples import Observation, Sample, SeriesKey
from outgrow.plan.signals import QuerySignal


class Clock(Protocol):
    """The present moment."""

    def now(self) -> datetime:
        """Give the present moment, timezone-aware UTC."""
        ...


@dataclass(frozen=True, slots=True)
class Inspection:
    """What a source says of itself, for `validate --live` and for the notes of a check.

    `clock_skew` is the source's clock minus ours, where it has one. `warnings` are sentences about rights and settings
    ("the role postgres is a superuser; ..."), `notes` facts worth showing ("maxmemory 512 MiB, policy allkeys-lru").
    """

    version: str
    clock_skew: timedelta | None = None
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


class SignalSource(Protocol):
    """A system that can be measured. One adapter per kind, opened once per source of the plan.

    Every call is bounded by the source's time limit, may run at the same time as others, and raises `SourceError` with
    the failure told apart. An empty window, NULL and NaN are not errors: they come back as `Missing`.
    """

    async def observe(self, signal: QuerySignal, now: datetime) -> Sequence[Observation]:
        """Read a signal at this moment: one observation, or one per label set with `by`.

        `now` is our clock; a source with a clock of its own (a database) judges its windows by that one and stamps the
        samples with it.
        """
        ...

    async def past(self, signal: QuerySignal, instants: Sequence[datetime], now: datetime) -> Sequence[Observation]:
        """Answer for past moments, given in rising order: for each instant an observation per label set.

        Raises:
            SourceError: among others `Failure.NOT_CONFIGURED` when the source cannot answer for the past
                (ask `answers_past` first).
        """
        ...

    def answers_past(self, signal: QuerySignal) -> str:
        """Say why the signal's past cannot be asked for, in one sentence; empty when it can."""
        ...

    async def inspect(self) -> Inspection:
        """Connect, and say what there is to know about the source itself."""
        ...

    async def aclose(self) -> None:
        """Close every connection; safe to call twice."""
        ...


class Actuator(Protocol):
    """What starts and stops the replicas of one service. One adapter per kind of run target.

    Every call ends within the target's time limit. What takes longer (starting, draining) is ordered and then seen in
    `replicas`. All that an actuator must remember outlives the process: opened again, it goes on where it was.

    Raises:
        ActuatorError: from every method; the failure is told apart, and whether a change was made is not known.
    """

    async def replicas(self) -> Replicas:
        """Look at the replicas, changing nothing."""
        ...

    async def scale_to(self, count: int) -> None:
        """Order so many replicas. Ordering what is ordered already changes nothing.

        Raises:
            ValueError: a negative count.
        """
        ...

    async def tend(self) -> Sequence[str]:
        """Bring the replicas a step nearer to what was ordered, and say in sentences what was done that nobody ordered.

        Replaces what died, sends requests to what became ready, ends what has drained. To be called every second or so;
        where something else does this (Kubernetes) it does nothing.
        """
        ...

    async def put_away(self) -> None:
        """End what the actuator itself has put before the replicas (an nginx of our own); for when none are left."""
        ...

    async def aclose(self) -> None:
        """Close connections; the replicas stay. Safe to call twice."""
        ...


class Balancer(Protocol):
    """What stands before the replicas of a service and spreads requests over them.

    Raises:
        ActuatorError: from every method.
    """

    async def spread_over(self, addresses: Sequence[str]) -> None:
        """Send every new request to one of these (`HOST:PORT`); when it returns none goes elsewhere.

        Requests that run already go on where they are. Changes nothing where nothing is to be changed.
        """
        ...

    async def in_flight(self, address: str) -> int:
        """Count the requests, or the connections with one, that `address` still works on."""
        ...

    async def put_away(self) -> None:
        """End it where it was started for these replicas alone."""
        ...

    async def aclose(self) -> None:
        """Let go of it; it goes on. Safe to call twice."""
        ...


class Lease(Protocol):
    """The right to be the only one that does something; it ends with the process that holds it, however that ends."""

    async def still_held(self) -> bool:
        """Say whether nobody else can have it meanwhile (a connection that carried it may have been lost)."""
        ...

    async def release(self) -> None:
        """Give it back; safe to call twice."""
        ...


class Journal(Protocol):
    """Samples, decisions and events of one plan, append-only. What a call has acknowledged survives a crash.

    A call is one transaction. Writing the same thing again changes nothing, so a write may be repeated. Bounds of time
    belong to the window; times must have a zone and come back in UTC.

    Raises:
        JournalError: from every method; the journal cannot be read or written.
        ValueError: from every write; a number is NaN or infinite, or a time has no zone.
    """

    async def append_samples(self, samples: Sequence[tuple[SeriesKey, Sample]]) -> int:
        """Write samples and give the number newly kept: the first write of a series at a moment wins."""
        ...

    async def samples(
        self, signal_hash: str, start: datetime, end: datetime, *, observed_until: datetime | None = None
    ) -> Sequence[tuple[SeriesKey, Sample]]:
        """Give the samples of every label set of a signal with start <= at <= end, by time, then labels.

        `observed_until` leaves out what was learnt later, so that an old decision can be repeated. What is older than
        the retention of samples is found in `rollups` only.
        """
        ...

    async def rollups(
        self, signal_hash: str, start: datetime, end: datetime, resolution: Resolution
    ) -> Sequence[tuple[SeriesKey, Rollup]]:
        """Summarise every label set of a signal in the buckets that touch [start, end], by time, then labels.

        Covers all that is kept: recent buckets are worked out from samples, older ones were stored by `compact`. At
        five minutes there is nothing for what is kept by the hour only.
        """
        ...

    async def append_daily_levels(self, levels: Sequence[tuple[LevelKey, DailyLevel]], recorded_at: datetime) -> int:
        """Write daily levels, which forecasts need for longer than samples are kept; give the number kept.

        A level is kept where it is not what was last written for its day.
        """
        ...

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
        """Give the newest level of each day with start <= day <= end, for every label set, by day, then labels."""
        ...

    async def append_decision(self, decision: Decision) -> None:
        """Write a decision."""
        ...

    async def decisions(
        self,
        *,
        checkpoint: str | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
        newest: int = 0,
    ) -> Sequence[Decision]:
        """Give decisions in time order of `at`; with `newest` > 0 only the last so many."""
        ...

    async def append_event(self, event: Event) -> None:
        """Write an event."""
        ...

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
        ...

    async def lease(self, name: str) -> Lease | None:
        """Take the lease of that name among all that use this journal; none where another holds it."""
        ...

    async def compact(self, now: datetime) -> None:
        """Down-sample and drop what is older than the journal's retention.

        Works in small steps between which others may write; may be interrupted anywhere and run twice at once.
        """
        ...

    async def aclose(self) -> None:
        """Close the journal; safe to call twice."""
        ...
