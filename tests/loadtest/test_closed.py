"""A closed model: users who wait for their answers; it is said to be one, and what it hides is counted."""

import asyncio
from time import perf_counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outgrow.errors import RefusedError
from outgrow.facts.buckets import Buckets, bucket_of
from outgrow.facts.loads import Model, Outcome
from outgrow.loadtest.orders import ShareOrders
from outgrow.loadtest.pacing import ClosedPace
from outgrow.loadtest.preparation import engine_for, timetable_by
from outgrow.loadtest.record import Lateness
from outgrow.loadtest.run import hidden_by_waiting
from tests.loadtest.servers import OK, answering, load_of, request, scenario, serving

ERROR = b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n"


class Counting:
    """Answers after a pause, and remembers how many asked at once, and how often."""

    def __init__(self, pause=0.005):
        self.pause, self.now, self.most, self.asked = pause, 0, 0, 0

    async def __call__(self, reader, writer):
        while True:
            await request(reader)
            self.asked += 1
            self.now += 1
            self.most = max(self.most, self.now)
            await asyncio.sleep(self.pause)
            self.now -= 1
            writer.write(OK)


async def test_constant_users_each_wait_for_their_answer():
    talk = Counting()

    async with serving(talk) as target:
        facts = await load_of(target, vus=4, duration="300ms")

    assert facts.model is Model.CLOSED
    assert talk.most == 4
    assert facts.iterations.outcomes == {Outcome.DONE: talk.asked}
    assert 4 < talk.asked <= 4 * (300 / 5 + 1)
    assert max(second.vus for second in facts.timeline) <= 4


async def test_shared_iterations_are_made_once_all_together():
    talk = Counting(0.001)

    async with serving(talk) as target:
        facts = await load_of(target, vus=3, iterations=50)

    assert facts.iterations.outcomes == {Outcome.DONE: 50}
    assert talk.asked == 50
    assert facts.seconds < facts.planned_seconds == 600


async def test_each_user_makes_its_own_iterations():
    seen: list[bytes] = []

    async def noting(reader, writer):
        while True:
            seen.append((await request(reader)).split()[1])
            writer.write(OK)

    async with serving(noting) as target:
        facts = await load_of(
            target, vus=3, iterations=7, executor="per-vu-iterations", steps=[{"name": "one", "path": "/{user}"}]
        )

    assert facts.iterations.outcomes == {Outcome.DONE: 21}
    assert {path: seen.count(path) for path in seen} == {b"/0": 7, b"/1": 7, b"/2": 7}


async def test_users_come_and_go_with_the_stages():
    talk = Counting(0.01)
    stages = [{"jump": 2, "hold": "150ms"}, {"jump": 6, "hold": "150ms"}, {"jump": 1, "hold": "150ms"}]

    async with serving(talk) as target:
        facts = await load_of(target, executor="ramping-vus", stages=stages)

    assert talk.most == 6
    assert facts.iterations.outcomes == {Outcome.DONE: talk.asked}


async def test_iterations_that_the_time_did_not_suffice_for_never_started():
    async with serving(Counting(0.05)) as target:
        facts = await load_of(target, vus=2, iterations=100, duration="200ms")

    assert facts.iterations.arrivals == 100
    assert set(facts.iterations.outcomes) == {Outcome.DONE, Outcome.NEVER_STARTED}
    assert not facts.interrupted


async def test_those_under_way_at_the_end_have_a_graceful_stop():
    async with serving(answering()) as target:
        facts = await load_of(target, vus=2, duration="100ms", graceful_stop="200ms")

    assert facts.iterations.outcomes == {Outcome.INTERRUPTED: 2}
    assert facts.seconds < 5


async def test_the_last_pause_of_a_flow_paces_the_user():
    talk = Counting(0)

    async with serving(talk) as target:
        facts = await load_of(target, vus=1, duration="500ms", steps=[{"name": "one", "think": "100ms"}])

    assert 2 <= talk.asked <= 6
    assert facts.flows == ()


async def test_errors_that_come_at_once_do_not_hold_the_generator_up():
    async with serving(answering(OK)) as target:
        pass

    facts = await load_of(target, vus=2, duration="300ms")

    # At most one attempt a user and millisecond; a loop without a breath would make many more.
    assert set(facts.iterations.outcomes) == {Outcome.REFUSED}
    assert facts.iterations.arrivals <= 2 * 301


