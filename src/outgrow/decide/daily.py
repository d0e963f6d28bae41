"""Daily levels: what a condition tests, once a day.

The level of a day is the highest threshold for which the condition would have been met within it: with `for`, the
highest value that no sample of a whole stretch fell below; with `m_of_n`, the m-th highest of n ticks; without either,
the highest value. Where falling is the problem it is the lowest, mirrored. So a daily cycle never looks like growth.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from outgrow.decide.draws import FloatArray
from outgrow.decide.spans import CountedTime, Span, counted_time, length_of, micros, moment_of
from outgrow.decide.terms import Terms
from outgrow.facts.forecasts import DailyLevel
from outgrow.facts.samples import Measured, Sample

IntArray = NDArray[np.int64]

DAY_COVERAGE: Final = 0.75
"""How much of a day must have been seen for its highest level to count: a quarter may hide in a gap."""

_DENSER: Final = 0.75
"""A day whose samples stand closer than this part of the usual step is thinned, so that days can be compared."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """Values that count, in time order; times in microseconds, `times` on the clock that leaves own load out.

    `days` is the index of each value's day, `steps` how far apart the samples of that day stand.
    """

    moments: IntArray
    times: IntArray
    values: FloatArray
    days: IntArray
    steps: IntArray

    def only(self, chosen: NDArray[np.bool_]) -> "_Seen":
        return _Seen(
            self.moments[chosen], self.times[chosen], self.values[chosen], self.days[chosen], self.steps[chosen]
        )


def daily_levels(
    terms: Terms, samples: Sequence[Sample], now: datetime, zone: ZoneInfo, excluded: Sequence[Span] = ()
) -> tuple[DailyLevel, ...]:
    """Give the level of every whole day that was seen well enough.

    A sample belongs to the day that its value speaks of: a signal that looks back over a window and is read at
    midnight speaks of the day before. Days begin at midnight in `zone` and last 23 to 25 hours. Samples may stand
    further apart in one part of the past than in another; where they stand closer than on most days they are thinned,
    because the highest of many values is higher than the highest of few.

    Args:
        terms: the condition with its signal's unit and interval (`terms_of`).
        samples: of one series, in time order.
        now: the day that holds it, less the signal's `delay`, is not whole yet and left out.
        zone: whose midnights divide the days.
        excluded: spans of own load, left out unless the condition includes them.
    """
    clock = counted_time(() if terms.condition.include_own_load else excluded, terms.window)
    moments, values = _counting(terms, samples, clock)
    if not len(moments):
        return ()
    # A look back over a window makes midnight the end of the day before, not the beginning of the next.
    shift = 1 if terms.window else 0
    first = moment_of(int(moments[0]) - shift).astimezone(zone).date()
    last = (now - terms.delay).astimezone(zone).date()
    days = [first + timedelta(days=index) for index in range((last - first).days)]
    midnights = np.array([_midnight(day, zone) for day in [*days, last]], dtype=np.int64)
    index = np.searchsorted(midnights, moments - shift, side="right") - 1
    steps = _steps(moments, index, len(days), length_of(terms.every))
    whole = index < len(days)
    times = np.array([clock.counted(int(each)) for each in moments]) if clock.spans else moments
    seen = _thinned(_Seen(moments, times, values, index, steps[index]).only(whole), steps, midnights)
    levels = _levels(terms, seen)
    sign = 1.0 if terms.condition.rising else -1.0
    return tuple(
        DailyLevel(each.day, sign * each.level, each.coverage) for each in _days(levels, seen, steps, days, midnights)
    )


def _counting(terms: Terms, samples: Sequence[Sample], clock: CountedTime) -> tuple[IntArray, FloatArray]:
    """Give moments and values of the samples that count: with a value, enough rows behind it, and no own load.

    Where larger values are no problem, values are mirrored: from here on the highest is what matters.
    """
    found = [
        (micros(sample.at), sample.value)
        for sample in samples
        if isinstance(sample, Measured) and (sample.n is None or sample.n >= terms.min_n)
    ]
    if clock.spans:
        found = [each for each in found if not clock.leaves_out(each[0])]
    moments = np.array([moment for moment, _ in found], dtype=np.int64)
    values = np.array([value for _, value in found], dtype=np.float64)
    return moments, values if terms.condition.rising else -values


def _midnight(day: date, zone: ZoneInfo) -> int:
    """Give the moment at which a day begins; where the clock jumps over midnight, the moment of the jump."""
    return micros(datetime.combine(day, time(0), tzinfo=zone).astimezone(UTC))


def _steps(moments: IntArray, days: IntArray, count: int, every: int) -> IntArray:
    """Give how far apart the samples of each day stand: their median distance, at least `every`.

    One more entry than days is given, for what lies behind the last whole day.
    """
    steps = np.full(count + 1, every, dtype=np.int64)
    apart = np.diff(moments)
    same = days[1:] == days[:-1]
    edges = np.searchsorted(days[1:][same], np.arange(count + 2))
    within = apart[same]
    for day in range(count + 1):
        if edges[day + 1] > edges[day]:
            steps[day] = max(every, int(np.median(within[edges[day] : edges[day + 1]])))
    return steps


def _thinned(seen: _Seen, steps: IntArray, midnights: IntArray) -> _Seen:
    """Keep one sample per usual step on days that are sampled more densely than most; `steps` is changed with them."""
    if not len(seen.days):
        return seen
    present = np.unique(seen.days)
    usual = int(np.median(steps[present]))
    dense = present[steps[present] < usual * _DENSER]
    if not len(dense):
        return seen
    steps[dense] = usual
    is_dense = np.isin(seen.days, dense)
    slot = (seen.moments - midnights[seen.days]) // usual
    first_of_slot = np.ones(len(slot), dtype=np.bool_)
    first_of_slot[1:] = (slot[1:] != slot[:-1]) | (seen.days[1:] != seen.days[:-1])
    kept = seen.only(~is_dense | first_of_slot)
    return _Seen(kept.moments, kept.times, kept.values, kept.days, steps[kept.days])


def _levels(terms: Terms, seen: _Seen) -> FloatArray:
    """Give per sample the highest threshold that the condition met at that moment; minus infinity where it is open."""
    gaps = np.diff(seen.times) > np.maximum(length_of(terms.gap), 2 * seen.steps[1:])
    run = np.zeros(len(seen.times), dtype=np.int64)
    run[1:] = np.maximum.accumulate(np.where(gaps, np.arange(1, len(seen.times)), 0))
    many = terms.condition.m_of_n
    if many is not None:
        return _mth_highest(seen, many.m, many.n)
    length = length_of(terms.condition.sustained_for)
    if not length:
        return seen.values
    ends = np.arange(len(seen.times))
    starts = np.searchsorted(seen.times, seen.times - length, side="right") - 1
    needed = np.ceil((length // seen.steps + 1) * terms.condition.min_coverage - 1e-9)
    full = (starts >= run) & (ends - starts + 1 >= needed)
    levels = np.full(len(seen.values), -np.inf)
    levels[full] = lowest_between(seen.values, starts[full], ends[full])
    return levels


def _mth_highest(seen: _Seen, m: int, n: int) -> FloatArray:
    """Give per sample the m-th highest of the last n ticks, up to and with it."""
    ticks = np.full((n, len(seen.values)), -np.inf)
    reach = seen.times - (n * seen.steps - seen.steps // 2)
    for back in range(min(n, len(seen.values))):
        count = len(seen.values) - back
        inside = seen.times[:count] > reach[back:]
        ticks[back, back:] = np.where(inside, seen.values[:count], -np.inf)
    return np.sort(ticks, axis=0)[n - m]


def lowest_between(values: FloatArray, starts: IntArray, ends: IntArray) -> FloatArray:
    """Give the lowest of values[start .. end] for many stretches, in n log(longest) steps of whole arrays.

    The lowest of 2^k neighbours is built up by doubling; every stretch is covered by two of these that overlap.
    """
    found = np.empty(len(starts))
    lengths = ends - starts + 1
    powers = np.frexp(lengths)[1] - 1
    lowest = values
    for power in range(int(powers.max(initial=0)) + 1):
        chosen = powers == power
        found[chosen] = np.minimum(lowest[starts[chosen]], lowest[ends[chosen] - (1 << power) + 1])
        lowest = np.minimum(lowest[: -(1 << power)], lowest[1 << power :])
    return found


def _days(
    levels: FloatArray, seen: _Seen, steps: IntArray, days: Sequence[date], midnights: IntArray
) -> list[DailyLevel]:
    """Take the highest level of each day that was seen well enough."""
    edges = np.searchsorted(seen.days, np.arange(len(days) + 1))
    found: list[DailyLevel] = []
    for index, day in enumerate(days):
        begin, end = int(edges[index]), int(edges[index + 1])
        coverage = min(1.0, (end - begin) * int(steps[index]) / int(midnights[index + 1] - midnights[index]))
        level = float(levels[begin:end].max(initial=-np.inf))
        if coverage >= DAY_COVERAGE and level > -np.inf:
            found.append(DailyLevel(day, level, coverage))
    return found
