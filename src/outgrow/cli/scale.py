"""`outgrow scale`: run one service's scaling loop."""

import os
import signal
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from outgrow.cli.common import DEFAULT_PLAN, Span, console, lang_option, load, run_async
from outgrow.errors import ExitCode, UsageError

if TYPE_CHECKING:
    import anyio

    from outgrow.control.scale_view import ScaleRequest, ScaleView
    from outgrow.control.scaling_records import Mode
    from outgrow.plan import Plan
    from outgrow.report.words import Words

_REPLAYED = timedelta(days=31)


@click.command()
@click.argument("service")
@click.argument("plan", default=DEFAULT_PLAN, type=click.Path(path_type=Path))
@click.option("--once", is_flag=True, help="Take one decision, carry it out, and end.")
@click.option("--for", "span", type=Span(), help="End after so long, such as 10m; the replicas stay.")
@click.option("--dry-run", is_flag=True, help="Order nothing: decide for imagined replicas, as many as there are now.")
@click.option("--shadow", is_flag=True, help="Order nothing: look on, and say where the live number differs.")
@click.option("--replay", is_flag=True, help="Decide again what the journal has, and say where it differs.")
@click.option("--down", is_flag=True, help="Drain and end every replica, and what outgrow put before them.")
@lang_option
def scale(
    service: str,
    plan: Path,
    once: bool,
    span: timedelta | None,
    dry_run: bool,
    shadow: bool,
    replay: bool,
    down: bool,
    lang: str,
) -> int:
    """Run one service's scaling loop.

    SERVICE is its name in the PLAN (plan.yaml unless given). Every decision is written into the journal before anything
    is done. Ctrl-C or SIGTERM ends the loop; the replicas stay, and the next `outgrow scale` goes on where it was.
    With --once the exit code is 3 where something could not be read, written down or ordered.
    """
    from outgrow.control.scale_view import ScaleRequest
    from outgrow.control.scaling_records import Mode
    from outgrow.report.words import texts_of

    words = texts_of(lang)
    chosen = [word for word, given in (("--dry-run", dry_run), ("--shadow", shadow), ("--down", down)) if given]
    if len(chosen) > 1 or (down and (once or span or replay)) or (once and span):
        raise UsageError("choose one of --once and --for, and one of --dry-run, --shadow and --down")
    loaded = load(plan)
    _known(loaded.plan, service)
    mode = Mode.DRY_RUN if dry_run else Mode.SHADOW if shadow else Mode.ACT
    if down:
        return _end(loaded.plan, service, plan.parent, words)
    if replay:
        return _repeat(loaded.plan, service, mode, plan.parent, words)
    request = ScaleRequest(loaded.plan, service, mode, once, span)
    view = run_async(lambda: _scaled(request, plan.parent, words))
    if once:
        from outgrow.cli.scale_table import print_view

        print_view(console(), view, words)
        return ExitCode.SOURCE if view.failed else ExitCode.DONE
    return ExitCode.DONE


def _known(plan: "Plan", name: str) -> None:
    from outgrow.plan.suggestion import nearest_or_all

    if name in plan.services:
        return
    if not plan.services:
        raise UsageError("the plan has no services; add services: {auth: {runs_on: ..., scaling: ...}}")
    raise UsageError(f'no service is called "{name}"; {nearest_or_all(name, plan.services, "the services are")}')


async def _scaled(request: "ScaleRequest", base: Path, words: "Words") -> "ScaleView":
    """Run the loop until its end, or until somebody asks for it."""
    import anyio

    from outgrow.api import scale_service
    from outgrow.cli.scale_table import LiveScale, print_lines

    stop = anyio.Event()
    if request.once:
        return await scale_service(request, base=base, environment=os.environ, stop=stop)
    async with _ended_by_signals(stop):
        shown = console(stderr=False)
        if not sys.stdout.isatty():
            told = partial(print_lines, shown, zone=request.plan.timezone, words=words)
            return await scale_service(request, base=base, environment=os.environ, told=told, stop=stop)
        with LiveScale(shown, request, words) as live:
            return await scale_service(request, base=base, environment=os.environ, told=live.show, stop=stop)


@asynccontextmanager
async def _ended_by_signals(stop: "anyio.Event") -> AsyncGenerator[None]:
    """Let Ctrl-C and SIGTERM end the loop in order."""
    import anyio

    async def listen() -> None:
        with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
            async for _ in signals:
                stop.set()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(listen)
        yield
        tasks.cancel_scope.cancel()


def _end(plan: "Plan", service: str, base: Path, words: "Words") -> int:
    from outgrow.api import end_replicas
    from outgrow.report.said import said

    def told(text: str) -> None:
        click.echo(said(text, words))

    run_async(lambda: end_replicas(plan, service, base=base, environment=os.environ, told=told))
    click.echo(words("scaling.none_left", service=service))
    return ExitCode.DONE


def _repeat(plan: "Plan", service: str, mode: "Mode", base: Path, words: "Words") -> int:
    from outgrow.api import repeated_scaling
    from outgrow.cli.scale_table import print_repeated

    now = datetime.now(UTC)
    span = (now - _REPLAYED, now)
    found = run_async(lambda: repeated_scaling(plan, service, span, mode, base=base, environment=os.environ))
    print_repeated(console(), found, plan.timezone, words)
    return ExitCode.DONE if all(each.is_same for each in found) else ExitCode.INTERNAL
