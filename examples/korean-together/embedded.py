"""A PostgreSQL and a Redis for the demo: no container, no root, nothing left behind.

python embedded.py run            start both, say where they are, stop them on Ctrl-C
python embedded.py stop FOLDER    stop the servers that a demo kept, remove their folder
"""

import argparse
import sys
import threading
from pathlib import Path

from koto.interruption import InterruptedBySignal
from koto.processes import ServerError
from koto.servers import servers, stop_kept


def main() -> int:
    """Run the command line; the exit code is 0, 1 for a server that fails, 130 when interrupted."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("run", help="start both servers, stop them on Ctrl-C")
    commands.add_parser("stop", help="stop the servers of a kept demo").add_argument("folder", type=Path)
    chosen = parser.parse_args()
    try:
        if chosen.command == "stop":
            stop_kept(chosen.folder)
            return 0
        with servers() as running:
            print(f"PostgreSQL from {running.postgres.binaries.origin}: {running.postgres.admin_url}")
            print(f"Redis: {running.redis.admin_url if running.redis else running.no_redis}", flush=True)
            threading.Event().wait()
    except ServerError as error:
        print(error, file=sys.stderr)
        return 1
    except InterruptedBySignal:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
