"""The cheapest course of replicas with a budget of unserved work: a dynamic programme over levels.

A course has one level a stretch. From level p a stretch may take level s where s >= held, or s >= p: nothing that was
needed within the hold is let go. It costs s for every step, and leaves (needed - s)+ unserved for every step.

Small problems are solved exactly, over levels and budget left. Large ones by a price on unserved work (Lagrange): the
cheapest course at a price is a dynamic programme over levels alone, the highest of its bounds says how cheap any course
can be, and the two courses on either side of that price are spliced where they meet, so that the budget is used up.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

_EXACT_CELLS: Final = 4_000_000
_PRICES: Final = 16
_ROUNDS: Final = 4
_ENDLESS: Final = np.inf


@dataclass(frozen=True, slots=True)
class Stretch:
    """So many steps in which as much is needed, and as much has to be held."""

    needed: int
    held: int
    steps: int


@dataclass(frozen=True, slots=True)
class Course:
    """One level a step (a stretch, while it is looked for); its cost is at most the share `gap` above the least."""

    levels: tuple[int, ...]
    gap: float


@dataclass(frozen=True, slots=True)
class _Problem:
    stretches: Sequence[Stretch]
    lowest: int
    highest: int
    before: int | None

    @property
    def levels(self) -> NDArray[np.int64]:
        return np.arange(self.lowest, self.highest + 1, dtype=np.int64)

    def cost(self, course: NDArray[np.int64]) -> int:
        return int(course @ np.array([each.steps for each in self.stretches], dtype=np.int64))

    def unserved(self, course: NDArray[np.int64]) -> int:
        needed = np.array([each.needed for each in self.stretches], dtype=np.int64)
        steps = np.array([each.steps for each in self.stretches], dtype=np.int64)
        return int(np.maximum(needed - course, 0) @ steps)


def cheapest_course(
    needed: Sequence[int], held: Sequence[int], lowest: int, unserved_units: int, before: int | None = None
) -> Course:
    """Find a course of least cost that leaves at most so many replica steps unserved.

    Args:
        needed: by step, at least one.
        held: by step: what has to be held; never below `lowest`, nor below what the maximum lets be needed.
        lowest: the fewest replicas.
        unserved_units: replica steps that may be missing. Where even the highest level misses more, that is served.
        before: the level before the first step; None where any may be taken.
    """
    highest = max(*held, before or 0)
    single = [Stretch(each, high, 1) for each, high in zip(needed, held, strict=True)]
    problem = _Problem(single, lowest, highest, before)
    if unserved_units <= problem.unserved(np.array(held, dtype=np.int64)):
        return Course(tuple(held), 0.0)
    units = min(unserved_units, sum(max(0, each - lowest) for each in needed))
    if len(needed) * len(problem.levels) * (units + 1) <= _EXACT_CELLS:
        return Course(_exact(problem, units), 0.0)
    joined = _joined(needed, held)
    found = _priced(_Problem(joined, lowest, highest, before), units)
    pairs = zip(joined, found.levels, strict=True)
    return Course(tuple(level for stretch, level in pairs for _ in range(stretch.steps)), found.gap)


def _joined(needed: Sequence[int], held: Sequence[int]) -> list[Stretch]:
    """Join steps in which nothing changes: the cheapest course at a price is level within them."""
    stretches: list[Stretch] = []
    for each, high in zip(needed, held, strict=True):
        last = stretches[-1] if stretches else None
        if last is not None and (last.needed, last.held) == (each, high):
            stretches[-1] = Stretch(each, high, last.steps + 1)
        else:
            stretches.append(Stretch(each, high, 1))
    return stretches


# --- exactly ---


def _exact(problem: _Problem, units: int) -> tuple[int, ...]:
    """Tabulate the least cost by level and budget used; go back along the choices."""
    levels = problem.levels
    least = np.full((len(levels), units + 1), _ENDLESS)
    if problem.before is None:
        least[:, 0] = 0.0
    else:
        least[problem.before - problem.lowest, 0] = 0.0
    origins: list[NDArray[np.int32]] = []
    for index, stretch in enumerate(problem.stretches):
        source, origin = _reach(least, levels, stretch.held, free=index == 0 and problem.before is None)
        arrived = np.full_like(least, _ENDLESS)
        for row, level in enumerate(levels.tolist()):
            missing = max(0, stretch.needed - level) * stretch.steps
            if missing <= units:
                arrived[row, missing:] = source[row, : units + 1 - missing] + level * stretch.steps
        least = arrived
        origins.append(origin)
    row, used = (int(each) for each in np.unravel_index(int(np.argmin(least)), least.shape))
    course: list[int] = []
    for stretch, origin in zip(reversed(problem.stretches), reversed(origins), strict=True):
        level = int(levels[row])
        course.append(level)
        used -= max(0, stretch.needed - level) * stretch.steps
        row = int(origin[row, used])
    return tuple(reversed(course))


def _reach(
    least: NDArray[np.float64], levels: NDArray[np.int64], held: int, *, free: bool
) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
    """Give for every level the least cost of getting there and the level it comes from, over the last axis' cases."""
    rows = np.arange(len(levels), dtype=np.int32)[:, None]
    anywhere = np.argmin(least, axis=0).astype(np.int32)
    best = np.take_along_axis(least, anywhere[None, :], axis=0)
    from_below = np.minimum.accumulate(least, axis=0)
    # The row at which the running minimum was last improved is where it stands.
    improved = np.zeros(least.shape, dtype=np.int32)
    improved[1:] = np.where(from_below[1:] < from_below[:-1], rows[1:], 0)
    below = np.maximum.accumulate(improved, axis=0).astype(np.int32)
    may = (levels >= held)[:, None] | free
    return np.where(may, best, from_below), np.where(may, anywhere[None, :], below)


