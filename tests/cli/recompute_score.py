"""Work a score out of a `--timeline` file alone, as anyone could: nothing of outgrow is imported here.

    python recompute_score.py steps.csv[.gz|.parquet] WARM_UP_SECONDS

Prints U, tU, C, actions a day and replica hours as JSON. Formulas: docs/explanation/autoscaling-scores.md.
"""

import csv
import gzip
import json
import sys
from datetime import datetime


def steps_of(path):
    """Give the rows as dictionaries of texts or values."""
    if path.endswith(".parquet"):
        from pyarrow import parquet

        return parquet.read_table(path).to_pylist()
    with gzip.open(path, "rt") if path.endswith(".gz") else open(path) as file:  # noqa: PTH123 (plain Python)
        return list(csv.DictReader(file))


def main():
    """Read, add up, print."""
    rows = steps_of(sys.argv[1])
    times = [datetime.fromisoformat(str(row["time"])) for row in rows]
    step = (times[1] - times[0]).total_seconds()
    needed = missing = ready = short = actions = count = 0
    for index, row in enumerate(rows):
        if (times[index] - times[0]).total_seconds() < float(sys.argv[2]):
            continue
        d, s = int(row["needed"]), int(row["ready"])
        count += 1
        needed += d
        ready += s
        missing += max(0, d - s)
        short += s < d
        actions += index > 0 and int(row["ordered"]) != int(rows[index - 1]["ordered"])
    found = {
        "unserved": missing / needed,
        "time_under": short / count,
        "cost_ratio": ready / needed,
        "actions_a_day": actions * 86400 / (count * step),
        "replica_hours": ready * step / 3600,
    }
    print(json.dumps(found))


main()
