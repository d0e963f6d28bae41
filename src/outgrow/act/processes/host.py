"""Replicas as local processes: started apart from us, known by PID and start time and by a token in their environment.

A PID alone is nobody: the kernel gives it to a stranger as soon as its process has ended. No signal is sent before the
process behind a PID has been found to be the one that was started.
"""

import os
import shutil
import signal
import socket
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from zlib import crc32

import anyio.to_thread
import psutil

from outgrow.act._fleet_state import Handle, Kept
from outgrow.errors import ActuatorError, Failure, SourceError
from outgrow.plan.run_targets import ProcessTarget
from outgrow.plan.secrets import resolve

_TOKEN: Final = "OUTGROW_REPLICA"  # noqa: S105 (the name of a variable that tells replicas apart; no secret)
_LOGS_KEPT: Final = 20
_LONGEST_LOG: Final = 10_000_000
"""Bytes of one log; what is longer is begun anew."""
_SHELL: Final = "/bin/sh"
_CHANGE_FOLDER: Final = 'cd "$0" && exec "$@"'
_NOT_FOUND, _NOT_EXECUTABLE = 127, 126
# psutil reckons the start of a process from the start of the machine, which a corrected clock moves a little.
_SAME_START_SECONDS: Final = 2.0


@dataclass(slots=True)
class ProcessHost:
    """Starts and ends processes of one service."""

    service: str
    target: ProcessTarget
    environment: Mapping[str, str]
    base: Path
    logs: Path
    _codes: dict[int, int] = field(default_factory=dict[int, int], init=False)

    async def place(self, name: str, taken: Sequence[str]) -> str:
        """Choose a free port.

        Raises:
            ActuatorError: none is free.
        """
        return f"{self._shown_host}:{self._free_port(name, taken)}"

    async def start(self, name: str, token: str, address: str) -> Handle:
        """Start a process in a session of its own, its output in its own log.

        Raises:
            ActuatorError: a variable is not set, or the system gives no process.
        """
        port = address.rpartition(":")[2]

        def filled(text: str) -> str:
            return resolve(text, self.environment).replace("{port}", port).replace("{replica}", name)

        try:
            command = [filled(each) for each in self.target.command]
            own = {key: filled(text) for key, text in self.target.environment.items()}
        except SourceError as error:
            raise ActuatorError(error.failure, error.what, error.remedy) from error
        folder = str((self.base / self.target.folder).resolve())
        command = [_SHELL, "-c", _CHANGE_FOLDER, folder, *command]
        try:
            pid = _spawn(command, {**self.environment, **own, _TOKEN: token}, self._log(name))
        except OSError as error:
            raise ActuatorError(
                Failure.NOT_ACCEPTED, f"no process for {name}: {error.strerror}", "look at the limits of the system"
            ) from error
        return _handle(pid)

    async def find(self, token: str) -> Handle | None:
        """Find the first process of a session that carries the token."""
        found = await anyio.to_thread.run_sync(lambda: next(_carriers(token, leaders=True), None))
        return None if found is None else _handle(found.pid)

    async def address(self, handle: Handle) -> str:
        """Give nothing: a process has its address from the start."""
        return ""

    async def ended(self, kept: Kept) -> str | None:
        """Say how the process ended."""
        handle = kept.handle or {}
        if self._process(kept) is not None:
            await anyio.to_thread.run_sync(_keep_small, self.logs / f"{kept.replica.name}.log")
            return None
        code = self._codes.get(handle["pid"])
        return "it is gone" if code is None else _how(code, self.logs / f"{kept.replica.name}.log")

    async def healthy(self, handle: Handle) -> bool | None:
        """Leave it to the probe."""
        return None

    async def ask_to_end(self, kept: Kept) -> None:
        """Send SIGTERM to the process, which knows best how to end its own children."""
        process = self._process(kept)
        if process is not None:
            _send(process, signal.SIGTERM)

    async def force(self, kept: Kept) -> None:
        """Kill the process, and whatever it has started that carries its token still."""
        process = self._process(kept)
        if process is not None:
            _send(process, signal.SIGKILL)
        for each in await anyio.to_thread.run_sync(lambda: list(_carriers(kept.token))):
            _send(each, signal.SIGKILL)
        self._reap((kept.handle or {})["pid"])
        self._forget_old_logs()

    async def aclose(self) -> None:
        """Hold nothing open; the processes stay."""

    def _process(self, kept: Kept) -> psutil.Process | None:
        """Give the living process of a replica; none where its PID is free or a stranger's."""
        handle = kept.handle or {}
        try:
            process = psutil.Process(handle["pid"])
            if process.status() == psutil.STATUS_ZOMBIE:
                self._reap(handle["pid"])
                return None
            if abs(process.create_time() - handle["started"]) > _SAME_START_SECONDS:
                return None
            return process if _carries(process, kept.token) in {True, None} else None
        except psutil.NoSuchProcess:
            return None

    def _reap(self, pid: int) -> None:
        """Take a dead child's exit code, so that the kernel can forget it."""
        try:
            done, status = os.waitpid(pid, os.WNOHANG)
        except ChildProcessError:
            return  # an outgrow before us started it
        if done:
            self._codes[pid] = os.waitstatus_to_exitcode(status)

    @property
    def _shown_host(self) -> str:
        """The host as it stands before a port."""
        return f"[{self.target.host}]" if ":" in self.target.host else self.target.host

    def _free_port(self, name: str, taken: Sequence[str]) -> int:
        first, last = self.target.ports
        span = last - first + 1
        # Services that share a range begin at different places, so that two that start at once do not meet.
        start = crc32(name.encode())
        for step in range(span):
            port = first + (start + step) % span
            if f"{self._shown_host}:{port}" not in taken and _is_free(self.target.host, port):
                return port
        raise ActuatorError(
            Failure.NOT_ACCEPTED,
            f"no port from {first} to {last} is free on {self.target.host}",
            "give runs_on more ports",
        )

    def _log(self, name: str) -> Path:
        self.logs.mkdir(parents=True, exist_ok=True, mode=0o700)
        return self.logs / f"{name}.log"

    def _forget_old_logs(self) -> None:
        by_age = sorted(self.logs.glob(f"{self.service}-*.log"), key=_number_of, reverse=True)
        for log in by_age[_LOGS_KEPT:]:
            log.unlink(missing_ok=True)
            _earlier(log).unlink(missing_ok=True)


