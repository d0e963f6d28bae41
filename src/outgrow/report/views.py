"""The views of one check: what a person is shown of every checkpoint, condition and signal, worded and sorted.

Views hold texts for reading and shares for drawing; the command line, JSON, HTML and Markdown lay the same ones out.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from outgrow.facts.samples import Labels

State = Literal["held", "not_held", "unknown"]


@dataclass(frozen=True, slots=True)
class HeadroomView:
    """How far a value is from its threshold, for one ruler over unlike signals.

    `text` is "16 % left" or "31 % over"; `used` is 1 at the threshold, less before, more beyond, on a scale that is
    mirrored where lower is worse; absent where no share can be taken.
    """

    text: str
    over: bool
    used: float | None
    value: str
    threshold: str
    age: str


@dataclass(frozen=True, slots=True)
class ConditionView:
    """One condition, worded."""

    name: str
    signal: str
    title: str
    statement: str
    state: State
    state_word: str
    detail: str
    headroom: HeadroomView | None
    coverage: str
    recent: tuple[float | None, ...] = ()
    hours: tuple[float | None, ...] = ()
    threshold_value: float = 0.0
    query: str = ""
    labels: str = ""


@dataclass(frozen=True, slots=True)
class CrossingView:
    """When a grade is expected: the text, its interval, and days from today for the axis (None: no date)."""

    text: str
    interval: str
    start_by: str
    overdue: bool
    held: bool
    days: float | None = None
    days_low: float | None = None
    days_high: float | None = None
    start_days: float | None = None
    grade: str = ""
    grade_word: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class DueView:
    """By when something must be done: the most pressing text, what stands behind it, and whether it is late."""

    text: str
    late: bool
    details: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CheckpointView:
    """One checkpoint, worded: what stands in a row of the overview and on its page."""

    name: str
    title: str
    description: str
    grade: str
    grade_word: str
    note: str
    reason: str
    holds: str
    conditions: tuple[ConditionView, ...]
    nearest: ConditionView | None
    crossing: CrossingView | None
    crossings: tuple[CrossingView, ...]
    due: DueView
    changes: tuple[str, ...]
    checklist: tuple[str, ...]
    measures: tuple[str, ...]
    options: tuple[tuple[str, str, str], ...]
    owner: str
    shadow: bool
    rules: tuple[tuple[str, str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class SignalView:
    """One signal, worded: its last value with age, and its samples for a chart."""

    name: str
    title: str
    unit: str
    value: str
    age: str
    labels: Labels
    points: tuple[tuple[datetime, float | None], ...]
    band: str = ""
    band_word: str = ""
    problem: str = ""


@dataclass(frozen=True, slots=True)
class LevelView:
    """One level: the signal's value and the band it lies in."""

    name: str
    title: str
    value: str
    band: str
    band_word: str
    figures: str


@dataclass(frozen=True, slots=True)
class AlertView:
    """One alert: whether its condition holds."""

    name: str
    title: str
    severity: str
    condition: ConditionView


@dataclass(frozen=True, slots=True)
class SourceView:
    """One source: what failed, and how long it took."""

    name: str
    kind: str
    signals: int
    took: str
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CheckView:
    """The whole check, worded; checkpoints stand worst first."""

    plan: str
    title: str
    at: datetime
    at_text: str
    language: str
    headline: str
    sublines: tuple[str, ...]
    checkpoints: tuple[CheckpointView, ...]
    signals: tuple[SignalView, ...]
    levels: tuple[LevelView, ...]
    alerts: tuple[AlertView, ...]
    sources: tuple[SourceView, ...]
    notes: tuple[str, ...]
    dashboards: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    agenda: tuple[str, ...] = ()
