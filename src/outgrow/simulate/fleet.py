"""The replicas of a rehearsed service: ordered, and some time later ready."""

import sys
from collections import deque
from typing import Final

_NEVER: Final = sys.maxsize


class Fleet:
    """Replicas by the step at which they become ready.

    Those that leave are the ones that have not started yet, the youngest first, as a ReplicaSet does it.
    """

    def __init__(self, ready: int, start_up_steps: int) -> None:
        self.ready = ready
        self.ordered = ready
        self.next_ready = _NEVER
        """The step at which the next of those that are starting will be ready."""
        self._start_up = start_up_steps
        self._starting: deque[tuple[int, int]] = deque()

    def reach(self, step: int) -> None:
        """Let time pass up to a step."""
        while self._starting and self._starting[0][0] <= step:
            self.ready += self._starting.popleft()[1]
        self.next_ready = self._starting[0][0] if self._starting else _NEVER

    def order(self, replicas: int, step: int) -> None:
        """Order so many replicas at a step."""
        change, self.ordered = replicas - self.ordered, replicas
        if change > 0:
            self._starting.append((step + self._start_up, change))
        else:
            self._take_away(-change)
        self.reach(step)

    def _take_away(self, leaving: int) -> None:
        while leaving and self._starting:
            when, starting = self._starting.pop()
            if starting > leaving:
                self._starting.append((when, starting - leaving))
            leaving -= min(starting, leaving)
        self.ready -= leaving