# --- by a price on unserved work ---


def _priced(problem: _Problem, units: int) -> Course:
    low, high = 0.0, _highest_price(problem)
    bound = -_ENDLESS
    for _ in range(_ROUNDS):
        prices = np.linspace(low, high, _PRICES)
        bounds = _bounds(problem, prices) - prices * units
        best = int(np.argmax(bounds))
        bound = max(bound, float(bounds[best]))
        low, high = float(prices[max(0, best - 1)]), float(prices[min(_PRICES - 1, best + 1)])
    within, beyond = _course_at(problem, high), _course_at(problem, low)
    if problem.unserved(within) > units:
        within = np.array([each.held for each in problem.stretches], dtype=np.int64)
    found = _spliced(problem, within, beyond, units) if problem.unserved(beyond) > units else beyond
    found = _capped(problem, found, units)
    cost = problem.cost(found)
    return Course(tuple(found.tolist()), max(0.0, cost / bound - 1) if bound > 0 else 0.0)


def _highest_price(problem: _Problem) -> float:
    """Give a price at which everything is served: more than any single replica step can cost, which is a whole hold."""
    longest, run = 1, 0
    for stretch in problem.stretches:
        run = run + stretch.steps if stretch.needed < stretch.held else stretch.steps
        longest = max(longest, run + stretch.steps)
    return float(longest + 1)


