"""The summary of k6 (`--summary-export=FILE`, or what `handleSummary` is given, as JSON)."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

from outgrow.errors import UsageError
from outgrow.facts.loads import FlowLoad, Latency, LoadFacts, Outcome
from outgrow.loadtest.results._json import object_in
from outgrow.loadtest.results.summaries import facts_of_summary, step_of

_WANTED: Final = ("avg", "min", "med", "p(90)", "p(95)", "p(99)", "max")
_REMEDY: Final = (
    "run k6 with --summary-trend-stats 'avg,min,med,max,p(90),p(95),p(99)', or give the file of --out json instead"
)


def read(texts: Mapping[str, str], scenario: str) -> LoadFacts | None:
    """Give the facts of a summary; none where the file is something else.

    Raises:
        UsageError: a figure is missing.
    """
    name, text = next(iter(texts.items()))
    found = object_in(text)
    if len(texts) != 1 or "http_reqs" not in (found.get("metrics") or {}):
        return None
    metrics = {key: _flat(value) for key, value in found["metrics"].items()}
    response = _latency(name, metrics, "http_req_duration", int(metrics["http_reqs"]["count"]))
    count, rate = response.count, float(metrics["http_reqs"]["rate"])
    # k6 counts the rate of failures: "passes" are the requests for which "failed" was true.
    failures = metrics.get("http_req_failed", {})
    if failures.keys().isdisjoint({"passes", "value", "rate"}):
        raise UsageError(
            f"{name}: does not say how many requests failed (http_req_failed), so nothing can be judged by it; let k6 "
            "count them (no http.setResponseCallback(null)), and keep the metric in handleSummary"
        )
    failed = int(failures.get("passes", round(float(failures.get("value", failures.get("rate", 0))) * count)))
    dropped = int(metrics.get("dropped_iterations", {}).get("count", 0))
    whole = replace(
        step_of(scenario, count - failed, failed, response, dropped=dropped),
        service=response,
        waiting=_latency(name, metrics, "http_req_blocked", count) if "http_req_blocked" in metrics else None,
        checks=dict(_checks(found.get("root_group") or {})),
        bytes_sent=int(metrics.get("data_sent", {}).get("count", 0)),
        bytes_received=int(metrics.get("data_received", {}).get("count", 0)),
    )
    seconds = count / rate if rate else 0.0
    # The summary does not say when the run was; what is unknown is the start of the epoch, not today.
    started_at = datetime.fromtimestamp(0, UTC)
    facts = facts_of_summary("k6", scenario, "", started_at, seconds, whole, (whole,))
    iterations = int(metrics.get("iterations", {}).get("count", 0))
    if not iterations:
        return facts
    ended = {Outcome.DONE: iterations, Outcome.DROPPED: dropped}
    outcomes = {outcome: each for outcome, each in ended.items() if each}
    return replace(facts, iterations=FlowLoad("", outcomes), flows=(FlowLoad(scenario, outcomes),))


def _latency(name: str, metrics: Mapping[str, Mapping[str, Any]], metric: str, count: int) -> Latency:
    trend = metrics.get(metric, {})
    missing = [figure for figure in _WANTED if figure not in trend]
    if missing:
        raise UsageError(f"{name}: {metric} has no {', '.join(missing)}; {_REMEDY}")
    return Latency(count, *(float(trend[figure]) / 1000 for figure in _WANTED))


def _checks(group: Mapping[str, Any]) -> Iterator[tuple[str, tuple[int, int]]]:
    """Give the checks of a group and of those in it; a title that stands in several groups is counted together.

    `--summary-export` has groups and checks by name, handleSummary as lists.
    """
    found = defaultdict[str, list[int]](lambda: [0, 0])
    groups = [group]
    while groups:
        each = groups.pop()
        groups += _listed(each.get("groups"))
        for check in _listed(each.get("checks")):
            counts = found[str(check["name"])]
            counts[0] += int(check["passes"])
            counts[1] += int(check["fails"])
    yield from ((title, (passed, failed)) for title, (passed, failed) in found.items())


def _listed(several: Any) -> list[Mapping[str, Any]]:
    return list(several.values() if isinstance(several, Mapping) else several or ())  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]


def _flat(metric: Any) -> dict[str, Any]:
    """Give the figures of a metric: handleSummary puts them under `values`, --summary-export does not."""
    return {**metric, **metric.get("values", {})}
