"""One running nginx: found by its PID file, tested, reloaded, its workers of before told from the new ones."""

import os
import re
import signal
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from time import monotonic
from typing import Final

import anyio
import anyio.to_thread
import psutil

from outgrow.errors import ActuatorError, Failure

_LEAVING: Final = "shutting down"
_STEP_SECONDS: Final = 0.02
_VERSION: Final = re.compile(r"nginx/(\d+)\.(\d+)\.(\d+)")


@dataclass(frozen=True, slots=True)
class Master:
    """An nginx: which program, its configuration (none for its built-in one), its PID file, its time limit."""

    program: str
    config: Path | None
    pid_file: Path
    limit: timedelta
    error_log: Path | None = None

    def process(self) -> psutil.Process | None:
        """Give the running master; none where nothing runs, or a stranger has its PID."""
        try:
            process = psutil.Process(int(self.pid_file.read_text(encoding="ascii")))
            words = " ".join(process.cmdline())
        except (OSError, ValueError, psutil.Error):
            return None
        is_master = "master process" in words and "nginx" in words
        return process if is_master and (self.error_log is None or str(self.config) in words) else None

    async def version(self) -> tuple[int, ...]:
        """Give nginx's version as numbers."""
        found = _VERSION.search(await self._run("-v"))
        return tuple(map(int, found.groups())) if found else (0, 0, 0)

    async def test(self) -> None:
        """Let nginx read the configuration without using it.

        Raises:
            ActuatorError: it does not accept it; with its own words.
        """
        await self._run("-t", "-q")

    async def start(self) -> None:
        """Start nginx in the background; it does not end with us.

        Raises:
            ActuatorError: it does not start; with its own words.
        """
        await self._run()

    async def reload(self) -> None:
        """Let nginx take its configuration anew; when this returns, no worker of before accepts connections.

        Raises:
            ActuatorError: nginx does not run, is another user's, or went on with the old configuration.
        """
        master = self._running()
        before = {each.pid for each in self._workers(master)}
        try:
            master.send_signal(signal.SIGHUP)
        except psutil.AccessDenied as error:
            raise ActuatorError(
                Failure.NOT_PERMITTED, f"nginx (process {master.pid}) is another user's", "run outgrow as its user"
            ) from error
        deadline = monotonic() + self.limit.total_seconds()
        while True:
            accepting = {each.pid for each in self._workers(self._running()) if _LEAVING not in _title(each)}
            if accepting and not accepting & before:
                return
            if monotonic() > deadline:
                raise ActuatorError(
                    Failure.NOT_ACCEPTED,
                    f"nginx did not take its new configuration within {self.limit.total_seconds():g} s",
                    f"it goes on with the old one; look at its error log{self._last_words()}",
                )
            await anyio.sleep(_STEP_SECONDS)

    def leaving_workers(self) -> int:
        """Count the workers of before a reload that still finish their requests."""
        master = self.process()
        return 0 if master is None else sum(_LEAVING in _title(each) for each in self._workers(master))

    async def stop(self) -> None:
        """End nginx once its requests are finished, at most after the time limit."""
        master = self.process()
        if master is None:
            return
        master.send_signal(signal.SIGQUIT)
        limit = self.limit.total_seconds()
        try:
            await anyio.to_thread.run_sync(lambda: master.wait(limit))
        except psutil.TimeoutExpired:
            master.send_signal(signal.SIGTERM)

    def _running(self) -> psutil.Process:
        master = self.process()
        if master is None:
            raise ActuatorError(
                Failure.NO_SUCH_THING, f"no nginx runs by {self.pid_file}", "start it, or look at behind.pid_file"
            )
        return master

    def _workers(self, master: psutil.Process) -> Sequence[psutil.Process]:
        try:
            return [each for each in master.children() if "worker process" in _title(each)]
        except psutil.NoSuchProcess:
            return []

    async def _run(self, *options: str) -> str:
        """Call nginx with its configuration; give what it said.

        Raises:
            ActuatorError: it failed; with its own words.
        """
        config = () if self.config is None else ("-c", str(self.config))
        own_log = () if self.error_log is None else ("-e", str(self.error_log))
        command = [_found(self.program), *options, *config, *own_log]

        def call() -> subprocess.CompletedProcess[str]:
            return subprocess.run(  # noqa: S603 (the program that the plan names, without a shell)
                command,
                check=False,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=self.limit.total_seconds(),
            )

        try:
            done = await anyio.to_thread.run_sync(call)
        except FileNotFoundError as error:
            raise ActuatorError(
                Failure.NOT_INSTALLED, f"{self.program} is not installed", "apt install nginx, or leave behind out"
            ) from error
        except subprocess.TimeoutExpired as error:
            raise ActuatorError(
                Failure.TIMED_OUT, f"{self.program} took longer than {self.limit.total_seconds():g} s", "try again"
            ) from error
        if done.returncode != 0:
            lines = dict.fromkeys(line for line in done.stderr.splitlines() if "[emerg]" in line)
            words = " | ".join(lines) or done.stderr.strip()
            remedy = "the configuration of before is kept"
            if "bind()" in words:  # a master that was killed leaves its workers behind, and they hold the port
                remedy = "see who listens there (ss -ltnp); workers of an nginx that was killed must be ended by hand"
            raise ActuatorError(Failure.NOT_ACCEPTED, f"nginx refuses: {words[-500:]}", remedy)
        return done.stdout + done.stderr

    def _last_words(self) -> str:
        if self.error_log is None:
            return ""
        try:
            lines = self.error_log.read_text(errors="replace").splitlines()
        except OSError:
            return ""
        return f": {lines[-1][-300:]}" if lines else ""


def _found(program: str) -> str:
    """Debian keeps nginx where only root's PATH leads."""
    beside = Path("/usr/sbin") / program
    on_path = any((Path(folder) / program).exists() for folder in os.environ.get("PATH", "").split(":") if folder)
    return str(beside) if "/" not in program and not on_path and beside.exists() else program


def _title(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return _LEAVING  # it has ended
