"""YAML text to plain data with the place of every key and value.

Reads YAML 1.2's plain texts, because those of YAML 1.1 surprise people: `yes` stays text, `010` is ten, `12:30` stays
text; and a key that stands twice is an error instead of a silent loss. It reads the parser's events rather than its
composed tree: a hostile nesting is refused before it can exhaust the stack.
"""

import math
import re
from dataclasses import dataclass, field
from typing import Final, TypeAlias

import yaml

from outgrow.errors import Place, Problem
from outgrow.plan.yaml_text import decoded, syntax_problem

Data: TypeAlias = "bool | int | float | str | list[Data] | dict[str, Data] | None"
"""Plain data, as YAML and JSON know it."""
Path = tuple[str | int, ...]
"""The keys and indexes that lead to a part of the data."""

_INTEGER: Final = re.compile(r"[-+]?[0-9]+(?:_[0-9]+)*")
_FLOAT: Final = re.compile(r"[-+]?(?:[0-9]+(?:_[0-9]+)*(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")
_MOST_DIGITS: Final = 300
_DEEPEST: Final = 64
_MOST_COPIED: Final = 10_000
_SHELF: Final = "\0"
"""Where values are put whose key cannot be used: no key of a readable text holds this character."""
_TEXT_TAG: Final = "tag:yaml.org,2002:str"
_PLAIN_COLLECTIONS: Final = frozenset({None, "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"})
_WORDS: Final[dict[str, bool | None]] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}


@dataclass(slots=True)
class Tree:
    """Plain data, where each part of it stands, and what was wrong with the text.

    `complete` is false where an included file could not be read, so that names may be missing through no fault of
    their own.
    """

    data: Data
    keys: dict[Path, Place] = field(default_factory=dict[Path, Place])
    values: dict[Path, Place] = field(default_factory=dict[Path, Place])
    problems: list[Problem] = field(default_factory=list[Problem])
    complete: bool = True

    def place(self, path: Path) -> Place:
        """Give the place of a value, or of the nearest parent that stands in the text."""
        for length in range(len(path), -1, -1):
            if path[:length] in self.values:
                return self.values[path[:length]]
        return Place("plan")

    def place_of_key(self, path: Path) -> Place:
        """Give the place of a key, or of its value where it has none."""
        return self.keys.get(path) or self.place(path)

    def at(self, path: Path) -> Data:
        """Give the data at a path; none where nothing stands."""
        return data_at(self.data, path)


def data_at(data: Data, path: Path) -> Data:
    """Follow a path into plain data; none where nothing stands."""
    for part in path:
        if isinstance(data, dict):
            data = data.get(part) if isinstance(part, str) else None
        elif isinstance(data, list) and isinstance(part, int) and 0 <= part < len(data):
            data = data[part]
        else:
            return None
    return data


def dotted(path: Path) -> str:
    """Show a path as people write it: `signals.queue.by[0]`."""
    shown = ""
    for part in path:
        if part == _SHELF:
            break
        shown += f"[{part}]" if isinstance(part, int) else f".{part}" if shown else str(part)
    return shown


def read_tree(text: str | bytes, file: str) -> Tree:
    """Read one YAML document of UTF-8.

    A syntax error gives a tree without data and with one problem; duplicate keys, tags and other traps are problems
    beside the data that could be read.
    """
    tree = Tree(None, values={(): Place(file, 1, 1)})
    readable = decoded(text, file)
    if isinstance(readable, Problem):
        tree.problems.append(readable)
        return tree
    try:
        tree.data = _Reader(tree, file, readable).document()
    except yaml.YAMLError as error:
        tree.problems = [syntax_problem(error, readable, file)]
    except _TooDeepError as error:
        tree.problems = [error.problem]
    return tree


class _TooDeepError(Exception):
    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


@dataclass(frozen=True, slots=True)
class _Anchored:
    """What an anchor (&) names: the data, and which of the recorded paths belong to it."""

    path: Path
    data: Data
    first: int
    end: int


