"""Rates and bounds of many policies: what may become of a number, for those of them whose number would change.

What changed lately is kept as the controller keeps it, in slots: see `outgrow.autoscale.hpa.history`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, nan
from typing import Final

import numpy as np
from numpy.typing import NDArray

from outgrow.autoscale.hpa.limits import rates_down, rates_up
from outgrow.autoscale.hpa.proposals import MOST
from outgrow.plan.autoscaling import Behavior, Direction, Rate
from outgrow.simulate.many.extremes import Row

_Some = NDArray[np.intp]
"""Which policies."""

_TWICE: Final = 2.0
_FOUR: Final = 4.0


class Limits:
    """The rates of policies that all have a behavior, or all have none.

    Args:
        behaviors: of the policies.
        step_seconds: between two decisions.
    """

    def __init__(self, behaviors: Sequence[Behavior | None], step_seconds: int) -> None:
        known = [each for each in behaviors if each is not None]
        self._up = self._down = self._past = None
        if not known:
            return
        self._up = _rates_of([(each.up, rates_up(each)) for each in known], step_seconds, up=True)
        self._down = _rates_of([(each.down, rates_down(each)) for each in known], step_seconds, up=False)
        if self._up.look_back or self._down.look_back:
            self._past = _Past(self._up.longest, self._down.longest)
            self._looks_back = np.maximum(self._up.longest, self._down.longest) > 1

    def remember(self, step: int, before: Row, ordered: Row) -> None:
        """Keep what changed at a step."""
        if self._past is not None:
            at = np.flatnonzero((ordered != before) & self._looks_back)
            if len(at):
                self._past.changed(step, at, ordered[at] - before[at])

    def let_through(self, step: int, at: _Some, current: Row, wanted: Row, bounds: tuple[int, int]) -> Row:
        """Give what becomes of the numbers of the policies `at`; `current` and `wanted` are theirs alone."""
        least, most = bounds
        if self._up is None or self._down is None:
            fastest = np.maximum(_TWICE * current, _FOUR)
            return np.where(wanted < least, least, np.minimum(wanted, np.minimum(fastest, most)))
        found = wanted.copy()
        grows = wanted > current
        for rates, these in ((self._up, np.flatnonzero(grows)), (self._down, np.flatnonzero(~grows))):
            if len(these):
                now = current[these]
                reached = rates.reached(step, at[these], now, self._past)
                if rates.up:
                    found[these] = np.minimum(wanted[these], np.minimum(np.maximum(now, reached), most))
                else:
                    found[these] = np.maximum(wanted[these], np.maximum(np.minimum(now, reached), least))
        return found


class _Past:
    """What changed lately, in slots: one that is older than the direction's longest period makes room for the next."""

    def __init__(self, longest_up: Row, longest_down: Row) -> None:
        columns = len(longest_up)
        self._longest = longest_up, longest_down
        rows = [int(each.max()) + 1 for each in self._longest]
        self._parts = slice(0, rows[0]), slice(rows[0], sum(rows))
        self._used = np.zeros((2, columns), dtype=np.intp)
        self._steps = np.full((sum(rows), columns), -np.inf)
        self._changes = np.zeros((sum(rows), columns))

    def changed(self, step: int, at: _Some, change: Row) -> None:
        """Remember by how much the number of each of the policies `at` changed."""
        grows = change > 0
        for direction, those in enumerate((grows, ~grows)):
            if those.any():
                self._happened(direction, step, at[those], change[those])

    def since(self, at: _Some, steps: NDArray[np.intp]) -> Row:
        """Give by how much the number of each of the policies `at` is known to have changed behind a step."""
        return np.where(self._steps[:, at] > steps, self._changes[:, at], 0.0).sum(axis=0)

    def _happened(self, direction: int, step: int, at: _Some, change: Row) -> None:
        steps, used = self._steps[self._parts[direction]], self._used[direction, at]
        old = steps[:, at] < step - self._longest[direction][at]
        old &= np.arange(len(steps))[:, None] < used
        makes_room = old.any(axis=0)
        last_old: NDArray[np.intp] = len(steps) - 1 - np.argmax(old[::-1], axis=0)
        row = np.where(makes_room, last_old, used)
        self._used[direction, at] = used + ~makes_room
        steps[row, at] = step
        self._changes[self._parts[direction]][row, at] = change


