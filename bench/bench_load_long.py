"""Hours of load in minutes: what does a long run keep in memory, and how large are the files that it writes?

    .venv/bin/python bench/bench_load_long.py [--hours 2 24] [--rate 1000] [--steps 5] [--shards 1] [--most-mb 0]

Nothing is sent and nothing sleeps: response, service and waiting times are recorded as the engine records them, and
each second is closed, kept, and held against three thresholds, as the engine (or, with several shards, the process that
hears them) does. Times are lognormal, with a median of 20 ms that wanders; one answer in two hundred is a 503. Each
length has a process of its own; memory is what is resident, in MB; at the end of the recording stands how long the
garbage collector takes to go through everything. `--most-mb` lets the command fail where a run took more until it was
written and read back.
"""

import argparse
import gc
import random
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from datetime import UTC, datetime
from math import exp
from pathlib import Path
from zoneinfo import ZoneInfo

import psutil

from outgrow.decide.gates import Gate
from outgrow.decide.thresholds import Watch
from outgrow.facts.buckets import together
from outgrow.facts.loads import FlowLoad, LoadFacts, LoadSecond, Outcome, StepLoad
from outgrow.facts.shards import ShardFacts, merged_second
from outgrow.loadtest.record import SecondTally, health_of, latency_of
from outgrow.loadtest.timeline import Timeline
from outgrow.report.load_files import csv_files
from outgrow.report.load_html import render_load_html
from outgrow.report.load_json import load_parts, stored_load
from outgrow.report.load_series import openmetrics_lines
from outgrow.report.load_view import load_view
from outgrow.report.words import Words

BAD = 0.005
DRAWN = 1 << 16
HOUR = 3600
GATES = (
    Gate("p95 of the run", "http_req_duration", (), "p", 95.0, "<", 0.5, "s"),
    Gate("p95 of 30 s", "http_req_duration", (), "p", 95.0, "<", 0.5, "s", over_seconds=30.0),
    Gate("errors of a minute", "http_req_failed", (), "rate", None, "<", 0.1, "", over_seconds=60.0),
)


def resident_mb() -> float:
    return psutil.Process().memory_info().rss / 1e6


def highest_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3


class Answers:
    """Response times, drawn once and gone through from place to place."""

    def __init__(self) -> None:
        chance = random.Random(1)
        self.times = [0.020 * exp(chance.gauss(0, 0.4)) for _ in range(DRAWN)]
        self.chance = chance
        self.level = 0.0

    def second(self, rate: int, steps: int) -> SecondTally:
        """Record a second's answers as they come in."""
        self.level = 0.9 * self.level + self.chance.gauss(0, 0.1)
        wanders, place, tally = exp(self.level), self.chance.randrange(DRAWN), SecondTally(steps)
        tally.due = tally.started = rate
        for index in range(rate):
            step, drawn = tally.steps[index % steps], self.times[(place + index * 7919) % DRAWN] * wanders
            bad = index == 0 if self.chance.random() < BAD * rate else False
            outcome = Outcome.UNEXPECTED if bad else Outcome.DONE
            step.outcomes[outcome] += 1
            step.answer(503 if bad else 200, outcome, drawn)
            step.service.record(drawn * 0.98)
            step.waiting.record(drawn * 0.001)
            step.sent += 200
            step.received += 900
        return tally


