"""A load test as JSON: schema `outgrow.load/1`, documented in docs/reference/load-json.md; written, and read again.

The keys are the fields of `outgrow.facts.loads.LoadFacts`. Within version 1 keys are only added.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, cast

from outgrow.errors import UsageError
from outgrow.facts.loads import LoadFacts, LoadSecond
from outgrow.facts.timelines import brief
from outgrow.report.documents import read, schema_of, written

SCHEMA: Final = "outgrow.load/1"


def load_document(facts: LoadFacts) -> dict[str, Any]:
    """Give the JSON document of a run as plain data."""
    return {"schema": SCHEMA, **written(replace(facts, timeline=tuple(map(brief, facts.timeline))))}


def load_text(facts: LoadFacts) -> str:
    """Give the JSON document of a run as one text; see `load_parts`."""
    return "".join(load_parts(facts))


def load_parts(facts: LoadFacts) -> Iterator[str]:
    """Give the JSON document of a run in parts, so that a long one never stands in memory as a whole.

    It has a line for each key, and one for each second of the run.
    """
    before = "{\n"
    for key, value in load_document(replace(facts, timeline=())).items():
        yield f"{before}{_compact(key)}: "
        before = ",\n"
        if key == "timeline" and facts.timeline:
            yield from _timeline_parts(facts.timeline)
        else:
            yield _compact(value)
    yield "\n}"


def _timeline_parts(timeline: Iterable[LoadSecond]) -> Iterator[str]:
    before = "[\n"
    for second in timeline:
        yield before + _compact(written(brief(second)))
        before = ",\n"
    yield "\n]"


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
        document = json.loads(path.read_bytes(), parse_constant=_refused, object_hook=_second_or_not)
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


def _second_or_not(found: dict[str, Any]) -> Any:
    """Read a second at once, so that no long run stands in memory twice; what is wrong is told with its place later."""
    if "at_seconds" not in found or "steps" not in found:
        return found
    try:
        return read(LoadSecond, found)
    except UsageError:
        return found


def _refused(constant: str) -> None:
    raise ValueError(f"{constant} is no number of JSON")


def load_schema() -> dict[str, Any]:
    """Give the JSON Schema of the documents."""
    return schema_of(LoadFacts, SCHEMA)
