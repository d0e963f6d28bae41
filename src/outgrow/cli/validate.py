"""`outgrow validate`: find every mistake in a plan, and with `--live` try every signal once."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from outgrow.cli.common import lang_option, load, plan_argument, progress_bar, run_async
from outgrow.errors import ExitCode, PlanError

if TYPE_CHECKING:
    from outgrow.report.words import Words


@click.command()
@plan_argument
@click.option("--live", is_flag=True, help="Also try every signal once, and look at each source's rights and clock.")
@click.option("--strict", is_flag=True, help="Let warnings fail too (code 2).")
@lang_option
def validate(plan: Path, live: bool, strict: bool, lang: str) -> int:
    """Find every mistake in a plan, all of them at once, each with its place and remedy.

    The files that scenarios take data and recorded arrivals from are opened too.
    Mistakes and warnings are told in English in every language: they are made of the plan's own words.
    """
    from outgrow.loadtest.file_problems import file_problems
    from outgrow.plan.doubtful_services import connections_at_maxima, connections_needed
    from outgrow.report.words import texts_of

    words = texts_of(lang)
    loaded = load(plan)
    if problems := tuple(file_problems(loaded, plan.parent)):
        raise PlanError(problems)
    found = loaded.plan
    counts = [
        words(f"validate.{noun}", n=len(nouns))
        for noun, nouns in (
            ("sources", found.sources),
            ("signals", found.signals),
            ("levels", found.levels),
            ("checkpoints", found.checkpoints),
            ("services", found.services),
            ("scenarios", found.scenarios),
            ("phases", found.roadmap.phases if found.roadmap is not None else ()),
            ("alerts", found.alerts),
        )
        if nouns
    ]
    if loaded.warnings:
        counts.append(words("validate.warnings", n=len(loaded.warnings)))
    click.echo(words("validate.valid", plan=plan, holds=", ".join(counts) or words("validate.empty")))
    for database, opened in connections_at_maxima(found).items():
        needed = f"{connections_needed(opened):,}"
        click.echo(words("validate.pools", database=database, opened=f"{opened:,}", needed=needed))
    if not live:
        return ExitCode.USAGE if strict and loaded.warnings else ExitCode.DONE
    return _live(plan, loaded.plan, words)


def _live(path: Path, plan: "object", words: "Words") -> int:
    from outgrow.api import try_plan
    from outgrow.cli.live_table import print_trial
    from outgrow.plan import Plan

    assert isinstance(plan, Plan)  # noqa: S101 (narrows the lazily imported type)
    with progress_bar() as told:
        trial = run_async(lambda: try_plan(plan, base=path.parent, environment=os.environ, progress=told))
    print_trial(plan, trial, words)
    failed = any(source.failures for source in trial.sources.values())
    return ExitCode.SOURCE if failed else ExitCode.DONE
