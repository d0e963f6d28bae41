"""Derived signals: ratios, rates, growth and changes, worked out from the samples of other signals.

What cannot be worked out is missing with its reason: an input without a value, a denominator of zero, a counter that
began again, no sample far enough back. Nothing is carried forward and nothing is taken for zero.
"""

import math
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from itertools import pairwise
from typing import Final

from outgrow.decide.points import UNLABELLED, SeriesByLabels, unavailable
from outgrow.decide.quotients import Conversion, Division, change_in, growth_in, quotient_in, rate_in
from outgrow.decide.spans import length_of, micros
from outgrow.facts.samples import Absence, Labels, Measured, Missing, Origin, Sample
from outgrow.plan.signals import (
    DeltaSignal,
    DerivedSignal,
    GrowthSignal,
    QuerySignal,
    RateSignal,
    RatioSignal,
    inputs_of,
)

Signals = Mapping[str, QuerySignal | DerivedSignal]
_DAY: Final = timedelta(days=1)
_WIDEST: Final = 4
"""A sample "a day ago" may be off by at most one part in so many."""
_COUNTED: Final = 0.9
"""How much of `over` the steps of a counter must cover for a rate to speak for it."""


def with_derived(signals: Signals, series: Mapping[str, SeriesByLabels]) -> Mapping[str, SeriesByLabels]:
    """Add every derived signal that is not there yet, each after its inputs.

    Args:
        signals: the plan's.
        series: the samples of signals, in time order, by label set.
    """
    found: dict[str, SeriesByLabels] = dict(series)

    def add(name: str) -> SeriesByLabels:
        signal = signals[name]
        if name not in found:
            if isinstance(signal, QuerySignal):
                return {}
            found[name] = derive(signal, signals, {each: add(each) for each in inputs_of(signal)})
        return found[name]

    for name in signals:
        add(name)
    return found


def derive(signal: DerivedSignal, signals: Signals, inputs: Mapping[str, SeriesByLabels]) -> SeriesByLabels:
    """Work out a derived signal.

    Args:
        signal: what is derived.
        signals: the plan's signals, for the units, intervals and row counts of the inputs.
        inputs: the samples of the inputs, in time order, by label set.

    Returns:
        One sample for each of the input's (of a ratio: the numerator's), in the derived signal's unit.
    """
    match signal:
        case RatioSignal():
            return _ratio(signal, signals, inputs)
        case RateSignal():
            name, convert = signal.rate, rate_in(signals[signal.rate].measure, signal.measure)
            work = _rates_over(signal.over, convert) if signal.over else _rates(convert)
        case GrowthSignal():
            name, convert = signal.growth_per_day, growth_in(signal.measure)
            work = _compared_with(_DAY, name, lambda now, then: (convert(now - then) / abs(then)) if then else None)
        case DeltaSignal():
            name, convert = signal.delta, change_in(signals[signal.delta].measure, signal.measure)
            work = _compared_with(signal.over, name, lambda now, then: convert(now - then))
    every, min_n = signals[name].every, _min_n(signals[name])
    return {labels: tuple(work(samples, every, min_n)) for labels, samples in inputs.get(name, {}).items()}


def input_lookback(signal: DerivedSignal, signals: Signals | None = None) -> timedelta:
    """Give how much further back than its own samples a derived signal needs its inputs.

    Args:
        signal: what is derived.
        signals: the plan's signals; without them the inputs are taken to be measured as often as the signal itself.
    """
    every = max(signals[each].every for each in inputs_of(signal)) if signals else signal.every
    match signal:
        case RatioSignal():
            return max(every, signal.every) / 2
        case RateSignal():
            return 2 * every if signal.over is None else signal.over + every
        case GrowthSignal():
            return _DAY + tolerance(_DAY, every)
        case DeltaSignal():
            return signal.over + tolerance(signal.over, every)


def tolerance(over: timedelta, every: timedelta) -> timedelta:
    """Give how far a sample may lie from the moment that is `over` ago: a twentieth, or half the input's interval."""
    return min(max(over / 20, every / 2), over / _WIDEST)


