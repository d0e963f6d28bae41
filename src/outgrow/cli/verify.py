"""`outgrow verify`: prove a phase of the roadmap by its load tests, or show which phases are proven."""

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from outgrow.cli.common import DEFAULT_PLAN, lang_option, load, run_async, write_text
from outgrow.cli.unread import heard_or_not
from outgrow.errors import ExitCode, JournalError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from outgrow.control.verify_phase import AskVersion
    from outgrow.facts.decisions import Event
    from outgrow.facts.loads import LoadFacts
    from outgrow.facts.proofs import Proof, TargetVersion
    from outgrow.plan import Plan
    from outgrow.plan.roadmap import Roadmap, Verify
    from outgrow.plan.scenarios import Scenario
    from outgrow.report.words import Words


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
@click.option("--target-version", default="", help="What the target is called, in place of the roadmap's version.")
@click.option(
    "--json",
    "as_json",
    is_flag=True,
    help="Print the proof as JSON (schema outgrow.proof/1), or the roadmap (outgrow.roadmap/1).",
)
@click.option("--output", "-o", type=click.Path(path_type=Path), help="Write the JSON into this file too.")
@click.option("--quiet", "-q", is_flag=True, help="Show nothing while it runs.")
@lang_option
def verify(
    phase: str | None,
    plan: Path,
    only_list: bool,
    baseline: bool,
    scale: float,
    stored: tuple[Path, ...],
    target_version: str,
    as_json: bool,
    output: Path | None,
    quiet: bool,
    lang: str,
) -> int:
    """Prove a phase of the roadmap by its load tests.

    Runs the scenarios of the PHASE one after the other and holds them against its goals: proven, not proven, or
    generator too weak. The proof goes into the journal. Without a PHASE the roadmap is shown. --from RUN.json, once for
    each scenario, judges what `outgrow load -o` wrote, or what `outgrow load import` read of another generator.
    """
    from outgrow.cli.verify_table import print_proof
    from outgrow.plan.sources import zone_of
    from outgrow.report.words import Words

    if phase is not None and phase.endswith((".yaml", ".yml")):
        phase, plan = None, Path(phase)
    loaded = load(plan).plan
    if loaded.roadmap is None:
        raise UsageError("the plan has no roadmap; add roadmap: {current: ..., phases: [{name: ..., verify: ...}]}")
    words = Words(lang, zone_of(loaded.timezone))
    if only_list or (phase is None and not baseline):
        _show_roadmap(loaded, loaded.roadmap, plan.parent, words, as_json=as_json, output=output)
        return ExitCode.DONE
    name, wanted = _wanted(loaded.roadmap, phase, baseline=baseline)
    kept = _kept_runs(loaded, wanted, stored, plan.parent)
    version = _asked_version(loaded.roadmap, plan.parent, target_version, was_run=bool(kept))
    proof, unkept = _proven(loaded, name, wanted, plan.parent, kept, version, words, scale=scale, quiet=quiet)
    with heard_or_not():
        _give({"schema": "outgrow.proof/1", **proof.document()}, output, as_json=as_json)
        if not as_json:
            print_proof(proof, wanted.scenarios, words)
    if unkept is not None:
        raise unkept
    if not baseline and loaded.roadmap.baseline is not None and scale == 1:
        _say_of_baseline(loaded, plan.parent, proof, words)
    return exit_code(proof)


def _give(document: "dict[str, Any]", output: Path | None, *, as_json: bool) -> None:
    """Write a document where it was asked for, and print it."""
    text = json.dumps(document, ensure_ascii=False, indent=2)
    if output is not None:
        write_text(output, text + "\n")
    if as_json:
        click.echo(text)


def _show_roadmap(
    plan: "Plan", roadmap: "Roadmap", base: Path, words: "Words", *, as_json: bool, output: Path | None
) -> None:
    from outgrow.cli.verify_table import print_roadmap
    from outgrow.report.roadmap_json import roadmap_document
    from outgrow.report.roadmap_view import roadmap_view

    now, events = datetime.now(UTC), _remembered(plan, base)
    if as_json or output is not None:
        _give(roadmap_document(plan, roadmap, events, now), output, as_json=as_json)
    view = roadmap_view(plan, events, now, words)
    if view is not None and not as_json:
        print_roadmap(view, words)


def _asked_version(roadmap: "Roadmap", base: Path, told: str, *, was_run: bool) -> "AskVersion":
    """Give how the target's version is learnt: as it was told, or asked; of a stored run nobody can ask any more."""
    from outgrow.control.provenance import version_of
    from outgrow.facts.proofs import TargetVersion

    async def asked(name: str, scenario: "Scenario") -> "TargetVersion":
        if told:
            return TargetVersion(told)
        if was_run:
            return TargetVersion(why="a stored run; --target-version tells it")
        return await version_of(roadmap.version, name, scenario, os.environ, base)

    return asked


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


