"""Checkpoints: when a part of the architecture has been outgrown, as conditions, rules and grades."""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Final, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    PlainSerializer,
    PlainValidator,
    Tag,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import PydanticCustomError

from outgrow.plan.grades import Grade
from outgrow.plan.model import Count, Declared, Flag, Name, Reference
from outgrow.plan.signals import DerivedSignal, PositiveDuration, QuerySignal, signal_hash
from outgrow.plan.suggestion import nearest_or_all
from outgrow.quantity import Duration, Quantity

ZERO: Final = Duration.parse("0s")
Comparison = Literal["above", "below", "at_least", "at_most"]
COMPARISONS: Final[tuple[Comparison, ...]] = ("above", "below", "at_least", "at_most")
_M_OF_N: Final = re.compile(r"\s*([0-9]{1,5})\s+of\s+([0-9]{1,5})\s*")
_MOST_TICKS: Final = 10_000


class MOfN(BaseModel):
    """At least `m` of the last `n` expected ticks satisfy the condition."""

    model_config = ConfigDict(frozen=True)
    m: int
    n: int

    def __str__(self) -> str:
        """Show as written in plans."""
        return f"{self.m} of {self.n}"


def _m_of_n(raw: object) -> MOfN:
    if isinstance(raw, MOfN):
        return raw
    match = _M_OF_N.fullmatch(raw) if isinstance(raw, str) else None
    if match is None or not 1 <= int(match.group(1)) <= int(match.group(2)) <= _MOST_TICKS:
        raise PydanticCustomError("m_of_n", 'expected "m of n" with 1 <= m <= n <= 10000; write for example 3 of 4')
    return MOfN(m=int(match.group(1)), n=int(match.group(2)))


class Condition(Declared):
    """One measurable statement about a signal, such as "p95 above 800 ms for 30 minutes"."""

    signal: Reference
    """Which signal is compared."""
    title: str = ""
    """A name for people."""
    above: Quantity | None = None
    """Satisfied when the value is greater; equal is not above."""
    below: Quantity | None = None
    """Satisfied when the value is smaller; equal is not below."""
    at_least: Quantity | None = None
    """Satisfied when the value is greater or equal."""
    at_most: Quantity | None = None
    """Satisfied when the value is smaller or equal."""
    sustained_for: Duration = Field(default=ZERO, alias="for")
    """How long every sample must satisfy it, on top of the query's own window."""
    m_of_n: (
        Annotated[
            MOfN,
            PlainValidator(_m_of_n),
            PlainSerializer(str),
            WithJsonSchema({"type": "string", "pattern": r"^\s*[0-9]+\s+of\s+[0-9]+\s*$", "examples": ["3 of 4"]}),
        ]
        | None
    ) = None
    """Instead of `for`: how many of the last expected ticks must satisfy it."""
    clears_below: Quantity | None = None
    """Once held, it holds until a value is below this (for `above` and `at_least`)."""
    clears_above: Quantity | None = None
    """Once held, it holds until a value is above this (for `below` and `at_most`)."""
    clears_for: Duration = ZERO
    """How long the value must stay beyond the leaving threshold."""
    max_gap: PositiveDuration | None = None
    """The longest time without a sample that a window may have; 2 x `every` unless given."""
    min_coverage: Annotated[float, Field(gt=0, le=1)] = 0.9
    """How much of a window must have been seen."""
    min_n: Annotated[Count, Field(ge=0)] | None = None
    """Fewer rows behind a value than this make it unavailable to this condition; the signal's own unless given."""
    across: Literal["any", "all", "max", "min", "sum"] = "any"
    """How the series of a signal with labels are combined."""
    include_own_load: Flag = False
    """Whether samples from load tests, deployments and maintenance count."""

    @model_validator(mode="after")
    def _makes_sense(self) -> "Condition":
        given = [name for name in COMPARISONS if getattr(self, name) is not None]
        if len(given) != 1:
            found = " and ".join(given) or "none of them"
            raise PydanticCustomError(
                "comparison",
                "needs exactly one of above, below, at_least, at_most, not {found}; {remedy}",
                {"found": found, "remedy": "keep one" if given else "write for example above: 800 ms"},
            )
        if self.m_of_n is not None and self.sustained_for > ZERO:
            raise PydanticCustomError("window", "for and m_of_n exclude each other; keep one")
        rising = given[0] in {"above", "at_least"}
        if (self.clears_above if rising else self.clears_below) is not None:
            wrong, right = ("clears_above", "clears_below") if rising else ("clears_below", "clears_above")
            raise PydanticCustomError(
                "clears",
                "{wrong} does not go with {given}; write {right}",
                {"wrong": wrong, "given": given[0], "right": right},
            )
        if self.clears_for > ZERO and self.leaves_at is None:
            raise PydanticCustomError(
                "clears", "clears_for needs {right}; add it", {"right": "clears_below" if rising else "clears_above"}
            )
        return self

    @property
    def comparison(self) -> Comparison:
        """Which of the four comparisons is asked."""
        return next(name for name in COMPARISONS if getattr(self, name) is not None)

    @property
    def threshold(self) -> Quantity:
        """What the value is compared with."""
        return getattr(self, self.comparison)

    @property
    def leaves_at(self) -> Quantity | None:
        """The leaving threshold, where one is set apart."""
        return self.clears_below if self.clears_below is not None else self.clears_above

    @property
    def rising(self) -> bool:
        """Whether larger values are the problem."""
        return self.comparison in {"above", "at_least"}

    def gap_limit(self, every: Duration) -> Duration:
        """Give the longest gap that a window may have."""
        return self.max_gap or Duration.of(every * 2)


