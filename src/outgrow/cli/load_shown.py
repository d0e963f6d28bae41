"""A load test shown while it runs: a view that changes in a terminal, plain lines when piped."""

import os
import sys
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from outgrow.cli.common import console

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping

    from outgrow.control.load_test import Watched
    from outgrow.facts.loads import LoadSecond
    from outgrow.plan.scenarios import Scenario


@contextmanager
def live(
    name: str, scenario: "Scenario", base: Path, language: str, *, quiet: bool
) -> "Generator[tuple[Callable[[LoadSecond], None], Watched | None]]":
    """Show the run on standard error: a view that changes in a terminal, plain lines when piped."""
    from outgrow.cli.load_table import second_line
    from outgrow.loadtest.course import timetable_of
    from outgrow.report.words import texts_of

    timetable, words = timetable_of(scenario, base), texts_of(language)
    if quiet:
        yield lambda _: None, None
    elif not sys.stderr.isatty():
        yield _while_heard(lambda second: click.echo(second_line(second, timetable.seconds, words), err=True)), None
    else:
        from rich.live import Live

        from outgrow.cli.load_live import LoadLive

        view = LoadLive(title_of(name, scenario, base, os.environ), timetable.seconds, timetable.rate.at, words)
        shown = Live(view, console=console(stderr=True), auto_refresh=False, transient=True)

        def told(second: "LoadSecond") -> None:
            view.told(second)
            shown.refresh()

        shown.start()
        try:
            yield _while_heard(told), view.watched
        finally:
            with suppress(OSError):
                shown.stop()


def title_of(name: str, scenario: "Scenario", base: Path, environment: "Mapping[str, str]") -> str:
    """Head the view with the scenario and its title, else the address that its target stands for.

    Raises:
        UsageError, SourceError: as of the run, where the target is none.
    """
    from outgrow.loadtest.orders import ShareOrders
    from outgrow.loadtest.run import target_shown

    return f"{name}: {scenario.title or target_shown(ShareOrders(name, scenario, environment, base))}"


def _while_heard(told: "Callable[[LoadSecond], None]") -> "Callable[[LoadSecond], None]":
    """Tell until nobody hears it: the load goes on where a terminal was closed, or where `| head` has seen enough."""
    is_heard = True

    def tell(second: "LoadSecond") -> None:
        nonlocal is_heard
        if is_heard:
            try:
                told(second)
            except OSError:
                is_heard = False

    return tell
