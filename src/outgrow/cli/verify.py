"""`outgrow verify`: prove a phase of the roadmap by its load tests, or show which phases are proven."""

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from outgrow.cli.common import DEFAULT_PLAN, load, run_async, write_text
from outgrow.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from outgrow.facts.decisions import Event
    from outgrow.facts.loads import LoadFacts
    from outgrow.facts.proofs import Proof
    from outgrow.plan import Plan
    from outgrow.plan.roadmap import Roadmap, Verify
    from outgrow.plan.scenarios import Scenario

_EVER = datetime(1970, 1, 2, tzinfo=UTC)


@click.command()
@click.argument("phase", required=False)
@click.argument("plan", default=DEFAULT_PLAN, type=click.Path(path_type=Path))
@click.option("--list", "only_list", is_flag=True, help="Show the roadmap: which phase is proven, and when.")
@click.option("--baseline", is_flag=True, help="Record how the system does today, by the roadmap's baseline scenario.")
@click.option(
    "--scale",
    type=click.FloatRange(0, 1, min_open=True),
    default=1.0,
    help="Rehearse at a share of rates, users and times, such as 0.02; proves nothing.",
)
@click.option(
    "--from", "stored", multiple=True, type=click.Path(path_type=Path), help="Judge a stored run, and send nothing."
)
@click.option("--json", "as_json", is_flag=True, help="Print the proof as JSON (schema outgrow.proof/1).")
@click.option("--output", "-o", type=click.Path(path_type=Path), help="Write the JSON into this file too.")
@click.option("--quiet", "-q", is_flag=True, help="Show nothing while it runs.")
def verify(
    phase: str | None,
    plan: Path,
    only_list: bool,
    baseline: bool,
    scale: float,
    stored: tuple[Path, ...],
    as_json: bool,
    output: Path | None,
    quiet: bool,
) -> int:
    """Prove a phase of the roadmap by its load tests.

    Runs the scenarios of the PHASE one after the other and holds them against its goals: proven, not proven, or
    generator too weak. The proof goes into the journal. Without a PHASE the roadmap is shown. --from RUN.json, once for
    each scenario, judges what `outgrow load -o` wrote, or what `outgrow load import` read of another generator.
    """
    from outgrow.cli.verify_table import print_proof, print_roadmap

    if phase is not None and phase.endswith((".yaml", ".yml")):
        phase, plan = None, Path(phase)
    loaded = load(plan).plan
    if loaded.roadmap is None:
        raise UsageError("the plan has no roadmap; add roadmap: {current: ..., phases: [{name: ..., verify: ...}]}")
    if only_list or (phase is None and not baseline):
        now = datetime.now(UTC)
        print_roadmap(loaded, loaded.roadmap, _remembered(loaded, plan.parent, now), now)
        return ExitCode.DONE
    name, wanted = _wanted(loaded.roadmap, phase, baseline=baseline)
    kept = _kept_runs(loaded, wanted, stored)
    proof = _proven(loaded, name, wanted, plan.parent, kept, scale=scale, quiet=quiet)
    text = json.dumps({"schema": "outgrow.proof/1", **proof.document()}, ensure_ascii=False, indent=2)
    if output is not None:
        write_text(output, text + "\n")
    if as_json:
        click.echo(text)
    else:
        print_proof(proof)
    if not baseline and loaded.roadmap.baseline is not None and scale == 1:
        _say_without_baseline(loaded, plan.parent)
    return exit_code(proof)


def _wanted(roadmap: "Roadmap", phase: str | None, *, baseline: bool) -> "tuple[str, Verify]":
    from outgrow.plan.roadmap import BASELINE, Verify
    from outgrow.plan.suggestion import nearest_or_all

    if baseline:
        if roadmap.baseline is None:
            raise UsageError("the roadmap names no baseline; add baseline: SCENARIO to it")
        return BASELINE, Verify(scenarios=(roadmap.baseline,))
    phases = {each.name: each for each in roadmap.phases}
    if phase is None or phase not in phases:
        raise UsageError(f'no phase is called "{phase}"; {nearest_or_all(str(phase), phases, "the phases are")}')
    wanted = phases[phase].verify
    if wanted is None:
        raise UsageError(f"phase {phase} names no scenarios; add verify: {{scenarios: [...], goals: {{...}}}} to it")
    return phase, wanted


