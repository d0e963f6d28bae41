"""A plan over recorded series, and what a check of it finds: every kind of verdict, forecast and absence at once."""

import csv
import math
import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from outgrow.api import check_plan
from outgrow.decide.gates import Gate, gates_of
from outgrow.decide.phase_proofs import policy_hash, verify_hash
from outgrow.facts.checks import CheckFacts
from outgrow.facts.decisions import Event, EventKind
from outgrow.facts.proofs import (
    Proof,
    ProofVerdict,
    Revision,
    ScenarioProof,
    TargetVersion,
    ThresholdResult,
    ThresholdVerdict,
)
from outgrow.plan import Plan
from outgrow.plan.roadmap import BASELINE, Verify
from outgrow.wiring import read_plan

AT = datetime(2025, 11, 21, 7, 10, tzinfo=UTC)
"""The moment judged: a Friday in the past, 16:10 in Seoul, ten minutes after the weekly review."""
HISTORY = timedelta(days=42)

PLAN = """\
outgrow: 1
name: korean-together
title: Korean Together
timezone: Asia/Seoul
sources:
  app: {kind: recorded, path: app.csv}
  regions: {kind: recorded, path: regions.csv}
  lost: {kind: recorded, path: lost.csv}
signals:
  latency: {title: p95 latency of an answer, source: app, unit: ms, every: 15m, read: {column: latency}, min_n: 0}
  ai-share: {title: AI share of a turn, source: app, unit: ratio, every: 15m, read: {column: ai_share}}
  sessions: {title: Open sessions, source: app, unit: sessions, every: 15m, read: {column: sessions}}
  memory: {title: Redis memory, source: app, unit: ratio, every: 15m, read: {column: memory}}
  cost: {title: AI cost of a day, source: app, unit: USD, every: 15m, read: {column: cost}}
  egress: {title: "Egress <b>of the store</b>", source: lost, unit: GB, every: 15m, read: {column: egress}}
  users: {title: Learners of a region, source: regions, unit: users, every: 6h, by: [region], read: {column: users}}
  free: {title: Free connections, source: app, unit: connections, every: 15m, read: {column: free}}
checkpoints:
  split-ai-service:
    title: Split out the AI service
    description: The AI service slows the API down as long as both live in one container.
    conditions:
      A: {signal: latency, above: 800 ms, for: 30m, clears_below: 700 ms, title: Answers are slow}
      B: {signal: ai-share, above: 60 %, title: The AI takes the time}
      C: {signal: cost, above: 30 USD, title: It costs too much}
      D: {signal: sessions, at_least: 120 sessions, title: Many learn at once}
    verdicts:
      monitor: {all: [D], review: 7d, text: "Watch one week, then evaluate again."}
      recommended: {all: [A, B], due: 14d, text: Plan the split in the next sprint.}
      urgent: {all: [A, B, C], due: 3d, deadlines: {meeting: 1h, split-started: 48h}, text: Split this week.}
      emergency: {all: [A, B, C, D], text: Meet within a day.}
    lead_time: 10d
    checklist: ["Compose file split", "AI_SERVICE_URL set", "Rollback plan"]
  redis-memory:
    title: Redis memory
    description: A full Redis refuses writes.
    owner: Lee Seoyeon
    conditions:
      A: {signal: memory, above: 80 %, for: 15m, title: Memory runs short}
    verdicts:
      recommended: {any: [A], text: Raise maxmemory.}
    lead_time: 2d
    measures: ["Raise maxmemory to 2 GB", "Shorten the time to live"]
  object-store-cdn:
    title: A CDN in front of the object store
    conditions:
      A: {signal: egress, above: 10 GB, title: Much traffic out}
    verdicts:
      recommended: {any: [A]}
    options:
      - {title: Cloudflare R2, effect: S3 compatible, cost: egress is free}
      - {title: CloudFront, effect: the widest network, cost: egress by region}
  pool:
    title: A larger pool
    conditions:
      A: {signal: free, below: 10 connections, for: 30m, title: Connections run out}
    verdicts:
      required: {any: [A], due: now, text: Enlarge the pool.}
    lead_time: 3d
  split-region:
    title: A site of its own for a region
    applies_from: h2
    conditions:
      A: {signal: users, above: 1_000 users, title: A region has grown large}
    verdicts:
      recommended: {any: [A]}
    lead_time: 60d
levels:
  latency: {signal: latency, target: 600 ms, warning: 700 ms, danger: 800 ms}
alerts:
  ai-cost: {title: AI costs more than 30 USD a day, condition: {signal: cost, above: 30 USD}, severity: warning}
dashboards:
  early: {title: Early stage, signals: [latency, sessions]}
  later: {title: Later stage, signals: [latency, cost]}
scenarios:
  busy-hour: {target: "http://127.0.0.1:8000", target_rps: 100, duration: 5m, users: 1000, steps: [{name: turn}]}
roadmap:
  current: v1
  baseline: busy-hour
  phases:
    - {name: v1, title: v1, description: One container.}
    - name: v1-split
      title: AI on its own
      description: API and AI scale each by itself.
      verify: {scenarios: [busy-hour], goals: {rps: 90, p95: 2 s, errors: 1 %}}
    - name: h2
      title: H2
      description: Several countries.
      verify: {scenarios: [busy-hour], goals: {rps: 95, p95: 500 ms, errors: 0.1 %}}
    - name: h3
      title: H3
      description: A region of its own for each country.
      verify: {scenarios: [busy-hour], goals: {rps: 99, p95: 300 ms}}
    - {name: h4, title: "H4 <b>and beyond</b>", verify: {scenarios: [busy-hour], goals: {rps: 100}}}
review: {on: friday, at: "16:00", agenda: [Collect the numbers, Compare them, Plan the next week]}
"""


