"""Wires carry whatever transports of the loop carry; alarms ring when they are to."""

import asyncio
import socket
import time

import pytest

from outgrow.facts.loads import Outcome
from outgrow.loadtest.address import Address
from outgrow.loadtest.alarms import Alarm
from outgrow.loadtest.wires import HAS_WIRES, Wires
from tests.loadtest.servers import OK, load_of, request, serving

pytestmark = pytest.mark.skipif(not HAS_WIRES, reason="there is no epoll here")


async def test_a_request_larger_than_the_kernel_takes_at_once_arrives_whole():
    size, received = 6_000_000, list[int]()

    async def slowly(reader, writer):
        await request(reader)
        await asyncio.sleep(0.1)
        received.append(len(await reader.readexactly(size)))
        writer.write(OK)
        await request(reader)

    step = {"name": "upload", "method": "POST", "body": "x" * size}
    async with serving(slowly) as target:
        facts = await load_of(target, target_rps=10, duration="200ms", timeout="5s", steps=[step])

    assert facts.whole.outcomes == {Outcome.DONE: 2}
    assert received == [size, size]


async def test_an_attempt_that_nobody_answers_times_out():
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen(0)
        fillers = [socket.socket() for _ in range(4)]
        for each in fillers:  # the backlog is full: further attempts hang
            each.setblocking(False)
            each.connect_ex(deaf.getsockname())
        facts = await load_of(
            f"http://127.0.0.1:{deaf.getsockname()[1]}", target_rps=20, duration="300ms", timeout="200ms"
        )
        for each in fillers:
            each.close()

    assert facts.whole.outcomes == {Outcome.TIMED_OUT: 6}


async def test_attempts_leave_no_descriptor_behind():
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        place = Address(*closed.getsockname())
    wires, failures, done = Wires(place), list[OSError](), asyncio.Event()

    def failed(_, error):
        failures.append(error)
        if len(failures) == 50:
            done.set()

    with socket.socket() as before:
        lowest = before.fileno()
    for _ in range(50):
        wires.open(lambda *_: None, failed)
    await asyncio.wait_for(done.wait(), 5)
    with socket.socket() as after:
        assert after.fileno() == lowest
    wires.close()

    assert {type(each) for each in failures} == {ConnectionRefusedError}


async def test_an_alarm_rings_within_a_fraction_of_a_millisecond_and_never_early():
    rung, turns = list[float](), asyncio.Queue[None]()

    def ring():
        rung.append(time.perf_counter())
        turns.put_nowait(None)

    alarm, late = Alarm(ring), list[float]()
    for _ in range(50):
        due = time.perf_counter() + 0.0023
        alarm.set(0.0023)
        await turns.get()
        late.append(rung[-1] - due)
    alarm.close()

    assert min(late) > -0.00001
    # The best of many, for a busy machine delays any of them; timers of whole milliseconds would all be 0.7 ms late.
    assert min(late) < 0.0005
