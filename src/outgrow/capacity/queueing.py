"""Queues: how long requests wait for servers that are busy, and how many servers keep the wait short.

`servers` are whatever takes one request at a time: worker processes, threads, connections, GPU slots. Requests arrive
independently of one another (Poisson) at `arrival_rps`; each holds a server for `service_seconds` on average. The load
a = arrival_rps x service_seconds is the number of servers busy on average, in erlangs; utilisation is a / servers.

- M/M/1 and M/M/c: L. Kleinrock, Queueing Systems, volume 1, Wiley 1975, sections 3.2 and 3.5.
- Erlang B (no waiting room) and Erlang C (endless waiting room): A. K. Erlang 1917; the stable recursion
  1 / B(c) = 1 + c / a / B(c - 1) and C = B / (1 - u (1 - B)), R. B. Cooper, Introduction to Queueing Theory, 1981.
- Means by Little's law, L = lambda W.

Percentiles assume exponential service times, which real requests have roughly at best: take them as an estimate to plan
a load test by, not as its result. Once load reaches the servers, queues grow for ever: that is `Unstable`, a value.
"""

import math
from dataclasses import dataclass
from typing import Final

from outgrow.errors import UsageError

MOST_SERVERS: Final = 1_000_000
"""The recursion takes a step per server; beyond a million nobody waits for a queue but for the answer."""


def erlang_b(load: float, servers: int) -> float:
    """Give the share of requests that find every server busy where nobody waits (they are turned away).

    Args:
        load: in erlangs, at least 0; may exceed `servers`.
        servers: at least 0.

    Raises:
        UsageError: a negative or endless load, a negative number of servers, or more than `MOST_SERVERS`.
    """
    _require(load >= 0 and math.isfinite(load), f"a load of {load:g} erlangs: must be a number of at least 0")
    _require(0 <= servers <= MOST_SERVERS, f"{servers:,} servers: must be at least 0 and at most {MOST_SERVERS:,}")
    if load == 0:
        return 1.0 if servers == 0 else 0.0
    turned_away = 1.0
    for busy in range(1, servers + 1):
        turned_away = load * turned_away / (busy + load * turned_away)
    return turned_away


def erlang_c(load: float, servers: int) -> float:
    """Give the share of requests that have to wait; 1 where load reaches the servers.

    Raises:
        UsageError: a negative or endless load, or less than one server.
    """
    _require(servers >= 1, f"{servers} servers: must be at least 1")
    turned_away = erlang_b(load, servers)
    if load >= servers:
        return 1.0
    return turned_away / (1 - load / servers * (1 - turned_away))


@dataclass(frozen=True, slots=True)
class Traffic:
    """Requests that arrive, the mean time each holds a server, and the servers (M/M/c; M/M/1 with one)."""

    arrival_rps: float
    service_seconds: float
    servers: int = 1

    def __post_init__(self) -> None:
        """Refuse what no system can have.

        Raises:
            UsageError: a negative rate, a service time that is not above 0, less than one server.
        """
        rate, seconds = self.arrival_rps, self.service_seconds
        _require(rate >= 0 and math.isfinite(rate), f"{rate:g} arrivals a second: must be a number of at least 0")
        _require(seconds > 0 and math.isfinite(seconds), f"a service time of {seconds:g} s: must be a number above 0")
        _require(self.servers >= 1, f"{self.servers} servers: must be at least 1")

    @property
    def load(self) -> float:
        """Servers that are busy on average, in erlangs, if there are enough."""
        return self.arrival_rps * self.service_seconds

    @property
    def utilisation(self) -> float:
        """The part of the servers that is busy, 0-1; at 1 and above queues grow without end."""
        return self.load / self.servers


@dataclass(frozen=True, slots=True)
class Unstable:
    """More arrives than can be served: there is no mean and no percentile, the queue grows as long as this lasts."""

    traffic: Traffic
    least_servers: int

    @property
    def growth_rps(self) -> float:
        """By how many requests the queue grows each second; 0 at a utilisation of just 1."""
        return (self.traffic.load - self.traffic.servers) / self.traffic.service_seconds


@dataclass(frozen=True, slots=True)
class Steady:
    """A queue in balance: what a request meets on average, and at a percentile."""

    traffic: Traffic
    wait_probability: float

    @property
    def spare_rps(self) -> float:
        """What the servers could serve beyond what arrives; the queue drains at this rate."""
        # Not a difference of rates: rounding could make that nothing just below a utilisation of 1.
        return (self.traffic.servers - self.traffic.load) / self.traffic.service_seconds

    @property
    def mean_wait_seconds(self) -> float:
        """How long a request waits for a server, those included that do not wait."""
        return self.wait_probability / self.spare_rps

    @property
    def mean_response_seconds(self) -> float:
        """Wait and service together."""
        return self.mean_wait_seconds + self.traffic.service_seconds

    @property
    def mean_waiting(self) -> float:
        """Requests in the queue (Little's law)."""
        return self.traffic.arrival_rps * self.mean_wait_seconds

    @property
    def mean_present(self) -> float:
        """Requests waiting or in service (Little's law)."""
        return self.traffic.arrival_rps * self.mean_response_seconds

    def wait_beyond(self, seconds: float) -> float:
        """Give the share of requests that wait longer than this, served in order of arrival."""
        return self.wait_probability * math.exp(-self.spare_rps * max(seconds, 0.0))

    def response_beyond(self, seconds: float) -> float:
        """Give the share of requests that take longer than this, wait and service together.

        A request that waits takes the sum of two exponential times of the rates 1 / service and `spare_rps`.
        """
        at = max(seconds, 0.0)
        serving, draining = 1 / self.traffic.service_seconds, self.spare_rps
        alone = math.exp(-serving * at)
        # (e^-at - e^-bt) / (b - a), written so that equal rates are no division by zero and nothing overflows.
        apart = abs(draining - serving) * at
        shared = math.exp(-min(serving, draining) * at) * at * (-math.expm1(-apart) / apart if apart > 0 else 1.0)
        return min(alone + self.wait_probability * serving * shared, 1.0)

    def wait_percentile_seconds(self, percentile: float) -> float:
        """Give the wait that this percentage of requests does not exceed; 0 where so many do not wait at all."""
        beyond = _beyond(percentile)
        return max(math.log(self.wait_probability / beyond), 0.0) / self.spare_rps if self.wait_probability else 0.0

    def response_percentile_seconds(self, percentile: float) -> float:
        """Give the response time that this percentage of requests does not exceed (percentile 95: the p95)."""
        beyond = _beyond(percentile)
        low, high = 0.0, self.traffic.service_seconds
        while self.response_beyond(high) > beyond:
            low, high = high, 2 * high
        while (middle := (low + high) / 2) not in {low, high}:
            low, high = (middle, high) if self.response_beyond(middle) > beyond else (low, middle)
        return high


def queue(traffic: Traffic) -> Steady | Unstable:
    """Say how a queue stands that such traffic has come to for long."""
    if traffic.load >= traffic.servers:
        return Unstable(traffic, math.floor(traffic.load) + 1)
    return Steady(traffic, erlang_c(traffic.load, traffic.servers))


def _beyond(percentile: float) -> float:
    _require(0 <= percentile < 100, f"percentile {percentile:g}: must be at least 0 and below 100, such as 95")  # noqa: PLR2004 (per cent)
    return 1 - percentile / 100


def _require(holds: bool, otherwise: str) -> None:  # noqa: FBT001 (a check reads best as a condition)
    if not holds:
        raise UsageError(otherwise)
