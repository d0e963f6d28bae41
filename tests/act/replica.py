"""A small HTTP service to be started many times: says who it is, can be slow, and ends politely.

/whoami answers the replica's name, /slow waits as long as `ms` says, /unwell makes every later /healthz fail.
"""

import argparse
import signal
import socket
import sys
import threading
import time
from typing import Any


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("port", type=int)
    options.add_argument("--name", default="")
    options.add_argument("--start-up", type=float, default=0.0)
    options.add_argument("--exit", type=int)
    options.add_argument("--stubborn", action="store_true")
    given = options.parse_args()
    if given.exit is not None:
        print("cannot go on: the configuration is wrong", flush=True)
        sys.exit(given.exit)
    time.sleep(given.start_up)
    _Service(given.port, given.name, stubborn=given.stubborn).serve()


class _Service:
    def __init__(self, port: int, name: str, *, stubborn: bool) -> None:
        self.name, self.unwell, self.ending, self.busy = name, False, False, 0
        self.lock = threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", port), backlog=1024)
        signal.signal(signal.SIGTERM, signal.SIG_IGN if stubborn else self.end)
        print(f"{name} listens on {port}", flush=True)

    def end(self, *_: Any) -> None:
        """Take no more connections; running requests are finished."""
        self.ending = True
        self.listener.close()

    def serve(self) -> None:
        while not self.ending:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                break
            threading.Thread(target=self.talk, args=(connection,), daemon=True).start()
        while self.busy:
            time.sleep(0.005)
        print(f"{self.name} has ended in order", flush=True)

    def talk(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as lines:
            while True:
                head = lines.readline()
                if not head:
                    return
                while lines.readline().strip():
                    pass
                with self.lock:
                    self.busy += 1
                try:
                    status, body = self.answer(head.split()[1].decode())
                    connection.sendall(
                        f"HTTP/1.1 {status} x\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body.encode()
                    )
                except OSError:
                    return
                finally:
                    with self.lock:
                        self.busy -= 1

    def answer(self, path: str) -> tuple[int, str]:
        path, _, query = path.partition("?")
        if path == "/slow":
            time.sleep(float(query.partition("=")[2]) / 1000)
        if path == "/unwell":
            self.unwell = True
        if path == "/healthz" and self.unwell:
            return 503, "unwell"
        return 200, self.name


main()
