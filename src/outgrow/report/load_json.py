"""A load test as JSON: schema `outgrow.load/1`, documented in docs/reference/load-json.md; written, and read again.

The keys are the fields of `outgrow.facts.loads.LoadFacts`. Within version 1 keys are only added.
"""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, cast

from outgrow.errors import UsageError
from outgrow.facts.loads import LoadFacts, LoadSecond
from outgrow.report.documents import read, schema_of, written

SCHEMA: Final = "outgrow.load/1"


def load_document(facts: LoadFacts) -> dict[str, Any]:
    """Give the JSON document of a run as plain data."""
    return {"schema": SCHEMA, **written(replace(facts, timeline=tuple(map(_brief, facts.timeline))))}


def _brief(second: LoadSecond) -> LoadSecond:
    """Leave out what a second says twice: of a step whose answers are all of one kind, `response` holds that kind."""
    steps = {
        name: replace(step, expected={}, unexpected={}) if len(step.expected) + len(step.unexpected) == 1 else step
        for name, step in second.steps.items()
    }
    return replace(second, steps=steps)


def load_text(facts: LoadFacts) -> str:
    """Give the JSON document of a run: a line for each key, and one for each second of the run."""
    lines = [f"{_compact(key)}: {_value(key, value)}" for key, value in load_document(facts).items()]
    return "{\n" + ",\n".join(lines) + "\n}"


def _value(key: str, value: Any) -> str:
    if key != "timeline" or not value:
        return _compact(value)
    return "[\n" + ",\n".join(_compact(second) for second in value) + "\n]"


def _compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def load_facts(document: Any) -> LoadFacts:
    """Give the run that a JSON document describes.

    Raises:
        UsageError: it is no such document, or one of another version.
    """
    schema = cast("dict[str, Any]", document).get("schema") if isinstance(document, dict) else None
    if schema != SCHEMA:
        found = f'its schema is "{schema}"' if schema else "it has no schema"
        raise UsageError(f"no result of outgrow load ({found}, not {SCHEMA}); write one with outgrow load --output")
    return read(LoadFacts, document)


def stored_load(path: Path) -> LoadFacts:
    """Read a run from a file.

    Raises:
        UsageError: the file cannot be read, or holds no run.
    """
    try:
        document = json.loads(path.read_bytes(), parse_constant=_refused)
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror or error}") from error
    except ValueError as error:
        raise UsageError(f"{path}: no JSON: {error}; give a file that outgrow load --output wrote") from error
    except RecursionError:
        raise UsageError(f"{path}: no result of outgrow load; it is nested too deeply") from None
    try:
        return load_facts(document)
    except UsageError as error:
        raise UsageError(f"{path}: {error}") from error


def _refused(constant: str) -> None:
    raise ValueError(f"{constant} is no number of JSON")


def load_schema() -> dict[str, Any]:
    """Give the JSON Schema of the documents."""
    return schema_of(LoadFacts, SCHEMA)
