"""Thresholds of a k6 script's options as a plan has them, and the steps that their tags speak of."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

from outgrow.plan.load_metrics import SYSTEM_TAGS
from outgrow.plan.load_thresholds import read_threshold

_KEY: Final = re.compile(r"([^{]+)(?:\{(.*)\})?")
_STEP_NAME: Final = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


@dataclass(frozen=True, slots=True)
class ImportedThresholds:
    """Thresholds by what they are set on, steps whose names and tags they speak of, and what was left out and why."""

    thresholds: Mapping[str, Any]
    steps: tuple[Mapping[str, Any], ...]
    notes: tuple[str, ...]


def thresholds_of(thresholds: Mapping[str, Any], scenario: str, tags: Mapping[str, str]) -> ImportedThresholds:
    """Carry thresholds over.

    Args:
        thresholds: k6's, by metric and tags.
        scenario: the name of the scenario that is read; thresholds on another one are left out.
        tags: those that every request of the scenario has.
    """
    kept, notes = dict[str, Any](), list[str]()
    steps = dict[str, Mapping[str, Any]]()
    for key, conditions in thresholds.items():
        metric, pairs = _parts(key)
        if any(tag == "scenario" and value != scenario for tag, value in pairs):
            notes.append(f"{key} is left out: it is set on another scenario")
            continue
        pairs = tuple(pair for pair in pairs if pair[0] != "scenario")
        written = metric + (f"{{{','.join(f'{tag}:{value}' for tag, value in pairs)}}}" if pairs else "")
        if why := _why_not(written, conditions, pairs):
            notes.append(f"{key} is left out: {why}")
            continue
        kept[written] = conditions
        for step in _steps(pairs, tags):
            steps.setdefault(str(step), step)
    return ImportedThresholds(kept, tuple(steps.values()), tuple(notes))


def _parts(key: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    found = _KEY.fullmatch(key.strip())
    inside = (found.group(2) or "") if found is not None else ""
    pairs = (part.partition(":") for part in inside.split(",") if part.strip())
    metric = key if found is None else found.group(1).strip()
    return metric, tuple((tag.strip(), value.strip()) for tag, _, value in pairs)


def _why_not(key: str, conditions: Any, pairs: tuple[tuple[str, str], ...]) -> str:
    """Say why a threshold cannot be carried over; empty where it can."""
    name = next((value for tag, value in pairs if tag in {"step", "name"}), "")
    if name and not _STEP_NAME.fullmatch(name):
        return f'"{name}" is no name of a step; name the step, and write the threshold on it'
    several = cast("list[Any]", conditions) if isinstance(conditions, list) else [conditions]
    for each in several:
        try:
            text = cast("Mapping[str, Any]", each)["threshold"] if isinstance(each, Mapping) else each
            reading = read_threshold(key, str(text))
        except (ValueError, KeyError) as error:
            return str(error)
        if reading.subject != "metric":
            return f"no metric is called {reading.of}; a script's own metrics are not measured"
    return ""


def _steps(pairs: tuple[tuple[str, str], ...], tags: Mapping[str, str]) -> Iterator[Mapping[str, Any]]:
    """Give the step that tags choose, where they do not choose every one."""
    name = next((value for tag, value in pairs if tag in {"step", "name"}), "")
    own = {tag: value for tag, value in pairs if tag not in SYSTEM_TAGS and tags.get(tag) != value}
    if name or own:
        called = name or "-".join(["change-me", *(re.sub(r"[^a-z0-9]+", "-", each.lower()) for each in own.values())])
        yield {"name": called.strip("-"), "path": "/", **({"tags": own} if own else {})}
