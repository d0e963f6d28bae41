"""The replicas of a rehearsed service: ordered, and some time later ready."""

from collections import deque


class Fleet:
    """Replicas by the step at which they become ready.

    Those that leave are the ones that have not started yet, the youngest first, as a ReplicaSet does it.
    """

    def __init__(self, ready: int, start_up_steps: int) -> None:
        self.ready = ready
        self.ordered = ready
        self._start_up = start_up_steps
        self._starting: deque[tuple[int, int]] = deque()

    def reach(self, step: int) -> None:
        """Let time pass up to a step."""
        while self._starting and self._starting[0][0] <= step:
            self.ready += self._starting.popleft()[1]

    def order(self, replicas: int, step: int) -> None:
        """Order so many replicas at a step."""
        change, self.ordered = replicas - self.ordered, replicas
        if change > 0:
            self._starting.append((step + self._start_up, change))
            self.reach(step)
        while change < 0:
            if not self._starting:
                self.ready += change
                return
            when, starting = self._starting.pop()
            if starting + change > 0:
                self._starting.append((when, starting + change))
                return
            change += starting
