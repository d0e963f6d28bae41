"""Does a load generator hide a frozen server? 200 arrivals/s for 40 s; the server adds 5 ms and freezes 1 s every 10 s.

    .venv/bin/python bench/bench_load_honesty.py [--seconds 40] [--rounds 3] [--locust] [--k6 PATH] [--vegeta PATH]

Worked out by hand: a tenth of the arrivals wait between 0 and 1 s, so p50 is 5.5 ms, p95 505, p99 905, the greatest
1,005 ms, plus what the queue takes to drain. The peers that are at hand run one after the other: with 20 workers of 10
requests a second each, and with 400 where that is another thing (wrk, which knows no rate, as a closed loop of 20
connections). The server is a process of its own, on loopback. The rounds are interleaved; of each figure the median is
shown.
"""

import argparse
import asyncio
import multiprocessing
import os
import statistics
import time
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection
from typing import cast

import uvloop
from load_peers.jobs import Load, Peer, add_options, at_hand
from rich.console import Console
from rich.table import Table

from outgrow.loadtest.run import run_load
from outgrow.plan.scenarios import Scenario

ANALYTIC = (5.5, 505.0, 905.0, 1005.0)
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
PERIOD_SECONDS, FROZEN_SECONDS, ADDED_SECONDS = 10.0, 1.0, 0.005


class Freezing(asyncio.Protocol):
    """Answers 5 ms after a request, or after the freeze that it falls into."""

    def __init__(self, began: float) -> None:
        self.began = began
        self.transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self.transport = cast("asyncio.WriteTransport", transport)

    def data_received(self, data: bytes) -> None:
        """Take what has come."""
        # Each period begins running and ends frozen.
        inside = (time.perf_counter() - self.began) % PERIOD_SECONDS
        frozen = PERIOD_SECONDS - inside if inside >= PERIOD_SECONDS - FROZEN_SECONDS else 0.0
        for _ in range(data.count(b"\r\n\r\n")):
            asyncio.get_running_loop().call_later(frozen + ADDED_SECONDS, self.answer)

    def answer(self) -> None:
        """Send the answer."""
        if self.transport is not None and not self.transport.is_closing():
            self.transport.write(ANSWER)


def serve(told: Connection) -> None:
    async def main() -> None:
        began = time.perf_counter()
        server = await asyncio.get_running_loop().create_server(lambda: Freezing(began), "127.0.0.1", 0, backlog=4096)
        told.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    uvloop.run(main())


def ours(target: str, rate: int, seconds: int) -> tuple[int, list[float], str]:
    scenario = Scenario.model_validate(
        {"target": target, "target_rps": rate, "duration": f"{seconds}s", "steps": [{"name": "one"}]}
    )
    facts = uvloop.run(run_load("honesty", scenario, {}, lambda _: None))
    response = facts.whole.response
    assert response is not None
    times = [response.p50_seconds, response.p95_seconds, response.p99_seconds, response.greatest_seconds]
    note = f"{facts.connections_highest} connections at most"
    if facts.health.too_weak:
        note += "; TOO WEAK: " + facts.health.too_weak[0]
    return response.count, [each * 1000 for each in times], note


Result = tuple[str, int, list[float], str]
"""A generator's name, how many it sent, its times in ms, and what is to be noted."""
Runs = Sequence[Callable[[], Result]]


def theirs(peer: Peer, load: Load) -> Result:
    job = peer.job(peer, load)
    told, _ = job.run()
    dropped = f"; {told.dropped:,} dropped, and says so" if told.dropped else ""
    return job.name, told.done, list(told.times_ms), job.note + dropped


def loads(peer: Peer, target: str, rate: int, seconds: int) -> list[Load]:
    """Twenty workers, too few for a second without answers; and as many as its users would give it."""
    few = Load(target, seconds, 20, None if peer.name == "wrk" else rate, times=True)
    many = Load(target, seconds, 400, rate, times=True)
    return {"vegeta": [many], "k6": [few, many], "locust": [few, many]}.get(peer.name, [few])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=40)
    parser.add_argument("--rate", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3)
    add_options(parser)
    arguments = parser.parse_args()
    peers, missing = at_hand(arguments)
    told, tell = multiprocessing.Pipe(duplex=False)
    server = multiprocessing.get_context("spawn").Process(target=serve, args=(tell,), daemon=True)
    server.start()
    target = f"http://127.0.0.1:{told.recv()}/"
    rate, seconds = arguments.rate, arguments.seconds
    runs: dict[str, Runs] = {"outgrow": [lambda: ("outgrow", *ours(target, rate, seconds))]}
    for peer in peers:
        runs[peer.name] = [
            lambda peer=peer, load=load: theirs(peer, load) for load in loads(peer, target, rate, seconds)
        ]
    found: dict[tuple[str, int], list[Result]] = {}
    title = f"{rate} arrivals a second for {seconds} s, median of {arguments.rounds} rounds"
    table = Table(title=title)
    for name in ("generator", "sent", "p50 ms", "p95 ms", "p99 ms", "max ms", "furthest from analytic", "note"):
        table.add_column(name, justify="left" if name in {"generator", "note"} else "right")
    table.add_row("analytic", f"{arguments.rate * arguments.seconds:,}", *(f"{each:,.1f}" for each in ANALYTIC), "", "")
    try:
        for _ in range(arguments.rounds):
            for peer, each in runs.items():
                for number, run in enumerate(each):
                    found.setdefault((peer, number), []).append(run())
        for rounds in found.values():
            times = [statistics.median(each) for each in zip(*(once[2] for once in rounds), strict=True)]
            sent = statistics.median(once[1] for once in rounds)
            off = max((abs(found / exact - 1) for found, exact in zip(times, ANALYTIC, strict=True)), default=0)
            shown = (f"{each:,.1f}" for each in times)
            table.add_row(rounds[0][0], f"{sent:,.0f}", *shown, f"{off:.0%}", rounds[-1][3])
    finally:
        server.kill()
        server.join()
    Console(width=150).print(table)
    print(f"load average {os.getloadavg()[0]:.1f}", *missing, sep="\n")


if __name__ == "__main__":
    main()
