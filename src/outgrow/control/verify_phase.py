"""Prove a phase: run its scenarios one after the other, hold each against the goals, and make one verdict of it."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

from outgrow import __version__
from outgrow.decide.gates import gates_of, signals_asked
from outgrow.decide.phase_proofs import (
    goals_over,
    policy_hash,
    rehearsed_goals,
    scenario_proof,
    verdict_of,
    verify_hash,
)
from outgrow.facts.loads import LoadFacts
from outgrow.facts.proofs import Proof, Revision, ScenarioProof, TargetVersion
from outgrow.plan import Plan
from outgrow.plan.asked_load import most_users, rehearsed
from outgrow.plan.roadmap import BASELINE, Verify
from outgrow.plan.scenarios import Scenario

RunScenario = Callable[[str, Scenario], Awaitable[LoadFacts]]
"""Runs a scenario by its name, and notes its span."""
AskVersion = Callable[[str, Scenario], Awaitable[TargetVersion]]
"""Learns which version a scenario's target is."""


async def verify_phase(
    plan: Plan,
    phase: str,
    verify: Verify,
    run: RunScenario,
    scale: float = 1.0,
    version: AskVersion | None = None,
    revision: Revision | None = None,
) -> Proof:
    """Run a phase's scenarios in order and judge its goals; an interrupted one ends the phase.

    Args:
        plan: whose scenarios, targets and levels are used.
        phase: its name.
        verify: its scenarios and goals.
        run: runs one scenario.
        scale: below 1 a rehearsal, at that share of rates, users and times.
        version: asked before and after each scenario; nothing is known of the target's version without it.
        revision: the commit that the plan stands at.

    Raises:
        RefusedError, SourceError, UsageError: as of a load test.
    """
    goals = rehearsed_goals(gates_of(plan, verify.goals), scale)
    found: list[ScenarioProof] = []
    machines: dict[str, None] = {}
    for name in verify.scenarios:
        scenario = plan.scenarios[name] if scale == 1 else rehearsed(plan.scenarios[name], scale)
        watch = tuple(dict.fromkeys((*scenario.watch, *signals_asked(goals))))
        if phase == BASELINE:
            scenario = scenario.model_copy(update={"thresholds": {}})  # today's system is recorded, not judged
        before = TargetVersion() if version is None else await version(name, scenario)
        facts = await run(name, scenario.model_copy(update={"watch": watch}))
        machines[facts.machine] = None
        met = before if version is None else throughout(before, await version(name, scenario))
        found.append(replace(scenario_proof(facts, goals, most_users(scenario), scale), version=met))
        if found[-1].interrupted:
            break
    over_all = goals_over(goals, found)
    return Proof(
        phase=phase,
        verdict=verdict_of(over_all, found, scale),
        plan_hash=verify_hash(plan, verify),
        policy_hash=policy_hash(plan),
        plan_revision=revision or Revision(),
        goals=over_all,
        scenarios=tuple(found),
        outgrow=__version__,
        machine=", ".join(filter(None, machines)),
        scale=scale,
    )


def throughout(before: TargetVersion, after: TargetVersion) -> TargetVersion:
    """Give the version that a run met, from what the target said before it and after it."""
    if before.text == after.text or not after.text:
        return before
    return TargetVersion(before.text, f"after the run it was {after.text}") if before.text else after
