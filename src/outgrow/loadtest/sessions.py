"""Sessions: what each user of a scenario keeps from one arrival to the next."""

from collections.abc import Mapping

from outgrow.loadtest.cookies import Jar
from outgrow.loadtest.templates import Value


class Session:
    """One user's cookies and captured values."""

    __slots__ = ("jar", "values")

    def __init__(self, values: Mapping[str, Value]) -> None:
        """Begin with what every session has."""
        self.jar = Jar()
        self.values: dict[str, Value] = dict(values)


class Sessions:
    """The sessions of a run, made when they are first needed."""

    def __init__(self, shared: Mapping[str, Value] | None = None) -> None:
        """Give every session the shared values."""
        self._shared = shared or {}
        self._sessions: dict[int, Session] = {}

    def of(self, user: int) -> Session:
        """Give a user's session."""
        found = self._sessions.get(user)
        if found is None:
            found = self._sessions[user] = Session({**self._shared, "user": user})
        return found
