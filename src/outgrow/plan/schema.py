"""The JSON Schema (draft 2020-12) of a plan file as it is written, for editors."""

import json
import re
from collections.abc import Mapping
from typing import Any, Final, get_args

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from outgrow.plan import Plan
from outgrow.plan.checkpoints import COMPARISONS, Condition, GradeRule, Rule
from outgrow.plan.docstrings import option_docs
from outgrow.plan.grades import Grade
from outgrow.plan.model import NAME_PATTERN
from outgrow.plan.signals import QuerySignal
from outgrow.plan.sources import SourceKind
from outgrow.quantity import Duration, Quantity

Schema = dict[str, Any]

_REFERENCE: Final = re.compile(r'"#/\$defs/([^"]+)"')
_COMBINATIONS: Final = ("all", "any", "none", "at_least_of")
_SHARED: Final = {
    Duration.FORMAT: ("Duration", "An exact span of time, such as 30s, 15m, 24h, 14d or 1h30m."),
    Quantity.FORMAT: (
        "Quantity",
        "A number with its unit, such as 800 ms or 60 %, or a bare one in the signal's unit.",
    ),
}
"""Types that stand in so many places that each is defined once, by their formats."""


def json_schema(kinds: Mapping[str, SourceKind]) -> Schema:
    """Give the schema of a root plan file over the given kinds of source.

    It is as strict as one file shows: what a signal may read depends on the kind of its source, which a schema cannot
    follow, so any kind's is allowed; names are not followed either. Options may not be left empty.
    """
    models: list[type[BaseModel]] = [Plan]
    models += [model for kind in kinds.values() for model in (kind.options, kind.read)]
    refs, whole = models_json_schema([(model, "validation") for model in dict.fromkeys(models)], by_alias=True)
    definitions: Schema = whole["$defs"]
    names = {model: str(ref["$ref"]).rpartition("/")[2] for (model, _), ref in refs.items()}
    for model in _all_models(models):
        _describe(definitions.get(names.get(model, model.__name__), {}), model)
    _sources(definitions, [names[kind.options] for kind in kinds.values()])
    _signals(definitions, list(dict.fromkeys(names[kind.read] for kind in kinds.values())))
    _rules(definitions)
    shared: Schema = {}
    tidy: Schema = {name: _tidied(each, shared) for name, each in definitions.items()}
    plan = tidy.pop(names[Plan])
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "An outgrow plan",
        **plan,
        "$defs": _used(plan, {**tidy, **shared}),
    }


def _used(plan: Schema, definitions: Schema) -> Schema:
    """Give the definitions that a plan leads to, by name: pydantic also writes down bases that nothing names."""
    found: set[str] = set()
    waiting = [plan]
    while waiting:
        for name in _REFERENCE.findall(json.dumps(waiting.pop())):
            if name not in found:
                found.add(name)
                waiting.append(definitions[name])
    return {name: definitions[name] for name in sorted(found)}


def _all_models(models: list[type[BaseModel]]) -> list[type[BaseModel]]:
    """Give the models and all that stand below them in their options."""
    found: dict[type[BaseModel], None] = {}
    waiting: list[Any] = [*models]
    while waiting:
        annotation = waiting.pop()
        if not (isinstance(annotation, type) and issubclass(annotation, BaseModel)):
            waiting += get_args(annotation)
        elif annotation not in found:
            found[annotation] = None
            waiting += [option.annotation for option in annotation.model_fields.values()]
    return list(found)


def _describe(definition: Schema, model: type[BaseModel]) -> None:
    """Write what stands below each option into its description."""
    docs = option_docs(model)
    for name, option in model.model_fields.items():
        written = definition.get("properties", {}).get(option.alias or name)
        if written is not None and name in docs:
            written["description"] = docs[name]


def _sources(definitions: Schema, names: list[str]) -> None:
    """Let a source be one of the kinds, told apart by `kind`."""
    sources: Schema = definitions[Plan.__name__]["properties"]["sources"]
    sources["patternProperties"] = {NAME_PATTERN: {"oneOf": [{"$ref": f"#/$defs/{name}"} for name in names]}}


def _signals(definitions: Schema, reads: list[str]) -> None:
    """Let a signal have `read`, by any kind, or `query` in its place."""
    signal = definitions[QuerySignal.__name__]
    properties: Schema = signal["properties"]
    properties["read"] = {
        "description": option_docs(QuerySignal)["read"],
        "anyOf": [{"$ref": f"#/$defs/{name}"} for name in reads],
    }
    properties["query"] = {"description": "Short for `read: {query: ...}`.", "type": "string"}
    signal["required"] = [name for name in signal["required"] if name != "read"]
    signal["oneOf"] = [{"required": ["read"]}, {"required": ["query"]}]


def _rules(definitions: Schema) -> None:
    """Say which options exclude one another, and which words are grades."""
    condition = definitions[Condition.__name__]
    condition["oneOf"] = [{"required": [name]} for name in COMPARISONS]
    condition["not"] = {"required": ["for", "m_of_n"]}
    for rule in (Rule, GradeRule):
        definitions[rule.__name__]["oneOf"] = [{"required": [name]} for name in _COMBINATIONS]
    grades = [grade.word for grade in Grade if grade is not Grade.CLEAR]
    definitions["Checkpoint"]["properties"]["verdicts"]["propertyNames"] = {"enum": grades}


def _tidied(node: Any, shared: Schema) -> Any:
    """Take out what only pydantic needs: titles that repeat names, nulls, and defaults that say nothing."""
    if isinstance(node, list):
        return [_tidied(each, shared) for each in node]  # pyright: ignore[reportUnknownVariableType]
    if not isinstance(node, dict):
        return node
    schema: Schema = dict(node)  # pyright: ignore[reportUnknownArgumentType]
    schema = _without_null(schema)
    if schema.get("format") in _SHARED:
        return _reference(schema, shared)
    if "patternProperties" in schema:
        schema["additionalProperties"] = False
    if schema.get("default", 0) in (None, "", [], {}):
        del schema["default"]
    is_of_names = "properties" in schema
    if isinstance(schema.get("title"), str):
        del schema["title"]
    below: Schema = {}
    for key, value in schema.items():
        if key == "properties" and is_of_names:
            below[key] = {option: _tidied(each, shared) for option, each in value.items()}
        else:
            below[key] = value if key in {"default", "examples", "enum", "const"} else _tidied(value, shared)
    return below


def _without_null(schema: Schema) -> Schema:
    """Write an option that may be left out as what it is where it is written."""
    branches = schema.get("anyOf")
    if not isinstance(branches, list) or {"type": "null"} not in branches:
        return schema
    rest: list[Schema] = [each for each in branches if each != {"type": "null"}]  # pyright: ignore[reportUnknownVariableType]
    outer = {key: value for key, value in schema.items() if key != "anyOf"}
    return {**rest[0], **outer} if len(rest) == 1 else {**outer, "anyOf": rest}


def _reference(schema: Schema, shared: Schema) -> Schema:
    """Define the type once, and refer to it with the option's own description and default."""
    name, description = _SHARED[schema["format"]]
    own = {key: schema[key] for key in ("description", "default") if schema.get(key) is not None}
    shared[name] = {"description": description} | {
        key: each for key, each in schema.items() if key in {"anyOf", "format"}
    }
    return {"$ref": f"#/$defs/{name}", **own}
