"""One condition with everything that its page looks at: the plan, the facts, its numbers, and the words for them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from math import ceil
from typing import Final

from outgrow.decide.checkpoints import case_of
from outgrow.decide.spans import spans_of
from outgrow.decide.terms import Terms, lookback, terms_of
from outgrow.decide.timeline import changes
from outgrow.facts.checks import CheckFacts, SeriesByLabels
from outgrow.facts.samples import Labels, Measured, Sample
from outgrow.facts.verdicts import ConditionVerdict, Held
from outgrow.plan import Plan
from outgrow.plan.checkpoints import Condition
from outgrow.quantity import format_in
from outgrow.report.chart import Line, Scale, Threshold, scale_into
from outgrow.report.columns import Stretch, gaps, thinned, with_breaks
from outgrow.report.conditions import labels_text
from outgrow.report.words import Words

LOOK_EVERY: Final = timedelta(minutes=5)
COLUMNS: Final = 360
LINES: Final = 8


@dataclass(frozen=True)
class Subject:
    """One condition of a checkpoint, or of an alert (then `condition` and `verdict` are the alert's)."""

    plan: Plan
    facts: CheckFacts
    condition: Condition
    verdict: ConditionVerdict
    words: Words

    @cached_property
    def terms(self) -> Terms:
        """The condition in numbers."""
        return terms_of(self.verdict.name, self.condition, self.plan.signals)

    @property
    def every(self) -> timedelta:
        """How often its signal is measured."""
        return self.plan.signals[self.condition.signal].every

    @property
    def title(self) -> str:
        """The signal's name for people."""
        return self.plan.signals[self.condition.signal].title or self.condition.signal

    @property
    def series(self) -> SeriesByLabels:
        """Every sample of its signal, by label set."""
        found = self.facts.measurement.signals.get(self.condition.signal)
        return found.series if found else {}

    @property
    def deciding(self) -> Labels:
        """The label set that decided, or the first one."""
        series = self.series
        return self.verdict.deciding if self.verdict.deciding in series else next(iter(series), ())

    @property
    def now(self) -> float:
        """The moment judged, in seconds since the epoch."""
        return self.facts.at.timestamp()

    def scale(self, values: Iterable[float]) -> Scale:
        """Give the unit its charts are drawn in: that of the threshold, else one that suits the values."""
        return scale_into(self.terms.unit, self.condition.threshold.unit, (*values, self.terms.threshold))

    def shown(self, value: float) -> str:
        """Word a value of the signal in the unit of the threshold."""
        return format_in(value, self.terms.unit, self.condition.threshold.unit)

    def thresholds(self, scale: Scale) -> tuple[Threshold, ...]:
        """Give the threshold, and the leaving one where it is set apart."""
        enter = Threshold(scale(self.terms.threshold), self.condition.threshold.text, "enter")
        leaves = self.condition.leaves_at
        if leaves is None or self.terms.leaves_at is None:
            return (enter,)
        return (enter, Threshold(scale(self.terms.leaves_at), leaves.text, "leave"))

    def own_load(self, start: float) -> tuple[Stretch, ...]:
        """Give the stretches since `start` that do not count."""
        spans = spans_of(self.facts.events, self.facts.at)
        stretches = ((span.start.timestamp(), min(span.end.timestamp(), self.now)) for span in spans)
        return tuple((max(start, since), until) for since, until in stretches if until > start)


def lines_of(
    series: Mapping[Labels, Sequence[Sample]],
    loud: Labels,
    scale: Scale,
    ends: tuple[float, float],
    every: timedelta,
    columns: int = COLUMNS,
) -> tuple[Line, ...]:
    """Draw each label set as a line, thinned to the chart's columns and broken at gaps; `loud` comes last, on top."""
    others = [labels for labels in series if labels != loud][: LINES - 1]
    return tuple(
        Line(labels_text(labels), _points(series[labels], scale, ends, every, columns), quiet=labels != loud)
        for labels in (*others, loud)
        if labels in series
    )


def _points(
    samples: Sequence[Sample], scale: Scale, ends: tuple[float, float], every: timedelta, columns: int
) -> tuple[tuple[float, float | None], ...]:
    start, end = ends
    measured = [(each.at.timestamp(), scale(each.value)) for each in samples if isinstance(each, Measured)]
    return tuple(with_breaks(thinned(measured, start, end, columns), gaps(samples, every, start, end)))


def within(series: Mapping[Labels, Sequence[Sample]], start: float) -> Mapping[Labels, Sequence[Sample]]:
    """Keep the samples from `start` on, and the label sets that have any."""
    kept = {labels: [each for each in samples if each.at.timestamp() >= start] for labels, samples in series.items()}
    return {labels: samples for labels, samples in kept.items() if samples}


def held_stretches(plan: Plan, facts: CheckFacts, checkpoint: str, since: datetime) -> Mapping[str, list[Stretch]]:
    """Say when each condition of a checkpoint held between `since` and the moment judged, by its name.

    The conditions are followed from instant to instant, as checks would have seen them.
    """
    case = case_of(checkpoint, plan.checkpoints[checkpoint], plan.signals)
    back: dict[str, timedelta] = {}
    for each in case.terms:
        name = each.condition.signal
        back[name] = max(back.get(name, timedelta(0)), lookback(each.condition, each.every))
    series = {
        name: within(each.series, (since - back[name]).timestamp())
        for name, each in facts.measurement.signals.items()
        if name in back
    }
    looks = ceil((facts.at - since) / LOOK_EVERY)
    instants = [facts.at - (looks - each) * LOOK_EVERY for each in range(looks + 1)]
    held: dict[str, list[Stretch]] = {letter: [] for letter in plan.checkpoints[checkpoint].conditions}
    open_since: dict[str, float] = {}
    for instant, verdict in changes(case, series, instants, spans_of(facts.events, facts.at)):
        for letter, condition in verdict.conditions.items():
            if isinstance(condition.holding, Held):
                open_since.setdefault(letter, max(condition.holding.since, since).timestamp())
            elif letter in open_since:
                held[letter].append((open_since.pop(letter), instant.timestamp()))
    for letter, start in open_since.items():
        held[letter].append((start, facts.at.timestamp()))
    return held
