"""Servers that behave, and servers that do not, on a free port of the loopback interface."""

import asyncio
import os
import signal
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from ssl import SSLContext

from outgrow.loadtest.run import run_load
from outgrow.plan.scenarios import Scenario

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def serving(talk: Talk, *, host: str = "127.0.0.1", ssl: SSLContext | None = None) -> AsyncGenerator[str]:
    """Hold every connection's talk by `talk`; give the server's address."""
    talks: set[asyncio.Task] = set()

    async def hold(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        talks.add(task)
        task.add_done_callback(talks.discard)
        try:
            with suppress(OSError, EOFError, asyncio.CancelledError):
                await talk(reader, writer)
        finally:
            writer.transport.abort()

    server = await asyncio.start_server(hold, host, 0, ssl=ssl)
    try:
        shown = f"[{host}]" if ":" in host else host
        yield f"http://{shown}:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for each in tuple(talks):
            each.cancel()
        await asyncio.gather(*talks, return_exceptions=True)


async def request(reader: asyncio.StreamReader) -> bytes:
    """Wait for a request without a body; give its head."""
    return await reader.readuntil(b"\r\n\r\n")


def answering(*answers: bytes, keep: bool = True) -> Talk:
    """Answer each request with the pieces, and then stay or go."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await request(reader)
            for answer in answers:
                writer.write(answer)
                await writer.drain()
            if not keep:
                return

    return talk


def scenario(target: str, **options) -> Scenario:
    """Give a short scenario."""
    usual = {"target_rps": 100, "duration": "300ms", "timeout": "30s", "steps": [{"name": "one"}]}
    if options.keys() & {"stages", "trace", "vus"}:
        del usual["target_rps"], usual["duration"]
    return Scenario.model_validate({"target": target, **usual, **options})


async def load_of(target: str, *, interrupted_at: float | None = None, **options):
    """Run a short scenario, perhaps with a Ctrl-C after some seconds."""
    loop = asyncio.get_running_loop()
    timer = loop.call_later(interrupted_at, os.kill, os.getpid(), signal.SIGINT) if interrupted_at else None
    try:
        return await run_load("short", scenario(target, **options), {}, lambda _: None)
    finally:
        if timer is not None:
            timer.cancel()
