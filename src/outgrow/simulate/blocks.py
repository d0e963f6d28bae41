"""Timelines scored block by block: weeks or days that a policy is chosen on, and those that it is judged on."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from outgrow.errors import UsageError
from outgrow.simulate.latency import Followed, followed, violated
from outgrow.simulate.rehearsal import Setting
from outgrow.simulate.timeline import Demand, Timeline

_DAY: Final = 86_400
_WEEK: Final = 7 * _DAY


@dataclass(frozen=True, slots=True)
class BlockScore:
    """Sums over a block of steps; sums of blocks are sums again."""

    steps: int
    step_seconds: int
    needed: int
    missing: int
    ready: int
    violated: int

    @property
    def unserved(self) -> float:
        """U: the share of demand that was not served."""
        return self.missing / self.needed if self.needed else 0.0

    @property
    def violation_minutes_a_day(self) -> float:
        """SLO minutes a day."""
        return self.violated / self.steps * _DAY / 60

    @property
    def cost_ratio(self) -> float:
        """C: replicas ready over replicas needed."""
        return self.ready / self.needed if self.needed else 0.0


def block_seconds(setting: Setting) -> int:
    """Give the length of a block: a week where there are two of them behind the warm-up, a day where there are three.

    Raises:
        UsageError: the trace is too short to be tuned on one part and judged on another.
    """
    left = setting.trace.seconds - setting.terms.warm_up_seconds
    for length, least in ((_WEEK, 2), (_DAY, 3)):
        if left // length >= least:
            return length
    raise UsageError(
        f"{left / 3600:.0f} h behind the warm-up are too short to tune on some days and judge on others; "
        "give at least three days, better some weeks"
    )


class Blocks:
    """Scores many timelines of one length while they come in, some steps at a time.

    What is left over at the end belongs to the last block; the warm-up belongs to none.
    """

    def __init__(self, demand: Demand, setting: Setting, length_seconds: int, columns: int) -> None:
        self._setting, self._step = setting, setting.service.step_seconds
        self._needed = np.asarray(demand.needed, dtype=np.float64)
        self._rates = np.asarray(demand.totals, dtype=np.float64) / 1000
        skipped, length = -(-setting.terms.warm_up_seconds // self._step), length_seconds // self._step
        count = max(1, (len(self._needed) - skipped) // length)
        self._edges = [skipped + index * length for index in range(count)] + [len(self._needed)]
        # By block: what was missing, what was ready, how many steps were above the objective.
        self._sums = np.zeros((count, 3, columns))
        self._queue: Followed | None = None

    def add(self, start: int, ready: NDArray[np.float64]) -> None:
        """Take in the steps from `start` on: a row a step, a column a timeline."""
        end = start + len(ready)
        needed = self._needed[start:end, None]
        parts = [np.maximum(needed - ready, 0.0), ready]
        objective = self._setting.terms.objective_seconds
        if objective is not None:
            rates = self._rates[start:end, None]
            self._queue = followed(rates, ready, self._setting.service, objective, self._queue)
            parts.append(violated(self._queue.steps, rates, objective).astype(np.float64))
        for block, (first, last) in enumerate(pairwise(self._edges)):
            if first < end and last > start:
                within = slice(max(first, start) - start, min(last, end) - start)
                for row, part in enumerate(parts):
                    self._sums[block, row] += part[within].sum(axis=0)

    def scores(self) -> list[tuple[BlockScore, ...]]:
        """Give every timeline's blocks."""
        return [
            tuple(
                BlockScore(
                    end - start,
                    self._step,
                    int(self._needed[start:end].sum()),
                    *(int(each) for each in self._sums[block, :, column]),
                )
                for block, (start, end) in enumerate(pairwise(self._edges))
            )
            for column in range(self._sums.shape[2])
        ]


def scored_by_block(
    timeline: Timeline, totals: list[int], setting: Setting, length_seconds: int
) -> tuple[BlockScore, ...]:
    """Score one timeline block by block behind the warm-up."""
    blocks = Blocks(Demand(totals, timeline.needed), setting, length_seconds, 1)
    blocks.add(0, np.asarray(timeline.ready, dtype=np.float64)[:, None])
    return blocks.scores()[0]


def together(blocks: Sequence[BlockScore]) -> BlockScore:
    """Add blocks up; at least one."""
    return BlockScore(
        sum(each.steps for each in blocks),
        blocks[0].step_seconds,
        sum(each.needed for each in blocks),
        sum(each.missing for each in blocks),
        sum(each.ready for each in blocks),
        sum(each.violated for each in blocks),
    )
