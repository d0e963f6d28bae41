"""An HTTP proxy that wants a password."""

import asyncio
import base64
from contextlib import suppress

from tests.loadtest.servers import request


async def proxy(reader, writer):
    """Forward: CONNECT as a tunnel, anything else with its answer; only to who says its password."""
    head = await request(reader)
    if base64.b64encode(b"me:p@ss") not in head:
        writer.write(b"HTTP/1.1 407 Who are you?\r\nContent-Length: 0\r\n\r\n")
        return
    method, where, _ = head.split(b" ", 2)
    tunnel = method == b"CONNECT"
    host, _, port = (where if tunnel else where.split(b"/")[2]).decode().rpartition(":")
    far_reader, far_writer = await asyncio.open_connection(host, int(port))
    if tunnel:
        writer.write(b"HTTP/1.1 200 Connected\r\n\r\n")
    else:
        far_writer.write(head)

    await asyncio.gather(pump(reader, far_writer), pump(far_reader, writer))


async def pump(source, into):
    """Pass on what comes, until it ends."""
    try:
        with suppress(OSError):
            while data := await source.read(65536):
                into.write(data)
    finally:
        into.close()


def known_to(through: str) -> str:
    """Give a proxy's address with the password that it wants."""
    return through.replace("http://", "http://me:p%40ss@")
