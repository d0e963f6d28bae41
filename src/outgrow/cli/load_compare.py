"""`outgrow load compare`: two runs, or several of each side, side by side; what changed and what only scatters."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from outgrow.cli.common import Span, console, lang_option, write_text
from outgrow.errors import ExitCode, UsageError
from outgrow.quantity import Duration

if TYPE_CHECKING:
    from datetime import timedelta

    from outgrow.facts.comparisons import LoadComparison, MeasureChange
    from outgrow.facts.loads import LoadFacts
    from outgrow.report.words import Words

_RUN = click.Path(path_type=Path, dir_okay=False)


@click.command("compare")
@click.argument("runs", nargs=-1, type=_RUN, metavar="[A B]")
@click.option("--a", "a", multiple=True, type=_RUN, help="A run of the first side; may be repeated.")
@click.option("--b", "b", multiple=True, type=_RUN, help="A run of the second side; may be repeated.")
@click.option("--skip", type=Span(), default="0", help="How much of each run's beginning does not count.")
@click.option(
    "--margin",
    type=click.FloatRange(1, 900),
    default=25.0,
    show_default=True,
    help='A change of so many percent must have been seen, or it is "too short to tell".',
)
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True, help="The same seed, the same intervals.")
@click.option(
    "--fail-on",
    type=click.Choice(["slower", "errors", "worse"]),
    help="End with 4 where B is slower, has more errors, or either; with 5 where that cannot be told.",
)
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON (schema outgrow.load-compare/1).")
@click.option("--output", "-o", type=click.Path(path_type=Path), help="Write the JSON into this file too.")
@lang_option
def compare(
    runs: tuple[Path, ...],
    a: tuple[Path, ...],
    b: tuple[Path, ...],
    skip: "timedelta",
    margin: float,
    seed: int,
    fail_on: str | None,
    as_json: bool,
    output: Path | None,
    lang: str,
) -> int:
    """Tell change from noise between two runs.

    A and B are results that `outgrow load --output` wrote; several of a side are given as --a 1.json --a 2.json
    --b 3.json. Each percentile's ratio and the difference of the error shares stand with an interval; together the
    intervals hold in 95 % of comparisons.
    """
    import json

    import numpy as np

    from outgrow.decide.comparison import Margins, compared
    from outgrow.report.documents import written
    from outgrow.report.load_json import stored_load
    from outgrow.report.words import texts_of

    first, second = _sides(runs, a, b)
    stored = {path: stored_load(path) for path in (*first, *second)}
    for path, run in stored.items():
        if not run.timeline:
            raise UsageError(f"{path}: holds no seconds, so its scatter is not known; compare runs of outgrow load")
        _refuse_skipping_all(path, run, skip)
    found = compared(
        [stored[path] for path in first],
        [stored[path] for path in second],
        np.random.default_rng(seed),
        skip_seconds=skip / Duration.parse("1s"),
        margins=Margins(times=margin / 100),
    )
    text = json.dumps({"schema": "outgrow.load-compare/1", **written(found)}, ensure_ascii=False, indent=2)
    if output is not None:
        write_text(output, text + "\n")
    if as_json:
        click.echo(text)
    else:
        _print(found, first, second, texts_of(lang))
    return _exit_code(found, fail_on, list(stored.values()))


def _sides(
    runs: tuple[Path, ...], a: tuple[Path, ...], b: tuple[Path, ...]
) -> tuple[tuple[Path, ...], tuple[Path, ...]]:
    if len(runs) == 2 and not a and not b:  # noqa: PLR2004 (A and B)
        return (runs[0],), (runs[1],)
    if runs or not a or not b:
        raise UsageError("name two runs: outgrow load compare A.json B.json, or --a and --b once or more each")
    return a, b


def _refuse_skipping_all(path: Path, run: "LoadFacts", skip: "timedelta") -> None:
    """Let nothing be compared of which too little is left.

    Raises:
        UsageError: `--skip` leaves fewer seconds than a comparison needs.
    """
    from outgrow.decide.comparison import FEWEST_SECONDS

    skipped = skip / Duration.parse("1s")
    left = max(run.seconds - skipped, 0.0)
    if skipped and left < FEWEST_SECONDS:
        raise UsageError(
            f"{path}: --skip {Duration.of(skip)} leaves {left:,.0f} of its {run.seconds:,.0f} s, and a comparison "
            f"needs {FEWEST_SECONDS}; skip less, or run longer"
        )


def _exit_code(found: "LoadComparison", fail_on: str | None, runs: "list[LoadFacts]") -> int:
    """Give the exit code: change found, generator too weak to say, too short to say."""
    from outgrow.decide.load_seconds import ERRORS
    from outgrow.facts.comparisons import Change

    if fail_on is None:
        return ExitCode.DONE
    wanted = {"slower": {Change.SLOWER}, "errors": {Change.MORE_ERRORS}}.get(
        fail_on, {Change.SLOWER, Change.MORE_ERRORS}
    )
    if any(run.health.too_weak for run in runs):
        return ExitCode.TOO_WEAK
    if wanted & set(found.verdicts):
        return ExitCode.VERDICT
    asked = [
        measure.verdict
        for step in found.steps
        for measure in step.measures
        if (Change.MORE_ERRORS in wanted if measure.name == ERRORS else Change.SLOWER in wanted)
    ]
    return ExitCode.UNKNOWN if Change.TOO_SHORT in asked else ExitCode.DONE


_NARROW = 70
"""A narrower terminal has one blank between columns."""
_LEAST = {"step": len("  errors"), "b_is": len("difference")}
"""Where even that is too much, the last column takes two lines."""


def _print(found: "LoadComparison", a: tuple[Path, ...], b: tuple[Path, ...], words: "Words") -> None:
    from rich.table import Table
    from rich.text import Text

    from outgrow.facts.comparisons import Change
    from outgrow.report.said import said

    shown = console()
    for name, side, paths in (("A", found.a, a), ("B", found.b, b)):
        runs = words("load.compare.runs", n=side.runs) if side.runs > 1 else ""
        seconds = words("span.second", n=f"{side.seconds:,}")
        shown.print(Text(f"{name}: {', '.join(map(str, paths))} ({runs}{seconds})", style="dim"))
    for doubt in found.doubts:
        shown.print(Text(words("load.compare.careful", doubt=said(doubt, words)), style="bold red"))
    shown.print(Text(_headline(found, words), style="bold"))
    between = 2 if shown.width >= _NARROW else 1
    table = Table(box=None, padding=(0, between, 0, 0), pad_edge=False, header_style="dim")
    for name in ("step", "a", "b", "change", "between", "b_is"):
        justify = "left" if name in {"step", "b_is"} else "right"
        head = "" if name == "step" else words(f"load.compare.{name}")
        table.add_column(head, justify=justify, no_wrap=name != "b_is", min_width=_LEAST.get(name))
    for step in found.steps:
        table.add_row(
            Text(_step_name(step.name, words), style="bold"), f"{step.a_rate:,.4g}/s", f"{step.b_rate:,.4g}/s"
        )
        for measure in step.measures:
            quiet = measure.verdict in {Change.NONE, Change.TOO_SHORT}
            table.add_row(*_cells(measure, words), style="dim" if quiet else "")
    shown.print(table)
    for line in _whys(found, words):
        shown.print(Text(line, style="dim"))


def _step_name(name: str, words: "Words") -> str:
    """Word the run as a whole, which the comparison has among its steps."""
    from outgrow.decide.load_seconds import ALL

    return words("load.all") if name == ALL else name


def _measure_name(name: str, words: "Words") -> str:
    from outgrow.decide.load_seconds import ERRORS

    return words("load.compare.errors") if name == ERRORS else name


def _whys(found: "LoadComparison", words: "Words") -> list[str]:
    """Say why something could not be told: of the measures of a step, or once of all of them."""
    from outgrow.report.said import said

    whys: dict[str, dict[str, list[str]]] = {}
    for step in found.steps:
        for measure in step.measures:
            if measure.why:
                steps = whys.setdefault(measure.why, {}).setdefault(_step_name(step.name, words), [])
                steps.append(_measure_name(measure.name, words))
    everything = sum(len(step.measures) for step in found.steps)
    lines: list[str] = []
    for why, steps in whys.items():
        together = words("load.compare.and")
        of = ", ".join(f"{name} {together.join(measures)}" for name, measures in steps.items())
        is_all = sum(map(len, steps.values())) == everything
        key = "load.compare.all_too_short" if is_all else "load.compare.some_too_short"
        lines.append(words(key, why=said(why, words), measures=of))
    return lines


def _headline(found: "LoadComparison", words: "Words") -> str:
    """Say what changed, the worst first."""
    from outgrow.facts.comparisons import Change

    parts: list[str] = []
    for change in (Change.SLOWER, Change.MORE_ERRORS, Change.FASTER, Change.FEWER_ERRORS):
        steps = [step.name for step in found.steps if any(measure.verdict is change for measure in step.measures)]
        if steps:
            names = ", ".join(_step_name(name, words) for name in steps)
            parts.append(f"{words(f'load.change.{change.name.lower()}')} ({names})")
    if parts:
        return words("load.compare.changed", changes="; ".join(parts))
    if set(found.verdicts) == {Change.TOO_SHORT}:
        return words("load.compare.nothing_told")
    return words("load.compare.not_all_told" if Change.TOO_SHORT in found.verdicts else "load.compare.unchanged")


def _cells(measure: "MeasureChange", words: "Words") -> list[str]:
    from outgrow.decide.load_seconds import ERRORS
    from outgrow.report.load_words import milliseconds

    is_errors = measure.name == ERRORS
    # Short enough for a narrow terminal; the words in full stand in the JSON.
    word = words(f"load.change.{measure.verdict.name.lower()}")
    name = f"  {_measure_name(measure.name, words)}"
    if measure.a is None or measure.b is None or measure.change is None or measure.low is None or measure.high is None:
        return [name, "–", "–", "", "", word]
    if is_errors:
        ends = f"{_points(measure.low)}…{_points(measure.high)} pp"
        change = f"{_points(measure.change)} pp"
        return [name, _percent(measure.a), _percent(measure.b), change, ends, word]
    ends = f"{measure.low * 100:+.0f}…{measure.high * 100:+.0f} %"
    return [name, milliseconds(measure.a), milliseconds(measure.b), _share(measure.change), ends, word]


def _share(change: float) -> str:
    return f"{change * 100:+.0f} %" if abs(change) >= 0.1 else f"{change * 100:+.1f} %"  # noqa: PLR2004 (two figures)


def _percent(share: float) -> str:
    from outgrow.quantity import format_number

    return f"{format_number(share * 100)} %"


def _points(change: float) -> str:
    """Word a difference of shares, in percentage points."""
    return f"{change * 100:+.1f}" if abs(change) >= 0.01 else f"{change * 100:+.2f}"  # noqa: PLR2004 (two figures)
