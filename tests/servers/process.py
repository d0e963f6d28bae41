"""A server as a child process: found, started, probed until it answers, stopped."""

import ctypes
import glob
import os
import pwd
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

READY_WITHIN_SECONDS = 60.0
STOPPED_WITHIN_SECONDS = 20.0
PR_SET_PDEATHSIG = 1  # linux/prctl.h

# Below Linux's range of ephemeral ports, so that no outgoing connection takes a port between choice and use.
PORTS = range(20_000, 32_000)


class ServerUnavailable(Exception):  # noqa: N818 (it is no error: the tests of this server are skipped)
    """This server cannot be had here; the text says why and what would help."""


@dataclass(frozen=True)
class Account:
    """The user that a server runs as, where ours is root and the server refuses root or should not have it."""

    uid: int
    gid: int


def unprivileged() -> Account | None:
    """Give the account `nobody` when we are root, else none: the server runs as we do."""
    if os.geteuid() != 0:
        return None
    nobody = pwd.getpwnam("nobody")
    return Account(nobody.pw_uid, nobody.pw_gid)


def program(name: str, *elsewhere: str, package: str) -> Path:
    """Find a program on the PATH, in /usr/sbin, or at one of the glob patterns `elsewhere`, newest last.

    Raises:
        ServerUnavailable: naming the Debian package that has it.
    """
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if found is not None:
        return Path(found)
    for pattern in elsewhere:
        if matches := sorted(glob.glob(pattern)):  # noqa: PTH207 (the patterns are absolute)
            return Path(matches[-1])
    raise ServerUnavailable(f"{name} is not installed (Debian package {package})")


def free_port() -> int:
    """Give a TCP port of the loopback interface on which nothing listens."""
    for port in random.SystemRandom().sample(PORTS, 100):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise ServerUnavailable(f"none of 100 ports in {PORTS} is free")


def listens(port: int) -> bool:
    """Say whether somebody accepts connections on the loopback port."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def temporary_folder(kind: str, owner: Account | None) -> Path:
    """Make a folder that `owner` can write to. Its path is short: sockets in it are limited to 108 bytes."""
    folder = Path(tempfile.mkdtemp(prefix=f"outgrow-{kind}-"))
    if owner is not None:
        os.chown(folder, owner.uid, owner.gid)
    return folder


def run(
    command: Sequence[str | Path],
    account: Account | None = None,
    *,
    folder: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> str:
    """Run a helper program to its end as `account`, in `folder`; give what it printed.

    Raises:
        ServerUnavailable: with its last words, when it failed.
    """
    done = subprocess.run(
        [str(word) for word in command],
        cwd=folder,
        env={**os.environ, **(environment or {})},
        capture_output=True,
        text=True,
        check=False,
        user=account and account.uid,
        group=account and account.gid,
        extra_groups=account and [account.gid],
    )
    if done.returncode != 0:
        raise ServerUnavailable(f"{Path(command[0]).name} failed ({done.returncode}): {done.stderr.strip()[-1000:]}")
    return done.stdout


@dataclass
class ServerProcess:
    """One server process. Start it from the main thread: on Linux it dies with the thread that started it.

    Attributes:
        command: the program and its arguments; it must stay in the foreground.
        folder: its own temporary folder, removed by `remove`.
        is_ready: asked again and again until it is true.
        account: whom to run as; none is ourselves.
        dies_by: the signal that the kernel sends it should our own process be killed.
    """

    command: Sequence[str | Path]
    folder: Path
    is_ready: Callable[[], bool]
    account: Account | None = None
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    dies_by: signal.Signals = signal.SIGKILL
    child: subprocess.Popen[bytes] | None = None

    @property
    def name(self) -> str:
        """The program's name."""
        return Path(self.command[0]).name

    @property
    def log(self) -> Path:
        """Where the server's output goes."""
        return self.folder / "server.log"

    @property
    def is_running(self) -> bool:
        """Whether the process lives."""
        return self.child is not None and self.child.poll() is None

    def start(self) -> None:
        """Start the server and return when it answers.

        Raises:
            ServerUnavailable: it ended, or did not answer in time; the text has the end of its log.
        """
        with self.log.open("ab") as log:
            self.child = subprocess.Popen(
                [str(word) for word in self.command],
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, "HOME": str(self.folder), **self.environment},
                start_new_session=True,
                preexec_fn=_die_with_parent(self.dies_by),  # noqa: PLW1509 (it only makes one system call)
                user=self.account and self.account.uid,
                group=self.account and self.account.gid,
                extra_groups=self.account and [self.account.gid],
            )
        deadline = time.monotonic() + READY_WITHIN_SECONDS
        while not self.is_ready():
            if not self.is_running:
                raise ServerUnavailable(f"{self.name} ended while starting: {self._last_words()}")
            if time.monotonic() > deadline:
                self.kill()
                raise ServerUnavailable(f"{self.name} is silent for {READY_WITHIN_SECONDS:g} s: {self._last_words()}")
            time.sleep(0.02)

    def stop(self, gently: signal.Signals = signal.SIGTERM) -> None:
        """Ask the server to end; make it end if it does not."""
        if self.child is None:
            return
        if self.is_running:
            self.child.send_signal(gently)
        try:
            self.child.wait(STOPPED_WITHIN_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """End the server and its own children at once, as a power cut would."""
        if self.child is None:
            return
        if self.is_running:
            os.killpg(self.child.pid, signal.SIGKILL)
        self.child.wait()

    def remove(self) -> None:
        """Stop the server and delete its folder."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _last_words(self) -> str:
        return self.log.read_text(errors="replace")[-1500:].strip()


def _die_with_parent(how: signal.Signals) -> Callable[[], None] | None:
    """Let the kernel end the server should we be killed before we can."""
    if sys.platform != "linux":
        return None
    libc = ctypes.CDLL(None)
    return lambda: libc.prctl(PR_SET_PDEATHSIG, int(how))
