"""Verdicts: what the conditions and rules of a checkpoint say at a moment, with the evidence that says it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from outgrow.facts.samples import Labels, Sample
from outgrow.plan.grades import Grade


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much of a window was seen: points with a value over points expected."""

    seen: int
    expected: int

    @property
    def share(self) -> float:
        """Seen over expected, at most 1; 1 when nothing was expected."""
        return min(1.0, self.seen / self.expected) if self.expected else 1.0


@dataclass(frozen=True, slots=True)
class Held:
    """The condition holds: its samples satisfied it since `since`, and it was confirmed (held for `for`) at `confirmed`."""

    since: datetime
    confirmed: datetime
    coverage: Coverage


@dataclass(frozen=True, slots=True)
class NotHeld:
    """The condition does not hold.

    `progress` is how long the present run of satisfying samples has lasted (zero when the last sample fails), out of
    the `for` it needs; `since` is when it was last seen failing.
    """

    since: datetime | None
    progress: timedelta
    coverage: Coverage


@dataclass(frozen=True, slots=True)
class Undecided:
    """The data cannot say: missing, too old, or covering too little; `why` is one sentence.

    `known_from` is when the answer can be known at the earliest, if samples keep coming. `progress` as in `NotHeld`.
    """

    why: str
    coverage: Coverage
    progress: timedelta = timedelta(0)
    known_from: datetime | None = None


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
    their combination by the condition's `across`; `deciding` names the labels that decided it.
    """

    name: str
    signal: str
    holding: Holding
    threshold: float
    headroom: Headroom | None
    series: tuple[SeriesHolding, ...]
    deciding: Labels = ()


@dataclass(frozen=True, slots=True)
class RuleVerdict:
    """What one grade's rule says.

    `decided` is True, False, or None for unknown. A rule is `latched` when it held at its last decided evaluation and
    is unknown since. `since` is when the present answer began, `first_confirmed` when the rule first held without a
    break (kept while latched), `unknown_since` when it became unknown. `why` words an unknown or a failing rule.
    """

    grade: Grade
    decided: bool | None
    latched: bool = False
    since: datetime | None = None
    first_confirmed: datetime | None = None
    unknown_since: datetime | None = None
    due: datetime | None = None
    review: datetime | None = None
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


@dataclass(frozen=True, slots=True)
class CheckpointVerdict:
    """What a checkpoint says at `at`.

    `grade` is the shown one, None for unknown. `undecided` are the higher grades whose rules cannot be decided ("at
    least recommended; required unknown"). `due` is the earliest among the grades in force. `shadow` says that the
    checkpoint does not apply yet. `latch_kept` says whether earlier decisions were at hand (a check without a journal
    starts unlatched).
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
    latch_kept: bool = False


@dataclass(frozen=True, slots=True)
class GradeState:
    """What must be remembered of a grade's rule between evaluations (the latch).

    `held` is its last decided answer (None before any), `since` when that answer began, `first_confirmed` the first
    time of the present holding, `unknown_since` when it became undecided.
    """

    held: bool | None = None
    since: datetime | None = None
    first_confirmed: datetime | None = None
    unknown_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class ConditionState:
    """What must be remembered of one series of a condition: inside means entered and not yet left (hysteresis)."""

    inside: bool = False
    since: datetime | None = None
    confirmed: datetime | None = None


@dataclass(frozen=True, slots=True)
class CheckpointState:
    """Everything remembered of a checkpoint between evaluations: the latch per grade and hysteresis per condition."""

    grades: Mapping[Grade, GradeState] = field(default_factory=dict[Grade, GradeState])
    conditions: Mapping[tuple[str, Labels], ConditionState] = field(
        default_factory=dict[tuple[str, Labels], ConditionState]
    )
