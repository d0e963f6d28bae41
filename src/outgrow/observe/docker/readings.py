"""One container read once: its state, two readings of its statistics, and the sample that a signal takes from them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, cast

import anyio

from outgrow.errors import Failure, SourceError
from outgrow.facts.samples import Absence, Missing, Sample
from outgrow.observe._counters import Restarts
from outgrow.observe._samples import in_unit_of, sample_of
from outgrow.observe.docker.engine import Container, Engine
from outgrow.observe.docker.statistics import (
    Json,
    block_bytes,
    core_limit,
    cores_used,
    cpu_seconds,
    is_reading,
    memory_bytes,
    memory_limit,
    network_bytes,
    process_count,
    reading_before,
)
from outgrow.plan.native_units import NATIVE_UNITS
from outgrow.plan.signals import QuerySignal
from outgrow.plan.sources import DockerRead

_BETWEEN_READINGS_SECONDS: Final = 0.5


@dataclass(frozen=True, slots=True)
class Reading:
    """A running container: its limits, when it was started, its statistics, and for a CPU those shortly before."""

    host_config: Json
    life: str
    stats: Json
    before: Json | None


@dataclass(frozen=True, slots=True)
class Stopped:
    """A container without processes, and why in one sentence."""

    why: str


async def read_container(engine: Engine, container: Container, *, twice: bool) -> Reading | Stopped:
    """Read a container's state, and its statistics where it runs; `twice` for what needs two readings.

    Raises:
        SourceError: the Engine could not be read, or the container is gone.
    """
    try:
        details = await engine.details(container)
        state = details["State"]
        if not (state["Running"] or state["Paused"]):
            return Stopped(_why_stopped(container, state))
        stats, before = await engine.statistics(container, twice=twice), None
        if twice and is_reading(stats):
            before = reading_before(stats)
            if before is None:  # some engines take only one reading for an answer
                await anyio.sleep(_BETWEEN_READINGS_SECONDS)
                before, stats = stats, await engine.statistics(container, twice=twice)
        if not is_reading(stats):
            return Stopped(f'the container "{container.name}" stopped while it was read')
        return Reading(details["HostConfig"], f"{container.id} {state['StartedAt']}", stats, before)
    except (KeyError, TypeError, ValueError) as error:
        raise engine.not_docker() from error


def _why_stopped(container: Container, state: Json) -> str:
    killed = ", out of memory" if state.get("OOMKilled") else ""
    said = f", {state['Error']}" if state.get("Error") else ""
    ended = f"exit code {state['ExitCode']}{killed}{said}" if state["Status"] == "exited" else container.status
    return f'the container "{container.name}" is not running: {state["Status"]}, {ended}'


@dataclass(frozen=True, slots=True)
class _Statistic:
    """How a metric comes out of a reading, whether it counts, and why it may be absent."""

    value: Callable[[Reading], float | None]
    counts: bool = False
    absence: Absence = Absence.NULL
    why_absent: str = "the Engine gives no such statistic"


def _cores(reading: Reading) -> float:
    if reading.before is None:
        raise KeyError("precpu_stats")
    return cores_used(reading.before, reading.stats)


def _limit(reading: Reading) -> float:
    return core_limit(reading.host_config, reading.stats)


def _memory_share(reading: Reading) -> float | None:
    used, limit = memory_bytes(reading.stats), memory_limit(reading.host_config)
    if used is None:
        raise KeyError("memory_stats.usage")
    return None if limit is None else used / limit


_NO_MEMORY: Final = "the Engine counts no memory: the host's memory control group is off"
_NO_NETWORK: Final = "the container has no network of its own, so its traffic is not counted"
_NO_BLOCKS: Final = "the kernel has counted no block I/O of this container yet, or does not count it at all"
_NO_LIMIT: Final = "no memory limit is set on the container: its limit would be the whole host"
_STATISTICS: Final[Mapping[str, _Statistic]] = {
    "cpu": _Statistic(lambda reading: _cores(reading) / _limit(reading)),
    "cpu_cores": _Statistic(_cores),
    "cpu_limit": _Statistic(_limit),
    "cpu_seconds": _Statistic(lambda reading: cpu_seconds(reading.stats), counts=True),
    "memory": _Statistic(lambda reading: memory_bytes(reading.stats), why_absent=_NO_MEMORY),
    "memory_share": _Statistic(_memory_share, absence=Absence.UNLIMITED, why_absent=_NO_LIMIT),
    **{
        f"network_{way}": _Statistic(
            lambda reading, way=way: network_bytes(reading.stats, way), counts=True, why_absent=_NO_NETWORK
        )
        for way in ("rx", "tx")
    },
    **{
        f"block_{way}": _Statistic(
            lambda reading, way=way: block_bytes(reading.stats, way), counts=True, why_absent=_NO_BLOCKS
        )
        for way in ("read", "write")
    },
    "pids": _Statistic(lambda reading: process_count(reading.stats)),
}


NEEDS_TWO_READINGS: Final = frozenset({"cpu", "cpu_cores"})
"""Metrics that compare two readings."""


def sample_of_reading(
    signal: QuerySignal, container: str, reading: Reading, restarts: Restarts, now: datetime
) -> Sample:
    """Take what a signal wants out of a reading.

    Raises:
        SourceError: the signal's unit measures something else, or the statistics are none of the Engine's.
    """
    metric = cast(DockerRead, signal.read).metric  # noqa: TC006 (the name is imported for this alone)
    statistic = _STATISTICS[metric]
    try:
        value = statistic.value(reading)
    except (KeyError, TypeError, ValueError) as error:
        raise SourceError(
            Failure.BAD_ANSWER, f"the Engine's statistics of {container} hold no {metric}", "look at docker stats"
        ) from error
    if value is None:
        return Missing(now, statistic.absence, statistic.why_absent, now)
    if statistic.counts and restarts.noticed((container, metric), reading.life, value):
        detail = f"{container} was restarted since it was last read: its {metric} counts from zero again"
        return Missing(now, Absence.COUNTER_RESTARTED, detail, now)
    return sample_of(in_unit_of(signal, value, NATIVE_UNITS["docker"][metric], metric), now, now)
