"""A run as JSON: what is written is read as it was, a wrong file is told once, and the schema knows both."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outgrow.cli import run
from outgrow.errors import UsageError
from outgrow.facts.buckets import NOTHING
from outgrow.facts.loads import LoadFacts, LoadSecond, Outcome, StepSecond
from outgrow.report.load_json import load_document, load_facts, load_schema, load_text, stored_load
from tests.report.load_facts import a_run, buckets_of

COUNTS = st.integers(0, 10**9)
SECONDS = st.floats(0, 1e6)
OUTCOMES = st.dictionaries(st.sampled_from(Outcome), COUNTS, max_size=4)
BUCKETS = st.lists(st.floats(1e-7, 1e3), max_size=5).map(buckets_of)
STEP_SECONDS = st.builds(
    StepSecond,
    OUTCOMES,
    st.dictionaries(st.integers(100, 599), COUNTS, max_size=3),
    BUCKETS,
    st.dictionaries(st.text(max_size=5), st.tuples(COUNTS, COUNTS), max_size=2),
    COUNTS,
    COUNTS,
)
LOAD_SECONDS = st.builds(
    LoadSecond,
    *[SECONDS, *[COUNTS] * 7, SECONDS, *[st.none() | SECONDS] * 3],
    st.dictionaries(st.text(max_size=5), STEP_SECONDS, max_size=2),
    COUNTS,
)
WHOLE = a_run(3, 10)
RUNS = st.builds(
    lambda timeline, at, slowed, notes: replace(
        WHOLE, timeline=tuple(timeline), started_at=at, slowed_at_seconds=slowed, notes=tuple(notes)
    ),
    st.lists(LOAD_SECONDS, max_size=3),
    st.datetimes(timezones=st.just(UTC)),
    st.none() | SECONDS,
    st.lists(st.text(), max_size=2),
)


@settings(max_examples=60, deadline=None)
@given(RUNS)
def test_a_run_that_is_written_is_read_as_it_was(facts: LoadFacts):
    document = json.loads(load_text(facts))

    assert load_facts(document) == facts
    assert document == load_document(facts)


@settings(max_examples=20, deadline=None)
@given(RUNS)
def test_every_document_is_valid_by_the_schema(facts: LoadFacts):
    jsonschema.Draft202012Validator(load_schema()).validate(json.loads(load_text(facts)))


def test_the_schema_is_one_and_refuses_what_the_reader_refuses():
    schema = load_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    document = load_document(a_run(2, 10))
    document["health"]["late"] = "many"

    assert not jsonschema.Draft202012Validator(schema).is_valid(document)
    with pytest.raises(UsageError, match=r"health\.late: expected a whole number, got \'many\'"):
        load_facts(document)


def test_keys_of_a_newer_version_are_passed_over_and_missing_new_ones_have_their_defaults():
    document = load_document(replace(a_run(2, 10), notes=("once",)))
    document["weather"] = "fine"
    del document["notes"]

    assert load_facts(document) == a_run(2, 10)


def test_a_second_without_answers_has_null_in_place_of_infinite_times():
    second = replace(a_run(1, 10).timeline[0], steps={"read": StepSecond({Outcome.REFUSED: 3}, {}, NOTHING)})
    facts = replace(a_run(1, 10), timeline=(second,))

    assert load_document(facts)["timeline"][0]["steps"]["read"]["response"] is None
    assert load_facts(load_document(facts)) == facts


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda document: document.pop("health"), 'the document: has no "health"'),
        (lambda document: document.update(timeline={}), "timeline: expected a list"),
        (lambda document: document["steps"][1].pop("outcomes"), r'steps\[1\]: has no "outcomes"'),
        (lambda document: document["whole"]["outcomes"].update(lucky=1), "expected one of done, unexpected answer"),
        (lambda document: document["whole"]["statuses"].update(ok=1), "expected a whole number as key"),
        (lambda document: document.update(started_at="yesterday"), "started_at: expected a time in ISO 8601"),
        (lambda document: document.update(started_at="2026-11-20T05:30:00"), "a time with its zone"),
        (lambda document: document.update(seconds=None), "seconds: expected a number, got None"),
        (lambda document: document.update(interrupted=1), "interrupted: expected true or false"),
        (lambda document: document.update(schema="outgrow.load/9"), "outgrow.load/9"),
        (lambda document: document.pop("schema"), "it has no schema"),
    ],
)
def test_a_wrong_file_is_told_with_its_place(tmp_path, spoil, told):
    document = json.loads(load_text(a_run(2, 10)))
    spoil(document)
    file = tmp_path / "run.json"
    file.write_text(json.dumps(document))

    with pytest.raises(UsageError, match=told) as caught:
        stored_load(file)
    assert str(caught.value).startswith(str(file))


@pytest.mark.parametrize("content", ["", "{", "[]", "3", '"text"', "[" * 100_000, "\x00"])
def test_what_is_no_run_at_all_is_one_clear_error(tmp_path, content):
    file = tmp_path / "run.json"
    file.write_text(content)

    with pytest.raises(UsageError, match=r"run\.json: "):
        stored_load(file)


def test_the_schema_is_printed(capsys):
    assert run(["schema", "load"]) == 0
    assert json.loads(capsys.readouterr().out) == load_schema()


def test_moments_keep_their_zone():
    facts = replace(a_run(1, 10), started_at=datetime.fromisoformat("2026-11-20T14:30:00+09:00"))

    assert load_facts(load_document(facts)).started_at == facts.started_at
