"""Does a load generator hide a frozen server? 200 arrivals/s for 40 s; the server adds 5 ms and freezes 1 s every 10 s.

    .venv/bin/python bench/bench_load_honesty.py [--seconds 40] [--rate 200]

Worked out by hand: a tenth of the arrivals wait between 0 and 1 s, so p50 is 5.5 ms, p95 505, p99 905, the greatest
1,005 ms, plus what the queue takes to drain. hey and wrk (Debian packages) run where they are installed: hey with 20
workers of 10 requests a second each, wrk, which knows no rate, as a closed loop of 20 connections. Both ask a server in
a process of its own, on loopback.
"""

import argparse
import asyncio
import csv
import io
import multiprocessing
import re
import shutil
import subprocess
import time
from multiprocessing.connection import Connection
from typing import cast

import uvloop
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

    def connection_made(self, transport: asyncio.BaseTransport) -> None:  # noqa: D102
        self.transport = cast("asyncio.WriteTransport", transport)

    def data_received(self, data: bytes) -> None:  # noqa: D102
        # Each period begins running and ends frozen.
        inside = (time.perf_counter() - self.began) % PERIOD_SECONDS
        frozen = PERIOD_SECONDS - inside if inside >= PERIOD_SECONDS - FROZEN_SECONDS else 0.0
        for _ in range(data.count(b"\r\n\r\n")):
            asyncio.get_running_loop().call_later(frozen + ADDED_SECONDS, self.answer)

    def answer(self) -> None:  # noqa: D102
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


def hey(target: str, rate: int, seconds: int) -> tuple[int, list[float], str]:
    command = ["hey", "-z", f"{seconds}s", "-c", "20", "-q", str(rate // 20), "-o", "csv", target]
    rows = csv.DictReader(io.StringIO(subprocess.run(command, capture_output=True, text=True, check=True).stdout))
    times = sorted(float(row["response-time"]) * 1000 for row in rows)
    return len(times), [times[int(len(times) * share)] for share in (0.5, 0.95, 0.99)] + times[-1:], "20 workers"


def wrk(target: str, _: int, seconds: int) -> tuple[int, list[float], str]:
    told = subprocess.run(
        ["wrk", "-t1", "-c20", f"-d{seconds}s", "--latency", "-s", "/dev/stdin", target],
        input='done = function(s, l, r) for _, p in pairs({50, 95, 99}) do io.write(string.format("at %d us\\n", '
        "l:percentile(p))) end io.write(string.format('at %d us\\n', l.max)) "
        "io.write(string.format('sent %d\\n', s.requests)) end",
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    times = [int(each) / 1000 for each in re.findall(r"at (\d+) us", told)]
    return int(re.findall(r"sent (\d+)", told)[0]), times, "closed loop, 20 connections"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=40)
    parser.add_argument("--rate", type=int, default=200)
    arguments = parser.parse_args()
    told, tell = multiprocessing.Pipe(duplex=False)
    server = multiprocessing.get_context("spawn").Process(target=serve, args=(tell,), daemon=True)
    server.start()
    target = f"http://127.0.0.1:{told.recv()}/"
    table = Table(title=f"{arguments.rate} arrivals a second for {arguments.seconds} s")
    for name in ("generator", "sent", "p50 ms", "p95 ms", "p99 ms", "max ms", "furthest from analytic", "note"):
        table.add_column(name, justify="left" if name in {"generator", "note"} else "right")
    table.add_row("analytic", f"{arguments.rate * arguments.seconds:,}", *(f"{each:,.1f}" for each in ANALYTIC), "", "")
    try:
        for run in (ours, *(each for each in (hey, wrk) if shutil.which(each.__name__))):
            sent, times, note = run(target, arguments.rate, arguments.seconds)
            off = max((abs(found / exact - 1) for found, exact in zip(times, ANALYTIC, strict=True)), default=0)
            name = "outgrow" if run is ours else run.__name__
            table.add_row(name, f"{sent:,}", *(f"{each:,.1f}" for each in times), f"{off:.0%}", note)
    finally:
        server.kill()
        server.join()
    Console(width=150).print(table)


if __name__ == "__main__":
    main()
