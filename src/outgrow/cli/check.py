"""`outgrow check`: measure everything and give a verdict per checkpoint."""

import os
from datetime import datetime, timedelta
from pathlib import Path

import click

from outgrow.cli.common import (
    Moment,
    Span,
    checkpoints_of,
    lang_option,
    load,
    past_moment,
    plan_argument,
    progress_bar,
    run_async,
)
from outgrow.errors import ExitCode


@click.command()
@plan_argument
@click.option("--at", type=Moment(), help="Judge a past moment instead of now: ISO 8601, a date, or -7d.")
@click.option(
    "--checkpoint", "-c", "checkpoints", multiple=True, metavar="NAME", help="Only this one; may be repeated."
)
@click.option("--evidence", "-e", is_flag=True, help="Show every condition with its samples, query and coverage.")
@click.option("--json", "as_json", is_flag=True, help="Print the whole result as JSON (schema outgrow.check/1).")
@click.option(
    "--fail-on",
    type=click.Choice(["monitor", "recommended", "required", "urgent", "emergency"]),
    help="End with code 4 when a verdict is at or above this grade, 5 when that cannot be decided.",
)
@click.option(
    "--history", type=Span(), default="60d", show_default=True, help="How far forecasts look back; 0s for none."
)
@click.option("--no-journal", is_flag=True, help="Remember nothing, and use nothing remembered.")
@lang_option
def check(
    plan: Path,
    at: datetime | None,
    checkpoints: tuple[str, ...],
    evidence: bool,
    as_json: bool,
    fail_on: str | None,
    history: timedelta,
    no_journal: bool,
    lang: str,
) -> int:
    """Measure everything and give a verdict per checkpoint, with headroom, crossing dates and evidence.

    PLAN is the plan file (plan.yaml unless given).
    """
    from outgrow.api import check_plan
    from outgrow.report.check_view import check_view

    loaded = load(plan)
    wanted = checkpoints_of(loaded.plan, checkpoints)
    judged_at = past_moment(at, loaded.plan.timezone)
    with progress_bar() as told:
        facts = run_async(
            lambda: check_plan(
                loaded.plan,
                base=plan.parent,
                environment=os.environ,
                at=judged_at,
                checkpoints=wanted,
                history=history,
                journal=not no_journal,
                progress=told,
            )
        )
    view = check_view(loaded.plan, facts, lang)
    if as_json:
        import json

        from outgrow.report.check_json import check_document

        click.echo(json.dumps(check_document(loaded.plan, facts, view), ensure_ascii=False, indent=2))
    else:
        from outgrow.cli.check_table import print_check

        print_check(view, evidence=evidence)
    return exit_code(facts, fail_on, lang)


def exit_code(facts: "object", fail_on: str | None, language: str = "en") -> int:
    """Give the exit code of a check: without `--fail-on` a verdict never changes it; 4 wins over 5, 5 over 3."""
    from outgrow.facts.checks import CheckFacts
    from outgrow.plan.grades import grade_of

    assert isinstance(facts, CheckFacts)  # noqa: S101 (narrows the lazily imported type)
    failed = any(source.failures for source in facts.measurement.sources.values())
    if fail_on is not None:
        bar = grade_of(fail_on)
        counted = [verdict for verdict in facts.verdicts.values() if not verdict.shadow]
        if any(verdict.grade is not None and verdict.grade >= bar for verdict in counted):
            return ExitCode.VERDICT
        open_ones = [verdict.checkpoint for verdict in counted if any(grade >= bar for grade in verdict.undecided)]
        if open_ones:
            from outgrow.report.words import texts_of

            undecided = texts_of(language)("verdict.not_decided", grade=fail_on, checkpoints=", ".join(open_ones))
            click.echo(undecided, err=True)
            return ExitCode.UNKNOWN
    return ExitCode.SOURCE if failed else ExitCode.DONE
