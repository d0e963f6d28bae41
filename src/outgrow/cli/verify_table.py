"""Proofs and the roadmap, laid out for a terminal."""

from collections.abc import Sequence
from typing import Final

from rich.table import Table
from rich.text import Text

from outgrow.cli.common import console
from outgrow.cli.threshold_table import print_thresholds
from outgrow.facts.proofs import Proof, TargetVersion
from outgrow.report.load_words import milliseconds
from outgrow.report.roadmap_view import GoalView, RoadmapView, arrivals_text, revision_text
from outgrow.report.said import said
from outgrow.report.words import Words

_STYLES: Final = {
    "proven": "bold green",
    "recorded": "bold green",
    "not_proven": "bold red",
    "too_weak": "bold yellow",
    "out_of_date": "yellow",
}


def print_proof(proof: Proof, asked: Sequence[str], words: Words) -> None:
    """Print each scenario with its thresholds, the goals over all of them, and the verdict.

    Args:
        proof: the proof; of a phase that was ended early it proves nothing, neither way.
        asked: the names of the scenarios that were to run.
        words: in which language.
    """
    shown = console()
    for each in proof.scenarios:
        told = arrivals_text(each, words)
        if each.p95_seconds is not None:
            told += f", p95 {milliseconds(each.p95_seconds)}"
        shown.print(Text(f"{each.scenario}: {told}", style="bold"))
        if each.version != TargetVersion():
            shown.print(Text(f"{words('roadmap.version')}: {_version(each.version, words)}", style="dim"))
        if each.thresholds:
            print_thresholds(each.thresholds, words)
        if each.silent:
            shown.print(Text(words("load.table.silent", target=each.target), style="bold red"))
        if each.interrupted:
            shown.print(Text(words("roadmap.interrupted"), style="yellow"))
        for reason in each.too_weak:
            shown.print(Text(words("load.too_weak", why=said(reason, words)), style="yellow"))
    if proof.goals:
        shown.print(Text(words("roadmap.goals_over"), style="bold"))
        print_thresholds(proof.goals, words)
    revision = revision_text(proof.plan_revision, words)
    if revision:
        shown.print(Text(f"{words('roadmap.revision')}: {revision}", style="dim"))
    if proof.scale != 1:
        shown.print(Text(words("roadmap.rehearsal", scale=f"{proof.scale:g}"), style="yellow"))
    if proof.is_interrupted:
        shown.print(Text(f"{proof.phase}: {_ended_early(proof, asked, words)}", style="bold yellow"))
        return
    style = _STYLES.get(proof.verdict.name.lower(), "bold")
    shown.print(Text(f"{proof.phase}: {words(f'roadmap.state.{proof.verdict.name.lower()}')}", style=style))


def _ended_early(proof: Proof, asked: Sequence[str], words: Words) -> str:
    """Say that someone ended a phase early, and which of its scenarios never ran."""
    ran = {each.scenario for each in proof.scenarios}
    missing = [name for name in asked if name not in ran]
    told = words("roadmap.no_proof")
    return f"{told}; {words('roadmap.not_run', names=', '.join(missing))}" if missing else told


def _version(version: TargetVersion, words: Words) -> str:
    told = version.text or words("roadmap.unknown")
    return f"{told} ({said(version.why, words)})" if version.why else told


def print_roadmap(view: RoadmapView, words: Words) -> None:
    """Print where each phase stands, since when, why, and what was measured against what was asked."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for name in ("phase", "proof", "when", "evidence"):
        table.add_column(words(f"roadmap.{name}"), overflow="fold", no_wrap=name == "when")
    for phase in view.phases:
        name = phase.name + (f" ({words('roadmap.current')})" if phase.current else "")
        evidence = [phase.why] if phase.why else []
        evidence += [goal_line(goal) for goal in phase.goals]
        for run in phase.runs:
            evidence.append(f"{run.scenario}: {run.text}")
            evidence += [f"{run.scenario}: {goal_line(each)}" for each in run.thresholds if each.verdict != "passed"]
        table.add_row(
            name, Text(phase.state_word, style=_STYLES.get(phase.state, "dim")), phase.at or "–", "\n".join(evidence)
        )
    shown = console()
    shown.print(view.headline)
    shown.print(table)


def goal_line(goal: GoalView) -> str:
    """Word a goal on one line: what was asked, what was measured, what became of it."""
    if not goal.verdict:
        return goal.text
    told = f"{goal.text}: {goal.measured}, {goal.verdict_word}"
    return f"{told} ({goal.why})" if goal.why else told
