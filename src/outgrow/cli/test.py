"""`outgrow test`: run a plan's own unit tests, series in and verdicts out."""

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from outgrow.cli.common import write_text
from outgrow.errors import ExitCode, Place, PlanError, Problem, UsageError

if TYPE_CHECKING:
    from outgrow.decide.plan_tests import TestReport


@click.command()
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
@click.option("--junit", type=click.Path(path_type=Path, dir_okay=False), help="Also write the results as JUnit XML.")
@click.option("--tap", "as_tap", is_flag=True, help="Print the results in the Test Anything Protocol.")
@click.option("--coverage", is_flag=True, help="Also list what no test has shown: answers of conditions, and grades.")
def test(files: tuple[Path, ...], junit: Path | None, as_tap: bool, coverage: bool) -> int:
    """Run a plan's own unit tests: series in, verdict timeline out.

    FILES are `*.test.yaml` files, or folders that hold them; the present folder unless given. Ends with code 6 when a
    test fails.
    """
    from time import monotonic

    from outgrow.report.plan_tests import junit_xml
    from outgrow.report.plan_tests import tap as tap_text

    found = [file for given in files or (Path(),) for file in _test_files(given)]
    if not found:
        raise UsageError(
            f"no *.test.yaml in {', '.join(map(str, files)) or 'this folder'}; see docs/how-to/test-a-plan.md"
        )
    if junit is not None and len(found) > 1:
        raise UsageError("--junit writes the results of one file; name that file")
    failed = False
    for file in found:
        began = monotonic()
        report = _run(file)
        took = timedelta(seconds=monotonic() - began)
        failed = failed or not report.passed
        if junit is not None:
            write_text(junit, junit_xml(report, str(file), took))
        if as_tap:
            click.echo(tap_text(report), nl=False)
        else:
            _print(file, report, took, coverage=coverage)
    return ExitCode.NOT_PROVEN if failed else ExitCode.DONE


def _test_files(given: Path) -> list[Path]:
    return sorted(given.glob("*.test.yaml")) if given.is_dir() else [given]


def _run(file: Path) -> "TestReport":
    from outgrow.decide.plan_tests import run_plan_tests
    from outgrow.plan.tests import parse_plan_tests
    from outgrow.plan.tests_references import require_known_names
    from outgrow.wiring import read_plan

    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise PlanError((Problem(Place(str(file)), "", f"cannot be read: {why}", "check the path"),)) from error
    loaded = parse_plan_tests(text, str(file))
    plan = read_plan(file.parent / loaded.tests.plan).plan
    require_known_names(loaded, plan)
    return run_plan_tests(plan, loaded)


def _print(file: Path, report: "TestReport", took: timedelta, *, coverage: bool) -> None:
    from outgrow.report.plan_tests import mismatch_text, timeline_text, uncovered

    for result in report.results:
        click.echo(f"{'ok    ' if result.passed else 'FAILED'} {result.name}")
        if not result.passed:
            click.echo(f"       {result.place}")
            for mismatch in result.mismatches:
                click.echo(f"       {mismatch_text(mismatch)}")
            for checkpoint, shown in result.timelines.items():
                click.echo(f"       {checkpoint}: {timeline_text(shown)}")
    passed = sum(result.passed for result in report.results)
    seen = sum(each.seen for each in report.coverage.values())
    possible = sum(each.possible for each in report.coverage.values())
    click.echo(
        f"{file}: {passed} of {len(report.results)} tests passed in {took.total_seconds():.2f} s; "
        f"{seen} of {possible} answers and grades seen"
    )
    if coverage:
        for line in uncovered(report):
            click.echo(f"  not seen: {line}")
