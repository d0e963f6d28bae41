"""YAML text -> `Plan`, with every error at once, each at its place and with a remedy."""

import difflib
import posixpath
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from pydantic import BaseModel, ValidationError

from outgrow.errors import Place, PlanError, Problem, Severity
from outgrow.plan import Plan
from outgrow.plan.references import reference_problems
from outgrow.plan.sources import BUILTIN_KINDS, SourceKind, Vocabulary
from outgrow.plan.yaml_tree import Path, Tree, dotted, read_tree

ReadText = Callable[[str], str]
"""Gives the text of an included file by its path relative to the root plan; raises OSError or UnicodeDecodeError."""

_NOUNS: Final = ("sources", "signals", "levels", "checkpoints", "alerts", "dashboards")


@dataclass(frozen=True, slots=True)
class LoadedPlan:
    """A valid plan, where its parts stand, and what is doubtful about it."""

    plan: Plan
    tree: Tree
    warnings: tuple[Problem, ...] = ()


def parse_plan(
    text: str, file: str, read: ReadText | None = None, kinds: Mapping[str, SourceKind] = BUILTIN_KINDS
) -> LoadedPlan:
    """Read a plan from its text.

    Args:
        text: the root file's YAML.
        file: its name, for messages.
        read: gives the text of included files; without it `include` is an error.
        kinds: the kinds of source that exist, built-in and third-party.

    Raises:
        PlanError: with every problem found.
    """
    tree = _with_includes(read_tree(text, file), file, read)
    problems = list(tree.problems)
    plan: Plan | None = None
    if isinstance(tree.data, dict):
        plan = _validated(tree, kinds, problems)
    elif not problems:
        problems.append(Problem(Place(file, 1, 1), "", "a plan is a mapping", 'begin with "outgrow: 1"'))
    if plan is not None:
        problems += reference_problems(plan, tree)
    errors = [problem for problem in problems if problem.severity is Severity.ERROR]
    if plan is None or errors:
        raise PlanError(
            tuple(
                sorted(
                    errors,
                    key=lambda problem: (
                        problem.place.file != file,
                        problem.place.file,
                        problem.place.line,
                        problem.place.column,
                    ),
                )
            )
        )
    return LoadedPlan(plan, tree, tuple(problem for problem in problems if problem.severity is Severity.WARNING))


def _with_includes(tree: Tree, file: str, read: ReadText | None) -> Tree:
    """Merge the nouns of included files into the root tree; a name that stands in two files is a problem."""
    if not isinstance(tree.data, dict) or "include" not in tree.data:
        return tree
    names: Any = tree.data["include"]
    if not isinstance(names, list):
        return tree  # the model words the error
    for index, name in enumerate(names):  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
        place = tree.place(("include", index))
        if not isinstance(name, str):
            continue
        try:
            if read is None:
                message = "files cannot be included here"
                raise OSError(message)
            text = read(name)
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            tree.problems.append(
                Problem(
                    place,
                    dotted(("include", index)),
                    f'"{name}" cannot be read: {reason}',
                    "the path is relative to the root plan",
                )
            )
            continue
        _merge(tree, read_tree(text, posixpath.join(posixpath.dirname(file), name)))
    return tree


def _merge(root: Tree, part: Tree) -> None:
    root.problems += part.problems
    if part.data is None:
        return
    if not isinstance(part.data, dict):
        root.problems.append(
            Problem(
                part.place(()), "", "an included file is a mapping of nouns", f"begin with one of {', '.join(_NOUNS)}"
            )
        )
        return
    for noun, entries in part.data.items():  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType]
        if noun not in _NOUNS:
            root.problems.append(
                Problem(
                    part.place_of_key((str(noun),)),
                    str(noun),
                    "cannot stand in an included file",
                    f"an included file holds {', '.join(_NOUNS)}",
                )
            )
            continue
        into = root.data.setdefault(noun, {})
        root.values.setdefault((noun,), part.place((noun,)))
        root.keys.setdefault((noun,), part.place_of_key((noun,)))
        if not isinstance(entries, dict) or not isinstance(into, dict):
            root.data[noun] = entries if isinstance(into, dict) and not into else into
            continue
        for name, entry in entries.items():  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType]
            if name in into:
                first = root.place_of_key((noun, str(name)))
                root.problems.append(
                    Problem(
                        part.place_of_key((noun, str(name))),
                        f"{noun}.{name}",
                        "stands twice",
                        f"the first is at {first}; keep one",
                    )
                )
                continue
            into[name] = entry
            for table, other in ((root.keys, part.keys), (root.values, part.values)):
                table.update({path: place for path, place in other.items() if path[:2] == (noun, name)})


