"""Data for arrivals: each has its row, in any number of processes; what a file does not hold is told at the start."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outgrow.errors import UsageError
from outgrow.facts.loads import Outcome
from outgrow.loadtest.course import Rotation
from outgrow.loadtest.feeders import Feeder, Rows
from outgrow.loadtest.run import run_load
from outgrow.plan.scenario_data import Feed
from tests.loadtest.servers import OK, request, scenario, serving

PEOPLE = "email,id\nann@x.org,1\nbob@x.org,2\n\ncem@x.org,3\n"


async def asked(tmp_path, feed, path="/{people.id}", text=PEOPLE, file="people.csv", **options):
    (tmp_path / file).write_text(text)
    seen: list[bytes] = []

    async def noting(reader, writer):
        while True:
            seen.append((await request(reader)).split()[1])
            writer.write(OK)

    async with serving(noting) as target:
        data = {"people": {"file": file, **feed}}
        steps = options.pop("steps", [{"name": "one", "path": path}])
        made = scenario(target, data=data, steps=steps, **{"duration": "60ms", **options})
        facts = await run_load("short", made, {}, lambda _: None, tmp_path)
    return facts, sorted(path.decode() for path in seen)


async def test_rows_come_one_after_another_and_again_from_the_first(tmp_path):
    facts, paths = await asked(tmp_path, {})

    assert paths == ["/1", "/1", "/2", "/2", "/3", "/3"]
    assert facts.whole.outcomes == {Outcome.DONE: 6}


async def test_unique_rows_are_given_once_and_the_rest_is_not_sent(tmp_path):
    facts, paths = await asked(tmp_path, {"order": "unique"}, arrivals="poisson", target_rps=200, duration="100ms")

    assert paths == ["/1", "/2", "/3"]
    assert facts.whole.outcomes[Outcome.DONE] == 3
    assert set(facts.whole.outcomes) == {Outcome.DONE, Outcome.WITHOUT_DATA}
    assert facts.lacked_data
    assert facts.notes == (
        "the data people.csv ran out: each of its 3 rows was given once; later arrivals were not sent",
    )


async def test_too_few_unique_rows_are_told_before_anything_is_sent(tmp_path):
    why = "data.people: people.csv has 3 rows, and 6 arrivals need one each; add rows, or write order: sequential"
    with pytest.raises(UsageError, match=why):
        await asked(tmp_path, {"order": "unique"})
    with pytest.raises(UsageError, match="about 120 arrivals need one each"):
        await asked(tmp_path, {"order": "unique"}, arrivals="poisson", target_rps=2000)
    with pytest.raises(UsageError, match="1,000 sessions need one each"):
        await asked(tmp_path, {"order": "unique", "per": "session"})


async def test_only_arrivals_that_use_the_data_use_it_up(tmp_path):
    steps = [{"name": "fed", "path": "/{people.email}"}, {"name": "plain", "path": "/plain"}]

    facts, paths = await asked(tmp_path, {"order": "unique"}, steps=steps)

    assert paths == ["/ann@x.org", "/bob@x.org", "/cem@x.org", "/plain", "/plain", "/plain"]
    assert facts.whole.outcomes == {Outcome.DONE: 6}


async def test_a_session_keeps_its_row(tmp_path):
    _, paths = await asked(tmp_path, {"per": "session"}, "/{user}-{people.id}", users=2)

    assert paths == ["/0-1"] * 3 + ["/1-2"] * 3


async def test_columns_and_values_may_be_korean_in_paths_headers_and_bodies(tmp_path):
    (tmp_path / "사람.csv").write_text("\ufeff이름,마을\n홍길동,강릉\n", encoding="utf-8")
    seen: list[bytes] = []

    async def noting(reader, writer):
        while True:
            head = await request(reader)
            length = int(head.lower().partition(b"content-length:")[2].split()[0])
            seen.append(head + await reader.readexactly(length))
            writer.write(OK)

    step = {"name": "one", "method": "POST", "path": "/{people.마을}?n={people.이름}", "body": "{people.이름}"}
    async with serving(noting) as target:
        made = scenario(
            target,
            data={"people": {"file": "사람.csv"}},
            steps=[{**step, "headers": {"X-Name": "{people.이름}"}}],
            duration="10ms",
        )
        facts = await run_load("short", made, {}, lambda _: None, tmp_path)

    assert facts.whole.outcomes == {Outcome.DONE: 1}
    assert seen[0].startswith(b"POST /%EA%B0%95%EB%A6%89?n=%ED%99%8D%EA%B8%B8%EB%8F%99 HTTP/1.1\r\n")
    assert "\r\nX-Name: 홍길동\r\n".encode() in seen[0]
    assert seen[0].endswith("\r\n\r\n홍길동".encode())


async def test_a_line_of_json_ends_at_its_line_end_and_nowhere_else(tmp_path):
    text = json.dumps({"id": "a\u2028b"}, ensure_ascii=False) + "\r\n\n"

    _, paths = await asked(tmp_path, {"file": "people.jsonl"}, text=text, file="people.jsonl", duration="10ms")

    assert paths == ["/a%E2%80%A8b"]


async def test_json_lines_are_read_too(tmp_path):
    text = "\n".join(json.dumps({"id": number, "tags": [number]}) for number in (7, 8))

    _, paths = await asked(tmp_path, {}, "/{people.id}?{people.tags}", text, "people.jsonl", duration="20ms")

    assert paths == ["/7?%5B7%5D", "/8?%5B8%5D"]


async def test_several_processes_never_share_a_unique_row(tmp_path):
    text = "id\n" + "\n".join(map(str, range(20)))

    facts, paths = await asked(tmp_path, {"order": "unique"}, text=text, processes=2, duration="200ms")

    assert len(set(paths)) == len(paths) == 20
    assert facts.whole.outcomes == {Outcome.DONE: 20}


@pytest.mark.parametrize(
    ("file", "text", "why"),
    [
        ("people.csv", "email\na\n", 'no column is called "id"'),
        ("people.csv", "id,email\n", "has no rows"),
        ("people.csv", "email,id\na\n", "line 2 has fewer columns"),
        ("people.jsonl", '{"ident": 1}\n', 'line 1 has no "id"'),
        ("people.jsonl", "[1]\n", 'line 1 has no "id"; write objects'),
        ("people.csv", "id,id\n1,2\n", '2 columns are called "id"'),
        ("people.jsonl", "{\n", "line 1 is no JSON"),
        ("people.jsonl", '{"id": "\\ud800"}\n', "line 1 holds half a character"),
        ("people.jsonl", "\n", "has no rows"),
    ],
)
async def test_what_a_file_does_not_hold_is_told_with_its_place(tmp_path, file, text, why):
    with pytest.raises(UsageError, match=f"scenarios.short.data.people: .*{why}"):
        await asked(tmp_path, {}, text=text, file=file)


async def test_a_file_that_is_not_there_is_told(tmp_path):
    made = scenario("http://127.0.0.1:9", data={"a": {"file": "no.csv"}}, steps=[{"name": "s", "path": "/{a.b}"}])
    with pytest.raises(UsageError, match="does not exist; its path is relative to the plan"):
        await run_load("short", made, {}, lambda _: None, tmp_path)


@given(st.lists(st.integers(1, 9), min_size=1, max_size=4), st.data())
def test_the_arrivals_that_use_data_are_numbered_without_a_gap(weights, data):
    rotation = Rotation(tuple(weights), 1000)
    flows = data.draw(st.frozensets(st.integers(0, len(weights) - 1), min_size=1))
    feeder = Feeder(Feed(file="x", order="unique"), Rows({}, 10**6), rotation, flows, 1)

    rows = [feeder.row(number, 0) for number in range(100) if rotation.flow(number) in flows]

    assert rows == list(range(len(rows)))
    assert feeder.served(100) == len(rows)


def test_random_rows_are_the_same_for_the_same_seed_and_reach_all():
    rotation = Rotation((1,), 10)

    def rows(seed):
        feeder = Feeder(Feed(file="x", order="random"), Rows({}, 7), rotation, frozenset({0}), seed)
        return [feeder.row(number, 0) for number in range(200)]

    assert rows(1) == rows(1) != rows(2)
    assert set(rows(1)) == set(range(7))


async def test_checks_compare_with_the_row_of_the_arrival(tmp_path):
    checks = [
        {"name": "number", "json": "$.id", "equals": "{people.id}"},
        {"name": "text", "contains": "mail {people.email}"},
        {"name": "wrong", "json": "$.id", "equals": "{people.email}"},
        {"name": "plain", "contains": '"id"'},
    ]
    (tmp_path / "people.csv").write_text(PEOPLE)

    async def echoing(reader, writer):
        while True:
            number, email = (await request(reader)).split()[1].decode().strip("/").split("-")
            body = f'{{"id": {number}, "text": "mail {email}"}}'
            writer.write(f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode())

    async with serving(echoing) as target:
        steps = [{"name": "one", "path": "/{people.id}-{people.email}", "checks": checks}]
        made = scenario(target, data={"people": {"file": "people.csv"}}, steps=steps, duration="60ms")
        facts = await run_load("short", made, {}, lambda _: None, tmp_path)

    assert facts.whole.checks == {"plain": (6, 0), "number": (6, 0), "text": (6, 0), "wrong": (0, 6)}
