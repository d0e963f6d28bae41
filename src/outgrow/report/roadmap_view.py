"""The roadmap worded: the baseline and every phase in order, where each stands, since when, and by what evidence."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain
from typing import Any, Final

from outgrow.decide.gates import gates_of
from outgrow.decide.phase_proofs import OutOfDate, PhaseStanding, PhaseState, baseline_standing, standing
from outgrow.errors import UsageError
from outgrow.facts.decisions import Event
from outgrow.facts.proofs import Proof, Revision, ScenarioProof, ThresholdResult
from outgrow.plan import Plan
from outgrow.plan.roadmap import Phase, Roadmap
from outgrow.report.documents import read
from outgrow.report.load_words import clock, milliseconds, threshold_value
from outgrow.report.said import said
from outgrow.report.words import Words

_SHORT_COMMIT: Final = 12


@dataclass(frozen=True, slots=True)
class GoalView:
    """A goal or threshold: what was asked, what was measured, and what became of it (`passed`, `failed`, `no_data`).

    Of a phase that was never run only what is asked is known; its `verdict` is empty.
    """

    text: str
    measured: str
    verdict: str
    verdict_word: str
    why: str


@dataclass(frozen=True, slots=True)
class RunView:
    """One scenario's run: when, how long, what it met; its own thresholds, and what spoiled it."""

    scenario: str
    text: str
    thresholds: tuple[GoalView, ...]
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PhaseView:
    """One phase, worded. `provenance` holds pairs of a name and a text: who measured, of which plan and version."""

    name: str
    title: str
    description: str
    current: bool
    state: str
    state_word: str
    at: str
    why: str
    goals: tuple[GoalView, ...]
    runs: tuple[RunView, ...]
    provenance: tuple[tuple[str, str], ...]
    command: str
    """What would prove it; empty where nothing can, or needs to."""


@dataclass(frozen=True, slots=True)
class RoadmapView:
    """The roadmap: a sentence, and its phases in order; the baseline comes first where there is one."""

    headline: str
    phases: tuple[PhaseView, ...]


def roadmap_view(plan: Plan, events: Sequence[Event], now: datetime, words: Words) -> RoadmapView | None:
    """Word where every phase stands; None where the plan has no roadmap.

    Args:
        plan: with its roadmap.
        events: the journal's proofs and deployments of all times; empty without a journal.
        now: by which a proof is old.
        words: language and zone.
    """
    if plan.roadmap is None:
        return None
    standings = [standing(plan, phase, events, now) for phase in plan.roadmap.phases]
    phases = (
        _phase_view(plan, plan.roadmap, phase, found, words)
        for phase, found in zip(plan.roadmap.phases, standings, strict=True)
    )
    baseline = _baseline_view(plan.roadmap, baseline_standing(events), words)
    return RoadmapView(_headline(standings, words), tuple(chain(baseline, phases)))


def _headline(standings: Sequence[PhaseStanding], words: Words) -> str:
    provable = [each for each in standings if each.state is not PhaseState.NO_VERIFY]
    proven = sum(each.state is PhaseState.PROVEN for each in provable)
    if not provable:
        return words("roadmap.nothing_to_prove")
    old = sum(each.state is PhaseState.OUT_OF_DATE for each in provable)
    told = words("roadmap.proven", n=proven, of=len(provable))
    return f"{told} {words.count('roadmap.out_of_date', old)}" if old else told


def _baseline_view(roadmap: Roadmap, found: PhaseStanding, words: Words) -> Iterator[PhaseView]:
    if roadmap.baseline is None:
        return
    proof = proof_of(found)
    yield PhaseView(
        name=found.phase,
        title=words("roadmap.baseline"),
        description=words("roadmap.baseline_is"),
        current=False,
        **_stands(found, proof, words),
        why="",
        goals=(),
        command="" if proof else "outgrow verify --baseline",
    )


def _phase_view(plan: Plan, roadmap: Roadmap, phase: Phase, found: PhaseStanding, words: Words) -> PhaseView:
    proof = proof_of(found)
    asked = () if phase.verify is None else gates_of(plan, phase.verify.goals)
    goals = tuple(_goal(each, words) for each in proof.goals) if proof else ()
    return PhaseView(
        name=phase.name,
        title=phase.title or phase.name,
        description=phase.description,
        current=phase.name == roadmap.current,
        **_stands(found, proof, words),
        why=why_text(phase, found, words),
        goals=goals or tuple(GoalView(gate.text, "–", "", "", "") for gate in asked),
        command="" if found.state in {PhaseState.PROVEN, PhaseState.NO_VERIFY} else f"outgrow verify {phase.name}",
    )


