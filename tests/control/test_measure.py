"""One round of measuring over shipped adapters and ones that misbehave."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

from outgrow.control.check import CheckRequest, run_check
from outgrow.control.measure import OpenSource, Round
from outgrow.control.needs import Need, needs
from outgrow.errors import Failure, SourceError
from outgrow.facts.samples import Measured, Missing, Observation, Origin, Sample
from outgrow.observe.http import HttpSignals
from outgrow.plan.file import parse_plan
from outgrow.plan.signals import QuerySignal
from outgrow.plan.sources import HttpSource
from outgrow.ports import Inspection
from outgrow.report.check_view import check_view
from outgrow.wiring import open_sources
from tests.control.service import NOW, plan
from tests.servers.process import free_port
from tests.servers.redis import RedisServer

SECOND = timedelta(seconds=1)

PROBED = """
outgrow: 1
name: probed
sources:
  web: {kind: http, url: "http://127.0.0.1:PORT"}
signals:
  latency-1: {source: web, unit: ms, read: {metric: latency}}
  latency-2: {source: web, unit: ms, read: {metric: latency, path: /2}}
  latency-3: {source: web, unit: ms, read: {metric: latency, path: /3}}
  latency-4: {source: web, unit: ms, read: {metric: latency, path: /4}}
  up: {source: web, read: {metric: up, path: /up}}