def _min_n(signal: QuerySignal | DerivedSignal) -> int:
    return signal.min_n if isinstance(signal, QuerySignal) else 0


# --- ratio ---------------------------------------------------------------------------------------------------------


def _ratio(signal: RatioSignal, signals: Signals, inputs: Mapping[str, SeriesByLabels]) -> SeriesByLabels:
    above, below = signal.ratio
    divide = quotient_in(signals[above].measure, signals[below].measure, signal.measure)
    near = length_of(max(signal.every, signals[above].every, signals[below].every)) // 2
    rows = _min_n(signals[above]), _min_n(signals[below])
    denominators = inputs.get(below, {})
    made: dict[Labels, tuple[Sample, ...]] = {}
    for labels, numerators in inputs.get(above, {}).items():
        serves = denominators.get(labels, denominators.get(UNLABELLED, ()))
        moments = [micros(each.at) for each in serves]
        made[labels] = tuple(
            _divided(each, _nearest(serves, moments, micros(each.at), near), below, rows, divide) for each in numerators
        )
    return made


def _divided(
    numerator: Sample, denominator: Sample | None, below: str, rows: tuple[int, int], divide: Division
) -> Sample:
    if (why := unavailable(numerator, rows[0])) or not isinstance(numerator, Measured):
        return _missing(numerator, (numerator,), why)
    if denominator is None:
        return _absent(numerator, Absence.NOT_YET, f"no sample of {below} at that moment")
    if (why := unavailable(denominator, rows[1])) or not isinstance(denominator, Measured):
        return _missing(numerator, (denominator, numerator), f"{below}: {why}")
    if denominator.value == 0:
        return _absent(numerator, Absence.NOT_A_NUMBER, f"{below} is 0", denominator)
    return _value(divide(numerator.value, denominator.value), numerator, denominator)


def _nearest(samples: Sequence[Sample], moments: Sequence[int], moment: int, near: int) -> Sample | None:
    """Give the sample nearest to a moment, at most `near` away; of two the earlier."""
    after = bisect_left(moments, moment)
    around = [
        index for index in (after - 1, after) if 0 <= index < len(moments) and abs(moments[index] - moment) <= near
    ]
    return samples[min(around, key=lambda index: abs(moments[index] - moment))] if around else None


# --- one series against its own past -------------------------------------------------------------------------------

_Work = Callable[[Sequence[Sample], timedelta, int], Sequence[Sample]]


def _compared_with(over: timedelta, name: str, work: Callable[[float, float], float | None]) -> _Work:
    """Compare each sample with the one `over` before it."""

    def compare(samples: Sequence[Sample], every: timedelta, min_n: int) -> Sequence[Sample]:
        usable = [each for each in samples if not unavailable(each, min_n)]
        moments = [micros(each.at) for each in usable]
        near, back = length_of(tolerance(over, every)), length_of(over)
        made = list[Sample]()
        for sample in samples:
            if why := unavailable(sample, min_n):
                made.append(_missing(sample, (sample,), why))
                continue
            then = _nearest(usable, moments, micros(sample.at) - back, near)
            if not isinstance(then, Measured) or not isinstance(sample, Measured):
                made.append(_absent(sample, Absence.NOT_YET, f"no value of {name} from {_ago(over)} before"))
                continue
            value = work(sample.value, then.value)
            if value is None:
                made.append(_absent(sample, Absence.NOT_A_NUMBER, f"{name} was 0 {_ago(over)} before", then))
            else:
                made.append(_value(value, sample, then))
        return made

    return compare


def _ago(over: timedelta) -> str:
    return "a day" if over == _DAY else str(over)


