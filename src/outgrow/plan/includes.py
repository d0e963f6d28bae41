"""`include:` a plan split over files: the nouns of each included file join those of the root plan."""

import posixpath
from collections.abc import Callable
from typing import Final

from outgrow.errors import Place, Problem, Severity
from outgrow.plan.suggestion import nearest_or_all
from outgrow.plan.yaml_tree import Data, Path, Tree, dotted, read_tree

ReadText = Callable[[str], str | bytes]
"""Gives an included file by its path relative to the root plan, as text or as its bytes; raises OSError or
UnicodeDecodeError."""

NOUNS: Final = ("sources", "signals", "levels", "checkpoints", "scenarios", "services", "alerts", "dashboards")
"""What an included file may hold."""


def with_includes(tree: Tree, file: str, read: ReadText | None) -> Tree:
    """Merge the nouns of included files into the root tree; a name that stands in two files is a problem.

    Included files include nothing themselves: the root plan shows the whole. What is wrong with `include` itself
    (no list, an entry that is no text) is left to the plan's model to say.
    """
    names = tree.at(("include",))
    if not isinstance(tree.data, dict) or not isinstance(names, list):
        return tree
    seen = {posixpath.normpath(file): Place(file, 1, 1)}
    for index, name in enumerate(names):
        if not isinstance(name, str):
            continue
        path: Path = ("include", index)
        part = posixpath.normpath(posixpath.join(posixpath.dirname(file), name))
        if part in seen:
            itself = part == posixpath.normpath(file)
            what = "includes itself" if itself else f'"{name}" is included twice'
            tree.problems.append(Problem(tree.place(path), dotted(path), what, "remove the entry"))
            continue
        seen[part] = tree.place(path)
        text = _text_of(name, path, tree, read)
        if text is None:
            tree.complete = False
        else:
            _merge(tree, read_tree(text, part), part)
    return tree


def _text_of(name: str, path: Path, tree: Tree, read: ReadText | None) -> str | bytes | None:
    """Read an included file; none, and a problem, where it cannot be read."""
    what, remedy = "cannot be included here", "a plan that is only text has no other files; write all of it in one"
    try:
        if read is not None:
            return read(name)
    except FileNotFoundError:
        what, remedy = "does not exist", "its path is relative to the root plan"
    except IsADirectoryError:
        what, remedy = "is a directory", "name the files in it one by one"
    except PermissionError:
        what, remedy = "may not be read", "give the user who runs outgrow the right to read it"
    except UnicodeDecodeError:
        what, remedy = "is not UTF-8 text", "save it as UTF-8, or remove the entry"
    except (OSError, ValueError) as error:
        what, remedy = f"cannot be read: {getattr(error, 'strerror', None) or error}", "check the path"
    tree.problems.append(Problem(tree.place(path), dotted(path), f'"{name}" {what}', remedy))
    return None


def _merge(root: Tree, part: Tree, file: str) -> None:
    root.problems += part.problems
    if not isinstance(part.data, dict):
        if part.problems:
            root.complete = False
        elif part.data is None:
            what, remedy = "holds nothing", "remove it from include, or write entries"
            root.problems.append(Problem(Place(file, 1, 1), "", what, remedy, Severity.WARNING))
        else:
            what = "an included file is a mapping of nouns"
            root.problems.append(Problem(Place(file, 1, 1), "", what, f"begin with one of {', '.join(NOUNS)}"))
        return
    for noun, entries in part.data.items():
        if noun in NOUNS:
            _merge_noun(root, part, noun, entries)
            continue
        remedy = (
            "list the file in the root plan's include"
            if noun == "include"
            else nearest_or_all(noun, NOUNS, "an included file holds")
        )
        place = part.place_of_key((noun,))
        root.problems.append(Problem(place, noun, "cannot stand in an included file", remedy))


def _merge_noun(root: Tree, part: Tree, noun: str, entries: Data) -> None:
    if not isinstance(root.data, dict):
        return
    if not isinstance(entries, dict):
        if entries is not None:
            what = "expected a mapping of names to what they stand for"
            root.problems.append(Problem(part.place((noun,)), noun, what, f"write {noun}: {{name: ...}}"))
        return
    into = root.data.setdefault(noun, {})
    if not isinstance(into, dict):
        return  # the plan's model words what is wrong with the root's own
    root.values.setdefault((noun,), part.place((noun,)))
    root.keys.setdefault((noun,), part.place_of_key((noun,)))
    added: set[str | int] = set()
    for name, entry in entries.items():
        if name not in into:
            into[name] = entry
            added.add(name)
            continue
        first = root.place_of_key((noun, name))
        place = part.place_of_key((noun, name))
        root.problems.append(Problem(place, dotted((noun, name)), "stands twice", f"the first is at {first}; keep one"))
    for table, places in ((root.keys, part.keys), (root.values, part.values)):
        table.update(
            {path: place for path, place in places.items() if len(path) > 1 and path[0] == noun and path[1] in added}
        )
