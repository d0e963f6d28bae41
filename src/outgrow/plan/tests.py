"""Tests of a plan: series in, verdicts out, as a file beside the plan (`*.test.yaml`).

plan: plan.yaml
tests:
  - name: slow answers and a busy AI
    signals:
      latency: 500x30 900x31          # 30 samples of 500, then 31 of 900, one per `every` of the signal
      ai-share: {values: 0.62x61, every: 1m}
    expect:
      - {at: 1h, checkpoint: split, grade: recommended, undecided: [required], due: 14d1h}
"""

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, Field, PlainValidator, ValidationError, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from outgrow.errors import Place, PlanError, Problem
from outgrow.plan.checkpoints import ZERO, GradeName
from outgrow.plan.grades import Grade, grade_of
from outgrow.plan.model import Declared, Name
from outgrow.plan.notation import Given, read_values
from outgrow.plan.signals import PositiveDuration
from outgrow.plan.yaml_tree import Path, Tree, dotted, read_tree
from outgrow.quantity import Duration

MONDAY: Final = datetime(2026, 1, 5, tzinfo=UTC)
Answered = Literal["held", "not held", "unknown"]
Unknown = Literal["unknown"]


def _values(raw: object) -> tuple[Given, ...]:
    try:
        return read_values(raw)
    except ValueError as error:
        raise PydanticCustomError("values", "{why}", {"why": str(error)}) from error


Values = Annotated[
    tuple[Given, ...],
    PlainValidator(_values),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "number"}, {"type": "array"}]}),
]


class SeriesGiven(Declared):
    """One series of a signal."""

    values: Values
    """In the signal's unit: `500x30 900x31 _x5 nan`, `0+10x20`, or a list."""
    labels: Mapping[Name, str] = {}
    """Its label set, for a signal with `by`."""
    every: PositiveDuration | None = None
    """How far apart the samples stand; the signal's own interval unless given."""
    after: Duration = ZERO
    """When the first sample comes, counted from the test's start."""


def _series(raw: Any) -> Any:
    """Let a signal's values stand alone, and one series without brackets."""
    if isinstance(raw, Mapping):
        return (raw,)
    if isinstance(raw, Sequence) and not isinstance(raw, str) and any(isinstance(each, Mapping) for each in raw):  # pyright: ignore[reportUnknownVariableType]
        return raw  # pyright: ignore[reportUnknownVariableType]
    return ({"values": raw},)


class OwnLoad(Declared):
    """A span that does not count, from the test's start."""

    start: Annotated[Duration, Field(alias="from")]
    """When it begins."""
    end: Annotated[Duration, Field(alias="to")]
    """When it ends."""
    kind: Literal["load_test", "deployment", "maintenance"] = "load_test"
    """What it is."""


def _shown(raw: object) -> Grade | Unknown:
    if raw == "unknown":
        return "unknown"
    try:
        return raw if isinstance(raw, Grade) else grade_of(str(raw))
    except KeyError as error:
        known = ", ".join(["unknown", *(each.word for each in Grade)])
        raise PydanticCustomError(
            "grade", '"{raw}" is not a grade; the grades are {known}', {"raw": str(raw), "known": known}
        ) from error


ShownGrade = Annotated[
    Grade | Unknown,
    PlainValidator(_shown),
    WithJsonSchema({"enum": ["unknown", *(each.word for each in Grade)]}),
]


def _when(raw: object) -> Duration | datetime | Literal["none", "now"]:
    if raw in {"none", "now"}:
        return "none" if raw == "none" else "now"
    text = str(raw)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        try:
            return Duration.parse(text)
        except ValueError as error:
            what = (
                '"{raw}" is no time; write none, now, a duration from the start such as 14d30m, or a date with a zone'
            )
            raise PydanticCustomError("when", what, {"raw": text}) from error
    if moment.tzinfo is None:
        raise PydanticCustomError("when", "a date needs its zone; write for example {raw}Z", {"raw": text})
    return moment


When = Annotated[
    Duration | datetime | Literal["none", "now"], PlainValidator(_when), WithJsonSchema({"type": "string"})
]
"""`none`, `now` (it has come), a duration from the test's start, or a date with its zone."""


class Expectation(Declared):
    """What must be so at a moment; what is not written is not looked at."""

    at: Duration
    """The moment, counted from the test's start."""
    checkpoint: Name | None = None
    """Which checkpoint; the plan's only one unless given."""
    grade: ShownGrade | None = None
    """The shown grade."""
    undecided: tuple[GradeName, ...] | None = None
    """The higher grades that cannot be decided, in any order."""
    conditions: Mapping[Name, Answered] = {}
    """What conditions say."""
    rules: Mapping[GradeName, Literal["held", "not held", "unknown", "latched"]] = {}
    """What the rules of grades say."""
    due: When | None = None
    """By when the step must be taken."""
    review: When | None = None
    """When the shown grade is looked at again."""
    deadlines: Mapping[Name, When] | None = None
    """Every deadline."""

    @model_validator(mode="after")
    def _expects_something(self) -> "Expectation":
        if not self.model_fields_set - {"at", "checkpoint"}:
            raise PydanticCustomError("expect", "expects nothing; add grade: ..., conditions: ... or due: ...")
        return self


class GradeFrom(Declared):
    """From when on a grade is shown."""

    at: Duration
    """Counted from the test's start."""
    grade: ShownGrade
    """The grade, until the next one."""


