"""The search over many policies, spread over processes: which one runs where makes no difference to the result."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from typing import Final

from outgrow.plan.services import ScalingPolicy
from outgrow.simulate.blocks import Blocks, BlockScore, scored_by_block
from outgrow.simulate.candidates import Candidate
from outgrow.simulate.many import courses_of, groups_of
from outgrow.simulate.rehearsal import Setting, Told, run
from outgrow.simulate.rehearse import replayable
from outgrow.simulate.timeline import Demand, demand_of
from outgrow.simulate.tune import Goal, Tried, Tuned, tuned

_TOGETHER: Final = 256
"""Policies that are stepped together: more cost hardly less each, and keep the other processes waiting."""

_Scores = dict[int, tuple[BlockScore, ...]]
"""By a candidate's place."""
_Job = tuple[tuple[int, ...], tuple[ScalingPolicy, ...]]
"""Candidates that are rehearsed by one process at once: their places, and themselves."""

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
    policies = [replayable(each.policy)[0] for each in found]
    scores: _Scores = {}
    for some in _scores(_jobs(policies, setting), setting, length_seconds, processes):
        scores |= some
        if told is not None:
            told(f"{len(found)} policies", len(scores), len(found))
    return tuned([Tried(each, scores[place]) for place, each in enumerate(found)], goal, length_seconds)


def _jobs(policies: Sequence[ScalingPolicy], setting: Setting) -> list[_Job]:
    """Part the work; what takes longest, a policy on its own, comes first."""
    groups = groups_of(policies, setting.trace, _TOGETHER)
    places = [*((place,) for place in groups.alone), *groups.together]
    return [(some, tuple(policies[place] for place in some)) for some in places]


def _scores(jobs: Sequence[_Job], setting: Setting, length_seconds: int, processes: int) -> Iterator[_Scores]:
    least = min(policy.min for _, policies in jobs for policy in policies)
    if processes == 1 or len(jobs) == 1:
        _begin(setting, length_seconds, least)
        yield from map(_scored, jobs)
        return
    # Forking a process with threads (a progress bar has one) can lock up; a fresh one cannot.
    context = get_context("spawn")
    begin = partial(_begin, setting, length_seconds, least)
    with ProcessPoolExecutor(min(processes, len(jobs)), context, begin) as pool:
        yield from pool.map(_scored, jobs)


def _begin(setting: Setting, length_seconds: int, least: int) -> None:
    _shared["all"] = setting, demand_of(setting.trace, setting.service, least), length_seconds


def _scored(job: _Job) -> _Scores:
    setting, demand, length_seconds = _shared["all"]
    places, policies = job
    if len(policies) == 1:
        # On its own it may know a faster way.
        timeline = run(policies[0], setting)
        return {places[0]: scored_by_block(timeline, demand.totals, setting, length_seconds)}
    blocks = Blocks(demand, setting, length_seconds, len(policies))
    for course in courses_of(policies, setting.service, setting.trace, demand):
        blocks.add(course.start, course.ready)
    return dict(zip(places, blocks.scores(), strict=True))
