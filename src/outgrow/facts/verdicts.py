"""Verdicts: what the conditions and rules of a checkpoint say at a moment, with the evidence that says it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from outgrow.facts.samples import Labels, Sample
from outgrow.plan.grades import Grade


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much of a window was seen: points with a value over points expected (never more than expected)."""

    seen: int
    expected: int

    @property
    def share(self) -> float:
        """Seen over expected, at most 1; 1 when nothing was expected."""
        return min(1.0, self.seen / self.expected) if self.expected else 1.0


@dataclass(frozen=True, slots=True)
class Held:
    """The condition holds: its samples satisfied it since `since`, and at `confirmed` they had done so for its `for`.

    `ticks` counts the satisfying ticks of an `m_of_n` condition, None for others.
    """

    since: datetime
    confirmed: datetime
    coverage: Coverage
    ticks: int | None = None


@dataclass(frozen=True, slots=True)
class NotHeld:
    """The condition does not hold.

    `progress` is how long the present run of satisfying samples has lasted (zero when the last sample fails), out of
    the `for` it needs; `since` is when it was last seen failing. `ticks` as in `Held`.
    """

    since: datetime | None
    progress: timedelta
    coverage: Coverage
    ticks: int | None = None


class Lack(StrEnum):
    """What kept a condition from being decided."""

    NO_DATA = "no data"
    UNAVAILABLE = "unavailable"
    STALE = "stale"
    GAP = "gap"
    TOO_SHORT = "too short"
    THIN = "thin"
    MISSING_TICKS = "missing ticks"
    LEFT_OUT = "left out"


@dataclass(frozen=True, slots=True)
class Undecided:
    """The data cannot say: missing, too old, or covering too little; `why` is one sentence.

    `known_from` is when the answer can be known at the earliest, if samples keep coming. `progress` and `ticks` as in
    `NotHeld`. `lack` is the kind of thing that is missing, for those who word it themselves.
    """

    why: str
    coverage: Coverage
    progress: timedelta = timedelta(0)
    known_from: datetime | None = None
    lack: Lack = Lack.NO_DATA
    ticks: int | None = None


Holding = Held | NotHeld | Undecided


@dataclass(frozen=True, slots=True)
class Headroom:
    """Distance to the threshold, in the signal's unit and relative to |threshold|; negative when beyond.

    `relative` is absent at threshold 0. `value_at` is the time of the last available sample, for its age.
    """

    absolute: float
    relative: float | None
    value: float
    value_at: datetime


@dataclass(frozen=True, slots=True)
class SeriesHolding:
    """The answer for one series of a condition: its labels, the holding, the last sample and the samples looked at."""

    labels: Labels
    holding: Holding
    headroom: Headroom | None
    last: Sample | None
    window: tuple[Sample, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class ConditionVerdict:
    """What one condition says, with its evidence.

    `threshold` is in the signal's unit; `series` holds one entry per label set (one without labels). `holding` is
    their combination by the condition's `across`; `deciding` names the labels that decided it. `left_out` is how much
    of the time looked at was own load and did not count. `leaves_at` is the leaving threshold, where one is set apart.
    """

    name: str
    signal: str
    holding: Holding
    threshold: float
    headroom: Headroom | None
    series: tuple[SeriesHolding, ...]
    deciding: Labels = ()
    left_out: timedelta = timedelta(0)
    leaves_at: float | None = None


@dataclass(frozen=True, slots=True)
class RuleVerdict:
    """What one grade's rule says.

    `decided` is True, False, or None for unknown. A rule is `latched` when it held at its last decided evaluation and
    is unknown since. `since` is when the present answer began, `first_confirmed` when the rule first held without a
    break (kept while latched), `unknown_since` when it became unknown. `review` is the end of an open review, also of
    one whose rule no longer holds. `because` names the conditions that decide the answer, or that leave it open; `why`
    words an unknown or a failing rule.
    """

    grade: Grade
    decided: bool | None
    latched: bool = False
    since: datetime | None = None
    first_confirmed: datetime | None = None
    unknown_since: datetime | None = None
    due: datetime | None = None
    review: datetime | None = None
    because: tuple[str, ...] = ()
    why: str = ""

    @property
    def in_force(self) -> bool:
        """Whether the grade counts: it holds, or it is latched."""
        return self.decided is True or self.latched


@dataclass(frozen=True, slots=True)
class Deadline:
    """One dated duty that a grade brings along, such as `meeting` within 24 h of the first confirmed time."""

    name: str
    at: datetime
    grade: Grade


class Latch(StrEnum):
    """Whether earlier decisions were at hand when a verdict was given."""

    KEPT = "kept"
    NONE = "none"
    RULES_CHANGED = "rules changed"


@dataclass(frozen=True, slots=True)
class CheckpointVerdict:
    """What a checkpoint says at `at`.

    `grade` is the shown one, None for unknown. `undecided` are the higher grades whose rules cannot be decided ("at
    least recommended; required unknown"). `due` is the earliest among the grades in force; `deadlines` are theirs, in
    order of time. `shadow` says that the checkpoint does not apply yet. `latch` says whether earlier decisions were at
    hand: without them, or when the rules have changed since, a check starts unlatched.
    """

    checkpoint: str
    at: datetime
    grade: Grade | None
    rules: tuple[RuleVerdict, ...]
    conditions: Mapping[str, ConditionVerdict]
    undecided: tuple[Grade, ...]
    due: datetime | None
    deadlines: tuple[Deadline, ...]
    rule_hash: str
    shadow: bool = False
    latch: Latch = Latch.NONE

    @property
    def latch_kept(self) -> bool:
        """Whether the latch of an earlier decision was at hand."""
        return self.latch is Latch.KEPT


@dataclass(frozen=True, slots=True)
class GradeState:
    """What must be remembered of a grade's rule between evaluations (the latch).

    `held` is its last decided answer (None before any), `since` when that answer began, `first_confirmed` the first
    time of the present holding, `unknown_since` when it became undecided, `review` the end of an open review.
    """

    held: bool | None = None
    since: datetime | None = None
    first_confirmed: datetime | None = None
    unknown_since: datetime | None = None
    review: datetime | None = None


@dataclass(frozen=True, slots=True)
class ConditionState:
    """What must be remembered of one series of a condition, as of `at`.

    `inside` means entered and not yet left (hysteresis, `m_of_n`), with `since` and `confirmed` of that holding.
    `run_since` is when the present run of satisfying samples began and `last` the time of the last sample with a value:
    what lies further back than anyone will ask the source for. A state without `at` remembers nothing.
    """

    at: datetime | None = None
    inside: bool = False
    since: datetime | None = None
    confirmed: datetime | None = None
    run_since: datetime | None = None
    last: datetime | None = None


@dataclass(frozen=True, slots=True)
class CheckpointState:
    """Everything remembered of a checkpoint between evaluations: the latch per grade and hysteresis per condition.

    `rule_hash` is that of the rules it was remembered under; another rule starts anew.
    """

    grades: Mapping[Grade, GradeState] = field(default_factory=dict[Grade, GradeState])
    conditions: Mapping[tuple[str, Labels], ConditionState] = field(
        default_factory=dict[tuple[str, Labels], ConditionState]
    )
    rule_hash: str = ""