class AtLeastOf(Declared):
    """So many of the members hold."""

    n: Annotated[Count, Field(ge=1)]
    """How many."""
    of: Annotated[tuple["Member", ...], Field(min_length=1)]
    """Of which."""


class Rule(Declared):
    """A combination of conditions; exactly one of the four."""

    all: Annotated[tuple["Member", ...], Field(min_length=1)] | None = None
    """Every member holds."""
    any: Annotated[tuple["Member", ...], Field(min_length=1)] | None = None
    """At least one member holds."""
    none: Annotated[tuple["Member", ...], Field(min_length=1)] | None = None
    """No member holds."""
    at_least_of: AtLeastOf | None = None
    """At least n members hold."""

    @model_validator(mode="after")
    def _is_one_combination(self) -> "Rule":
        given = [name for name in ("all", "any", "none", "at_least_of") if getattr(self, name) is not None]
        if len(given) != 1:
            found = " and ".join(given) or "none of them"
            raise PydanticCustomError(
                "rule",
                "needs exactly one of all, any, none, at_least_of, not {found}; {remedy}",
                {"found": found, "remedy": "put one into the other" if given else "write for example all: [A, B]"},
            )
        if self.at_least_of is not None and self.at_least_of.n > len(self.at_least_of.of):
            what = "{n} of {members} members can never hold; lower n, or add members"
            counts = {"n": self.at_least_of.n, "members": len(self.at_least_of.of)}
            raise PydanticCustomError("rule", what, counts)
        return self

    @property
    def members(self) -> tuple["Member", ...]:
        """The conditions (by name) and nested rules that are combined."""
        return self.all or self.any or self.none or (self.at_least_of.of if self.at_least_of else ())

    def condition_names(self) -> Iterator[str]:
        """Give every condition named, also in nested rules, in the order written."""
        for member in self.members:
            if isinstance(member, str):
                yield member
            else:
                yield from member.condition_names()


def _form_of(member: object) -> str:
    return "rule" if isinstance(member, Rule | Mapping) else "name"


Member = Annotated[Annotated[Reference, Tag("name")] | Annotated[Rule, Tag("rule")], Discriminator(_form_of)]
"""A condition by its name, or a rule of its own."""
AtLeastOf.model_rebuild()
Rule.model_rebuild()


