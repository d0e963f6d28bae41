"""HTTP/2: many requests over few connections, against a real server and against ones that misbehave."""

import asyncio
import signal
from collections import Counter
from contextlib import asynccontextmanager, suppress

import h2.config
import h2.connection
import h2.events
import h2.exceptions
import pytest
from hypercorn.asyncio import serve
from hypercorn.config import Config
from hyperframe.frame import GoAwayFrame

from outgrow.facts.loads import Outcome
from tests.loadtest.proxies import known_to, proxy
from tests.loadtest.servers import OK, answering, load_of, serving
from tests.servers.process import free_port, listens


@asynccontextmanager
async def hypercorn(app):
    """Serve an ASGI application over HTTP/2 and 1.1; give its address."""
    config, ended, port = Config(), asyncio.Event(), free_port()
    config.bind = [f"127.0.0.1:{port}"]
    config.errorlog = None
    config.graceful_timeout = 0.1
    task = asyncio.create_task(serve(app, config, shutdown_trigger=ended.wait))
    for _ in range(200):
        try:
            (await asyncio.open_connection("127.0.0.1", port))[1].close()
            break
        except OSError:
            await asyncio.sleep(0.02)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        ended.set()
        await task


def app_of(seen, *, body=b"hello", status=200, pieces=1, pause=0.0):
    async def app(scope, receive, send):
        if scope["type"] != "http":
            return
        asked = b""
        while True:
            event = await receive()
            asked += event.get("body", b"")
            if not event.get("more_body"):
                break
        seen.append((scope, asked))
        await asyncio.sleep(pause)
        await send({"type": "http.response.start", "status": status, "headers": [(b"x-kind", b"test")]})
        for piece in range(pieces):
            await send({"type": "http.response.body", "body": body, "more_body": piece < pieces - 1})

    return app


async def test_requests_share_a_connection_and_carry_headers_and_bodies():
    seen = []
    step = {"name": "buy", "method": "POST", "path": "/buy?n={arrival}", "headers": {"X-User": "{user}"}}
    async with hypercorn(app_of(seen)) as target:
        facts = await load_of(target, http="2", steps=[{**step, "body": "n={arrival}", "contains": "hello"}])

    assert facts.whole.outcomes == {Outcome.DONE: 30}
    assert facts.whole.statuses == {200: 30}
    assert facts.connections_highest <= 2
    assert {scope["http_version"] for scope, _ in seen} == {"2"}
    assert {scope["query_string"] for scope, _ in seen} == {f"n={n}".encode() for n in range(30)}
    assert {asked for _, asked in seen} == {f"n={n}".encode() for n in range(30)}
    headers = dict(seen[0][0]["headers"])
    assert headers[b"user-agent"] == b"outgrow"
    assert b"x-user" in headers


async def test_requests_without_tls_go_through_a_proxy_as_a_tunnel():
    seen = []
    async with hypercorn(app_of(seen)) as target, serving(proxy) as through:
        facts = await load_of(target, http="2", proxy=known_to(through))
        refused = await load_of(target, http="2", proxy=through)

    assert facts.whole.outcomes == {Outcome.DONE: 30}
    assert {scope["path"] for scope, _ in seen} == {"/"}
    assert not {name for scope, _ in seen for name, _ in scope["headers"] if name.startswith(b"proxy-")}
    assert refused.whole.outcomes == {Outcome.NOT_CONNECTED: 30}
    assert refused.notes == ("the proxy refused: HTTP/1.1 407 Who are you?",)


async def test_what_a_server_says_with_the_proxys_consent_is_not_lost():
    async def eager(reader, writer):
        """Consent, and pass on at once what the server says before it is asked: its settings."""
        await reader.readuntil(b"\r\n\r\n")
        server = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))
        server.initiate_connection()
        writer.write(b"HTTP/1.1 200 Connected\r\n\r\n" + server.data_to_send())
        while data := await reader.read(65536):
            for event in server.receive_data(data):
                if isinstance(event, h2.events.StreamEnded):
                    server.send_headers(event.stream_id, [(":status", "204")], end_stream=True)
            writer.write(server.data_to_send())

    async with serving(eager) as through:
        facts = await load_of("http://127.0.0.1:9", http="2", proxy=through)

    assert facts.whole.outcomes == {Outcome.DONE: 30}


async def test_a_slow_answer_holds_no_other_request_up():
    async with hypercorn(app_of([], pause=0.2)) as target:
        facts = await load_of(target, http="2", target_rps=200, connections=1)

    assert facts.whole.outcomes == {Outcome.DONE: 60}
    assert facts.connections_highest == 1
    assert facts.whole.waiting is not None
    assert facts.whole.waiting.p50_seconds < 0.1


async def test_bodies_larger_than_the_window_go_both_ways():
    seen = []
    async with hypercorn(app_of(seen, body=b"x" * 50_000, pieces=20)) as target:
        steps = [
            {
                "name": "large",
                "method": "POST",
                "body": "y" * 300_000,
                "checks": [{"header": "x-kind", "equals": "test"}],
            }
        ]
        facts = await load_of(target, http="2", target_rps=10, duration="500ms", steps=steps)

    assert facts.whole.outcomes == {Outcome.DONE: 5}
    assert {len(asked) for _, asked in seen} == {300_000}
    assert facts.steps[0].bytes_received >= 5 * 1_000_000
    assert facts.steps[0].checks == {"header x-kind = test": (5, 0)}


