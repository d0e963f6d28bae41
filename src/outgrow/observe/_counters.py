"""Counters that start again from zero, noticed between two reads of the same adapter."""

from collections.abc import Hashable


class Restarts:
    """What each counter showed when it was last read, and in which life of the thing that counts."""

    def __init__(self) -> None:
        self._last: dict[Hashable, tuple[str, float]] = {}

    def noticed(self, counter: Hashable, life: str, value: float) -> bool:
        """Keep a reading, and say whether the counter started again since the one before.

        Args:
            counter: which counter.
            life: what changes when the thing that counts is restarted (a run id, a start time).
            value: what the counter shows; a fall is a restart too (Redis' CONFIG RESETSTAT).
        """
        before = self._last.get(counter)
        self._last[counter] = (life, value)
        return before is not None and (before[0] != life or value < before[1])
