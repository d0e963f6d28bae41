"""How often `outgrow load compare` cries wolf, and what it finds: made-up runs whose truth is known.

Each kind of target is run twice without a change (the share of comparisons that see one is the false-positive rate) and
with every response time 10 % and 20 % longer (the share that says "slower" is the power). Beside it stands the peer: a
rank test of all response times (Mann and Whitney 1947, two-sided at 5 %), which takes each answer for independent.

    python bench/bench_load_compare.py [--trials 40] [--seconds 60,300]
"""

import argparse
from collections.abc import Callable
from datetime import UTC, datetime
from math import erfc, sqrt

import numpy as np

from outgrow.decide.comparison import compared
from outgrow.facts.buckets import Buckets, bucket_of
from outgrow.facts.comparisons import Change
from outgrow.facts.loads import FlowLoad, GeneratorHealth, LoadFacts, LoadSecond, Outcome, StepLoad, StepSecond

RATE = 100
"""Arrivals a second."""
Times = np.ndarray
"""Response times in seconds: a row for each second, a column for each arrival in it."""


def independent(rng: np.random.Generator, seconds: int) -> Times:
    """Answers that say nothing of one another."""
    return rng.lognormal(np.log(0.05), 0.5, (seconds, RATE))


def wandering(rng: np.random.Generator, seconds: int) -> Times:
    """A level that wanders: autoregressive with 0.9 a second and 10 % scatter, as a noisy neighbour makes it."""
    level = np.zeros(seconds)
    level[0] = rng.normal(0, 0.1)
    for second in range(1, seconds):
        level[second] = 0.9 * level[second - 1] + rng.normal(0, 0.1 * sqrt(1 - 0.81))
    return rng.lognormal(np.log(0.05) + level[:, None], 0.5, (seconds, RATE))


def drifting(rng: np.random.Generator, seconds: int) -> Times:
    """A level that drifts for minutes: autoregressive with 0.99 a second and 30 % scatter."""
    level = np.zeros(seconds)
    level[0] = rng.normal(0, 0.3)
    for second in range(1, seconds):
        level[second] = 0.99 * level[second - 1] + rng.normal(0, 0.3 * sqrt(1 - 0.99**2))
    return rng.lognormal(np.log(0.05) + level[:, None], 0.5, (seconds, RATE))


def queueing(rng: np.random.Generator, seconds: int) -> Times:
    """One server that is busy 80 % of the time, arrivals at random (Lindley 1952); a run-in is left out."""
    count = (seconds + 30) * RATE
    gaps, work = rng.exponential(1 / RATE, count), rng.exponential(0.8 / RATE, count)
    steps = np.cumsum(np.concatenate([[0.0], work[:-1] - gaps[1:]]))
    waits = steps - np.minimum.accumulate(steps)
    return (waits + work)[30 * RATE :].reshape(seconds, RATE)


def pausing(rng: np.random.Generator, seconds: int) -> Times:
    """A server that stands still for 0.4 s at random, every 10 s on average (collection of garbage, a checkpoint)."""
    times = rng.lognormal(np.log(0.05), 0.3, (seconds, RATE))
    due = np.arange(seconds * RATE) / RATE
    for start in np.flatnonzero(rng.random(seconds) < 0.1) + rng.random():
        behind = (due >= start) & (due < start + 0.4)
        times.ravel()[behind] += start + 0.4 - due[behind]
    return times


def run_of(times: Times) -> LoadFacts:
    """Put response times into the facts of a run."""
    timeline = tuple(
        LoadSecond(
            index + 1.0,
            RATE,
            RATE,
            RATE,
            0,
            0,
            0,
            1,
            0.1,
            None,
            None,
            None,
            {"all": StepSecond({Outcome.DONE: RATE}, {200: RATE}, buckets(row))},
        )
        for index, row in enumerate(times)
    )
    step = StepLoad("all", {Outcome.DONE: times.size}, {200: times.size}, None, None, None)
    return LoadFacts(
        "bench",
        "http://127.0.0.1",
        datetime(2026, 1, 1, tzinfo=UTC),
        float(len(times)),
        float(len(times)),
        interrupted=False,
        whole=step,
        steps=(step,),
        timeline=timeline,
        connections_highest=1,
        connections_opened=1,
        retried=0,
        health=GeneratorHealth(0.1, 0.1, 0, None, ()),
        iterations=FlowLoad("", {}),
    )


def buckets(times: Times) -> Buckets:
    counts: dict[int, int] = {}
    for each in times.tolist():
        counts[bucket_of(each)] = counts.get(bucket_of(each), 0) + 1
    return Buckets(counts, float(times.sum()), float(times.min()), float(times.max()))


def rank_test(a: Times, b: Times) -> float:
    """Give the two-sided p-value of Mann and Whitney's test, by its normal approximation."""
    first, second = a.ravel(), b.ravel()
    n, m = len(first), len(second)
    below = np.searchsorted(np.sort(first), second).sum()
    return erfc(abs(below - n * m / 2) / sqrt(n * m * (n + m + 1) / 12) / sqrt(2))


def shares(make: Callable[[np.random.Generator, int], Times], seconds: int, factor: float, trials: int) -> list[float]:
    """Give how often ours sees any change, says slower, is too short at the 95th percentile, and the peer sees one."""
    seen = np.zeros(4)
    for trial in range(trials):
        rng = np.random.default_rng([trial, seconds, round(100 * factor)])
        a, b = make(rng, seconds), make(rng, seconds) * factor
        found = compared([run_of(a)], [run_of(b)], rng)
        verdicts = found.verdicts
        seen += [
            any(each not in {Change.NONE, Change.TOO_SHORT} for each in verdicts),
            Change.SLOWER in verdicts,
            verdicts[1] is Change.TOO_SHORT,
            rank_test(a, b) < 0.05,
        ]
    return list(seen / trials)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=40)
    parser.add_argument("--seconds", default="60,300")
    options = parser.parse_args()
    print(f"{RATE} arrivals/s, {options.trials} comparisons each; shares of comparisons")
    print(f"{'target':12} {'seconds':>7} | {'A/A: a change':>13} {'rank test':>9} | ", end="")
    print(f"{'+10 % slower':>12} {'p95 too short':>13} | {'+20 % slower':>12} {'p95 too short':>13}")
    for make in (independent, wandering, drifting, queueing, pausing):
        for seconds in map(int, options.seconds.split(",")):
            same, ten, twenty = (shares(make, seconds, factor, options.trials) for factor in (1.0, 1.1, 1.2))
            print(f"{make.__name__:12} {seconds:7} | {same[0]:13.1%} {same[3]:9.1%} | ", end="")
            print(f"{ten[1]:12.1%} {ten[2]:13.1%} | {twenty[1]:12.1%} {twenty[2]:13.1%}", flush=True)


if __name__ == "__main__":
    main()
