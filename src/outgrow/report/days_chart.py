"""The long view of a condition: the whole history, the level of each day, its trend, and when it crosses."""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Final, assert_never

from outgrow.facts.forecasts import (
    AlreadyCrossed,
    Crosses,
    DailyLevel,
    DayBand,
    Flat,
    Forecast,
    NotBefore,
    SeriesForecast,
    TooShort,
    Trend,
)
from outgrow.facts.samples import Labels, Measured
from outgrow.report.axes import time_ticks
from outgrow.report.chart import Chart, Crossing, Fan, Line, Scale, Table, noon, value_axis
from outgrow.report.columns import Stretch, gaps
from outgrow.report.subject import Subject, lines_of
from outgrow.report.words import Words

_DAY: Final = 86400.0
_AHEAD_AT_LEAST: Final = timedelta(days=14)
_AHEAD_AT_MOST: Final = timedelta(days=180)
_AHEAD_WITHOUT_DATE: Final = timedelta(days=30)
_WEEKS_AHEAD: Final = 12


def forecast_of(subject: Subject, series: Sequence[SeriesForecast]) -> tuple[Labels, Forecast] | None:
    """Choose which series to draw: the one that decided, else the first one."""
    wanted = next((each for each in series if each.labels == subject.deciding), None)
    chosen = wanted or next(iter(series), None)
    return None if chosen is None else (chosen.labels, chosen.forecast)


def days_chart(subject: Subject, series: Sequence[SeriesForecast]) -> Chart | None:
    """Draw history and forecast; None where no whole day was seen."""
    found = forecast_of(subject, series)
    if found is None:
        return None
    labels, forecast = found
    trend, history = trend_of(forecast), history_of(forecast)
    samples = subject.series.get(labels, ())
    measured = [sample for sample in samples if isinstance(sample, Measured)]
    if not history or not measured:
        return None
    words, zone = subject.words, subject.words.zone
    scale = subject.scale(sample.value for sample in measured)
    start = min(measured[0].at.timestamp(), noon(history[0].day, zone))
    end = subject.now + _ahead(subject, forecast).total_seconds()
    lines = lines_of({labels: samples}, labels, scale, (start, subject.now), subject.every)
    thresholds = subject.thresholds(scale)
    future = tuple(fan for fan in _fans(trend.future if trend else (), scale, words) if fan.at <= end)
    low, high, value_ticks = value_axis(lines, thresholds, [fan.middle for fan in future])
    return Chart(
        title=words("chart.days_title", n=len(history)),
        sentence=sentence(subject, forecast),
        unit=scale.name,
        start=start,
        end=end,
        now=subject.now,
        low=low,
        high=high,
        value_ticks=value_ticks,
        time_ticks=tuple(time_ticks(start, end, words)),
        lines=tuple(Line(line.name, line.points, quiet=True) for line in lines),
        thresholds=thresholds,
        held=_days_beyond(subject, history),
        gaps=tuple(gaps(samples, subject.every, start, subject.now)),
        own_load=subject.own_load(start),
        dots=tuple((noon(each.day, zone), scale(each.level)) for each in history),
        fitted=_fans(trend.fitted if trend else (), scale, words),
        future=future,
        crossing=_crossing(subject, forecast, scale),
        table=_table(subject, history, trend),
    )


def trend_of(forecast: Forecast) -> Trend | None:
    """Give the trend behind a forecast, where the history was long enough for one."""
    return None if isinstance(forecast, TooShort) else forecast.trend


def history_of(forecast: Forecast) -> tuple[DailyLevel, ...]:
    """Give the daily levels behind a forecast."""
    if isinstance(forecast, TooShort):
        return forecast.history
    return forecast.trend.history if forecast.trend else ()


def _ahead(subject: Subject, forecast: Forecast) -> timedelta:
    """Choose how much of the future is drawn: past the crossing's interval, within reason."""
    match forecast:
        case TooShort() | AlreadyCrossed(trend=None):
            return timedelta(0)
        case Crosses(day=day, latest=latest):
            reach = ((latest or day) - _today(subject)) * 1.15 + timedelta(days=2)
            return min(max(reach, _AHEAD_AT_LEAST), _AHEAD_AT_MOST)
        case AlreadyCrossed() | NotBefore() | Flat():
            return _AHEAD_WITHOUT_DATE


