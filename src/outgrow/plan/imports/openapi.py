"""An OpenAPI 3 document: one step for every operation that can be sent, with the document's own examples."""

import json
from collections.abc import Mapping
from typing import Any, Final, cast
from urllib.parse import quote, urljoin

import yaml

from outgrow.errors import UsageError
from outgrow.plan.imports.scenario import ImportedScenario, Names, origin_of
from outgrow.plan.places import as_text

_METHODS: Final = ("get", "head", "post", "put", "patch", "delete", "options")
_DEEPEST: Final = 12
_COMBINED: Final = ("allOf", "oneOf", "anyOf")
_BY_TYPE: Final[Mapping[str, Any]] = {"integer": 1, "number": 1.0, "boolean": True, "string": "text"}
_BY_FORMAT: Final[Mapping[str, str]] = {
    "date": "2026-01-01",
    "date-time": "2026-01-01T00:00:00Z",
    "email": "user@example.com",
    "uuid": "00000000-0000-4000-8000-000000000000",
}
Node = Mapping[str, Any]


def read(text: str, target: str) -> ImportedScenario | None:
    """Read a document; none where the text is something else.

    Raises:
        UsageError: it has no operation, or is broken.
    """
    document = _document(text)
    if document is None:
        return None
    try:
        return _scenario(document, target)
    except (KeyError, TypeError, AttributeError, RecursionError) as error:
        raise UsageError(f"the OpenAPI document is broken: {type(error).__name__}: {error}") from error


def _document(text: str) -> Node | None:
    try:
        found = json.loads(text) if text.lstrip().startswith("{") else yaml.safe_load(text)
    except (ValueError, yaml.YAMLError):
        return None
    if not isinstance(found, dict):
        return None
    document = cast("Node", found)
    return document if {"openapi", "paths"} <= document.keys() else None


def _scenario(document: Node, target: str) -> ImportedScenario:
    servers: list[Node] = document.get("servers") or [{}]
    server = str(servers[0].get("url", ""))
    base = "" if "://" in server else server.rstrip("/")
    names, steps, notes = Names(), list[dict[str, Any]](), list[str]()
    for path, operations in document["paths"].items():
        for method in _METHODS:
            if method in operations:
                step, told = _step(document, base + path, method, operations, names)
                steps.append(step)
                notes += told
    if not steps:
        raise UsageError("the OpenAPI document has no operation")
    notes.append("every operation weighs the same; set weights as your users do")
    if "://" in server:
        prefix = server.removeprefix(origin_of(server)).rstrip("/")
        where = origin_of(server) + prefix
    else:
        where = ""
    found = {"target": target or where, "target_rps": 1, "duration": "1m", "steps": steps}
    return ImportedScenario(found, tuple(dict.fromkeys(notes)))


def _step(document: Node, path: str, method: str, operations: Node, names: Names) -> tuple[dict[str, Any], list[str]]:
    operation: Node = operations[method]
    notes: list[str] = []
    query: list[str] = []
    headers: dict[str, str] = {}
    for written in (*operations.get("parameters", ()), *operation.get("parameters", ())):
        parameter = _resolved(document, written)
        example = _example(document, {**parameter.get("schema", {}), **_examples(parameter)})
        value = quote(str(example).lower() if isinstance(example, bool) else str(example), safe="")
        match parameter["in"]:
            case "path":
                path = path.replace("{" + parameter["name"] + "}", value)
                notes.append("values of path parameters are examples; put {user} or captured values in their place")
            case "query" if parameter.get("required"):
                query.append(f"{quote(parameter['name'])}={value}")
            case "header" if parameter.get("required"):
                headers[parameter["name"]] = value
            case _:
                pass
    path = quote(urljoin("/", path), safe="/%:@!$&'()*+,;=-._~")
    step: dict[str, Any] = {"name": names.of(operation.get("operationId") or f"{method} {path}")}
    if method != "get":
        step["method"] = method.upper()
    step["path"] = f"{path}?{'&'.join(query)}" if query else path
    content: Node = _resolved(document, operation.get("requestBody") or {}).get("content", {})
    if "application/json" in content:
        headers["Content-Type"] = "application/json"
        media: Node = content["application/json"]
        example = _example(document, {**media.get("schema", {}), **_examples(media)})
        step["body"] = as_text(json.dumps(example, ensure_ascii=False))
    elif content:
        notes.append(f"{step['name']}: a body of {next(iter(content))} is left out")
    if headers:
        step["headers"] = headers
    if operation.get("security") or document.get("security"):
        notes.append("the operations want credentials: add headers: {Authorization: '${AUTHORIZATION}'}")
    return step, notes


def _examples(node: Node) -> dict[str, Any]:
    """Give a node's own example in the form that schemas have."""
    if "example" in node:
        return {"example": node["example"]}
    several = node.get("examples")
    if isinstance(several, Mapping):
        for first in cast("Mapping[str, Node]", several).values():
            return {"example": first["value"]} if "value" in first else {}
    return {}


def _resolved(document: Node, node: Node) -> Node:
    for _ in range(_DEEPEST):
        if "$ref" not in node:
            return node
        found: Any = document
        for part in str(node["$ref"]).removeprefix("#/").split("/"):
            found = found[part.replace("~1", "/").replace("~0", "~")]
        node = found
    return {}


def _example(document: Node, schema: Node, depth: int = 0) -> Any:
    """Give a value that fits a schema: its example or default, the first of its words, or one of its type."""
    if "$ref" in schema:
        schema = {**_resolved(document, schema), **{key: schema[key] for key in schema if key != "$ref"}}
    for word in ("example", "default", "const"):
        if word in schema:
            return schema[word]
    if schema.get("enum"):
        return schema["enum"][0]
    if depth > _DEEPEST:
        return None
    if any(schema.get(word) for word in _COMBINED):
        return _combined(document, schema, depth + 1)
    return _of_its_type(document, schema, depth + 1)


def _combined(document: Node, schema: Node, depth: int) -> Any:
    """Give a value of the first alternative, or of all parts together."""
    word = next(word for word in _COMBINED if schema.get(word))
    parts: list[Any] = [_example(document, part, depth) for part in schema[word]]
    if word != "allOf":
        return parts[0]
    whole: dict[str, Any] = {}
    for part in parts:
        if isinstance(part, dict):
            whole.update(cast("dict[str, Any]", part))
    return whole


def _of_its_type(document: Node, schema: Node, depth: int) -> Any:
    kind = schema.get("type")
    kind = next((each for each in cast("list[str]", kind) if each != "null"), None) if isinstance(kind, list) else kind
    if kind == "object" or "properties" in schema:
        inside = schema.get("properties", {})
        return {name: _example(document, inside.get(name, {}), depth) for name in schema.get("required") or inside}
    if kind == "array":
        return [_example(document, schema.get("items", {}), depth)]
    if kind in {"integer", "number"} and "minimum" in schema:
        return schema["minimum"]
    return _BY_FORMAT.get(str(schema.get("format", "")), _BY_TYPE.get(str(kind), "text"))
