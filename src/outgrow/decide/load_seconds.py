"""A load test's seconds as arrays: durations by bucket, requests asked for and failed."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from outgrow.decide.block_bootstrap import FloatArray, block_length
from outgrow.facts.buckets import ORIGIN, PER_NEPER, Buckets, together
from outgrow.facts.loads import FAILURES, LoadSecond, Outcome, StepSecond

SHARES: Final[Mapping[str, float]] = {"p50": 0.5, "p95": 0.95, "p99": 0.99}
ERRORS: Final = "errors"
ALL: Final = "all"
"""All steps together."""


@dataclass(frozen=True, slots=True)
class StepArrays:
    """A step's seconds of one run: durations by bucket (seconds x buckets from `first` on), requests and failures.

    `times` are the durations of all seconds together.
    """

    times: Buckets
    counts: FloatArray
    first: int
    asked: FloatArray
    failed: FloatArray


def step_arrays(seconds: Sequence[LoadSecond], name: str) -> StepArrays:
    """Count a step's seconds, or those of `ALL` steps."""
    found = [_second_of(second, name) for second in seconds]
    used = [bucket for each in found for bucket in each[0].counts]
    first, last = (min(used), max(used)) if used else (0, 0)
    counts = np.zeros((len(found), last - first + 1))
    for row, (buckets, _, _) in enumerate(found):
        for bucket, count in buckets.counts.items():
            counts[row, bucket - first] = count
    asked = np.array([each[1] for each in found], dtype=np.float64)
    failed = np.array([each[2] for each in found], dtype=np.float64)
    return StepArrays(together(each[0] for each in found), counts, first, asked, failed)


def _second_of(second: LoadSecond, name: str) -> tuple[Buckets, int, int]:
    """Give the response times, the requests that the target was asked for, and those that failed."""
    if name == ALL:
        steps = list(second.steps.values())
    else:
        steps = [second.steps[name]] if name in second.steps else list[StepSecond]()
    failed = sum(count for step in steps for outcome, count in step.outcomes.items() if outcome in FAILURES)
    done = sum(step.outcomes.get(Outcome.DONE, 0) for step in steps)
    return together(step.response for step in steps), done + failed, failed


def block_lengths(step: StepArrays) -> Iterator[tuple[str, int]]:
    """Give the block length that each measure of a run needs.

    A percentile's influence series is how many of a second's answers lie above it, beyond the share that should
    (Bahadur 1966); that of the errors is how many failed beyond the mean share.
    """
    each_second = step.counts.sum(axis=1)
    total = float(each_second.sum())
    for name in ("p50", "p95") if total else ():  # the p99 of a second is a single answer
        share = SHARES[name]
        column = int(np.searchsorted(step.counts.sum(axis=0).cumsum(), share * total))
        above = step.counts[:, column + 1 :].sum(axis=1)
        yield name, block_length(above - above.sum() / total * each_second)
    if step.failed.any():
        yield ERRORS, block_length(step.failed - step.failed.sum() / step.asked.sum() * step.asked)


def laid_out(step: StepArrays, low: int, high: int) -> FloatArray:
    """Put a run's buckets on the axis of all runs."""
    before, after = step.first - low, high - step.first - step.counts.shape[1]
    return np.pad(step.counts, ((0, 0), (before, after)))


def log_quantiles(counts: FloatArray, share: float, first: int) -> FloatArray:
    """Give the logarithm of a quantile (in seconds) of each row of bucket counts, interpolated within its bucket.

    It moves smoothly with the counts, so that its scatter over drawn rows is not that of the buckets' edges; a figure
    to show is `Buckets.quantile`. A row without counts gives the lowest bucket.
    """
    cumulated = counts.cumsum(axis=1)
    wanted = share * cumulated[:, -1]
    column = np.minimum((cumulated < wanted[:, None]).sum(axis=1), counts.shape[1] - 1)
    rows = np.arange(len(counts))
    inside = counts[rows, column]
    within = np.divide(wanted - (cumulated[rows, column] - inside), inside, out=np.zeros(len(counts)), where=inside > 0)
    return (first + column + np.clip(within, 0, 1) - ORIGIN) / PER_NEPER
