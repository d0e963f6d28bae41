"""Write docs/reference/plan.md from the plan's JSON Schema; a test holds that it is up to date."""

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from outgrow.plan.schema import json_schema
from outgrow.plan.sources import BUILTIN_KINDS

PAGE = Path(__file__).parent.parent / "docs" / "reference" / "plan.md"
SCHEMA = json_schema(BUILTIN_KINDS)
INTRODUCTION = """# The plan file

Written from the plan's own types by `tools/reference_plan.py`. `outgrow schema` prints the same as a JSON Schema for
editors; `outgrow validate` finds every mistake at once.

A plan is one YAML file, or several: `include:` lists further files whose sources, signals, levels, checkpoints,
scenarios, alerts and dashboards belong to it. Texts mean what they look like: `yes` is text, `010` is ten, a key may
stand only once.

**Durations** are exact: `30s`, `15m`, `24h`, `14d` (14 x 24 hours), `1h30m`, `500 ms`. Months and years have no fixed
length and are not accepted.

**Quantities** are a number with its unit: `800 ms`, `60 %`, `512 MiB`, `500 rps`, `10_000 per day`, `10 GB per day`,
`30 USD`, `50 sessions`. A bare number takes the unit of the signal that it is compared with. Units of different things
cannot be compared: `800 ms` with a ratio is an error. Thousands are grouped with `_`, for `1,000` can be read in two
ways.

**Secrets** stand in the environment: `${NAME}`, or `${NAME:-default}` where NAME may be unset or empty. The plan never
holds what they stand for, and a password that is written out is warned of.

**Warnings.** `outgrow validate` also warns of what is allowed but cannot work, or not as it was meant:

- a grade that no combination of conditions can show, because its rule contradicts itself or a more severe one always
  holds with it; a condition in no rule; a deadline after the grade's own `due`
- a `for` or `clears_for` shorter than the time between two samples; a `max_gap` that no window keeps; a window longer
  than the journal keeps samples; `min_n` where no rows are counted
- a threshold outside a share's 0 to 100 %; a leaving threshold on the wrong side; two levels of one signal
- a `window` shorter than `every`, so that stretches are never seen; a derived signal that is faster than its inputs
- a query that asks the database for the present moment instead of `:now`, so that its past cannot be asked for
- sources and signals that nothing uses; passwords written out, and references such as `$NAME` that are none
"""

# The order of a plan, each part with its heading; below a source stands what a signal may read from it.
PARTS: Mapping[str, str] = {
    "Plan": "The plan",
    **{kind.options.__name__: f"sources: {name}" for name, kind in BUILTIN_KINDS.items()},
    "QuerySignal": "signals: read from a source",
    "RatioSignal": "signals: ratio",
    "RateSignal": "signals: rate",
    "GrowthSignal": "signals: growth_per_day",
    "DeltaSignal": "signals: delta",
    "Level": "levels",
    "Checkpoint": "checkpoints",
    "Condition": "checkpoints: conditions",
    "GradeRule": "checkpoints: verdicts",
    "Rule": "checkpoints: rules in rules",
    "AtLeastOf": "checkpoints: at_least_of",
    "Option": "checkpoints: options",
    "Roadmap": "roadmap",
    "Phase": "roadmap: phases",
    "Verify": "roadmap: verify",
    "VersionOfTarget": "roadmap: version",
    "Targets": "targets",
    "ResourceTarget": "targets: resources",
    "RateTargets": "targets: rps",
    "Scenario": "scenarios",
    "Tls": "scenarios: tls",
    "Feed": "scenarios: data",
    "Flow": "scenarios: flows",
    "ScenarioStep": "scenarios: steps",
    "Upload": "scenarios: files",
    "Check": "scenarios: checks",
    "Capture": "scenarios: captures",
    "Stream": "scenarios: stream",
    "TokenPrices": "scenarios: stream: prices",
    "WebSocketTalk": "scenarios: websocket",
    "Turn": "scenarios: websocket: turns",
    "GrpcCall": "scenarios: grpc",
    "Pause": "scenarios: think",
    "Stage": "scenarios: stages",
    "Sine": "scenarios: stages: sine",
    "Trace": "scenarios: trace",
    "Ceiling": "scenarios: ceiling",
    "Service": "services",
    "PoolUse": "services: pool",
    "ProcessTarget": "services: runs_on: kind: processes",
    "DockerTarget": "services: runs_on: kind: docker",
    "KubernetesTarget": "services: runs_on: kind: kubernetes",
    "DryRunTarget": "services: runs_on: kind: dry_run",
    "Readiness": "services: runs_on: ready",
    "Stopping": "services: runs_on: stop",
    "NginxFront": "services: runs_on: behind",
    "HpaPolicy": "services: scaling: policy: hpa",
    "KedaPolicy": "services: scaling: policy: keda",
    "Trigger": "services: scaling: policy: keda: triggers",
    "FormulaOver": "services: scaling: policy: keda: combine",
    "Fallback": "services: scaling: policy: keda: fallback",
    "PredictivePolicy": "services: scaling: policy: predictive",
    "ResourceMetric": "services: scaling: metrics: kind: resource",
    "ContainerResourceMetric": "services: scaling: metrics: kind: container_resource",
    "PodsMetric": "services: scaling: metrics: kind: pods",
    "ObjectMetric": "services: scaling: metrics: kind: object",
    "ExternalMetric": "services: scaling: metrics: kind: external",
    "Behavior": "services: scaling: behavior",
    "Direction": "services: scaling: behavior: up and down",
    "Rate": "services: scaling: behavior: rates",
    "ControllerOptions": "services: scaling: controller",
    "Schedule": "services: scaling: schedules",
    "Caps": "services: scaling: caps",
    "Alert": "alerts",
    "Dashboard": "dashboards",
    "Review": "review",
    "JournalOptions": "journal",
}
READS = {kind.options.__name__: kind.read.__name__ for kind in BUILTIN_KINDS.values()}


