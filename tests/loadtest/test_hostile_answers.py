"""Answers that are well formed and meant ill: nothing that a server says may stop the generator or send it astray."""

import asyncio
import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from outgrow.facts.loads import Outcome
from outgrow.loadtest.answers import Answer
from outgrow.loadtest.checks import take_of
from outgrow.loadtest.cookies import Jar
from outgrow.loadtest.redirects import followed
from outgrow.loadtest.visits import Visits
from outgrow.plan.scenario_steps import Capture
from tests.loadtest.servers import OK, answering, load_of, request, serving

ORIGIN = "http://127.0.0.1:8080"

ATTRIBUTES = st.sampled_from(["Max-Age", "Expires", "Path", "Domain", "Secure", "max-age", "SameSite"])
VALUES = st.text(st.characters(codec="latin-1"), max_size=20) | st.integers().map(str)


@given(st.lists(st.tuples(ATTRIBUTES, VALUES), max_size=4), st.text(st.characters(codec="latin-1"), max_size=10))
@example([("Max-Age", "²")], "v")
@example([("Max-Age", "--5")], "v")
@example([("Expires", "Thu, 99 Foo 99999999999 25:61:61 GMT")], "v")
def test_a_jar_takes_whatever_stands_in_a_set_cookie_header(attributes, value):
    jar = Jar()
    line = f"a={value}; " + "; ".join(f"{name}={text}" for name, text in attributes)

    jar.take([line.encode("latin-1")], host="shop", path="/", now=0.0)

    jar.header("/", secure=False, now=1.0).encode("latin-1")


@given(st.lists(st.tuples(st.integers(0, 300), st.sampled_from([0, 1, 500, 5000, 9000])), max_size=300))
@example([(number, 5000) for number in range(200)])
@example([(number, 1) for number in range(200)])
def test_a_server_cannot_fill_a_session_with_cookies(said):
    jar = Jar()

    for name, length in said:
        jar.take([b"c%d=%b" % (name, b"v" * length)], host="shop", path="/", now=0.0)

    held = jar.header("/", secure=False, now=1.0)
    assert len(held) <= 17_000
    assert held.count("=") <= 100


def test_a_cookie_that_is_said_again_keeps_its_place_and_its_room():
    jar = Jar()
    for value in ("one", "two" * 1000, "three"):
        for name in ("a", "b"):
            jar.take([f"{name}={value}; Path=/".encode()], host="shop", path="/", now=0.0)
    jar.take([b"a=; Max-Age=0; Path=/", b"c=" + b"v" * 8000 + b"; Path=/"], host="shop", path="/", now=0.0)

    assert jar.header("/", secure=False, now=1.0) == f"b=three; c={'v' * 8000}"


@given(st.text(st.characters(codec=None), max_size=10))
@example("\ud800x")
def test_a_captured_value_can_always_be_sent(text):
    take = take_of(Capture.model_validate({"json": "$.t"}))
    body = json.dumps({"t": text}).encode()

    value = take(Answer(200, b"", body, 0.1), Jar())

    assert value is not None
    value.encode()
    if text.isascii():
        assert value == text


async def test_half_a_character_in_an_answer_does_not_hold_the_next_step_up():
    body = rb'{"t": "\ud800x"}'
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
    steps = [
        {"name": "one", "captures": {"t": {"json": "$.t"}}},
        {"name": "two", "path": "/{t}", "headers": {"X-T": "{t}"}},
    ]

    async with serving(answering(answer)) as target:
        facts = await load_of(target, steps=(), flows={"f": {"steps": steps}})

    assert facts.iterations.outcomes == {Outcome.DONE: 30}


async def test_a_fault_of_ours_in_a_connection_ends_the_run_as_a_fault(monkeypatch):
    def broken(*_):
        raise ZeroDivisionError("of ours")

    monkeypatch.setattr(Visits, "_end", broken)

    async with serving(answering(OK)) as target:
        with pytest.raises(ZeroDivisionError):
            await asyncio.wait_for(load_of(target), 10)


@pytest.mark.parametrize(
    ("location", "path"),
    [
        ("/next?a=1#part", "/next?a=1"),
        ("http://127.0.0.1:8080/next", "/next"),
        ("HTTP://127.0.0.1:8080", "/"),
        ("/농장?지역=강원".encode().decode("latin-1"), "/%EB%86%8D%EC%9E%A5?%EC%A7%80%EC%97%AD=%EA%B0%95%EC%9B%90"),
        ("/50%25%20off", "/50%25%20off"),
    ],
)
def test_a_redirect_on_the_target_is_followed(location, path):
    assert followed("/", location, ORIGIN, 0) == (path, "")


@pytest.mark.parametrize(
    ("origin", "location"),
    [
        ("http://shop", "http://shop:80/next"),
        ("http://shop:80", "http://SHOP/next"),
        ("https://shop", "https://shop:443/next"),
        ("http://[::1]:80", "http://[::1]/next"),
    ],
)
def test_the_usual_port_may_be_written_or_left_out(origin, location):
    assert followed("/", location, origin, 0) == ("/next", "")


@pytest.mark.parametrize(
    "location",
    [
        "http://8.8.8.8/",
        "//8.8.8.8/next",
        "https://127.0.0.1:8080/",
        "http://127.0.0.1:8081/",
        "http://127.0.0.1/",
        "http://127.0.0.1:8080@8.8.8.8/",
        "http://8.8.8.8\\@127.0.0.1:8080/",
        "http://[bad/",
        "gopher://127.0.0.1:8080/",
        "/a b",
        "/a\x00b",
        None,
    ],
)
def test_a_redirect_that_leads_elsewhere_or_nowhere_is_not_followed(location):
    path, why = followed("/", location, ORIGIN, 0)

    assert not path
    assert why


async def test_a_server_that_always_says_something_new_does_not_fill_the_notes():
    asked = 0

    async def inventive(reader, writer):
        nonlocal asked
        while True:
            await request(reader)
            asked += 1
            location = b"Location: http://elsewhere-%d/%b" % (asked, b"x" * 2000)
            coding = b"Content-Encoding: own-\x9b31m-%d" % asked
            writer.write(b"HTTP/1.1 302 Go\r\n%b\r\n%b\r\nContent-Length: 2\r\n\r\nok" % (location, coding))

    async with serving(inventive) as target:
        step = {"name": "one", "follow": True, "contains": "x"}
        facts = await load_of(target, flows={"f": {"steps": [step]}}, steps=[])

    assert asked == 30
    assert 0 < len(facts.notes) <= 20
    assert all(note.isprintable() and len(note) < 1000 for note in facts.notes)
