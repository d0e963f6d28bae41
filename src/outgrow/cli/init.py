"""`outgrow init`: write a commented starter plan, out of what a live system is found to have."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from outgrow.cli.common import DEFAULT_PLAN, Zone, run_async, write_text
from outgrow.errors import UsageError

if TYPE_CHECKING:
    from outgrow.plan.findings import Findings


@click.command()
@click.argument("plan", default=DEFAULT_PLAN, type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--from",
    "urls",
    multiple=True,
    metavar="URL",
    help="Ask this PostgreSQL, MySQL, MariaDB or Redis what it has; may be repeated. The plan keeps only the name of "
    "the environment variable that holds it.",
)
@click.option("--name", help="The project's name; the folder's unless given.")
@click.option("--timezone", type=Zone(), help="The zone of calendars, such as Asia/Seoul; this machine's unless given.")
@click.option("--force", is_flag=True, help="Overwrite the file if it is there.")
def init(plan: Path, urls: tuple[str, ...], name: str | None, timezone: str | None, force: bool) -> None:
    """Write a commented starter plan, out of what a live system is found to have.

    Without --from the plan has everything to fill in. Nothing is written to the systems that are asked.
    """
    from outgrow.plan.starter import starter_plan

    if plan.exists() and not force:
        raise UsageError(f"{plan} is already there; choose another name, or overwrite it with --force")
    findings = run_async(lambda: _asked([_by_name(url, os.environ) for url in urls])) if urls else ()
    zone = timezone or _zone_of_this_machine()
    text = starter_plan(findings, name or _name_of(plan.resolve().parent.name), zone)
    write_text(plan, text)
    click.echo(f"wrote {plan}")
    for found in findings:
        if not found.variable:
            click.echo("put the url into an environment variable: the plan names it and never holds it")
    click.echo(f"next: outgrow validate --live {plan}")


async def _asked(urls: Sequence[str]) -> "list[Findings]":
    from outgrow.wiring import survey

    return [await survey(url, os.environ, Path()) for url in urls]


def _by_name(url: str, environment: Mapping[str, str]) -> str:
    """Give a url that the shell took out of a variable its name back, so that the plan can refer to it."""
    holders = [name for name, value in environment.items() if value == url]
    return f"${{{holders[0]}}}" if holders else url


def _name_of(folder: str) -> str:
    kept = "".join(letter if letter.isascii() and (letter.isalnum() or letter in "-_.") else "-" for letter in folder)
    return kept.strip("-_.")[:63] or "my-project"


def _zone_of_this_machine() -> str:
    """Give the zone that the machine keeps, UTC where it cannot be told."""
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    named = os.environ.get("TZ", "")
    link = Path("/etc/localtime")
    if not named and link.is_symlink():
        named = str(link.readlink()).partition("zoneinfo/")[2]
    try:
        return ZoneInfo(named).key if named else "UTC"
    except (ZoneInfoNotFoundError, ValueError):
        return "UTC"
