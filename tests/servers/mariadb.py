"""MariaDB from Debian's package mariadb-server."""

import secrets
import shutil
from dataclasses import dataclass
from pathlib import Path

from tests.servers.process import (
    Account,
    ServerProcess,
    free_port,
    listens,
    program,
    run,
    temporary_folder,
    unprivileged,
)

ADMIN = "outgrow"


@dataclass
class MariaServer:
    """A MariaDB with one administrator, `outgrow`, and no anonymous user.

    Attributes:
        port: on 127.0.0.1.
        password: the administrator's.
        client: the program `mariadb`.
        process: the running server: `process.kill()`, `process.start()`.
    """

    port: int
    password: str
    client: Path
    process: ServerProcess

    @property
    def admin_url(self) -> str:
        """The administrator's connection to the database `mysql`."""
        return self.url("mysql")

    def url(self, database: str, user: str = ADMIN, password: str | None = None) -> str:
        """Give the address of a database for a user."""
        return f"mysql://{user}:{password or self.password}@127.0.0.1:{self.port}/{database}"

    def create_database(self, name: str | None = None) -> str:
        """Create an empty database and give its address; without a name one is invented."""
        name = name or f"test_{secrets.token_hex(4)}"
        self.sql(f"CREATE DATABASE `{name}` CHARACTER SET utf8mb4")
        return self.url(name)

    def drop_database(self, url: str) -> None:
        """Drop the database that the address names."""
        self.sql(f"DROP DATABASE IF EXISTS `{url.rpartition('/')[2]}`")

    def sql(self, text: str, database: str = "mysql") -> str:
        """Run SQL as the administrator; give the rows as lines, columns parted by tabs."""
        where = ["--protocol=tcp", "--host=127.0.0.1", f"--port={self.port}", f"--database={database}"]
        form = ["--batch", "--skip-column-names", f"--execute={text}"]
        # The password does not go on the command line, where every user of the machine could read it.
        return run(
            [self.client, "--no-defaults", f"--user={ADMIN}", *where, *form], environment={"MYSQL_PWD": self.password}
        ).strip()

    def stop(self) -> None:
        """End it and delete its data."""
        self.process.remove()


def start_mariadb(*options: str) -> MariaServer:
    """Start a new, empty MariaDB.

    Args:
        options: as on mariadbd's command line, such as `--max-connections=10`.
    """
    account = unprivileged()
    folder = temporary_folder("mariadb", account)
    try:
        return _start_in(folder, account, options)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _start_in(folder: Path, account: Account | None, options: tuple[str, ...]) -> MariaServer:
    server = program("mariadbd", package="mariadb-server")
    installer = program("mariadb-install-db", package="mariadb-server")
    client = program("mariadb", package="mariadb-client")
    port, password, data = free_port(), secrets.token_hex(8), folder / "data"
    small = ["--innodb-log-file-size=8M", "--innodb-buffer-pool-size=64M", "--innodb-flush-log-at-trx-commit=2"]
    install = [installer, "--no-defaults", f"--datadir={data}", f"--tmpdir={folder}", "--skip-test-db"]
    run([*install, "--auth-root-authentication-method=normal", *small], account, folder=folder)

    first_words = folder / "first.sql"
    first_words.write_text(
        f"CREATE USER IF NOT EXISTS '{ADMIN}'@'127.0.0.1' IDENTIFIED BY '{password}';\n"
        f"GRANT ALL ON *.* TO '{ADMIN}'@'127.0.0.1' WITH GRANT OPTION;\n"
        f"DELETE FROM mysql.global_priv WHERE User IN ('', 'root');\n"
        "FLUSH PRIVILEGES;\n",
    )
    first_words.chmod(0o644)
    command = [server, "--no-defaults", f"--datadir={data}", f"--socket={folder / 'socket'}", f"--tmpdir={folder}"]
    command += [f"--port={port}", "--bind-address=127.0.0.1", "--skip-name-resolve", f"--pid-file={folder / 'pid'}"]
    command += [f"--init-file={first_words}", *small, *options]
    # mariadbd opens its port after it has run the init-file.
    process = ServerProcess(command, folder, lambda: listens(port), account)
    process.start()
    return MariaServer(port, password, client, process)
