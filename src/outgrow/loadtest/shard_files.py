"""Shares of a run that are run far apart: each leaves one line of JSON, and the lines are brought together afterwards.

A line is an object: `schema` (`outgrow.load-shard/1`), `scenario` (its name), `digest` (of the scenario, so that only
shares of the same one are brought together), `target`, `started_at` (ISO 8601) and `shard` (what was counted).
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, cast

from outgrow.errors import UsageError
from outgrow.facts.loads import LoadFacts
from outgrow.facts.shards import ShardFacts, read_json, shard_of, shard_text
from outgrow.loadtest.engine import Told
from outgrow.loadtest.orders import ShareOrders
from outgrow.loadtest.preparation import refuse_beyond_ceiling, timetable_by
from outgrow.loadtest.run import interrupts, load_facts, target_shown
from outgrow.loadtest.schedule import Share
from outgrow.loadtest.shards import lost_shard
from outgrow.loadtest.share import ShareRun

SCHEMA: Final = "outgrow.load-shard/1"
_MISSING: Final = "its result is missing"


@dataclass(frozen=True, slots=True)
class ShardFile:
    """What one share left."""

    scenario: str
    digest: str
    target: str
    started_at: datetime
    shard: ShardFacts


def digest_of(orders: ShareOrders) -> str:
    """Give what tells a scenario from another of its name."""
    return hashlib.sha256(orders.scenario.model_dump_json(by_alias=True).encode()).hexdigest()[:16]


async def run_shard(orders: ShareOrders, share: Share, told: Told) -> ShardFile:
    """Run one share of a scenario in this process. Setup and teardown are left out: they belong to no share.

    Raises:
        RefusedError: the target is not near and not allowed by name, or the ceiling would be broken.
        UsageError: a variable that the target names holds no address, or there are fewer users than shares.
        SourceError: the target has no address, or an environment variable is not set.
    """
    timetable = timetable_by(orders)
    refuse_beyond_ceiling(orders.scenario, timetable)
    try:
        run = await ShareRun.prepared(orders, share, told)
    except ValueError as error:  # fewer users than shares
        raise UsageError(str(error)) from error
    started_at = datetime.now(UTC)
    with interrupts(run):
        (shard,) = await run.run()
    return ShardFile(orders.name, digest_of(orders), target_shown(orders), started_at, shard)


def written(file: ShardFile) -> str:
    """Write a share's line."""
    head = {
        "schema": SCHEMA,
        "scenario": file.scenario,
        "digest": file.digest,
        "target": file.target,
        "started_at": file.started_at.isoformat(),
    }
    return f"{json.dumps(head)[:-1]}, {json.dumps('shard')}: {shard_text(file.shard)}}}"


def read_lines(texts: Mapping[str, str]) -> Iterator[ShardFile]:
    """Read the lines of shares out of texts by their names; what else stands there, of a log for instance, is left.

    Raises:
        UsageError: a text holds none, or one that is not whole.
    """
    for name, text in texts.items():
        found = [line.strip() for line in text.splitlines() if SCHEMA in line and line.lstrip().startswith("{")]
        if not found:
            raise UsageError(
                f"{name} holds no share of a load test; write them with: outgrow load SCENARIO --shard 0/4"
            )
        for line in found:
            try:
                read = cast("dict[str, Any]", read_json(line))
                started_at, shard = datetime.fromisoformat(read["started_at"]), shard_of(read["shard"])
                yield ShardFile(read["scenario"], read["digest"], read["target"], started_at, shard)
            except (ValueError, KeyError, TypeError) as error:
                raise UsageError(f"{name} holds a share that cannot be read; was it cut off? ({error})") from error


def merged(files: Iterable[ShardFile], orders: ShareOrders) -> LoadFacts:
    """Bring the shares of one run together; one that is missing is reported, and its arrivals are counted as lost.

    Args:
        files: what the shares left, in any order.
        orders: what they were to do.

    Raises:
        UsageError: they belong to another scenario or to different runs, or one stands twice.
    """
    by_index = dict[int, ShardFile]()
    for file in files:
        if (file.scenario, file.digest) != (orders.name, digest_of(orders)):
            raise UsageError(
                f'share {file.shard.index} is one of the scenario "{file.scenario}" as it was written in another plan; '
                f'bring the shares of "{orders.name}" together with the plan that they were run with'
            )
        if file.shard.index in by_index:
            raise UsageError(f"share {file.shard.index} stands twice; give each share of one run once")
        by_index[file.shard.index] = file
    if not by_index:
        raise UsageError("there are no shares to bring together")
    counts = {file.shard.of for file in by_index.values()}
    if len(counts) > 1:
        parts = " and ".join(map(str, sorted(counts)))
        raise UsageError(f"these are shares of different runs, spread over {parts} processes")
    of = counts.pop()
    shards = [
        by_index[index].shard if index in by_index else lost_shard(orders, Share(index, of), _MISSING)
        for index in range(of)
    ]
    first = min(by_index.values(), key=lambda file: file.started_at)
    return load_facts(orders, first.started_at, shards, first.target)
