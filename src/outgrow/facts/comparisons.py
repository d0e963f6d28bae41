"""What a comparison of load tests found: each measure of both sides, and how sure the change is."""

from dataclasses import dataclass
from enum import StrEnum


class Change(StrEnum):
    """What a measure of the second side says against the first."""

    FASTER = "faster"
    SLOWER = "slower"
    FEWER_ERRORS = "fewer errors"
    MORE_ERRORS = "more errors"
    NONE = "no difference seen"
    """A change as large as the margin would have been seen."""
    TOO_SHORT = "too short to tell"
    """A change as large as the margin could hide in the scatter."""


@dataclass(frozen=True, slots=True)
class MeasureChange:
    """One measure on both sides.

    Of a percentile, `a` and `b` are seconds, and `change`, `low`, `high` are b / a - 1; of the errors all are shares of
    the requests, and the change is b - a. `low` to `high` is an interval that holds, together with those of all other
    measures of the comparison, in 95 % of comparisons. They are none where a side has nothing to measure.
    """

    name: str
    a: float | None
    b: float | None
    change: float | None
    low: float | None
    high: float | None
    verdict: Change
    why: str = ""


@dataclass(frozen=True, slots=True)
class StepChange:
    """One step on both sides; rates are requests a second that the target was asked for, counts are requests."""

    name: str
    a_rate: float
    b_rate: float
    a_count: int
    b_count: int
    measures: tuple[MeasureChange, ...]


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a comparison: how many runs and seconds it holds, and the seconds that hang together."""

    runs: int
    seconds: int
    block_seconds: int


@dataclass(frozen=True, slots=True)
class LoadComparison:
    """Two sides of load tests compared; `doubts` say why they may not be comparable, and are empty where they are."""

    a: Side
    b: Side
    steps: tuple[StepChange, ...]
    doubts: tuple[str, ...] = ()

    @property
    def verdicts(self) -> tuple[Change, ...]:
        """Every verdict, step by step."""
        return tuple(measure.verdict for step in self.steps for measure in step.measures)
