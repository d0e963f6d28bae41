"""Sessions over WebSockets: turns taken, messages counted, and every arrival in one class, whatever the server does."""

import asyncio
import ssl
from collections import Counter
from contextlib import asynccontextmanager
from typing import Any

import pytest
from websockets.asyncio.server import serve
from websockets.exceptions import ConnectionClosed
from websockets.utils import accept_key

from outgrow.facts.loads import Outcome
from outgrow.loadtest import websocket
from outgrow.loadtest.run import run_load
from tests.loadtest.certificates import authority
from tests.loadtest.proxies import known_to, proxy
from tests.loadtest.servers import OK, answering, load_of, request, scenario, serving


@asynccontextmanager
async def talking(talk, **options):
    """Hold every WebSocket's talk by `talk`; give the server's address."""
    async with serve(talk, "127.0.0.1", 0, **options) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        yield f"wss://localhost:{port}" if options.get("ssl") else f"http://127.0.0.1:{port}"


async def echo(socket):
    async for message in socket:
        await socket.send(f"you said {message}")


def chat(*turns, **options):
    return [{"name": "chat", "path": "/chat?as={user}", "websocket": {"turns": turns, **options}}]


async def test_a_talk_sends_waits_and_closes_and_is_measured():
    seen = Counter()

    async def noting(socket):
        seen[socket.request.path] += 1
        await echo(socket)

    turns = [{"send": "hello {arrival}", "expect": "hello"}, {"send": "bye", "expect": "said bye"}]
    async with talking(noting) as target:
        facts = await load_of(target, target_rps=20, duration="500ms", users=4, steps=chat(*turns, repeat=2))

    (step,) = facts.steps
    assert step.outcomes == {Outcome.DONE: 10}
    assert step.statuses == {101: 10}
    assert set(seen) == {f"/chat?as={user}" for user in range(4)}
    assert step.trends["connect_seconds"].count == 10
    assert step.trends["reply_seconds"].count == 40
    assert step.trends["messages_sent"].mean_seconds == 4
    assert step.trends["messages_received"].mean_seconds == 4
    assert step.response is not None
    assert step.trends["session_seconds"].greatest_seconds <= step.response.greatest_seconds


async def test_other_messages_are_counted_and_passed_over_while_one_is_waited_for():
    async def chatty(socket):
        for number in range(5):
            await socket.send(f"news {number}")
        await socket.send("welcome")
        await socket.wait_closed()

    async with talking(chatty) as target:
        facts = await load_of(target, target_rps=20, steps=chat({"expect": "welcome"}))

    assert facts.whole.outcomes == {Outcome.DONE: 6}
    assert facts.steps[0].trends["messages_received"].mean_seconds == 6


async def test_a_session_stays_as_long_as_it_should_and_counts_what_comes():
    async def ticking(socket):
        try:
            while True:
                await socket.send("tick")
                await asyncio.sleep(0.02)
        except ConnectionClosed:
            pass

    async with talking(ticking) as target:
        facts = await load_of(target, target_rps=10, steps=chat(stay="300ms"))

    trends = facts.steps[0].trends
    assert facts.whole.outcomes == {Outcome.DONE: 3}
    assert trends["session_seconds"].least_seconds >= 0.3
    assert trends["messages_received"].least_seconds >= 2


async def test_checks_and_captures_see_the_messages_and_flows_go_on_with_them():
    seen = []

    async def noting(socket):
        seen.append(socket.request.path)
        await echo(socket)

    talk = {"turns": [{"send": "id-{arrival}", "expect": ""}]}
    flow = [
        {"name": "one", "websocket": talk, "captures": {"id": {"regex": "id-(\\d+)"}}, "checks": [{"contains": "you"}]},
        {"name": "two", "path": "/{id}", "websocket": talk},
    ]
    async with talking(noting) as target:
        facts = await load_of(target, target_rps=10, steps=[], flows={"both": {"steps": flow}})

    assert facts.iterations.outcomes == {Outcome.DONE: 3}
    assert facts.steps[0].checks == {'answer contains "you"': (3, 0)}
    assert {"/0", "/1", "/2"} <= set(seen)


