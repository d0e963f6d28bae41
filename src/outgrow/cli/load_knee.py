"""`outgrow load knee`: find the highest rate that keeps the objective, and remember what one instance carries."""

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from outgrow.cli.common import DEFAULT_PLAN, Span, lang_option, load, run_async, write_text
from outgrow.errors import ExitCode, JournalError, RefusedError, UsageError

if TYPE_CHECKING:
    from outgrow.capacity.knee import Knee, Objective, Search
    from outgrow.facts.capacities import Capacity
    from outgrow.facts.knees import KneeLevel
    from outgrow.facts.loads import LoadFacts
    from outgrow.plan import Plan
    from outgrow.plan.scenarios import Scenario
    from outgrow.report.words import Words

_MILLISECONDS = timedelta(milliseconds=1)


@click.command("knee")
@click.argument("scenario")
@click.argument("plan", default=DEFAULT_PLAN, type=click.Path(path_type=Path))
@click.option("--from", "lowest", type=float, help="The lowest rate, or the fewest users.  [default: a tenth of --to]")
@click.option(
    "--to", "highest", type=float, help="The highest rate, or the most users.  [default: the scenario's ceiling]"
)
@click.option("--p50", type=Span("ms"), help="The objective's median response time, such as 100ms.")
@click.option("--p95", type=Span("ms"), help="The objective's 95th percentile, such as 500ms.")
@click.option("--p99", type=Span("ms"), help="The objective's 99th percentile.")
@click.option("--errors", type=float, default=1.0, show_default=True, help="How many percent may fail.")
@click.option("--hold", type=Span(), default="10s", show_default=True, help="How long each rate is held.")
@click.option("--settle", type=Span(), default="2s", show_default=True, help="What is left out before each hold.")
@click.option("--step", type=float, default=1.6, show_default=True, help="The factor from one rate to the next.")
@click.option("--within", type=float, default=5.0, show_default=True, help="How near to find it, in percent.")
@click.option("--instances", type=click.IntRange(1), default=1, show_default=True, help="How many the target has now.")
@click.option("--service", help="The service that is measured.  [default: the scenario's name]")
@click.option("--json", "as_json", is_flag=True, help="Print the whole result as JSON (schema outgrow.knee/1).")
@click.option("--output", "-o", type=click.Path(path_type=Path), help="Write the JSON into this file too.")
@click.option("--no-journal", is_flag=True, help="Note no spans, and do not remember the capacity.")
@click.option("--quiet", "-q", is_flag=True, help="Show nothing while it runs.")
@lang_option
def knee(
    scenario: str,
    plan: Path,
    lowest: float | None,
    highest: float | None,
    p50: timedelta | None,
    p95: timedelta | None,
    p99: timedelta | None,
    errors: float,
    hold: timedelta,
    settle: timedelta,
    step: float,
    within: float,
    instances: int,
    service: str | None,
    as_json: bool,
    output: Path | None,
    no_journal: bool,
    quiet: bool,
    lang: str,
) -> int:
    """Find the highest rate at which the target keeps its objective.

    Rates (arrivals a second; of a closed scenario, users who wait for their answers) rise until one breaks the
    objective, then the gap is halved; the rate found is held twice. The Universal Scalability Law is fitted to all of
    them. What one instance carries is kept in the journal, where scaling policies and rehearsals find it.
    """
    from outgrow.capacity.knee import Objective
    from outgrow.cli.knee_table import knee_document, level_line, print_heading, print_knee
    from outgrow.cli.load import declared_scenario
    from outgrow.control.find_knee import KneeRequest, find_knee
    from outgrow.report.words import texts_of

    loaded, words = load(plan), texts_of(lang)
    declared = declared_scenario(loaded.plan, scenario)
    times = [None if span is None else span / timedelta(seconds=1) for span in (p50, p95, p99)]
    if all(each is None for each in times):
        raise UsageError("no objective is given; say for example --p95 500ms, --errors is 1 % unless given")
    objective = Objective(*times, failed_share=errors / 100)
    request = KneeRequest(declared, objective, _search(declared, lowest, highest, step, within), hold, settle)
    runs: list[LoadFacts] = []
    shows = not quiet and not as_json
    if shows:
        print_heading(request, words)

    async def one(held: "Scenario") -> "LoadFacts":
        from outgrow.api import load_test

        facts = await load_test(
            loaded.plan, scenario, held, base=plan.parent, environment=os.environ, told=lambda _: None
        )
        runs.append(facts)
        return facts

    def told(level: "KneeLevel") -> None:
        if shows:
            click.echo(level_line(level, words))

    found = run_async(lambda: find_knee(request, one, told))
    capacity = _capacity(found, objective, scenario, service or scenario, instances)
    earlier = () if no_journal else _noted(loaded.plan, plan.parent, runs, capacity, words)
    text = json.dumps(knee_document(scenario, objective, found, capacity, earlier), ensure_ascii=False, indent=2)
    if output is not None:
        write_text(output, text + "\n")
    if as_json:
        click.echo(text)
    else:
        print_knee(found, capacity, earlier, words)
    return _exit_code(found)


