"""PgBouncer from Debian's package, in transaction mode: consecutive transactions may land on different connections."""

import os
import shutil
from dataclasses import dataclass

from tests.servers.postgres import PostgresServer
from tests.servers.process import ServerProcess, free_port, listens, program, temporary_folder, unprivileged

CONFIGURATION = """
[databases]
* = host=127.0.0.1 port={server.port} user=postgres password={server.password}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 3
server_round_robin = 1
"""


@dataclass
class PgBouncer:
    """A PgBouncer in front of a server; it asks nobody for a password."""

    port: int
    process: ServerProcess

    def url(self, database: str) -> str:
        """Give the address of a database behind it."""
        return f"postgresql://anyone@127.0.0.1:{self.port}/{database}"

    def stop(self) -> None:
        """End it."""
        self.process.remove()


def start_pgbouncer(server: PostgresServer) -> PgBouncer:
    """Start a PgBouncer in front of `server`."""
    bouncer = program("pgbouncer", package="pgbouncer")
    account = unprivileged()
    folder = temporary_folder("pgbouncer", account)
    try:
        port = free_port()
        configuration = folder / "pgbouncer.ini"
        configuration.write_text(CONFIGURATION.format(server=server, port=port))
        if account is not None:
            os.chown(configuration, account.uid, account.gid)
        process = ServerProcess([bouncer, configuration], folder, lambda: listens(port), account)
        process.start()
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return PgBouncer(port, process)