async def test_messages_may_hold_any_character_and_values_stay_whole_in_those_that_are_json():
    heard = []

    async def noting(socket):
        await socket.send('say "hi"\x1e')
        heard.extend([message async for message in socket])

    ask = {"name": "ask", "websocket": {"turns": [{"expect": ""}]}, "captures": {"t": {"regex": "(?s).*\x1e"}}}
    tell = {"name": "tell", "websocket": {"turns": [{"send": '{"t": "{t}"}\x1e'}, {"send": "{t}"}, {"send": "end"}]}}
    async with talking(noting) as target:
        facts = await load_of(target, duration="10ms", steps=[], flows={"both": {"steps": [ask, tell]}})

    assert facts.iterations.outcomes == {Outcome.DONE: 1}
    assert heard == ['{"t": "say \\"hi\\"\\u001e"}\x1e', 'say "hi"\x1e', "end"]


async def test_a_server_that_closes_early_cuts_the_talk_off():
    async def leaving(socket):
        await socket.recv()

    async with talking(leaving) as target:
        facts = await load_of(target, target_rps=20, steps=chat({"send": "a", "expect": "b"}))

    assert facts.whole.outcomes == {Outcome.CUT_OFF: 6}


async def test_a_server_that_never_answers_is_timed_out():
    async def silent(socket):
        await socket.wait_closed()

    async with talking(silent) as target:
        facts = await load_of(target, target_rps=20, timeout="300ms", steps=chat({"send": "a", "expect": "b"}))

    assert facts.whole.outcomes == {Outcome.TIMED_OUT: 6}
    assert "session_seconds" not in facts.whole.trends


async def test_a_server_of_plain_http_gives_an_unexpected_answer():
    async with serving(answering(OK)) as target:
        facts = await load_of(target, target_rps=20, steps=chat({"send": "a"}))

    assert facts.whole.outcomes == {Outcome.UNEXPECTED: 6}
    assert facts.whole.statuses == {200: 6}


async def test_an_answer_that_leads_elsewhere_is_not_followed():
    away = b"HTTP/1.1 302 Found\r\nLocation: ws://192.0.2.1/\r\nContent-Length: 0\r\n\r\n"
    async with serving(answering(away)) as target:
        facts = await load_of(target, target_rps=20, steps=chat({"send": "a"}))

    assert facts.whole.statuses == {302: 6}
    assert facts.whole.outcomes == {Outcome.UNEXPECTED: 6}


async def test_nonsense_is_garbled_and_a_closed_connection_is_cut_off():
    async def hangs_up(reader, _):
        await reader.readuntil(b"\r\n\r\n")

    async with serving(answering(b"\x00\x01 nothing\r\n\r\n", keep=False)) as target:
        garbled = await load_of(target, target_rps=20, steps=chat({"send": "a"}))
    async with serving(hangs_up) as target:
        cut_off = await load_of(target, target_rps=20, steps=chat({"send": "a"}))

    assert garbled.whole.outcomes == {Outcome.GARBLED: 6}
    assert cut_off.whole.outcomes == {Outcome.CUT_OFF: 6}


async def test_a_port_where_nobody_listens_refuses_every_session():
    async with serving(answering(OK)) as target:
        pass

    facts = await load_of(target, target_rps=20, steps=chat({"send": "a"}))

    assert facts.whole.outcomes == {Outcome.REFUSED: 6}


async def test_sessions_beyond_the_connections_wait_and_their_wait_is_reported():
    async with talking(echo) as target:
        steps = chat({"send": "a", "expect": "a"}, pause="50ms")
        facts = await load_of(target, target_rps=50, duration="200ms", connections=1, steps=steps)

    assert facts.whole.outcomes == {Outcome.DONE: 10}
    assert facts.connections_highest == 1
    assert facts.whole.waiting is not None
    assert facts.whole.waiting.greatest_seconds > 0.2


async def test_an_early_end_accounts_for_sessions_under_way():
    async with talking(echo) as target:
        facts = await load_of(
            target, target_rps=20, duration="1h", interrupted_at=0.5, steps=chat(stay="1h"), timeout="2h"
        )

    assert facts.interrupted
    assert set(facts.whole.outcomes) == {Outcome.INTERRUPTED, Outcome.NEVER_STARTED}
    assert facts.whole.arrivals == 72_000


