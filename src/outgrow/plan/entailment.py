"""What conditions on one signal say of one another: above 800 ms implies above 500 ms, and excludes below 300 ms."""

from collections.abc import Mapping
from itertools import permutations
from typing import NamedTuple

from outgrow.plan.checkpoints import Checkpoint, Condition
from outgrow.plan.reach import Entailments, conditions_in_rules
from outgrow.plan.signals import DerivedSignal, QuerySignal, origins_of

Signals = Mapping[str, QuerySignal | DerivedSignal]


class _Side(NamedTuple):
    """One side of a threshold, which excludes the threshold itself where it is strict."""

    threshold: float
    rising: bool
    strict: bool

    def within(self, other: "_Side") -> bool:
        """Say whether every value on this side is on the other one too."""
        if self.rising != other.rising:
            return False
        further = self.threshold - other.threshold if self.rising else other.threshold - self.threshold
        return further > 0 or (further == 0 and (self.strict or not other.strict))

    def apart(self, other: "_Side") -> bool:
        """Say whether no value is on both sides."""
        if self.rising == other.rising:
            return False
        low, high = (other, self) if self.rising else (self, other)
        return low.threshold < high.threshold or (low.threshold == high.threshold and (low.strict or high.strict))


def entailments(checkpoint: Checkpoint, signals: Signals) -> Entailments:
    """Find what is certain about pairs of conditions; leaving thresholds and `m_of_n` make nothing certain."""
    plain = {
        name: checkpoint.conditions[name]
        for name in conditions_in_rules(checkpoint)
        if _is_plain(checkpoint.conditions[name])
    }
    implied: list[tuple[str, str]] = []
    excluded: list[tuple[str, str]] = []
    for (one, first), (other, second) in permutations(plain.items(), 2):
        if first.signal != second.signal or first.across != second.across:
            continue
        here, there = _side(first, signals), _side(second, signals)
        if here.within(there) and _settings(first) == _settings(second):
            implied.append((one, other))
        if (
            one < other
            and here.apart(there)
            and (first.across in {"max", "min", "sum"} or not _labelled(first.signal, signals))
        ):
            excluded.append((one, other))
    return Entailments(implied, excluded)


def _is_plain(condition: Condition) -> bool:
    return condition.m_of_n is None and condition.leaves_at is None


def _side(condition: Condition, signals: Signals) -> _Side:
    threshold = condition.threshold.in_unit(signals[condition.signal].measure)
    return _Side(threshold, condition.rising, condition.comparison in {"above", "below"})


def _settings(condition: Condition) -> tuple[object, ...]:
    """Give all that decides, beside the threshold, whether a condition holds or is unknown."""
    return (
        condition.sustained_for,
        condition.max_gap,
        condition.min_coverage,
        condition.min_n,
        condition.include_own_load,
    )


def _labelled(name: str, signals: Signals) -> bool:
    """Say whether a signal has a series per label set."""
    return any(signal.by for signal in origins_of(name, signals).values())
