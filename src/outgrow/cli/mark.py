"""`outgrow mark`: note a load test, deployment or maintenance that must not count."""

import os
from datetime import UTC, datetime
from pathlib import Path

import click

from outgrow.cli.common import DEFAULT_PLAN, Moment, in_zone, load, run_async
from outgrow.errors import UsageError


@click.command()
@click.argument("kind", type=click.Choice(["load-test", "deployment", "maintenance", "note"]))
@click.argument("plan", default=DEFAULT_PLAN, type=click.Path(path_type=Path))
@click.option("--from", "start", type=Moment(), default="now", show_default=True, help="When it began.")
@click.option("--to", "end", type=Moment(), help="When it ended; without it the span is still open.")
@click.option("--subject", default="", help="The checkpoint, phase or service that it is about.")
@click.option("--text", default="", help="What it was.")
def mark(kind: str, plan: Path, start: datetime, end: datetime | None, subject: str, text: str) -> None:
    """Note a load test, deployment or maintenance that must not count.

    Conditions and forecasts leave its span out; a `note` is only remembered.
    """
    from outgrow.api import append_event
    from outgrow.facts.decisions import Event, EventKind

    loaded = load(plan)
    zone = loaded.plan.timezone
    begin = in_zone(start, zone)
    finish = None if end is None else in_zone(end, zone)
    if finish is not None and finish < begin:
        raise UsageError("--to must not lie before --from")
    event = Event(
        EventKind(kind.replace("-", "_")), begin, finish, datetime.now(UTC), subject, {"text": text} if text else {}
    )
    run_async(lambda: append_event(loaded.plan, event, base=plan.parent, environment=os.environ))
    click.echo(f"noted: {kind} from {begin.isoformat()} to {finish.isoformat() if finish else 'open end'}")