def _search(scenario: "Scenario", lowest: float | None, highest: float | None, step: float, within: float) -> "Search":
    """Give where to look: rates, or of a closed scenario users; up to its ceiling, from a tenth on, unless told.

    Raises:
        RefusedError: what is asked is above the ceiling; nothing is sent to find that out half-way.
    """
    from outgrow.capacity.knee import Search

    limit, option = (scenario.ceiling.vus, "vus") if scenario.is_closed else (scenario.ceiling.rps, "rps")
    if highest is not None and highest > limit:
        what = "users" if scenario.is_closed else "requests a second"
        raise RefusedError(
            f"--to {highest:,g} {what} is above the scenario's ceiling of {limit:,g}; "
            f"if that is meant, add ceiling: {{{option}: {highest:g}}}"
        )
    if scenario.is_closed:
        most = scenario.ceiling.vus if highest is None else highest
        return Search(max(1, most // 10) if lowest is None else lowest, most, step, within / 100, by_users=True)
    top = scenario.ceiling.rps if highest is None else highest
    return Search(top / 10 if lowest is None else lowest, top, step, within / 100)


def _capacity(found: "Knee", objective: "Objective", scenario: str, subject: str, instances: int) -> "Capacity | None":
    from outgrow.cli.knee_table import is_by_users, objective_text
    from outgrow.facts import capacities

    if found.rate is None or found.carried is None:
        return None
    broken = None if is_by_users(found) else found.broken  # users are no rate
    now, kept = datetime.now(UTC), objective_text(objective)
    return capacities.Capacity(
        subject, now, found.carried, broken, instances, scenario, kept, found.confirmed, found.at_least
    )


def _noted(
    plan: "Plan", base: Path, runs: "list[LoadFacts]", capacity: "Capacity | None", words: "Words"
) -> "tuple[Capacity, ...]":
    """Note the spans and the capacity; give the capacities kept of the same subject, this one among them."""
    from outgrow.api import append_event, remembered_events
    from outgrow.control.load_test import span_of
    from outgrow.facts import capacities

    async def note() -> "tuple[Capacity, ...]":
        now = datetime.now(UTC)
        for facts in runs:
            await append_event(plan, span_of(facts, now), base=base, environment=os.environ)
        if capacity is None:
            return ()
        await append_event(plan, capacities.capacity_event(capacity, now), base=base, environment=os.environ)
        ever = (datetime(2000, 1, 1, tzinfo=UTC), now)
        events = await remembered_events(plan, ever, base=base, environment=os.environ)
        return tuple(each for each in capacities.capacities_in(events) if each.subject == capacity.subject)

    try:
        return run_async(note)
    except JournalError as error:
        click.echo(words("load.knee.not_remembered", why=error), err=True)
        return ()


def _exit_code(found: "Knee") -> int:
    from outgrow.capacity.knee import Ending

    if found.ending is Ending.INTERRUPTED:
        return ExitCode.INTERRUPTED
    if found.ending is Ending.TOO_WEAK:
        return ExitCode.TOO_WEAK
    if not any(level.carried for level in found.levels):
        return ExitCode.SOURCE
    return ExitCode.DONE if found.rate is not None else ExitCode.NOT_PROVEN
