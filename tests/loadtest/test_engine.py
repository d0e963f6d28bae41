"""Arrivals come whatever the server does; each is accounted for once, and its wait is never hidden."""

import asyncio
import os
import signal
from collections import Counter

import pytest

from outgrow.errors import RefusedError, SourceError, UsageError
from outgrow.facts.loads import Outcome
from outgrow.loadtest.run import run_load
from tests.loadtest.servers import OK, answering, load_of, request, scenario, serving


async def test_every_arrival_of_a_good_server_is_done():
    async with serving(answering(OK)) as target:
        facts = await load_of(target)

    assert facts.whole.outcomes == {Outcome.DONE: 30}
    assert facts.whole.statuses == {200: 30}
    kinds = [kind for second in facts.timeline for step in second.steps.values() for kind in step.answers]
    assert {(status, expected) for status, expected, _ in kinds} == {(200, True)}
    assert sum(times.count for _, _, times in kinds) == 30
    assert facts.whole.response is not None
    assert facts.whole.response.count == 30
    assert sum(second.due for second in facts.timeline) == 30
    assert sum(second.done for second in facts.timeline) == 30


async def test_a_stalled_server_does_not_hide_the_wait_of_those_who_came_meanwhile():
    frozen_until = 0.0

    async def freezing(reader, writer):
        nonlocal frozen_until
        clock = asyncio.get_running_loop().time
        while True:
            await request(reader)
            if not frozen_until:
                frozen_until = clock() + 0.5
            await asyncio.sleep(max(0.0, frozen_until - clock()))
            writer.write(OK)

    async with serving(freezing) as target:
        facts = await load_of(target, target_rps=200, timeout="5s", duration="600ms")

    # 100 of 120 arrive while it is frozen, and wait 0.5 s to 0 s: half of all more than 0.2 s. A hundredth is left for
    # clocks that count whole milliseconds.
    assert facts.whole.outcomes == {Outcome.DONE: 120}
    assert facts.whole.response is not None
    assert facts.whole.response.greatest_seconds > 0.49
    assert facts.whole.response.p50_seconds > 0.19
    assert sum(second.started for second in facts.timeline) == 120


async def test_more_in_flight_than_users_are_dropped_and_said_to_be():
    async with serving(answering()) as target:
        facts = await load_of(target, users=5, timeout="1s")

    assert facts.whole.outcomes == {Outcome.TIMED_OUT: 5, Outcome.DROPPED: 25}


async def test_connections_are_capped_and_waiting_for_one_is_reported_apart():
    async def slow(reader, writer):
        while True:
            await request(reader)
            await asyncio.sleep(0.02)
            writer.write(OK)

    async with serving(slow) as target:
        facts = await load_of(target, target_rps=200, timeout="10s", connections=1)

    assert facts.connections_highest == 1
    assert facts.whole.outcomes == {Outcome.DONE: 60}
    assert facts.whole.waiting is not None
    assert facts.whole.service is not None
    assert facts.whole.response is not None
    # 60 requests of at least 20 ms, one after another, against 300 ms of arrivals
    assert facts.whole.waiting.greatest_seconds > 0.7
    assert facts.whole.response.greatest_seconds > facts.whole.waiting.greatest_seconds
    assert facts.whole.service.p50_seconds < facts.whole.waiting.p95_seconds


async def test_weights_are_met_exactly_and_sessions_rotate_over_all_steps():
    seen = Counter()

    async def noting(reader, writer):
        while True:
            head = await request(reader)
            seen[head.split()[1]] += 1
            writer.write(OK)

    steps = [{"name": "read", "weight": 70, "path": "/r/{user}"}, {"name": "write", "weight": 30, "path": "/w/{user}"}]
    async with serving(noting) as target:
        facts = await load_of(f"{target}/shop/", target_rps=1000, duration="400ms", timeout="9s", users=40, steps=steps)

    assert {step.name: step.arrivals for step in facts.steps} == {"read": 280, "write": 120}
    users = {path.rpartition(b"/")[2] for path in seen}
    assert users == {str(user).encode() for user in range(40)}
    assert {path for path in seen if b"/shop/w/" in path} == {f"/shop/w/{user}".encode() for user in range(40)}


async def test_a_body_and_headers_are_sent_with_their_places_filled():
    seen: list[bytes] = []

    async def noting(reader, writer):
        while True:
            head = await request(reader)
            length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
            seen.append(head + await reader.readexactly(length))
            writer.write(OK)

    step = {"name": "buy", "method": "POST", "path": "/buy?n={arrival}", "headers": {"X-User": "{user}"}}
    async with serving(noting) as target:
        facts = await load_of(target, duration="30ms", steps=[{**step, "body": '{"é": {arrival}}'}])

    assert facts.whole.outcomes == {Outcome.DONE: 3}
    assert sorted(seen)[2].startswith(b"POST /buy?n=2 HTTP/1.1\r\n")
    assert b"X-User: 2\r\n" in sorted(seen)[2]
    assert sorted(seen)[2].endswith('\r\n\r\n{"é": 2}'.encode())


async def test_an_answer_without_the_expected_text_or_status_is_no_success():
    steps = [
        {"name": "good", "contains": "ok", "status": [200]},
        {"name": "text", "contains": "welcome"},
        {"name": "status", "status": [201]},
    ]
    async with serving(answering(OK)) as target:
        facts = await load_of(target, steps=steps)

    outcomes = {step.name: dict(step.outcomes) for step in facts.steps}
    unexpected = {Outcome.UNEXPECTED: 10}
    assert outcomes == {"good": {Outcome.DONE: 10}, "text": unexpected, "status": unexpected}


