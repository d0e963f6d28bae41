"""Runs as they are given to tests: seconds with their answers, made without a server."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime

from outgrow.facts.buckets import NOTHING, Buckets, bucket_of
from outgrow.facts.loads import GeneratorHealth, LoadFacts, LoadSecond, Outcome, Resource, StepLoad, StepSecond


def buckets(seconds: Sequence[float]) -> Buckets:
    if not seconds:
        return NOTHING
    return Buckets(dict(Counter(map(bucket_of, seconds))), sum(seconds), min(seconds), max(seconds))


def second(
    at: float, times: Sequence[float] = (), *, failed: int = 0, due: int | None = None, dropped: int = 0, in_flight=0
) -> LoadSecond:
    """Give a second whose answers took `times`; `failed` more failed without an answer."""
    done = len(times)
    asked = done + failed + dropped if due is None else due
    outcomes = {Outcome.DONE: done, Outcome.REFUSED: failed}
    step = StepSecond({name: count for name, count in outcomes.items() if count}, {200: done}, buckets(times))
    steps = {"one": step} if done or failed else {}
    return LoadSecond(
        at, asked, asked - dropped, done, failed, dropped, in_flight, 1, 0.1, None, None, None, steps, in_flight
    )


def seconds_of(*times: Sequence[float], failed: Sequence[int] = ()) -> tuple[LoadSecond, ...]:
    lost = [*failed, *[0] * len(times)]
    return tuple(second(index + 1.0, each, failed=lost[index]) for index, each in enumerate(times))


def run_of(timeline: Sequence[LoadSecond], resources: dict[str, Resource] | None = None) -> LoadFacts:
    outcomes = Counter[Outcome]()
    for each in timeline:
        for step in each.steps.values():
            outcomes.update(step.outcomes)
    whole = StepLoad("all", dict(outcomes), {}, None, None, None)
    length = timeline[-1].at_seconds if timeline else 0.0
    health = GeneratorHealth(0.1, 0.1, 0, None, ())
    return LoadFacts(
        "peak", "http://127.0.0.1", datetime(2026, 3, 1, tzinfo=UTC), length, length, False, whole, (), tuple(timeline),
        1, 1, 0, health, resources or {},
    )  # fmt: skip