def page() -> str:
    """Give the page's text."""
    parts = [INTRODUCTION]
    for name, heading in PARTS.items():
        whole = SCHEMA if name == "Plan" else SCHEMA["$defs"][name]
        parts.append(f"## {heading}\n\n{whole['description']}\n\n{_table(whole)}")
        if name in READS:
            read = SCHEMA["$defs"][READS[name]]
            parts.append(f"A signal reads from it by `{_shorthand(read)}`. {read['description']}\n\n{_table(read)}")
    return "\n".join(parts)


def documented() -> set[str]:
    """Name the definitions that have a place on the page."""
    return {"Plan", "Duration", "Quantity", *PARTS, *READS.values()}


def _shorthand(read: Mapping[str, Any]) -> str:
    return "query: ..." if list(read["properties"]) == ["query"] else "read: {...}"


def _table(whole: Mapping[str, Any]) -> str:
    rows = ["| Option | Meaning | Type | Default |", "| --- | --- | --- | --- |"]
    for name, option in whole["properties"].items():
        required = name in whole.get("required", ())
        meaning = option.get("description", "").replace("|", "\\|")
        rows.append(f"| `{name}` | {meaning} | {_type(option)} | {'**required**' if required else _default(option)} |")
    return "\n".join(rows) + "\n"


def _default(option: Mapping[str, Any]) -> str:
    match option.get("default"):
        case None | dict():
            return ""
        case bool() as flag:
            return f"`{str(flag).lower()}`"
        case value:
            return f"`{value}`"


def _type(option: Mapping[str, Any]) -> str:  # noqa: PLR0911 (a table of forms)
    """Word a type for people."""
    match option:
        case {"$ref": str(reference)}:
            return _linked(reference.rpartition("/")[2])
        case {"const": value}:
            return f"`{value}`"
        case {"enum": list(values)}:
            return " ".join(f"`{value}`" for value in values)
        case {"anyOf": list(branches)} | {"oneOf": list(branches)}:
            return ", or ".join(dict.fromkeys(_type(branch) for branch in branches))
        case {"prefixItems": list(items)}:
            return f"list of {len(items)}, each a {_type(items[0])}"
        case {"type": "array", "items": items}:
            return f"list of {_type(items)}"
        case {"type": "object"}:
            return _object(option)
        case {"type": ["string", "number"]}:
            return "text or number"
        case {"type": "integer"}:
            return f"whole number{_bounds(option)}"
        case {"type": "number"}:
            return f"number{_bounds(option)}"
        case {"type": "boolean"}:
            return "`true` or `false`"
        case _:
            return "text"


def _object(option: Mapping[str, Any]) -> str:
    values = ", or ".join(dict.fromkeys(_values(option)))
    keys = ", ".join(f"`{key}`" for key in option.get("properties", {}))
    return f"names, each with {values or 'text'}" if values or not keys else f"mapping of {keys}"


def _values(option: Mapping[str, Any]) -> Iterator[str]:
    for each in option.get("patternProperties", {}).values():
        yield _type(each)
    if isinstance(option.get("additionalProperties"), dict):
        yield _type(option["additionalProperties"])


def _bounds(option: Mapping[str, Any]) -> str:
    words = {"minimum": "from", "exclusiveMinimum": "above", "maximum": "to"}
    return "".join(f" {word} {option[key]}" for key, word in words.items() if key in option)


def _linked(name: str) -> str:
    plain = {"Duration": "duration", "Quantity": "quantity"}
    if name in plain:
        return plain[name]
    heading = PARTS.get(name, "")
    if not heading:
        return "what its source gives"
    anchor = heading.lower().replace(":", "").replace(" ", "-")
    return f"[{heading.rpartition(': ')[2]}](#{anchor})"


def main() -> None:
    """Write the page, or with `--check` say whether it is up to date."""
    text = page()
    if "--check" in sys.argv:
        sys.exit(0 if PAGE.read_text(encoding="utf-8") == text else "docs/reference/plan.md is out of date")
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
