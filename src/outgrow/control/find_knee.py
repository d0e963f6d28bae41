"""Find the knee of a scenario: hold a rate, or a number of users, judge it, let the target recover, hold the next."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from outgrow.capacity.held_rate import held_rate
from outgrow.capacity.knee import Ending, Knee, Objective, Search, knee_of, next_rate
from outgrow.facts.knees import KneeLevel
from outgrow.facts.loads import LoadFacts
from outgrow.plan.scenarios import Scenario
from outgrow.quantity import Duration, counted

_PROBE: Final = Duration.parse("1s")

Held = Callable[[Scenario], Awaitable[LoadFacts]]
"""Runs a scenario."""


@dataclass(frozen=True, slots=True)
class KneeRequest:
    """What is searched: a scenario whose rate is varied, the objective, and how long each rate is held and settles.

    Of a closed scenario the number of users is varied: users who wait for their answers keep to no rate.
    After a broken rate the target is asked gently, at most `probes` seconds, until it answers as it should again.
    """

    scenario: Scenario
    objective: Objective
    search: Search
    hold: timedelta
    settle: timedelta
    probes: int = 20


async def find_knee(request: KneeRequest, run: Held, told: Callable[[KneeLevel], None]) -> Knee:
    """Hold rate after rate until the knee is known, the target does not recover, or the generator is too weak.

    Args:
        request: what is searched.
        run: runs a scenario and gives its facts.
        told: called with every level that was held.

    Raises:
        RefusedError: a rate or duration is above the scenario's ceiling, or the target is not near.
        SourceError, UsageError: as of a load test.
    """
    levels: list[KneeLevel] = []
    while (rate := next_rate(request.search, levels)) is not None:
        if levels and not levels[-1].kept and not await _recovered(request, run):
            lost = f"the target did not recover from {_shown(levels[-1].rate, request)}"
            return knee_of(levels, lost, Ending.NO_RECOVERY)
        level, interrupted = await _hold(request, run, rate, is_repeat=any(each.rate == rate for each in levels))
        if interrupted:
            return knee_of(levels, "interrupted", Ending.INTERRUPTED)
        if not level.kept and level.too_weak:
            weak = f"the generator is too weak for {_shown(rate, request)}: {level.too_weak[0]}"
            return knee_of(levels, weak, Ending.TOO_WEAK)
        levels.append(level)
        told(level)
    return knee_of(levels)


async def _hold(request: KneeRequest, run: Held, rate: float, *, is_repeat: bool) -> tuple[KneeLevel, bool]:
    """Hold a rate, after a hiccup of the generator once more; give the level, and whether it was interrupted."""
    level, interrupted = await _held_once(request, run, rate, is_repeat=is_repeat)
    if level.too_weak and not level.kept and not interrupted:
        level, interrupted = await _held_once(request, run, rate, is_repeat=is_repeat)
    return level, interrupted


async def _held_once(request: KneeRequest, run: Held, rate: float, *, is_repeat: bool) -> tuple[KneeLevel, bool]:
    facts = await run(_at_rate(request.scenario, rate, request.settle + request.hold))
    level = held_rate(facts, rate, request.settle.total_seconds(), is_repeat=is_repeat)
    return replace(level, broken=request.objective.broken_by(level)), facts.interrupted


async def _recovered(request: KneeRequest, run: Held) -> bool:
    """Ask gently until the target answers as it should again, or patience is at an end."""
    for _ in range(request.probes):
        facts = await run(_at_rate(request.scenario, request.search.lowest, _PROBE))
        level = held_rate(facts, request.search.lowest, 0)
        if facts.interrupted or not request.objective.broken_by(level):
            return not facts.interrupted
    return False


def _shown(rate: float, request: KneeRequest) -> str:
    return counted(round(rate), "user") if request.search.by_users else f"{rate:,.4g}/s"


def _at_rate(scenario: Scenario, rate: float, length: timedelta) -> Scenario:
    """Give the scenario's requests another course: a rate, or of a closed scenario so many users."""
    held: dict[str, object] = {"duration": Duration.of(length)}
    if not scenario.is_closed:
        return scenario.model_copy(update=_NO_COURSE | held | {"target_rps": rate})
    users = round(rate)
    processes = scenario.processes if scenario.processes == "auto" else min(scenario.processes, users)
    return scenario.model_copy(update=_NO_COURSE | held | {"vus": users, "processes": processes})


_NO_COURSE: Final[dict[str, object]] = {
    "target_rps": None,
    "ramp": Duration.parse("0"),
    "stages": (),
    "trace": None,
    "executor": None,
    "vus": None,
    "iterations": None,
    "thresholds": {},
}
