"""Proofs and the roadmap, laid out for a terminal."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from rich.table import Table
from rich.text import Text

from outgrow.cli.common import console
from outgrow.cli.threshold_table import print_thresholds
from outgrow.decide.phase_proofs import PhaseState, standing
from outgrow.facts.decisions import Event
from outgrow.facts.proofs import Proof, ProofVerdict
from outgrow.plan import Plan
from outgrow.plan.roadmap import Roadmap
from outgrow.plan.sources import zone_of
from outgrow.report.words import Words

_STYLES: Final = {
    PhaseState.PROVEN: "bold green",
    PhaseState.NOT_PROVEN: "bold red",
    PhaseState.TOO_WEAK: "bold yellow",
    PhaseState.OUT_OF_DATE: "yellow",
}


def print_proof(proof: Proof) -> None:
    """Print each scenario with its thresholds, the goals over all of them, and the verdict."""
    shown = console()
    for each in proof.scenarios:
        line = f"{each.scenario}: {each.arrivals:,} arrivals to {each.target}, {each.failed:,} failed"
        if each.p95_seconds is not None:
            line += f", p95 {each.p95_seconds * 1000:,.0f} ms"
        shown.print(Text(line, style="bold"))
        if each.thresholds:
            print_thresholds(each.thresholds)
        for reason in each.too_weak:
            shown.print(Text(f"generator too weak: {reason}", style="yellow"))
    if proof.goals:
        shown.print(Text("goals, over all scenarios", style="bold"))
        print_thresholds(proof.goals)
    if proof.scale != 1:
        shown.print(
            Text(f"a rehearsal at {proof.scale:g} of the load; it proves nothing and is not kept", style="yellow")
        )
    good = proof.verdict in {ProofVerdict.PROVEN, ProofVerdict.RECORDED}
    shown.print(Text(f"{proof.phase}: {proof.verdict}", style="bold green" if good else "bold red"))


def print_roadmap(plan: Plan, roadmap: Roadmap, events: Sequence[Event], now: datetime) -> None:
    """Print where each phase stands, since when, and why."""
    words = Words("en", zone_of(plan.timezone))
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for name in ("Phase", "Proof", "When", "Why"):
        table.add_column(name, overflow="fold")
    for phase in roadmap.phases:
        found = standing(plan, phase, events, now)
        table.add_row(
            phase.name + (" (current)" if phase.name == roadmap.current else ""),
            Text(found.state, style=_STYLES.get(found.state, "dim")),
            "–" if found.at is None else words.moment(found.at),
            found.why,
        )
    console().print(table)
