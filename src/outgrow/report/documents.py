"""Facts as JSON documents and back, led by their dataclasses alone: a field that is added needs no second edit.

A dataclass is an object with its fields as keys, a tuple a list, an enumeration its value, a time ISO 8601. Keys of
mappings become texts. Empty buckets are `null`, for their least duration is infinite and JSON knows no infinity.
"""

from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass, replace
from datetime import datetime
from enum import Enum
from functools import cache
from inspect import cleandoc
from math import isfinite
from types import NoneType, UnionType
from typing import Any, Final, Union, cast, get_args, get_origin, get_type_hints

from outgrow.errors import UsageError
from outgrow.facts.buckets import NOTHING, Buckets, Counts

_NUMBERS: Final = (int, float)
_TYPES: Final = {str: "string", bool: "boolean", int: "integer", float: "number"}
_SAID: Final = {str: "a text", bool: "true or false", int: "a whole number", float: "a number"}
Reader = Callable[[Any, str], Any]
"""From plain JSON data and its place in the document to the fact."""


def written(fact: Any) -> Any:
    """Give a fact as plain JSON data.

    Raises:
        ValueError: a number in it is infinite or none at all.
    """
    match fact:
        case Buckets() if not fact.counts:
            return None
        case Enum():
            return fact.value
        case datetime():
            return fact.isoformat()
        case float() if not isfinite(fact):
            raise ValueError(f"{fact} cannot stand in a JSON document")
        case Mapping():
            pairs = cast("Mapping[Any, Any]", fact).items()
            return {str(written(key)): written(value) for key, value in pairs}
        case tuple():
            return [written(each) for each in cast("tuple[Any, ...]", fact)]
        case _ if is_dataclass(fact) and not isinstance(fact, type):
            return {each.name: written(getattr(fact, each.name)) for each in fields(fact)}
        case _:
            return fact


def read(kind: Any, data: Any, place: str = "") -> Any:
    """Give the fact of a type that plain JSON data describes; keys that the type does not know are passed over.

    Raises:
        UsageError: the data does not describe one; says where and what is expected there.
    """
    return _reader(kind)(data, place)


@cache
def _reader(kind: Any) -> Reader:
    """Choose how a type is read."""
    origin, inside = get_origin(kind), get_args(kind)
    if kind is Buckets:
        return _buckets_reader()
    if is_dataclass(kind):
        return _fact_reader(cast("type[Any]", kind))
    if kind is datetime:
        return _time
    if isinstance(kind, type) and issubclass(kind, Enum):
        return _enum_reader(kind)
    if origin is tuple:
        return _tuple_reader(inside)
    if origin in {Union, UnionType} and NoneType in inside and len(inside) == 2:  # noqa: PLR2004 (something or nothing)
        some = _reader(next(each for each in inside if each is not NoneType))
        return lambda data, place: None if data is None else some(data, place)
    if origin is Mapping:
        return _mapping_reader(*inside)
    if kind in _TYPES:
        return _plain_reader(kind)
    raise TypeError(f"{kind} has no place in a document")


def _plain_reader(kind: type) -> Reader:
    accepted = _NUMBERS if kind is float else (kind,)

    def plain(data: Any, place: str) -> Any:
        if type(data) not in accepted:
            raise _wrong(place, _SAID[kind], data)
        return float(data) if kind is float else data

    return plain


def _time(data: Any, place: str) -> datetime:
    try:
        moment = datetime.fromisoformat(data)
    except (TypeError, ValueError):
        raise _wrong(place, "a time in ISO 8601", data) from None
    if moment.tzinfo is None:
        raise _wrong(place, "a time with its zone", data)
    return moment


def _enum_reader(kind: type[Enum]) -> Reader:
    by_value = {each.value: each for each in kind}

    def member(data: Any, place: str) -> Any:
        if not isinstance(data, (str, int)) or data not in by_value:
            raise _wrong(place, f"one of {', '.join(map(str, by_value))}", data)
        return by_value[data]

    return member


def _tuple_reader(inside: tuple[Any, ...]) -> Reader:
    any_number = inside[-1] is Ellipsis
    readers = [_reader(each) for each in inside if each is not Ellipsis]

    def rows(data: Any, place: str) -> tuple[Any, ...]:
        if not isinstance(data, list):
            raise _wrong(place, "a list", data)
        found = cast("list[Any]", data)
        if any_number:
            return tuple(readers[0](each, f"{place}[{index}]") for index, each in enumerate(found))
        if len(found) != len(readers):
            raise _wrong(place, f"a list of {len(readers)}", found)
        pairs = zip(readers, found, strict=True)
        return tuple(reader(each, f"{place}[{index}]") for index, (reader, each) in enumerate(pairs))

    return rows