def _validated(tree: Tree, kinds: Mapping[str, SourceKind], problems: list[Problem]) -> Plan | None:
    data: dict[str, Any] = tree.data
    declared = data.get("sources")
    kind_of_source: dict[str, str] = {}
    if isinstance(declared, dict):
        for name, options in declared.items():  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType]
            kind = options.get("kind") if isinstance(options, dict) else None  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
            if isinstance(kind, str) and kind not in kinds:
                remedy = did_you_mean(kind, kinds) or f"the known kinds are {', '.join(kinds)}"
                problems.append(
                    Problem(
                        tree.place(("sources", str(name), "kind")),
                        f"sources.{name}.kind",
                        f'unknown kind "{kind}"',
                        remedy,
                    )
                )
            elif isinstance(kind, str):
                kind_of_source[str(name)] = kind
    try:
        return Plan.model_validate(data, context=Vocabulary(kinds, kind_of_source))
    except ValidationError as error:
        bad_kinds = {problem.path.removesuffix(".kind") for problem in problems if "unknown kind" in problem.what}
        found = [_problem(tree, each, kinds, kind_of_source) for each in error.errors()]
        problems += [
            problem
            for problem in found
            if not any(problem.path.startswith(f"{bad}.") or problem.path == bad for bad in bad_kinds)
        ]
        return None


def _problem(tree: Tree, error: Any, kinds: Mapping[str, SourceKind], kind_of_source: Mapping[str, str]) -> Problem:  # noqa: ANN401 (pydantic's ErrorDetails)
    path = _path_in_text(tree, error["loc"])
    where = dotted(path)
    match error["type"]:
        case "extra_forbidden":
            known = _options_at(path[:-1], tree, kinds, kind_of_source)
            remedy = did_you_mean(str(path[-1]), known) or (
                f"the options here are {', '.join(sorted(known))}" if known else "remove it"
            )
            return Problem(tree.place_of_key(path), where, "unknown option", remedy)
        case "missing":
            name = "query" if path[-1] == "read" else str(path[-1])
            return Problem(tree.place(path[:-1]), dotted(path[:-1]), f'"{name}" is missing', f"add {name}: ...")
        case _:
            what, _, remedy = str(error["msg"]).partition("; ")
            shown = error.get("input")
            if (
                error["type"] not in {"quantity", "duration"}
                and isinstance(shown, str | int | float)
                and not isinstance(shown, bool)
            ):
                what = f"{what[:1].lower()}{what[1:]} (found {shown!r})"
            return Problem(tree.place(path), where, what, remedy)


def _path_in_text(tree: Tree, loc: tuple[str | int, ...]) -> Path:
    """Turn pydantic's location into one that stands in the text: `read.query` may be written `query`."""
    if "[key]" in loc:
        loc = tuple(part for part in loc if part != "[key]")
    path: Path = ()
    for position, part in enumerate(loc):
        below = (*path, part)
        if (
            part == "read"
            and below not in tree.values
            and position + 1 < len(loc)
            and (*path, loc[position + 1]) in tree.values
        ):
            continue
        # A union's branch names itself in pydantic's location; the text does not have that step.
        if (
            position + 1 < len(loc)
            and below not in tree.values
            and path in tree.values
            and (*path, loc[position + 1]) in tree.values
        ):
            continue
        path = below
    return path


def _options_at(
    path: Path, tree: Tree, kinds: Mapping[str, SourceKind], kind_of_source: Mapping[str, str]
) -> tuple[str, ...]:
    """Name the options that exist where an unknown one was found."""
    from outgrow.plan.options import options_at  # noqa: PLC0415 (only needed to word an error)

    return options_at(path, tree.data, kinds, kind_of_source)


def did_you_mean(word: str, known: Any) -> str:  # noqa: ANN401 (any iterable of names)
    """Suggest the nearest known name, or nothing."""
    close = difflib.get_close_matches(word, [str(name) for name in known], n=1, cutoff=0.6)
    return f'did you mean "{close[0]}"?' if close else ""


__all__ = ["BaseModel", "LoadedPlan", "ReadText", "did_you_mean", "parse_plan"]