async def test_plain_requests_and_talks_go_side_by_side():
    async with talking(echo) as target:
        steps = [*chat({"send": "a", "expect": "a"}), {"name": "plain", "status": [426]}]
        facts = await load_of(target, target_rps=20, steps=steps)

    assert {step.name: dict(step.outcomes) for step in facts.steps} == {
        "chat": {Outcome.DONE: 3},
        "plain": {Outcome.DONE: 3},
    }


def after_the_handshake(content, *, endless=False):
    """Agree to speak WebSocket, and send whatever it is."""

    async def talk(reader, writer):
        head = await request(reader)
        key = next(line for line in head.split(b"\r\n") if line.lower().startswith(b"sec-websocket-key"))
        accepted = accept_key(key.split()[1].decode())
        writer.write(b"HTTP/1.1 101 Yes\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ")
        writer.write(accepted.encode() + b"\r\n\r\n" + content)
        while endless and not writer.is_closing():
            writer.write(content)
            await writer.drain()
        await reader.read()

    return talk


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"\x81\x81abcdx", Outcome.GARBLED),
        (b"\xf1\x01x", Outcome.GARBLED),
        (b"\x00\x00", Outcome.GARBLED),
        (b"\x89\x7e\x01\x00" + bytes(256), Outcome.GARBLED),
        (b"\x88\x01x", Outcome.GARBLED),
        (b"\x88\x00", Outcome.CUT_OFF),
        (b"\x88\x02\x03\xea", Outcome.CUT_OFF),
    ],
    ids=["masked", "unknown bits", "a rest of nothing", "a long ping", "half a code", "goodbye", "accuses us"],
)
async def test_frames_that_break_the_protocol_are_garbled_and_a_goodbye_cuts_off(content, expected, monkeypatch):
    monkeypatch.setattr(websocket, "_CLOSING_SECONDS", 0.05)
    async with serving(after_the_handshake(content)) as target:
        facts = await load_of(target, duration="10ms", steps=chat({"expect": "never"}))

    assert facts.whole.outcomes == {expected: 1}


async def test_a_server_that_asks_for_pong_after_pong_and_reads_none_is_left(monkeypatch):
    monkeypatch.setattr(websocket, "_MOST_OWED", 65_536)
    pings = (b"\x89\x7d" + b"p" * 125) * 2_000
    async with serving(after_the_handshake(pings, endless=True)) as target:
        facts = await load_of(target, duration="10ms", steps=chat({"expect": "never"}))

    assert facts.whole.outcomes == {Outcome.CUT_OFF: 1}


@pytest.fixture(scope="module")
def papers(tmp_path_factory):
    folder = tmp_path_factory.mktemp("papers")
    authority(folder)
    return folder


def secured(folder, *, asks_clients=False):
    made = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    made.load_cert_chain(folder / "server.pem", folder / "server.key")
    if asks_clients:
        made.load_verify_locations(folder / "ca.pem")
        made.verify_mode = ssl.CERT_REQUIRED
    return made


async def over_tls(folder, target, **options):
    steps = chat({"send": "hello", "expect": "hello"})
    made = scenario(target, **{"target_rps": 20, "duration": "200ms", "steps": steps, **options})
    return await run_load("short", made, {}, lambda _: None, folder)


@pytest.mark.parametrize(
    ("asks_clients", "options"),
    [
        (False, {"tls": {"ca": "ca.pem"}}),
        (False, {"tls": {"ca": "ca.pem"}, "http": "2"}),
        (False, {"tls": {"insecure": True}}),
        (True, {"tls": {"ca": "ca.pem", "certificate": "client.pem", "key": "client.key"}}),
    ],
)
async def test_talks_go_over_tls_with_the_certificates_of_the_scenario(papers, asks_clients, options):
    async with talking(echo, ssl=secured(papers, asks_clients=asks_clients)) as target:
        facts = await over_tls(papers, target, **options)

    assert facts.whole.outcomes == {Outcome.DONE: 4}
    assert facts.notes == ()