async def test_streams_are_measured_over_http_2_too():
    async with hypercorn(app_of([], body=b"data: one\n\n", pieces=4)) as target:
        steps = [{"name": "events", "stream": {}}, {"name": "first", "stream": {"events": 2}}]
        facts = await load_of(target, http="2", target_rps=20, steps=steps)

    assert facts.whole.outcomes == {Outcome.DONE: 6}
    assert facts.steps[0].trends["tokens"].mean_seconds == 4
    assert facts.steps[1].trends["tokens"].mean_seconds == 2


def framed(behave):
    """Speak HTTP/2 by frames: `behave` gets the connection and each request's stream."""

    async def talk(reader, writer):
        link = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))
        link.initiate_connection()
        writer.write(link.data_to_send())
        while data := await reader.read(65_536):
            with suppress(h2.exceptions.ProtocolError):  # requests on a connection that it has left already
                for event in link.receive_data(data):
                    if isinstance(event, h2.events.RequestReceived):
                        behave(link, event.stream_id)
            writer.write(link.data_to_send())
            await writer.drain()

    return talk


def good(link, stream):
    link.send_headers(stream, [(":status", "200")], end_stream=True)


async def test_a_connection_that_is_left_sends_what_it_did_not_see_again():
    seen = Counter()

    def leaves_after_three(link, stream):
        seen[link] += 1
        if seen[link] == 4:
            link.close_connection(last_stream_id=stream - 2)
        elif seen[link] < 4:
            good(link, stream)

    async with serving(framed(leaves_after_three)) as target:
        facts = await load_of(target, http="2", target_rps=30, duration="500ms", timeout="5s")

    assert facts.whole.outcomes == {Outcome.DONE: 15}
    assert facts.retried >= 3
    assert facts.connections_opened >= 4


async def says_farewell_before_every_answer(reader, writer):
    """Say GOAWAY, naming a request as the last one seen, and answer it afterwards, as nginx does."""
    link = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))
    link.initiate_connection()
    writer.write(link.data_to_send())
    while data := await reader.read(65_536):
        seen = [each.stream_id for each in link.receive_data(data) if isinstance(each, h2.events.RequestReceived)]
        if seen:
            writer.write(GoAwayFrame(0, last_stream_id=seen[-1]).serialize())
        for stream in seen:
            good(link, stream)
        writer.write(link.data_to_send())
        await writer.drain()


async def test_requests_that_a_leaving_server_has_seen_are_still_answered():
    async with serving(says_farewell_before_every_answer) as target:
        facts = await load_of(target, http="2")

    assert facts.whole.outcomes == {Outcome.DONE: 30}


async def test_nginx_may_close_its_connections_after_a_few_requests(nginx_server):
    port = free_port()
    text = f"server {{ listen 127.0.0.1:{port} http2; keepalive_requests 20; location / {{ return 200 ok; }} }}"
    upstream = "upstream auth { server 127.0.0.1:9 down; }"
    (nginx_server.folder / "upstreams" / "auth.conf").write_text(f"{upstream}\n{text}\n")
    nginx_server.process.child.send_signal(signal.SIGHUP)
    for _ in range(200):
        if listens(port):
            break
        await asyncio.sleep(0.02)

    facts = await load_of(f"http://127.0.0.1:{port}", http="2", target_rps=500, duration="1s")

    assert facts.whole.outcomes == {Outcome.DONE: 500}
    assert facts.connections_opened >= 20


async def test_a_request_that_the_server_refuses_to_look_at_is_sent_again_once():
    seen = Counter()

    def refuses_the_first(link, stream):
        seen[link] += 1
        if seen[link] == 1:
            link.reset_stream(stream, error_code=7)
        else:
            good(link, stream)

    async with serving(framed(refuses_the_first)) as target:
        facts = await load_of(target, http="2")

    assert facts.whole.outcomes == {Outcome.DONE: 30}
    assert facts.retried >= 1


def without_a_number(link, stream):
    link.send_headers(stream, [(":status", "abc")], end_stream=True)


async def resets_every_stream(reader, writer):
    await framed(lambda link, stream: link.reset_stream(stream, error_code=2))(reader, writer)


async def hangs_up(reader, _):
    await reader.read(100)


FAULTS = {
    "resets the stream": (resets_every_stream, Outcome.CUT_OFF),
    "hangs up": (hangs_up, Outcome.CUT_OFF),
    "speaks HTTP/1.1": (answering(OK), Outcome.GARBLED),
    "nonsense": (answering(b"\x00\xff" * 40), Outcome.GARBLED),
    "a status that is none": (framed(without_a_number), Outcome.GARBLED),
    "says nothing": (framed(lambda *_: None), Outcome.TIMED_OUT),
    "an error": (
        framed(lambda link, stream: link.send_headers(stream, [(":status", "503")], end_stream=True)),
        Outcome.UNEXPECTED,
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_every_arrival_ends_in_the_class_of_its_fault(fault):
    talk, expected = FAULTS[fault]

    async with serving(talk) as target:
        facts = await load_of(target, http="2", timeout="300ms" if expected is Outcome.TIMED_OUT else "30s")

    assert facts.whole.outcomes == {expected: 30}


async def test_a_port_where_nobody_listens_refuses_every_arrival():
    async with serving(answering(OK)) as target:
        pass

    facts = await load_of(target, http="2")

    assert facts.whole.outcomes == {Outcome.REFUSED: 30}


async def test_an_early_end_accounts_for_requests_under_way():
    async with serving(framed(lambda *_: None)) as target:
        facts = await load_of(target, http="2", duration="1h", interrupted_at=0.3)

    assert set(facts.whole.outcomes) == {Outcome.INTERRUPTED, Outcome.NEVER_STARTED}
    assert facts.whole.arrivals == 360_000
