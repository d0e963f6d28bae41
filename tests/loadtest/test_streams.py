"""Streams are read as they come: first piece, times between, tokens, cost; one that breaks off is no success."""

import asyncio
import json
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outgrow.facts.buckets import together
from outgrow.facts.loads import Outcome
from outgrow.loadtest.streams import StreamMeter
from outgrow.plan.step_protocols import Stream
from tests.loadtest.servers import load_of, request, serving

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"


def chunk(text):
    content = text.encode()
    return f"{len(content):x}\r\n".encode() + content + b"\r\n"


def said(text, **more):
    return f"data: {json.dumps({'choices': [{'delta': {'content': text}}], **more})}\n\n"


def answering_with(*events, pause=0.0, end=b"0\r\n\r\n"):
    async def talk(reader, writer):
        while True:
            await request(reader)
            writer.write(HEAD)
            for event in events:
                await asyncio.sleep(pause)
                writer.write(chunk(event))
            writer.write(end)

    return talk


TOKENS = (
    'data: {"choices": [{"delta": {"role": "assistant", "content": ""}}]}\n\n',
    *(said(f"word{index} ") for index in range(5)),
    'data: {"choices": [], "usage": {"prompt_tokens": 100, "completion_tokens": 11}}\n\n',
    "data: [DONE]\n\n",
)
ASK = {"name": "ask", "method": "POST", "path": "/v1/chat/completions", "body": "{}"}


async def test_a_models_answer_has_its_first_token_its_pace_its_tokens_and_its_cost():
    stream = {"format": "openai", "prices": {"input": 2.5, "output": 10}}
    async with serving(answering_with(*TOKENS, pause=0.02)) as target:
        facts = await load_of(target, target_rps=10, duration="500ms", steps=[{**ASK, "stream": stream}])

    (step,) = facts.steps
    assert step.outcomes == {Outcome.DONE: 5}
    trends = step.trends
    assert trends["first_token_seconds"].count == 5
    # The empty first event is no token: two pauses pass before the first, and four between the five.
    assert trends["first_token_seconds"].least_seconds >= 0.04
    assert trends["between_tokens_seconds"].count == 20
    assert trends["between_tokens_seconds"].least_seconds > 0.005
    assert trends["tokens"].mean_seconds == 11
    assert trends["tokens_per_second"].count == 5
    assert trends["cost_per_1000_requests"].mean_seconds == pytest.approx((100 * 2.5 + 11 * 10) / 1000)
    assert step.response is not None
    assert step.response.least_seconds > trends["first_token_seconds"].least_seconds
    # The seconds hold the same, so that windows and thresholds can be judged by them.
    seconds = [second.steps["ask"].trends for second in facts.timeline if second.steps]
    assert {name: together(each[name] for each in seconds if name in each) for name in trends} == trends


async def test_a_stream_that_ends_without_saying_so_is_an_unexpected_answer():
    async with serving(answering_with(*TOKENS[:-1])) as target:
        facts = await load_of(target, target_rps=20, steps=[{**ASK, "stream": {"format": "openai"}}])

    assert facts.whole.outcomes == {Outcome.UNEXPECTED: 6}
    assert facts.whole.trends == {}


async def test_an_error_in_place_of_a_stream_measures_nothing():
    async def busy(reader, writer):
        while True:
            await request(reader)
            writer.write(b"HTTP/1.1 429 Slow down\r\nContent-Length: 8\r\n\r\ntoo much")

    async with serving(busy) as target:
        facts = await load_of(target, target_rps=20, steps=[{"name": "a", "stream": {"format": "lines"}}])

    assert facts.whole.outcomes == {Outcome.UNEXPECTED: 6}
    assert facts.whole.trends == {}


async def test_an_endless_stream_is_left_after_the_wanted_events():
    async def ticking(reader, writer):
        await request(reader)
        writer.write(HEAD)
        while True:
            writer.write(chunk(": a comment\n\nevent: tick\ndata: 1\ndata: 2\n\n"))
            await asyncio.sleep(0.01)

    async with serving(ticking) as target:
        facts = await load_of(target, target_rps=20, steps=[{"name": "a", "stream": {"events": 4}}])

    assert facts.whole.outcomes == {Outcome.DONE: 6}
    assert facts.steps[0].trends["tokens"].mean_seconds == 4


async def test_a_stream_that_stalls_is_timed_out_with_what_had_come():
    async def stalls(reader, writer):
        await request(reader)
        writer.write(HEAD + chunk(said("one")) + chunk(said("two")))
        await reader.read()

    async with serving(stalls) as target:
        facts = await load_of(target, target_rps=20, timeout="300ms", steps=[{**ASK, "stream": {"format": "openai"}}])

    assert facts.whole.outcomes == {Outcome.TIMED_OUT: 6}
    assert facts.steps[0].trends["first_token_seconds"].count == 6


async def test_a_streams_trends_come_together_from_several_processes():
    async with serving(answering_with(*TOKENS)) as target:
        steps = [{**ASK, "stream": {"format": "openai"}}]
        facts = await load_of(target, target_rps=20, duration="1s", processes=2, steps=steps)

    assert facts.whole.outcomes == {Outcome.DONE: 20}
    assert facts.whole.trends["tokens"].mean_seconds == 11


@given(st.lists(st.integers(1, 9)), st.sampled_from(["openai", "sse", "lines"]))
def test_how_a_stream_is_cut_into_packets_changes_nothing_but_its_times(cuts, form):
    content = "".join(TOKENS).encode().replace(b"\n", b"\r\n")
    whole, parted = (StreamMeter(Stream(format=form), 0.0, lambda: 1.0) for _ in range(2))

    whole.feed(content)
    rest = content
    for cut in cuts:
        parted.feed(rest[:cut])
        rest = rest[cut:]
    parted.feed(rest)

    assert list(parted.trends()) == list(whole.trends())
    assert parted.is_whole
    assert dict(whole.trends())["tokens"] == {"openai": 11, "sse": 8, "lines": 8}[form]


def test_an_event_without_an_end_does_not_grow():
    meter = StreamMeter(Stream(), 0.0)

    for _ in range(64):
        meter.feed(b"x" * 65_536)

    assert sys.getsizeof(meter._rest) <= 2 << 20  # noqa: SLF001 (what it keeps shows nowhere else)
    assert not meter.is_whole
