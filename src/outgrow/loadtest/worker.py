"""A process of its own that runs one share of a load test; `outgrow.loadtest.shards` starts and hears it.

Both sides speak in lines. The worker reads its orders as JSON, says `ready`, is told `go` with the moment (seconds
since 1970) and perhaps `stop`; it tells `second` after second (and `flows`: what became of arrivals up to then), and in
the end `done` with its counts, or `failed` and
why. When its input ends, whoever started it is gone: it ends at once and leaves no load behind.
"""

import asyncio
import json
import os
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from threading import Thread
from typing import Any, BinaryIO, Final

from outgrow.errors import OutgrowError, one_line
from outgrow.facts.loads import LoadSecond, Outcome
from outgrow.facts.shards import second_text, shard_text
from outgrow.loadtest.orders import ShareOrders
from outgrow.loadtest.schedule import Share
from outgrow.loadtest.share import ShareRun
from outgrow.plan.scenarios import Scenario

READY: Final = "ready"
GO: Final = "go"
STOP: Final = "stop"
SECOND: Final = "second"
FLOWS: Final = "flows"
DONE: Final = "done"
FAILED: Final = "failed"
_LONGEST_WAIT_SECONDS: Final = 5.0
"""How long a start may lie ahead; a clock that was set back meanwhile must not hold the run up."""


def orders_document(orders: ShareOrders, share: Share) -> dict[str, Any]:
    """Give what a worker reads first. It may hold secrets: it goes through a pipe and never onto a command line."""
    return {
        "name": orders.name,
        # Not `mode="json"`, which leaves secrets out.
        "scenario": orders.scenario.model_dump(exclude_unset=True, by_alias=True),
        "environment": dict(orders.environment),
        "base": str(orders.base),
        "values": dict(orders.values),
        "share": [share.index, share.of],
    }


def orders_line(orders: ShareOrders, share: Share) -> bytes:
    """Write `orders_document` as a line."""
    return json.dumps(orders_document(orders, share), default=str).encode() + b"\n"


def orders_from(document: Mapping[str, Any]) -> tuple[ShareOrders, Share]:
    """Read what `orders_document` gave."""
    scenario = Scenario.model_validate(document["scenario"])
    index, of = document["share"]
    orders = ShareOrders(
        document["name"], scenario, document["environment"], Path(document["base"]), document["values"]
    )
    return orders, Share(index, of)


class _Speech:
    """What the worker says; its standard output belongs to it alone, so that nothing else can garble a line."""

    def __init__(self) -> None:
        """Take the standard output; what else is printed goes to the standard error."""
        self._descriptor = os.dup(sys.stdout.fileno())
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())

    def say(self, word: str, text: str = "") -> None:
        """Say a line; where nobody hears it any more, end."""
        left = memoryview(f"{word} {text}\n".encode())
        try:
            while left:
                left = left[os.write(self._descriptor, left) :]
        except OSError:
            os._exit(1)

    def second(self, second: LoadSecond, flows: Sequence[Mapping[Outcome, int]]) -> None:
        """Tell a second, and what became of arrivals up to it."""
        self.say(FLOWS, json.dumps(flows))
        self.say(SECOND, second_text(second))


async def _run(orders: ShareOrders, share: Share, heard: BinaryIO, speech: _Speech) -> None:
    run = await ShareRun.prepared(orders, share, lambda second: speech.second(second, run.flows()))
    loop, begin = asyncio.get_running_loop(), asyncio.Event()
    begin_at = 0.0

    def go(moment: float) -> None:
        nonlocal begin_at
        begin_at = moment
        begin.set()

    def listen() -> None:
        for line in heard:
            word, _, rest = line.decode().strip().partition(" ")
            with suppress(RuntimeError):  # the run is over and its loop closed
                if word == GO:
                    loop.call_soon_threadsafe(go, float(rest))
                elif word == STOP:
                    loop.call_soon_threadsafe(run.stop)
                    loop.call_soon_threadsafe(begin.set)
        os._exit(1)

    # A thread, for it hears the end of its input even where a user's flow keeps the loop busy.
    Thread(target=listen, daemon=True).start()
    run.forget_seconds()
    speech.say(READY)
    await begin.wait()
    await asyncio.sleep(min(max(0.0, begin_at - time.time()), _LONGEST_WAIT_SECONDS))
    (facts,) = await run.run()
    speech.say(DONE, shard_text(facts))


def main() -> int:
    """Run the share that the first line of the standard input orders."""
    speech, heard = _Speech(), sys.stdin.buffer
    line = heard.readline()
    if not line.strip():
        return 1
    orders, share = orders_from(json.loads(line))
    try:
        if find_spec("uvloop") is None:
            asyncio.run(_run(orders, share, heard, speech))
        else:
            import uvloop  # noqa: PLC0415 (not everywhere installed)

            uvloop.run(_run(orders, share, heard, speech))
    except OutgrowError as error:
        speech.say(FAILED, one_line(str(error)))
        return error.exit_code
    return 0


if __name__ == "__main__":
    status = main()
    # Not `sys.exit`, which waits for the thread's hold on the standard input.
    os._exit(status)
