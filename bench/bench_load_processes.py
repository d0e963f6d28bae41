"""How much more do several processes send, and what does a request cost in each protocol?

    .venv/bin/python bench/bench_load_processes.py [--seconds 3] [--rounds 3] [--processes 1 2 4]

The target is a server of our own on loopback that answers 2 bytes, one process for each core that is left; for HTTP/2
and WebSocket, hypercorn and websockets. Each run asks for more than it can get, so dropped arrivals show the ceiling;
the rate of protocols is the highest at which the generator keeps its schedule. Processor time is the generator's own:
the sum over its processes. The rounds are interleaved and the median is shown. A machine with two cores shows no more
than that nothing is lost by spreading: the target needs processors too.
"""

import argparse
import asyncio
import multiprocessing
import os
import statistics
import sys
from multiprocessing.connection import Connection
from pathlib import Path
from typing import cast

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import uvloop
from rich.console import Console
from rich.table import Table

from outgrow.facts.loads import LoadFacts, Outcome
from outgrow.loadtest.run import run_load
from outgrow.plan.scenarios import Scenario

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Answering(asyncio.Protocol):
    """Answers each request at once."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the connection."""
        self.transport = cast("asyncio.WriteTransport", transport)  # uvloop's is one in all but name

    def data_received(self, data: bytes) -> None:
        """Answer as many requests as came."""
        self.transport.write(ANSWER * data.count(b"\r\n\r\n"))


async def serve_http(told: Connection) -> None:
    server = await asyncio.get_running_loop().create_server(Answering, "127.0.0.1", 0)
    told.send(server.sockets[0].getsockname()[1])
    await server.serve_forever()


async def serve_websocket(told: Connection) -> None:
    from websockets.asyncio.server import ServerConnection, serve  # noqa: PLC0415

    async def echo(socket: ServerConnection) -> None:
        async for message in socket:
            await socket.send(message)

    async with serve(echo, "127.0.0.1", 0, compression=None) as server:
        told.send(next(iter(server.sockets)).getsockname()[1])
        await server.serve_forever()


async def serve_http2(told: Connection) -> None:
    from hypercorn.asyncio import serve  # noqa: PLC0415
    from hypercorn.config import Config  # noqa: PLC0415

    from tests.servers.process import free_port  # noqa: PLC0415

    async def app(scope: dict, _, send) -> None:  # noqa: ANN001
        if scope["type"] == "http":
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"ok"})

    config, port = Config(), free_port()
    config.bind, config.errorlog = [f"127.0.0.1:{port}"], None
    task = asyncio.create_task(serve(app, config))  # pyright: ignore[reportArgumentType] (a plain ASGI application)
    await asyncio.sleep(1)
    told.send(port)
    await task


SERVERS = {"http": serve_http, "websocket": serve_websocket, "http2": serve_http2}


def serving(kind: str, told: Connection) -> None:
    uvloop.run(SERVERS[kind](told))


def load(target: str, rate: int, seconds: int, **options: object) -> LoadFacts:
    written = {
        "target": target,
        "target_rps": rate,
        "duration": f"{seconds}s",
        "users": 64,
        "ceiling": {"rps": rate},
        "steps": [{"name": "bare"}],
        **options,
    }
    return uvloop.run(run_load("processes", Scenario.model_validate(written), {}, lambda _: None))


def figures(facts: LoadFacts) -> tuple[float, float]:
    """Give requests a second, and processor microseconds for each."""
    done = facts.whole.outcomes.get(Outcome.DONE, 0)
    assert done, facts.whole.outcomes
    cpu = sum(shard.cpu_share for shard in facts.shards) * facts.seconds
    return done / facts.seconds, 1e6 * cpu / done


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--processes", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--rate", type=int, default=30_000, help="arrivals a second that are asked for over HTTP/1.1")
    arguments = parser.parse_args()
    context, targets, servers = multiprocessing.get_context("spawn"), dict[str, str](), []
    for kind in SERVERS:
        ours, theirs = context.Pipe()
        server = context.Process(target=serving, args=(kind, theirs), daemon=True)
        server.start()
        servers.append(server)
        targets[kind] = f"http://127.0.0.1:{ours.recv()}"
    talk = [{"name": "talk", "websocket": {"turns": [{"send": "hello", "expect": "hello"}], "repeat": 10}}]
    runs = {
        f"HTTP/1.1, {count} process{'es' if count > 1 else ''}": (
            "http",
            arguments.rate,
            {"processes": count},
        )
        for count in arguments.processes
    }
    runs["HTTP/2, 500/s"] = ("http2", 500, {"http": "2"})
    runs["WebSocket sessions of 10 messages, 100/s"] = ("websocket", 100, {"steps": talk})
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in runs}
    try:
        for _ in range(arguments.rounds):
            for name, (kind, rate, options) in runs.items():
                found[name].append(figures(load(targets[kind], rate, arguments.seconds, **options)))
    finally:
        for server in servers:
            server.terminate()
    title = f"median of {arguments.rounds} rounds of {arguments.seconds} s; load average {os.getloadavg()[0]:.1f}"
    table = Table("generator", title=title)
    for name in ("a second", "processor µs each"):
        table.add_column(name, justify="right")
    for name, rounds in found.items():
        wall, cost = (statistics.median(values) for values in zip(*rounds, strict=True))
        table.add_row(name, f"{wall:,.0f}", f"{cost:,.0f}")
    Console(width=100).print(table)


if __name__ == "__main__":
    main()
