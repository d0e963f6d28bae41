"""YAML text to plain data with the place of every key and value.

Reads YAML 1.2's core schema out of PyYAML's composer, because YAML 1.1 surprises people: `yes` stays text, `010` is
ten, `12:30` stays text, and a key that stands twice is an error instead of a silent loss.
"""

import re
from dataclasses import dataclass, field
from typing import Any, Final

import yaml

from outgrow.errors import Place, Problem

Path = tuple[str | int, ...]

_INTEGER: Final = re.compile(r"[-+]?[0-9][0-9_]*")
_FLOAT: Final = re.compile(r"[-+]?(\.[0-9]+|[0-9][0-9_]*(\.[0-9_]*)?)([eE][-+]?[0-9]+)?")
_DEEPEST: Final = 64


@dataclass(slots=True)
class Tree:
    """Plain data, where each part of it stands, and what was wrong with the text."""

    data: Any
    keys: dict[Path, Place] = field(default_factory=dict[Path, Place])
    values: dict[Path, Place] = field(default_factory=dict[Path, Place])
    problems: list[Problem] = field(default_factory=list[Problem])

    def place(self, path: Path) -> Place:
        """Give the place of a value, or of the nearest parent that stands in the text."""
        for length in range(len(path), -1, -1):
            if path[:length] in self.values:
                return self.values[path[:length]]
        return Place("plan")

    def place_of_key(self, path: Path) -> Place:
        """Give the place of a key, or of its value where it has none."""
        return self.keys.get(path) or self.place(path)


def read_tree(text: str, file: str) -> Tree:
    """Read one YAML document.

    A syntax error gives a tree without data and with one problem; duplicate keys, tags and other traps are problems
    beside the data that could be read.
    """
    tree = Tree(None)
    try:
        node = yaml.compose(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = Place(file, mark.line + 1, mark.column + 1) if mark else Place(file)
        tree.problems.append(Problem(place, "", f"not YAML: {error.problem or error.context}", _hint(error)))
        tree.values[()] = Place(file)
        return tree
    except yaml.YAMLError as error:
        tree.problems.append(
            Problem(Place(file), "", f"not YAML: {str(error).splitlines()[0]}", "save the file as UTF-8 text")
        )
        tree.values[()] = Place(file)
        return tree
    if node is None:
        tree.values[()] = Place(file, 1, 1)
        return tree
    tree.data = _Reader(tree, file).value(node, ())
    return tree


def _hint(error: yaml.MarkedYAMLError) -> str:
    problem = f"{error.problem} {error.context}"
    if "tab" in problem or "\\t" in problem:
        return "indent with spaces, not tabs"
    if "mapping values are not allowed" in problem:
        return "put the text in quotes, or check the indentation"
    if "undefined alias" in problem:
        return "define it with & before it is used with *"
    return "check indentation, colons and quotes near this place"


class _Reader:
    def __init__(self, tree: Tree, file: str) -> None:
        self._tree = tree
        self._file = file
        self._open: set[int] = set()

    def value(self, node: yaml.Node, path: Path) -> Any:  # noqa: ANN401 (plain data of any shape)
        self._tree.values[path] = self._place(node)
        if id(node) in self._open:
            self._problem(node, path, "refers to itself", "remove the alias")
            return None
        if len(path) > _DEEPEST:
            self._problem(node, path[:3], f"nested deeper than {_DEEPEST} levels", "a plan is never this deep")
            return None
        self._open.add(id(node))
        try:
            match node:
                case yaml.MappingNode():
                    return self._mapping(node, path)
                case yaml.SequenceNode():
                    return [self.value(child, (*path, index)) for index, child in enumerate(node.value)]
                case _:
                    return self._scalar(node, path)
        finally:
            self._open.discard(id(node))

    def _mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, Any]:
        data: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                self._problem(key_node, path, "a key must be plain text", "quote it if it holds { or [")
                continue
            key = key_node.value
            if key == "<<" and not key_node.style:
                self._problem(key_node, path, "merge keys (<<) are not read", "write the options out")
                continue
            below = (*path, key)
            if key in data:
                first = self._tree.keys[below]
                self._problem(key_node, below, "stands twice", f"the first is at {first}; keep one")
                continue
            self._tree.keys[below] = self._place(key_node)
            data[key] = self.value(value_node, below)
        return data

    def _scalar(self, node: yaml.Node, path: Path) -> str | int | float | bool | None:
        text = str(node.value)
        if node.tag.startswith("!"):
            self._problem(node, path, f'the tag "{node.tag}" is not read', "write the value plainly")
            return text
        if getattr(node, "style", None):  # plain text has no style (libyaml says "", the Python parser None)
            return text
        if text in {"", "~", "null"}:
            return None
        if text in {"true", "false"}:
            return text == "true"
        if _INTEGER.fullmatch(text):
            return int(text.replace("_", ""))
        if _FLOAT.fullmatch(text):
            return float(text.replace("_", ""))
        return text

    def _place(self, node: yaml.Node) -> Place:
        return Place(self._file, node.start_mark.line + 1, node.start_mark.column + 1)

    def _problem(self, node: yaml.Node, path: Path, what: str, remedy: str) -> None:
        self._tree.problems.append(Problem(self._place(node), dotted(path), what, remedy))


def dotted(path: Path) -> str:
    """Show a path as people write it: `signals.queue.by[0]`."""
    shown = ""
    for part in path:
        shown += f"[{part}]" if isinstance(part, int) else f".{part}" if shown else str(part)
    return shown
