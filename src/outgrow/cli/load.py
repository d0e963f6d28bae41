"""`outgrow load`: send a scenario's load and say what became of every arrival."""

import os
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from importlib import import_module
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from outgrow.cli.common import DEFAULT_PLAN, load, run_async, write_text
from outgrow.cli.load_outputs import Outputs, output_options
from outgrow.cli.load_places import Places, place_options
from outgrow.cli.load_shown import live
from outgrow.cli.unread import heard_or_not
from outgrow.errors import ExitCode, JournalError, UsageError

# name -> (module:attribute, one line of help), as in `outgrow.cli`.
SUBCOMMANDS: Final[dict[str, tuple[str, str]]] = {
    "knee": ("outgrow.cli.load_knee:knee", "Find the highest rate at which the target keeps its objective."),
    "import": ("outgrow.cli.load_import:import_load", "Read another generator's result, or requests to send."),
    "compare": ("outgrow.cli.load_compare:compare", "Tell change from noise between two runs."),
    "report": ("outgrow.cli.load_report:report_load", "Write reports and files from a kept run."),
    "merge": ("outgrow.cli.load_merge:merge", "Bring the shares of a run together that was spread over machines."),
    "run": ("outgrow.cli.load:run_scenario", "Run a scenario whatever its name is."),
}

# Grafana k6, errext/exitcodes.
_THRESHOLDS_HAVE_FAILED: Final = 99
_EXTERNAL_ABORT: Final = 105

if TYPE_CHECKING:
    from collections.abc import Generator

    from outgrow.facts.loads import LoadFacts
    from outgrow.loadtest.lines import StartLines
    from outgrow.plan import Plan
    from outgrow.plan.scenarios import Scenario


