"""Whether two load tests differ by more than they scatter: percentiles and errors of each step, side by side.

Each side's seconds are drawn again in blocks (see `block_bootstrap`), all steps and measures together, which gives the
scatter of every log ratio of percentiles and every difference of error shares. Intervals are simultaneous: the largest
studentised deviation over all measures decides their width (the max-t method; Romano and Wolf 2005, "Stepwise multiple
testing as formalized data snooping"), so that a comparison of many figures does not find a change by their number.
Student's t with the number of independent blocks widens them where a run is short. Where a side has several runs, what
they differ from one another beyond their own scatter is added (random effects; DerSimonian and Laird 1986).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import expm1, log1p, sqrt
from typing import Final

import numpy as np

from outgrow.decide.block_bootstrap import FloatArray, drawn_blocks
from outgrow.decide.comparable import doubts, names_of
from outgrow.decide.load_seconds import (
    ALL,
    ERRORS,
    SHARES,
    StepArrays,
    block_lengths,
    laid_out,
    log_quantiles,
    step_arrays,
)
from outgrow.facts.buckets import together
from outgrow.facts.comparisons import Change, LoadComparison, MeasureChange, Side, StepChange
from outgrow.facts.loads import LoadFacts, LoadSecond
from outgrow.facts.timelines import Layout, common_step, in_layout
from outgrow.quantity import counted

_DRAWS: Final = 999
_CONFIDENCE: Final = 0.95
_FEWEST_BEYOND: Final = 10
"""A percentile needs so many answers beyond it on each side, or it rests on single ones."""
_BLOCKS: Final = 8
_FEWEST_STRETCHES: Final = 12
"""A run that is shorter than so many times what hangs together says too little of its own scatter."""
FEWEST_SECONDS: Final = 20
"""Of a shorter run nothing can be told."""
_BEYOND_DOUBT: Final = 3
"""In a run that is too short for its own scatter to be known, the interval is stretched by so much before a change is
called one: a change that stands out even then needs no longer run. Measured in bench/bench_load_compare.py."""
_FEWEST_SECONDS_TO_STAND_OUT: Final = 120
"""In shorter runs a level that wanders for minutes looks like a change however far intervals are stretched."""
_LEAST_LOG: Final = 0.01
"""Percentiles are known to 1 %: the scatter of their logarithms is taken for no less."""


@dataclass(frozen=True, slots=True)
class Margins:
    """How large a change must be to matter: of percentiles as a share, of errors in shares of the requests.

    What is no change must be shown to be smaller, or else the runs were too short to tell.
    """

    times: float = 0.25
    errors: float = 0.01


@dataclass(frozen=True, slots=True)
class _Figure:
    """One measure of one side: its estimate, what it scatters to, and why it is too little.

    `shown` is what the run's own table says, `value` what changes are worked out from: of percentiles the logarithm,
    smooth where `shown` goes from bucket to bucket. `least` is the variance below which its scatter cannot be,
    `between` the variance between runs.
    """

    shown: float
    value: float
    drawn: FloatArray
    least: float
    between: float
    too_little: str


@dataclass(frozen=True, slots=True)
class _Sampled:
    """One side: its measures by step and name, its extent, and how many independent blocks it has."""

    side: Side
    figures: Mapping[tuple[str, str], _Figure]
    counts: Mapping[str, int]
    rates: Mapping[str, float]
    blocks: float


def compared(
    a: Sequence[LoadFacts],
    b: Sequence[LoadFacts],
    rng: np.random.Generator,
    *,
    skip_seconds: float = 0.0,
    margins: Margins | None = None,
) -> LoadComparison:
    """Compare runs of two sides.

    Args:
        a: the runs that are held against, at least one.
        b: the runs in question, at least one.
        rng: where chance comes from; the same seed gives the same intervals.
        skip_seconds: how much of each run's beginning does not count, such as its ramp.
        margins: what would matter.

    Raises:
        ValueError: a side has no run.
    """
    if not a or not b:
        raise ValueError("a comparison needs a run on each side")
    names = _steps_of_both(a, b)
    step = _common_step((*a, *b))
    parts = [_parts(runs, names, skip_seconds, step) for runs in (a, b)]
    every = [part for side in parts for part in side]
    hanging, rows = _hanging_together(every), min((_rows(part) for part in every), default=0)
    length = _block_rows(rows, hanging)
    first, second = (_sampled(runs, names, found, length, step, rng) for runs, found in zip((a, b), parts, strict=True))
    pairs = {key: (first.figures[key], second.figures[key]) for key in first.figures if key in second.figures}
    widths = _half_widths(list(pairs.values()), min(first.blocks, second.blocks) - 1, len(a) + len(b) - 2)
    measures = {
        key: _measure(
            key[1], pair, width, margins or Margins(), _length(rows, step, 1.0 if _is_quiet(pair) else hanging)
        )
        for (key, pair), width in zip(pairs.items(), widths, strict=True)
    }
    steps = tuple(
        StepChange(
            name,
            first.rates[name],
            second.rates[name],
            first.counts[name],
            second.counts[name],
            tuple(measures.get((name, each), _unmeasured(each)) for each in (*SHARES, ERRORS)),
        )
        for name in names
    )
    return LoadComparison(first.side, second.side, steps, tuple(doubts(a, b, skip_seconds)))


def _steps_of_both(a: Sequence[LoadFacts], b: Sequence[LoadFacts]) -> list[str]:
    """Name the steps that every run has; all together stand first where there are several."""
    common = [step.name for step in a[0].steps if all(step.name in names_of(run) for run in (*a, *b))]
    return common if len(common) == 1 and len(a[0].steps) == 1 else [ALL, *common]


def _common_step(runs: Iterable[LoadFacts]) -> int:
    """Give the seconds of the intervals that all runs can be laid out in: above 1 where a long one is among them."""
    return common_step(second.seconds_joined for run in runs for second in run.timeline)


def _parts(runs: Sequence[LoadFacts], names: Sequence[str], skip: float, step: int) -> list[Mapping[str, StepArrays]]:
    """Give the seconds of every run that count, step by step; runs of which nothing is left are passed over.

    With a `step` above 1 they are intervals of so many seconds; one that the run's end cut short is left out.
    """
    laid = [run.timeline if step == 1 else _whole(in_layout(run.timeline, Layout(step)), step) for run in runs]
    kept = [[each for each in timeline if each.at_seconds - (each.seconds_joined - 1) > skip] for timeline in laid]
    return [{name: step_arrays(seconds, name) for name in names} for seconds in kept if seconds]


def _whole(intervals: Sequence[LoadSecond], step: int) -> Sequence[LoadSecond]:
    return intervals[:-1] if intervals and intervals[-1].seconds_joined < step else intervals


def _hanging_together(parts: Sequence[Mapping[str, StepArrays]]) -> float:
    """Give for how many rows a run hangs together: what the measure that does longest needs as block, over all runs.

    All steps together are looked at, and the length that each run's series asks for is averaged over the runs: one
    short series is a poor witness, and the longest of many is by chance too long.
    """
    needed: dict[str, list[int]] = {}
    for part in parts:
        for measure, length in block_lengths(next(iter(part.values()))):
            needed.setdefault(measure, []).append(length)
    return max((sum(each) / len(each) for each in needed.values()), default=1.0)


def _block_rows(rows: int, hanging: float) -> int:
    """Give the block length for runs of so many seconds, or rows of some.

    An eighth of the run, twice as long as it hangs together where that is more, and no more than a quarter: few long
    blocks and Student's t hold their level where many short ones do not, because a short series hides how long it hangs
    together (Ibragimov and Mueller 2010, "t-statistic based correlation and heterogeneity robust inference").
    """
    return max(1, min(round(max(2 * hanging, rows / _BLOCKS)), rows // 4))


def _sampled(
    runs: Sequence[LoadFacts],
    names: Sequence[str],
    parts: Sequence[Mapping[str, StepArrays]],
    length: int,
    step: int,
    rng: np.random.Generator,
) -> _Sampled:
    """Draw the seconds of a side, in rows of `step`, again and again, each run within itself; give its measures."""
    if not parts:
        empty = dict.fromkeys(names, 0)
        return _Sampled(Side(len(runs), 0, 1), {}, empty, dict.fromkeys(names, 0.0), 0.0)
    weights = [drawn_blocks(len(part[names[0]].asked), length, _DRAWS, rng) for part in parts]
    figures: dict[tuple[str, str], _Figure] = {}
    for name in names:
        steps = [part[name] for part in parts]
        figures |= {(name, measure): figure for measure, figure in _figures(steps, weights)}
    total = sum(len(part[names[0]].asked) for part in parts)
    counts = {name: int(sum(part[name].asked.sum() for part in parts)) for name in names}
    rates = {name: count / (total * step) for name, count in counts.items()}
    return _Sampled(Side(len(runs), total * step, length * step), figures, counts, rates, total / length)


def _figures(steps: Sequence[StepArrays], weights: Sequence[FloatArray]) -> Iterator[tuple[str, _Figure]]:
    """Give every measure that a side has: log percentiles where there are answers, the failed share where asked."""
    low = min(step.first for step in steps)
    high = max(step.first + step.counts.shape[1] for step in steps)
    per_run = [laid_out(step, low, high) for step in steps]
    whole = _sum(counts.sum(axis=0) for counts in per_run)
    drawn = _sum(weight @ counts for weight, counts in zip(weights, per_run, strict=True))
    times = together(step.times for step in steps)
    for name, share in SHARES.items():
        shown = times.quantile(share)
        if shown is None:
            continue
        value = float(log_quantiles(whole[None, :], share, low)[0])
        each = [float(log_quantiles(counts.sum(axis=0)[None, :], share, low)[0]) for counts in per_run if counts.any()]
        beyond = (1 - share) * times.count
        too_little = "" if beyond >= _FEWEST_BEYOND else f"only {counted(times.count, 'answer')}"
        yield name, _Figure(shown, value, log_quantiles(drawn, share, low), _LEAST_LOG**2, _spread(each), too_little)
    asked, failed = sum(float(step.asked.sum()) for step in steps), sum(float(step.failed.sum()) for step in steps)
    if asked:
        drawn_asked = _sum(weight @ step.asked for weight, step in zip(weights, steps, strict=True))
        drawn_failed = _sum(weight @ step.failed for weight, step in zip(weights, steps, strict=True))
        # Agresti and Caffo 2000: a failure and a success more keep the scatter of a share above nothing.
        middle = (failed + 1) / (asked + 2)
        least = middle * (1 - middle) / (asked + 2)
        shares = drawn_failed / np.maximum(drawn_asked, 1)
        each = [float(step.failed.sum() / step.asked.sum()) for step in steps if step.asked.sum()]
        yield ERRORS, _Figure(failed / asked, failed / asked, shares, least, _spread(each), "")


def _sum(parts: Iterable[FloatArray]) -> FloatArray:
    return np.sum(list(parts), axis=0)


def _spread(values: Sequence[float]) -> float:
    """Give the variance between runs; 0 with one run, which cannot say."""
    return float(np.var(values, ddof=1)) if len(values) > 1 else 0.0


def _half_widths(pairs: Sequence[tuple[_Figure, _Figure]], within: float, between: int) -> list[float]:
    """Give half the width of each simultaneous interval; degrees of freedom are those within and between the runs."""
    if not pairs:
        return []
    deviations: list[FloatArray] = []
    scatters: list[float] = []
    is_between = False
    for a, b in pairs:
        deviation = (b.drawn - b.drawn.mean()) - (a.drawn - a.drawn.mean())
        scatter = sqrt(max(float(deviation.var()), a.least + b.least))
        extra = _beyond_own(a, scatter) + _beyond_own(b, scatter)
        is_between = is_between or extra > 0
        deviations.append(np.abs(deviation) / scatter)
        scatters.append(sqrt(scatter**2 + extra))
    largest = float(np.quantile(np.max(deviations, axis=0), _CONFIDENCE))
    factor = _student_factor(min(within, between) if is_between else within)
    return [largest * factor * scatter for scatter in scatters]


def _beyond_own(figure: _Figure, scatter: float) -> float:
    """Give the variance between the runs of a side beyond what each scatters by itself."""
    return max(0.0, figure.between - scatter**2)


def _student_factor(freedom: float) -> float:
    """Say by what Student's t with so many degrees of freedom is wider than the normal, at 95 %.

    Source: the expansion in powers of 1 / degrees of freedom, Abramowitz and Stegun 26.7.5.
    """
    freedom, z = max(freedom, 1.0), 1.959964
    first = (z**3 + z) / 4
    second = (5 * z**5 + 16 * z**3 + 3 * z) / 96
    third = (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384
    return (z + first / freedom + second / freedom**2 + third / freedom**3) / z


def _rows(part: Mapping[str, StepArrays]) -> int:
    return len(next(iter(part.values())).asked)


def _is_quiet(pair: tuple[_Figure, _Figure]) -> bool:
    """Say whether these are shares of errors of which there were none: nothing hangs together then."""
    return not any(figure.value or figure.drawn.any() for figure in pair)


@dataclass(frozen=True, slots=True)
class _Length:
    """Why runs are too short; `for_any` where nothing at all can be said, else only what stands out can."""

    why: str = ""
    for_any: bool = False


def _length(rows: int, step: int, hanging: float) -> _Length:
    """Hold the length of the shortest run, in rows of `step` seconds, against what hangs together in it."""
    if rows < FEWEST_SECONDS:
        return _Length(f"a run has only {rows * step} s, and {FEWEST_SECONDS * step} are needed", for_any=True)
    if rows < _FEWEST_STRETCHES * hanging:
        return _Length(
            f"its seconds hang together for about {hanging * step:.0f} s, so a run must have "
            f"{_FEWEST_STRETCHES * hanging * step:.0f}, and one has {rows * step}",
            for_any=rows * step < _FEWEST_SECONDS_TO_STAND_OUT,
        )
    return _Length()


def _measure(name: str, pair: tuple[_Figure, _Figure], half: float, margins: Margins, length: _Length) -> MeasureChange:
    a, b = pair
    why = a.too_little or b.too_little or length.why
    middle = b.value - a.value
    if name == ERRORS:
        least, most, words = -margins.errors, margins.errors, (Change.FEWER_ERRORS, Change.MORE_ERRORS)
        found = (middle, max(middle - half, -1.0), min(middle + half, 1.0))  # shares differ by no more than all
    else:
        edge = log1p(margins.times)
        least, most, words = -edge, edge, (Change.FASTER, Change.SLOWER)
        found = (expm1(middle), expm1(middle - half), expm1(middle + half))
    verdict = _verdict(middle - half, middle + half, least, most, words)
    if why:
        stands_out = abs(middle) > _BEYOND_DOUBT * half and not (a.too_little or b.too_little or length.for_any)
        verdict, why = (verdict, "") if stands_out else (Change.TOO_SHORT, why)
    return MeasureChange(name, a.shown, b.shown, *found, verdict, why)


def _verdict(low: float, high: float, least: float, most: float, words: tuple[Change, Change]) -> Change:
    if low > 0:
        return words[1]
    if high < 0:
        return words[0]
    return Change.NONE if low > least and high < most else Change.TOO_SHORT


def _unmeasured(name: str) -> MeasureChange:
    return MeasureChange(name, None, None, None, None, None, Change.TOO_SHORT, "nothing was answered")
