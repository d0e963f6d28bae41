"""The close-up of a condition: its signal over the last day, sample by sample, and the samples as a table."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from outgrow.facts.samples import Measured, Sample
from outgrow.quantity import format_number
from outgrow.report.axes import time_ticks
from outgrow.report.chart import Chart, Table, value_axis
from outgrow.report.columns import Stretch, gaps
from outgrow.report.conditions import reason_of
from outgrow.report.subject import Subject, lines_of, within

RECENT: Final = timedelta(hours=24)
_SELDOM: Final = timedelta(hours=1)
_HOLE: Final = 2.5
_SPARSE: Final = timedelta(minutes=30)
"""History is asked for in steps of up to half an hour: a first sample later than that was not there to be had."""
_ROWS: Final = 40
_COLUMNS: Final = ("time", "value", "rows", "remark")
_ALWAYS: Final = 2
"""The first two columns stand always, the others where any row has something in them."""
_IN_HOURS: Final = timedelta(hours=48)


def recent_span(subject: Subject) -> timedelta:
    """Give what the close-up covers: a day, or more where the condition itself looks back further."""
    return max(RECENT, 2 * subject.condition.sustained_for)


def recent_chart(subject: Subject, held: Sequence[Stretch]) -> Chart | None:
    """Draw the last day; None where there is no value, or the signal is measured too seldom for a close-up."""
    start, now = (subject.facts.at - recent_span(subject)).timestamp(), subject.now
    series = within(subject.series, start)
    values = [sample.value for samples in series.values() for sample in samples if isinstance(sample, Measured)]
    if not values or subject.every > _SELDOM:
        return None
    scale = subject.scale(values)
    loud = subject.deciding if subject.deciding in series else next(iter(series))
    empty = [*_before(series[loud], subject.every, start), *gaps(series[loud], subject.every, start, now)]
    lines = lines_of(series, loud, scale, (start, now), subject.every)
    thresholds = subject.thresholds(scale)
    low, high, value_ticks = value_axis(lines, thresholds)
    shown_held = tuple((max(start, since), until) for since, until in held if until > start)
    return Chart(
        title=subject.words("chart.recent_title", span=_span_text(subject)),
        sentence=_sentence(subject, series[loud], shown_held, empty),
        unit=scale.name,
        start=start,
        end=now,
        now=now,
        low=low,
        high=high,
        value_ticks=value_ticks,
        time_ticks=tuple(time_ticks(start, now, subject.words)),
        lines=lines,
        thresholds=thresholds,
        held=shown_held,
        gaps=tuple(empty),
        own_load=subject.own_load(start),
        table=sample_table(subject, series[loud]),
    )


def _before(samples: Sequence[Sample], every: timedelta, start: float) -> list[Stretch]:
    """Give the stretch before anything was seen: a close-up must not look as if nothing had happened then."""
    first = samples[0].at.timestamp()
    return [(start, first)] if first - start > _HOLE * every.total_seconds() + _SPARSE.total_seconds() else []


def _sentence(subject: Subject, samples: Sequence[Sample], held: Sequence[Stretch], empty: Sequence[Stretch]) -> str:
    words = subject.words
    values = [sample.value for sample in samples if isinstance(sample, Measured)]
    parts: list[str] = []
    if values:
        numbers = {"last": values[-1], "low": min(values), "high": max(values)}
        shown = {name: subject.shown(value) for name, value in numbers.items()}
        parts.append(words("chart.recent", title=subject.title, span=_span_text(subject), **shown))
    parts.append(words("chart.threshold", threshold=subject.condition.threshold.text))
    if held:
        parts.append(words("chart.held", span=words.span(_length(held))))
    if empty:
        parts.append(words("chart.without_data", span=words.span(_length(empty))))
    return " ".join(parts)


def _span_text(subject: Subject) -> str:
    """Word the time covered: a day or two in hours, for "24 h" says better than "1 d" that it ends now."""
    span = recent_span(subject)
    hours, rest = divmod(span, timedelta(hours=1))
    return subject.words("span.hour", n=hours) if not rest and span <= _IN_HOURS else subject.words.span(span)


def _length(stretches: Sequence[Stretch]) -> timedelta:
    return timedelta(seconds=sum(until - since for since, until in stretches))


def sample_table(subject: Subject, samples: Sequence[Sample]) -> Table:
    """Give the last samples as rows, newest first."""
    words = subject.words
    shown = samples[-_ROWS:]
    left = len(samples) - len(shown)
    rows = [_row(subject, sample) for sample in reversed(shown)]
    used = [column for column in range(len(_COLUMNS)) if column < _ALWAYS or any(row[column] for row in rows)]
    return Table(
        title=words("chart.samples"),
        heads=tuple(words(f"table.{_COLUMNS[column]}") for column in used),
        rows=tuple(tuple(row[column] for column in used) for row in rows),
        left_out=words("chart.earlier_left_out", n=left) if left else "",
    )


def _row(subject: Subject, sample: Sample) -> tuple[str, ...]:
    words = subject.words
    if isinstance(sample, Measured):
        rows = "" if sample.n is None else format_number(sample.n)
        return (words.moment(sample.at), subject.shown(sample.value), rows, "")
    return (words.moment(sample.at), "–", "", reason_of(sample, words))
