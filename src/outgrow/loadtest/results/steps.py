"""What the requests of another generator are called here: by their name, and apart where their tags differ."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

_MOST_NAMES: Final = 200
_MOST_VALUES: Final = 20
"""A tag with more values than that is one of single requests, and tells no steps apart."""
_MOST_KINDS: Final = 500
_OTHERS: Final = "other requests"


Tags = tuple[tuple[str, str], ...]


class Step(NamedTuple):
    """A request's own name and tags."""

    name: str
    tags: Tags = ()


@dataclass(frozen=True, slots=True)
class Named:
    """The step that each kind of request belongs to, and the tags of each step.

    A step whose name was made longer, to tell tags apart, has its own name as the tag `name`.
    """

    names: Mapping[Step, str]
    tags: Mapping[str, Mapping[str, str]]


def steps_of(requests: Iterable[Step]) -> Named:
    """Name steps: the rarer names are counted together, for k6 names a request by its URL unless told otherwise."""
    counts = Counter(requests)
    known = Counter[str]()
    for step, count in counts.items():
        known[step.name] += count
    kept = {name for name, _ in known.most_common(_MOST_NAMES)}
    short = {step: step if step.name in kept else Step(_OTHERS, step.tags) for step in counts}
    short = _with_few_tags(short)
    kinds = defaultdict[str, set[Tags]](set)
    for step in short.values():
        kinds[step.name].add(step.tags)
    names = {step: _name(step, kinds[step.name]) for step in short.values()}
    tags = {name: dict(step.tags) | ({} if name == step.name else {"name": step.name}) for step, name in names.items()}
    return Named({step: names[found] for step, found in short.items()}, tags)


def _with_few_tags(steps: Mapping[Step, Step]) -> Mapping[Step, Step]:
    """Leave out the tags of single requests, then those with the most values, until there are few kinds."""
    values = defaultdict[str, set[str]](set)
    for step in steps.values():
        for tag, value in step.tags:
            values[tag].add(value)
    telling = sorted((tag for tag in values if len(values[tag]) <= _MOST_VALUES), key=lambda tag: len(values[tag]))
    while True:
        found = {each: _only(step, telling) for each, step in steps.items()}
        if not telling or len(set(found.values())) <= _MOST_KINDS:
            return found
        telling.pop()


def _only(step: Step, telling: Sequence[str]) -> Step:
    return Step(step.name, tuple(sorted((tag, value) for tag, value in step.tags if tag in telling)))


def _name(step: Step, kinds: set[Tags]) -> str:
    """Give the name alone where all requests of that name have the same tags, else with those that differ."""
    differing = ", ".join(
        f"{tag}:{value}" for tag, value in step.tags if any((tag, value) not in tags for tags in kinds)
    )
    return f"{step.name} {{{differing}}}" if differing else step.name
