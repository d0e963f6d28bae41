"""HTTP servers that answer well or badly, in the test's own event loop, with or without TLS."""

import asyncio
import json
import socket
import ssl
import struct
import subprocess
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Behaviour = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Target:
    """A server on `port` of 127.0.0.1; `requests` holds the head of every request that came."""

    port: int
    requests: list[str]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def tls_url(self) -> str:
        return f"https://localhost:{self.port}"


@asynccontextmanager
async def target(routes: Mapping[str, Behaviour], tls: ssl.SSLContext | None = None) -> AsyncGenerator[Target]:
    """Serve `routes`, by path; one request a connection."""
    requests: list[str] = []
    open_connections: set[asyncio.Task[Any]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        open_connections.add(task)
        try:
            with suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                requests.append(head)
                path = head.split(" ")[1].partition("?")[0]
                await routes.get(path, answer(404, "no such page"))(reader, writer)
                await writer.drain()
        finally:
            open_connections.discard(task)
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    try:
        yield Target(server.sockets[0].getsockname()[1], requests)
    finally:
        server.close()
        for task in list(open_connections):
            task.cancel()
        await asyncio.gather(*open_connections, return_exceptions=True)


def answer(status: int, body: str = "", headers: str = "", reason: str = "Reason") -> Behaviour:
    """Answer as asked for."""

    async def behave(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (
            f"HTTP/1.1 {status} {reason}\r\nContent-Length: {len(body.encode())}\r\nConnection: close\r\n{headers}\r\n"
        )
        writer.write((head + body).encode())

    return behave


def answer_json(document: Any) -> Behaviour:
    """Answer a JSON document."""
    return answer(200, json.dumps(document), "Content-Type: application/json\r\n")


def raw(words: bytes) -> Behaviour:
    """Answer exactly these bytes, and close."""

    async def behave(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(words)

    return behave


def slow(seconds: float, then: Behaviour) -> Behaviour:
    """Answer late."""

    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(seconds)
        await then(reader, writer)

    return behave


async def hang(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    """Never answer."""
    await reader.read()


async def drip(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer one byte every 20 ms: no single wait is long, the whole is endless."""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    while True:
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0.02)


async def flood(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer without end, fast."""
    writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        writer.write(b"x" * 65536)
        await writer.drain()


async def reset(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Reset the connection in the middle of the answer."""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
    await writer.drain()
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


@dataclass(frozen=True)
class Certificates:
    """Certificates made for a test: an authority, and certificates and key of the server `localhost`."""

    authority: Path
    key: Path
    good: Path
    expired: Path
    other_host: Path
    self_signed: Path

    def context(self, certificate: Path) -> ssl.SSLContext:
        """Give a server's side."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate, self.key)
        return context

    def context_that_asks(self) -> ssl.SSLContext:
        """Give the side of a server that wants its clients' certificates."""
        context = self.context(self.good)
        context.load_verify_locations(self.authority)
        context.verify_mode = ssl.CERT_REQUIRED
        return context


def make_certificates(folder: Path) -> Certificates:
    """Make them with openssl."""
    made = Certificates(*(folder / f"{name}.pem" for name in ("ca", "key", "good", "expired", "other", "self")))
    authority_key = folder / "ca-key.pem"
    new_key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    own = ["-x509", "-days", "2"]
    may_sign = ["-addext", "keyUsage=critical,keyCertSign,cRLSign"]
    named = ["-subj", "/CN=outgrow test", *may_sign]
    _openssl("req", *own, *new_key, "-keyout", authority_key, "-out", made.authority, *named)
    _openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", made.key)
    here, elsewhere = "DNS:localhost,IP:127.0.0.1", "DNS:elsewhere.example"
    alone = ["-subj", "/CN=localhost", "-addext", f"subjectAltName={here}"]
    _openssl("req", *own, "-key", made.key, "-out", made.self_signed, *alone)
    request, extensions = folder / "request.pem", folder / "extensions.txt"
    _openssl("req", "-new", "-key", made.key, "-out", request, "-subj", "/CN=server")
    for file, names, days in ((made.good, here, 2), (made.expired, here, -1), (made.other_host, elsewhere, 2)):
        # Since Python 3.13 a certificate must say by whose key it was signed.
        extensions.write_text(f"subjectAltName={names}\nauthorityKeyIdentifier=keyid\nsubjectKeyIdentifier=hash\n")
        signed = ["-CA", made.authority, "-CAkey", authority_key, "-CAcreateserial", "-extfile", extensions]
        _openssl("x509", "-req", "-in", request, *signed, "-days", str(days), "-out", file)
    return made


def _openssl(*words: str | Path) -> None:
    subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True)


@asynccontextmanager
async def raw_words(words: bytes, *, to_each_command: bool = False) -> AsyncGenerator[int]:
    """Say the same to everyone who connects, and hang up; or to every command of a Redis client. Give the port."""

    async def say(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            if not to_each_command:
                writer.write(words)
            while to_each_command and (commands := await reader.read(65536)):
                writer.write(words * commands.count(b"*"))
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(say, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
