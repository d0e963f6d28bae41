"""Server processes: under which account they run, how they are started and ended."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from koto.interruption import Interruptions

PATIENCE_SECONDS = 10.0


class ServerError(Exception):
    """A server could not be started; the message says what next."""


@dataclass(frozen=True)
class Account:
    """Whom servers run as; None stands for the caller."""

    uid: int
    gid: int


def run_as(account: Account | None) -> dict[str, Any]:
    """Give the options of `subprocess` that run a program as this account."""
    return {} if account is None else {"user": account.uid, "group": account.gid, "extra_groups": []}


def server_account() -> Account | None:
    """`nobody` when the caller is root, for PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return None
    nobody = pwd.getpwnam("nobody")
    return Account(nobody.pw_uid, nobody.pw_gid)


def state_root(account: Account | None) -> Path:
    """The temporary folder, or a common one where the account could not enter the temporary folder."""
    candidates = [Path(tempfile.gettempdir()), Path("/tmp"), Path("/var/tmp")]  # a private folder is made inside
    for candidate in candidates:
        if account is None or all(folder.stat().st_mode & 0o001 for folder in (candidate, *candidate.parents)):
            return candidate.resolve()
    raise ServerError(
        f"{candidates[0]}: not open to the account 'nobody' that the servers run as; set TMPDIR to one that is"
    )


def own_folder(path: Path, account: Account | None) -> Path:
    """Create a folder for the servers alone."""
    path.mkdir(mode=0o700)
    if account is not None:
        os.chown(path, account.uid, account.gid)
    return path


def own_file(path: Path, text: str, account: Account | None) -> Path:
    """Write a file that the servers alone can read: it may hold a password."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    if account is not None:
        os.chown(path, account.uid, account.gid)
    return path


def free_port() -> int:
    """A TCP port of the loopback that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Processes:
    """The servers that we started, so that whatever happens they can be ended."""

    def __init__(self, account: Account | None, interruptions: Interruptions) -> None:
        self.account = account
        self._interruptions = interruptions
        self._running: list[tuple[subprocess.Popen[bytes], signal.Signals]] = []

    def start(
        self,
        command: Sequence[str],
        folder: Path,
        log: Path,
        gently: signal.Signals,
        environment: Mapping[str, str] = MappingProxyType({}),
    ) -> subprocess.Popen[bytes]:
        """Start a server that ends cleanly on the signal `gently`.

        It gets a session of its own, so that a Ctrl-C of the terminal reaches it only through us.
        """
        with self._interruptions.held(), log.open("ab") as output:
            process = self._spawn(command, folder, output.fileno(), environment)
            self._running.append((process, gently))
        return process

    def run(self, command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> None:
        """Run a command to its end; an interruption ends it together with what it started.

        Raises:
            ServerError: it failed; the message holds the end of what it printed.
        """
        process = None
        with tempfile.TemporaryFile() as output:
            try:
                with self._interruptions.held():
                    process = self._spawn(command, folder, output.fileno(), environment)
                code = process.wait()
            except BaseException:
                if process is not None and process.poll() is None:
                    os.killpg(process.pid, signal.SIGKILL)
                    process.wait()
                raise
            if code != 0:
                output.seek(0)
                raise ServerError(f"{Path(command[0]).name} failed ({code}): {_tail(output.read())}")

    def stop_all(self, patience_seconds: float = PATIENCE_SECONDS) -> None:
        """End every server: first asked, then killed, together with what it started."""
        for process, gently in self._running:
            if process.poll() is None:
                process.send_signal(gently)
        for process, _ in self._running:
            try:
                process.wait(patience_seconds)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)  # its session is its own
                process.wait()
        self._running.clear()

    def let_go(self) -> None:
        """Leave the servers running: they outlive us, and nobody waits for their end."""
        for process, _ in self._running:
            process.returncode = 0  # else Popen warns of a child that was forgotten
        self._running.clear()

    def _spawn(
        self, command: Sequence[str], folder: Path, output: int, environment: Mapping[str, str]
    ) -> subprocess.Popen[bytes]:
        return subprocess.Popen[bytes](
            command, cwd=folder, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True,
            env=clean_environment(environment), **run_as(self.account),
        )  # fmt: skip


def log_tail(log: Path) -> str:
    """The last lines of a server's log, for an error message."""
    return _tail(log.read_bytes()) if log.exists() else "(no log)"


def copy_readable(source: Path, target: Path) -> Path:
    """Copy a file or a folder so that other accounts can read and run it."""
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("*.a", "include", "pgxs"))
    else:
        shutil.copy(source, target)
    return target


def clean_environment(more: Mapping[str, str]) -> dict[str, str]:
    """Ours without PostgreSQL's variables, which would lead its tools elsewhere."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    return kept | {"LC_ALL": "C", "TZ": "UTC"} | dict(more)


def _tail(output: bytes) -> str:
    return output.decode(errors="replace").strip()[-1500:]
