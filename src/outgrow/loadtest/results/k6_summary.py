"""The summary of k6 (`--summary-export=FILE`, or what `handleSummary` is given, as JSON)."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from outgrow.errors import UsageError
from outgrow.facts.loads import Latency, LoadFacts
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
    trend = metrics.get("http_req_duration", {})
    missing = [figure for figure in _WANTED if figure not in trend]
    if missing:
        raise UsageError(f"{name}: http_req_duration has no {', '.join(missing)}; {_REMEDY}")
    count, rate = int(metrics["http_reqs"]["count"]), float(metrics["http_reqs"]["rate"])
    # k6 counts the rate of failures: "passes" are the requests for which "failed" was true.
    failures = metrics.get("http_req_failed", {})
    failed = int(failures.get("passes", round(float(failures.get("value", failures.get("rate", 0))) * count)))
    dropped = int(metrics.get("dropped_iterations", {}).get("count", 0))
    latency = Latency(count, *(float(trend[figure]) / 1000 for figure in _WANTED))
    whole = step_of(scenario, count - failed, failed, latency, dropped=dropped)
    seconds = count / rate if rate else 0.0
    # The summary does not say when the run was; what is unknown is the start of the epoch, not today.
    started_at = datetime.fromtimestamp(0, UTC)
    return facts_of_summary("k6", scenario, "", started_at, seconds, whole, (whole,))


def _flat(metric: Any) -> dict[str, Any]:
    """Give the figures of a metric: handleSummary puts them under `values`, --summary-export does not."""
    return {**metric, **metric.get("values", {})}
