"""The options of a k6 script, as `k6 inspect SCRIPT` prints them or a `--config` file has them: course, thresholds.

k6's meaning is kept: a stage ramps linearly to its target over its whole duration, and `stages` without an executor are
users who wait for their answers. The requests stand in the script, which is not read.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

from outgrow.errors import UsageError
from outgrow.plan.imports.k6_thresholds import thresholds_of
from outgrow.plan.imports.scenario import ImportedScenario
from outgrow.plan.load_metrics import SYSTEM_TAGS
from outgrow.quantity import Duration, format_number

_WORDS: Final = frozenset({"vus", "duration", "iterations", "stages", "scenarios"})
_ELSE: Final = frozenset({"metrics", "log", "latencies"})
"""Words of results and recordings, which may hold a `duration` too."""
_NO_TIME: Final = Duration.parse("0s")
_SECOND: Final = Duration.parse("1s")
_NOT_CARRIED: Final = ("exec", "env", "startTime", "options")
Options = Mapping[str, Any]


def read(text: str, target: str) -> ImportedScenario | None:
    """Read options; none where the text is something else.

    Raises:
        UsageError: they are broken, or of an executor that has no counterpart.
    """
    try:
        found: Any = json.loads(text)
    except ValueError:
        return None
    if not isinstance(found, dict) or _ELSE & found.keys():
        return None
    options = {key: value for key, value in cast("Options", found).items() if value not in (None, {}, [], "")}
    if not _WORDS & options.keys():
        return None
    try:
        return _scenario(options, target)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UsageError(f"the k6 options are broken: {type(error).__name__}: {error}") from error


def _scenario(options: Options, target: str) -> ImportedScenario:
    notes = ["the requests stand in the k6 script: write them as steps, flows, or flow: FILE.py:FUNCTION"]
    scenarios = cast("Mapping[str, Options]", options.get("scenarios") or {})
    chosen, name = options, ""
    if scenarios:
        name, chosen = next(iter(scenarios.items()))
        others = ", ".join(other for other in scenarios if other != name)
        if others:
            notes.append(f"{name} is read; {others} would run beside it: import and run them on their own")
    left_out = [word for word in _NOT_CARRIED if chosen.get(word)]
    if left_out:
        notes.append(f"{', '.join(left_out)} of the scenario are left out")
    course, told = _course(chosen)
    found: dict[str, Any] = {"target": target, **course}
    given = [cast("Mapping[str, Any]", each.get("tags") or {}) for each in (options, chosen)]
    tags = {tag: str(value) for each in given for tag, value in each.items() if tag not in SYSTEM_TAGS}
    if tags:
        found["tags"] = tags
    judged = thresholds_of(options.get("thresholds") or {}, name, tags)
    if judged.thresholds:
        found["thresholds"] = dict(judged.thresholds)
    found["steps"] = [dict(step) for step in judged.steps] or [{"name": "change-me", "path": "/"}]
    return ImportedScenario(found, (*notes, *told, *judged.notes))


def _course(options: Options) -> tuple[dict[str, Any], list[str]]:
    executor = str(options.get("executor") or _implied(options))
    match executor:
        case "constant-arrival-rate":
            rate = float(options["rate"]) / _time_unit(options)
            return {"target_rps": _number(rate), "duration": options["duration"], **_users(options)}, []
        case "ramping-arrival-rate":
            unit = _time_unit(options)
            stages = _stages(options["stages"], float(options.get("startRate", 0)), unit)
            return {"executor": executor, "stages": stages, **_users(options)}, []
        case "constant-vus":
            return {"executor": executor, "vus": int(options.get("vus", 1)), "duration": options["duration"]}, []
        case "ramping-vus":
            start = float(options.get("startVUs", options.get("vus", 1)))
            told = (
                "k6's stages ramp users, who wait for their answers: a slow server is asked less. For arrivals at a "
                "rate, whatever the server does, write executor: ramping-arrival-rate, and jump or hold stages"
            )
            return {"executor": executor, "stages": _stages(options["stages"], start, 1.0)}, [told]
        case "shared-iterations" | "per-vu-iterations":
            longest = {"duration": options["maxDuration"]} if options.get("maxDuration") else {}
            users, iterations = int(options.get("vus", 1)), int(options.get("iterations", 1))
            return {"executor": executor, "vus": users, "iterations": iterations, **longest}, []
        case _:
            raise UsageError(f'the k6 executor "{executor}" has no counterpart here; write the course by hand')


def _implied(options: Options) -> str:
    """Give the executor that k6 takes for its shorthand options."""
    if options.get("stages"):
        return "ramping-vus"
    return "constant-vus" if options.get("duration") else "shared-iterations"


def _stages(stages: Sequence[Options], start: float, unit: float) -> list[dict[str, Any]]:
    level, found = start / unit, list[dict[str, Any]]()
    if level:
        found.append({"jump": _number(level)})
    for stage in stages:
        goal, length = float(stage["target"]) / unit, str(stage["duration"])
        if Duration.parse(length) == _NO_TIME:
            found.append({"jump": _number(goal)})
        elif goal == level:
            found.append({"hold": length})
        else:
            found.append({"ramp": _number(goal), "over": length})
        level = goal
    return found


def _users(options: Options) -> dict[str, int]:
    """Give the most arrivals under way: as many as k6 may have users."""
    most = options.get("maxVUs") or options.get("preAllocatedVUs")
    return {"users": int(most)} if most else {}


def _time_unit(options: Options) -> float:
    return Duration.parse(str(options.get("timeUnit") or "1s")) / _SECOND


def _number(rate: float) -> float | int:
    return int(rate) if rate.is_integer() else float(format_number(rate).replace(",", ""))
