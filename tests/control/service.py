"""A small service on a real SQLite database, with a latency that rises when told to."""

import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from outgrow.plan import Plan
from outgrow.plan.file import parse_plan

NOW = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)

PLAN = """
outgrow: 1
name: small
timezone: Asia/Seoul
sources:
  db: {kind: sqlite, path: service.sqlite}
signals:
  latency:
    source: db
    unit: ms
    every: 1m
    window: 5m
    min_n: 1
    query: >
      SELECT avg(ms) AS value, count(*) AS n FROM turns
      WHERE at > datetime(:now, '-5 minutes') AND at <= :now
checkpoints:
  split:
    conditions:
      A: {signal: latency, above: 800 ms, for: 30m}
    verdicts:
      required: {all: [A], due: 7d}
"""


def make_service(folder: Path, latency_at: Callable[[datetime], float], days: float = 2) -> None:
    """Write one turn a minute over the days before NOW."""
    with sqlite3.connect(folder / "service.sqlite") as database:
        database.execute("CREATE TABLE turns (at TEXT, ms REAL)")
        moments = (NOW - timedelta(minutes=n) for n in range(int(days * 1440)))
        database.executemany(
            "INSERT INTO turns VALUES (?, ?)", ((f"{m:%Y-%m-%d %H:%M:%S}", latency_at(m)) for m in moments)
        )
        database.execute("CREATE INDEX turns_at ON turns (at, ms)")
    database.close()


def slow_for(span: timedelta) -> Callable[[datetime], float]:
    """Give a latency of 300 ms that jumped to 900 ms so long before NOW."""
    return lambda moment: 900.0 if moment > NOW - span else 300.0


def plan() -> Plan:
    """Give the plan of the service."""
    return parse_plan(PLAN, "plan.yaml").plan
