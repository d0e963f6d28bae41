"""What one instance carries while the objective is kept: the number that autoscaling, cost and demand divide by.

It is the throughput at the highest N that keeps the objective, over N: not what one carries alone, for instances share
a database, a network and a machine, and not what all carry at saturation, where the objective is long lost.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby, takewhile
from typing import Final

from outgrow.capacity.demand import Figure, Range
from outgrow.capacity.usl import Point

SOURCE: Final = "definition: throughput at the highest N that keeps the objective, over N"


@dataclass(frozen=True, slots=True)
class Step:
    """One measured step: N instances, what they carried, and whether the objective was kept meanwhile."""

    point: Point
    kept: bool


@dataclass(frozen=True, slots=True)
class PerInstance:
    """What one of `n` instances carries; `figure` has the number with its formula.

    `highest_measured` says whether no larger N was measured that breaks the objective: then more may be carried.
    `doubt` is empty, or says what speaks against the number.
    """

    n: float
    figure: Figure
    highest_measured: bool
    doubt: str

    @property
    def throughput(self) -> float:
        """The number alone, in the unit of the throughput."""
        return self.figure.value.low


@dataclass(frozen=True, slots=True)
class NoneKept:
    """No capacity can be told, and why."""

    why: str


def capacity_per_instance(steps: Sequence[Step], unit: str = "rps") -> PerInstance | NoneKept:
    """Give the throughput at the highest N that keeps the objective, over N.

    A larger N counts only as long as every smaller one keeps the objective too: a step that passes above one that fails
    is luck, and is told as a doubt. Of several steps at one N all must keep it, and the least throughput counts.

    Args:
        steps: in any order; may be empty.
        unit: of the throughput.
    """
    if not steps:
        return NoneKept("no step was measured")
    ordered = sorted(steps, key=lambda each: each.point.n)
    rungs = [(n, list(at_n)) for n, at_n in groupby(ordered, key=lambda each: each.point.n)]
    kept = list(takewhile(lambda rung: all(each.kept for each in rung[1]), rungs))
    if not kept:
        return NoneKept(f"the objective is not kept at N = {rungs[0][0]:g}, the least that was measured")
    n, at_n = kept[-1]
    least = min(each.point.throughput for each in at_n)
    lucky = [rung_n for rung_n, each in rungs[len(kept) :] if all(step.kept for step in each)]
    doubt = ""
    if lucky:
        broken = rungs[len(kept)][0]
        doubt = f"the objective is kept at N = {max(lucky):g} again, but not at N = {broken:g}: measure both once more"
    one = least / n
    figure = Figure("capacity per instance", Range(one, one), unit, f"{least:g} {unit} / {n:g}", SOURCE)
    return PerInstance(n, figure, len(kept) == len(rungs), doubt)
