"""Which processes are meant: by name, by a part of the command line, by PID file. Blocking; call it in a thread."""

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

import psutil

from outgrow.errors import Failure, SourceError

T = TypeVar("T")

# A PID file is written after its process has started; file systems round its time, and psutil the process's.
_ROUNDING_SECONDS: Final = 2.0


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to look for; where several are given, all must fit."""

    name: str | None
    command: str | None
    pid_file: Path | None
    children: bool

    def __str__(self) -> str:
        named = {"name": self.name, "command": self.command, "pid_file": self.pid_file and self.pid_file.name}
        return ", ".join(f'{option} "{value}"' for option, value in named.items() if value)

    def find(self) -> Sequence[psutil.Process]:
        """Find every process that fits, and their children where these count; never ourselves, never a zombie.

        Raises:
            SourceError: the PID file cannot be read, or holds no PID.
        """
        candidates = psutil.process_iter() if self.pid_file is None else _in_pid_file(self.pid_file)
        found = {each.pid: each for each in candidates if self._fits(each)}
        if self.children:
            for family in each_of(list(found.values()), lambda process: process.children(recursive=True)).values():
                found |= {child.pid: child for child in family}
        return list(found.values())

    def find_some(self) -> Sequence[psutil.Process]:
        """Find at least one process.

        Raises:
            SourceError: none fits, or as `find`.
        """
        found = self.find()
        if not found:
            raise SourceError(
                Failure.NO_SUCH_THING,
                f"no process matches {self}",
                "look with ps -ef; metric: count reads 0 where none runs",
            )
        return found

    def _fits(self, process: psutil.Process) -> bool:
        if process.pid == os.getpid() and self.pid_file is None:
            return False  # the plan's own text may stand in our command line
        try:
            if process.status() == psutil.STATUS_ZOMBIE or (self.name and process.name() != self.name):
                return False
            return not self.command or self.command in " ".join(process.cmdline())
        except psutil.Error:  # it has ended meanwhile, or shows its command line only to its owner
            return False


def each_of(processes: Iterable[psutil.Process], read: Callable[[psutil.Process], T]) -> dict[int, T]:
    """Read something of every process, by PID; those that have ended meanwhile are left out.

    Raises:
        SourceError: it is shown only to the process's owner.
    """
    values: dict[int, T] = {}
    for process in processes:
        try:
            values[process.pid] = read(process)
        except psutil.AccessDenied as error:
            raise SourceError(
                Failure.NOT_PERMITTED,
                f"process {process.pid} shows this only to its owner",
                "run outgrow as the same user, or as root",
            ) from error
        except psutil.Error:
            continue
    return values


def _in_pid_file(file: Path) -> Sequence[psutil.Process]:
    """Give the process that a PID file names; none when the file is missing, or older than the process of that PID."""
    try:
        text, written = file.read_text(encoding="ascii", errors="replace").strip(), file.stat().st_mtime
        process = psutil.Process(int(text))
        return [process] if process.create_time() <= written + _ROUNDING_SECONDS else []
    except (FileNotFoundError, psutil.NoSuchProcess):
        return []
    except ValueError as error:
        raise SourceError(Failure.BAD_ANSWER, f"{file.name} holds no PID", "look at pid_file") from error
    except OSError as error:
        raise SourceError(
            Failure.NOT_PERMITTED, f"{file.name} cannot be read: {error.strerror}", "look at the file's rights"
        ) from error
