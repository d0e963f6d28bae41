"""What a second of a run says of one metric: which steps a threshold's tags choose, and what those met."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from outgrow.decide.gates import Gate
from outgrow.facts.buckets import NOTHING, Buckets, together
from outgrow.facts.loads import FAILURES, FlowSecond, LoadSecond, Outcome, StepSecond
from outgrow.plan.load_metrics import METRICS, SYSTEM_TAGS, MetricKind

StepTags = Mapping[str, Mapping[str, str]]
"""The tags of each step, by its name."""
Tags = Sequence[tuple[str, str]]
_BYTES: Final[Mapping[str, str]] = {"data_sent": "bytes_sent", "data_received": "bytes_received"}
STEP_TAGS: Final = ("step", "name")


@dataclass(frozen=True, slots=True)
class Part:
    """One second of one metric: `start` and `end` in seconds of the run; times, or `hits` of `of`, or a last value.

    `is_asked` says that something was due or under way in it, so that silence says something; `seconds_joined` how many
    seconds of a long run these are together.
    """

    start: float
    end: float
    times: Buckets
    hits: float
    of: float
    is_asked: bool
    seconds_joined: int = 1

    @property
    def middle(self) -> float:
        """The middle of it, by which it lies in a window or not: seconds are never quite a second long."""
        return (self.start + self.end) / 2


def is_chosen(step: str, own: Mapping[str, str], tags: Tags) -> bool:
    """Say whether a threshold's tags choose a step: by its name, and by the tags that the plan gives it.

    Another generator's step may have its own name as a tag, where its requests had different tags.
    """
    name = own.get("name", step)
    return all(name == value for tag, value in tags if tag in STEP_TAGS) and all(
        own.get(tag) == value for tag, value in tags if tag not in SYSTEM_TAGS
    )


def part_of(gate: Gate, start: float, second: LoadSecond, steps: StepTags, *, was_in_flight: bool) -> Part:
    """Pick a gate's metric out of a second of a run.

    Args:
        gate: on a metric.
        start: where the second begins.
        second: what happened in it.
        steps: the tags of every step.
        was_in_flight: whether arrivals were under way when it began.
    """
    is_asked = was_in_flight or second.due > 0 or second.in_flight > 0
    times, hits, of = NOTHING, 0.0, 0.0
    match gate.of:
        case "iterations" | "iteration_duration":
            times, hits = _arrivals(second, gate.tags)
        case "dropped_iterations":
            hits = second.dropped
        case "vus":
            hits, of = second.vus or second.in_flight, 1
        case _:
            chosen = [step for name, step in second.steps.items() if is_chosen(name, steps.get(name, {}), gate.tags)]
            times, hits, of = _of_steps(gate, chosen)
    return Part(start, second.at_seconds, times, hits, of, is_asked, second.seconds_joined)


def _arrivals(second: LoadSecond, tags: Tags) -> tuple[Buckets, float]:
    """Give how long arrivals that were done took, and how many ended; requests are the arrivals of plain steps."""
    wanted = {value for tag, value in tags if tag == "flow"}
    flows: Mapping[str, FlowSecond] = second.flows or {
        name: FlowSecond(step.outcomes, together(times for _, expected, times in step.answers if expected))
        for name, step in second.steps.items()
    }
    chosen = [flow for name, flow in flows.items() if not wanted or name in wanted]
    ended = sum(flow.outcomes.get(Outcome.DONE, 0) + _failed(flow) for flow in chosen)
    return together(flow.duration for flow in chosen), ended


def _of_steps(gate: Gate, chosen: Sequence[StepSecond]) -> tuple[Buckets, float, float]:
    """Give the times of a metric, or how many of how many."""
    metric = METRICS[gate.of]
    if metric.kind is MetricKind.TREND:
        return together(_times(gate, step) for step in chosen), 0.0, 0.0
    if metric.trend:
        return NOTHING, sum(_trend(gate, step).total_seconds for step in chosen) * metric.scale, 0.0
    if gate.of in _BYTES:
        return NOTHING, sum(getattr(step, _BYTES[gate.of]) for step in chosen), 0.0
    if gate.of == "checks":
        passed, failed = _checks(chosen, gate.tags)
        return NOTHING, passed, passed + failed
    requests = [_requests(step, gate.tags) for step in chosen]
    done, failed = (sum(each[side] for each in requests) for side in (0, 1))
    hits = {"http_reqs": done + failed, "http_req_failed": failed, "availability": done}[gate.of]
    return NOTHING, hits, done + failed


def _times(gate: Gate, step: StepSecond) -> Buckets:
    match gate.of:
        case "http_req_duration":
            return _answered(step, gate.tags)
        case "http_req_blocked":
            return step.waiting
        case "service_time":
            return step.service
        case _:
            return _trend(gate, step)


def _trend(gate: Gate, step: StepSecond) -> Buckets:
    return step.trends.get(METRICS[gate.of].trend, NOTHING)


def _answered(step: StepSecond, tags: Tags) -> Buckets:
    """Give a step's response times of the kind that tags name."""
    if not any(tag in {"status", "expected_response"} for tag, _ in tags):
        return step.response
    return together(times for status, expected, times in step.answers if _is_kind(status, tags, expected=expected))


def _is_kind(status: int, tags: Tags, *, expected: bool) -> bool:
    return all(
        str(status) == value if tag == "status" else ("true" if expected else "false") == value
        for tag, value in tags
        if tag in {"status", "expected_response"}
    )


def _requests(step: StepSecond, tags: Tags) -> tuple[int, int]:
    """Give how many of a step's requests of the kind that tags name were done, and how many failed."""
    done, failed = step.outcomes.get(Outcome.DONE, 0), _failed(step)
    if any(tag == "status" for tag, _ in tags):
        kinds = [
            (times.count, expected)
            for status, expected, times in step.answers
            if _is_kind(status, tags, expected=expected)
        ]
        return sum(count for count, is_done in kinds if is_done), sum(count for count, is_done in kinds if not is_done)
    wanted = dict(tags).get("expected_response")
    return 0 if wanted == "false" else done, 0 if wanted == "true" else failed


def _checks(steps: Sequence[StepSecond], tags: Tags) -> tuple[int, int]:
    wanted = {value for tag, value in tags if tag == "check"}
    found = [counts for step in steps for name, counts in step.checks.items() if not wanted or name in wanted]
    return sum(each[0] for each in found), sum(each[1] for each in found)


def _failed(ended: StepSecond | FlowSecond) -> int:
    return sum(count for outcome, count in ended.outcomes.items() if outcome in FAILURES)
