"""What a scaling loop says: happenings as they come, troubles once until they change or end."""

from dataclasses import dataclass, field
from datetime import datetime

from outgrow.ports import Clock


@dataclass(frozen=True, slots=True)
class LogLine:
    """Something that happened, for people; a warning wants to be looked at."""

    at: datetime
    text: str
    is_warning: bool = False


@dataclass(slots=True)
class ScaleLog:
    """Lines that nobody has been shown yet, and the troubles that last.

    A trouble is a failure unless it only wants to be looked at, as a maximum that is reached does.
    """

    clock: Clock
    _fresh: list[LogLine] = field(default_factory=list[LogLine], init=False)
    _troubles: dict[str, str] = field(default_factory=dict[str, str], init=False)
    _failures: set[str] = field(default_factory=set[str], init=False)

    @property
    def fails(self) -> bool:
        """Whether a failure lasts."""
        return bool(self._failures)

    def say(self, text: str, *, is_warning: bool = False) -> None:
        """Add a line."""
        self._fresh.append(LogLine(self.clock.now(), text, is_warning))

    def trouble(self, about: str, text: str, *, is_failure: bool = True) -> None:
        """Say what is wrong, once until its text changes or it is over."""
        if is_failure:
            self._failures.add(about)
        if self._troubles.get(about) != text:
            self._troubles[about] = text
            self.say(text, is_warning=True)

    def over(self, about: str, text: str = "") -> None:
        """Say that a trouble is over, if it was there."""
        self._failures.discard(about)
        if self._troubles.pop(about, None) and text:
            self.say(text)

    def lasts(self, about: str) -> bool:
        """Say whether a trouble was told and is not over."""
        return about in self._troubles

    def taken(self) -> tuple[LogLine, ...]:
        """Give the lines that are new, once."""
        fresh, self._fresh = tuple(self._fresh), []
        return fresh
