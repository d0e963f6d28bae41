"""`outgrow report`: write a report file for a team, HTML or Markdown."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from outgrow.cli.check import exit_code
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
    write_text,
)
from outgrow.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from outgrow.facts.decisions import Decision, Event
    from outgrow.plan import Plan
    from outgrow.report.report_view import ReportView

_ENDINGS: Final = {"html": ".html", "markdown": ".md"}
_REMEMBERED: Final = timedelta(days=14)
"""Earlier verdicts are looked up so far back: past the last weekly review."""


@click.command()
@plan_argument
@click.option(
    "--output",
    "-o",
    type=click.Path(path_type=Path, allow_dash=True),
    help="The file, or a folder for it, or - for standard output. Without it PLAN-report-DATE in this folder.",
)
@click.option(
    "--format",
    "kind",
    type=click.Choice(["html", "markdown"]),
    help="One HTML file that opens offline and prints, or Markdown for a wiki. By the file's ending unless given.",
)
@click.option("--at", type=Moment(), help="Report on a past moment instead of now: ISO 8601, a date, or -7d.")
@click.option(
    "--checkpoint", "-c", "checkpoints", multiple=True, metavar="NAME", help="Only this one; may be repeated."
)
@click.option(
    "--history", type=Span(), default="60d", show_default=True, help="How far charts and forecasts look back."
)
@click.option("--no-journal", is_flag=True, help="Remember nothing, and use nothing remembered.")
@click.option("--open", "opens", is_flag=True, help="Show it in the browser when it is written.")
@lang_option
def report(
    plan: Path,
    output: Path | None,
    kind: str | None,
    at: datetime | None,
    checkpoints: tuple[str, ...],
    history: timedelta,
    no_journal: bool,
    opens: bool,
    lang: str,
) -> int:
    """Write a report file for a team: HTML or Markdown.

    Measures everything as `outgrow check` does. PLAN is the plan file (plan.yaml unless given).
    """
    from outgrow.api import check_plan
    from outgrow.report.report_view import report_view

    loaded = load(plan)
    wanted = checkpoints_of(loaded.plan, checkpoints)
    judged_at = past_moment(at, loaded.plan.timezone)
    kind = kind or _kind_of(output)
    _refuse_early(output)
    with progress_bar() as told:
        facts = run_async(
            lambda: check_plan(
                loaded.plan,
                base=plan.parent,
                environment=os.environ,
                at=judged_at,
                checkpoints=wanted,
                history=history,
                charts=True,
                journal=not no_journal,
                progress=told,
            )
        )
    past = None if no_journal else (facts.at - _REMEMBERED, facts.at)
    decisions, events = _remembered(loaded.plan, past, plan.parent)
    proofs = () if no_journal else _proofs(loaded.plan, plan.parent)
    view = report_view(
        loaded.plan, facts, lang, decisions=decisions, events=events, proofs=proofs, made_at=datetime.now(UTC)
    )
    text = _laid_out(view, kind)
    if output == Path("-"):
        click.echo(text)
        return exit_code(facts, None)
    file = _file(output, loaded.plan, facts.at, kind)
    write_text(file, text)
    _tell(file, kind, view)
    if opens:
        click.launch(str(file))
    return exit_code(facts, None)


def _kind_of(output: Path | None) -> str:
    """Tell the format by the file's ending; one that belongs to something else is refused before anything is read."""
    endings = {"": "html", ".html": "html", ".htm": "html", ".md": "markdown", ".markdown": "markdown"}
    if output is None or output == Path("-") or output.is_dir():
        return "html"
    if output.suffix.lower() not in endings:
        raise UsageError(f"{output}: a report is HTML or Markdown; end it in .html or .md, or say --format")
    return endings[output.suffix.lower()]


def _refuse_early(output: Path | None) -> None:
    """Say before minutes of measuring that the result would have no place."""
    if output is not None and output != Path("-") and not output.is_dir() and not output.absolute().parent.is_dir():
        raise UsageError(f"{output}: there is no folder {output.parent}; make it, or choose another file")


def _file(output: Path | None, plan: "Plan", at: datetime, kind: str) -> Path:
    from outgrow.plan.sources import zone_of

    day = at.astimezone(zone_of(plan.timezone)).date()
    name = f"{plan.name}-report-{day.isoformat()}{_ENDINGS[kind]}"
    if output is None:
        return Path(name)
    return output / name if output.is_dir() else output


def _remembered(
    plan: "Plan", span: "tuple[datetime, datetime] | None", base: Path
) -> "tuple[list[Decision], list[Event]]":
    """Give earlier decisions and events, none without a journal; in the order of time."""
    from outgrow.api import remembered_decisions, remembered_events

    if span is None:
        return [], []
    given, happened = (
        run_async(lambda: remembered_decisions(plan, span, None, base=base, environment=os.environ)),
        run_async(lambda: remembered_events(plan, span, base=base, environment=os.environ)),
    )
    return sorted(given, key=lambda each: each.at), sorted(happened, key=lambda each: each.start)


def _proofs(plan: "Plan", base: Path) -> "Sequence[Event]":
    """Give what proves the roadmap's phases; nothing where the plan has none."""
    from outgrow.api import remembered_proofs

    if plan.roadmap is None:
        return ()
    return run_async(lambda: remembered_proofs(plan, base=base, environment=os.environ))


def _laid_out(view: "ReportView", kind: str) -> str:
    if kind == "markdown":
        from outgrow.report.markdown import render_markdown

        return render_markdown(view)
    from outgrow.report.html import render_html

    return render_html(view)


def _tell(file: Path, kind: str, view: "ReportView") -> None:
    from outgrow.quantity import format_in, parse_unit
    from outgrow.report.html import browser_scripts
    from outgrow.report.words import texts_of

    words = texts_of(view.check.language)
    size = format_in(file.stat().st_size, parse_unit("B"), parse_unit("kB"))
    click.echo(words("report.written", file=file, size=size, headline=view.check.headline))
    if kind == "html" and not browser_scripts():
        click.echo(words("report.no_charts"), err=True)
