"""A profile service in one process: a profile per session, in memory. `python serve.py --port 8010`.

It stands for whatever serves profiles today, so that the roadmap of `plan.yaml` can be rehearsed on one machine.
"""

import argparse
import asyncio
import json
import signal

PROFILES: dict[str, bytes] = {}


class Profiles(asyncio.Protocol):
    """Answers GET and PUT of /profile/SESSION over HTTP/1.1, one request after the other of a connection."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember the connection."""
        assert isinstance(transport, asyncio.Transport)
        self._transport, self._heard = transport, b""

    def data_received(self, data: bytes) -> None:
        """Answer every request that has come whole."""
        self._heard += data
        while b"\r\n\r\n" in self._heard:
            head, _, rest = self._heard.partition(b"\r\n\r\n")
            length = next(
                (int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0
            )
            if len(rest) < length:
                return
            self._heard = rest[length:]
            method, path = head.split(b" ", 2)[:2]
            self._transport.write(answer(method, path.decode("latin-1"), rest[:length]))


def answer(method: bytes, path: str, body: bytes) -> bytes:
    """Give the answer to one request; what was put is there for the next who asks."""
    if not path.startswith("/profile/"):
        return b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
    session = path.removeprefix("/profile/")
    if method == b"PUT":
        PROFILES[session] = body
        return b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n"
    found = PROFILES.get(session) or json.dumps({"session": session, "interests": []}).encode()
    head = (
        f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-Release: mvp\r\nContent-Length: {len(found)}\r\n\r\n"
    )
    return head.encode() + found


async def main() -> None:
    """Serve until SIGTERM or Ctrl-C."""
    options = argparse.ArgumentParser()
    options.add_argument("--port", type=int, default=8010)
    given = options.parse_args()
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    for each in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(each, stop.set)
    async with await loop.create_server(Profiles, "127.0.0.1", given.port):
        await stop.wait()


if __name__ == "__main__":
    asyncio.run(main())