def _rates(convert: Conversion) -> _Work:
    """Give the rate from one sample to the next; a gap of more than two intervals is not bridged."""

    def work(samples: Sequence[Sample], every: timedelta, min_n: int) -> Sequence[Sample]:
        before: Measured | None = None
        made = list[Sample]()
        for sample in samples:
            if (why := unavailable(sample, min_n)) or not isinstance(sample, Measured):
                made.append(_missing(sample, (sample,), why))
                continue
            if before is None or sample.at - before.at > 2 * every:
                made.append(_absent(sample, Absence.NOT_YET, "no sample just before"))
            elif sample.value < before.value:
                made.append(_absent(sample, Absence.COUNTER_RESTARTED, "the counter began again", before))
            else:
                per_second = (sample.value - before.value) / (sample.at - before.at).total_seconds()
                made.append(_value(convert(per_second), sample, before))
            before = sample
        return made

    return work


def _rates_over(over: timedelta, convert: Conversion) -> _Work:
    """Give the rate over a span: what the counter rose by, divided by the time in which it was seen to rise.

    The step in which a counter begins again is left out together with its time; what is left must make up nine tenths
    of the span.
    """

    def work(samples: Sequence[Sample], every: timedelta, min_n: int) -> Sequence[Sample]:
        usable = [each for each in samples if isinstance(each, Measured) and not unavailable(each, min_n)]
        moments = [micros(each.at) for each in usable]
        risen, counted, restarts = [0.0], [0], [0]
        for earlier, later in pairwise(usable):
            step = later.value - earlier.value
            risen.append(risen[-1] + max(0.0, step))
            counted.append(counted[-1] + (micros(later.at) - micros(earlier.at) if step >= 0 else 0))
            restarts.append(restarts[-1] + (step < 0))
        back = length_of(over)
        made = list[Sample]()
        index = -1
        for sample in samples:
            if (why := unavailable(sample, min_n)) or not isinstance(sample, Measured):
                made.append(_missing(sample, (sample,), why))
                continue
            index += 1
            begin = moments[index] - back
            first = max(0, bisect_left(moments, begin + 1) - 1)  # the last sample at or before the span's beginning
            if first < index and moments[first] < begin - 2 * length_of(every):
                first += 1  # too old to speak for the beginning
            time, rise = counted[index] - counted[first], risen[index] - risen[first]
            if time >= _COUNTED * back:
                made.append(_value(convert(rise / (time / 1e6)), sample, usable[first]))
            elif restarts[index] > restarts[first]:
                made.append(_absent(sample, Absence.COUNTER_RESTARTED, f"the counter began again within {over}"))
            else:
                made.append(_absent(sample, Absence.NOT_YET, f"the counter has not been seen over {over}"))
        return made

    return work


# --- samples out of samples ----------------------------------------------------------------------------------------


def _value(value: float, at: Measured, other: Measured) -> Sample:
    """Make a sample of a worked-out value; fewest rows and oldest data of the two."""
    if not math.isfinite(value):
        return _absent(at, Absence.NOT_A_NUMBER, "too large to be a number", other)
    rows = [each.n for each in (at, other) if each.n is not None]
    return Measured(
        at=at.at,
        value=value,
        observed_at=max(at.observed_at, other.observed_at),
        n=min(rows, default=None),
        newest=at.newest,
        origin=_origin(at, other),
    )


def _missing(at: Sample, inputs: Sequence[Sample], why: str) -> Missing:
    """Pass on why an input has no value; the first of `inputs` is the one without."""
    first = inputs[0]
    return Missing(
        at=at.at,
        absence=first.absence if isinstance(first, Missing) else Absence.TOO_FEW_ROWS,
        detail=why,
        observed_at=max(each.observed_at for each in inputs),
        origin=_origin(*inputs),
    )


def _absent(at: Sample, absence: Absence, detail: str, other: Sample | None = None) -> Missing:
    inputs = (at,) if other is None else (at, other)
    return Missing(at.at, absence, detail, max(each.observed_at for each in inputs), _origin(*inputs))


def _origin(*samples: Sample) -> Origin:
    return Origin.LIVE if all(each.origin is Origin.LIVE for each in samples) else Origin.BACKFILL