def write_plan(folder: Path, history: timedelta = HISTORY) -> Path:
    """Write the plan and its recordings into a folder; `lost.csv` is left out."""
    plan = folder / "plan.yaml"
    plan.write_text(PLAN, encoding="utf-8")
    with (folder / "app.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["time", "latency", "ai_share", "sessions", "memory", "cost", "free"])
        rows.writerows(_app_rows(history))
    with (folder / "regions.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["time", "region", "users"])
        for step in range(int(history / timedelta(hours=6))):
            at = (AT - history + step * timedelta(hours=6)).isoformat()
            rows.writerow([at, "ID", round(400 + 3.2 * step)])
            rows.writerow([at, "VN", round(180 + 0.4 * step)])
    return plan


def proof_events(plan: Plan) -> list[Event]:
    """Give a journal's proofs: a baseline, a phase that is proven, one out of date, one that failed, one never run."""
    assert plan.roadmap is not None
    verdicts = {
        "v1-split": (ProofVerdict.PROVEN, 3),
        "h2": (ProofVerdict.PROVEN, 38),
        "h3": (ProofVerdict.NOT_PROVEN, 1),
    }
    baseline = _proof_event(plan, BASELINE, Verify(scenarios=("busy-hour",)), ProofVerdict.RECORDED, 40)
    phases = [
        _proof_event(plan, phase.name, phase.verify, *verdicts[phase.name])
        for phase in plan.roadmap.phases
        if phase.verify is not None and phase.name in verdicts
    ]
    return [baseline, *phases]


def _proof_event(plan: Plan, phase: str, verify: Verify, verdict: ProofVerdict, days_ago: int) -> Event:
    began, broken = AT - timedelta(days=days_ago), verdict is ProofVerdict.NOT_PROVEN
    goals = tuple(_measured(gate, broken=broken) for gate in gates_of(plan, verify.goals))
    own = ThresholdResult("http_req_failed: rate<0.01", 0.0, "<", 0.01, "ratio", ThresholdVerdict.PASSED)
    if broken:
        own = replace(own, value=None, verdict=ThresholdVerdict.NO_DATA, why="no request was answered")
    run = ScenarioProof(
        "busy-hour",
        "http://127.0.0.1:8000",
        arrivals=30_000,
        failed=1_200 if broken else 3,
        p95_seconds=0.42,
        thresholds=(own,),
        goals=goals,
        started_at=began,
        seconds=300,
        version=TargetVersion("2026.11-rc1"),
    )
    proof = Proof(
        phase,
        verdict,
        verify_hash(plan, verify),
        goals,
        (run,),
        outgrow="0.1.0",
        machine="Linux x86_64, 2 cores, Python 3.12.3",
        policy_hash=policy_hash(plan),
        plan_revision=Revision("0123456789abcdef0123456789abcdef01234567", dirty=broken),
    )
    return Event(EventKind.PROOF, began, began + timedelta(minutes=5), began, phase, proof.document())


def _measured(gate: Gate, *, broken: bool) -> ThresholdResult:
    is_time = gate.unit == "s"
    share = (1.4 if broken else 0.84) if is_time else 1.02 if gate.operator in {">", ">="} else 0.1
    missed = broken and is_time
    return ThresholdResult(
        gate.text,
        gate.limit * share,
        gate.operator,
        gate.limit,
        gate.unit,
        ThresholdVerdict.FAILED if missed else ThresholdVerdict.PASSED,
        first_failed_seconds=62.0 if missed else None,
    )


def _app_rows(history: timedelta) -> Iterator[list[object]]:
    """Give rows every quarter of an hour: a daily cycle, growth, a slowdown in the last hours, a hole of two hours."""
    chance = random.Random(7)
    step = timedelta(minutes=15)
    for position in range(int(history / step) + 1):
        at = AT - history + position * step
        if timedelta(hours=9) < AT - at < timedelta(hours=11):
            continue
        days = position * step / timedelta(days=1)
        hour = (at.hour + 9 + at.minute / 60) % 24
        day = max(0.0, math.sin((hour - 7) / 24 * 2 * math.pi))
        slow = 380.0 if AT - at < timedelta(hours=5) else 0.0
        yield [
            at.isoformat(),
            round(320 + 120 * day + 2 * days + slow + chance.gauss(0, 12), 1),
            round(0.41 + (0.25 if slow else 0.08 * day) + chance.gauss(0, 0.01), 4),
            round(12 + 30 * day + 0.9 * days * (0.4 + day) + chance.gauss(0, 2)),
            round(0.42 + 0.006 * days + 0.03 * day + chance.gauss(0, 0.004), 4),
            round(14 + 0.45 * days + chance.gauss(0, 0.6), 3),
            round(38 - 12 * day - 0.2 * days + chance.gauss(0, 1)),
        ]


async def checked(folder: Path) -> tuple[Plan, CheckFacts]:
    """Check the plan as it stood at `AT`."""
    path = write_plan(folder)
    plan = read_plan(path).plan
    return plan, await check_plan(plan, base=folder, environment={}, at=AT, history=HISTORY, journal=False)
