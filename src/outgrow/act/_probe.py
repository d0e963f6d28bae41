"""Asking a replica whether it is ready: a connection, or an HTTP answer."""

import asyncio
from contextlib import suppress
from typing import Final

import anyio

from outgrow.plan.run_targets import Readiness

_FIRST_GOOD, _FIRST_BAD = 200, 400
_STATUS_LINE_BYTES: Final = 64


async def is_ready(address: str, ready: Readiness) -> bool:
    """Say whether `HOST:PORT` answers as it should, within the probe's time limit; never raises."""
    host, _, port = address.rpartition(":")
    try:
        with anyio.fail_after(ready.timeout.total_seconds()):
            reader, writer = await asyncio.open_connection(host.strip("[]"), int(port))
            try:
                return ready.http is None or await _answers_well(reader, writer, address, ready.http)
            finally:
                writer.close()
                with suppress(OSError):
                    await writer.wait_closed()
    except (OSError, TimeoutError, ValueError):
        return False


async def _answers_well(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, address: str, path: str) -> bool:
    writer.write(f"GET {path} HTTP/1.1\r\nHost: {address}\r\nUser-Agent: outgrow\r\nConnection: close\r\n\r\n".encode())
    await writer.drain()
    line = await reader.readline()
    words = line[:_STATUS_LINE_BYTES].split()
    return len(words) > 1 and words[0].startswith(b"HTTP/1.") and _FIRST_GOOD <= int(words[1]) < _FIRST_BAD
