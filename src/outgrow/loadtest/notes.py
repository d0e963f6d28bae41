"""What a run says once, however often it happens."""

from collections.abc import Iterator
from typing import Final

from outgrow.errors import one_line

_MOST: Final = 20
_LONGEST: Final = 500


class Notes:
    """Sentences, each once, in the order in which they were first said.

    They repeat what servers say, so there are only so many of them, of one line and a bounded length.
    """

    __slots__ = ("_said",)

    def __init__(self) -> None:
        """Begin with nothing to say."""
        self._said: dict[str, None] = {}

    def say(self, note: str) -> None:
        """Say something, unless it was said, or too much was."""
        if len(self._said) < _MOST:
            self._said[one_line(note[:_LONGEST])] = None

    def __iter__(self) -> Iterator[str]:
        return iter(self._said)
