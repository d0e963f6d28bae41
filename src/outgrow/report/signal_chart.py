"""A signal's chart: its whole history at hand, every label set, and every threshold that anyone holds against it."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from itertools import groupby
from typing import Final

from outgrow.facts.checks import CheckFacts
from outgrow.facts.samples import Labels, Measured, Sample
from outgrow.plan import Plan
from outgrow.plan.checkpoints import Condition
from outgrow.quantity import Quantity, Unit, format_in
from outgrow.report.axes import time_ticks
from outgrow.report.chart import Chart, Table, Threshold, ThresholdKind, scale_into, value_axis
from outgrow.report.columns import gaps
from outgrow.report.conditions import labels_text
from outgrow.report.subject import COLUMNS, LINES, lines_of
from outgrow.report.words import Words

_DAYS: Final = 14
_FULL_CHARTS: Final = 60
_LEAST_COLUMNS: Final = 72
"""A report on more signals than 60 draws each with fewer columns, so that a thousand still fit into a few megabytes."""


def signal_chart(plan: Plan, facts: CheckFacts, name: str, words: Words) -> Chart | None:
    """Draw a signal; None where it has no value."""
    declared, measured = plan.signals[name], facts.measurement.signals[name]
    series = {labels: samples for labels, samples in measured.series.items() if _values(samples)}
    if not series:
        return None
    values = [value for samples in series.values() for value in _values(samples)]
    references = list(_references(plan, name))
    shown_in = next((figure.unit for figure, _ in references), None)
    scale = scale_into(declared.measure, shown_in, values)
    now = facts.at.timestamp()
    # A chart of one moment would have no width, and its only value no place: the interval before it is shown too.
    first = min(_first(samples).at.timestamp() for samples in series.values())
    start = min(first, now - declared.every.total_seconds())
    columns = max(_LEAST_COLUMNS, min(COLUMNS, COLUMNS * _FULL_CHARTS // len(facts.measurement.signals)))
    lines = lines_of(series, _largest(series), scale, (start, now), declared.every, columns)
    thresholds = tuple(
        Threshold(scale(figure.in_unit(declared.measure)), figure.text, kind) for figure, kind in references
    )
    low, high, value_ticks = value_axis(lines, thresholds)
    single = next(iter(series.values())) if len(series) == 1 else ()
    return Chart(
        title=declared.title or name,
        sentence=_sentence(declared.title or name, series, declared.measure, shown_in, words),
        unit=scale.name,
        start=start,
        end=now,
        now=now,
        low=low,
        high=high,
        value_ticks=value_ticks,
        time_ticks=tuple(time_ticks(start, now, words)),
        lines=lines,
        thresholds=thresholds,
        gaps=tuple(gaps(single, declared.every, start, now)),
        table=_table(series, declared.measure, shown_in, words),
    )


def _values(samples: Sequence[Sample]) -> list[float]:
    return [sample.value for sample in samples if isinstance(sample, Measured)]


def _first(samples: Sequence[Sample]) -> Measured:
    return next(sample for sample in samples if isinstance(sample, Measured))


def _largest(series: dict[Labels, Sequence[Sample]]) -> Labels:
    return max(series, key=lambda labels: _values(series[labels])[-1])


def conditions_on(plan: Plan, name: str) -> Iterator[Condition]:
    """Give every condition on a signal, of checkpoints and alerts."""
    for checkpoint in plan.checkpoints.values():
        yield from (each for each in checkpoint.conditions.values() if each.signal == name)
    yield from (alert.condition for alert in plan.alerts.values() if alert.condition.signal == name)


def _references(plan: Plan, name: str) -> Iterator[tuple[Quantity, ThresholdKind]]:
    """Give every figure that a signal is compared with, and what the figure is; each figure once."""
    figures: dict[str, tuple[Quantity, ThresholdKind]] = {}
    for level in (each for each in plan.levels.values() if each.signal == name):
        figures.setdefault(level.danger.text, (level.danger, "danger"))
        figures.setdefault(level.warning.text, (level.warning, "warning"))
        figures.setdefault(level.target.text, (level.target, "target"))
    for condition in conditions_on(plan, name):
        figures.setdefault(condition.threshold.text, (condition.threshold, "enter"))
    yield from figures.values()


def _sentence(
    title: str, series: dict[Labels, Sequence[Sample]], unit: Unit, shown_in: Unit | None, words: Words
) -> str:
    parts: list[str] = []
    for labels, samples in list(series.items())[:LINES]:
        values = _values(samples)
        numbers = {"last": values[-1], "low": min(values), "high": max(values)}
        shown = {key: format_in(value, unit, shown_in) for key, value in numbers.items()}
        name = f"{title}, {labels_text(labels)}" if labels else title
        parts.append(words("chart.signal", title=name, **shown))
    left = len(series) - LINES
    if left > 0:
        parts.append(words("chart.more_series", n=left))
    return " ".join(parts)


def _table(series: dict[Labels, Sequence[Sample]], unit: Unit, shown_in: Unit | None, words: Words) -> Table:
    """Give the lowest, highest and last value of each of the last days, newest first."""
    rows: list[tuple[str, ...]] = []
    for labels, samples in list(series.items())[:LINES]:
        since = samples[-1].at - timedelta(days=_DAYS + 1)
        measured = [sample for sample in samples if isinstance(sample, Measured) and sample.at > since]
        days = [(day, list(each)) for day, each in groupby(measured, key=lambda sample: _day(sample, words))]
        for day, each in reversed(days[-_DAYS:]):
            values = [sample.value for sample in each]
            shown = [format_in(value, unit, shown_in) for value in (min(values), max(values), values[-1])]
            rows.append((*((labels_text(labels),) if len(series) > 1 else ()), words.day(day), *shown))
    heads = ("day", "lowest", "highest", "last")
    return Table(
        title=words("chart.day_by_day"),
        heads=(*((words("table.series"),) if len(series) > 1 else ()), *(words(f"table.{head}") for head in heads)),
        rows=tuple(rows),
    )


def _day(sample: Measured, words: Words) -> date:
    return sample.at.astimezone(words.zone).date()