async def test_a_request_on_a_connection_that_the_server_had_closed_is_sent_again_once():
    async def once_each(reader, writer):
        await request(reader)
        writer.write(OK)
        await request(reader)  # and closes without a byte of an answer

    # One connection at a time: else what is sent again may meet another that the server is about to close.
    async with serving(once_each) as target:
        facts = await load_of(target, connections=1)

    assert facts.whole.outcomes == {Outcome.DONE: 30}
    assert facts.retried == 29
    assert facts.connections_opened == 30


async def test_a_request_is_sent_again_over_a_fresh_connection_though_others_are_kept():
    """All kept connections are stale alike: to send over the next of them would lose the request."""
    first, together = 0, asyncio.Event()

    async def stale(reader, writer):
        nonlocal first
        first += 1
        is_stale = not together.is_set()
        while True:
            await request(reader)
            if not together.is_set():
                if first >= 4:
                    together.set()
                await together.wait()  # so that four connections are kept
            elif is_stale:
                return
            writer.write(OK)

    async with serving(stale) as target:
        facts = await load_of(target, target_rps=40, duration="500ms", timeout="5s")

    assert facts.whole.outcomes == {Outcome.DONE: 20}
    assert facts.retried == 1


async def test_the_most_in_flight_is_counted_within_a_second_and_not_at_its_end():
    async def quick(reader, writer):
        while True:
            await request(reader)
            await asyncio.sleep(0.1)
            writer.write(OK)

    async with serving(quick) as target:
        facts = await load_of(target, stages=[{"jump": 400, "hold": "50ms"}, {"jump": 1, "hold": "1s"}], users=100)

    assert facts.timeline[-1].in_flight <= 1
    assert max(second.in_flight_highest for second in facts.timeline) >= 19


async def test_a_request_that_was_sent_again_is_not_sent_a_third_time():
    asked = 0

    async def first_alone(reader, writer):
        nonlocal asked
        while True:
            await request(reader)
            asked += 1
            if asked > 1:
                return
            writer.write(OK)

    async with serving(first_alone) as target:
        facts = await load_of(target, connections=1)

    assert facts.whole.outcomes == {Outcome.DONE: 1, Outcome.CUT_OFF: 29}
    assert facts.retried == 1
    assert asked == 31


async def test_a_request_that_may_not_be_repeated_is_cut_off_instead():
    async def once_each(reader, writer):
        await request(reader)
        writer.write(OK)
        await request(reader)

    async with serving(once_each) as target:
        facts = await load_of(target, timeout="5s", steps=[{"name": "post", "method": "POST"}])

    assert facts.retried == 0
    assert set(facts.whole.outcomes) == {Outcome.DONE, Outcome.CUT_OFF}
    assert facts.whole.arrivals == 30


async def test_ctrl_c_ends_early_with_every_arrival_accounted_for():
    async with serving(answering(OK)) as target:
        long = scenario(target, duration="1h", target_rps=50)
        facts = await run_load("long", long, {}, lambda _: os.kill(os.getpid(), signal.SIGINT))

    assert facts.interrupted
    assert facts.whole.arrivals == 180_000
    assert facts.whole.outcomes[Outcome.DONE] > 0
    assert facts.whole.outcomes[Outcome.NEVER_STARTED] > 170_000


async def test_the_course_of_a_run_that_was_ended_early_ends_there_though_answers_are_awaited_longer():
    async def silent(reader, _):
        await reader.read()

    async with serving(silent) as target:
        facts = await load_of(target, duration="1h", target_rps=50, timeout="900ms", interrupted_at=0.3)

    assert facts.course_seconds == facts.stopped_at_seconds
    assert 0 < facts.course_seconds < facts.seconds - 0.3


async def test_poisson_arrivals_are_the_same_for_the_same_seed():
    async with serving(answering(OK)) as target:
        first, second, other = [
            (await load_of(target, arrivals="poisson", seed=seed)).whole.arrivals for seed in (3, 3, 8)
        ]

    assert first == second
    assert first != other


async def test_a_listener_that_fails_ends_the_run_instead_of_hanging_it():
    def fails(_):
        raise BrokenPipeError

    async with serving(answering(OK)) as target:
        with pytest.raises(BrokenPipeError):
            await run_load("s", scenario(target, duration="1h"), {}, fails)


@pytest.mark.parametrize("host", ["169.254.169.254", "8.8.8.8", "[2001:db8::1]", "0.0.0.0"])
async def test_a_target_beyond_private_networks_is_refused(host):
    with pytest.raises(RefusedError, match="allow_hosts"):
        await load_of(f"http://{host}:9")


async def test_a_run_above_its_ceiling_is_refused_before_anything_is_sent():
    with pytest.raises(RefusedError, match="ceiling of 5,000"):
        await load_of("http://127.0.0.1:9", target_rps=6000)
    with pytest.raises(RefusedError, match="ceiling of 2h"):
        await load_of("http://127.0.0.1:9", duration="3h")
    with pytest.raises(RefusedError, match="ceiling of 10"):
        await load_of("http://127.0.0.1:9", ceiling={"rps": 10})


async def test_a_host_without_an_address_is_told_once():
    with pytest.raises(SourceError, match=r"no-such-host\.invalid has no address"):
        await load_of("http://no-such-host.invalid")


async def test_a_variable_that_holds_no_address_is_told_without_what_it_holds():
    with pytest.raises(UsageError, match="is no address") as told:
        await run_load("s", scenario("${TARGET}"), {"TARGET": "pass word"}, lambda _: None)
    assert "pass word" not in str(told.value)