def _today(subject: Subject) -> date:
    return subject.facts.at.astimezone(subject.words.zone).date()


def _fans(bands: Iterable[DayBand], scale: Scale, words: Words) -> tuple[Fan, ...]:
    return tuple(
        Fan(noon(each.day, words.zone), scale(each.low), scale(each.middle), scale(each.high)) for each in bands
    )


def _days_beyond(subject: Subject, history: Sequence[DailyLevel]) -> tuple[Stretch, ...]:
    """Give the days whose level satisfies the condition, days in a row as one stretch."""
    stretches: list[Stretch] = []
    beyond = subject.terms.satisfying([each.level for each in history])
    for each in (each for each, is_beyond in zip(history, beyond, strict=True) if is_beyond):
        middle = noon(each.day, subject.words.zone)
        since, until = middle - _DAY / 2, min(middle + _DAY / 2, subject.now)
        if stretches and since - stretches[-1][1] < _DAY / 4:
            since = stretches.pop()[0]
        stretches.append((since, until))
    return tuple(stretches)


def _crossing(subject: Subject, forecast: Forecast, scale: Scale) -> Crossing | None:
    if not isinstance(forecast, Crosses):
        return None
    zone = subject.words.zone
    return Crossing(
        at=noon(forecast.day, zone),
        earliest=noon(forecast.earliest, zone),
        latest=None if forecast.latest is None else noon(forecast.latest, zone),
        level=scale(forecast.threshold),
        text=subject.words.day(forecast.day, _today(subject)),
    )


def sentence(subject: Subject, forecast: Forecast) -> str:
    """Say in words what the long view shows."""
    words, today, history = subject.words, _today(subject), history_of(forecast)
    parts: list[str] = []
    if history:
        levels = (each.level for each in history)
        first, last = history[0].level, history[-1].level
        parts.append(
            words(
                "chart.days",
                title=subject.title,
                n=len(history),
                first=subject.shown(first),
                last=subject.shown(last),
                high=subject.shown(max(levels)),
            )
        )
    parts.append(_outlook(subject, forecast, today))
    return " ".join(part for part in parts if part)


def _outlook(subject: Subject, forecast: Forecast, today: date) -> str:
    words, threshold = subject.words, subject.condition.threshold.text
    match forecast:
        case Crosses() as crosses:
            return _crosses(subject, crosses, today)
        case AlreadyCrossed(since=since):
            return words("outlook.crossed", threshold=threshold, day=words.day(since, today))
        case NotBefore(day=day):
            return words("outlook.not_before", threshold=threshold, day=words.day(day, today))
        case Flat(away=True):
            return words("outlook.away", threshold=threshold)
        case Flat():
            return words("outlook.flat", threshold=threshold)
        case TooShort(seen=seen, needed=needed):
            return words("outlook.too_short", seen=seen, needed=needed)
        case _ as never:
            assert_never(never)


def _crosses(subject: Subject, crosses: Crosses, today: date) -> str:
    words = subject.words
    days = {"day": crosses.day, "earliest": crosses.earliest} | ({"latest": crosses.latest} if crosses.latest else {})
    shown = {name: words.day(each, today) for name, each in days.items()}
    text = words(
        "outlook.crosses" if crosses.latest else "outlook.crosses_open",
        threshold=subject.condition.threshold.text,
        **shown,
    )
    return text if crosses.grows else f"{text} {words('outlook.scatter')}"


def _table(subject: Subject, history: Sequence[DailyLevel], trend: Trend | None) -> Table:
    """Give the daily levels, newest first, below the days to come week by week."""
    words, today = subject.words, _today(subject)
    ahead = [each for each in (trend.future if trend else ()) if (each.day - today).days % 7 == 0]
    coming = [
        (
            words.day(each.day, today),
            words("chart.expected", middle=subject.shown(each.middle)),
            f"{subject.shown(each.low)} – {subject.shown(each.high)}",
        )
        for each in reversed(ahead[:_WEEKS_AHEAD])
    ]
    past = [
        (
            words.day(each.day, today),
            subject.shown(each.level),
            words("chart.day_seen", share=f"{100 * each.coverage:.0f} %"),
        )
        for each in reversed(history)
    ]
    return Table(
        title=words("chart.days_table"),
        heads=(words("table.day"), words("table.day_level"), words("table.remark")),
        rows=(*coming, *past),
    )
