"""The steps of a rehearsal as a file: everything that the score was worked out from, so that anyone can repeat it."""

import csv
import gzip
import io
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from outgrow.errors import UsageError

if TYPE_CHECKING:
    from outgrow.simulate.rehearsal import Rehearsal

COLUMNS: Final = (
    "time",
    "demand_rps",
    "needed",
    "ordered",
    "ready",
    "unserved",
    "backlog_requests",
    "p95_seconds",
    "rule",
    "scored",
)


def write_timeline(path: Path, found: "Rehearsal") -> None:
    """Write one row a step of the policy; the ending says whether as CSV, packed CSV or Parquet.

    Raises:
        UsageError: the file cannot be written, or pyarrow is missing.
    """
    try:
        if path.name.endswith(".parquet"):
            _write_parquet(path, found)
        elif path.name.endswith(".gz"):
            # Without a name and a time in it, so that the same rehearsal gives the same bytes.
            with path.open("wb") as file, gzip.GzipFile("", "wb", fileobj=file, mtime=0) as packed:
                packed.write(_csv(found).encode())
        else:
            path.write_text(_csv(found), encoding="utf-8", newline="")
    except OSError as error:
        raise UsageError(f"{path}: cannot be written: {error.strerror or error}; choose another file") from error


def timeline_rows(found: "Rehearsal") -> Iterator[tuple[Any, ...]]:
    """Give one row a step; `unserved` is in replicas, `rule` what had the last word, empty where it was not kept."""
    from outgrow.simulate.latency import latency_by_step

    timeline, setting = found.policy.timeline, found.setting
    objective = setting.terms.objective_seconds
    latency = latency_by_step(timeline, found.totals, setting.service, objective) if objective else None
    skipped = -(-setting.terms.warm_up_seconds // timeline.step_seconds)
    for step, (total, needed, ready, ordered) in enumerate(
        zip(found.totals, timeline.needed, timeline.ready, timeline.ordered, strict=True)
    ):
        yield (
            setting.trace.moment(step * timeline.step_seconds).isoformat(),
            total / 1000,
            needed,
            ordered,
            ready,
            max(0, needed - ready),
            None if latency is None else round(float(latency.backlog[step]), 3),
            None if latency is None else round(float(latency.p95_seconds[step]), 6),
            timeline.decisions[step].rule.value if timeline.decisions else "",
            step >= skipped,
        )


def _csv(found: "Rehearsal") -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(timeline_rows(found))
    return text.getvalue()


def _write_parquet(path: Path, found: "Rehearsal") -> None:
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError as error:
        raise UsageError("writing Parquet needs pyarrow; pip install 'outgrow[parquet]', or write .csv.gz") from error
    columns = list(zip(*timeline_rows(found), strict=True))
    parquet.write_table(pa.table(dict(zip(COLUMNS, map(list, columns), strict=True))), path)
