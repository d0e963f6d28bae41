"""Signals read from local processes: CPU, memory, threads and files, added up over those that match."""

import os
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import Final, TypeVar, cast

import anyio
import anyio.to_thread
import psutil

from outgrow.errors import Failure, SourceError
from outgrow.facts.samples import Observation
from outgrow.observe._samples import in_unit_of, no_past, refuse_labels, sample_of
from outgrow.observe._shared_reads import SharedReads
from outgrow.observe.process.finding import Wanted, each_of
from outgrow.plan.native_units import NATIVE_UNITS
from outgrow.plan.secrets import resolve
from outgrow.plan.signals import QuerySignal
from outgrow.plan.sources import ProcessRead, ProcessSource
from outgrow.ports import Inspection

T = TypeVar("T")

_NO_HISTORY: Final = "the operating system keeps no history of processes: the journal fills from now on"
# The kernel counts CPU time in ticks of 10 ms: over half a second that is an error of 2 % of a core a process.
_BETWEEN_READINGS: Final = timedelta(milliseconds=500)
_UNITS: Final = NATIVE_UNITS["process"]
_ADDED_UP: Final[Mapping[str, Callable[[psutil.Process], int]]] = {
    "memory": lambda process: process.memory_info().rss,
    "threads": lambda process: process.num_threads(),
    "open_files": lambda process: process.num_fds(),
}


class ProcessSignals:
    """Reads what the matching processes use together."""

    def __init__(self, options: ProcessSource, environment: Mapping[str, str], base: Path) -> None:
        """Remember what to look for."""
        pid_file = None if options.pid_file is None else base / resolve(options.pid_file, environment)
        self._wanted = Wanted(options.name, options.command, pid_file, options.children)
        self._timeout: timedelta = options.timeout
        self._cpu: SharedReads[float] = SharedReads()

    async def observe(self, signal: QuerySignal, now: datetime) -> Sequence[Observation]:
        """Read one statistic."""
        refuse_labels(signal, "a process source")
        metric = cast("ProcessRead", signal.read).metric
        try:
            with anyio.fail_after(self._timeout.total_seconds()):
                value = await self._value(metric)
        except TimeoutError as error:
            raise SourceError(
                Failure.TIMED_OUT,
                f"the processes could not be read within {self._timeout.total_seconds():g} s",
                "two readings of a CPU need half a second; otherwise the machine is overloaded",
            ) from error
        return (Observation((), sample_of(in_unit_of(signal, value, _UNITS[metric], metric), now, now)),)

    async def past(self, signal: QuerySignal, instants: Sequence[datetime], now: datetime) -> Sequence[Observation]:
        """Refuse: the operating system remembers nothing."""
        raise no_past(_NO_HISTORY)

    def answers_past(self, signal: QuerySignal) -> str:
        """Say that it cannot be asked."""
        return _NO_HISTORY

    async def inspect(self) -> Inspection:
        """Look for the processes; say how many there are."""
        found = await _in_thread(self._wanted.find)
        system = os.uname()
        return Inspection(f"{system.sysname} {system.release}", None, (), (f"{len(found)} match {self._wanted}",))

    async def aclose(self) -> None:
        """End a reading that is under way."""
        await self._cpu.aclose()

    async def _value(self, metric: str) -> float:
        if metric == "count":
            return len(await _in_thread(self._wanted.find))
        if metric in _ADDED_UP:
            return await _in_thread(lambda: sum(each_of(self._wanted.find_some(), _ADDED_UP[metric]).values()))
        cores = await self._cpu.read("cpu", self._cores_used)
        return cores if metric == "cpu_cores" else cores / (psutil.cpu_count() or 1)

    async def _cores_used(self) -> float:
        """Compare two readings of the CPU time; a process that ends between them does not count."""
        processes = await _in_thread(self._wanted.find_some)
        before, began = await _in_thread(lambda: each_of(processes, _cpu_seconds)), monotonic()
        await anyio.sleep(_BETWEEN_READINGS.total_seconds())
        after, ended = await _in_thread(lambda: each_of(processes, _cpu_seconds)), monotonic()
        if not after:
            raise SourceError(
                Failure.NO_SUCH_THING, f"what matches {self._wanted} ended while it was read", "look at its log"
            )
        return sum(seconds - before.get(pid, seconds) for pid, seconds in after.items()) / (ended - began)


def _cpu_seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system


async def _in_thread(work: Callable[[], T]) -> T:
    return await anyio.to_thread.run_sync(work, abandon_on_cancel=True)