class _Reader:
    def __init__(self, tree: Tree, file: str, text: str) -> None:
        self._tree = tree
        self._file = file
        self._events = iter(yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)))
        self._recorded: list[Path] = []
        self._anchors: dict[str, _Anchored | None] = {}
        self._copied = 0

    def document(self) -> Data:
        data: Data = None
        documents = 0
        for event in self._events:
            if not isinstance(event, yaml.DocumentStartEvent):
                continue
            documents += 1
            if documents > 1:
                self._problem(event, (), "a second document begins here", "keep one; a plan is split by include: [...]")
                break
            data = self._value(next(self._events), ())
        return data

    def _value(self, event: yaml.Event, path: Path) -> Data:
        if len(path) > _DEEPEST:
            raise self._too_deep(event, path)
        self._tree.values[path] = self._place(event)
        self._recorded.append(path)
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event, path)
        first, anchor = len(self._recorded), getattr(event, "anchor", None)
        if anchor is not None:
            self._anchors[anchor] = None
        match event:
            case yaml.MappingStartEvent():
                data: Data = self._mapping(event, path)
            case yaml.SequenceStartEvent():
                data = self._sequence(event, path)
            case yaml.ScalarEvent():
                data = self._scalar(event, path)
            case _:
                raise AssertionError(event)  # the parser's grammar begins a node with no other event
        if anchor is not None:
            self._anchors[anchor] = _Anchored(path, data, first, len(self._recorded))
        return data

    def _sequence(self, event: yaml.SequenceStartEvent, path: Path) -> list[Data]:
        self._refuse_tag(event, path)
        data: list[Data] = []
        while not isinstance(child := next(self._events), yaml.SequenceEndEvent):
            data.append(self._value(child, (*path, len(data))))
        return data

    def _mapping(self, event: yaml.MappingStartEvent, path: Path) -> dict[str, Data]:
        self._refuse_tag(event, path)
        data: dict[str, Data] = {}
        while not isinstance(key := next(self._events), yaml.MappingEndEvent):
            name = self._key(key, path, data)
            if name is None:
                self._skip(key if not isinstance(key, yaml.ScalarEvent | yaml.AliasEvent) else None, path)
                self._skip(next(self._events), path)
                continue
            below = (*path, name)
            self._tree.keys[below] = self._place(key)
            data[name] = self._value(next(self._events), below)
        return data

    def _key(self, event: yaml.Event, path: Path, data: dict[str, Data]) -> str | None:
        """Give the key's text; none, and a problem, where it cannot be used."""
        if not isinstance(event, yaml.ScalarEvent):
            self._problem(event, path, "a key must be plain text", "quote it if it holds *, { or [")
            return None
        name = str(event.value)
        if name == "<<" and not event.style:
            self._problem(event, path, "merge keys (<<) are not read", "write the options out")
            return None
        if not name:
            self._problem(event, path, "a key is empty", "write a name before the colon")
            return None
        if name in data:
            below = (*path, name)
            self._problem(event, below, "stands twice", f"the first is at {self._tree.keys[below]}; keep one")
            return None
        return name

    def _skip(self, event: yaml.Event | None, path: Path) -> None:
        """Pass over a whole value whose key cannot be used; what it anchors can still be referred to."""
        if event is None:
            return
        self._value(event, (*path, _SHELF))

    def _scalar(self, event: yaml.ScalarEvent, path: Path) -> Data:
        text = str(event.value)
        if event.tag is not None and event.tag != _TEXT_TAG:
            self._problem(event, path, "a tag (!) is not read", "write the value plainly, or in quotes")
        if event.style or event.tag is not None:  # plain text has no style (libyaml says "", the Python parser None)
            return text
        if text in _WORDS:
            return _WORDS[text]
        if len(text) > _MOST_DIGITS:  # more digits than a number can have: the option's own type words the error
            return text
        if _INTEGER.fullmatch(text):
            return int(text)
        if _FLOAT.fullmatch(text) and math.isfinite(number := float(text)):
            return number
        return text

    def _alias(self, event: yaml.AliasEvent, path: Path) -> Data:
        """Copy what an anchor names; the copies' places are those of the original."""
        name = str(event.anchor)
        if name not in self._anchors:
            self._problem(
                event, path, "an alias (*) without its anchor (&)", "put the text in quotes, or add the anchor"
            )
            return None
        anchored = self._anchors[name]
        if anchored is None:
            self._problem(event, path, "refers to itself", "remove the alias")
            return None
        below = self._recorded[anchored.first : anchored.end]
        if below and max(map(len, below)) - len(anchored.path) + len(path) > _DEEPEST:
            raise self._too_deep(event, path)
        already, self._copied = self._copied, self._copied + len(below) + 1
        if self._copied > _MOST_COPIED:
            if already <= _MOST_COPIED:
                what = f"aliases (*) repeat more than {_MOST_COPIED:,} values by now"
                self._problem(event, path, what, "write a plan without so many copies")
            return None
        tree, start = self._tree, len(anchored.path)
        for original in below:
            copy = (*path, *original[start:])
            self._recorded.append(copy)
            tree.values[copy] = tree.values[original]
            if original in tree.keys:
                tree.keys[copy] = tree.keys[original]
        return _copy(anchored.data)

    def _refuse_tag(self, event: yaml.MappingStartEvent | yaml.SequenceStartEvent, path: Path) -> None:
        if event.tag not in _PLAIN_COLLECTIONS:
            self._problem(event, path, "a tag (!) is not read", "write the value plainly")

    def _too_deep(self, event: yaml.Event, path: Path) -> _TooDeepError:
        what = f"nested deeper than {_DEEPEST} levels"
        return _TooDeepError(Problem(self._place(event), dotted(path[:3]), what, "a plan is never this deep"))

    def _place(self, event: yaml.Event) -> Place:
        mark = event.start_mark
        return Place(self._file, mark.line + 1, mark.column + 1) if mark else Place(self._file)

    def _problem(self, event: yaml.Event, path: Path, what: str, remedy: str) -> None:
        self._tree.problems.append(Problem(self._place(event), dotted(path), what, remedy))


def _copy(data: Data) -> Data:
    match data:
        case dict():
            return {key: _copy(value) for key, value in data.items()}
        case list():
            return [_copy(value) for value in data]
        case _:
            return data
