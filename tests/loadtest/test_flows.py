"""Flows: steps in order, in a session that keeps its cookies and what it captured; each arrival ends in one class."""

import asyncio
import json
from collections import Counter
from typing import Any
from urllib.parse import parse_qs, quote_plus, unquote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outgrow.errors import UsageError
from outgrow.facts.loads import Outcome
from outgrow.loadtest.run import run_load
from tests.loadtest.servers import OK, answering, load_of, request, scenario, serving
from tests.loadtest.shop import Shop

LOGIN = {"name": "login", "path": "/login", "captures": {"token": {"json": "$.token"}}}
LIST = {"name": "list", "path": "/list?token={token}"}
BUY = {"name": "buy", "method": "POST", "path": "/buy", "body": '{"token": "{token}"}', "status": [201]}


def one_flow(*steps, **options) -> dict[str, Any]:
    return {"steps": [], "flows": {"buyer": {"steps": [*steps]}}, **options}


def outcomes(facts):
    return {step.name: dict(step.outcomes) for step in facts.steps}


async def test_an_arrival_takes_its_steps_in_order_with_its_cookie_and_what_it_captured():
    shop = Shop()

    async with shop.serving() as target:
        facts = await load_of(target, **one_flow(LOGIN, LIST, BUY))

    assert outcomes(facts) == {name: {Outcome.DONE: 30} for name in ("login", "list", "buy")}
    assert facts.iterations.outcomes == {Outcome.DONE: 30}
    assert [flow.name for flow in facts.flows] == ["buyer"]
    assert facts.whole.arrivals == 90
    assert sum(second.done for second in facts.timeline) == 30
    assert set(shop.bodies) - {b""} == {b'{"token": "t%d"}' % number for number in range(1, 31)}


async def test_an_arrival_ends_at_its_first_step_that_is_not_done_and_has_its_class():
    shop = Shop()

    async with shop.serving() as target:
        facts = await load_of(target, **one_flow(LOGIN, {"name": "gone", "path": "/gone"}, BUY))

    assert outcomes(facts) == {"login": {Outcome.DONE: 30}, "gone": {Outcome.UNEXPECTED: 30}, "buy": {}}
    assert facts.iterations.outcomes == {Outcome.UNEXPECTED: 30}
    assert shop.asked["/buy"] == 0


async def test_a_session_keeps_its_cookies_and_values_from_one_arrival_to_the_next():
    shop = Shop()
    flows = {"enter": {"steps": [LOGIN]}, "look": {"steps": [LIST]}}

    async with shop.serving() as target:
        facts = await load_of(target, steps=[], flows=flows, users=1, target_rps=20, duration="500ms")

    # One session, whose arrivals enter and look by turns; the first one looks with what it got when it entered.
    assert outcomes(facts) == {"login": {Outcome.DONE: 5}, "list": {Outcome.DONE: 5}}


async def test_a_value_that_was_never_captured_is_not_sent_as_its_name():
    shop = Shop()
    flows = {"look": {"steps": [LIST]}, "enter": {"weight": 1, "steps": [LOGIN]}}

    async with shop.serving() as target:
        facts = await load_of(target, steps=[], flows=flows, users=1000)

    assert outcomes(facts)["list"] == {Outcome.WITHOUT_DATA: 15}
    assert shop.asked["/list"] == 0


async def test_without_cookies_the_shop_knows_nobody():
    async with Shop().serving() as target:
        facts = await load_of(target, **one_flow(LOGIN, BUY, cookies=False))

    assert outcomes(facts)["buy"] == {Outcome.UNEXPECTED: 30}


