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
TOKENS: Final = parse_unit("tokens")


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric: its kind, the unit of a bare figure, and by which of `SYSTEM_TAGS` it can be told apart.

    One that is told apart by `step` is told apart by the tags of steps too. `trend` names what was measured of answers
    beside their times, where the metric is that, and `scale` makes its values of it.
    """

    kind: MetricKind
    unit: Unit
    tags: tuple[str, ...] = ()
    title: str = ""
    trend: str = ""
    scale: float = 1.0

    def unit_of(self, method: str) -> Unit:
        """Give the unit in which a method's figure is, where it names none."""
        if self.kind is MetricKind.COUNTER and method in {"rate", "peak"}:
            return PER_SECOND if self.unit == ONE else parse_unit(f"{self.unit.name}/s")
        return self.unit


SYSTEM_TAGS: Final = ("step", "name", "status", "expected_response", "check", "flow", "scenario")
"""Tags that nobody needs to write; `name` is the step's, as `step` is. Every other one is a step's own."""
_STEP: Final = ("step", "name")
_KIND: Final = (*_STEP, "status", "expected_response")


def _measured(unit: Unit, title: str, trend: str, kind: MetricKind = MetricKind.TREND, scale: float = 1.0) -> Metric:
    """Give a metric of what is measured of answers beside their times."""
    return Metric(kind, unit, _STEP, title, trend, scale)


METRICS: Final[Mapping[str, Metric]] = {
    "http_req_duration": Metric(MetricKind.TREND, MILLISECONDS, _KIND, "response time, from when it was due"),
    "http_req_blocked": Metric(MetricKind.TREND, MILLISECONDS, _STEP, "waiting for a connection"),
    "service_time": Metric(MetricKind.TREND, MILLISECONDS, _STEP, "from when it was sent to the end of the answer"),
    "http_req_failed": Metric(MetricKind.RATE, RATIO, _KIND, "share that failed"),
    "http_reqs": Metric(MetricKind.COUNTER, ONE, _KIND, "requests that ended"),
    "iterations": Metric(MetricKind.COUNTER, ONE, ("flow",), "arrivals that ended"),
    "iteration_duration": Metric(MetricKind.TREND, MILLISECONDS, ("flow",), "an arrival's whole way, if it was done"),
    "dropped_iterations": Metric(MetricKind.COUNTER, ONE, (), "arrivals dropped"),
    "checks": Metric(MetricKind.RATE, RATIO, (*_STEP, "check"), "checks that passed"),
    "data_sent": Metric(MetricKind.COUNTER, BYTES, _STEP, "bytes sent"),
    "data_received": Metric(MetricKind.COUNTER, BYTES, _STEP, "bytes received"),
    "vus": Metric(MetricKind.GAUGE, ONE, (), "arrivals under way"),
    "availability": Metric(MetricKind.RATE, RATIO, _KIND, "share answered as expected"),
    "concurrent_users": Metric(MetricKind.GAUGE, USERS, (), "sessions that took part"),
    "time_to_first_token": _measured(MILLISECONDS, "from when it was due to the first piece", "first_token_seconds"),
    "time_between_tokens": _measured(MILLISECONDS, "from one piece to the next", "between_tokens_seconds"),
    "tokens_per_second": _measured(parse_unit("tokens/s"), "of one answer", "tokens_per_second"),
    "tokens_per_request": _measured(TOKENS, "of one answer", "tokens"),
    "cost_per_request": _measured(ONE, "in the prices' money", "cost_per_1000_requests", scale=1e-3),
    "tokens": _measured(TOKENS, "of all answers", "tokens", MetricKind.COUNTER),
    "cost": _measured(ONE, "of all answers", "cost_per_1000_requests", MetricKind.COUNTER, 1e-3),
    "ws_connecting": _measured(MILLISECONDS, "the handshake of a WebSocket", "connect_seconds"),
    "ws_reply": _measured(MILLISECONDS, "from a message to the expected one", "reply_seconds"),
    "ws_session_duration": _measured(MILLISECONDS, "a session over a WebSocket", "session_seconds"),
    "ws_msgs_sent": _measured(ONE, "messages sent", "messages_sent", MetricKind.COUNTER),
    "ws_msgs_received": _measured(ONE, "messages received", "messages_received", MetricKind.COUNTER),
    "time_to_first_message": _measured(MILLISECONDS, "of a gRPC stream, from when it was due", "first_message_seconds"),
    "time_between_messages": _measured(MILLISECONDS, "of a gRPC stream", "between_messages_seconds"),
}
"""Every metric that a run records: k6's by their names, and ours."""

ELSEWHERE: Final[Mapping[str, str]] = {
    **dict.fromkeys(
        ("http_req_sending", "http_req_receiving"), "use service_time, which holds it: from sent to the whole answer"
    ),
    "http_req_waiting": "use service_time, from sent to the whole answer; of a stream, time_to_first_token",
    **dict.fromkeys(
        ("http_req_connecting", "http_req_tls_handshaking"),
        "use http_req_blocked, the waiting for a connection, which holds it",
    ),
    "group_duration": 'use "iteration_duration{flow:NAME}", or tag the steps: "http_req_duration{group:NAME}"',
    "grpc_req_duration": 'use "http_req_duration{step:NAME}"; calls are counted as requests are',
    "ws_ping": "use ws_reply",
    "ws_sessions": 'use "http_reqs{step:NAME}"; a session is a request',
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
    "ttft": ShortName("time_to_first_token", "p", "<", percent=95.0),
    "dropped": ShortName("dropped_iterations", "count", "<="),
    "concurrent_users": ShortName("concurrent_users", "value", ">="),
}
"""Beside these, `p50`, `p95`, `p99.9` and every other percentile of the response time."""

RESOURCES: Final = ("cpu", "memory", "disk")
"""Short names of the target's resources; the plan's `targets` say which signal each one is."""
