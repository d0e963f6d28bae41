"""Where an axis has its ticks: round values, and round times in the plan's zone."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from math import ceil, floor, log10
from typing import Final
from zoneinfo import ZoneInfo

from outgrow.quantity import format_number
from outgrow.report.words import Words

Tick = tuple[float, str]
"""A position on the axis, and its text."""

_SECONDS: Final = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800)
_HOURS: Final = (1, 2, 3, 6, 12)
_DAYS: Final = (1, 2, 7, 14)
_MONTHS: Final = (1, 2, 3, 6, 12)
_MINUTE: Final = 60
_HOUR: Final = 3600.0
_DAY: Final = 86400.0
_MONTH: Final = 30.44 * _DAY


def value_range(values: list[float]) -> tuple[float, float]:
    """Give the ends of a value axis that shows all values: from zero where that costs little, with air above."""
    low, high = (min(values), max(values)) if values else (0.0, 1.0)
    if low >= 0 and low <= high / 2:
        low = 0.0
    air = (high - low) * 0.06 or abs(high) * 0.1 or 1.0
    return (low if low == 0.0 else low - air), high + air


def value_ticks(low: float, high: float, most: int = 5, *, whole: bool = False) -> list[Tick]:
    """Give round values (1, 2 or 5 times a power of ten apart) between low and high, at most `most` + 1 of them.

    With `whole` only whole numbers: there is no 1.8th replica.
    """
    step = _round_step((high - low) / most)
    step = max(step, 1.0) if whole else step
    first, last = ceil(low / step), floor(high / step)
    values = [round(each * step, 12) for each in range(first, last + 1)]
    return list(zip(values, _value_texts(values, step), strict=True))


def _value_texts(values: list[float], step: float) -> list[str]:
    """Show ticks as numbers are shown elsewhere, or with all the decimals of their step where that would round them."""
    texts = [format_number(value) for value in values]
    if all(float(text.replace(",", "")) == value for text, value in zip(texts, values, strict=True)):
        return texts
    decimals = max(0, -floor(log10(step) + 1e-9))
    return [f"{value:,.{decimals}f}" for value in values]


def _round_step(wanted: float) -> float:
    size = 10.0 ** floor(log10(wanted))
    return next(size * factor for factor in (1, 2, 5, 10) if size * factor >= wanted * (1 - 1e-9))


def time_ticks(start: float, end: float, words: Words, most: int = 4) -> list[Tick]:
    """Give round times between start and end (seconds since the epoch), at most `most`, in the zone of `words`.

    Seconds, minutes and hours are counted from midnight, weeks from Mondays, months from January: always in local time,
    so that a change of the clock moves no tick off its hour, and always from the same day, so that ticks stay when the
    ends move.
    """
    span = end - start
    seconds = next((each for each in _SECONDS if span / each <= most), None)
    if seconds is not None:
        return _by_seconds(start, end, words, seconds)
    hours = next((each for each in _HOURS if span / (each * _HOUR) <= most), None)
    if hours is not None:
        moments, text = _by_hours(start, words.zone, hours), _hour_text
    else:
        days = next((each for each in _DAYS if span / (each * _DAY) <= most), None)
        moments, text = (
            _by_days(start, words.zone, days) if days else _by_months(start, words.zone, span, most),
            _day_text,
        )
    ticks: list[Tick] = []
    for moment in moments:
        position = moment.timestamp()
        if position > end:
            return ticks
        if position >= start:
            ticks.append((position, text(moment, words)))
    return ticks


def _by_seconds(start: float, end: float, words: Words, seconds: int) -> list[Tick]:
    midnight = _midnight(start, words.zone).timestamp()
    ticks: list[Tick] = []
    for count in range(ceil((start - midnight) / seconds), floor((end - midnight) / seconds) + 1):
        at = midnight + count * seconds
        if not start <= at <= end:
            continue
        moment = datetime.fromtimestamp(at, UTC).astimezone(words.zone)
        ticks.append((at, f"{moment:%H:%M:%S}" if seconds < _MINUTE else f"{moment:%H:%M}"))
    return ticks


def _by_hours(start: float, zone: ZoneInfo, hours: int) -> Iterator[datetime]:
    midnight = _midnight(start, zone)
    while True:
        for hour in range(0, 24, hours):
            yield midnight.replace(hour=hour)
        midnight = _next_day(midnight, 1)


def _by_days(start: float, zone: ZoneInfo, days: int) -> Iterator[datetime]:
    midnight = _midnight(start, zone)
    if days > 2:  # noqa: PLR2004 (weeks begin on Monday)
        monday = _next_day(midnight, -midnight.weekday())
        midnight = _next_day(monday, -7 * (monday.toordinal() // 7 % (days // 7)))
    else:
        midnight = _next_day(midnight, -(midnight.toordinal() % days))
    while True:
        yield midnight
        midnight = _next_day(midnight, days)


def _by_months(start: float, zone: ZoneInfo, span: float, most: int) -> Iterator[datetime]:
    months = next((each for each in _MONTHS if span / (each * _MONTH) <= most), _MONTHS[-1])
    first = _midnight(start, zone).replace(month=1, day=1)
    while True:
        for month in range(1, 13, months):
            yield first.replace(month=month)
        first = first.replace(year=first.year + 1)


def _midnight(start: float, zone: ZoneInfo) -> datetime:
    local = datetime.fromtimestamp(start, UTC).astimezone(zone)
    return local.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)


def _next_day(midnight: datetime, days: int) -> datetime:
    """Move by calendar days: wall-clock arithmetic, which is what a zone-aware datetime does."""
    return midnight + timedelta(days=days)


def _hour_text(moment: datetime, words: Words) -> str:
    return words.day(moment.date(), moment.date()) if moment.hour == 0 else f"{moment:%H:%M}"


def _day_text(moment: datetime, words: Words) -> str:
    return words.day(moment.date(), moment.date())
