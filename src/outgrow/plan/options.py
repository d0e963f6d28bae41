"""Which options exist at a place of the plan, to suggest one where an unknown one was written."""

from collections.abc import Mapping
from typing import Any, get_args

from pydantic import BaseModel

from outgrow.plan import Plan
from outgrow.plan.signals import DeltaSignal, GrowthSignal, QuerySignal, RateSignal, RatioSignal
from outgrow.plan.sources import SourceKind
from outgrow.plan.yaml_tree import Path


def options_at(
    path: Path,
    data: Any,
    kinds: Mapping[str, SourceKind],
    kind_of_source: Mapping[str, str],  # noqa: ANN401 (plain data)
) -> tuple[str, ...]:
    """Name the options of the mapping at `path`; empty where anything may stand."""
    match path:
        case ("sources", str(name)):
            kind = kinds.get(kind_of_source.get(name, ""))
            return _names(kind.options) if kind else ()
        case ("signals", str(name)):
            return _signal_options(_at(data, path), name)
        case ("signals", str(name), "read"):
            kind = kinds.get(kind_of_source.get(str(_at(data, ("signals", name, "source"))), ""))
            return _names(kind.read) if kind else ()
        case _:
            model = _model_at(Plan, path)
            return _names(model) if model else ()


def _signal_options(signal: Any, name: str) -> tuple[str, ...]:  # noqa: ANN401, ARG001 (plain data)
    for option, model in (
        ("ratio", RatioSignal),
        ("rate", RateSignal),
        ("growth_per_day", GrowthSignal),
        ("delta", DeltaSignal),
    ):
        if isinstance(signal, Mapping) and option in signal:
            return _names(model)
    return (*_names(QuerySignal), "query", "ratio", "rate", "growth_per_day", "delta")


def _at(data: Any, path: Path) -> Any:  # noqa: ANN401 (plain data)
    for part in path:
        try:
            data = data[part]
        except (KeyError, IndexError, TypeError):
            return None
    return data


def _names(model: type[BaseModel]) -> tuple[str, ...]:
    return tuple(field.alias or name for name, field in model.model_fields.items())


def _model_at(model: type[BaseModel], path: Path) -> type[BaseModel] | None:
    """Follow a path through models, mappings and tuples to the model that stands there."""
    current: Any = model
    for part in path:
        models = [each for each in _models_in(current) if isinstance(each, type)]
        if isinstance(current, type) and issubclass(current, BaseModel):
            models = [current]
        container = _container_of(current)
        if container is not None:
            current = container
            continue
        field = next((f for m in models for n, f in m.model_fields.items() if part in {n, f.alias}), None)
        if field is None:
            return None
        current = field.annotation
    found = [current] if isinstance(current, type) and issubclass(current, BaseModel) else _models_in(current)
    return found[0] if found else None


def _container_of(annotation: Any) -> Any:  # noqa: ANN401 (a type expression)
    """Give what a mapping or a tuple holds, or nothing for anything else."""
    for each in (annotation, *get_args(annotation)):
        origin = getattr(each, "__origin__", None)
        if isinstance(origin, type) and issubclass(origin, Mapping):
            return get_args(each)[1]
        if origin is tuple:
            return get_args(each)[0]
    return None


def _models_in(annotation: Any) -> list[type[BaseModel]]:  # noqa: ANN401 (a type expression)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for each in get_args(annotation) for model in _models_in(each)]
