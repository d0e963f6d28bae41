"""Sparklines: a chart as one line of text."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from outgrow.facts.samples import Measured, Sample
from outgrow.report.chart import Chart

_BLOCKS: Final = "▁▂▃▄▅▆▇█"
_WIDTH: Final = 32
_HOURS_WIDTH: Final = 18


def spark(points: Sequence[float | None]) -> str:
    """Draw samples as one line of blocks; a sample without a value is a gap."""
    known = [point for point in points if point is not None]
    if not known:
        return ""
    low, high = min(known), max(known)
    step = (high - low) / (len(_BLOCKS) - 1) or 1.0
    return "".join(" " if point is None else _BLOCKS[round((point - low) / step)] for point in points)


def last_hours(
    samples: Sequence[Sample], now: datetime, span: timedelta = timedelta(hours=6)
) -> tuple[float | None, ...]:
    """Give the highest value of each of 18 equal stretches up to now; a stretch without a value is None."""
    highest: list[float | None] = [None] * _HOURS_WIDTH
    for sample in samples:
        age = now - sample.at
        if isinstance(sample, Measured) and timedelta(0) <= age < span:
            cell = _HOURS_WIDTH - 1 - int(age / span * _HOURS_WIDTH)
            before = highest[cell]
            highest[cell] = sample.value if before is None else max(before, sample.value)
    return tuple(highest)


def chart_spark(chart: Chart) -> str:
    """Draw the chart's main line: the highest value of each of 32 equal stretches up to now, so that peaks survive."""
    loud = next((line for line in chart.lines if not line.quiet), chart.lines[-1] if chart.lines else None)
    highest: list[float | None] = [None] * _WIDTH
    span = chart.now - chart.start
    if loud is None or span <= 0:
        return ""
    for at, value in loud.points:
        if value is None:
            continue
        cell = min(_WIDTH - 1, max(0, int((at - chart.start) / span * _WIDTH)))
        before = highest[cell]
        highest[cell] = value if before is None else max(before, value)
    return spark(highest)
