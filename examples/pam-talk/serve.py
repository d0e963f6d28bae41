"""Serve one form of the market until it is interrupted.

python serve.py as-it-is market.sqlite
PAM_DATABASE_URL=postgresql://... PAM_REDIS_URL=redis://... python serve.py after-phase-1 --workers 2
"""

import argparse
import os
import socket
import sys
from pathlib import Path

import uvicorn
from pamtalk.forms import DATABASE_URL, REDIS_URL, SQLITE

BACKLOG = 2048


def main() -> int:
    """Serve; the first line printed is the address."""
    options = _options()
    if options.form == "after-phase-1" and not os.environ.get(DATABASE_URL):
        print(f"serve.py: {DATABASE_URL} is not set: name the PostgreSQL that migrate.py filled", file=sys.stderr)
        return 1
    listener = socket.create_server((options.host, options.port), backlog=BACKLOG)
    # Connections inherit it: uvicorn cannot know that a given descriptor is TCP, and each answer would wait 40 ms.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    host, port = listener.getsockname()[:2]
    print(f"http://{host}:{port}", flush=True)
    if options.form == "as-it-is":
        os.environ[SQLITE] = str(options.database)
        _serve("pamtalk.forms:as_it_is", listener, 1)
    else:
        if not os.environ.get(REDIS_URL):
            print(f"serve.py: {REDIS_URL} is not set: each worker remembers for itself", file=sys.stderr)
        _serve("pamtalk.forms:after_phase_1", listener, options.workers)
    return 0


def _serve(application: str, listener: socket.socket, workers: int) -> None:
    uvicorn.run(
        application,
        factory=True,
        fd=listener.fileno(),
        workers=workers,
        http="httptools",
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=2,
    )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--host", default="127.0.0.1", help="where to listen (%(default)s)")
    parser.add_argument("--port", type=int, default=0, help="0 takes any free one (%(default)s)")
    forms = parser.add_subparsers(dest="form", required=True)
    today = forms.add_parser("as-it-is", help="one process, SQLite, everything synchronous")
    today.add_argument("database", type=Path, help="the SQLite file that generate.py made")
    later = forms.add_parser("after-phase-1", help="workers, PostgreSQL, cache, predictions in the background")
    later.add_argument("--workers", type=int, default=2, help="processes that answer (%(default)s)")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