async def test_checks_are_counted_and_only_required_ones_fail_the_step():
    checks = [
        {"status": 200},
        {"status": [201, 202]},
        {"contains": "token"},
        {"json": "$.items[0].id", "equals": 7},
        {"json": "$.items[0].id", "equals": True, "name": "seven is no truth"},
        {"json": "$.nothing"},
        {"json": "$.nothing", "exists": False, "name": "nothing there"},
        {"json": "$.old", "name": "null is something"},
        {"header": "content-type", "contains": "json"},
        {"header": "Content-Type", "equals": "text/html"},
        {"header": "Set-Cookie"},
        {"duration_below": "1h"},
        {"duration_below": "1us", "name": "impossible"},
    ]
    strict = [{"status": 200}, {"json": "$.token", "equals": "other", "required": True}]

    async with Shop().serving() as target:
        facts = await load_of(
            target,
            steps=[
                {"name": "lenient", "path": "/login", "checks": checks},
                {"name": "strict", "path": "/login", "checks": strict},
            ],
        )

    lenient, strict = facts.steps
    assert lenient.outcomes == {Outcome.DONE: 15}
    passed = {title for title, counts in lenient.checks.items() if counts == (15, 0)}
    failed = {title for title, counts in lenient.checks.items() if counts == (0, 15)} - {"impossible"}
    assert passed == {
        "status 200",
        'answer contains "token"',
        "$.items[0].id = 7",
        "nothing there",
        "null is something",
        'header content-type contains "json"',
        "header Set-Cookie exists",
        "below 1h",
    }
    assert failed == {"status 201 or 202", "seven is no truth", "$.nothing exists", "header Content-Type = text/html"}
    assert strict.outcomes == {Outcome.UNEXPECTED: 15}
    assert strict.checks == {"status 200": (15, 0), "$.token = other": (0, 15)}
    assert facts.whole.checks["status 200"] == (30, 0)
    assert sum(second.steps["lenient"].checks["status 200"][0] for second in facts.timeline) == 15


async def test_values_are_captured_from_json_text_headers_and_cookies():
    captures = {
        "id": {"json": "$.items[1].id"},
        "word": {"regex": r'"(t\d+)"'},
        "kind": {"header": "Content-Type"},
        "sid": {"cookie": "sid"},
        "missing": {"json": "$.nowhere", "default": "none"},
    }
    use = {"name": "use", "path": "/buy?i={id}&w={word}&k={kind}&c={sid}&m={missing}", "status": [201]}
    shop = Shop()

    async with shop.serving() as target:
        facts = await load_of(target, **one_flow({**LOGIN, "captures": captures}, use, duration="30ms"))

    assert facts.iterations.outcomes == {Outcome.DONE: 3}
    asked = sorted(head.split()[1] for head in shop.heads if b"/buy" in head)
    assert asked[0] == b"/buy?i=8&w=t1&k=application%2Fjson&c=s1&m=none"


async def test_an_answer_without_what_is_captured_fails_the_step():
    async with Shop().serving() as target:
        facts = await load_of(target, **one_flow({**LOGIN, "captures": {"token": {"json": "$.none"}}}, LIST))

    assert outcomes(facts) == {"login": {Outcome.UNEXPECTED: 30}, "list": {}}


async def test_what_a_server_sent_cannot_add_headers_or_end_a_request_line():
    heads: list[bytes] = []

    async def sly(reader, writer):
        while True:
            heads.append(await request(reader))
            body = b'{"x": "a b\\r\\nX-Evil: 1"}'
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))

    steps = [
        {"name": "get", "captures": {"x": {"json": "$.x"}}},
        {"name": "use", "path": "/{x}?{x|raw}"},
    ]
    async with serving(sly) as target:
        facts = await load_of(target, **one_flow(*steps, duration="10ms"))

    assert facts.iterations.outcomes == {Outcome.DONE: 1}
    assert heads[1].startswith(b"GET /a%20b%0D%0AX-Evil:%201?a%20b%0D%0AX-Evil:%201 HTTP/1.1\r\n")


async def test_a_user_thinks_between_steps_and_the_next_request_is_due_then():
    seen: list[float] = []

    async def noting(reader, writer):
        while True:
            await request(reader)
            seen.append(asyncio.get_running_loop().time())
            writer.write(OK)

    steps = [{"name": "first", "think": "100ms"}, {"name": "second"}]
    async with serving(noting) as target:
        facts = await load_of(target, **one_flow(*steps, duration="10ms"))

    assert seen[1] - seen[0] >= 0.099
    second = facts.steps[1].response
    assert second is not None
    (flow,) = facts.flows
    assert flow.duration is not None
    assert flow.duration.greatest_seconds >= 0.099
    assert second.greatest_seconds < flow.duration.greatest_seconds


async def test_pauses_are_the_same_for_the_same_seed():
    async def pauses(seed):
        steps = [{"name": "first", "think": {"min": "10ms", "max": "500ms"}}, {"name": "second"}]
        async with serving(answering(OK)) as target:
            facts = await load_of(target, **one_flow(*steps, duration="40ms", seed=seed))
        duration = facts.flows[0].duration
        assert duration is not None
        return duration.mean_seconds

    first, again, other = await pauses(1), await pauses(1), await pauses(5)

    assert abs(first - again) < abs(first - other)


async def test_users_that_think_count_among_those_under_way():
    steps = [{"name": "first", "think": "400ms"}, {"name": "second"}]

    async with serving(answering(OK)) as target:
        facts = await load_of(target, **one_flow(*steps, users=5))

    assert facts.iterations.outcomes == {Outcome.DONE: 5, Outcome.DROPPED: 25}
    assert outcomes(facts)["second"] == {Outcome.DONE: 5}


