"""What several commands share: the plan argument, languages, consoles, times, and running one async call."""

import os
import sys
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar
from zoneinfo import ZoneInfo

import click

from outgrow.errors import UsageError
from outgrow.quantity import Duration

if TYPE_CHECKING:
    from collections.abc import Generator

    from rich.console import Console

    from outgrow.plan import Plan
    from outgrow.plan.file import LoadedPlan

Result = TypeVar("Result")
DEFAULT_PLAN: Final = "plan.yaml"

plan_argument = click.argument("plan", default=DEFAULT_PLAN, type=click.Path(path_type=Path))
lang_option = click.option(
    "--lang",
    type=click.Choice(["en", "ko"]),
    envvar="OUTGROW_LANG",
    default="en",
    show_default=True,
    help="The language of the output.",
)


def load(path: Path, *, warn: bool = True) -> "LoadedPlan":
    """Read a plan; its warnings go to standard error, one line each."""
    from outgrow.wiring import read_plan

    loaded = read_plan(path)
    if warn:
        for problem in loaded.warnings:
            click.echo(str(problem), err=True)
    return loaded


def run_async(call: Callable[[], Awaitable[Result]]) -> Result:
    """Run one async call, on uvloop where it is installed."""
    import anyio

    options = {"use_uvloop": True} if _has_uvloop() else {}
    return anyio.run(call, backend_options=options)


def _has_uvloop() -> bool:
    from importlib.util import find_spec

    return find_spec("uvloop") is not None


def checkpoints_of(plan: "Plan", names: Sequence[str]) -> tuple[str, ...]:
    """Give the checkpoints that were asked for by name.

    Raises:
        UsageError: the plan has no such checkpoint.
    """
    for name in names:
        if name not in plan.checkpoints:
            known = ", ".join(plan.checkpoints)
            there = f"the plan has {known}" if known else "the plan has none"
            raise UsageError(f'no checkpoint is called "{name}"; {there}')
    return tuple(names)


def past_moment(moment: datetime | None, zone: str) -> datetime | None:
    """Give the moment of `--at` in the plan's zone, None for now.

    Raises:
        UsageError: it has not come yet.
    """
    if moment is None:
        return None
    found = in_zone(moment, zone)
    if found > datetime.now(UTC) + timedelta(minutes=1):
        raise UsageError("--at lies in the future; only the present and the past can be judged")
    return found


def console(*, stderr: bool = False, width: int | None = None) -> "Console":
    """Give a rich console: no colour when piped or when NO_COLOR is set, and wide lines when piped."""
    from rich.console import Console

    class PipedConsole(Console):
        """Leaves it to `outgrow.cli.run` what a reader means that went away; rich would end the process with 1."""

        def on_broken_pipe(self) -> None:
            raise BrokenPipeError

    stream = sys.stderr if stderr else sys.stdout
    if width is None and not stream.isatty() and "COLUMNS" not in os.environ:
        width = 120
    return PipedConsole(stderr=stderr, width=width, highlight=False, soft_wrap=False)


@contextmanager
def progress_bar() -> "Generator[Callable[[str, int, int], None]]":
    """Show on standard error what is being measured while it lasts; nothing is drawn when that is no terminal."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn

    shown = console(stderr=True)
    with Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        console=shown,
        transient=True,
        disable=not shown.is_terminal,
    ) as progress:
        task = progress.add_task("measuring", total=None)

        def told(name: str, done: int, total: int) -> None:
            progress.update(task, description=name, completed=done, total=total)

        yield told


class Moment(click.ParamType[datetime]):
    """A moment: ISO 8601, a date, `now`, or a span ago such as `-7d`; without a zone it is the plan's."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Read the moment; one without zone stays naive until the plan is known (see `in_zone`)."""
        if isinstance(value, datetime):
            return value
        text = str(value).strip()
        if text == "now":
            return datetime.now(UTC)
        try:
            if text.startswith("-"):
                return datetime.now(UTC) - Duration.parse(text[1:])
            return datetime.fromisoformat(text)
        except ValueError:
            self.fail(f'"{text}" is not a time; write 2026-11-20T14:00+09:00, 2026-11-20, now, or -7d', param, ctx)


class Span(click.ParamType[timedelta]):
    """A span of time such as `30m` or `14d`; `usual` is the unit that a bare number most likely means."""

    name = "duration"

    def __init__(self, usual: str = "") -> None:
        """Read spans."""
        self.usual = usual

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        """Read the span."""
        if isinstance(value, timedelta):
            return value
        if self.usual and str(value).isdecimal() and int(value):
            self.fail(f'"{value}" is a duration without a unit; did you mean "{value}{self.usual}"?', param, ctx)
        try:
            return Duration.parse(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


class Zone(click.ParamType[str]):
    """The name of a time zone such as `Asia/Seoul`."""

    name = "zone"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Look the zone up."""
        from outgrow.plan.source_options import known_zone

        try:
            return known_zone(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


def in_zone(moment: datetime, zone: str) -> datetime:
    """Give a moment without zone the plan's zone."""
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=ZoneInfo(zone))


def stamp(moment: datetime, zone: str) -> str:
    """Show a moment in the plan's zone with its offset, as `--from`, `--at` and `--explain` take it."""
    return moment.astimezone(ZoneInfo(zone)).isoformat(timespec="seconds")


def policy_place(path: Sequence[str | int], scaling: Any) -> str:
    """Give a place in a scaling policy as people write it: `triggers[0] (orders).average`; empty for all of it.

    Args:
        path: as pydantic gives it, with the policy's kind first where one was chosen by it.
        scaling: what stands below `scaling`, to name the metric or trigger of a place in a list.
    """
    found, here = "", scaling
    for part in path:
        if part in (_at(here, "policy"), _at(here, "kind")):
            continue  # the type that pydantic chose
        here = _at(here, part)
        name = _at(here, "name") if isinstance(part, int) else None
        found += f"[{part}]" if isinstance(part, int) else f".{part}"
        found += f" ({name})" if name else ""
    return found.lstrip(".")


def _at(here: Any, part: str | int) -> Any:
    try:
        return here[part]
    except (KeyError, IndexError, TypeError):
        return None


def write_text(path: Path, text: str | Iterable[str]) -> None:
    """Write a result file, as a whole or in parts; a failure is the user's to mend."""
    try:
        with path.open("w", encoding="utf-8") as file:
            file.writelines([text] if isinstance(text, str) else text)
    except OSError as error:
        raise UsageError(f"{path}: cannot be written: {error.strerror or error}; choose another file") from error
