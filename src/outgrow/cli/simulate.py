"""`outgrow simulate`: rehearse a service's scaling policy on recorded traffic, before it acts on anything."""

import os
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from outgrow.cli.common import DEFAULT_PLAN, Moment, in_zone, lang_option, load, progress_bar, write_text
from outgrow.cli.simulate_inputs import Inputs, Percentage, service_options, trace_options
from outgrow.errors import UsageError

if TYPE_CHECKING:
    from outgrow.report.words import Words
    from outgrow.simulate.rehearsal import Rehearsal

_ENDINGS = (".csv", ".csv.gz", ".parquet")


@click.command()
@click.argument("service")
@click.argument("plan", default=DEFAULT_PLAN, type=click.Path(path_type=Path))
@trace_options
@service_options
@click.option(
    "--policy-file",
    type=click.Path(path_type=Path),
    help="Policies in YAML, one or several by name, instead of the service's own.",
)
@click.option(
    "--compare",
    multiple=True,
    metavar="NAME",
    help="Another service, a policy of the file, hpa:70 / external:70 / cpu:70 or predictive; may be repeated.",
)
@click.option("--allow", type=Percentage(), help="What the budget oracle may leave unserved; else as the policy.")
@click.option(
    "--against",
    metavar="SIGNAL|FILE",
    help="Replica counts of the live control, a signal or a CSV time,replicas: say where the two differ.",
)
@click.option("--timeline", type=click.Path(path_type=Path), help="Write every step into a .csv, .csv.gz or .parquet.")
@click.option("--explain", type=Moment(), metavar="TIME", help="Show the decision at this moment with its reasons.")
@click.option("--html", type=click.Path(path_type=Path), help="Write a report with charts into this file.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON (schema outgrow.rehearsal/1).")
@click.option("--curve/--no-curve", default=True, help="Whether the whole curve of HPA targets is shown.")
@lang_option
def simulate(
    service: str,
    plan: Path,
    policy_file: Path | None,
    compare: tuple[str, ...],
    allow: float | None,
    against: str | None,
    timeline: Path | None,
    explain: datetime | None,
    html: Path | None,
    as_json: bool,
    curve: bool,
    lang: str,
    **inputs: "str | Path | float | timedelta | None",
) -> None:
    """Rehearse a service's scaling policy on recorded traffic.

    The policy runs step by step over the trace and a model of the service, beside the whole curve of HPA targets and
    two oracles that know the future. PLAN is the plan file (plan.yaml unless given).
    """
    from outgrow.cli.simulate_policies import policy_lacking
    from outgrow.plan.sources import zone_of
    from outgrow.report.words import Words

    _refuse_early(timeline, html)
    loaded = load(plan)
    given = Inputs(loaded.plan, plan.parent, service, **inputs)  # pyright: ignore[reportArgumentType] (the options)
    words = Words(lang, zone_of(loaded.plan.timezone))
    setting, notes = given.setting(policy_lacking(loaded.plan, service, policy_file))
    policies = given.policies(policy_file, compare, setting)
    name = next(iter(policies))
    from outgrow.simulate.rehearsal import rehearsal

    explained = bool(explain or timeline or html or against)
    with progress_bar() as told:
        found = rehearsal(name, policies, setting, allowed=allow, explained=explained, told=told)
    if timeline is not None:
        from outgrow.cli.simulate_timeline import write_timeline

        write_timeline(timeline, found)
    if explain is not None:
        _explain(found, in_zone(explain, loaded.plan.timezone), words, as_json=as_json)
        return
    if html is not None:
        from outgrow.report.rehearsal_html import render_rehearsal

        write_text(html, render_rehearsal(found, service, notes, words, curve=curve))
    if against is not None:
        from outgrow.cli.simulate_against import print_against

        print_against(found, given.replicas(against, setting), words, as_json=as_json)
        return
    _print(found, service, notes, words, as_json=as_json, curve=curve)
    for written in (timeline, html):
        if written is not None:
            click.echo(words("rehearsal.written", file=written), err=True)


def _print(
    found: "Rehearsal", service: str, notes: tuple[str, ...], words: "Words", *, as_json: bool, curve: bool
) -> None:
    if as_json:
        import json

        from outgrow.report.rehearsal_json import rehearsal_document

        click.echo(json.dumps(rehearsal_document(found, service, notes), ensure_ascii=False, indent=2))
        return
    from outgrow.cli.simulate_table import print_rehearsal
    from outgrow.report.rehearsal_view import rehearsal_view

    print_rehearsal(rehearsal_view(found, service, notes, words), curve=curve)


def _explain(found: "Rehearsal", at: datetime, words: "Words", *, as_json: bool) -> None:
    from outgrow.report.rehearsal_json import decision_document
    from outgrow.report.rehearsal_view import decision_lines, moment

    trace, step = found.setting.trace, found.setting.service.step_seconds
    index = int((at - trace.start).total_seconds() // step)
    decisions = found.policy.timeline.decisions
    if not 0 <= index < len(decisions):
        span = f"{moment(trace.start, words)} to {moment(trace.moment(trace.seconds), words)}"
        raise UsageError(f"--explain {at.isoformat()}: the rehearsal lasts from {span}")
    decision = decisions[index]
    if as_json:
        import json

        click.echo(json.dumps(decision_document(decision), ensure_ascii=False, indent=2))
        return
    first, *others = decision_lines(decision, words)
    click.echo(first)
    for line in others:
        click.echo(f"  {line}")


def _refuse_early(timeline: Path | None, html: Path | None) -> None:
    """Say before minutes of rehearsing that the result would have no place."""
    if timeline is not None and not timeline.name.endswith(_ENDINGS):
        raise UsageError(f"{timeline}: a timeline is CSV or Parquet; end it in {', '.join(_ENDINGS)}")
    if timeline is not None and timeline.name.endswith(".parquet"):
        from importlib.util import find_spec

        if find_spec("pyarrow") is None:
            raise UsageError("writing Parquet needs pyarrow; pip install 'outgrow[parquet]', or write .csv.gz")
    for file in (timeline, html):
        if file is not None and not file.absolute().parent.is_dir():
            raise UsageError(f"{file}: there is no folder {file.parent}; make it, or choose another file")
        if file is not None and file.exists() and not os.access(file, os.W_OK):
            raise UsageError(f"{file}: cannot be written; choose another file")
