"""Signals beside a load: all readings are kept for the result, a few are enough to be shown while it runs."""

from datetime import UTC, datetime, timedelta
from itertools import count

import anyio

from outgrow.control.measure import OpenSource
from outgrow.control.watching import Watching
from outgrow.facts.samples import Measured, Observation
from outgrow.plan.file import parse_plan
from outgrow.quantity import Duration

NOW = datetime(2026, 3, 1, tzinfo=UTC)
PLAN = """
outgrow: 1
name: shop
sources: {web: {kind: http, url: "http://127.0.0.1"}}
signals: {queue: {source: web, unit: jobs, read: {metric: json, json_path: $.queue}}}
"""


class Counting:
    """A source that reads one more each time, and the clock that goes on with it."""

    def __init__(self) -> None:
        self._values, self._ticks = count(1), count(1)
        self.enough = anyio.Event()

    async def observe(self, signal, now):
        value = next(self._values)
        if value == 50:
            self.enough.set()
        return [Observation((), Measured(now, float(value), now))]

    def now(self) -> datetime:
        return NOW + timedelta(seconds=next(self._ticks))


async def test_only_the_newest_readings_are_made_ready_to_be_shown_and_all_for_the_result():
    reads = Counting()
    source = OpenSource("web", "http", timedelta(seconds=1), reads)  # pyright: ignore[reportArgumentType]
    plan = parse_plan(PLAN, "plan.yaml").plan
    watching = Watching(plan, ["queue"], Duration.parse("1ms"), {"web": source}, reads)  # pyright: ignore[reportArgumentType]

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(watching.run)
        await reads.enough.wait()
        tasks.cancel_scope.cancel()
    shown, kept = watching.resources(NOW, newest=3)["queue"], watching.resources(NOW)["queue"]

    assert len(kept.points) >= 49
    assert shown.points == kept.points[-3:]
