"""100,000 errors a second for 30 seconds: does the generator grow, does it lose an arrival?

    .venv/bin/python bench/bench_load_soak.py [--rate 100000] [--seconds 30]

The server answers every request with 500 and shuts every hundredth connection in the middle of its answer; with
`--refuse` nobody listens, and every attempt to connect is refused. The rate is above what one core sends: the rest is
dropped, and must be counted so. Memory is that of `outgrow load` and of the processes it starts, once a second; shown
are the first seconds after the start and the end. The command fails when an arrival is missing or counted twice, or
when memory grew by more than a tenth.
"""

import argparse
import asyncio
import json
import multiprocessing
import subprocess
import sys
import tempfile
import time
from multiprocessing.connection import Connection
from pathlib import Path
from typing import cast

import psutil
import uvloop
from rich.console import Console
from rich.table import Table

ANSWER = b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 5\r\n\r\nwrong"
EVERY = 100
WARM_SECONDS = 5
MOST_GROWTH = 0.10
PLAN = """
outgrow: 1
name: soak
scenarios:
  soak:
    target: "{target}"
    target_rps: {rate}
    duration: {seconds}s
    users: 500
    timeout: 5s
    ceiling: {{rps: {rate}}}
    steps: [{{name: wrong}}]
"""


class Wrong(asyncio.Protocol):
    """Answers 500; every hundredth answer is cut off together with its connection."""

    answered = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self.transport = cast("asyncio.WriteTransport", transport)

    def data_received(self, data: bytes) -> None:
        """Take what has come."""
        for _ in range(data.count(b"\r\n\r\n")):
            Wrong.answered += 1
            if Wrong.answered % EVERY:
                self.transport.write(ANSWER)
            else:
                self.transport.write(ANSWER[:20])
                self.transport.close()


def serve(told: Connection) -> None:
    async def main() -> None:
        server = await asyncio.get_running_loop().create_server(Wrong, "127.0.0.1", 0, backlog=4096)
        told.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    uvloop.run(main())


def resident_mb(process: psutil.Process) -> float:
    total = 0
    for each in (process, *process.children(recursive=True)):
        try:
            total += each.memory_info().rss
        except psutil.NoSuchProcess:
            continue
    return total / 1e6


def soak(target: str, rate: int, seconds: int) -> tuple[dict, list[tuple[float, float]]]:
    """Give the run's JSON, and memory over time (seconds, MB)."""
    with tempfile.TemporaryDirectory() as folder:
        plan, result = Path(folder) / "plan.yaml", Path(folder) / "result.json"
        plan.write_text(PLAN.format(target=target, rate=rate, seconds=seconds))
        command = [sys.executable, "-m", "outgrow", "load", "soak", str(plan), "--quiet", "--no-journal"]
        process = subprocess.Popen([*command, "--output", str(result)], stdout=subprocess.DEVNULL)
        watched, began, memory = psutil.Process(process.pid), time.monotonic(), []
        while process.poll() is None:
            memory.append((time.monotonic() - began, resident_mb(watched)))
            time.sleep(1)
        return json.loads(result.read_text()), [each for each in memory if each[1] > 0]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rate", type=int, default=100_000)
    parser.add_argument("--seconds", type=int, default=30)
    parser.add_argument("--refuse", action="store_true", help="let nobody listen")
    arguments = parser.parse_args()
    told, tell = multiprocessing.Pipe(duplex=False)
    server = multiprocessing.get_context("spawn").Process(target=serve, args=(tell,), daemon=True)
    server.start()
    try:
        port = told.recv()
        if arguments.refuse:
            server.kill()
            server.join()
        result, memory = soak(f"http://127.0.0.1:{port}/", arguments.rate, arguments.seconds)
    finally:
        server.kill()
        server.join()
    outcomes, due = result["whole"]["outcomes"], arguments.rate * arguments.seconds
    table = Table(title=f"{arguments.rate:,} arrivals a second for {arguments.seconds} s")
    table.add_column("what became of them")
    table.add_column("arrivals", justify="right")
    for outcome, count in outcomes.items():
        table.add_row(outcome, f"{count:,}")
    table.add_row("in all", f"{sum(outcomes.values()):,}", end_section=True)
    table.add_row("due", f"{due:,}")
    Console(width=80).print(table)
    # The start is the imports', the end the result's.
    under_way = [mb for at, mb in memory if WARM_SECONDS <= at <= arguments.seconds]
    early, late = max(under_way[:3]), max(under_way[-3:])
    print(f"memory after {WARM_SECONDS} s {early:.0f} MB, after {arguments.seconds} s {late:.0f} MB")
    if sum(outcomes.values()) != due:
        sys.exit("an arrival is missing, or was counted twice")
    if late > early * (1 + MOST_GROWTH):
        sys.exit("the generator grew")


if __name__ == "__main__":
    main()
