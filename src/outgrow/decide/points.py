"""Points: the samples of a series that count for a condition, and the series that its label sets are combined into."""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from outgrow.decide.spans import CountedTime, length_of
from outgrow.decide.terms import Terms
from outgrow.facts.samples import Absence, Labels, Measured, Missing, Origin, Sample

UNLABELLED: Final[Labels] = ()
SeriesByLabels = Mapping[Labels, Sequence[Sample]]


@dataclass(frozen=True, slots=True)
class Points:
    """Values that count, in time order, as parallel lists.

    `times` is on the counted clock, `moments` in real time (both in microseconds). For each point, by index or -1 for
    none: `run_of` where its run of satisfying points began (-1 also when it fails itself), `failed_of` the last failing
    point up to it, `left_of` where its run of points beyond the leaving threshold began. A gap ends a run.
    """

    times: list[int]
    moments: list[int]
    run_of: list[int]
    failed_of: list[int]
    left_of: list[int]


def unavailable(sample: Sample, min_n: int) -> str:
    """Say why a sample has no value for a condition that wants so many rows behind it; empty when it has one."""
    if isinstance(sample, Missing):
        return sample.detail or sample.absence.value
    if sample.n is not None and sample.n < min_n:
        return f"only {sample.n} row{'' if sample.n == 1 else 's'}, {min_n} needed"
    return ""


def points_of(
    terms: Terms, clock: CountedTime, samples: Sequence[Sample], moments: Sequence[int], begin: int | None = None
) -> Points:
    """Pick the samples that count: with a value, enough rows behind it, and no own load.

    Args:
        terms: what is asked.
        clock: the clock that leaves own load out.
        samples: of one series, in time order.
        moments: their times in microseconds.
        begin: samples before this moment are passed over.
    """
    min_n, spans = terms.min_n, clock.spans
    kept = list[int]()
    values = list[float]()
    for index in range(0 if begin is None else bisect_left(moments, begin), len(samples)):
        sample = samples[index]
        if isinstance(sample, Measured) and (sample.n is None or sample.n >= min_n):
            moment = moments[index]
            if not (spans and clock.leaves_out(moment)):
                kept.append(moment)
                values.append(sample.value)
    times = [clock.counted(moment) for moment in kept] if spans else kept
    gap = length_of(terms.gap)
    good, left = terms.satisfying(values), terms.leaving(values)
    return Points(times, kept, _runs(times, good, gap), _last_failing(good), _runs(times, left, gap))


def _runs(times: Sequence[int], good: Sequence[bool], gap: int) -> list[int]:
    """For each point give the index at which its run began, -1 for a point that is in none."""
    found = list[int]()
    begun, last = -1, 0
    for index, (time, satisfies) in enumerate(zip(times, good, strict=True)):
        if not satisfies:
            begun = -1
        elif begun < 0 or time - last > gap:
            begun = index
        found.append(begun)
        last = time
    return found


def _last_failing(good: Sequence[bool]) -> list[int]:
    found = list[int]()
    last = -1
    for index, satisfies in enumerate(good):
        if not satisfies:
            last = index
        found.append(last)
    return found


def readings_and_failures(series: SeriesByLabels) -> tuple[SeriesByLabels, Sequence[Sample]]:
    """Tell the series of a signal from the failures of its reading as a whole.

    Where a signal has labels, a failed reading knows none: it stands under no labels, and is no series of its own.
    """
    whole = series.get(UNLABELLED, ())
    if len(series) > 1 and all(isinstance(sample, Missing) for sample in whole):
        return {labels: samples for labels, samples in series.items() if labels != UNLABELLED}, whole
    return series, ()


def combined(terms: Terms, series: SeriesByLabels) -> SeriesByLabels:
    """Give the one series of a condition that asks for the maximum, the minimum or the sum across label sets.

    At each moment the label sets that have a sample then are combined (a query grouped by label gives no row where
    there is nothing). If one of those is without a value, so is the combination, unless the others decide it already:
    a maximum that is above stays above whatever the missing one was.
    """
    across = terms.condition.across
    by_moment: dict[datetime, list[Sample]] = {}
    for labels in sorted(series):
        for sample in series[labels]:
            by_moment.setdefault(sample.at, []).append(sample)
    if not by_moment:
        return {}
    pick = {"max": max, "min": min, "sum": sum}[across]
    made = list[Sample]()
    for moment in sorted(by_moment):
        samples = by_moment[moment]
        known = [each for each in samples if isinstance(each, Measured) and not unavailable(each, terms.min_n)]
        lacking = [each for each in samples if unavailable(each, terms.min_n)]
        value = float(pick(each.value for each in known)) if known else 0.0
        if lacking and not (known and _decided_by_the_known(terms, value)):
            made.append(_combined_missing(moment, samples, lacking, terms.min_n))
        else:
            made.append(_combined_value(moment, value, known))
    return {UNLABELLED: made}


def _decided_by_the_known(terms: Terms, value: float) -> bool:
    """Say whether the missing values could not change the answer: they only push a maximum up and a minimum down."""
    (satisfied,) = terms.satisfying([value])
    match terms.condition.across:
        case "max":
            return satisfied == terms.condition.rising
        case "min":
            return satisfied != terms.condition.rising
        case _:
            return False


def _combined_value(moment: datetime, value: float, known: Sequence[Measured]) -> Measured:
    newest = [each.newest for each in known if each.newest is not None]
    return Measured(
        at=moment,
        value=value,
        observed_at=max(each.observed_at for each in known),
        newest=max(newest) if newest else None,
        origin=_origin(known),
    )


def _combined_missing(moment: datetime, samples: Sequence[Sample], lacking: Sequence[Sample], min_n: int) -> Missing:
    first = lacking[0]
    return Missing(
        at=moment,
        absence=first.absence if isinstance(first, Missing) else Absence.TOO_FEW_ROWS,
        detail=f"{len(lacking)} of {len(samples)} series have no value ({unavailable(first, min_n)})",
        observed_at=max(each.observed_at for each in samples),
        origin=_origin(samples),
    )


def _origin(samples: Sequence[Sample]) -> Origin:
    return Origin.LIVE if all(each.origin is Origin.LIVE for each in samples) else Origin.BACKFILL