async def test_steps_of_the_same_name_are_counted_together():
    flows = {
        "short": {"weight": 2, "steps": [{"name": "home"}]},
        "long": {"steps": [{"name": "home"}, {"name": "home"}, {"name": "end"}]},
    }
    async with serving(answering(OK)) as target:
        facts = await load_of(target, steps=[], flows=flows)

    assert {step.name: step.arrivals for step in facts.steps} == {"home": 40, "end": 10}
    assert {flow.name: dict(flow.outcomes) for flow in facts.flows} == {
        "short": {Outcome.DONE: 20},
        "long": {Outcome.DONE: 10},
    }


FAULTS = {
    "good": (OK, Outcome.DONE),
    "error": (b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n", Outcome.UNEXPECTED),
    "garbage": (b"\x00\x01\x02", Outcome.GARBLED),
    "reset": (b"", Outcome.CUT_OFF),
    "silence": (None, Outcome.TIMED_OUT),
}


@settings(max_examples=15, deadline=None)
@given(st.lists(st.sampled_from(list(FAULTS)), min_size=1, max_size=4))
def test_every_arrival_of_any_flow_ends_in_the_class_of_its_first_step_that_is_not_done(kinds):
    async def talk(reader, writer):
        while True:
            head = await request(reader)
            content, _ = FAULTS[kinds[int(head.split()[1][1:])]]
            if content == b"":
                return
            writer.write(content or b"")

    async def run():
        steps = [{"name": f"s{index}", "path": f"/{index}", "method": "POST"} for index in range(len(kinds))]
        async with serving(talk) as target:
            return await load_of(target, **one_flow(*steps, duration="50ms", timeout="150ms"))

    facts = asyncio.run(run())

    ends = [FAULTS[kind][1] for kind in kinds]
    last = next((index for index, end in enumerate(ends) if end is not Outcome.DONE), len(ends) - 1)
    assert facts.iterations.outcomes == {ends[last]: 5}
    reached = [{ends[index]: 5} if index <= last else {} for index in range(len(kinds))]
    assert [dict(step.outcomes) for step in facts.steps] == reached
    ended = Counter()
    for second in facts.timeline:
        ended.update(done=second.done, failed=second.failed)
    assert ended["done"] + ended["failed"] == 5


async def test_bytes_are_counted_in_both_directions():
    async with serving(answering(OK)) as target:
        facts = await load_of(target)

    assert facts.whole.bytes_received == 30 * len(OK)
    assert facts.whole.bytes_sent == sum(step.bytes_sent for step in facts.steps) > 30 * 40
    assert sum(second.steps["one"].bytes_received for second in facts.timeline) == 30 * len(OK)


@pytest.mark.parametrize("share", [1, 3])
async def test_ctrl_c_accounts_for_those_who_think(share):
    async with serving(answering(OK)) as target:
        steps = [{"name": "first", "think": "1h"}, {"name": "second"}]
        facts = await load_of(
            target, interrupted_at=share * 0.1, **one_flow(*steps, duration="1h", target_rps=50, users=10_000)
        )

    assert facts.interrupted
    assert sum(facts.iterations.outcomes.values()) == 180_000
    assert set(facts.iterations.outcomes) == {Outcome.INTERRUPTED, Outcome.NEVER_STARTED}


async def test_a_session_sends_the_cookie_that_it_was_given_last():
    given, sent = ["1", "2", "2", "1", "", "1", "3", "", "3", "1"], list[str]()

    async def giving(reader, writer):
        while True:
            head = await request(reader)
            sent.append(head.partition(b"Cookie: at=")[2].partition(b"\r\n")[0].decode())
            value = given[len(sent) - 1]
            line = f"Set-Cookie: at={value}; Path=/\r\n" if value else ""
            writer.write(OK.replace(b"\r\n", f"\r\n{line}".encode(), 1))

    async with serving(giving) as target:
        await load_of(target, duration="100ms", connections=1, users=1, vus=None, cookies=True, target_rps=100)

    assert sent
    last = ["", *(next(value for value in reversed(given[: index + 1]) if value) for index in range(9))]
    assert sent == last[: len(sent)]


async def test_a_cookie_without_a_path_belongs_to_each_directory_that_gave_it():
    sent = dict[bytes, list[bytes]]()

    async def giving(reader, writer):
        while True:
            head = await request(reader)
            path = head.split(b" ", 2)[1]
            sent.setdefault(path, []).append(head.partition(b"Cookie: ")[2].partition(b"\r\n")[0])
            # The same header from everywhere: where it belongs follows from the path that was asked (RFC 6265 5.1.4).
            given = b"" if path.endswith(b"/look") else b"Set-Cookie: at=home\r\n"
            writer.write(OK.replace(b"\r\n", b"\r\n" + given, 1))

    paths = ("/a/first", "/b/{user}/second", "/a/look", "/b/0/look", "/b/1/look", "/c/look")
    steps = [{"name": f"step-{index}", "path": path} for index, path in enumerate(paths)]
    async with serving(giving) as target:
        await load_of(target, **one_flow(*steps, target_rps=1, duration="1s", users=1, cookies=True))

    assert {path: cookies[0] for path, cookies in sent.items() if path.endswith(b"/look")} == {
        b"/a/look": b"at=home",
        b"/b/0/look": b"at=home",
        b"/b/1/look": b"",
        b"/c/look": b"",
    }


async def sent_after(answer: Any, step: dict[str, Any], **captures: str):
    """Capture from an answer, use it in a second step; give the run and what that step sent."""
    body, seen = json.dumps(answer).encode(), []
    steps = [
        {"name": "first", "captures": {name: {"json": path} for name, path in captures.items()}},
        {"name": "second", **step},
    ]

    async def noting(reader, writer):
        while True:
            head = await request(reader)
            length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
            seen.append(head + await reader.readexactly(int(length or 0)))
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))

    async with serving(noting) as target:
        facts = await load_of(target, **one_flow(*steps), duration="10ms")
    return facts, seen[1:]


