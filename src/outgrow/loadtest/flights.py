"""What is under way: arrivals on their way through a flow, and the requests that they have sent."""

from collections.abc import Iterator
from typing import Protocol

from outgrow.facts.loads import Outcome
from outgrow.loadtest.answers import Answer
from outgrow.loadtest.flows import ReadyFlow, ReadyStep
from outgrow.loadtest.sessions import Session


class Carrier(Protocol):
    """What carries a request."""

    def abandon(self) -> None:
        """Break off; the request is left to who called."""
        ...


class Meter(Protocol):
    """What is measured of one request beside its response time."""

    @property
    def is_enough(self) -> bool:
        """Whether no more need come."""
        ...

    @property
    def is_whole(self) -> bool:
        """Whether all came that was to come."""
        ...

    def trends(self) -> Iterator[tuple[str, float]]:
        """Give each figure by a name that says its unit; a name may come often."""
        ...


class Led(Protocol):
    """Code that leads an arrival."""

    def tell(self, outcome: Outcome, answer: Answer | None) -> None:
        """Let it go on: the step that it waits for has ended, or its pause."""
        ...


class Visit:
    """An arrival on its way through a flow, in a session.

    `pause_seconds` is how long its user thinks afterwards; `travel` is the code that leads it, if any does.
    """

    __slots__ = ("due", "flow", "number", "pause_seconds", "position", "session", "travel", "user", "values")

    def __init__(self, number: int, flow: ReadyFlow, due: float, user: int, session: Session) -> None:
        """Begin before the first step."""
        self.number = number
        self.flow = flow
        self.due = due
        self.user = user
        self.session = session
        self.position = 0
        self.pause_seconds = 0.0
        self.travel: Led | None = None
        self.values = {**session.values, "arrival": number}


class Flight:
    """A request that was released and has not ended; moments are those of `perf_counter`.

    `visit` is the arrival that it belongs to, none where the arrival is this one request. `meter` measures more than
    the response time, where the step asks for that. `retried` counts how often it was sent again.
    """

    __slots__ = (
        "connection",
        "content",
        "due",
        "ended",
        "flow",
        "hops",
        "meter",
        "received",
        "released",
        "retried",
        "sent",
        "step",
        "visit",
    )

    def __init__(
        self, content: bytes, flow: ReadyFlow, step: ReadyStep, due: float, released: float, visit: Visit | None
    ) -> None:
        """Begin without a connection."""
        self.content = content
        self.flow = flow
        self.step = step
        self.due = due
        self.released = released
        self.visit = visit
        self.sent = 0.0
        self.received = 0
        self.connection: Carrier | None = None
        self.meter: Meter | None = None
        self.ended = False
        self.retried = 0
        self.hops = 0
