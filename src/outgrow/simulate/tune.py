"""The search for the cheapest policy that keeps an objective, judged on blocks of time that it was not tuned on.

A rehearsal only ever looks back, so one run over the whole trace gives every block of it: each candidate is rehearsed
once and scored block by block. Cross-validation rolls forward, as life does: for every block but the first the cheapest
candidate that keeps the objective on all blocks before it is judged on that block.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from outgrow.simulate.blocks import BlockScore, together
from outgrow.simulate.candidates import Candidate


@dataclass(frozen=True, slots=True)
class Goal:
    """What has to be kept: at most this share of demand unserved, and at most so many SLO minutes a day."""

    unserved: float | None = None
    violation_minutes_a_day: float | None = None

    def kept(self, block: BlockScore) -> bool:
        """Say whether a block keeps everything that is asked."""
        if self.unserved is not None and block.unserved > self.unserved:
            return False
        return self.violation_minutes_a_day is None or block.violation_minutes_a_day <= self.violation_minutes_a_day


@dataclass(frozen=True, slots=True)
class Tried:
    """A candidate with its score in every block."""

    candidate: Candidate
    blocks: tuple[BlockScore, ...]

    @property
    def whole(self) -> BlockScore:
        """All blocks together."""
        return together(self.blocks)


@dataclass(frozen=True, slots=True)
class Fold:
    """One step of the cross-validation: what was chosen on the blocks before `block`, and how it did there.

    `chosen` is None where no candidate kept the goal on the blocks before.
    """

    block: int
    chosen: Tried | None
    kept: bool


@dataclass(frozen=True, slots=True)
class Tuned:
    """The result: every candidate, those that none beats on both cost and U, the choice, and the cross-validation."""

    goal: Goal
    tried: tuple[Tried, ...]
    front: tuple[Tried, ...]
    chosen: Tried | None
    folds: tuple[Fold, ...]
    block_seconds: int


def chosen_of(tried: Sequence[Tried], goal: Goal, blocks: range) -> Tried | None:
    """Give the cheapest that keeps the goal over some blocks together; of equal ones the one that leaves less."""
    sums = [(each, together([each.blocks[index] for index in blocks])) for each in tried]
    kept = [(each, total) for each, total in sums if goal.kept(total)]
    best = min(kept, key=lambda pair: (pair[1].ready, pair[1].missing, pair[1].violated), default=None)
    return None if best is None else best[0]


def tuned(tried: Sequence[Tried], goal: Goal, length_seconds: int) -> Tuned:
    """Choose, and say how the same way of choosing would have done block by block."""
    count = len(tried[0].blocks)
    folds: list[Fold] = []
    for block in range(1, count):
        chosen = chosen_of(tried, goal, range(block))
        folds.append(Fold(block, chosen, chosen is not None and goal.kept(chosen.blocks[block])))
    choice = chosen_of(tried, goal, range(count))
    return Tuned(goal, tuple(tried), pareto(tried), choice, tuple(folds), length_seconds)


def pareto(tried: Sequence[Tried]) -> tuple[Tried, ...]:
    """Give those that no other beats: each next one costs more and leaves less unserved."""
    front: list[Tried] = []
    for each in sorted(tried, key=lambda one: (one.whole.ready, one.whole.missing)):
        if not front or each.whole.missing < front[-1].whole.missing:
            front.append(each)
    return tuple(front)