"""


class Slow:
    """Answers for now at once, and for the past one instant at a time."""

    def __init__(self, seconds_an_instant: float = 0, fault: Exception | None = None) -> None:
        self.seconds_an_instant = seconds_an_instant
        self.fault = fault
        self.asked: list[Sequence[datetime]] = []

    async def observe(self, signal: QuerySignal, now: datetime) -> Sequence[Observation]:
        if self.fault is not None:
            raise self.fault
        return (Observation((), Measured(now, 1.0, now)),)

    async def past(self, signal: QuerySignal, instants: Sequence[datetime], now: datetime) -> Sequence[Observation]:
        self.asked.append(instants)
        await asyncio.sleep(self.seconds_an_instant * len(instants))
        return tuple(Observation((), Measured(at, 1.0, now, origin=Origin.BACKFILL)) for at in instants)

    def answers_past(self, signal: QuerySignal) -> str:
        return ""

    async def inspect(self) -> Inspection:
        return Inspection("slow")

    async def aclose(self) -> None:
        pass


def last(series: dict[Any, list[Sample]]) -> Sample:
    (samples,) = series.values()
    return max(samples, key=lambda sample: sample.at)


async def test_up_is_zero_behind_a_host_that_refused_other_signals_first() -> None:
    # given
    probed = parse_plan(PROBED.replace("PORT", str(free_port())), "plan.yaml").plan
    options = probed.sources["web"]
    assert isinstance(options, HttpSource)
    web = OpenSource("web", "http", 5 * SECOND, HttpSignals(options, {}, None))  # pyright: ignore[reportArgumentType]

    # when
    asked = Round(probed, {"web": web}, None, NOW)
    read, _ = await asked.read({name: Need(timedelta(0), SECOND) for name in probed.signals})
    await web.adapter.aclose()

    # then
    up = last(read["up"].series)
    assert isinstance(up, Measured)
    assert up.value == 0
    assert isinstance(last(read["latency-4"].series), Missing)


async def test_a_slow_past_is_given_up_with_a_note_and_the_newest_was_read_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # given a source whose past takes longer than it may: by this clock the first slice takes a minute
    adapter = Slow()
    monkeypatch.setattr("outgrow.control.measure.monotonic", lambda: monotonic() + 60 * len(adapter.asked))
    asked = Round(plan(), {"db": OpenSource("db", "sqlite", SECOND, adapter)}, None, NOW, patience=30 * SECOND)

    # when
    read, _ = await asked.read({"latency": Need(timedelta(days=2), timedelta(minutes=1))})

    # then the present is known, the newest of the past too, and the note says what is not
    found = read["latency"]
    assert found.failure is None
    assert len(adapter.asked) == 1
    assert adapter.asked[0][-1] == NOW
    (note,) = found.notes
    assert note.startswith("its past was left unread before")


async def test_a_past_that_hangs_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    # given
    monkeypatch.setattr("outgrow.control.measure._GRACE", SECOND / 50)
    hanging = OpenSource("db", "sqlite", SECOND / 50, Slow(seconds_an_instant=600))
    asked = Round(plan(), {"db": hanging}, None, NOW, patience=SECOND / 50)

    # when
    read, facts = await asked.read({"latency": Need(timedelta(hours=1), timedelta(minutes=1))})

    # then the present is known all the same
    assert isinstance(last(read["latency"].series), Measured)
    assert read["latency"].failure is not None
    assert read["latency"].failure.failure is Failure.TIMED_OUT
    assert facts["db"].failures


async def test_a_fault_in_an_adapter_is_told_as_its_source_s_failure_without_secrets() -> None:
    # given a third party's adapter with a mistake in it
    broken = OpenSource("db", "sqlite", SECOND, Slow(fault=KeyError("hunter2")), ("hunter2",))

    # when
    read, facts = await Round(plan(), {"db": broken}, None, NOW).read({"latency": Need(timedelta(0), SECOND)})

    # then
    assert isinstance(read["latency"].failure, SourceError)
    (failure,) = facts["db"].failures
    assert "KeyError" in failure
    assert "hunter2" not in failure


def test_a_day_is_looked_at_several_times_however_long_the_window() -> None:
    # given a signal that looks back over thirty days
    text = PROBED.replace('http, url: "http://127.0.0.1:PORT"', "sqlite, path: service.sqlite").partition("signals:")[0]
    text += "signals:\n  users: {source: web, every: 1h, window: 30d, query: 'SELECT 1 AS value WHERE :now'}\n"
    long = parse_plan(text, "plan.yaml").plan

    # then
    assert needs(long, ["users"], timedelta(days=60))["users"].step <= timedelta(hours=6)


def test_only_what_is_forecast_has_its_long_past_read_unless_charts_are_wanted() -> None:
    # given a signal under a condition and one under none
    text = PROBED.partition("signals:")[0].replace('http, url: "http://127.0.0.1:PORT"', "sqlite, path: service.sqlite")
    text += (
        "signals:\n  judged: {source: web, query: 'SELECT 1 AS value WHERE :now'}\n"
        "  shown: {source: web, query: 'SELECT 2 AS value WHERE :now'}\n"
        "checkpoints:\n  c: {conditions: {A: {signal: judged, above: 1}}, verdicts: {required: {all: [A]}}}\n"
    )
    two = parse_plan(text, "plan.yaml").plan
    days = timedelta(days=60)

    # then
    spans = {name: need.history for name, need in needs(two, two.signals, days).items()}
    assert spans == {"judged": days, "shown": timedelta(0)}
    assert {need.history for need in needs(two, two.signals, days, charts=True).values()} == {days}


async def test_what_redis_says_of_its_memory_stands_in_the_check(start_redis: Callable[..., RedisServer]) -> None:
    # given
    server = start_redis("--maxmemory", "64mb", "--maxmemory-policy", "allkeys-lru")
    text = PROBED.partition("signals:")[0].replace('http, url: "http://127.0.0.1:PORT"', f'redis, url: "{server.url}"')
    text += "signals:\n  keys: {source: web, read: {metric: dbsize}}\n"
    cache = parse_plan(text, "plan.yaml").plan
    sources = open_sources(cache, {}, Path())

    # when
    facts = await run_check(CheckRequest(cache), sources, None, datetime.now(UTC))

    # then
    assert facts.measurement.sources["web"].notes == ("maxmemory 64 MiB, policy allkeys-lru",)
    assert any("allkeys-lru" in note for note in check_view(cache, facts).notes)
    for source in sources.values():
        assert isinstance(source, OpenSource)
        await source.adapter.aclose()
