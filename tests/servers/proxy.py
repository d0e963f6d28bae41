"""A TCP proxy that breaks: it stands between outgrow and a real server and does what networks do."""

import asyncio
import socket
import struct
import threading
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Literal, Self

CHUNK_BYTES = 64 * 1024
RESET_ON_CLOSE = struct.pack("ii", 1, 0)  # SO_LINGER: on, 0 s

Fault = Literal["none", "hang", "half_close", "cut", "refuse"]


@dataclass
class FaultyProxy:
    """A proxy on a port of 127.0.0.1 in front of `target_port`; it runs in a thread of its own.

    What it does wrong is set by its methods, at any time; connections that stand already are dropped by each.
    """

    target_port: int
    port: int = 0
    _fault: Fault = "none"
    _bytes_before: int = 0
    _delay_seconds: float = 0.0
    _loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)
    _server: asyncio.Server | None = None
    _thread: threading.Thread | None = None
    _connections: set[asyncio.Task[None]] = field(default_factory=set["asyncio.Task[None]"])

    def start(self) -> Self:
        """Listen."""
        self._thread = threading.Thread(target=self._loop.run_forever, name=f"proxy of {self.target_port}", daemon=True)
        self._thread.start()
        self._call(self._listen())
        return self

    def stop(self) -> None:
        """Drop every connection and end the thread."""
        self._call(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        if self._thread is not None:
            self._thread.join()
        self._loop.close()

    def pass_through(self) -> None:
        """Do nothing wrong."""
        self._become("none")

    def refuse(self) -> None:
        """Refuse connections, as a host does on which nothing listens."""
        self._become("refuse")

    def hang(self) -> None:
        """Accept connections and never answer: what is sent is read and thrown away."""
        self._become("hang")

    def half_close(self, after_bytes: int = 0) -> None:
        """End the answer (FIN) after so many bytes of it, and go on reading what the client sends."""
        self._become("half_close", after_bytes)

    def cut(self, after_bytes: int = 0) -> None:
        """Reset the connection (RST) after so many bytes of the answer."""
        self._become("cut", after_bytes)

    def delay(self, by: timedelta) -> None:
        """Hold back each piece of the answer for so long."""
        self._become("none", 0, by.total_seconds())

    def drop_connections(self) -> None:
        """Cut the connections that stand, and accept new ones."""
        self._call(self._drop())

    def _become(self, fault: Fault, after_bytes: int = 0, delay_seconds: float = 0.0) -> None:
        async def change() -> None:
            await self._close()
            self._fault, self._bytes_before, self._delay_seconds = fault, after_bytes, delay_seconds
            if fault != "refuse":
                await self._listen()

        self._call(change())

    def _call(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=10)

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._accepted, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _close(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        await self._drop()

    async def _drop(self) -> None:
        connections = list(self._connections)
        for connection in connections:
            connection.cancel()
        await asyncio.gather(*connections, return_exceptions=True)

    async def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = asyncio.current_task()
        if connection is None:
            return
        self._connections.add(connection)
        try:
            with suppress(OSError):
                await self._serve(reader, writer)
        except asyncio.CancelledError:
            pass  # dropped on purpose
        finally:
            self._connections.discard(connection)
            _reset(writer)

    async def _serve(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        if self._fault == "hang":
            await _forward(client, lambda _: None)
            return
        server, to_server = await asyncio.open_connection("127.0.0.1", self.target_port)
        try:
            asking = asyncio.create_task(_forward(client, to_server.write, at_end=to_server.write_eof))
            answering = asyncio.create_task(self._answer(server, to_client))
            try:
                await answering
                if self._fault != "cut":
                    await asking
            finally:
                asking.cancel()
                answering.cancel()
                await asyncio.gather(asking, answering, return_exceptions=True)
        finally:
            to_server.close()

    async def _answer(self, server: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        """Send the server's answer on, as far as the fault lets it."""
        left = self._bytes_before if self._fault in {"half_close", "cut"} else None
        while chunk := await server.read(CHUNK_BYTES):
            if self._delay_seconds:
                await asyncio.sleep(self._delay_seconds)
            to_client.write(chunk[:left])
            await to_client.drain()
            if left is not None:
                left -= len(chunk)
                if left <= 0:
                    break
        if self._fault != "cut":
            to_client.write_eof()


async def _forward(
    reader: asyncio.StreamReader,
    write: Callable[[bytes], None],
    at_end: Callable[[], None] = lambda: None,
) -> None:
    while chunk := await reader.read(CHUNK_BYTES):
        write(chunk)
    with suppress(OSError):
        at_end()


def _reset(writer: asyncio.StreamWriter) -> None:
    """Close at once; what the peer has not been sent yet is lost, and it is told so (RST)."""
    connection = writer.get_extra_info("socket")
    if connection is not None:
        with suppress(OSError):
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
    writer.transport.abort()