@dataclass(frozen=True, slots=True)
class _Rate:
    """One rate of every policy, NaN where a policy has none, or one of the other kind; None where none has it.

    `ago` is how many steps before the decision its period began; None where that is the step before for all.
    """

    ago: NDArray[np.intp] | None
    pods: Row | None
    factor: Row | None


@dataclass(frozen=True, slots=True)
class _Rates:
    """The rates of one direction; `longest` is each policy's longest period in steps."""

    up: bool
    rates: tuple[_Rate, ...]
    longest: Row
    takes_most: NDArray[np.bool_]
    disabled: NDArray[np.bool_]
    plain: bool
    """Whether every policy has every rate, takes the one that allows most, and none is disabled."""

    @property
    def look_back(self) -> bool:
        """Whether any period is longer than a step; within one step nothing can have changed before."""
        return any(each.ago is not None for each in self.rates)

    def reached(self, step: int, at: _Some, current: Row, past: _Past | None) -> Row:
        """Give the farthest that the policies `at` may go; `current` is theirs alone."""
        found = [self._by(each, step, at, current, past) for each in self.rates]
        farthest, nearest = (np.fmax, np.fmin) if self.up else (np.fmin, np.fmax)
        # A policy of fewer rates than the others has NaN in their place, which fmax and fmin pass over.
        most = farthest.reduce(found) if len(found) > 1 else found[0]
        if self.plain:
            return most
        reached = np.where(self.takes_most[at], most, nearest.reduce(found))
        return np.where(self.disabled[at], current, reached)

    def _by(self, rate: _Rate, step: int, at: _Some, current: Row, past: _Past | None) -> Row:
        start = current
        if rate.ago is not None and past is not None:
            start = current - past.since(at, step - rate.ago[at])
        by_share = by_pods = None
        if rate.factor is not None:
            by_share = start * rate.factor[at]
            by_share = np.minimum(np.ceil(by_share), MOST) if self.up else np.trunc(by_share)
        if rate.pods is not None:
            by_pods = start + rate.pods[at]
        if by_share is None:
            return current if by_pods is None else by_pods
        if by_pods is None:
            return by_share
        return np.where(np.isnan(by_pods), by_share, by_pods)


def _rates_of(of: Sequence[tuple[Direction, tuple[Rate, ...]]], step_seconds: int, *, up: bool) -> _Rates:
    count = max(len(rates) for _, rates in of)
    takes_most = np.array([direction.select == "max" for direction, _ in of])
    disabled = np.array([direction.select == "disabled" for direction, _ in of])
    return _Rates(
        up,
        tuple(
            _rate([rates[row] if row < len(rates) else None for _, rates in of], step_seconds, up=up)
            for row in range(count)
        ),
        np.array([max(each.per.total_seconds() for each in rates) / step_seconds for _, rates in of]),
        takes_most,
        disabled,
        plain=bool(takes_most.all()) and not disabled.any(),
    )


def _rate(of: Sequence[Rate | None], step_seconds: int, *, up: bool) -> _Rate:
    sign = 1.0 if up else -1.0
    ago = np.array([1 if each is None else ceil(each.per.total_seconds() / step_seconds) for each in of], dtype=np.intp)
    pods = np.array([nan if each is None or each.pods is None else sign * each.pods for each in of])
    shares = [None if each is None else each.percent for each in of]
    factor = np.array([nan if each is None else 1 + sign * (each / 100) for each in shares])
    return _Rate(
        ago if ago.max() > 1 else None,
        None if np.isnan(pods).all() else pods,
        None if np.isnan(factor).all() else factor,
    )