def _mapping_reader(key_kind: Any, value_kind: Any) -> Reader:
    value_reader = _reader(value_kind)
    key_reader = _number_key if key_kind is int else _reader(key_kind)

    def mapping(data: Any, place: str) -> dict[Any, Any]:
        pairs = _object(data, place)
        return {
            key_reader(key, f"{place}.{key}"): value_reader(value, f"{place}.{key}") for key, value in pairs.items()
        }

    return mapping


def _number_key(key: str, place: str) -> int:
    try:
        return int(key)
    except ValueError:
        raise _wrong(place, "a whole number as key", key) from None


def _buckets_reader() -> Reader:
    some = _fact_reader(Buckets)

    def buckets(data: Any, place: str) -> Buckets:
        if data is None:
            return NOTHING
        found = some(data, place)
        try:
            return replace(found, counts=Counts(found.counts))
        except ValueError:
            raise _wrong(f"{place}.counts", "counts by bucket", dict(found.counts)) from None

    return buckets


def _fact_reader(kind: type[Any]) -> Reader:
    hints = get_type_hints(kind)
    readers = {each.name: _reader(hints[each.name]) for each in fields(kind)}
    needed = [each.name for each in fields(kind) if _is_needed(each)]

    def fact(data: Any, place: str) -> Any:
        if isinstance(data, kind):
            return data  # read already, as a part of a document that was too long to stand there as a whole
        found = _object(data, place)
        missing = next((name for name in needed if name not in found), None)
        if missing is not None:
            raise UsageError(f'{place or "the document"}: has no "{missing}"')
        front = f"{place}." if place else ""
        known = {name: reader(found[name], front + name) for name, reader in readers.items() if name in found}
        return kind(**known)

    return fact


def _is_needed(declared: Field[Any]) -> bool:
    return declared.default is MISSING and declared.default_factory is MISSING


def _object(data: Any, place: str) -> Mapping[str, Any]:
    if not isinstance(data, dict):
        raise _wrong(place, "an object", data)
    return cast("dict[str, Any]", data)


def _wrong(place: str, expected: str, data: Any) -> UsageError:
    shown = repr(data)
    shown = shown if len(shown) <= 40 else f"{shown[:37]}..."  # noqa: PLR2004 (a line is a line)
    return UsageError(f"{place or 'the document'}: expected {expected}, got {shown}")


def schema_of(kind: type[Any], name: str) -> dict[str, Any]:
    """Give the JSON Schema of the documents of a dataclass; `name` is what their key `schema` says.

    Every class is a definition, described by its docstring. Further keys are allowed: within a version keys are added.
    """
    definitions: dict[str, Any] = {}
    reference = _schema(kind, definitions)
    top = definitions[reference["$ref"].rpartition("/")[2]]
    top["properties"] = {"schema": {"const": name}, **top["properties"]}
    top["required"] = ["schema", *top["required"]]
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": name, **reference, "$defs": definitions}


def _schema(kind: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    origin, inside = get_origin(kind), get_args(kind)
    if kind is Buckets:
        return {"anyOf": [_defined(Buckets, definitions), {"type": "null"}]}
    if is_dataclass(kind):
        return _defined(cast("type[Any]", kind), definitions)
    if kind is datetime:
        return {"type": "string", "format": "date-time"}
    if isinstance(kind, type) and issubclass(kind, Enum):
        return {"enum": [each.value for each in kind]}
    if origin is tuple:
        return _list_schema(inside, definitions)
    if origin in {Union, UnionType}:
        return {
            "anyOf": [{"type": "null"} if each is NoneType else _schema(each, definitions) for each in inside],
        }
    if origin is Mapping:
        keys: dict[str, Any] = {"propertyNames": {"pattern": "^[0-9]+$"}} if inside[0] is int else {}
        if isinstance(inside[0], type) and issubclass(inside[0], Enum):
            keys = {"propertyNames": _schema(inside[0], definitions)}
        return {"type": "object", **keys, "additionalProperties": _schema(inside[1], definitions)}
    return {"type": _TYPES[kind]}


def _list_schema(inside: tuple[Any, ...], definitions: dict[str, Any]) -> dict[str, Any]:
    if inside[-1] is Ellipsis:
        return {"type": "array", "items": _schema(inside[0], definitions)}
    items = [_schema(each, definitions) for each in inside]
    return {"type": "array", "prefixItems": items, "minItems": len(items), "maxItems": len(items)}


def _defined(kind: type[Any], definitions: dict[str, Any]) -> dict[str, Any]:
    """Put a class among the definitions, once, and refer to it."""
    if kind.__name__ not in definitions:
        described: dict[str, Any] = {"description": cleandoc(kind.__doc__ or ""), "type": "object"}
        definitions[kind.__name__] = described
        hints = get_type_hints(kind)
        described["properties"] = {each.name: _schema(hints[each.name], definitions) for each in fields(kind)}
        described["required"] = [each.name for each in fields(kind) if _is_needed(each)]
    return {"$ref": f"#/$defs/{kind.__name__}"}
