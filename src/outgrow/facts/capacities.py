"""What one instance of a service was measured to carry: the number that autoscaling, cost and demand divide by."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime

from outgrow.facts.decisions import Event, EventKind


@dataclass(frozen=True, slots=True)
class Capacity:
    """A capacity as the knee of a load test gave it.

    `rate` is the highest rate in arrivals a second at which `instances` instances kept the objective, `broken` the
    lowest at which they did not (none where no such rate was met). `subject` is the service, or the scenario where no
    service was named; `confirmed` says whether the rate was kept twice, `at_least` that they may carry more: the search
    ended before it met the knee.
    """

    subject: str
    at: datetime
    rate: float
    broken: float | None
    instances: int
    scenario: str
    objective: str
    confirmed: bool
    at_least: bool = False

    @property
    def per_instance(self) -> float:
        """What one instance carries, in arrivals a second."""
        return self.rate / self.instances


def capacity_event(capacity: Capacity, recorded_at: datetime) -> Event:
    """Give the event that keeps a capacity."""
    detail = asdict(capacity)
    del detail["at"], detail["subject"]
    rate = f"{capacity.per_instance:,.4g} arrivals/s per instance"
    detail["text"] = f"{'at least ' if capacity.at_least else ''}{rate}, {capacity.objective}"
    return Event(EventKind.CAPACITY, capacity.at, capacity.at, recorded_at, capacity.subject, detail)


def capacities_in(events: Iterable[Event]) -> tuple[Capacity, ...]:
    """Give the capacities that events hold, oldest first; an event that is none is passed over."""
    found = [
        Capacity(
            event.subject,
            event.start,
            float(event.detail["rate"]),
            None if event.detail["broken"] is None else float(event.detail["broken"]),
            int(event.detail["instances"]),
            str(event.detail["scenario"]),
            str(event.detail["objective"]),
            bool(event.detail["confirmed"]),
            # An earlier outgrow did not say it; a rate kept once was not what its search ended with.
            bool(event.detail.get("at_least", not event.detail["confirmed"])),
        )
        for event in events
        if event.kind is EventKind.CAPACITY
    ]
    return tuple(sorted(found, key=lambda each: each.at))


def newest_capacity(events: Iterable[Event], subject: str) -> Capacity | None:
    """Give the capacity of a service (or scenario) that was measured last; none where nothing was.

    One that is only known to be at least so much counts where none was measured: it replaces no measured one.
    """
    of_it = [each for each in capacities_in(events) if each.subject == subject]
    return max(of_it, key=lambda each: (not each.at_least, each.at), default=None)
