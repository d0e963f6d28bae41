"""A source of signals for outgrow: a directory that serves as a queue (a mail spool, uploads to be worked off)."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal, cast

import anyio
import anyio.to_thread

from outgrow.errors import Failure, SourceError
from outgrow.facts.samples import Absence, Measured, Missing, Observation, Sample
from outgrow.plan.model import Declared
from outgrow.plan.secrets import resolve
from outgrow.plan.signals import QuerySignal
from outgrow.plan.sources import SourceKind, SourceOptions
from outgrow.ports import Inspection, SignalSource
from outgrow.quantity import Unit, parse_unit

NO_PAST = "a directory keeps no history: the journal fills from now on"


# --8<-- [start:options]
class DirectorySource(SourceOptions):
    """What a plan writes under `sources`: a directory of files that wait to be worked off."""

    path: str
    """The directory, relative to the plan."""
    pattern: str = "*"
    """Which of its files count, such as `*.eml`."""


class DirectoryRead(Declared):
    """What a signal writes under `read`: one fact of the directory."""

    metric: Literal["files", "bytes", "oldest"]
    """How many files wait, how large they are together, or for how long the oldest has waited."""


# --8<-- [end:options]
class DirectorySignals:
    """Looks into one directory; fulfils `outgrow.ports.SignalSource`."""

    def __init__(self, options: DirectorySource, environment: Mapping[str, str], base: Path) -> None:
        """Remember where to look: cheap, and nothing is touched yet."""
        self._path = base / resolve(options.path, environment)
        self._pattern = options.pattern
        self._timeout: timedelta = options.timeout

    # --8<-- [start:observe]
    async def observe(self, signal: QuerySignal, now: datetime) -> Sequence[Observation]:
        """Look into the directory once."""
        if signal.by:
            raise SourceError(Failure.BAD_QUERY, "a directory has no labels, but the signal says by", "remove by")
        metric = cast("DirectoryRead", signal.read).metric
        found = await self._files()
        if metric == "files":
            return (Observation((), Measured(now, float(len(found)), now)),)
        if metric == "bytes":
            size = sum(each.size for each in found)
            return (Observation((), Measured(now, converted(size, parse_unit("bytes"), signal), now)),)
        return (Observation((), self._oldest(signal, found, now)),)

    # --8<-- [end:observe]
    async def past(self, signal: QuerySignal, instants: Sequence[datetime], now: datetime) -> Sequence[Observation]:
        """Refuse: nobody asks before `answers_past` has said that it can be asked."""
        raise SourceError(Failure.NOT_CONFIGURED, NO_PAST, "ask for the present only")

    def answers_past(self, signal: QuerySignal) -> str:
        """Say why the past cannot be asked for."""
        return NO_PAST

    async def inspect(self) -> Inspection:
        """Say what the source is; shown by `outgrow validate --live`."""
        found = await self._files()
        return Inspection(f"the directory {self._path.name}", notes=(f"{len(found)} files wait",))

    async def aclose(self) -> None:
        """Nothing is kept open."""

    def _oldest(self, signal: QuerySignal, found: Sequence["Waiting"], now: datetime) -> Sample:
        """Where no file waits there is no age: that is a reason, and never 0."""
        if not found:
            return Missing(now, Absence.EMPTY_WINDOW, "no file waits", now)
        age = now - min(each.since for each in found)
        return Measured(now, converted(age.total_seconds(), parse_unit("s"), signal), now)

    async def _files(self) -> Sequence["Waiting"]:
        """List the files in a thread, for a slow disk must not hold up the other sources, and within the time limit."""
        try:
            with anyio.fail_after(self._timeout.total_seconds()):
                return await anyio.to_thread.run_sync(waiting, self._path, self._pattern, abandon_on_cancel=True)
        except TimeoutError as error:
            raise SourceError(
                Failure.TIMED_OUT, f"{self._path} could not be listed in time", "look at the disk"
            ) from error
        except FileNotFoundError as error:
            raise SourceError(
                Failure.NO_SUCH_THING, f"there is no directory {self._path}", "path is relative to the plan"
            ) from error
        except OSError as error:
            raise SourceError(
                Failure.NOT_PERMITTED, f"{self._path} cannot be listed: {error.strerror}", "look at its rights"
            ) from error


class Waiting:
    """A file that waits: its size in bytes, and since when."""

    def __init__(self, file: Path) -> None:
        """Look at the file."""
        state = file.stat()
        self.size = state.st_size
        self.since = datetime.fromtimestamp(state.st_mtime, UTC)


def waiting(directory: Path, pattern: str) -> list[Waiting]:
    """List the files; one that is taken away meanwhile does not count."""
    found: list[Waiting] = []
    for file in directory.iterdir():
        try:
            if file.match(pattern) and file.is_file():
                found.append(Waiting(file))
        except FileNotFoundError:
            continue
    return found


def converted(value: float, measured_in: Unit, signal: QuerySignal) -> float:
    """Give a value in the signal's unit: thresholds are compared in that."""
    try:
        return measured_in.convert(value, signal.measure)
    except ValueError as error:
        raise SourceError(Failure.BAD_QUERY, str(error), f"write unit: {measured_in.name}") from error


# --8<-- [start:kind]
class DirectoryKind:
    """What the entry point leads to: the options that plans may write, and how to open a source of this kind."""

    kind = SourceKind(DirectorySource, DirectoryRead)

    def open(self, options: SourceOptions, environment: Mapping[str, str], base: Path) -> SignalSource:
        """Give the adapter."""
        return DirectorySignals(cast("DirectorySource", options), environment, base)


DIRECTORY = DirectoryKind()
# --8<-- [end:kind]
