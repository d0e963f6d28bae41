"""Files that scenarios take their data and their course from: `outgrow validate` opens them, as a run would."""

from collections.abc import Iterator
from pathlib import Path

from outgrow.errors import Problem, UsageError
from outgrow.loadtest.course import timetable_of
from outgrow.loadtest.feeders import rows_of
from outgrow.loadtest.flows import columns_used
from outgrow.plan.file import LoadedPlan
from outgrow.plan.scenarios import Scenario
from outgrow.plan.yaml_tree import Path as PlanPath
from outgrow.plan.yaml_tree import dotted


def file_problems(loaded: LoadedPlan, base: Path) -> Iterator[Problem]:
    """Give a problem for every file that cannot be read or lacks a column that a step uses.

    Args:
        loaded: a valid plan.
        base: what the files' paths are relative to.
    """
    for name, scenario in loaded.plan.scenarios.items():
        for path, why in _refusals(scenario, ("scenarios", name), base):
            what, _, remedy = why.removeprefix(f"{dotted(path)}: ").partition("; ")
            yield Problem(loaded.tree.place_of_key(path), dotted(path), what, remedy)


def _refusals(scenario: Scenario, top: PlanPath, base: Path) -> Iterator[tuple[PlanPath, str]]:
    """Give what a run would be refused for, with the place that its message begins with."""
    for feed, by_flow in columns_used(scenario).items():
        path: PlanPath = (*top, "data", feed)
        wanted = [column for columns in by_flow.values() for column in columns]
        try:
            if wanted:  # data that no step uses is not read by a run either
                rows_of(scenario.data[feed], wanted, base, dotted(path))
        except UsageError as error:
            yield path, str(error)
    path = (*top, "trace")
    try:
        timetable_of(scenario, base, dotted(path))
    except UsageError as error:
        yield path, str(error)
