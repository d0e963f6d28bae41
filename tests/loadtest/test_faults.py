"""Servers that refuse, reset, stall and talk nonsense: the generator neither hangs nor loses an arrival."""

import asyncio

import pytest

from outgrow.facts.loads import Outcome
from tests.loadtest.servers import OK, answering, load_of, request, serving

HEAD = b"HTTP/1.1 200 OK\r\n"


async def resets_at_once(_, writer):
    writer.transport.abort()


async def resets_after_the_request(reader, _):
    await request(reader)


async def hangs_up_one_way(reader, writer):
    await request(reader)
    writer.write(HEAD + b"\r\nok")
    writer.write_eof()
    await asyncio.sleep(30)


async def drips(reader, writer):
    await request(reader)
    for byte in HEAD + b"X-Padding: " + b"x" * 4000:
        writer.write(bytes([byte]))
        await writer.drain()
        await asyncio.sleep(0.02)


async def never_ends_its_headers(reader, writer):
    await request(reader)
    writer.write(HEAD)
    while not writer.is_closing():
        writer.write(b"X-More: and more\r\n" * 200)
        await writer.drain()
        await asyncio.sleep(0)


async def never_ends_its_body(reader, writer):
    await request(reader)
    writer.write(HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
    while not writer.is_closing():
        writer.write(b"1000\r\n" + b"x" * 4096 + b"\r\n")
        await writer.drain()
        await asyncio.sleep(0.001)


FAULTS = {
    "resets at once": (resets_at_once, Outcome.CUT_OFF),
    "resets after the request": (resets_after_the_request, Outcome.CUT_OFF),
    "stalls": (answering(), Outcome.TIMED_OUT),
    "drips": (drips, Outcome.TIMED_OUT),
    "garbage": (answering(b"\x00\xff\xfe nothing like it"), Outcome.GARBLED),
    "another protocol": (answering(b"220 mail.example ESMTP\r\n"), Outcome.GARBLED),
    "half an answer": (answering(HEAD + b"Content-Length: 9\r\n\r\nhalf", keep=False), Outcome.CUT_OFF),
    "half a head": (answering(HEAD + b"Content-Le", keep=False), Outcome.CUT_OFF),
    "less than announced": (answering(HEAD + b"Content-Length: 9\r\n\r\nhalf"), Outcome.TIMED_OUT),
    "more than announced": (answering(OK + b"and more"), Outcome.GARBLED),
    "two lengths": (answering(HEAD + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\nok"), Outcome.GARBLED),
    "a length that is none": (answering(HEAD + b"Content-Length: -2\r\n\r\nok"), Outcome.GARBLED),
    "a chunk without a size": (answering(HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n"), Outcome.GARBLED),
    "endless headers": (never_ends_its_headers, Outcome.GARBLED),
    "endless body": (never_ends_its_body, Outcome.TIMED_OUT),
    "another protocol from now on": (answering(b"HTTP/1.1 101 Switching Protocols\r\n\r\n"), Outcome.GARBLED),
    "lines that end with half a line end": (answering(b"HTTP/1.1 200 OK\nContent-Length: 2\n\nok"), Outcome.GARBLED),
    "interim answers without end": (answering(b"HTTP/1.1 102 Processing\r\n\r\n" * 20), Outcome.GARBLED),
    "hints before the answer": (answering(b"HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n", OK), Outcome.DONE),
    "a chunk of exabytes": (
        answering(HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + b"F" * 16 + b"\r\nok"),
        Outcome.TIMED_OUT,
    ),
    "a body where none may be": (answering(b"HTTP/1.1 204 No Content\r\n\r\nok"), Outcome.GARBLED),
    "a second answer": (answering(OK + OK), Outcome.GARBLED),
    "hangs up one way": (hangs_up_one_way, Outcome.DONE),
    "errors": (answering(b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"), Outcome.UNEXPECTED),
    "errors, closing": (
        answering(b"HTTP/1.1 500 Oh\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", keep=False),
        Outcome.UNEXPECTED,
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_every_arrival_ends_in_the_class_of_its_fault(fault):
    talk, expected = FAULTS[fault]

    async with serving(talk) as target:
        facts = await load_of(target, timeout="300ms" if expected is Outcome.TIMED_OUT else "30s")

    assert facts.whole.outcomes == {expected: 30}


async def test_a_port_where_nobody_listens_refuses_every_arrival():
    async with serving(answering(OK)) as target:
        pass

    facts = await load_of(target)

    assert facts.whole.outcomes == {Outcome.REFUSED: 30}
    assert facts.connections_opened == 0


async def test_thousands_of_errors_a_second_neither_grow_nor_get_lost():
    async with serving(answering(OK)) as target:
        pass

    facts = await load_of(target, target_rps=5000, duration="500ms", users=200)

    assert facts.whole.arrivals == 2500
    assert set(facts.whole.outcomes) <= {Outcome.REFUSED, Outcome.DROPPED, Outcome.TIMED_OUT}
    assert max(second.in_flight for second in facts.timeline) <= 200


async def test_a_server_that_recovers_is_used_again():
    started = 0

    async def ill_at_first(reader, writer):
        nonlocal started
        started += 1
        if started > 5:
            await answering(OK)(reader, writer)

    async with serving(ill_at_first) as target:
        facts = await load_of(target)

    assert facts.whole.outcomes == {Outcome.CUT_OFF: 5, Outcome.DONE: 25}


async def test_an_answer_before_the_request_was_sent_wholly_counts_as_that_answer():
    too_large = b"HTTP/1.1 413 Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
    upload = {"name": "up", "method": "POST", "body": "x" * 8_000_000}

    async def hasty(reader, writer):
        await request(reader)
        writer.write(too_large)
        await reader.read()  # until the generator hangs up

    async with serving(hasty) as target:
        facts = await load_of(target, steps=[upload], target_rps=20)

    assert facts.whole.outcomes == {Outcome.UNEXPECTED: 6}
    assert facts.whole.statuses == {413: 6}
