"""The options of a k6 script, as `k6 inspect SCRIPT` prints them or a `--config` file has them: course, thresholds.

k6's meaning is kept: a stage ramps linearly to its target over its whole duration, and `stages` without an executor are
users who wait for their answers. The requests stand in the script, which is not read.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, cast

from outgrow.errors import UsageError
from outgrow.plan.imports.k6_thresholds import thresholds_of
from outgrow.plan.imports.scenario import ImportedScenario, Names
from outgrow.plan.load_metrics import SYSTEM_TAGS
from outgrow.plan.suggestion import listed
from outgrow.quantity import Duration

_WORDS: Final = frozenset({"vus", "duration", "iterations", "stages", "scenarios"})
_ELSE: Final = frozenset({"metrics", "log", "latencies"})
"""Words of results and recordings, which may hold a `duration` too."""
_NO_TIME: Final = Duration.parse("0s")
_SECOND: Final = Duration.parse("1s")
_TAKEN: Final = frozenset(
    {
        *("executor", "duration", "iterations", "maxDuration", "maxVUs", "preAllocatedVUs", "rate", "stages"),
        *("startRate", "startVUs", "tags", "timeUnit", "vus", "gracefulStop", "scenarios", "thresholds"),
        *("insecureSkipTLSVerify", "noConnectionReuse", "noVUConnectionReuse", "maxRedirects"),
    }
)
_OF_THE_REPORT: Final = frozenset(
    {
        *("cloud", "discardResponseBodies", "ext", "httpDebug", "systemTags", "summaryTimeUnit", "summaryTrendStats"),
        *("totalDuration", "options", "setupTimeout", "teardownTimeout", "throw", "noCookiesReset"),
    }
)
"""Options that change nothing of the load, or have no place without the script's own code."""
_HOW: Final[Mapping[str, str]] = {
    "batch": "requests of a flow follow one another",
    "batchPerHost": "requests of a flow follow one another",
    "exec": "write the flow of that function",
    "env": "write the values into the plan",
    "executionSegment": "outgrow load --shard 0/2 runs a share",
    "gracefulRampDown": "users who go finish their arrival within graceful_stop",
    "hosts": "target: and headers: {Host: ...} say the same",
    "minIterationDuration": "the last pause of a flow, think:, paces its user",
    "rps": "write target_rps; arrivals are paced, not held back",
    "startTime": "start the run then",
    "userAgent": "write headers: {User-Agent: ...} into the steps",
}
"""What to do about an option that is not carried over."""
_TIME_LIMIT: Final = "60s"
"""Of a request in k6, unless the script sets another."""
Options = Mapping[str, Any]


def read(text: str, target: str) -> ImportedScenario | None:
    """Read options; none where the text is something else.

    Raises:
        UsageError: they are broken, or of an executor that has no counterpart; or they are the script itself.
    """
    if re.search(r"^\s*(import\b.*['\"]k6\b|export (const|let|var) options\b)", text, re.MULTILINE):
        raise UsageError(
            "a k6 script is code, which is not read; write its options with k6 inspect --execution-requirements "
            "SCRIPT > options.json, and import that"
        )
    try:
        found: Any = json.loads(text)
    except ValueError:
        return None
    if not isinstance(found, dict) or _ELSE & found.keys():
        return None
    options = cast("Options", _said(found))
    if not _WORDS & options.keys() and "totalDuration" not in options:
        return None
    try:
        return _imported(options, target)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UsageError(f"the k6 options are broken: {type(error).__name__}: {error}") from error


def _said(value: Any) -> Any:
    """Leave out what k6 inspect prints of options that nobody set: null, and objects of nothing else."""
    if isinstance(value, dict):
        found = {key: _said(each) for key, each in cast("Options", value).items()}
        return {key: each for key, each in found.items() if each not in (None, "", [], {})}
    return [_said(each) for each in cast("list[Any]", value)] if isinstance(value, list) else value


def _imported(options: Options, target: str) -> ImportedScenario:
    notes = ["the requests stand in the k6 script: write them as steps, flows, or flow: FILE.py:FUNCTION"]
    scenarios = cast("Mapping[str, Options]", options.get("scenarios") or {"": options})
    names = Names()
    if len(scenarios) > 1:
        starts = ", ".join(
            f"{name} after {each['startTime']}" for name, each in scenarios.items() if "startTime" in each
        )
        notes.append(
            f"{listed(scenarios)} run beside one another in k6; here each is a run of its own"
            + (f" ({starts})" if starts else "")
        )
        if any("scenario:" not in key for key in cast("Options", options.get("thresholds") or {})):
            notes.append(
                "k6 judges thresholds without {scenario:NAME} over all scenarios together; here each by itself"
            )
    found = dict[str, Mapping[str, Any]]()
    for name, chosen in scenarios.items():
        scenario, told = _scenario(options, name, chosen, target)
        found[names.of(name)] = scenario
        notes += [f"{name}: {note}" if len(scenarios) > 1 else note for note in told]
    notes += _left_out("options", options)
    if options.get("maxRedirects") != 0:
        notes.append("k6 follows redirects; write follow: true into the steps that may meet one")
    several = found if len(found) > 1 else {}
    return ImportedScenario(next(iter(found.values())), tuple(dict.fromkeys(notes)), several)


