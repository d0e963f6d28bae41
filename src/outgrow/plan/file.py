"""YAML text -> `Plan`, with every error at once, each at its place and with a remedy."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pydantic import ValidationError

from outgrow.errors import Place, PlanError, Problem, Severity
from outgrow.plan import Plan
from outgrow.plan.includes import ReadText, with_includes
from outgrow.plan.lint import doubts
from outgrow.plan.place_references import place_problems
from outgrow.plan.references import entries, reference_problems
from outgrow.plan.sources import BUILTIN_KINDS, SourceKind, Vocabulary
from outgrow.plan.threshold_references import threshold_problems
from outgrow.plan.units import unit_problems
from outgrow.plan.wording import problems_of
from outgrow.plan.yaml_tree import Tree, read_tree

__all__ = ["LoadedPlan", "ReadText", "parse_plan"]


@dataclass(frozen=True, slots=True)
class LoadedPlan:
    """A valid plan, where its parts stand, and what is doubtful about it."""

    plan: Plan
    tree: Tree
    warnings: tuple[Problem, ...] = ()


def parse_plan(
    text: str | bytes, file: str, read: ReadText | None = None, kinds: Mapping[str, SourceKind] = BUILTIN_KINDS
) -> LoadedPlan:
    """Read a plan from its text.

    Args:
        text: the root file's YAML; as bytes it must be UTF-8.
        file: its name, for messages.
        read: gives included files by their path relative to the root plan; without it `include` is an error.
        kinds: the kinds of source that exist, built-in and third-party.

    Raises:
        PlanError: with every problem found, the root file's first, each file's in their order.
    """
    tree = with_includes(read_tree(text, file), file, read)
    problems = list(tree.problems)
    plan: Plan | None = None
    if isinstance(tree.data, dict):
        checked = _validated(tree, kinds)
        if isinstance(checked, Plan):
            plan = checked
        else:
            problems += checked
        problems += reference_problems(tree)
        problems += unit_problems(tree)
        problems += threshold_problems(tree)
        problems += place_problems(tree)
    elif not problems:
        what = "holds no plan" if tree.data is None else "is no plan: a plan is a mapping"
        problems.append(Problem(Place(file, 1, 1), "", what, 'begin with "outgrow: 1", or let outgrow init write one'))
    errors = [problem for problem in problems if problem.severity is Severity.ERROR]
    if plan is None or errors:
        raise PlanError(_in_file_order(errors, tree))
    warnings = [problem for problem in problems if problem.severity is Severity.WARNING]
    return LoadedPlan(plan, tree, _in_file_order([*warnings, *doubts(plan, tree)], tree))


def _validated(tree: Tree, kinds: Mapping[str, SourceKind]) -> Plan | list[Problem]:
    """Validate by the plan's models."""
    kind_of_source = {
        name: kind
        for name, options in entries(tree.data, ("sources",)).items()
        if isinstance(options, dict) and isinstance(kind := options.get("kind"), str) and kind in kinds
    }
    words = Vocabulary(kinds, kind_of_source)
    try:
        return Plan.model_validate(tree.data, context=words, by_alias=True, by_name=False)
    except ValidationError as error:
        return list(problems_of(error, tree, words))


def _in_file_order(problems: Iterable[Problem], tree: Tree) -> tuple[Problem, ...]:
    """Sort by place, the files in the order in which they were read, and say everything once."""
    files = list(dict.fromkeys(place.file for place in tree.values.values()))
    ranks = {file: rank for rank, file in enumerate(files)}

    def position(problem: Problem) -> tuple[int, str, int, int]:
        place = problem.place
        return ranks.get(place.file, len(ranks)), place.file, place.line, place.column

    return tuple(sorted(dict.fromkeys(problems), key=position))