class _Load(click.Group):
    """A group whose first word may also be a scenario's name, which runs it."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name the commands beside the run of a scenario."""
        return list(SUBCOMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and give a command."""
        if cmd_name == run_scenario.name:
            return run_scenario
        if cmd_name not in SUBCOMMANDS:
            return None
        module, _, attribute = SUBCOMMANDS[cmd_name][0].partition(":")
        return getattr(import_module(module), attribute)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Take a word that is no command for a scenario's name."""
        if args and args[0] not in SUBCOMMANDS and not args[0].startswith("-"):
            return run_scenario.name, run_scenario, args
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands with their one line, and how a scenario is run."""
        with formatter.section("Commands"):
            rows = [(name, line) for name, (_, line) in SUBCOMMANDS.items()]
            formatter.write_dl([("SCENARIO [PLAN]", "Run a scenario of the plan: outgrow load run --help."), *rows])


@click.group("load", cls=_Load, context_settings={"ignore_unknown_options": False})
def load_command() -> None:
    """Send a scenario's load and say what became of every arrival.

    `outgrow load SCENARIO [PLAN]` runs a scenario of the plan; `outgrow load run --help` shows its options.
    """


@click.command("run")
@click.argument("scenario")
@click.argument("plan", default=DEFAULT_PLAN, type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print the whole result as JSON (schema outgrow.load/1).")
@click.option("--output", "-o", type=click.Path(path_type=Path), help="Write the JSON into this file too.")
@click.option("--no-journal", is_flag=True, help="Do not note the span; conditions will count its load.")
@click.option("--quiet", "-q", is_flag=True, help="Show nothing while it runs.")
@click.option(
    "--processes", type=click.IntRange(1, 256), help="Spread it over so many processes, else as the plan says."
)
@output_options
@place_options
@click.option("--k6-exit-codes", is_flag=True, help="End with k6's codes: 99 for a broken threshold, 105 ended early.")
def run_scenario(
    scenario: str,
    plan: Path,
    as_json: bool,
    output: Path | None,
    no_journal: bool,
    quiet: bool,
    processes: int | None,
    outputs: Outputs,
    places: Places,
    k6_exit_codes: bool,
) -> int:
    """Send a scenario's load and say what became of every arrival.

    SCENARIO is its name in the PLAN (plan.yaml unless given). Latencies count from the moment an arrival was due.
    Ctrl-C ends early with a report; twice ends at once. The span is noted in the journal, so that conditions and
    forecasts leave it out.
    """
    from outgrow.api import load_test

    outputs.refuse_early(None if places.is_kubernetes else output)
    loaded = load(plan)
    declared = declared_scenario(loaded.plan, scenario)
    if processes is not None:
        declared = declared.model_copy(update={"processes": processes})
    if (code := places.partly(loaded.plan, scenario, declared, plan, output, outputs.lang, quiet=quiet)) is not None:
        return code
    with (
        live(scenario, declared, plan.parent, outputs.lang, quiet=quiet) as (told, watched),
        _elsewhere(places.place, declared) as lines,
    ):
        facts = run_async(
            lambda: load_test(
                loaded.plan,
                scenario,
                declared,
                base=plan.parent,
                environment=os.environ,
                told=told,
                watched=watched,
                lines=lines,
            )
        )
    if output is not None:
        _keep(facts, output, outputs.lang)
    if not no_journal:
        _note(loaded.plan, plan.parent, facts, outputs.lang)
    with heard_or_not():
        tell(facts, as_json=as_json, language=outputs.lang)
    replace(outputs, zone=loaded.plan.timezone).write(facts)
    return exit_code_of_k6(facts) if k6_exit_codes else exit_code(facts)


def _keep(facts: "LoadFacts", output: Path, language: str) -> None:
    """Write the run into its file; where that cannot be, show it all the same, and end with the reason."""
    from outgrow.report.load_json import load_parts

    try:
        write_text(output, chain(load_parts(facts), "\n"))
    except UsageError:
        with heard_or_not():
            tell(facts, as_json=False, language=language)
        raise


def _tell_weakness(facts: "LoadFacts", language: str) -> None:
    """Say why the generator was too weak, where it was."""
    from outgrow.report.said import said
    from outgrow.report.words import texts_of

    words = texts_of(language)
    for reason in facts.health.too_weak:
        click.echo(words("load.weak_line", why=said(reason, words)), err=True)


def tell(facts: "LoadFacts", *, as_json: bool, language: str) -> None:
    """Print the run."""
    if as_json:
        from outgrow.report.load_json import load_parts

        for part in chain(load_parts(facts), "\n"):
            click.echo(part, nl=False)
    else:
        from outgrow.cli.load_table import print_load
        from outgrow.report.words import texts_of

        words = texts_of(language)
        print_load(facts, words)
        if facts.thresholds:
            from outgrow.cli.threshold_table import print_thresholds

            print_thresholds(facts.thresholds, words, facts.ended_by)
    _tell_weakness(facts, language)


def declared_scenario(plan: "Plan", name: str) -> "Scenario":
    """Give the scenario of a name.

    Raises:
        UsageError: the plan has no such scenario.
    """
    from outgrow.plan.suggestion import nearest_or_all

    if name in plan.scenarios:
        return plan.scenarios[name]
    if not plan.scenarios:
        raise UsageError("the plan has no scenarios; add scenarios: {peak: {target: ..., steps: [...]}}")
    raise UsageError(f'no scenario is called "{name}"; {nearest_or_all(name, plan.scenarios, "the scenarios are")}')


def exit_code(facts: "LoadFacts") -> int:
    """Give the exit code of a run: interrupted, too weak, a silent target, data run out, or a threshold not kept."""
    from outgrow.facts.loads import Outcome
    from outgrow.facts.proofs import ThresholdVerdict

    if facts.interrupted and not facts.ended_by:
        return ExitCode.INTERRUPTED
    silent = facts.is_silent
    unconnected = sum(facts.whole.outcomes.get(each, 0) for each in (Outcome.REFUSED, Outcome.NOT_CONNECTED))
    if silent and unconnected == facts.whole.due:
        return ExitCode.SOURCE  # nobody can be talked to there, however busy the generator's machine is
    if facts.health.too_weak:
        return ExitCode.TOO_WEAK
    if silent:
        return ExitCode.SOURCE
    if facts.lacked_data or any(each.verdict is not ThresholdVerdict.PASSED for each in facts.thresholds):
        return ExitCode.NOT_PROVEN
    return ExitCode.DONE


def exit_code_of_k6(facts: "LoadFacts") -> int:
    """Give k6's exit code of a run: of what k6 does not judge, a weak generator or a silent target, our own."""
    from outgrow.facts.proofs import ThresholdVerdict

    if facts.interrupted and not facts.ended_by:
        return _EXTERNAL_ABORT
    if any(each.verdict is not ThresholdVerdict.PASSED for each in facts.thresholds):
        return _THRESHOLDS_HAVE_FAILED
    return exit_code(facts)


@contextmanager
def _elsewhere(place: str, scenario: "Scenario") -> "Generator[StartLines | None]":
    """Give what starts processes at a place, and leave it in the end; nothing for this machine."""
    if not place:
        yield None
        return
    from outgrow.loadtest.on_ray import begin, leave

    try:
        yield begin(place, 1 if scenario.processes == "auto" else scenario.processes)
    finally:
        leave()


def _note(plan: "Plan", base: Path, facts: "LoadFacts", language: str) -> None:
    from outgrow.api import append_event
    from outgrow.control.load_test import span_of
    from outgrow.report.words import texts_of

    event = span_of(facts, datetime.now(UTC))
    try:
        run_async(lambda: append_event(plan, event, base=base, environment=os.environ))
    except JournalError as error:
        click.echo(texts_of(language)("load.span_not_noted", why=error), err=True)
