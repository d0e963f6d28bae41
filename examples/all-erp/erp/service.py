"""One replica of a sample ERP service: every request costs CPU, and every second what was done is written down.

`python -m erp.service --service auth --port 8001`; the counts go to the SQLite file that ERP_DATABASE names.
"""

import argparse
import hashlib
import os
import resource
import signal
import sqlite3
import threading
import time
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

ITERATIONS = 2_000
"""Rounds of PBKDF2 a request: about a millisecond of a core, as checking a password would be."""
KIBIBYTE = 1024
"""What Linux counts resident memory in."""
SCHEMA = """
CREATE TABLE IF NOT EXISTS traffic (
    at INTEGER NOT NULL, service TEXT NOT NULL, replica TEXT NOT NULL,
    requests INTEGER NOT NULL, users INTEGER NOT NULL, queue INTEGER NOT NULL,
    PRIMARY KEY (at, service, replica)
)
"""
HEALTH = """
CREATE TABLE IF NOT EXISTS health (
    at INTEGER NOT NULL, service TEXT NOT NULL, replica TEXT NOT NULL,
    p95_ms REAL, failed INTEGER NOT NULL, memory INTEGER NOT NULL,
    PRIMARY KEY (at, service, replica)
)
"""


class Counts:
    """What a replica has done since it was last asked, and what it does now."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.requests, self.users, self.queue, self.failed = 0, 0, 0, 0
        self.took_ms: list[float] = []

    def begin(self) -> None:
        """Count a request that has come."""
        with self._lock:
            self.requests += 1
            self.users += 1

    def end(self, took_ms: float, *, failed: bool) -> None:
        """Count a request that was answered, or was not."""
        with self._lock:
            self.users -= 1
            self.failed += failed
            self.took_ms.append(took_ms)

    def taken(self) -> tuple[int, int, int]:
        """Give requests since the last time, users and queue now."""
        with self._lock:
            requests, self.requests = self.requests, 0
            return requests, self.users, max(0, self.users - 1)

    def health(self) -> tuple[float | None, int]:
        """Give the 95th percentile of the requests since the last time, none without any, and how many failed."""
        with self._lock:
            took, self.took_ms = sorted(self.took_ms), []
            failed, self.failed = self.failed, 0
        return (took[int(0.95 * (len(took) - 1))] if took else None), failed


def write_down(counts: Counts, service: str, replica: str, stop: threading.Event) -> None:
    """Write a row a second until the end."""
    with closing(sqlite3.connect(os.environ["ERP_DATABASE"], timeout=30, isolation_level=None)) as database:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = OFF")
        database.execute(SCHEMA)
        database.execute(HEALTH)
        while not stop.wait(1 - time.time() % 1):
            row = (int(time.time()), service, replica, *counts.taken())
            database.execute("INSERT OR REPLACE INTO traffic VALUES (?, ?, ?, ?, ?, ?)", row)
            memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * KIBIBYTE
            database.execute(
                "INSERT OR REPLACE INTO health VALUES (?, ?, ?, ?, ?, ?)", (*row[:3], *counts.health(), memory)
            )


def handler_of(counts: Counts, replica: str) -> type[BaseHTTPRequestHandler]:
    """Give what answers requests."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            if self.path == "/healthz":
                self._answer(b"fine")
                return
            counts.begin()
            began, failed = time.monotonic(), True
            try:
                self._answer(hashlib.pbkdf2_hmac("sha256", self.path.encode(), b"salt", ITERATIONS).hex().encode())
                failed = False
            finally:
                counts.end((time.monotonic() - began) * 1000, failed=failed)

        def _answer(self, body: bytes) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("X-Replica", replica)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (the name in the base class)
            """Say nothing of every request."""

    return Handler


def main() -> None:
    """Serve until SIGTERM."""
    options = argparse.ArgumentParser()
    options.add_argument("--service", required=True)
    options.add_argument("--port", type=int, required=True)
    options.add_argument("--replica", default="")
    given = options.parse_args()
    counts, stop = Counts(), threading.Event()
    with ThreadingHTTPServer(("127.0.0.1", given.port), handler_of(counts, given.replica)) as server:
        server.daemon_threads = True

        def end(*_: Any) -> None:
            stop.set()
            threading.Thread(target=server.shutdown).start()

        signal.signal(signal.SIGTERM, end)
        writer = threading.Thread(target=write_down, args=(counts, given.service, given.replica, stop))
        writer.start()
        server.serve_forever(poll_interval=0.05)
        writer.join()


if __name__ == "__main__":
    main()
