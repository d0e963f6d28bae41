"""`outgrow explain`: one checkpoint's whole chain from samples to verdict, and what would change it."""

import os
from datetime import datetime
from pathlib import Path

import click

from outgrow.cli.common import (
    DEFAULT_PLAN,
    Moment,
    checkpoints_of,
    console,
    lang_option,
    load,
    past_moment,
    progress_bar,
    run_async,
)
from outgrow.errors import ExitCode


@click.command()
@click.argument("checkpoint")
@click.argument("plan", default=DEFAULT_PLAN, type=click.Path(path_type=Path))
@click.option("--at", type=Moment(), help="Explain a past moment instead of now.")
@click.option("--no-journal", is_flag=True, help="Remember nothing, and use nothing remembered.")
@lang_option
def explain(checkpoint: str, plan: Path, at: datetime | None, no_journal: bool, lang: str) -> int:
    """Show one checkpoint's whole chain from samples to verdict, and what would change it."""
    from outgrow.api import check_plan
    from outgrow.cli.check_table import print_evidence
    from outgrow.report.check_view import check_view
    from outgrow.report.words import texts_of

    loaded = load(plan)
    wanted = checkpoints_of(loaded.plan, (checkpoint,))
    judged_at = past_moment(at, loaded.plan.timezone)
    with progress_bar() as told:
        facts = run_async(
            lambda: check_plan(
                loaded.plan,
                base=plan.parent,
                environment=os.environ,
                at=judged_at,
                checkpoints=wanted,
                journal=not no_journal,
                progress=told,
            )
        )
    view = check_view(loaded.plan, facts, lang)
    shown = console()
    print_evidence(shown, view.checkpoints[0], texts_of(lang))
    return ExitCode.SOURCE if any(each.failures for each in facts.measurement.sources.values()) else ExitCode.DONE
