"""The six grades of a verdict, in rising order."""

from enum import IntEnum


class Grade(IntEnum):
    """How far an architecture has been outgrown. `unknown` is not a grade but the lack of one."""

    CLEAR = 0
    MONITOR = 1
    RECOMMENDED = 2
    REQUIRED = 3
    URGENT = 4
    EMERGENCY = 5

    @property
    def word(self) -> str:
        """The name used in plans."""
        return self.name.lower()


def grade_of(word: str) -> Grade:
    """Read a grade by its name.

    Raises:
        KeyError: no grade of that name.
    """
    return Grade[word.upper()]
