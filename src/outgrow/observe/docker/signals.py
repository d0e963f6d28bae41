"""Signals read from a Docker Engine: one statistic of one container, or of each container of a Compose service."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Final, cast

import anyio

from outgrow.errors import Failure, SourceError
from outgrow.facts.samples import Absence, Missing, Observation, Sample, labels_of
from outgrow.observe._all_of import all_of
from outgrow.observe._counters import Restarts
from outgrow.observe._http import TlsFiles
from outgrow.observe._samples import no_past
from outgrow.observe._shared_reads import SharedReads
from outgrow.observe.docker.engine import Container, Engine, find
from outgrow.observe.docker.readings import NEEDS_TWO_READINGS, Reading, Stopped, read_container, sample_of_reading
from outgrow.plan.secrets import resolve
from outgrow.plan.signals import QuerySignal
from outgrow.plan.sources import DockerRead, DockerSource
from outgrow.ports import Inspection
from outgrow.quantity import format_in, parse_unit

_NO_HISTORY: Final = "Docker keeps no history of its statistics: the journal fills from now on"
_CONTAINERS_AT_ONCE: Final = 8
# One read is several requests, each with the same time limit: the one that hangs words its own time-out.
_GRACE: Final = timedelta(milliseconds=100)


class DockerSignals:
    """Reads the statistics of one Engine's containers."""

    def __init__(self, options: DockerSource, environment: Mapping[str, str], base: Path) -> None:
        """Point at the Engine; nothing is connected yet."""
        tls = TlsFiles.beside(base, options.tls_ca, options.tls_certificate, options.tls_key)
        self._engine = Engine(resolve(options.url, environment), tls, options.timeout)
        self._timeout: timedelta = options.timeout
        self._project = options.project
        self._lists: SharedReads[Sequence[Container]] = SharedReads()
        self._readings: SharedReads[Reading | Stopped] = SharedReads()
        self._restarts = Restarts()

    async def observe(self, signal: QuerySignal, now: datetime) -> Sequence[Observation]:
        """Read one statistic of the containers that the signal names."""
        if signal.by not in {(), ("container",)}:
            raise SourceError(Failure.BAD_QUERY, "Docker has only the label container", "write by: [container]")
        try:
            with anyio.fail_after((self._timeout + _GRACE).total_seconds()):
                return await self._observations(signal, now)
        except TimeoutError as error:
            raise SourceError(
                Failure.TIMED_OUT,
                f"Docker Engine: the statistics were not complete within {self._timeout.total_seconds():g} s",
                "the Engine needs one to two seconds for two readings of a CPU; raise the source's timeout",
            ) from error

    async def past(self, signal: QuerySignal, instants: Sequence[datetime], now: datetime) -> Sequence[Observation]:
        """Refuse: the Engine keeps no history."""
        raise no_past(_NO_HISTORY)

    def answers_past(self, signal: QuerySignal) -> str:
        """Say that it cannot be asked."""
        return _NO_HISTORY

    async def inspect(self) -> Inspection:
        """Ask for the version, the host and the clock."""
        version, info = await self._engine.version(), await self._engine.info()
        try:
            skew = datetime.fromisoformat(info["SystemTime"]) - datetime.now(UTC)
            memory = format_in(info["MemTotal"], parse_unit("bytes"))
            host = f"{info['NCPU']} cores, {memory}, control groups v{info.get('CgroupVersion', '1')}"
            named = f"Docker Engine {version['Version']} (API {version['ApiVersion']})"
        except (KeyError, TypeError, ValueError) as error:
            raise self._engine.not_docker() from error
        warnings: list[str] = list(info.get("Warnings") or ())
        if self._engine.socket is None and not self._engine.is_encrypted:
            warnings.append("the Engine listens without TLS: who reaches this port is root on its host")
        return Inspection(named, skew, tuple(warnings), (host,))

    async def aclose(self) -> None:
        """Close the connections."""
        await self._lists.aclose()
        await self._readings.aclose()
        await self._engine.aclose()

    async def _observations(self, signal: QuerySignal, now: datetime) -> Sequence[Observation]:
        read = cast("DockerRead", signal.read)
        wanted, twice = read.container, read.metric in NEEDS_TWO_READINGS
        found = find(await self._lists.read("list", self._engine.containers), wanted, self._project)
        if not signal.by:
            container = _the_one(found, wanted)
            reading = await self._reading(container, twice=twice)
            if isinstance(reading, Stopped):
                raise SourceError(
                    Failure.NO_SUCH_THING, reading.why, f"docker logs {container.name}; docker start {container.name}"
                )
            return (Observation((), self._sample(signal, container, reading, now)),)
        readings = await all_of([partial(self._reading, each, twice=twice) for each in found], _CONTAINERS_AT_ONCE)
        return [
            Observation(labels_of({"container": each.name}), self._sample(signal, each, reading, now))
            for each, reading in zip(found, readings, strict=True)
        ]

    async def _reading(self, container: Container, *, twice: bool) -> Reading | Stopped:
        read = partial(read_container, self._engine, container, twice=twice)
        return await self._readings.read((container.id, twice), read)

    def _sample(self, signal: QuerySignal, container: Container, reading: Reading | Stopped, now: datetime) -> Sample:
        if isinstance(reading, Stopped):
            return Missing(now, Absence.FAILED, reading.why, now)
        return sample_of_reading(signal, container.name, reading, self._restarts, now)


def _the_one(found: Sequence[Container], wanted: str) -> Container:
    """Give the only container, or the only one of a service that runs."""
    running = [each for each in found if each.is_running]
    candidates = running or found
    if len(candidates) > 1:
        raise SourceError(
            Failure.BAD_ANSWER,
            f'the service "{wanted}" has {len(candidates)} containers: {", ".join(each.name for each in candidates)}',
            "tell them apart with by: [container], and say in the condition across: any | all | max | min | sum",
        )
    return candidates[0]