def _stands(found: PhaseStanding, proof: Proof | None, words: Words) -> dict[str, Any]:
    return {
        "state": found.state.name.lower(),
        "state_word": words(f"roadmap.state.{found.state.name.lower()}"),
        "at": "" if found.at is None else words.moment(found.at),
        "runs": tuple(_run(each, words) for each in proof.scenarios) if proof else (),
        "provenance": tuple(_provenance(proof, words)) if proof else (),
    }


def proof_of(found: PhaseStanding) -> Proof | None:
    """Read the proof that a phase stands by; None where there is none, or none that can be read any more."""
    if found.event is None:
        return None
    try:
        return read(Proof, found.event.detail)
    except UsageError:
        return None


def why_text(phase: Phase, found: PhaseStanding, words: Words) -> str:
    """Say why a phase stands where it does, where its state does not say it all."""
    if found.state is PhaseState.NO_VERIFY:
        return words("roadmap.no_verify")
    if found.why is None:
        return ""
    if found.why is OutOfDate.OLD and phase.verify is not None:
        return words("roadmap.why.old", span=words.span(phase.verify.valid_for))
    return words(f"roadmap.why.{found.why.name.lower()}")


def _goal(result: ThresholdResult, words: Words) -> GoalView:
    verdict = result.verdict.name.lower()
    return GoalView(
        said(result.text, words),
        threshold_value(result),
        verdict,
        words("roadmap.in_scenario", told=words(f"load.threshold.{verdict}"), scenario=result.scenario)
        if result.scenario
        else words(f"load.threshold.{verdict}"),
        _because(result, words),
    )


def _because(result: ThresholdResult, words: Words) -> str:
    if result.why or result.first_failed_seconds is None:
        return said(result.why, words)
    return words("roadmap.first_failed", at=clock(result.first_failed_seconds))


def arrivals_text(proof: ScenarioProof, words: Words) -> str:
    """Word what a scenario sent and where; another generator's summary does not say where."""
    counts = {"arrivals": f"{proof.arrivals:,}", "failed": f"{proof.failed:,}"}
    if not proof.target:
        return words("roadmap.run_somewhere", **counts)
    return words("roadmap.run", **counts, target=proof.target)


def _run(proof: ScenarioProof, words: Words) -> RunView:
    told = arrivals_text(proof, words)
    if proof.started_at is not None:
        span = words.span(timedelta(seconds=proof.seconds))
        told = f"{words('roadmap.began', moment=words.moment(proof.started_at), span=span)}: {told}"
    if proof.p95_seconds is not None:
        told += f", p95 {milliseconds(proof.p95_seconds)}"
    problems = [words("load.too_weak", why=said(why, words)) for why in proof.too_weak]
    if proof.silent:
        problems.append(words("load.table.silent", target=proof.target))
    if proof.interrupted:
        problems.append(words("roadmap.interrupted"))
    return RunView(proof.scenario, told, tuple(_goal(each, words) for each in proof.thresholds), tuple(problems))


def _provenance(proof: Proof, words: Words) -> Iterator[tuple[str, str]]:
    """Give who measured, of which plan, and of which version of the target."""
    for version in dict.fromkeys(each.version for each in proof.scenarios):
        told = version.text or words("roadmap.unknown")
        if version.text or version.why:
            yield words("roadmap.version"), f"{told} ({said(version.why, words)})" if version.why else told
    revision = revision_text(proof.plan_revision, words)
    if revision:
        yield words("roadmap.revision"), revision
    yield words("roadmap.machine"), said(proof.machine, words)
    yield words("roadmap.by"), f"outgrow {proof.outgrow}"


def revision_text(revision: Revision, words: Words) -> str:
    """Word the commit that a plan stood at; empty where an earlier outgrow did not look."""
    if not revision.commit:
        return words("roadmap.no_revision", why=said(revision.why, words)) if revision.why else ""
    commit = revision.commit[:_SHORT_COMMIT]
    return words("roadmap.dirty", commit=commit) if revision.dirty else commit
