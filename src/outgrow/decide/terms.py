"""What a condition means in numbers: its thresholds in the signal's unit, its spans in microseconds of the clock."""

import math
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import Final

from outgrow.plan.checkpoints import Comparison, Condition
from outgrow.plan.signals import DerivedSignal, QuerySignal, inputs_of
from outgrow.quantity import ONE, Duration, Unit

_COMPARE: Final[Mapping[Comparison, Callable[[float, float], bool]]] = {
    "above": operator.gt,
    "below": operator.lt,
    "at_least": operator.ge,
    "at_most": operator.le,
}
_DAY: Final = timedelta(days=1)
_FOLDS: Final = 4
"""Without a journal, hysteresis is folded over at least so many times the condition's `for`."""


@dataclass(frozen=True)
class Terms:
    """A condition together with what its signal says of itself.

    `unit` and `every` are the signal's (`every` the distance of its samples); `min_n` the rows that a value needs;
    `delay` how late its samples are; `window` how far back each of its values looks.
    """

    name: str
    condition: Condition
    unit: Unit
    every: timedelta
    min_n: int = 0
    delay: timedelta = timedelta(0)
    window: timedelta = timedelta(0)

    @cached_property
    def threshold(self) -> float:
        """The threshold in the signal's unit."""
        return self.condition.threshold.in_unit(self.unit)

    @cached_property
    def leaves_at(self) -> float | None:
        """The leaving threshold in the signal's unit, where one is set apart."""
        quantity = self.condition.leaves_at
        return None if quantity is None else quantity.in_unit(self.unit)

    @cached_property
    def gap(self) -> timedelta:
        """The longest time without a sample that a window may have."""
        return self.condition.gap_limit(Duration.of(self.every))

    @cached_property
    def expected(self) -> int:
        """How many points a window is made of: for / every + 1, or the ticks of `m_of_n`."""
        if self.condition.m_of_n is not None:
            return self.condition.m_of_n.n
        return self.condition.sustained_for // self.every + 1

    @cached_property
    def needed(self) -> int:
        """How many of the expected points must have been seen."""
        return points_needed(self.expected, self.condition.min_coverage)

    @cached_property
    def reach(self) -> timedelta:
        """How far back samples can matter to a condition whose state is remembered."""
        spans: list[timedelta] = [self.condition.sustained_for, self.condition.clears_for]
        if self.condition.m_of_n is not None:
            spans.append(self.every * self.condition.m_of_n.n)
        return max(spans) + max(self.gap, 2 * self.every)

    @cached_property
    def window_back(self) -> timedelta:
        """How far back the samples lie that a condition looks at now, and that its evidence shows."""
        if self.condition.m_of_n is not None:
            return self.every * self.condition.m_of_n.n - self.every / 2
        return self.condition.sustained_for or self.gap

    def satisfying(self, values: Sequence[float]) -> list[bool]:
        """Say of each value whether it satisfies the condition; "above" and "below" exclude equality."""
        compare, threshold = _COMPARE[self.condition.comparison], self.threshold
        return [compare(value, threshold) for value in values]

    def leaving(self, values: Sequence[float]) -> list[bool]:
        """Say of each value whether it is beyond the leaving threshold; equality still holds."""
        leaves_at = self.leaves_at
        if leaves_at is None:
            return [False] * len(values)
        compare = operator.lt if self.condition.rising else operator.gt
        return [compare(value, leaves_at) for value in values]

    def headroom(self, value: float) -> float:
        """Give the distance to the threshold in the signal's unit, negative when beyond."""
        return self.threshold - value if self.condition.rising else value - self.threshold


def points_needed(expected: int, share: float) -> int:
    """Give the least whole number of points that makes up `share` of those expected."""
    return math.ceil(expected * share - 1e-9)  # 0.7 x 10 is 7.000000000000001 in floating point


def terms_of(
    name: str,
    condition: Condition,
    signals: Mapping[str, QuerySignal | DerivedSignal],
    *,
    step: timedelta | None = None,
) -> Terms:
    """Put a condition together with its signal.

    Args:
        name: the condition's short name, such as A.
        condition: what is asked.
        signals: the plan's signals.
        step: how far apart the samples stand where that is more than the signal's `every` (a backtest's step).

    Raises:
        KeyError: the signal is not in the plan.
        ValueError: the threshold's unit cannot be compared with the signal's.
    """
    signal = signals[condition.signal]
    rows = signal.min_n if isinstance(signal, QuerySignal) else 0
    return Terms(
        name=name,
        condition=condition,
        unit=signal.measure,
        every=max(signal.every, step or signal.every),
        min_n=condition.min_n if condition.min_n is not None else rows,
        delay=delay_of(condition.signal, signals),
        window=window_of(condition.signal, signals),
    )


def delay_of(name: str, signals: Mapping[str, QuerySignal | DerivedSignal]) -> timedelta:
    """Give how late a signal's samples are; a derived signal waits for its slowest input."""
    signal = signals[name]
    if isinstance(signal, QuerySignal):
        return signal.delay
    return max(delay_of(each, signals) for each in inputs_of(signal))


def window_of(name: str, signals: Mapping[str, QuerySignal | DerivedSignal]) -> timedelta:
    """Give how far back one value of a signal looks: its query's window, and `over` of a derived signal beside it."""
    signal = signals[name]
    if isinstance(signal, QuerySignal):
        return signal.window or timedelta(0)
    over = getattr(signal, "over", None) or timedelta(0)
    return over + max(window_of(each, signals) for each in inputs_of(signal))


def lookback(condition: Condition, every: timedelta, *, remembered: bool = False) -> timedelta:
    """Give how much of the past a condition needs.

    Its window and one gap before it. With a leaving threshold and nothing remembered, the time over which its state is
    folded from "not held": 24 hours, or four times its `for` where that is longer.

    Args:
        condition: what is asked.
        every: how far apart the signal's samples stand.
        remembered: whether a `ConditionState` of an earlier evaluation is at hand.
    """
    terms = Terms("", condition, ONE, every)
    if remembered or condition.leaves_at is None:
        return terms.reach
    return max(fold_span(terms), terms.reach)


def fold_span(terms: Terms) -> timedelta:
    """Give the time over which a condition with a leaving threshold is folded when nothing is remembered."""
    ticks = terms.every * terms.condition.m_of_n.n if terms.condition.m_of_n is not None else timedelta(0)
    return max(_DAY, _FOLDS * max(terms.condition.sustained_for, ticks))