def _kept_runs(plan: "Plan", wanted: "Verify", stored: tuple[Path, ...]) -> "dict[str, LoadFacts]":
    """Read stored runs, one for each scenario, and judge their scenarios' thresholds anew."""
    from dataclasses import replace

    from outgrow.decide.gates import gates_of
    from outgrow.decide.thresholds import judged
    from outgrow.report.load_json import stored_load

    runs = {facts.scenario: facts for facts in map(stored_load, stored)}
    if stored and runs.keys() != set(wanted.scenarios):
        raise UsageError(
            f"the phase is verified by {', '.join(wanted.scenarios)}, the runs are of {', '.join(runs)}; give one run "
            "for each scenario (outgrow load import --name SCENARIO names it)"
        )
    declared = plan.scenarios
    return {
        name: replace(facts, thresholds=judged(gates_of(plan, declared[name].thresholds), facts, declared[name].users))
        for name, facts in runs.items()
    }


def _proven(
    plan: "Plan",
    name: str,
    wanted: "Verify",
    base: Path,
    kept: "dict[str, LoadFacts]",
    *,
    scale: float,
    quiet: bool,
) -> "Proof":
    from outgrow.api import append_event, load_test
    from outgrow.cli.load import live
    from outgrow.control.load_test import span_of
    from outgrow.control.verify_phase import verify_phase
    from outgrow.facts.decisions import Event, EventKind

    async def run(scenario: str, declared: "Scenario") -> "LoadFacts":
        if kept:
            return kept[scenario]
        with live(scenario, declared, base, quiet=quiet) as (told, watched):
            facts = await load_test(
                plan, scenario, declared, base=base, environment=os.environ, told=told, watched=watched
            )
        await append_event(plan, span_of(facts, datetime.now(UTC)), base=base, environment=os.environ)
        return facts

    started = datetime.now(UTC)
    proof = run_async(lambda: verify_phase(plan, name, wanted, run, scale))
    ended = datetime.now(UTC)
    if proof.scale == 1 and not proof.is_interrupted:
        event = Event(EventKind.PROOF, started, ended, ended, name, {"text": str(proof.verdict), **proof.document()})
        run_async(lambda: append_event(plan, event, base=base, environment=os.environ))
    return proof


def _remembered(plan: "Plan", base: Path, now: datetime) -> "Sequence[Event]":
    from outgrow.api import remembered_events

    span = _EVER, now + timedelta(minutes=1)
    return run_async(lambda: remembered_events(plan, span, base=base, environment=os.environ))


def _say_without_baseline(plan: "Plan", base: Path) -> None:
    from outgrow.facts.decisions import EventKind
    from outgrow.plan.roadmap import BASELINE

    events = _remembered(plan, base, datetime.now(UTC))
    if not any(event.kind is EventKind.PROOF and event.subject == BASELINE for event in events):
        click.echo("no baseline was recorded; outgrow verify --baseline records today's system", err=True)


def exit_code(proof: "Proof") -> int:
    """Give the exit code of a proof."""
    from outgrow.facts.proofs import ProofVerdict

    if proof.is_interrupted:
        return ExitCode.INTERRUPTED
    match proof.verdict:
        case ProofVerdict.PROVEN | ProofVerdict.RECORDED:
            return ExitCode.DONE
        case ProofVerdict.TOO_WEAK:
            return ExitCode.TOO_WEAK
        case ProofVerdict.NOT_PROVEN:
            return ExitCode.NOT_PROVEN
