"""`outgrow journal`: look at the decisions and events that are remembered, and replay decisions."""

import os
from datetime import datetime
from pathlib import Path

import click

from outgrow.cli.common import DEFAULT_PLAN, Moment, console, in_zone, lang_option, load, run_async
from outgrow.errors import ExitCode


@click.command()
@click.argument("what", type=click.Choice(["decisions", "events", "replay"]))
@click.argument("plan", default=DEFAULT_PLAN, type=click.Path(path_type=Path))
@click.option("--from", "start", type=Moment(), default="-30d", show_default=True, help="Where to begin.")
@click.option("--to", "end", type=Moment(), default="now", show_default=True, help="Where to end.")
@click.option("--checkpoint", "-c", metavar="NAME", help="Only this checkpoint.")
@lang_option
def journal(what: str, plan: Path, start: datetime, end: datetime, checkpoint: str | None, lang: str) -> int:
    """Look at the decisions and events that are remembered, or replay them.

    `decisions` lists verdicts as they were given, `events` spans, notes, and scaling decisions that changed a number;
    `replay` judges every verdict again from the samples of its time and says where the answer differs. Times are in the
    plan's zone.
    """
    from outgrow.api import remembered_decisions, remembered_events, replayed_decisions
    from outgrow.cli.journal_table import print_decisions, print_events, print_replays
    from outgrow.report.words import texts_of

    loaded, words = load(plan), texts_of(lang)
    zone = loaded.plan.timezone
    span = (in_zone(start, zone), in_zone(end, zone))
    match what:
        case "decisions":
            decisions = run_async(
                lambda: remembered_decisions(loaded.plan, span, checkpoint, base=plan.parent, environment=os.environ)
            )
            print_decisions(console(), loaded.plan, decisions, words)
        case "events":
            events = run_async(lambda: remembered_events(loaded.plan, span, base=plan.parent, environment=os.environ))
            print_events(console(), loaded.plan, events, words)
        case _:
            replays = run_async(
                lambda: replayed_decisions(loaded.plan, span, checkpoint, base=plan.parent, environment=os.environ)
            )
            print_replays(console(), loaded.plan, replays, words)
            return ExitCode.INTERNAL if any(each.differs for each in replays) else ExitCode.DONE
    return ExitCode.DONE
