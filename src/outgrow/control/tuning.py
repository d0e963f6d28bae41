"""The search over many policies, spread over processes: which one runs where makes no difference to the result."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from typing import Final

from outgrow.plan.autoscaling import HpaPolicy
from outgrow.simulate.fast import rehearse_fast
from outgrow.simulate.rehearsal import Setting, Told
from outgrow.simulate.timeline import Demand, demand_of
from outgrow.simulate.tune import BlockScore, Candidate, Goal, Tried, Tuned, scored_by_block, tuned

_AT_ONCE: Final = 8

_shared: dict[str, tuple[Setting, Demand, int]] = {}
"""In a worker: what all its candidates meet, worked out once."""


def tune(
    found: Sequence[Candidate],
    goal: Goal,
    setting: Setting,
    length_seconds: int,
    processes: int,
    told: Told | None = None,
) -> Tuned:
    """Rehearse every candidate and choose; the same inputs give the same result whatever the number of processes.

    Raises:
        UsageError: a candidate cannot be rehearsed.
    """
    batches = [found[index : index + _AT_ONCE] for index in range(0, len(found), _AT_ONCE)]
    tried: list[Tried] = []
    for scores in _scores(batches, setting, length_seconds, processes):
        tried += [Tried(found[len(tried) + index], each) for index, each in enumerate(scores)]
        if told is not None:
            told(f"{len(found)} policies", len(tried), len(found))
    return tuned(tried, goal, length_seconds)


def _scores(
    batches: Sequence[Sequence[Candidate]], setting: Setting, length_seconds: int, processes: int
) -> Iterator[list[tuple[BlockScore, ...]]]:
    policies = [[each.policy for each in batch] for batch in batches]
    least = policies[0][0].min
    if processes == 1:
        _begin(setting, length_seconds, least)
        yield from map(_batch, policies)
        return
    # Forking a process with threads (a progress bar has one) can lock up; a fresh one cannot.
    context = get_context("spawn")
    with ProcessPoolExecutor(processes, context, _begin, (setting, length_seconds, least)) as pool:
        yield from pool.map(_batch, policies)


def _begin(setting: Setting, length_seconds: int, least: int) -> None:
    _shared["all"] = setting, demand_of(setting.trace, setting.service, least), length_seconds


def _batch(policies: Sequence[HpaPolicy]) -> list[tuple[BlockScore, ...]]:
    setting, demand, length_seconds = _shared["all"]
    # Bounds of the pool and the calendar are the service's, not the search's.
    service = replace(setting.service, pool_room=None)
    timelines = (rehearse_fast(policy, service, setting.trace, demand) for policy in policies)
    return [scored_by_block(each, demand.totals, setting, length_seconds) for each in timelines]