def _bounds(problem: _Problem, prices: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give the least of cost + price x unserved for several prices at once."""
    levels = problem.levels
    least = _beginning(problem, len(prices))
    row = levels.astype(np.float64)[:, None]
    for index, stretch in enumerate(problem.stretches):
        from_below = np.minimum.accumulate(least, axis=0)
        first = len(levels) if stretch.held > levels[-1] else max(0, stretch.held - problem.lowest)
        if index == 0 and problem.before is None:
            first = 0
        from_below[first:] = from_below[-1]
        missing = np.maximum(stretch.needed - row, 0.0)
        least = from_below + (row + missing * prices) * stretch.steps
    return least.min(axis=0)


def _course_at(problem: _Problem, price: float) -> NDArray[np.int64]:
    """Give the cheapest course at one price."""
    levels = problem.levels
    least = _beginning(problem, 1)
    origins: list[NDArray[np.int32]] = []
    row = levels.astype(np.float64)[:, None]
    for index, stretch in enumerate(problem.stretches):
        source, origin = _reach(least, levels, stretch.held, free=index == 0 and problem.before is None)
        least = source + (row + np.maximum(stretch.needed - row, 0.0) * price) * stretch.steps
        origins.append(origin)
    at = int(np.argmin(least[:, 0]))
    course: list[int] = []
    for origin in reversed(origins):
        course.append(int(levels[at]))
        at = int(origin[at, 0])
    return np.array(course[::-1], dtype=np.int64)


def _beginning(problem: _Problem, cases: int) -> NDArray[np.float64]:
    least = np.zeros((len(problem.levels), cases))
    if problem.before is not None:
        least[:] = _ENDLESS
        least[problem.before - problem.lowest] = 0.0
    return least


def _spliced(problem: _Problem, within: NDArray[np.int64], beyond: NDArray[np.int64], units: int) -> NDArray[np.int64]:
    """Take parts of the cheaper course, between stretches in which both stand at one level, while the budget lasts."""
    apart = np.flatnonzero(np.diff(np.concatenate(([0], (within != beyond).astype(np.int8), [0]))))
    steps = np.array([each.steps for each in problem.stretches], dtype=np.int64)
    needed = np.array([each.needed for each in problem.stretches], dtype=np.int64)
    saved = (within - beyond) * steps
    missed = (np.maximum(needed - beyond, 0) - np.maximum(needed - within, 0)) * steps
    parts = [
        (int(missed[start:end].sum()), int(saved[start:end].sum()), int(start), int(end))
        for start, end in zip(apart[::2], apart[1::2], strict=True)
    ]
    course = within.copy()
    left = units - problem.unserved(within)
    for more, cheaper, start, end in sorted(parts, key=lambda part: part[1] / max(part[0], 0.5), reverse=True):
        if more <= left and cheaper > 0:
            course[start:end] = beyond[start:end]
            left -= more
    return course


def _capped(problem: _Problem, course: NDArray[np.int64], units: int) -> NDArray[np.int64]:
    """Keep rises to a level from above it for as long as the budget lasts, the highest level first.

    A rise begins where the course comes from the level or from below it, so staying there lets nothing go that is held.
    """
    steps = np.array([each.steps for each in problem.stretches], dtype=np.int64)
    needed = np.array([each.needed for each in problem.stretches], dtype=np.int64)
    course, left = course.copy(), units - problem.unserved(course)
    for level in range(int(course.max()) - 1, problem.lowest - 1, -1):
        if left <= 0:
            break
        missed = (np.maximum(needed - level, 0) - np.maximum(needed - course, 0)) * steps
        for start, end in _rises(problem, course, level, missed):
            in_all = np.cumsum(missed[start:end])
            lasts = int(np.searchsorted(in_all, left, side="right"))
            if lasts:
                course[start : start + lasts] = level
                left -= int(in_all[lasts - 1])
    return course


def _rises(
    problem: _Problem, course: NDArray[np.int64], level: int, missed: NDArray[np.int64]
) -> list[tuple[int, int]]:
    """Give the runs in which a course is above a level, those first that cost the least service for what they save."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], (course > level).astype(np.int8), [0]))))
    runs = list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))
    if problem.before is not None and problem.before > level and runs and runs[0][0] == 0:
        runs = runs[1:]  # it was above the level before it began
    steps = np.array([each.steps for each in problem.stretches], dtype=np.int64)
    saved = np.concatenate(([0], np.cumsum((course - level) * steps)))
    lost = np.concatenate(([0], np.cumsum(missed)))
    return sorted(runs, key=lambda run: (lost[run[1]] - lost[run[0]]) / (saved[run[1]] - saved[run[0]]))