def _start(raw: object) -> datetime:
    try:
        moment = raw if isinstance(raw, datetime) else datetime.fromisoformat(str(raw))
    except ValueError as error:
        raise PydanticCustomError("start", "write a date such as 2026-01-05T09:00:00+09:00") from error
    if moment.tzinfo is None:
        raise PydanticCustomError("start", "a date needs its zone; write for example {raw}Z", {"raw": str(raw)})
    return moment


class PlanTest(Declared):
    """One story: what the signals did, and what the plan must have said."""

    name: str
    """What it shows, in a sentence."""
    start: Annotated[datetime, PlainValidator(_start), WithJsonSchema({"type": "string", "format": "date-time"})] = (
        MONDAY
    )
    """When the series begin."""
    every: PositiveDuration = Duration.parse("1m")
    """How often the checkpoints are judged."""
    signals: Mapping[Name, Annotated[tuple[SeriesGiven, ...], BeforeValidator(_series)]] = {}
    """The series; a signal that is left out has no data, a derived one is worked out."""
    own_load: tuple[OwnLoad, ...] = ()
    """Spans of load tests, deployments and maintenance."""
    expect: tuple[Expectation, ...] = ()
    """What must be so, moment by moment."""
    timeline: Mapping[Name, Annotated[tuple[GradeFrom, ...], Field(min_length=1)]] = {}
    """Every change of a checkpoint's shown grade, in order, from the start to the last moment that is looked at."""
    until: Duration | None = None
    """How long the checkpoints are judged; to the last moment expected unless given."""

    @model_validator(mode="after")
    def _expects_something(self) -> "PlanTest":
        if not self.expect and not self.timeline:
            raise PydanticCustomError("expect", "expects nothing; add expect: ... or timeline: ...")
        return self

    @property
    def length(self) -> timedelta:
        """How long the checkpoints are judged."""
        moments = [each.at for each in self.expect]
        moments += [each.at for changes in self.timeline.values() for each in changes]
        return self.until if self.until is not None else max(moments)


class PlanTests(Declared):
    """A file of tests."""

    plan: str = "plan.yaml"
    """The plan's file, relative to this one."""
    tests: Annotated[tuple[PlanTest, ...], Field(min_length=1)]
    """The tests."""


@dataclass(frozen=True, slots=True)
class LoadedTests:
    """Valid tests, and where their parts stand."""

    tests: PlanTests
    tree: Tree

    def place(self, index: int) -> Place:
        """Give the place of a test."""
        return self.tree.place(("tests", index))


def parse_plan_tests(text: str, file: str) -> LoadedTests:
    """Read a file of tests from its text.

    Raises:
        PlanError: with every problem found.
    """
    tree = read_tree(text, file)
    problems = list(tree.problems)
    tests: PlanTests | None = None
    if isinstance(tree.data, dict):
        try:
            tests = PlanTests.model_validate(tree.data)
        except ValidationError as error:
            problems += [_problem(tree, each) for each in _own(error.errors())]
    elif not problems:
        problems.append(Problem(Place(file, 1, 1), "", "a file of tests is a mapping", 'begin with "tests:"'))
    if problems or tests is None:
        raise PlanError(tuple(sorted(problems, key=lambda each: (each.place.line, each.place.column))))
    return LoadedTests(tests, tree)


def _own(errors: Sequence[Any]) -> Sequence[Any]:
    """Leave out that a list is too short where it is so only because what stands in it is wrong."""
    return [
        error
        for error in errors
        if error["type"] != "too_short"
        or not any(each is not error and each["loc"][: len(error["loc"])] == error["loc"] for each in errors)
    ]


def _problem(tree: Tree, error: Any) -> Problem:
    path = _path_in_text(tree, error["loc"])
    if error["type"] == "extra_forbidden":
        known = _options_at(path[:-1])
        close = difflib.get_close_matches(str(path[-1]), known, n=1, cutoff=0.6)
        remedy = f'did you mean "{close[0]}"?' if close else f"the options here are {', '.join(known)}"
        return Problem(tree.place_of_key(path), dotted(path), "unknown option", remedy)
    if error["type"] == "missing":
        return Problem(tree.place(path[:-1]), dotted(path[:-1]), f'"{path[-1]}" is missing', f"add {path[-1]}: ...")
    what, _, remedy = str(error["msg"]).partition("; ")
    return Problem(tree.place(path), dotted(path), what, remedy)


def _options_at(path: Path) -> Sequence[str]:
    match path:
        case ():
            model: type[Declared] = PlanTests
        case ("tests", _):
            model = PlanTest
        case ("tests", _, "signals", *_):
            model = SeriesGiven
        case ("tests", _, "own_load", *_):
            model = OwnLoad
        case ("tests", _, "timeline", *_):
            model = GradeFrom
        case _:
            model = Expectation
    return [each.alias or name for name, each in model.model_fields.items()]


def _path_in_text(tree: Tree, loc: Sequence[str | int]) -> Path:
    """Turn pydantic's location into one that stands in the text: a lone series has no index, lone values no name."""
    path: Path = ()
    for part in loc:
        below = (*path, part)
        if part == "[key]" or (below not in tree.values and part in {0, "values"} and path in tree.values):
            continue
        path = below
    return path