def _left_out(whose: str, options: Options) -> Iterator[str]:
    """Say what is not carried over, and what to do about it."""
    for word in options:
        if word not in _TAKEN | _OF_THE_REPORT:
            how = f": {_HOW[word]}" if word in _HOW else ""
            yield f"{word} of the {whose} is left out{how}"


def _scenario(options: Options, name: str, chosen: Options, target: str) -> tuple[dict[str, Any], list[str]]:
    """Give a scenario as a plan has it, and what is to be said of it."""
    course, told = _course(chosen)
    if chosen is not options:
        told += _left_out("scenario", chosen)
    found: dict[str, Any] = {"target": target, **course, "timeout": _TIME_LIMIT}
    found["graceful_stop"] = str(chosen.get("gracefulStop", "30s"))
    if options.get("noConnectionReuse") or options.get("noVUConnectionReuse"):
        found["reuse"] = False
    if options.get("insecureSkipTLSVerify") and target.startswith("https:"):
        found["tls"] = {"insecure": True}
    given = [cast("Mapping[str, Any]", each.get("tags") or {}) for each in (options, chosen)]
    tags = {tag: str(value) for each in given for tag, value in each.items() if tag not in SYSTEM_TAGS}
    if tags:
        found["tags"] = tags
    judged = thresholds_of(options.get("thresholds") or {}, name or "default", tags)
    if judged.thresholds:
        found["thresholds"] = dict(judged.thresholds)
    found["steps"] = [dict(step) for step in judged.steps] or [{"name": "change-me", "path": "/"}]
    return found, [*told, *judged.notes]


def _course(options: Options) -> tuple[dict[str, Any], list[str]]:
    executor = str(options.get("executor") or _implied(options))
    match executor:
        case "constant-arrival-rate":
            rate = float(options["rate"]) / _time_unit(options)
            return {"target_rps": _number(rate), "duration": _length(options["duration"]), **_users(options)}, []
        case "ramping-arrival-rate":
            unit = _time_unit(options)
            stages = _stages(options["stages"], float(options.get("startRate", 0)), unit)
            return {"executor": executor, "stages": stages, **_users(options)}, []
        case "constant-vus":
            users = int(options.get("vus", 1))
            return {"executor": executor, "vus": users, "duration": _length(options["duration"])}, []
        case "ramping-vus":
            start = float(options.get("startVUs", options.get("vus", 1)))
            told = (
                "k6's stages ramp users, who wait for their answers: a slow server is asked less. For arrivals at a "
                "rate, whatever the server does, write executor: ramping-arrival-rate, and jump or hold stages"
            )
            return {"executor": executor, "stages": _stages(options["stages"], start, 1.0)}, [told]
        case "shared-iterations" | "per-vu-iterations":
            longest = options.get("maxDuration", options.get("duration", "10m"))
            users, iterations = int(options.get("vus", 1)), int(options.get("iterations", 1))
            return {"executor": executor, "vus": users, "iterations": iterations, "duration": _length(longest)}, []
        case _:
            raise UsageError(f'the k6 executor "{executor}" has no counterpart here; write the course by hand')


def _implied(options: Options) -> str:
    """Give the executor that k6 takes for its shorthand options."""
    if options.get("iterations"):
        return "shared-iterations"
    if options.get("duration"):
        return "constant-vus"
    return "ramping-vus" if options.get("stages") else "per-vu-iterations"


def _stages(stages: Sequence[Options], start: float, unit: float) -> list[dict[str, Any]]:
    level, found = start / unit, list[dict[str, Any]]()
    if level:
        found.append({"jump": _number(level)})
    for stage in stages:
        goal, length = float(stage["target"]) / unit, _length(stage["duration"])
        if Duration.parse(length) == _NO_TIME:
            found.append({"jump": _number(goal)})
        elif goal == level:
            found.append({"hold": length})
        else:
            found.append({"ramp": _number(goal), "over": length})
        level = goal
    return found


def _length(value: Any) -> str:
    """Give a length of time as a plan has it; k6's bare numbers are ms."""
    text = str(value)
    return f"{text}ms" if text.replace(".", "", 1).isdecimal() else text


def _users(options: Options) -> dict[str, int]:
    """Give the most arrivals under way: as many as k6 may have users."""
    most = options.get("maxVUs") or options.get("preAllocatedVUs")
    return {"users": int(most)} if most else {}


def _time_unit(options: Options) -> float:
    return Duration.parse(_length(options.get("timeUnit", "1s"))) / _SECOND


def _number(rate: float) -> float | int:
    return int(rate) if rate.is_integer() else rate