async def test_errors_as_fast_as_the_server_gives_them_are_all_counted():
    answers = 0

    async def fails(reader, writer):
        nonlocal answers
        while True:
            await request(reader)
            answers += 1
            writer.write(ERROR)

    async with serving(fails) as target:
        facts = await load_of(target, vus=8, duration="500ms", timeout="5s")

    assert facts.iterations.outcomes == {Outcome.UNEXPECTED: answers}


@pytest.mark.parametrize("after", [[], [{"jump": 0, "hold": "1h"}]], ids=["the end", "a jump to none"])
async def test_users_whose_time_ends_while_a_tick_brings_them_to_work_stay_away(after):
    # The tick's moment is still within the users' hour, and when it comes to them that is over.
    options = {"executor": "ramping-vus", "stages": [{"jump": 8, "hold": "1h"}, *after], "ceiling": {"duration": "2h"}}
    orders = ShareOrders("short", scenario("http://127.0.0.1:9", **options), {})
    visits = (await engine_for(orders, print)).visits
    pace = ClosedPace(visits, timetable_by(orders).rate, Lateness(), None, "ramping-vus")
    now = perf_counter()
    pace.begin(now - 3600 + 1e-9)

    pace.release(now)

    assert pace.vus() == 0
    assert visits.busy == 0


async def test_ctrl_c_ends_a_closed_run():
    async with serving(Counting()) as target:
        facts = await load_of(target, vus=3, duration="1h", interrupted_at=0.2)

    assert facts.interrupted
    assert facts.iterations.outcomes.keys() <= {Outcome.DONE, Outcome.INTERRUPTED}


async def test_users_are_split_over_processes_without_overlap():
    seen: list[bytes] = []

    async def noting(reader, writer):
        while True:
            seen.append((await request(reader)).split()[1])
            writer.write(OK)

    async with serving(noting) as target:
        facts = await load_of(
            target,
            vus=3,
            iterations=4,
            executor="per-vu-iterations",
            processes=2,
            steps=[{"name": "one", "path": "/{user}/{arrival}"}],
        )

    assert facts.iterations.outcomes == {Outcome.DONE: 12}
    assert len(set(seen)) == 12
    assert {path.split(b"/")[1] for path in seen} == {b"0", b"1", b"2"}


@settings(max_examples=10, deadline=None)
@given(st.integers(1, 6), st.integers(1, 40), st.booleans())
def test_every_iteration_is_accounted_for_once(vus, iterations, each):
    async def run():
        async with serving(answering(OK)) as target:
            executor = "per-vu-iterations" if each else "shared-iterations"
            return await load_of(target, vus=vus, iterations=iterations, executor=executor)

    facts = asyncio.run(run())

    assert facts.iterations.outcomes == {Outcome.DONE: iterations * vus if each else iterations}


def test_what_waiting_hid_is_the_whole_multiples_of_the_usual():
    # 99 arrivals of 10 ms and one of a second: its user would have come 99 times more.
    durations = Buckets({bucket_of(0.010): 99, bucket_of(1.0): 1}, 1.99, 0.010, 1.0)

    assert hidden_by_waiting(durations) == pytest.approx(99, abs=2)
    assert hidden_by_waiting(Buckets({}, 0.0, 0.0, 0.0)) == 0


async def test_a_server_that_freezes_shows_what_a_closed_model_hides():
    frozen_until = 0.0

    async def freezing(reader, writer):
        nonlocal frozen_until
        clock = asyncio.get_running_loop().time
        while True:
            await request(reader)
            frozen_until = frozen_until or clock() + 0.5
            await asyncio.sleep(max(0.005, frozen_until - clock()))
            writer.write(OK)

    async with serving(freezing) as target:
        facts = await load_of(target, vus=2, duration="1s", timeout="5s")

    # Each of two users waits half a second where it usually waits some milliseconds.
    assert facts.hidden > 10


async def test_more_users_than_the_ceiling_are_refused():
    with pytest.raises(RefusedError, match="6,000 users, above its ceiling of 5,000"):
        await load_of("http://127.0.0.1:9", vus=6000, duration="1s")
