"""What the search for the knee measured: rate by rate, what the target carried and whether it kept its objective."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class KneeLevel:
    """One rate that was held, or one number of users.

    `rate` is what was asked: arrivals a second, or, with `by_users`, users who each wait for their answers. `carried`
    is what was answered as expected a second. `concurrency` is the mean number of arrivals in the target, by Little's
    law from answers and response times. Percentiles are response times from when arrivals were due, absent where
    nothing was answered. `broken` says which limits of the objective were not kept, and is empty where all were;
    `saturated` names the resource that was full first, if any.
    """

    rate: float
    carried: float
    concurrency: float
    p50_seconds: float | None
    p95_seconds: float | None
    p99_seconds: float | None
    failed_share: float
    broken: tuple[str, ...]
    too_weak: tuple[str, ...] = ()
    saturated: str = ""
    is_repeat: bool = False
    by_users: bool = False

    @property
    def kept(self) -> bool:
        """Whether the objective was kept."""
        return not self.broken