def _kept_runs(plan: "Plan", wanted: "Verify", stored: tuple[Path, ...], base: Path) -> "dict[str, LoadFacts]":
    """Read stored runs, one for each scenario, and judge their scenarios' thresholds anew."""
    from dataclasses import replace

    from outgrow.cli.verify_stored import refuse_other_load
    from outgrow.decide.gates import gates_of
    from outgrow.decide.thresholds import judged
    from outgrow.loadtest.course import timetable_of
    from outgrow.plan.asked_load import most_users
    from outgrow.report.load_json import stored_load

    found = [stored_load(path) for path in stored]
    runs = {facts.scenario: facts for facts in found}
    if len(runs) < len(found):
        raise UsageError(f"{len(found)} runs of {', '.join(runs)}; give one run for each scenario")
    if stored and runs.keys() != set(wanted.scenarios):
        raise UsageError(
            f"the phase is verified by {', '.join(wanted.scenarios)}, the runs are of {', '.join(runs)}; give one run "
            "for each scenario (outgrow load import --name SCENARIO names it)"
        )
    declared = plan.scenarios
    for name, facts in runs.items():
        refuse_other_load(name, declared[name], facts, timetable_of(declared[name], base))
    return {
        name: replace(
            facts,
            thresholds=judged(gates_of(plan, declared[name].thresholds), facts, most_users(declared[name])),
            goals=(),
        )
        for name, facts in runs.items()
    }


def _proven(
    plan: "Plan",
    name: str,
    wanted: "Verify",
    base: Path,
    kept: "dict[str, LoadFacts]",
    version: "AskVersion",
    words: "Words",
    *,
    scale: float,
    quiet: bool,
) -> "tuple[Proof, JournalError | None]":
    """Run or read what proves a phase, and keep the proof; give it with why it could not be kept, if so."""
    from outgrow.api import append_event, load_test
    from outgrow.cli.load_shown import live
    from outgrow.control.load_test import span_of
    from outgrow.control.provenance import revision_of
    from outgrow.control.verify_phase import verify_phase
    from outgrow.decide.gates import gates_of
    from outgrow.decide.phase_proofs import rehearsed_goals
    from outgrow.facts.decisions import Event, EventKind
    from outgrow.facts.proofs import ProofVerdict
    from outgrow.plan.roadmap import BASELINE

    goals = rehearsed_goals(gates_of(plan, wanted.goals), scale)

    async def run(scenario: str, declared: "Scenario") -> "LoadFacts":
        if kept:
            return kept[scenario]
        with live(scenario, declared, base, words.language, quiet=quiet) as (told, watched):
            facts = await load_test(
                plan, scenario, declared, base=base, environment=os.environ, told=told, watched=watched, goals=goals
            )
        try:
            await append_event(plan, span_of(facts, datetime.now(UTC)), base=base, environment=os.environ)
        except JournalError as error:
            click.echo(words("load.span_not_noted", why=error), err=True)
        return facts

    async def verified() -> "Proof":
        return await verify_phase(plan, name, wanted, run, scale, version, await revision_of(base))

    started = datetime.now(UTC)
    proof = run_async(verified)
    now = ended = datetime.now(UTC)
    # What a stored run proves is as old as the run; the summaries of some generators do not say when that was.
    if kept and all(each.started_at.timestamp() > 0 for each in kept.values()):
        started = min(each.started_at for each in kept.values())
        ended = max(each.started_at + timedelta(seconds=each.seconds) for each in kept.values())
    is_silent_baseline = name == BASELINE and proof.verdict is ProofVerdict.NOT_PROVEN
    if proof.scale == 1 and not proof.is_interrupted and not is_silent_baseline:
        event = Event(EventKind.PROOF, started, ended, now, name, {"text": str(proof.verdict), **proof.document()})
        try:
            run_async(lambda: append_event(plan, event, base=base, environment=os.environ))
        except JournalError as error:
            return proof, error
    return proof, None


def _remembered(plan: "Plan", base: Path) -> "Sequence[Event]":
    from outgrow.api import remembered_proofs

    return run_async(lambda: remembered_proofs(plan, base=base, environment=os.environ))


def _say_of_baseline(plan: "Plan", base: Path, proof: "Proof", words: "Words") -> None:
    """Say where a proof stands beside no baseline, or beside one that another machine measured."""
    from outgrow.decide.phase_proofs import newest_proof
    from outgrow.plan.roadmap import BASELINE
    from outgrow.report.said import said

    baseline = newest_proof(_remembered(plan, base), BASELINE)
    if baseline is None:
        click.echo(words("roadmap.no_baseline", command="outgrow verify --baseline"), err=True)
        return
    machine = str(baseline.detail.get("machine", ""))
    if machine and proof.machine and machine != proof.machine:
        told = {"machine": said(machine, words), "other": said(proof.machine, words)}
        click.echo(words("roadmap.other_machine", **told), err=True)


def exit_code(proof: "Proof") -> int:
    """Give the exit code of a proof."""
    from outgrow.facts.proofs import ProofVerdict
    from outgrow.plan.roadmap import BASELINE

    if proof.is_interrupted:
        return ExitCode.INTERRUPTED
    match proof.verdict:
        case ProofVerdict.RECORDED:  # of a phase that asks nothing, nothing is proven
            return ExitCode.DONE if proof.phase == BASELINE else ExitCode.NOT_PROVEN
        case ProofVerdict.PROVEN | ProofVerdict.REHEARSED:
            return ExitCode.DONE
        case ProofVerdict.TOO_WEAK:
            return ExitCode.TOO_WEAK
        case ProofVerdict.NOT_PROVEN:
            return ExitCode.NOT_PROVEN
