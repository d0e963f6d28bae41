"""How much memory does a generator take that holds 5,000 connections open?

    .venv/bin/python bench/bench_load_memory.py [--connections 5000] [--rounds 3] [--locust] [--k6 PATH] [--vegeta PATH]

The server answers each request 4 seconds late and counts its connections. 5,000 workers ask once in 4 seconds each;
ours, vegeta and k6, which take arrivals, get as many a second as fill the same number of connections. What is shown is
the highest resident memory of the process by the kernel's account (pages that it shares with others count in full), for
ours `outgrow load` with all it imports, in its one process, which has no children. Its goal is 60 MB.
"""

import argparse
import asyncio
import multiprocessing
import os
import resource
import statistics
import sys
import tempfile
from multiprocessing.connection import Connection
from pathlib import Path
from typing import cast

import uvloop
from load_peers.jobs import Load, Peer, add_options, at_hand
from load_peers.ran import run
from rich.console import Console
from rich.table import Table

from outgrow.errors import ExitCode

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
LATE_SECONDS = 4
GOAL_MB = 60
PLAN = """
outgrow: 1
name: memory
scenarios:
  open:
    target: "{target}"
    target_rps: {rate}
    duration: {seconds}s
    users: {connections}
    connections: {connections}
    timeout: 30s
    processes: 1
    steps: [{{name: one}}]
"""


class Late(asyncio.Protocol):
    """Answers four seconds after a request; counts how many connections were open at once."""

    open = 0
    most = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self.transport = cast("asyncio.WriteTransport", transport)
        Late.open += 1
        Late.most = max(Late.most, Late.open)

    def connection_lost(self, exc: Exception | None) -> None:
        """Take note of the end."""
        Late.open -= 1

    def data_received(self, data: bytes) -> None:
        """Take what has come."""
        for _ in range(data.count(b"\r\n\r\n")):
            asyncio.get_running_loop().call_later(LATE_SECONDS, self.answer)

    def answer(self) -> None:
        """Send the answer."""
        if not self.transport.is_closing():
            self.transport.write(ANSWER)


def serve(pipe: Connection) -> None:
    """Tell the port; then, at each question, the highest number of connections since the last one."""

    def told() -> None:
        pipe.recv()
        pipe.send(Late.most)
        Late.most = Late.open

    async def main() -> None:
        server = await asyncio.get_running_loop().create_server(Late, "127.0.0.1", 0, backlog=16_384)
        pipe.send(server.sockets[0].getsockname()[1])
        asyncio.get_running_loop().add_reader(pipe.fileno(), told)
        await server.serve_forever()

    uvloop.run(main())


def ours(target: str, connections: int, seconds: int) -> float:
    with tempfile.TemporaryDirectory() as folder:
        plan = Path(folder) / "plan.yaml"
        rate = connections // LATE_SECONDS
        plan.write_text(PLAN.format(target=target, rate=rate, seconds=seconds, connections=connections))
        command = [sys.executable, "-m", "outgrow", "load", "open", str(plan), "--quiet", "--no-journal"]
        return run(command, expected={0, ExitCode.TOO_WEAK}).peak_mb  # memory is the same on a busy machine


def imports() -> float:
    """What Python with our imports takes before it sends anything."""
    return run(
        [sys.executable, "-c", "import outgrow.control.load_test, outgrow.cli.load, outgrow.api, uvloop"]
    ).peak_mb


def theirs(peer: Peer, target: str, connections: int, seconds: int) -> float:
    rate = connections // LATE_SECONDS if peer.name in {"vegeta", "k6"} else None
    return peer.job(peer, Load(target, seconds, connections, rate)).run()[1].peak_mb


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--connections", type=int, default=5_000)
    parser.add_argument("--seconds", type=int, default=15)
    parser.add_argument("--rounds", type=int, default=3)
    add_options(parser)
    arguments = parser.parse_args()
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    connections, seconds = arguments.connections, arguments.seconds
    peers, missing = at_hand(arguments)
    here, there = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(target=serve, args=(there,), daemon=True)
    server.start()
    target = f"http://127.0.0.1:{here.recv()}/"
    runs = {"outgrow": lambda: ours(target, connections, seconds)}
    for peer in peers:
        runs[f"{peer.name} {peer.version}"] = lambda peer=peer: theirs(peer, target, connections, seconds)
    found: dict[str, list[tuple[float, int]]] = {name: [] for name in runs}
    try:
        for _ in range(arguments.rounds):
            for name, once in runs.items():
                peak = once()
                here.send("how many?")
                found[name].append((peak, here.recv()))
    finally:
        server.kill()
        server.join()
    table = Table(title=f"median of {arguments.rounds} rounds; load average {os.getloadavg()[0]:.1f}")
    for name in ("generator", "highest resident MB", "connections open at once"):
        table.add_column(name, justify="left" if name == "generator" else "right")
    for name, rounds in found.items():
        peak, held = (statistics.median(each) for each in zip(*rounds, strict=True))
        table.add_row(name, f"{peak:,.0f}", f"{held:,.0f}")
    Console(width=100).print(table)
    print(f"Python with our imports alone: {imports():.0f} MB; the goal for ours: {GOAL_MB} MB")
    print(*missing, sep="\n")


if __name__ == "__main__":
    main()
