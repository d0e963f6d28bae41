"""Wires carry whatever transports of the loop carry; alarms ring when they are to."""

import asyncio
import socket
import time

import pytest

from outgrow.facts.loads import Outcome
from outgrow.loadtest.address import Address
from outgrow.loadtest.alarms import Alarm
from outgrow.loadtest.wires import HAS_WIRES, Wire, Wires
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


class Noting:
    """Hears what comes over a wire, and its end."""

    def __init__(self):
        self.came, self.ended = b"", asyncio.Event()

    def data_received(self, data):
        self.came += data

    def connection_lost(self, exc):
        self.ended.set()


@pytest.mark.parametrize("answer", [b"too large", b"x" * 200_000])
async def test_an_answer_is_heard_though_the_server_reset_the_connection_before_the_request_was_sent(answer):
    with socket.create_server(("127.0.0.1", 0)) as server:
        wires, made = Wires(Address(*server.getsockname())), list[Wire]()
        wires.open(lambda _, wire: made.append(wire), lambda *_: None)
        served, _ = server.accept()
        while not made:
            await asyncio.sleep(0.001)
        heard = made[0].heard = Noting()
        made[0].write(b"x" * 30_000_000)
        assert made[0].get_write_buffer_size() > 0
        served.send(answer)
        served.close()  # with much unread: the kernel resets

        await asyncio.wait_for(heard.ended.wait(), 5)
    wires.close()

    assert heard.came[:65_536] == answer[:65_536]
    assert made[0].get_write_buffer_size() > 0  # a connection that sent only a part carries no further request


async def test_a_connection_that_was_answered_too_early_is_not_used_again():
    async def hasty(reader, writer):
        await request(reader)
        writer.write(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n")
        await asyncio.sleep(30)

    step = {"name": "upload", "method": "POST", "body": "x" * 20_000_000}
    async with serving(hasty) as target:
        facts = await load_of(target, target_rps=10, duration="300ms", timeout="10s", steps=[step])

    assert facts.whole.statuses == {413: 3}
    assert facts.connections_opened == 3


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
