"""The JSON Schema accepts every good plan as it is written, and refuses what one file alone shows to be wrong."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import pytest
from jsonschema import Draft202012Validator
from pydantic import BaseModel, Field

from outgrow.errors import PlanError
from outgrow.plan.file import parse_plan
from outgrow.plan.model import Declared
from outgrow.plan.schema import json_schema
from outgrow.plan.sources import BUILTIN_KINDS, SourceKind, SourceOptions
from outgrow.plan.yaml_tree import read_tree
from outgrow.quantity import Duration
from tests.plan.plans import DOUBTFUL, GOOD, MALFORMED

SCHEMA = json_schema(BUILTIN_KINDS)
VALIDATOR = Draft202012Validator(SCHEMA)
# What no schema can see: it follows no names, knows no units, and is given data instead of text.
BEYOND_A_SCHEMA = {
    *("duplicate_keys", "no_roadmap", "overlapping_levels", "roadmap", "tag", "two_documents"),
    *("places", "step_tags", "threshold_tags", "unit_mismatches", "units_of_goals"),
}
TO_REFUSE = [plan for plan in MALFORMED if plan.stem not in BEYOND_A_SCHEMA]


def complaints(plan: Path, validator: Draft202012Validator = VALIDATOR) -> list[str]:
    return [error.message for error in validator.iter_errors(read_tree(plan.read_bytes(), plan.name).data)]


def test_the_schema_is_itself_valid():
    Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("plan", [*GOOD, *DOUBTFUL], ids=lambda plan: f"{plan.parent.name}/{plan.stem}")
def test_every_good_plan_is_valid(plan: Path):
    assert complaints(plan) == []


@pytest.mark.parametrize("plan", TO_REFUSE, ids=lambda plan: plan.stem)
def test_what_a_file_shows_to_be_wrong_is_invalid(plan: Path):
    assert complaints(plan) != []


def schemas(node: Any) -> Iterator[dict]:
    if isinstance(node, dict):
        if node.get("type") == "object":
            yield node
        for each in node.values():
            yield from schemas(each)
    elif isinstance(node, list):
        for each in node:
            yield from schemas(each)


def test_every_object_is_described_and_so_is_each_of_its_options():
    named = {name: each for name, each in SCHEMA["$defs"].items() if each.get("type") == "object"}
    assert [name for name, each in named.items() if not each.get("description")] == []
    undescribed = [
        f"{name}.{option}"
        for name, each in {**named, "Plan": SCHEMA}.items()
        for option, described in each["properties"].items()
        if not described.get("description")
    ]
    # `kind` says what it is by its only value.
    assert [each for each in undescribed if not each.endswith("Source.kind")] == []


def test_no_object_takes_options_that_it_does_not_name():
    assert all(each.get("additionalProperties") is not None for each in schemas(SCHEMA))


def test_nothing_in_the_schema_leads_nowhere():
    def references(node: Any) -> Iterator[str]:
        if isinstance(node, dict):
            yield from [node["$ref"]] if isinstance(node.get("$ref"), str) else []
            for each in node.values():
                yield from references(each)
        elif isinstance(node, list):
            for each in node:
                yield from references(each)

    used = {reference.rpartition("/")[2] for reference in references(SCHEMA)}
    assert used == set(SCHEMA["$defs"])


class Broker(BaseModel):
    """Where it runs."""

    host: str
    """Its name."""


class QueueSource(SourceOptions):
    """A message queue."""

    kind: Literal["queue"]  # pyright: ignore[reportIncompatibleVariableOverride]
    """Always queue."""
    broker: Broker
    """Where the broker is."""
    patience: Duration = Field(default=Duration.parse("3s"), description="How long to wait.")


class QueueRead(Declared):
    """Read one queue."""

    queue: str
    """Which one."""


def test_a_kind_that_a_third_party_adds_is_in_the_schema_with_its_documentation():
    schema = json_schema({**BUILTIN_KINDS, "queue": SourceKind(QueueSource, QueueRead)})
    Draft202012Validator.check_schema(schema)
    source = schema["$defs"]["QueueSource"]["properties"]
    assert source["patience"] == {"$ref": "#/$defs/Duration", "description": "How long to wait.", "default": "3s"}
    assert source["timeout"]["description"] == "How long one read may take."
    assert schema["$defs"]["Broker"]["properties"]["host"]["description"] == "Its name."
    plan = {
        "outgrow": 1,
        "name": "x",
        "sources": {"q": {"kind": "queue", "broker": {"host": "h"}}},
        "signals": {"waiting": {"source": "q", "read": {"queue": "mails"}}},
    }
    assert Draft202012Validator(schema).is_valid(plan)
    assert not VALIDATOR.is_valid(plan)


@pytest.mark.parametrize(
    "text",
    ["30s", "15m", "1h30m", "14d", "500 ms", "1.5h", "2 hours", "0", "1_000s", "250µs"],
)
def test_a_duration_that_the_parser_reads_is_valid_in_the_schema(text: str):
    Duration.parse(text)
    plan = {"outgrow": 1, "name": "x", "journal": {"keep_raw": text}}
    assert VALIDATOR.is_valid(plan)


@pytest.mark.parametrize("text", ["30", "1M", "-5m", "12:30", "soon", "PT5M", 30, None, True, []])
def test_a_duration_that_the_parser_refuses_is_invalid_in_the_schema(text: Any):
    plan = {"outgrow": 1, "name": "x", "journal": {"keep_raw": text}}
    assert not VALIDATOR.is_valid(plan)
    with pytest.raises(PlanError):
        parse_plan(f"outgrow: 1\nname: x\njournal: {{keep_raw: {text if text is not None else '~'}}}\n", "plan.yaml")