def _spawn(command: list[str], environment: Mapping[str, str], log: Path) -> int:
    """Start a program that does not end with us; its standard output and error go to the end of `log`."""
    actions: list[tuple[Any, ...]] = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, str(log), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600),
        (os.POSIX_SPAWN_DUP2, 1, 2),
    ]
    defaults = [signal.SIGINT, signal.SIGTERM, signal.SIGPIPE, signal.SIGHUP]
    more: dict[str, Any] = {"file_actions": actions, "setsigdef": defaults, "setsigmask": []}
    try:
        return os.posix_spawn(command[0], command, environment, setsid=True, **more)
    except NotImplementedError:  # a C library without POSIX_SPAWN_SETSID
        return os.posix_spawn(command[0], command, environment, setpgroup=0, **more)


def _handle(pid: int) -> Handle:
    try:
        return {"pid": pid, "started": psutil.Process(pid).create_time()}
    except psutil.NoSuchProcess:  # it has ended already, and was reaped by somebody else
        return {"pid": pid, "started": 0.0}


def _carries(process: psutil.Process, token: str) -> bool | None:
    """Say whether a process has the token in its environment; none where it does not show it."""
    try:
        return process.environ().get(_TOKEN) == token
    except (psutil.AccessDenied, psutil.ZombieProcess, OSError):
        return None


def _carriers(token: str, *, leaders: bool = False) -> Iterator[psutil.Process]:
    """Give the living processes that carry a token; with `leaders` only the first of a session."""
    for process in psutil.process_iter():
        try:
            if _carries(process, token) and (not leaders or os.getsid(process.pid) == process.pid):
                yield process
        except (psutil.NoSuchProcess, ProcessLookupError):
            continue


def _send(process: psutil.Process, which: signal.Signals) -> None:
    """Send a signal to a process that was just found to be ours; psutil looks again at its start before it does."""
    try:
        process.send_signal(which)
    except psutil.NoSuchProcess:
        return
    except psutil.AccessDenied as error:
        raise ActuatorError(
            Failure.NOT_PERMITTED, f"process {process.pid} is another user's", "run outgrow as the same user"
        ) from error


def _is_free(host: str, port: int) -> bool:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
        return True


def _number_of(log: Path) -> int:
    tail = log.stem.rpartition("-")[2]
    return int(tail) if tail.isdigit() else 0


def _how(code: int, log: Path) -> str:
    if code < 0:
        return f"ended by {signal.Signals(-code).name}"
    why = {_NOT_FOUND: ", no such program or folder", _NOT_EXECUTABLE: ", not executable"}.get(code, "")
    return f"exit code {code}{why}{_last_words(log)}"


def _last_words(log: Path) -> str:
    for each in (log, _earlier(log)):
        try:
            lines = each.read_text(errors="replace").strip().splitlines()
        except OSError:
            continue
        if lines:
            return f", its last words: {lines[-1][:200]}"
    return ""


def _earlier(log: Path) -> Path:
    """Name the file of what a log held before it was begun anew."""
    return log.with_name(f"{log.name}.1")


def _keep_small(log: Path) -> None:
    """Begin a log anew that has grown too large; what it held is kept once, in place of what was kept before.

    The process goes on writing to the end of the same file, so that is copied and emptied; a line written in the
    moment between the two is lost.
    """
    try:
        if log.stat().st_size > _LONGEST_LOG:
            shutil.copyfile(log, _earlier(log))
            os.truncate(log, 0)
    except OSError:
        return  # a full disk must not end the loop; the next look tries again
