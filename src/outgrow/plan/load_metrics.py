"""What thresholds of a load test can be set on: metrics by k6's names, and short names of our own for the usual ones.

Kinds and the aggregation methods that each allows are k6's (Grafana k6 documentation, Thresholds); `peak` is ours.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Literal

from outgrow.quantity import ONE, RATIO, Unit, parse_unit

Operator = Literal["<", "<=", ">", ">=", "==", "!="]


class MetricKind(StrEnum):
    """How a metric's values are summed up."""

    TREND = "trend"
    """Many values, of which percentiles, mean, least and greatest are asked."""
    RATE = "rate"
    """A share of yes among yes and no."""
    COUNTER = "counter"
    """A number that only grows, or that number a second."""
    GAUGE = "gauge"
    """The last value."""


METHODS: Final[Mapping[MetricKind, tuple[str, ...]]] = {
    MetricKind.TREND: ("avg", "min", "max", "med", "p(95)"),
    MetricKind.RATE: ("rate",),
    MetricKind.COUNTER: ("count", "rate", "peak"),
    MetricKind.GAUGE: ("value",),
}
"""What may be asked of each kind; `p(95)` stands for every percentile."""

MILLISECONDS: Final = parse_unit("ms")
PER_SECOND: Final = parse_unit("rps")
BYTES: Final = parse_unit("B")
USERS: Final = parse_unit("users")


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric: its kind, the unit of a bare figure, and by which tags it can be told apart."""

    kind: MetricKind
    unit: Unit
    tags: tuple[str, ...] = ()
    title: str = ""

    def unit_of(self, method: str) -> Unit:
        """Give the unit in which a method's figure is, where it names none."""
        if self.kind is MetricKind.COUNTER and method in {"rate", "peak"}:
            return PER_SECOND if self.unit == ONE else parse_unit("B per second")
        return self.unit


_STEP: Final = ("step", "name")
METRICS: Final[Mapping[str, Metric]] = {
    "http_req_duration": Metric(MetricKind.TREND, MILLISECONDS, _STEP, "response time, from when it was due"),
    "http_req_failed": Metric(MetricKind.RATE, RATIO, _STEP, "share that failed"),
    "http_reqs": Metric(MetricKind.COUNTER, ONE, (*_STEP, "status", "expected_response"), "requests that ended"),
    "iterations": Metric(MetricKind.COUNTER, ONE, (), "arrivals that ended"),
    "dropped_iterations": Metric(MetricKind.COUNTER, ONE, (), "arrivals dropped"),
    "checks": Metric(MetricKind.RATE, RATIO, (*_STEP, "check"), "checks that passed"),
    "data_sent": Metric(MetricKind.COUNTER, BYTES, _STEP, "bytes sent"),
    "data_received": Metric(MetricKind.COUNTER, BYTES, _STEP, "bytes received"),
    "vus": Metric(MetricKind.GAUGE, ONE, (), "arrivals under way"),
    "availability": Metric(MetricKind.RATE, RATIO, _STEP, "share answered as expected"),
    "concurrent_users": Metric(MetricKind.GAUGE, USERS, (), "sessions that took part"),
}
"""Every metric that a run records, and two of ours: `availability` and `concurrent_users`."""

ELSEWHERE: Final[Mapping[str, str]] = {
    **dict.fromkeys(
        ("http_req_sending", "http_req_receiving", "http_req_connecting", "http_req_tls_handshaking", "group_duration"),
        "use http_req_duration",
    ),
    "http_req_waiting": "use http_req_duration",
    "http_req_blocked": "the table of a run shows the waiting for a connection",
    "vus_max": "the scenario's users say it",
}
"""What k6 measures and a run here does not, and what to use in its place."""


@dataclass(frozen=True, slots=True)
class ShortName:
    """A name of our own for a metric with its method and operator, so that only a figure is left to write."""

    metric: str
    method: str
    operator: Operator
    tags: tuple[tuple[str, str], ...] = ()
    percent: float | None = None


SHORT_NAMES: Final[Mapping[str, ShortName]] = {
    "mean": ShortName("http_req_duration", "avg", "<"),
    "errors": ShortName("http_req_failed", "rate", "<"),
    "availability": ShortName("availability", "rate", ">="),
    "rps": ShortName("http_reqs", "peak", ">=", (("expected_response", "true"),)),
    "dropped": ShortName("dropped_iterations", "count", "<="),
    "concurrent_users": ShortName("concurrent_users", "value", ">="),
}
"""Beside these, `p50`, `p95`, `p99.9` and every other percentile of the response time."""

RESOURCES: Final = ("cpu", "memory", "disk")
"""Short names of the target's resources; the plan's `targets` say which signal each one is."""
