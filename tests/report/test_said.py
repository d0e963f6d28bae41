"""Whatever the generator and the judgement say of a run is said in Korean on a Korean page."""

import re
import signal
import ssl
from dataclasses import replace

import pytest

from outgrow.control.load_test import machine_text
from outgrow.decide.proof_conditions import conditions
from outgrow.decide.thresholds import judged
from outgrow.facts.loads import Outcome, Resource
from outgrow.facts.shards import ShardFacts, StepCounts
from outgrow.loadtest.address import Address
from outgrow.loadtest.answers import Answer
from outgrow.loadtest.doors import Door, ProxyRefusedError
from outgrow.loadtest.lines import in_words
from outgrow.loadtest.record import health_of
from outgrow.loadtest.redirects import followed
from outgrow.report.load_html import render_load_html
from outgrow.report.load_view import load_view
from outgrow.report.said import said
from outgrow.report.words import texts_of
from tests.decide.given_loads import buckets, run_of, seconds_of
from tests.decide.test_thresholds import gates
from tests.report.load_facts import a_run, with_answers

KOREAN, ENGLISH = texts_of("ko"), texts_of("en")
NAMES = r"beta|ulimit -n|tls: \{ca: FILE\}|insecure: true|https?://\S*|Accept-Encoding|gzip|deflate|Linux|x86_64|aarch64|SIG\w+"


def in_english(text: str) -> list[str]:
    return re.findall(r"[a-z]{3,}", re.sub(rf"{NAMES}|list|shop|peak|setup|cpu-share|proxy-says|localhost", "", text))


def of_the_generator() -> list[str]:
    steps = (StepCounts({Outcome.NOT_SENT: 3, Outcome.LOST: 40}),)
    lost = [in_words(code) for code in (-signal.SIGKILL, 1, 0)]
    lost += [
        f"{lost[0]} after 3 s",
        "it was given up, for it said nothing for 30 s, after 7 s",
        "its result is missing",
    ]
    bare = ShardFacts(0, 2, 10.0, 9.9, False, steps, (), (), buckets([0.02] * 50), 30)
    shards = [replace(bare, lost=why) for why in lost]
    return [*health_of([replace(bare, of=1)]).too_weak, *health_of(shards).too_weak]


def of_thresholds() -> list[str]:
    timeline, cpu = seconds_of([0.1], [], [0.1]), {"cpu-share": "max<5"}
    runs = [
        ({"http_req_duration": {"threshold": "max<1", "over": "1m"}}, run_of(timeline)),
        ({"checks": "rate>0"}, run_of(timeline)),
        ({"p95{scenario:shop}": "1 s"}, run_of(timeline)),
        (cpu, run_of(timeline)),
        (cpu, run_of(timeline, {"cpu-share": Resource("cpu-share", "percent", ())})),
        ({"p97": "1 s"}, replace(run_of([]), generator="k6")),
        (
            {"http_req_duration": {"threshold": "max<900", "over": "3s"}},
            run_of([replace(each, seconds_joined=2) for each in timeline]),
        ),
    ]
    return [judged(gates(thresholds), facts, 1)[0].why for thresholds, facts in runs]


def of_the_way() -> list[str]:
    door = Door(Address("127.0.0.1", 443), "localhost", server_name="localhost")
    untrusted, broken = ssl.SSLCertVerificationError("x"), ssl.SSLError(1, "[SSL] 7")
    untrusted.verify_message, broken.reason = "19", "7"
    hindrances: list[OSError] = [untrusted, broken, ProxyRefusedError("proxy-says 407")]
    where = [(None, 0), ("/a", 10), ("http://[", 0), ("https://x.y/", 0), ("/\x00", 0)]
    moved = [followed("/", location, "http://127.0.0.1", hops)[1] for location, hops in where]
    answers = [
        Answer(200, f"HTTP/1.1 200 OK\r\nContent-Encoding: {each}".encode(), b"x", 0.1) for each in ("br", "gzip")
    ]
    unread = [f"the step list looks at its answers: {each.unread}" for each in answers if each.body]
    errands = [f"setup: the step list ended as {Outcome.UNEXPECTED} (status 503)", f"setup: {Outcome.TIMED_OUT}"]
    return [
        *map(door.trouble, hindrances),
        *(f"list: {why}" for why in moved if why),
        *unread,
        errands[0],
        machine_text(),
    ]


def of_what_was_left_out() -> list[str]:
    left_out = {Outcome.DROPPED: 1234, Outcome.WITHOUT_DATA: 7, Outcome.INTERRUPTED: 12, Outcome.NEVER_STARTED: 40}
    facts = run_of(seconds_of([0.1]))
    whole = replace(facts.whole, outcomes={Outcome.DONE: 9000, **left_out})
    return [next(conditions(replace(facts, whole=whole, iterations=whole), gates({"rps": 1}))).why]


def of_the_law() -> list[str]:
    bound = " (without that bound it would be -0.002, which no system has)"
    return [f"beta is 0 where the law fits best{each}: throughput shows no decline" for each in ("", bound)]


@pytest.mark.parametrize(
    "text", [*of_the_law(), *of_the_generator(), *of_thresholds(), *of_the_way(), *of_what_was_left_out()]
)
def test_every_sentence_of_a_run_is_said_in_korean(text: str):
    assert text
    assert said(text, ENGLISH) == text
    assert re.search("[가-힣]", said(text, KOREAN))
    assert in_english(said(text, KOREAN)) == []


def test_each_kind_of_arrivals_that_were_left_out_has_its_own_sentence():
    told = said(of_what_was_left_out()[0], KOREAN)

    assert [told.count(each) for each in ("1,234건 버려짐", "12건 중단됨", "40건 시작되지 않음")] == [1, 1, 1]


def test_what_nobody_knows_stays_as_it_is():
    assert said("the moon is full", KOREAN) == "the moon is full"


def test_a_korean_page_of_a_weak_run_is_wholly_korean():
    why = of_the_generator()
    thresholds = judged(gates({"checks": "rate>0"}), run_of(seconds_of([0.1])), 1)
    facts = replace(with_answers(a_run(30, overload_from=20, failing=0.1, too_weak=tuple(why))), thresholds=thresholds)
    resources = {name: replace(each, failure="") for name, each in facts.resources.items()}
    facts = replace(facts, machine=machine_text(), resources=resources)

    page = render_load_html(load_view(facts, KOREAN), KOREAN)

    shown = re.sub(r"<(script|style)\b.*?</\1>|<[^>]*>", " ", page, flags=re.DOTALL)
    known = (
        r"outgrow|peak|pool|cpu|pod|disk|team|farms|read|write|status is|max|checks|rate|UTC|dev\d|http\S*|connections"
    )
    assert in_english(re.sub(known, "", shown)) == []


@pytest.mark.parametrize("part", ["a, ", "x: y; ", "only 3 rows, 20 needed; ", "the step a: b after 3 s, "])
def test_a_text_of_any_length_is_read_part_by_part(part: str):
    told = said(part * 2000, KOREAN)

    assert len(told) > 2000
    assert "only 3 rows" not in told
