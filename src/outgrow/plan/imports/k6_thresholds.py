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
    kept, notes = dict[str, list[Any]](), list[str]()
    steps = dict[str, dict[str, Any]]()
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
        # {scenario:NAME} falls away, so that two of k6's keys may be one here.
        kept.setdefault(written, []).extend(each for each in _conditions(conditions) if each not in kept[written])
        _add_step(steps, pairs, tags)
    return ImportedThresholds(kept, tuple(steps.values()), tuple(notes))


def _conditions(conditions: Any) -> Iterator[Any]:
    """Give conditions as a plan has them: those that end nothing stand alone."""
    for each in cast("list[Any]", conditions) if isinstance(conditions, list) else [conditions]:
        found = cast("Mapping[str, Any]", each) if isinstance(each, Mapping) else {"threshold": each}
        yield dict(found) if found.get("abortOnFail") else str(found["threshold"])


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


def _add_step(steps: dict[str, dict[str, Any]], pairs: tuple[tuple[str, str], ...], tags: Mapping[str, str]) -> None:
    """Add the step that tags choose, where they do not choose every one."""
    name = next((value for tag, value in pairs if tag in {"step", "name"}), "")
    own = {tag: value for tag, value in pairs if tag not in SYSTEM_TAGS and tags.get(tag) != value}
    if not name and not own:
        return
    words = "-".join(["change-me", *(own.values() if not name else [])]).lower()
    called = name or re.sub(r"[^a-z0-9]+", "-", words).strip("-")
    while not name and steps.get(called, {}).get("tags", own) != own:
        called += "-too"  # other tags with the same values
    step = steps.setdefault(called, {"name": called, "path": "/"})
    if own:
        step["tags"] = own | step.get("tags", {})
