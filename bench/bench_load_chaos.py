"""Hundreds of random scenarios against a server that misbehaves at random: does a run ever hang or miscount?

    .venv/bin/python bench/bench_load_chaos.py [--minutes 5] [--seed 1]

Every scenario follows from its seed: the executor and its course, sessions or plain steps, pauses, time limits, and in
some a Ctrl-C. The server answers well, late, never, in half, twice, byte by byte, with another length than it said, or
with nonsense; or nobody listens. Shown is what became of the arrivals. The command ends with the scenario and its seed
when a run goes on half a minute beyond its end, when an arrival that was started did not end in one class, or when a
closed course did not account for each of its iterations.
"""

import argparse
import asyncio
import faulthandler
import os
import signal
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from outgrow.facts.loads import LoadFacts, Outcome
from outgrow.loadtest.run import run_load
from outgrow.plan.scenarios import Scenario

LONGEST_SECONDS: Final = 35
"""No course here takes longer than two seconds, its time limit and graceful end than one each."""
OK: Final = b"HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n" + b'{"id": "a"}'
NOT_BEGUN: Final = frozenset({Outcome.DROPPED, Outcome.NEVER_STARTED})
SHORT: Final = ("100ms", "400ms", "900ms")


@dataclass(slots=True)
class Chaos:
    """A server whose every answer is drawn."""

    drawn: Random
    talks: set[asyncio.Task[None]] = field(default_factory=set)

    async def hold(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer until one side has enough."""
        task = asyncio.current_task()
        assert task is not None
        self.talks.add(task)
        task.add_done_callback(self.talks.discard)
        try:
            while await self._goes_on(await reader.readuntil(b"\r\n\r\n"), writer):
                pass
        except (OSError, EOFError, asyncio.LimitOverrunError, asyncio.CancelledError):
            pass
        writer.transport.abort()

    async def _goes_on(self, _: bytes, writer: asyncio.StreamWriter) -> bool:
        match self.drawn.choices(range(10), weights=(50, 10, 6, 6, 4, 4, 4, 4, 6, 6))[0]:
            case 0:
                writer.write(OK)
            case 1:
                await asyncio.sleep(self.drawn.random() * 0.2)
                writer.write(OK)
            case 2:
                writer.write(b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n")
            case 3:
                return False
            case 4:
                writer.write(b"nonsense\r\n\r\n" * self.drawn.randint(1, 3))
            case 5:
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
                await writer.drain()
                return False
            case 6:
                await asyncio.sleep(30)
            case 7:
                writer.write(OK + OK)
            case 8:
                writer.write(b"HTTP/1.1 302 There\r\nLocation: /there\r\nContent-Length: 0\r\n\r\n")
            case _:
                for each in OK:
                    writer.write(bytes([each]))
                    await writer.drain()
                    await asyncio.sleep(0.001)
        return True


def course(drawn: Random) -> dict[str, Any]:
    """Draw how much comes when."""
    lasts, users = drawn.choice(SHORT), drawn.choice((1, 3, 20))
    return drawn.choice(
        (
            {"target_rps": drawn.choice((1, 10, 300, 3000)), "duration": lasts, "users": users, "arrivals": "poisson"},
            {
                "users": users,
                "stages": [{"jump": drawn.choice((0, 50, 400)), "hold": lasts}, {"ramp": 9, "over": "300ms"}],
            },
            {"vus": users, "duration": lasts},
            {"vus": users, "iterations": drawn.choice((1, 7, 100)), "duration": lasts},
            {"vus": users, "iterations": drawn.choice((1, 7)), "executor": "per-vu-iterations", "duration": lasts},
            {"executor": "ramping-vus", "stages": [{"jump": users, "hold": lasts}, {"ramp": 2, "over": "300ms"}]},
        )
    )


def asked(drawn: Random) -> dict[str, Any]:
    """Draw what is asked."""
    plain = {"name": "one", "follow": drawn.random() < 0.3}
    large = {"name": "two", "method": "POST", "path": "/{user}", "body": "x" * drawn.choice((1, 50_000))}
    first = {
        "name": "first",
        "captures": {"id": {"json": "$.id", "default": "z"}},
        "think": drawn.choice(("0s", "90ms")),
    }
    then = {"name": "then", "path": "/{id}", "checks": [{"status": 200}], "think": {"min": "0s", "max": "50ms"}}
    return drawn.choice(({"steps": [plain]}, {"steps": [plain, large]}, {"flows": {"way": {"steps": [first, then]}}}))


def scenario(drawn: Random, target: str) -> Scenario:
    """Draw a scenario."""
    options = {"timeout": drawn.choice(("100ms", "300ms", "1s")), "graceful_stop": drawn.choice(("0s", "100ms", "1s"))}
    connections = drawn.choice(({}, {"connections": drawn.choice((1, 2, 10))}))
    return Scenario.model_validate({"target": target, **options, **connections, **course(drawn), **asked(drawn)})


async def run_one(seed: int) -> tuple[Scenario, LoadFacts]:
    """Run the scenario of a seed."""
    drawn = Random(seed)
    chaos = Chaos(drawn)
    server = await asyncio.start_server(chaos.hold, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    if drawn.random() < 0.1:
        server.close()
    of = scenario(drawn, f"http://127.0.0.1:{port}")
    loop = asyncio.get_running_loop()
    stops = drawn.random() < 0.15
    stop = loop.call_later(drawn.random(), os.kill, os.getpid(), signal.SIGINT) if stops else None
    try:
        return of, await run_load("chaos", of, {}, lambda _: None)
    finally:
        if stop is not None:
            stop.cancel()
        server.close()
        talks = tuple(chaos.talks)
        for each in talks:
            each.cancel()
        await asyncio.gather(*talks, return_exceptions=True)


def fault_of(of: Scenario, facts: LoadFacts) -> str:
    """Say what does not add up; empty where everything does."""
    outcomes, started = facts.iterations.outcomes, sum(second.started for second in facts.timeline)
    ended = sum(count for outcome, count in outcomes.items() if outcome not in NOT_BEGUN)
    if started != ended:
        return f"{started} arrivals were started, {ended} ended"
    if of.iterations is not None and not facts.interrupted:
        planned = of.iterations * (of.vus or 1 if of.made_by == "per-vu-iterations" else 1)
        if facts.iterations.arrivals != planned:
            return f"{planned} iterations were planned, {facts.iterations.arrivals} counted"
    return ""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    seed, until = arguments.seed, time.monotonic() + 60 * arguments.minutes
    counts, runs = Counter[Outcome](), Counter[str]()
    while time.monotonic() < until:
        faulthandler.dump_traceback_later(LONGEST_SECONDS, exit=True)
        try:
            of, facts = asyncio.run(run_one(seed))
        except KeyboardInterrupt:
            seed += 1  # its own Ctrl-C, come when the run was over
            continue
        if fault := fault_of(of, facts):
            sys.exit(f"--seed {seed}: {fault}\n{of.model_dump_json(exclude_unset=True)}")
        counts.update(facts.iterations.outcomes)
        runs[of.made_by] += 1
        if sys.stderr.isatty():
            print(f"\r{runs.total():,} runs", end="", file=sys.stderr)
        seed += 1
    faulthandler.cancel_dump_traceback_later()
    table = Table(title=f"{runs.total():,} scenarios, from --seed {arguments.seed}")
    table.add_column("what became of their arrivals")
    table.add_column("arrivals", justify="right")
    for outcome, count in counts.most_common():
        table.add_row(outcome, f"{count:,}")
    table.add_row("in all", f"{counts.total():,}")
    Console(width=80).print(table)
    print("executors: " + ", ".join(f"{name} {count}" for name, count in sorted(runs.items())))


if __name__ == "__main__":
    main()
