"""`outgrow backtest`: say when each verdict would have changed in the past."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from outgrow.cli.common import (
    Moment,
    Span,
    checkpoints_of,
    in_zone,
    lang_option,
    load,
    plan_argument,
    progress_bar,
    run_async,
)
from outgrow.errors import ExitCode, UsageError


@click.command()
@plan_argument
@click.option("--from", "start", type=Moment(), required=True, help="Where to begin: ISO 8601, a date, or -30d.")
@click.option("--to", "end", type=Moment(), default="now", show_default=True, help="Where to end.")
@click.option("--step", type=Span(), help="How far apart moments are judged; each signal's own interval unless given.")
@click.option("--budget", type=Span(), default="60s", show_default=True, help="How long each source may be kept busy.")
@click.option(
    "--checkpoint", "-c", "checkpoints", multiple=True, metavar="NAME", help="Only this one; may be repeated."
)
@click.option("--evidence", "-e", is_flag=True, help="Show the conditions behind every change.")
@click.option("--json", "as_json", is_flag=True, help="Print the changes as JSON (schema outgrow.backtest/1).")
@click.option("--no-journal", is_flag=True, help="Use nothing remembered, and remember nothing.")
@lang_option
def backtest(
    plan: Path,
    start: datetime,
    end: datetime,
    step: timedelta | None,
    budget: timedelta,
    checkpoints: tuple[str, ...],
    evidence: bool,
    as_json: bool,
    no_journal: bool,
    lang: str,
) -> int:
    """Say when each verdict would have changed in the past, with the conditions behind each change."""
    from outgrow.api import backtest_plan
    from outgrow.control.backtest import BacktestRequest

    loaded = load(plan)
    zone = loaded.plan.timezone
    begin, finish = in_zone(start, zone), in_zone(end, zone)
    wanted = checkpoints_of(loaded.plan, checkpoints)
    if begin >= finish:
        raise UsageError("--from must lie before --to")
    if finish > datetime.now(UTC) + timedelta(minutes=1):
        raise UsageError("--to lies in the future; a backtest knows only the past")
    request = BacktestRequest(loaded.plan, begin, finish, step, budget, wanted)
    with progress_bar() as told:
        facts = run_async(
            lambda: backtest_plan(
                request, base=plan.parent, environment=os.environ, journal=not no_journal, progress=told
            )
        )
    if as_json:
        import json

        from outgrow.report.backtest_view import backtest_document

        click.echo(json.dumps(backtest_document(loaded.plan, facts), ensure_ascii=False, indent=2))
    else:
        from outgrow.cli.backtest_table import print_backtest

        print_backtest(loaded.plan, facts, lang, evidence=evidence)
    return ExitCode.SOURCE if any(each.failures for each in facts.sources.values()) else ExitCode.DONE
