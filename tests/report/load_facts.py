"""Runs to report on: one made up in full, as a service that fills its pool would give it."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np

from outgrow.facts.buckets import NOTHING, Buckets, bucket_of, together
from outgrow.facts.loads import (
    FlowLoad,
    GeneratorHealth,
    Latency,
    LoadFacts,
    LoadSecond,
    Outcome,
    Resource,
    ResourcePoint,
    Saturated,
    StepLoad,
    StepSecond,
)

AT = datetime(2026, 11, 20, 5, 30, tzinfo=UTC)


def buckets_of(durations) -> Buckets:
    """Count durations in seconds."""
    values = [float(each) for each in durations]
    if not values:
        return NOTHING
    counts: dict[int, int] = {}
    for each in values:
        counts[bucket_of(each)] = counts.get(bucket_of(each), 0) + 1
    return Buckets(counts, sum(values), min(values), max(values))


def latency_of(buckets: Buckets) -> Latency | None:
    """Sum buckets up."""
    if not buckets.count:
        return None
    least, p50, p90, p95, p99, greatest = (buckets.quantile(share) or 0.0 for share in (0, 0.5, 0.9, 0.95, 0.99, 1))
    return Latency(buckets.count, buckets.mean_seconds or 0.0, least, p50, p90, p95, p99, greatest)


def a_run(
    seconds: int = 60,
    rate: int = 100,
    *,
    slower: float = 1.0,
    failing: float = 0.0,
    overload_from: int | None = None,
    seed: int = 1,
    scenario: str = "peak",
    too_weak: tuple[str, ...] = (),
    wanders: float = 0.8,
) -> LoadFacts:
    """Make a run up: two steps, lognormal response times whose level wanders, overload towards the end if wanted."""
    rng = np.random.default_rng(seed)
    timeline: list[LoadSecond] = []
    level = 0.0
    for index in range(seconds):
        level = wanders * level + rng.normal(0, 0.05)
        over = 0 if overload_from is None else max(0, index - overload_from)
        steps: dict[str, StepSecond] = {}
        for name, share, median in (("read", 0.7, 0.02), ("write", 0.3, 0.05)):
            count = round(rate * share)
            bad = int(rng.binomial(count, min(0.9, failing + 0.02 * over)))
            times = rng.lognormal(np.log(median * slower * (1 + over / 2)) + level, 0.4, count)
            outcomes = {Outcome.DONE: count - bad} | ({Outcome.UNEXPECTED: bad} if bad else {})
            statuses = {200: count - bad} | ({503: bad} if bad else {})
            passed = {"status is 200": (count - bad, bad)}
            kinds = ({200: buckets_of(times[bad:])}, {503: buckets_of(times[:bad])} if bad else {})
            steps[name] = StepSecond(
                outcomes,
                statuses,
                buckets_of(times),
                passed,
                count * 200,
                count * 900,
                expected=kinds[0] if bad and count > bad else {},
                unexpected=kinds[1] if bad and count > bad else {},
            )
        timeline.append(_second(index, rate, steps, over))
    whole, parts = _sums(timeline)
    busy = _busy(seconds, overload_from)
    saturated = () if overload_from is None else (Saturated("pool", float(overload_from), 38.0, 36.0, float(rate)),)
    health = GeneratorHealth(0.12, 0.2, 0, Latency(10, 1e-4, 1e-5, 1e-4, 2e-4, 3e-4, 5e-4, 1e-3), too_weak)
    return LoadFacts(
        scenario=scenario,
        target="http://127.0.0.1:8080",
        started_at=AT,
        seconds=float(seconds),
        planned_seconds=float(seconds),
        interrupted=False,
        whole=whole,
        steps=parts,
        timeline=tuple(timeline),
        connections_highest=24,
        connections_opened=24,
        retried=0,
        health=health,
        resources=busy,
        saturated=saturated,
        slowed_at_seconds=None if overload_from is None else overload_from + 2.0,
        iterations=FlowLoad("", whole.outcomes),
    )


def _second(index: int, rate: int, steps: dict[str, StepSecond], over: int) -> LoadSecond:
    response = together(step.response for step in steps.values())
    done = sum(step.outcomes.get(Outcome.DONE, 0) for step in steps.values())
    failed = sum(step.outcomes.get(Outcome.UNEXPECTED, 0) for step in steps.values())
    p50, p95, greatest = (response.quantile(share) for share in (0.5, 0.95, 1))
    busy = 0.1 + 0.001 * (index % 7)
    return LoadSecond(index + 1.0, rate, rate, done, failed, over, 3 + 4 * over, 24, busy, p50, p95, greatest, steps)


def _sums(timeline: list[LoadSecond]) -> tuple[StepLoad, tuple[StepLoad, ...]]:
    found: list[StepLoad] = []
    for name in ("read", "write", ""):
        parts = [step for second in timeline for each, step in second.steps.items() if name in {"", each}]
        response = latency_of(together(part.response for part in parts))
        outcomes = {each: sum(part.outcomes.get(each, 0) for part in parts) for each in Outcome}
        statuses = {each: sum(part.statuses.get(each, 0) for part in parts) for each in (200, 503)}
        passed, failed = (sum(part.checks["status is 200"][side] for part in parts) for side in (0, 1))
        found.append(
            StepLoad(
                name or "all",
                {each: count for each, count in outcomes.items() if count},
                {each: count for each, count in statuses.items() if count},
                response,
                response,
                response,
                {"team": "farms"} if name == "read" else {},
                {"status is 200": (passed, failed)} if name else {},
                sum(part.bytes_sent for part in parts),
                sum(part.bytes_received for part in parts),
            )
        )
    return found[-1], tuple(found[:-1])


def _busy(seconds: int, overload_from: int | None) -> dict[str, Resource]:
    full = seconds if overload_from is None else overload_from
    pool = [ResourcePoint(float(at), min(38.0, 10 + 28.0 * at / max(full, 1))) for at in range(0, seconds, 2)]
    cpu = [ResourcePoint(float(at), None if at == 10 else 0.5 + 0.1 * (at % 4)) for at in range(0, seconds, 2)]
    return {
        "pool": Resource("pool", "connections", tuple(pool), 36.0, "danger of level pool"),
        "cpu{pod=a}": Resource("cpu", "ratio", tuple(cpu), 0.9, "90%, where a share counts as full"),
        "disk": Resource("disk", "ratio", (), failure="the server did not answer"),
    }


def with_answers(facts: LoadFacts, seed: int = 2) -> LoadFacts:
    """Give a run whose reads are answers of a language model: tokens that come more slowly towards the end."""
    rng = np.random.default_rng(seed)
    timeline = []
    for index, second in enumerate(facts.timeline):
        slower = 1 + index / len(facts.timeline)
        trends = {
            "first_token_seconds": buckets_of(rng.lognormal(np.log(0.35 * slower), 0.4, 20)),
            "between_tokens_seconds": buckets_of(rng.lognormal(np.log(0.018 * slower), 0.5, 400)),
            "tokens": buckets_of(rng.integers(80, 200, 20)),
            "tokens_per_second": buckets_of(rng.normal(50 / slower, 4, 20)),
            "cost_per_1000_requests": buckets_of(rng.normal(0.4, 0.05, 20)),
        }
        step = replace(second.steps["read"], trends=trends)
        timeline.append(replace(second, steps={**second.steps, "read": step}))
    names = timeline[0].steps["read"].trends
    whole = {name: together(second.steps["read"].trends[name] for second in timeline) for name in names}
    steps = (replace(facts.steps[0], trends=whole), *facts.steps[1:])
    return replace(facts, timeline=tuple(timeline), steps=steps)
