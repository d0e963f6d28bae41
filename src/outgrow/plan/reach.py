"""Which grades a checkpoint can ever show: its rules as truth tables over its conditions.

A table is an integer whose bit k says what the rule gives under the k-th assignment of true and false to the
conditions, so that a rule is combined for all assignments at once.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from outgrow.plan.checkpoints import Checkpoint, Rule
from outgrow.plan.grades import Grade

MOST_CONDITIONS: Final = 18
"""Beyond so many conditions a table outgrows what a validation may take (2^18 bits are 32 kB)."""


class Entailments(NamedTuple):
    """What conditions on the same signal say of one another, by their names.

    `implied`: whenever the first holds the second holds. `excluded`: the two never hold together.
    """

    implied: Sequence[tuple[str, str]] = ()
    excluded: Sequence[tuple[str, str]] = ()


NOTHING_KNOWN: Final = Entailments()


class Unreachable(NamedTuple):
    """A grade that can never be shown, because its rule never holds, or because `hidden_by` always hold with it."""

    grade: Grade
    hidden_by: tuple[Grade, ...]


def conditions_in_rules(checkpoint: Checkpoint) -> tuple[str, ...]:
    """Name the conditions that the rules use, each once."""
    return tuple(dict.fromkeys(name for rule in checkpoint.verdicts.values() for name in rule.condition_names()))


def unreachable_grades(checkpoint: Checkpoint, entailments: Entailments = NOTHING_KNOWN) -> tuple[Unreachable, ...]:
    """Find the grades that no combination of conditions can make the checkpoint show.

    Args:
        checkpoint: its rules may use at most `MOST_CONDITIONS` conditions.
        entailments: what is known about conditions of the same signal; less is found without it, nothing wrongly.
    """
    names = conditions_in_rules(checkpoint)
    full = (1 << (1 << len(names))) - 1
    columns = {name: _column(index, len(names)) for index, name in enumerate(names)}
    possible = full
    for one, other in entailments.implied:
        possible &= (full ^ columns[one]) | columns[other]
    for one, other in entailments.excluded:
        possible &= full ^ (columns[one] & columns[other])
    found: list[Unreachable] = []
    higher: dict[Grade, int] = {}
    for grade, rule in checkpoint.grades_downwards:
        holds = _table(rule, columns, full) & possible
        if not holds & ~_any(higher.values()):
            found.append(Unreachable(grade, _hiding(holds, higher)))
        higher[grade] = holds
    return tuple(reversed(found))


def _hiding(holds: int, higher: Mapping[Grade, int]) -> tuple[Grade, ...]:
    """Name the higher grades that hold whenever this one does, a single one where one is enough.

    None for a rule that never holds.
    """
    if not holds:
        return ()
    alone = [grade for grade, table in higher.items() if not holds & ~table]
    return (min(alone),) if alone else tuple(sorted(grade for grade, table in higher.items() if holds & table))


def _column(index: int, of: int) -> int:
    """Give the table of the condition `index` itself: runs of 2^index zeros and ones by turns."""
    run = 1 << index
    pattern, length = ((1 << run) - 1) << run, 2 * run
    while length < 1 << of:
        pattern |= pattern << length
        length *= 2
    return pattern


def _any(tables: Iterable[int]) -> int:
    """Combine tables: true where one of them is; false everywhere for none."""
    whole = 0
    for table in tables:
        whole |= table
    return whole


def _table(rule: Rule, columns: Mapping[str, int], full: int) -> int:
    members = [columns[member] if isinstance(member, str) else _table(member, columns, full) for member in rule.members]
    if rule.all is not None:
        return full ^ _any(full ^ member for member in members)
    if rule.any is not None:
        return _any(members)
    if rule.none is not None:
        return full ^ _any(members)
    needed = rule.at_least_of.n if rule.at_least_of else 0
    # at_least[k]: at least k of the members seen so far.
    at_least = [full] + [0] * needed
    for member in members:
        for k in range(needed, 0, -1):
            at_least[k] |= at_least[k - 1] & member
    return at_least[needed]