def _due(raw: object) -> Duration:
    if raw == "now":
        return ZERO
    if isinstance(raw, Duration):
        return raw
    if not isinstance(raw, str):
        raise PydanticCustomError("due", "expected now or a duration; write for example 14d")
    try:
        return Duration.parse(raw)
    except ValueError as error:
        what, _, remedy = str(error).partition("; ")
        raise PydanticCustomError(
            "due", "{what}, nor now; {remedy}", {"what": what, "remedy": remedy or "write for example 14d"}
        ) from error


Due = Annotated[
    Duration,
    PlainValidator(_due),
    PlainSerializer(str),
    WithJsonSchema({"type": "string", "pattern": rf"^now$|{Duration.PATTERN}", "examples": ["now", "14d"]}),
]


class GradeRule(Rule):
    """When a grade is given, and what it brings along."""

    due: Due | None = None
    """By when the step must be taken, counted from the first confirmed time; `now` is at once."""
    review: PositiveDuration | None = None
    """After how long the grade is looked at again; it closes itself if clear."""
    notify: tuple[Name, ...] = ()
    """Channels that are told."""
    deadlines: Mapping[Name, Duration] = {}
    """Named duties with their time from the first confirmed time, such as `meeting: 24h`."""
    text: str = ""
    """What the grade means, for people."""


def _grade(raw: object) -> Grade:
    if isinstance(raw, Grade):
        return raw
    grades = {grade.word: grade for grade in Grade if grade is not Grade.CLEAR}
    if not isinstance(raw, str) or raw not in grades:
        remedy = nearest_or_all(str(raw), grades, "the grades are")
        raise PydanticCustomError("grade", '"{raw}" is not a grade; {remedy}', {"raw": str(raw), "remedy": remedy})
    return grades[raw]


def _word_of(grade: Grade) -> str:
    return grade.word


GradeName = Annotated[
    Grade,
    PlainValidator(_grade),
    PlainSerializer(_word_of),
    WithJsonSchema({"enum": [grade.word for grade in Grade if grade is not Grade.CLEAR]}),
]


class Option(Declared):
    """One way to take the next step, compared with the others."""

    title: str
    """Its name."""
    effect: str = ""
    """What it changes."""
    cost: str = ""
    """What it costs."""


class Checkpoint(Declared):
    """A point at which a part of the architecture has been outgrown, and the step that follows."""

    title: str = ""
    """A name for people."""
    description: str = ""
    """Why it matters."""
    applies_from: Reference | None = None
    """The roadmap phase from which it counts; before, it runs in shadow."""
    conditions: Annotated[Mapping[Name, Condition], Field(min_length=1)]
    """The statements, by short names such as A, B, C."""
    verdicts: Annotated[Mapping[GradeName, GradeRule], Field(min_length=1)]
    """Which combination gives which grade (monitor, recommended, required, urgent, emergency); the most severe one that
    holds is the verdict."""
    lead_time: Duration = ZERO
    """How long the step takes: `start by` is the crossing date minus this."""
    owner: str = ""
    """Who looks after it."""
    checklist: tuple[str, ...] = ()
    """What to do, in order."""
    measures: tuple[str, ...] = ()
    """Steps to take, in order of preference."""
    options: tuple[Option, ...] = ()
    """Ways to take the step, compared."""

    @property
    def grades_downwards(self) -> tuple[tuple[Grade, GradeRule], ...]:
        """The rules, most severe first."""
        return tuple(sorted(self.verdicts.items(), key=lambda pair: pair[0], reverse=True))


def rule_hash(checkpoint: Checkpoint, signals: Mapping[str, QuerySignal | DerivedSignal]) -> str:
    """Hash everything that a verdict depends on: conditions, rules, and the signals they compare.

    A decision keeps it, so that old decisions are never read by new rules.
    """
    body = checkpoint.model_dump(mode="json", include={"conditions", "verdicts"}, by_alias=True)
    hashes = {name: signal_hash(condition.signal, signals) for name, condition in checkpoint.conditions.items()}
    cadence = {name: str(signals[condition.signal].every) for name, condition in checkpoint.conditions.items()}
    return hashlib.sha256(json.dumps([body, hashes, cadence], sort_keys=True).encode()).hexdigest()[:16]
