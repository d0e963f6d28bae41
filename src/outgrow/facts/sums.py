"""Counts that add up, whatever they are made of."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar, cast

from outgrow.facts.buckets import Buckets, together

Fact = TypeVar("Fact")


def added(first: Fact, second: Fact) -> Fact:
    """Add two counts of the same kind, part by part: numbers, buckets, and mappings, rows and facts of them.

    Raises:
        TypeError: they hold something that does not add up, a name for instance.
    """
    return cast("Fact", _sum(first, second))


def _sum(ours: Any, theirs: Any) -> Any:
    match ours:
        case Buckets():
            return together((ours, theirs))
        case Mapping():
            first, second = cast("Mapping[Any, Any]", ours), cast("Mapping[Any, Any]", theirs)
            joined = {key: _sum(value, second[key]) if key in second else value for key, value in first.items()}
            return {**second, **joined}
        case tuple():
            rows = zip(cast("tuple[Any, ...]", ours), cast("tuple[Any, ...]", theirs), strict=True)
            return tuple(_sum(first, second) for first, second in rows)
        case int() | float():
            return ours + theirs
        case _ if is_dataclass(ours) and not isinstance(ours, type):
            parts = {each.name: _sum(getattr(ours, each.name), getattr(theirs, each.name)) for each in fields(ours)}
            return replace(ours, **parts)
        case _:
            raise TypeError(f"{type(ours).__name__} does not add up")
