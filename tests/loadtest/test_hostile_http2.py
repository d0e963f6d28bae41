"""HTTP/2 meant ill: nothing that a server does or leaves out holds the generator up, fills it, or loses an arrival."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import h2.config
import h2.connection
import h2.events
import h2.exceptions
import h2.settings
import pytest
from hyperframe.frame import GoAwayFrame, HeadersFrame, PingFrame, WindowUpdateFrame

from outgrow.facts.loads import Outcome
from outgrow.loadtest import http2
from tests.loadtest.servers import load_of, serving

Link = h2.connection.H2Connection
OTHERS = h2.settings.SettingCodes
UPLOAD = [{"name": "up", "method": "POST", "body": "x" * 200_000}]


def speaking(behave: Callable[[Link, Any], bytes | None], **settings: int):
    """Speak HTTP/2 with these settings; `behave` gets the connection and each event, and may give frames of its own."""

    async def talk(reader, writer):
        link = Link(h2.config.H2Configuration(client_side=False, validate_outbound_headers=False))
        link.initiate_connection()
        link.update_settings({OTHERS[name.upper()]: value for name, value in settings.items()})
        while True:
            writer.write(link.data_to_send())
            await writer.drain()
            if not (data := await reader.read(65_536)):
                return
            with suppress(h2.exceptions.ProtocolError):  # requests on a connection that it has left already
                for event in link.receive_data(data):
                    writer.write(behave(link, event) or b"")

    return talk


def at_request(answer: Callable[[Link, int], bytes | None]):
    def behave(link, event):
        return answer(link, event.stream_id) if isinstance(event, h2.events.RequestReceived) else None

    return behave


def good(link, stream):
    link.send_headers(stream, [(":status", "200")], end_stream=True)


def hinting(link, stream):
    for _ in range(50):
        link.send_headers(stream, [(":status", "103"), ("link", "<x>")])
    good(link, stream)


def with_trailers(link, stream):
    link.send_headers(stream, [(":status", "200")])
    link.send_data(stream, b"body")
    link.send_headers(stream, [("x-sum", "7")], end_stream=True)


def half(link, stream):
    link.send_headers(stream, [(":status", "200"), ("content-length", "9")])
    link.send_data(stream, b"half")


def short(link, stream):
    half(link, stream)
    link.end_stream(stream)


def bomb(link, stream):
    link.send_headers(stream, [(":status", "200"), *((f"x-{number}", "y" * 4000) for number in range(40))])


def farewell(*_):
    return GoAwayFrame(0, last_stream_id=0).serialize()


def overflowing(_, stream):
    return WindowUpdateFrame(stream, window_increment=2**31 - 1).serialize() * 2


def unknown(_, stream):
    return HeadersFrame(stream + 1000, b"\x88", flags=["END_HEADERS", "END_STREAM"]).serialize()


def one_byte(_, stream):
    return WindowUpdateFrame(stream, window_increment=1).serialize() * 2_000


FAULTS: dict[str, tuple[Any, Outcome]] = {
    "hints before the answer": (speaking(at_request(hinting)), Outcome.DONE),
    "trailers": (speaking(at_request(with_trailers)), Outcome.DONE),
    "half an answer": (speaking(at_request(half)), Outcome.TIMED_OUT),
    "less than announced": (speaking(at_request(short)), Outcome.GARBLED),
    "endless headers": (speaking(at_request(bomb)), Outcome.GARBLED),
    "leaves at every request": (speaking(at_request(farewell)), Outcome.CUT_OFF),
    "refuses every request": (speaking(at_request(lambda link, it: link.reset_stream(it, 7))), Outcome.CUT_OFF),
    "answers what nobody asked": (speaking(at_request(unknown)), Outcome.GARBLED),
    "takes nothing": (speaking(lambda *_: None, initial_window_size=0), Outcome.TIMED_OUT),
    "takes a byte at a time": (speaking(at_request(one_byte), initial_window_size=0), Outcome.TIMED_OUT),
    "allows no request": (speaking(lambda *_: None, max_concurrent_streams=0), Outcome.TIMED_OUT),
    "opens a window too far": (speaking(at_request(overflowing)), Outcome.CUT_OFF),
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_every_arrival_ends_in_the_class_of_its_fault(fault):
    talk, expected = FAULTS[fault]

    async with serving(talk) as target:
        timeout = "300ms" if expected is Outcome.TIMED_OUT else "30s"
        facts = await load_of(target, http="2", timeout=timeout, steps=UPLOAD, target_rps=20)

    assert facts.whole.outcomes == {expected: 6}


async def test_an_answer_before_the_whole_request_ends_the_request_too():
    def too_large(link, stream):
        link.send_headers(stream, [(":status", "413")], end_stream=True)

    async with serving(speaking(at_request(too_large), max_concurrent_streams=2)) as target:
        facts = await load_of(target, http="2", steps=UPLOAD, connections=1, timeout="5s")

    assert facts.whole.statuses == {413: 30}
    assert facts.connections_opened == 1


async def test_a_server_that_leaves_and_stays_silent_holds_up_nobody_but_whom_it_took():
    connections = []

    def silent_at_first(link, stream):
        connections.append(link)
        if link is connections[0]:
            return GoAwayFrame(0, last_stream_id=2**31 - 1).serialize()
        return good(link, stream)

    async with serving(speaking(at_request(silent_at_first))) as target:
        facts = await load_of(target, http="2", connections=1, target_rps=10, duration="1s", timeout="300ms")

    assert set(facts.whole.outcomes) == {Outcome.DONE, Outcome.TIMED_OUT}
    assert facts.whole.outcomes[Outcome.DONE] >= 5
    assert facts.connections_opened == 2


async def test_a_server_may_neither_push_nor_have_us_remember_more_than_is_usual():
    links, step = [], {"name": "one", "path": "/{arrival}", "headers": {"X-Long": "{arrival}" * 200}}

    def noting(link, stream):
        links.append(link)
        good(link, stream)

    async with serving(speaking(at_request(noting), header_table_size=2**30)) as target:
        facts = await load_of(target, http="2", steps=[step])

    assert facts.whole.outcomes == {Outcome.DONE: 30}
    assert links[-1].remote_settings.enable_push == 0
    assert links[-1].decoder.header_table_size == 4_096


async def test_a_server_that_asks_and_asks_and_reads_nothing_is_left(monkeypatch):
    monkeypatch.setattr(http2, "_MOST_REPLIES", 1_000)

    async def pinging(_, writer):
        link = Link(h2.config.H2Configuration(client_side=False))
        link.initiate_connection()
        writer.write(link.data_to_send())
        while not writer.is_closing():
            writer.write(PingFrame(0, b"12345678").serialize() * 2_000)
            await writer.drain()

    async with serving(pinging) as target:
        facts = await load_of(target, http="2", duration="10ms")

    assert facts.whole.outcomes == {Outcome.GARBLED: 1}
