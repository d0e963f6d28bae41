"""`outgrow mark`: note a load test, deployment or maintenance that must not count, and its end."""

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from outgrow.cli.common import DEFAULT_PLAN, Moment, in_zone, lang_option, load, run_async, stamp
from outgrow.errors import UsageError

if TYPE_CHECKING:
    from outgrow.report.words import Words


@click.command()
@click.argument("kind", type=click.Choice(["load-test", "deployment", "maintenance", "note"]))
@click.argument("plan", default=DEFAULT_PLAN, type=click.Path(path_type=Path))
@click.option("--from", "start", type=Moment(), default="now", show_default=True, help="When it began.")
@click.option("--to", "end", type=Moment(), help="When it ended; without it the span is open until it is closed.")
@click.option("--close", is_flag=True, help="End what is still open of this kind (and subject), now or at --to.")
@click.option("--subject", default="", help="The checkpoint, phase or service that it is about.")
@click.option("--text", default="", help="What it was.")
@lang_option
def mark(
    kind: str,
    plan: Path,
    start: datetime,
    end: datetime | None,
    close: bool,
    subject: str,
    text: str,
    lang: str,
) -> None:
    """Note a load test, deployment or maintenance that must not count.

    Conditions and forecasts leave its span out; a `note` is only remembered.
    """
    from outgrow.api import append_event
    from outgrow.facts.decisions import Event, EventKind
    from outgrow.report.words import texts_of

    loaded, words = load(plan), texts_of(lang)
    zone = loaded.plan.timezone
    finish = None if end is None else in_zone(end, zone)
    if close:
        _close(plan, kind, finish, subject, words)
        return
    begin = in_zone(start, zone)
    if finish is not None and finish < begin:
        raise UsageError("--to must not lie before --from")
    event = Event(
        EventKind(kind.replace("-", "_")), begin, finish, datetime.now(UTC), subject, {"text": text} if text else {}
    )
    run_async(lambda: append_event(loaded.plan, event, base=plan.parent, environment=os.environ))
    ends = {"end": stamp(finish, zone)} if finish else {}
    click.echo(words("mark.noted" if finish else "mark.noted_open", kind=kind, start=stamp(begin, zone), **ends))
    if finish is None and kind != "note":
        click.echo(words("mark.open", kind=kind, plan=plan))


def _close(path: Path, kind: str, end: datetime | None, subject: str, words: "Words") -> None:
    from outgrow.api import close_events
    from outgrow.facts.decisions import EventKind

    if kind == "note":
        raise UsageError("a note has no end; --close is for load tests, deployments and maintenance")
    plan = load(path, warn=False).plan
    now = datetime.now(UTC)
    of = EventKind(kind.replace("-", "_"))
    ended = run_async(
        lambda: close_events(plan, of, subject, end or now, now, base=path.parent, environment=os.environ)
    )
    if not ended:
        about = f" about {subject}" if subject else ""
        raise UsageError(f"no {kind}{about} is open; see: outgrow journal events {path}")
    for event in ended:
        click.echo(
            words(
                "mark.closed", kind=kind, start=stamp(event.start, plan.timezone), end=stamp(end or now, plan.timezone)
            )
        )
