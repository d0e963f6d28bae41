"""The files of `locust --csv PREFIX`: `_stats.csv` with what each request met, `_stats_history.csv` with the times.

Locust rounds response times above 100 ms to two figures before it counts them, and has no intended start: where its
users wait for answers, a stall is seen by as many requests as there are users and no more.
"""

import csv
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from outgrow.errors import UsageError
from outgrow.facts.loads import Latency, LoadFacts, StepLoad
from outgrow.loadtest.results._csv import lines_of
from outgrow.loadtest.results.summaries import facts_of_summary, step_of

_COUNTS: Final = ("Request Count", "Failure Count", "Average Response Time", "Min Response Time", "Max Response Time")
_QUANTILES: Final = ("50%", "90%", "95%", "99%")
_TOTAL: Final = "Aggregated"


def read(texts: Mapping[str, str], scenario: str) -> LoadFacts | None:
    """Give the facts of a run from its two files; none where they are something else.

    Raises:
        UsageError: one of the two is missing, or a figure is.
    """
    tables = {name: list(csv.DictReader(lines_of(text))) for name, text in texts.items()}
    stats = [(name, rows) for name, rows in tables.items() if rows and "Request Count" in rows[0]]
    history = [rows for rows in tables.values() if rows and "User Count" in rows[0]]
    if not stats and not history:
        return None
    if len(stats) != 1 or len(history) != 1:
        raise UsageError(
            f"{', '.join(texts)}: give both files of one run, PREFIX_stats.csv and PREFIX_stats_history.csv"
        )
    name, rows = stats[0]
    try:
        twice = {name for name, count in Counter(row["Name"] for row in rows).items() if count > 1}
        names = [f"{row['Type']} {row['Name']}" if row["Name"] in twice else row["Name"] for row in rows]
        steps = {name: _step(name, row) for name, row in zip(names, rows, strict=True)}
        moments = sorted(float(row["Timestamp"]) for row in history[0])
        whole = steps.pop(_TOTAL)
    except (KeyError, ValueError) as error:
        raise UsageError(f"{name}: is no PREFIX_stats.csv of locust --csv: {error}") from error
    started_at = datetime.fromtimestamp(moments[0], UTC)
    seconds = max(moments[-1] - moments[0], 1.0)
    named = replace(whole, name=scenario)
    return facts_of_summary("locust", scenario, "", started_at, seconds, named, tuple(steps.values()))


def _step(name: str, row: Mapping[str, str]) -> StepLoad:
    count, failed = int(row[_COUNTS[0]]), int(row[_COUNTS[1]])
    mean, least, greatest = (float(row[each]) / 1000 for each in _COUNTS[2:])
    if not count:
        return step_of(name, 0, 0, None)
    p50, p90, p95, p99 = (float(row[each]) / 1000 for each in _QUANTILES)
    return step_of(name, count - failed, failed, Latency(count, mean, least, p50, p90, p95, p99, greatest))