ODD = 'say "안녕"\\\n&=#/../?'


async def test_what_was_captured_stands_whole_wherever_it_is_used():
    step = {
        "method": "POST",
        "path": "/{t}?q={t}",
        "headers": {"X-Id": "{id}"},
        "body": '{"t": "{t}", "bare": {t}, "id": {id}, "all": {all}, "no": {no}}',
    }

    facts, (sent,) = await sent_after(
        {"t": ODD, "id": 7, "all": {"a": ['"']}, "no": False}, step, t="$.t", id="$.id", all="$.all", no="$.no"
    )

    assert facts.iterations.outcomes == {Outcome.DONE: 1}
    head, _, body = sent.partition(b"\r\n\r\n")
    assert json.loads(body) == {"t": ODD, "bare": ODD, "id": 7, "all": {"a": ['"']}, "no": False}
    path, _, query = head.split()[1].decode().partition("?")
    assert unquote(path) == f"/{ODD}"
    assert parse_qs(query) == {"q": [ODD]}


async def test_what_was_captured_stands_whole_in_forms_and_adds_nothing_to_texts_of_other_kinds():
    _, (form,) = await sent_after({"t": ODD}, {"method": "POST", "form": {"t": "{t}", "raw": "{t|raw}"}}, t="$.t")
    plain = {"method": "POST", "headers": {"Content-Type": "text/plain"}, "body": '{"t": "{t}"}'}
    _, (text,) = await sent_after({"t": ODD}, plain, t="$.t")

    assert form.partition(b"\r\n\r\n")[2] == f"t={quote_plus(ODD)}&raw={ODD}".encode()
    assert text.partition(b"\r\n\r\n")[2] == f'{{"t": "{ODD}"}}'.encode()


async def test_a_captured_value_with_a_line_end_is_sent_in_no_header_and_that_is_said_once():
    step = {"headers": {"X-T": "{t}"}}

    facts, sent = await sent_after({"t": "a\r\nX-Admin: yes"}, step, t="$.t")

    assert sent == []
    assert outcomes(facts)["second"] == {Outcome.WITHOUT_DATA: 1}
    (note,) = facts.notes
    assert note.startswith("the step second: a value for a header holds a line end")


async def test_null_is_no_value_and_what_is_too_long_neither():
    for answer in ({"t": None}, {"t": ["x" * 20_000]}):
        facts, sent = await sent_after(answer, {"path": "/{t}"}, t="$.t")

        assert sent == []
        assert outcomes(facts)["first"] == {Outcome.UNEXPECTED: 1}


async def test_a_secret_with_a_line_end_is_told_before_anything_is_sent():
    made = scenario("http://127.0.0.1:9", steps=[{"name": "one", "headers": {"X-Key": "${KEY}"}}])

    with pytest.raises(UsageError, match=r"scenarios.short: the step one.headers.X-Key: what the variable holds"):
        await run_load("short", made, {"KEY": "secret\n"}, lambda _: None)
