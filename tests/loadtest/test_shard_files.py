"""Shares that were run far apart come together as one run; what is missing, twice or foreign is said."""

import pytest

from outgrow.errors import UsageError
from outgrow.facts.loads import Outcome
from outgrow.loadtest.orders import ShareOrders
from outgrow.loadtest.schedule import Share
from outgrow.loadtest.shard_files import merged, read_lines, run_shard, written
from tests.loadtest.servers import OK, answering, scenario, serving

STEPS = [{"name": "a", "weight": 2}, {"name": "b"}]


async def lines_of(orders, of, *indices):
    return [written(await run_shard(orders, Share(index, of), lambda _: None)) for index in indices]


async def test_all_shares_together_are_the_whole_run():
    async with serving(answering(OK)) as target:
        orders = ShareOrders("peak", scenario("${TARGET}", steps=STEPS), {"TARGET": target})
        lines = await lines_of(orders, 3, 2, 0, 1)

    # Where they are brought together the variable of the target need not be set.
    facts = merged(
        read_lines({"log": "\n".join(["starting", *lines, "the end"])}), ShareOrders("peak", orders.scenario, {})
    )

    assert {step.name: dict(step.outcomes) for step in facts.steps} == {
        "a": {Outcome.DONE: 20},
        "b": {Outcome.DONE: 10},
    }
    assert [(shard.arrivals, shard.lost) for shard in facts.shards] == [(10, "")] * 3
    assert facts.target == target
    assert sum(second.done for second in facts.timeline) == 30
    assert not any("lost" in reason for reason in facts.health.too_weak)


async def test_a_share_that_is_missing_is_reported_and_its_arrivals_are_lost():
    async with serving(answering(OK)) as target:
        orders = ShareOrders("peak", scenario(target, steps=STEPS), {})
        lines = await lines_of(orders, 3, 0, 2)

    facts = merged(read_lines({"one": lines[0], "two": lines[1]}), orders)

    assert facts.whole.outcomes == {Outcome.DONE: 20, Outcome.LOST: 10}
    assert [shard.lost for shard in facts.shards] == ["", "its result is missing", ""]
    assert any("process 2 of 3: its result is missing; 10 arrivals" in reason for reason in facts.health.too_weak)


async def test_shares_that_do_not_belong_together_are_refused():
    async with serving(answering(OK)) as target:
        orders = ShareOrders("peak", scenario(target), {})
        other = ShareOrders("peak", scenario(target, target_rps=200), {})
        first, again = await lines_of(orders, 2, 0, 0)
        (third,) = await lines_of(orders, 3, 1)
        (foreign,) = await lines_of(other, 2, 1)

    with pytest.raises(UsageError, match="share 0 stands twice"):
        merged(read_lines({"one": first, "two": again}), orders)
    with pytest.raises(UsageError, match="spread over 2 and 3 processes"):
        merged(read_lines({"one": first, "two": third}), orders)
    with pytest.raises(UsageError, match="written in another plan"):
        merged(read_lines({"one": first, "two": foreign}), orders)
    with pytest.raises(UsageError, match="cut off"):
        list(read_lines({"one": first[:-20] + "\n"}))
    with pytest.raises(UsageError, match="holds no share"):
        list(read_lines({"one": "nothing like it"}))


async def test_more_shares_than_users_are_refused():
    with pytest.raises(UsageError, match="2 users cannot be spread over 3"):
        await run_shard(ShareOrders("s", scenario("http://127.0.0.1:9", users=2), {}), Share(0, 3), lambda _: None)
