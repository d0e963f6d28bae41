"""Which options exist at a place of the plan, to suggest one where an unknown one was written."""

from collections.abc import Iterator, Mapping
from typing import Any, Final, get_args, get_origin

from pydantic import BaseModel

from outgrow.plan import Plan
from outgrow.plan.signals import DERIVATIONS, QuerySignal, SignalBase
from outgrow.plan.sources import Vocabulary
from outgrow.plan.yaml_tree import Data, Path, data_at


def options_at(path: Path, data: Data, words: Vocabulary) -> tuple[str, ...]:
    """Name the options of the mapping at `path`; none where anything may stand, or nothing is known."""
    match path:
        case ("sources", str(name), *below):
            kind = words.kinds.get(words.kind_of_source.get(name, ""))
            return _names_below(kind.options, below) if kind else ()
        case ("signals", str(name), "read", *below):
            source = data_at(data, ("signals", name, "source"))
            kind = words.kinds.get(words.kind_of_source.get(source, "")) if isinstance(source, str) else None
            return _names_below(kind.read, below) if kind else ()
        case ("signals", str()):
            return _signal_options(data_at(data, path))
        case _:
            return _names_below(Plan, path, data_at(data, path))


def read_options(kind: str, words: Vocabulary) -> tuple[str, ...]:
    """Name what a signal may read from a source of a kind; nothing for an unknown one."""
    return _names(words.kinds[kind].read) if kind in words.kinds else ()


def _signal_options(signal: Data) -> tuple[str, ...]:
    for option, model in DERIVATIONS.items():
        if isinstance(signal, Mapping) and option in signal:
            return _names(model)
    return (*_names(QuerySignal), "query", *DERIVATIONS)


def _names(model: type[BaseModel]) -> tuple[str, ...]:
    return tuple(option.alias or name for name, option in model.model_fields.items())


QUERY_OPTIONS: Final = frozenset({*QuerySignal.model_fields, "query"} - set(SignalBase.model_fields))
"""What only a signal that is read from a source has."""


def _names_below(model: type[BaseModel], path: Path | list[str | int], written: Data = None) -> tuple[str, ...]:
    """Follow a path through models, mappings and lists to the model that stands there.

    Of several the one whose own word, such as its `kind`, is what was written.
    """
    types: list[Any] = [model]
    for part in path:
        types = [below for each in types for below in _below(each, part)]
    models = [each for whole in types for each in _alternatives(whole) if _is_model(each)]
    meant = [each for each in models if _is_of_its_kind(each, written)]
    return _names((meant or models)[0]) if models else ()


def _is_of_its_kind(model: type[BaseModel], written: Data) -> bool:
    if not isinstance(written, Mapping):
        return False
    words = [(name, get_args(option.annotation)) for name, option in model.model_fields.items()]
    return any(len(word) == 1 and written.get(name) == word[0] for name, word in words)


def _below(whole: Any, part: str | int) -> Iterator[Any]:
    for each in _alternatives(whole):
        if _is_model(each):
            yield from (option.annotation for name, option in each.model_fields.items() if part in {name, option.alias})
        elif isinstance(origin := get_origin(each), type) and issubclass(origin, Mapping):
            yield get_args(each)[1]
        elif origin is tuple:
            yield get_args(each)[0]


def _alternatives(whole: Any) -> Iterator[Any]:
    """Give what a type expression may stand for: the members of unions, with annotations taken off."""
    if _is_model(whole) or get_origin(whole) is tuple or _is_mapping(whole):
        yield whole
    else:
        for each in get_args(whole):
            yield from _alternatives(each)


def _is_model(each: Any) -> bool:
    return isinstance(each, type) and issubclass(each, BaseModel)


def _is_mapping(each: Any) -> bool:
    origin = get_origin(each)
    return isinstance(origin, type) and issubclass(origin, Mapping)