def recorded(hours: int, rate: int, steps: int, shards: int) -> Timeline:
    """Record hours of seconds; give what is kept, and print what that took of memory and processor time."""
    answers, timeline, names = Answers(), Timeline(), [f"step {number + 1}" for number in range(steps)]
    watch, spent, followed = Watch(GATES, {}), 0.0, 0.0
    for number in range(1, hours * HOUR + 1):
        tallies = [answers.second(rate // shards, steps) for _ in range(shards)]
        began = time.process_time()
        parts = [each.facts(names, float(number), in_flight=20, connections=20, cpu_share=0.2) for each in tallies]
        second = merged_second(parts) if shards > 1 else parts[0]
        timeline.add(second)
        spent += time.process_time() - began
        began = time.process_time()
        watch.told(second)
        followed += time.process_time() - began
        if number % HOUR == 0 and number // HOUR in {1, 2, 3, 6, 12, 18, hours}:
            took = [f"{each / number * 1000:.2f} ms" for each in (spent, followed)]
            print(
                f"  {number // HOUR:3d} h: {resident_mb():6.0f} MB; {took[0]} to keep a second, {took[1]} to judge it",
                flush=True,
            )
    return timeline


def facts_of(timeline: tuple[LoadSecond, ...]) -> LoadFacts:
    """Make a run of its seconds."""
    names = {name for second in timeline for name in second.steps}
    loads = []
    for name in sorted(names):
        parts = [second.steps[name] for second in timeline if name in second.steps]
        done = sum(each.outcomes.get(Outcome.DONE, 0) for each in parts)
        bad = sum(each.outcomes.get(Outcome.UNEXPECTED, 0) for each in parts)
        response, service, waiting = (
            latency_of(together(getattr(each, kind) for each in parts)) for kind in ("response", "service", "waiting")
        )
        outcomes, statuses = {Outcome.DONE: done, Outcome.UNEXPECTED: bad}, {200: done, 503: bad}
        loads.append(StepLoad(name, outcomes, statuses, response, service, waiting))
    seconds = timeline[-1].at_seconds
    shard = ShardFacts(
        index=0, of=1, seconds=seconds, cpu_seconds=0.2 * seconds, interrupted=False, steps=(), flows=(), timeline=()
    )
    outcomes = {
        outcome: sum(each.outcomes[outcome] for each in loads) for outcome in (Outcome.DONE, Outcome.UNEXPECTED)
    }
    return LoadFacts(
        scenario="long",
        target="http://127.0.0.1",
        started_at=datetime(2026, 3, 1, tzinfo=UTC),
        seconds=seconds,
        planned_seconds=seconds,
        interrupted=False,
        whole=replace(loads[0], name="long", outcomes=outcomes),
        steps=tuple(loads),
        timeline=timeline,
        connections_highest=20,
        connections_opened=20,
        retried=0,
        health=health_of([shard], timeline),
        iterations=FlowLoad("", outcomes),
    )


def one(hours: int, rate: int, steps: int, shards: int) -> None:
    """Record one run and write everything of it."""
    print(f"{hours} h of {rate:,}/s over {steps} steps" + (f", {shards} shards" if shards > 1 else ""))
    timeline = recorded(hours, rate, steps, shards)
    began = time.process_time()
    gc.collect()
    print(f"  a full garbage collection: {(time.process_time() - began) * 1000:.0f} ms")
    facts = facts_of(timeline.intervals)
    longest = max(each.length_seconds for each in facts.timeline)
    print(f"  kept: {len(facts.timeline):,} intervals, the longest {longest:g} s")
    words = Words("en", ZoneInfo("UTC"))
    with tempfile.TemporaryDirectory() as folder:
        document = Path(folder) / "run.json"
        with document.open("w", encoding="utf-8") as file:
            file.writelines(load_parts(facts))
        report("JSON", document.stat().st_size)
        for name, text in csv_files(facts).items():
            if len(text) > 1e5:
                report(f"CSV {name}", len(text))
        report("HTML", len(render_load_html(load_view(facts, words), words)))
        report("OpenMetrics", sum(map(len, openmetrics_lines(facts))))
        del facts, timeline
        print(f"  before reading it back {resident_mb():.0f} MB", flush=True)
        read = stored_load(document)
        print(
            f"  read back: {len(read.timeline):,} intervals, {resident_mb():.0f} MB, highest {highest_mb():.0f} MB",
            flush=True,
        )


def report(what: str, size: int) -> None:
    print(
        f"  {what}: {size / 1e6:.1f} MB; memory {resident_mb():.0f} MB, highest so far {highest_mb():.0f} MB",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hours", type=int, nargs="+", default=[2, 24])
    parser.add_argument("--rate", type=int, default=1_000)
    parser.add_argument("--steps", type=int, default=5)
    parser.add_argument("--shards", type=int, default=1)
    parser.add_argument("--most-mb", type=float, default=0)
    arguments = parser.parse_args()
    if len(arguments.hours) == 1:
        one(arguments.hours[0], arguments.rate, arguments.steps, arguments.shards)
        if arguments.most_mb and highest_mb() > arguments.most_mb:
            sys.exit(f"it took {highest_mb():.0f} MB, more than {arguments.most_mb:g}")
        return
    for hours in arguments.hours:
        options = [f"--{name}={getattr(arguments, name)}" for name in ("rate", "steps", "shards")]
        command = [sys.executable, __file__, "--hours", str(hours), *options, f"--most-mb={arguments.most_mb}"]
        subprocess.run(command, check=True)


if __name__ == "__main__":
    main()
