"""A run over several processes: one schedule, one result, nobody lost silently, nobody left behind."""

import asyncio
import errno
import os
import signal
import subprocess
import sys
from collections import Counter
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from outgrow.errors import OutgrowError, RefusedError, SourceError, UsageError
from outgrow.facts.loads import Outcome
from outgrow.facts.shards import second_of
from outgrow.loadtest.course import timetable_of
from outgrow.loadtest.lines import LocalLines
from outgrow.loadtest.orders import ShareOrders
from outgrow.loadtest.run import processes_for, run_load
from outgrow.loadtest.shards import Shards
from tests.loadtest.servers import OK, answering, load_of, request, scenario, serving


def workers():
    """Give the processes that we have started and that still run."""
    return [each for each in psutil.Process().children() if "outgrow.loadtest.worker" in words_of(each)]


def words_of(process):
    """Give a process's command line; none of one that has ended and that nobody has taken note of yet."""
    with suppress(psutil.ZombieProcess, psutil.NoSuchProcess):
        return process.cmdline()
    return []


def noting(seen):
    async def talk(reader, writer):
        while True:
            head = await request(reader)
            seen[head.split()[1].decode()] += 1
            writer.write(OK)

    return talk


async def test_several_processes_together_send_each_arrival_once():
    seen = Counter()
    steps = [{"name": "a", "weight": 3, "path": "/a/{arrival}"}, {"name": "b", "path": "/b/{arrival}"}]

    async with serving(noting(seen)) as target:
        facts = await load_of(target, processes=3, target_rps=200, duration="1500ms", steps=steps)

    assert sorted(int(path.rpartition("/")[2]) for path in seen) == list(range(300))
    assert set(seen.values()) == {1}
    assert {step.name: dict(step.outcomes) for step in facts.steps} == {
        "a": {Outcome.DONE: 225},
        "b": {Outcome.DONE: 75},
    }
    assert [shard.arrivals for shard in facts.shards] == [100, 100, 100]
    assert sum(second.done for second in facts.timeline) == 300
    assert [second_of(second) for second in facts.timeline] == sorted({second_of(each) for each in facts.timeline})
    assert facts.whole.response is not None
    assert facts.whole.response.count == 300
    assert workers() == []


async def test_the_seconds_of_all_processes_are_told_as_one():
    told = []

    async with serving(answering(OK)) as target:
        made = scenario(target, processes=2, target_rps=60, duration="2500ms")
        facts = await run_load("s", made, {}, told.append)

    assert told == list(facts.timeline)
    assert [second.due for second in told][:2] == pytest.approx([60, 60], abs=8)
    assert sum(second.due for second in told) == 150


async def test_a_process_that_is_killed_is_reported_and_its_rest_is_lost_but_not_silently():
    killed = []

    def kill_one(_):
        if not killed:
            killed.append(min(workers(), key=lambda each: each.pid))
            killed[0].kill()

    async with serving(answering(OK)) as target:
        made = scenario(target, processes=2, target_rps=100, duration="3s")
        facts = await run_load("s", made, {}, kill_one)

    assert facts.whole.arrivals == 300
    assert facts.whole.outcomes[Outcome.LOST] >= 100
    assert facts.whole.outcomes[Outcome.DONE] + facts.whole.outcomes[Outcome.LOST] == 300
    (lost,) = [shard for shard in facts.shards if shard.lost]
    assert "SIGKILL" in lost.lost
    assert [shard.arrivals for shard in facts.shards] == [150, 150]
    assert any("arrivals lost" in reason for reason in facts.health.too_weak)
    assert workers() == []


async def test_arrivals_of_flows_that_a_killed_process_had_are_lost_flow_by_flow():
    killed = []

    def kill_one(_):
        if not killed:
            killed.append(workers()[0])
            killed[0].kill()

    steps = [{"name": "first"}, {"name": "second"}]
    flows = {"long": {"weight": 2, "steps": steps}, "short": {"steps": steps[:1]}}
    async with serving(answering(OK)) as target:
        made = scenario(target, processes=2, target_rps=60, duration="3s", steps=[], flows=flows)
        facts = await run_load("s", made, {}, kill_one)

    assert {flow.name: flow.arrivals for flow in facts.flows} == {"long": 120, "short": 60}
    assert facts.iterations.outcomes[Outcome.LOST] >= 60
    assert facts.iterations.arrivals == 180
    assert [shard.arrivals for shard in facts.shards] == [90, 90]


