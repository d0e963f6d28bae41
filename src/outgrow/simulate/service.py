"""The service that a rehearsal runs: what a replica carries, how long it takes to start, how late it is measured."""

from dataclasses import dataclass

from outgrow.errors import UsageError


@dataclass(frozen=True, slots=True)
class ServiceModel:
    """A service in which work is spread evenly over the replicas that are ready.

    `capacity` is the requests a second that one replica carries without breaching its objective. A replica serves
    `start_up_seconds` after it was ordered and stops at once. The policy is asked every `step_seconds` and sees the
    rate of `metric_lag_seconds` ago, as it was scraped last (every `scrape_seconds`; 0 is every step); all of these are
    whole numbers of steps.
    """

    capacity: float
    start_up_seconds: int
    step_seconds: int = 15
    metric_lag_seconds: int = 15
    start_replicas: int | None = None
    """How many there are at first; without it what the first interval needs, within the policy's bounds."""
    scrape_seconds: int = 0
    price_per_hour: float | None = None
    """Money for a replica and hour, which a budget cap counts."""
    pool_room: int | None = None
    """The most replicas whose connections the database has room for, which a pool cap obeys."""
    timezone: str = "UTC"
    """The zone of schedules and of the month."""

    def __post_init__(self) -> None:
        """Refuse what no service can be.

        Raises:
            UsageError: a capacity or step that is not positive, or a time that is not a whole number of steps.
        """
        if not 0 < self.capacity < float("inf"):
            raise UsageError(f"a capacity of {self.capacity:g} requests/s; it must be above 0")
        if self.step_seconds < 1:
            raise UsageError(f"a step of {self.step_seconds} s; it must be at least 1 s")
        times = {
            "start-up": self.start_up_seconds,
            "metric lag": self.metric_lag_seconds,
            "scrape interval": self.scrape_seconds,
        }
        for name, seconds in times.items():
            if seconds < 0 or seconds % self.step_seconds:
                raise UsageError(f"a {name} of {seconds} s is not a whole number of steps of {self.step_seconds} s")