async def test_a_certificate_that_is_not_trusted_connects_nobody_and_is_said_once(papers):
    async with talking(echo, ssl=secured(papers)) as target:
        facts = await over_tls(papers, target)

    assert facts.whole.outcomes == {Outcome.NOT_CONNECTED: 4}
    (note,) = facts.notes
    assert note.startswith("the certificate of localhost is not trusted: ")


async def test_a_server_that_wants_a_certificate_and_gets_none_cuts_off_and_loses_nobody(papers):
    async with talking(echo, ssl=secured(papers, asks_clients=True)) as target:
        facts = await over_tls(papers, target, tls={"ca": "ca.pem"})

    assert facts.whole.arrivals == 4
    assert set(facts.whole.outcomes) <= {Outcome.NOT_CONNECTED, Outcome.CUT_OFF, Outcome.GARBLED}
    assert Outcome.DONE not in facts.whole.outcomes


async def test_talks_go_through_a_proxy_that_wants_a_password_and_tell_it_to_nobody_else():
    seen = []

    async def noting(socket):
        seen.append(socket.request.headers)
        await echo(socket)

    steps = [*chat({"send": "a", "expect": "a"}), {"name": "plain", "status": [426]}]
    async with talking(noting) as target, serving(proxy) as through:
        options: dict[str, Any] = {"target_rps": 20, "steps": steps, "reuse": False, "compression": True}
        facts = await load_of(target, proxy=known_to(through), **options)
        refused = await load_of(target, proxy=through, **options)

    assert {step.name: dict(step.outcomes) for step in facts.steps} == {
        "chat": {Outcome.DONE: 3},
        "plain": {Outcome.DONE: 3},
    }
    assert seen[0]["Host"] == target.removeprefix("http://")
    assert "Proxy-Authorization" not in seen[0]
    assert refused.steps[0].outcomes == {Outcome.NOT_CONNECTED: 3}
    assert refused.notes == ("the proxy refused: HTTP/1.1 407 Who are you?",)


async def test_talks_over_tls_go_through_a_proxy_and_certificates_are_looked_at(papers):
    async with talking(echo, ssl=secured(papers)) as target, serving(proxy) as through:
        trusted = await over_tls(papers, target, proxy=known_to(through), tls={"ca": "ca.pem"})
        unknown = await over_tls(papers, target, proxy=known_to(through))

    assert trusted.whole.outcomes == {Outcome.DONE: 4}
    assert unknown.whole.outcomes == {Outcome.NOT_CONNECTED: 4}
    assert unknown.notes[0].startswith("the certificate of localhost is not trusted: ")


@pytest.mark.parametrize(
    ("talk", "expected"),
    [
        (answering(b"HTTP/1.1 200 Yes\r\n\r\nand more"), Outcome.NOT_CONNECTED),
        (answering(b"x" * 20_000), Outcome.NOT_CONNECTED),
        (answering(b"HTTP/1.1 200 Yes\r\n", keep=False), Outcome.NOT_CONNECTED),
        (answering(b"HTTP/1.1 200 Yes\r\n\r\n", keep=False), Outcome.CUT_OFF),
        (answering(), Outcome.TIMED_OUT),
    ],
    ids=["talks on", "never ends", "hangs up", "hangs up later", "stalls"],
)
async def test_a_proxy_that_behaves_badly_loses_no_session(talk, expected):
    async with serving(talk) as through:
        facts = await load_of(
            "http://127.0.0.1:9", proxy=through, target_rps=20, timeout="300ms", steps=chat({"send": "a"})
        )

    assert facts.whole.outcomes == {expected: 6}


async def test_a_server_may_talk_while_it_has_not_read_a_large_message():
    async def busy(socket):
        for _ in range(5):
            await socket.send("wait")
            await asyncio.sleep(0.02)
        await socket.send(f"got {len(await socket.recv())}")
        await socket.wait_closed()

    turns = [{"send": "x" * 12_000_000, "expect": "got 12000000"}]
    steps = [{"name": "talk", "websocket": {"turns": turns}}]
    async with talking(busy, max_size=None) as target:
        facts = await load_of(target, target_rps=10, duration="100ms", timeout="20s", steps=steps)

    assert facts.whole.outcomes == {Outcome.DONE: 1}