async def test_a_process_that_says_nothing_any_more_is_given_up():
    stopped = []

    def stop_one(_):
        if not stopped:
            stopped.append(workers()[0])
            stopped[0].suspend()

    async with serving(answering(OK)) as target:
        orders = ShareOrders("s", scenario(target, target_rps=20, duration="1500ms"), {})
        shards = await Shards(orders, 2, stop_one, silence_seconds=4).run()

    (lost,) = [shard for shard in shards if shard.lost]
    assert "said nothing for 4 s" in lost.lost
    assert sum(sum(step.outcomes.values()) for shard in shards for step in shard.steps) == 30
    assert workers() == []


async def test_ctrl_c_ends_all_processes_gracefully_with_every_arrival_accounted_for():
    async with serving(answering(OK)) as target:
        made = scenario(target, processes=2, duration="1h", target_rps=50)
        facts = await run_load("s", made, {}, lambda _: os.kill(os.getpid(), signal.SIGINT))

    assert facts.interrupted
    assert facts.whole.arrivals == 180_000
    assert facts.whole.outcomes[Outcome.DONE] > 0
    assert Outcome.LOST not in facts.whole.outcomes
    assert not any(shard.lost for shard in facts.shards)
    assert facts.stopped_at_seconds is not None
    assert 1 <= facts.course_seconds == facts.stopped_at_seconds <= facts.seconds
    assert workers() == []


PARENT = """
import asyncio, sys
from outgrow.loadtest.run import run_load
from tests.loadtest.servers import scenario
made = scenario(sys.argv[1], processes=2, duration="1h", target_rps=50)
asyncio.run(run_load("s", made, {}, lambda second: print("told", flush=True)))
"""


async def test_no_process_outlives_a_parent_that_was_killed():
    async with serving(answering(OK)) as target:
        parent = subprocess.Popen(
            [sys.executable, "-c", PARENT, target],
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )
        assert parent.stdout is not None
        await asyncio.to_thread(parent.stdout.readline)
        children = psutil.Process(parent.pid).children()
        parent.kill()
        await asyncio.to_thread(parent.wait)
        parent.stdout.close()
        gone, alive = await asyncio.to_thread(psutil.wait_procs, children, 10)

    assert len(gone) == 2
    assert alive == []


async def test_a_process_that_this_machine_cannot_start_is_told_with_what_to_raise():
    class Unstartable(LocalLines):
        async def start(self):
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    async with serving(answering(OK)) as target:
        made = ShareOrders("s", scenario(target, processes=2), {}, Path())
        with pytest.raises(OutgrowError, match="Too many open files; raise the limits"):
            await Shards(made, 2, lambda _: None, lines=Unstartable).run()
    assert workers() == []


async def test_what_is_wrong_with_the_orders_is_said_once_and_nothing_is_started():
    with pytest.raises(RefusedError, match="allow_hosts"):
        await load_of("http://8.8.8.8:9", processes=2)
    with pytest.raises(SourceError, match="has no address"):
        await load_of("http://no-such-host.invalid", processes=2)
    assert workers() == []


async def test_a_listener_that_fails_ends_every_process():
    def fails(_):
        raise BrokenPipeError

    async with serving(answering(OK)) as target:
        with pytest.raises(BrokenPipeError):
            await run_load("s", scenario(target, duration="1h", processes=2), {}, fails)

    assert workers() == []


async def test_a_secret_reaches_the_processes_without_standing_on_a_command_line():
    seen: list[bytes] = []
    lines: list[str] = []

    async def noting_heads(reader, writer):
        while True:
            seen.append(await request(reader))
            lines.extend(argument for each in workers() for argument in words_of(each))
            writer.write(OK)

    async with serving(noting_heads) as target:
        steps = [{"name": "a", "headers": {"Authorization": "Bearer ${TOKEN}"}}]
        made = scenario(target, processes=2, target_rps=10, steps=steps)
        await run_load("s", made, {"TOKEN": "s3cret"}, lambda _: None)

    assert all(b"Bearer s3cret" in head for head in seen)
    assert lines
    assert not any("s3cret" in line for line in lines)


@pytest.mark.parametrize(
    ("options", "cores", "expected"),
    [
        ({"target_rps": 100}, 8, 1),
        ({"target_rps": 15_000}, 8, 1),
        ({"target_rps": 40_000}, 8, 3),
        ({"target_rps": 400_000}, 8, 8),
        ({"target_rps": 400_000, "users": 5}, 8, 5),
        ({"target_rps": 100, "processes": 4}, 2, 4),
    ],
)
def test_as_many_processes_as_the_rate_needs_and_no_more_than_cores(options, cores, expected):
    made = scenario("http://127.0.0.1:9", **options)

    assert processes_for(made, timetable_of(made), cores) == expected


def test_more_processes_than_users_are_refused():
    made = scenario("http://127.0.0.1:9", users=3, processes=4)

    with pytest.raises(UsageError, match="at most 3 processes"):
        processes_for(made, timetable_of(made), 2)
