"""Read signals of the target while a load test runs, on the run's own time axis; a failing one spoils nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

import anyio

from outgrow.control.measure import OpenSource, ReadSignal, as_source_error, opened_or_raise, without_secrets
from outgrow.control.needs import query_signals_behind
from outgrow.decide.saturation import limit_of
from outgrow.errors import SourceError
from outgrow.facts.loads import Resource, ResourcePoint
from outgrow.facts.samples import Labels, Measured, Sample
from outgrow.plan import Plan
from outgrow.plan.signals import QuerySignal
from outgrow.ports import Clock
from outgrow.quantity import Duration


class Watching:
    """The signals that a run watches, read again and again until it is cancelled."""

    def __init__(
        self,
        plan: Plan,
        names: Sequence[str],
        every: Duration,
        sources: Mapping[str, OpenSource | SourceError],
        clock: Clock,
    ) -> None:
        """Read nothing yet; `names` may be derived signals too."""
        self._plan = plan
        self._names = names
        self._every = every
        self._sources = sources
        self._clock = clock
        below = dict.fromkeys(each for name in names for each in query_signals_behind(plan.signals, name))
        self._read = {name: ReadSignal() for name in below}

    async def run(self) -> None:
        """Read all of them side by side, wait, and read again; ends only when it is cancelled."""
        async with anyio.create_task_group() as tasks:
            for name in self._read:
                tasks.start_soon(self._follow, name)

    async def _follow(self, name: str) -> None:
        """Read one signal at its pace; a slow answer puts the next reading off, and readings never pile up."""
        signal = self._plan.signals[name]
        assert isinstance(signal, QuerySignal)  # noqa: S101 (`query_signals_behind` gives no others)
        opened = self._sources[signal.source]
        into = self._read[name]
        while True:
            began = anyio.current_time()
            try:
                source = opened_or_raise(opened)
                with anyio.fail_after(source.timeout.total_seconds()):
                    observed = await source.adapter.observe(signal, self._clock.now())
                # Our clock at the answer, not the database's: everything shown beside it is on our axis.
                at = self._clock.now()
                for each in observed:
                    into.keep(each.labels, replace(each.sample, at=at))
                into.failure = None
            except Exception as fault:  # noqa: BLE001 (whatever a source does, the load goes on)
                into.failure = without_secrets(as_source_error(fault), opened)
            await anyio.sleep(max(0.0, self._every.total_seconds() - (anyio.current_time() - began)))

    def resources(self, started_at: datetime, newest: int | None = None) -> dict[str, Resource]:
        """Give what was read so far: one resource a signal, or one for each of its label sets.

        Args:
            started_at: when the run began.
            newest: how many of the last readings of a series are wanted; all of them unless given.
        """
        if not self._names:
            return {}
        # Imported here: what a check needs, numpy among it, no load without watched signals does.
        from outgrow.control.check import with_derived_facts  # noqa: PLC0415

        read = self._read if newest is None else {name: _newest(each, newest) for name, each in self._read.items()}
        found: dict[str, Resource] = {}
        for name, facts in with_derived_facts(self._plan, self._names, read).items():
            if name not in self._names:
                continue
            signal = self._plan.signals[name]
            limit = limit_of(name, signal, self._plan.levels)
            bare = Resource(name, signal.unit, (), failure=facts.failure)
            if limit is not None:
                bare = replace(bare, limit=limit.value, limit_says=limit.says, falls=limit.falls)
            for labels, samples in facts.series.items() or [((), ())]:
                points = tuple(_point(sample, started_at) for sample in samples)
                found[_named(name, labels)] = replace(bare, points=points)
        return found


def _newest(read: ReadSignal, count: int) -> ReadSignal:
    return replace(read, series={labels: samples[-count:] for labels, samples in read.series.items()})


def _point(sample: Sample, started_at: datetime) -> ResourcePoint:
    value = sample.value if isinstance(sample, Measured) else None
    return ResourcePoint((sample.at - started_at).total_seconds(), value)


def _named(name: str, labels: Labels) -> str:
    inside = ", ".join(f"{label}={value}" for label, value in labels)
    return f"{name}{{{inside}}}" if inside else name
