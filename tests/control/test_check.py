"""One check over a real database and a shipped journal: what it finds, remembers and does not forget."""

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from outgrow.control.check import CheckRequest, run_check
from outgrow.control.measure import OpenSource
from outgrow.control.replay import replay_decisions
from outgrow.facts.checks import CheckFacts
from outgrow.facts.decisions import Event, EventKind
from outgrow.facts.samples import Measured, Missing
from outgrow.facts.verdicts import Held
from outgrow.journal.memory import MemoryJournal
from outgrow.plan import Plan
from outgrow.plan.grades import Grade
from outgrow.ports import Journal
from outgrow.wiring import open_sources
from tests.control.service import NOW, make_service, plan, slow_for

if TYPE_CHECKING:
    from collections.abc import Mapping

    from outgrow.errors import SourceError

HOURS_2 = timedelta(hours=2)


async def check(
    plan: Plan, folder: Path, journal: Journal | None = None, *, later: timedelta = timedelta(0), days: int = 0
) -> CheckFacts:
    sources: Mapping[str, OpenSource | SourceError] = open_sources(plan, {}, folder)
    # A past moment is judged by the past alone; `later` moves it on.
    request = CheckRequest(plan, at=NOW + later, history=timedelta(days=days))
    try:
        facts = await run_check(request, sources, journal, NOW + later)
    finally:
        for source in sources.values():
            if isinstance(source, OpenSource):
                await source.adapter.aclose()
    return facts


async def test_the_first_check_on_a_fresh_machine_judges_a_sustained_window(tmp_path: Path) -> None:
    # given
    make_service(tmp_path, slow_for(HOURS_2))
    # when
    facts = await check(plan(), tmp_path)
    # then
    verdict = facts.verdicts["split"]
    holding = verdict.conditions["A"].holding
    assert verdict.grade is Grade.REQUIRED
    assert isinstance(holding, Held)
    assert holding.coverage.seen == holding.coverage.expected == 31


async def test_a_rise_that_is_younger_than_its_window_does_not_count_yet(tmp_path: Path) -> None:
    # given
    make_service(tmp_path, slow_for(timedelta(minutes=20)))
    # when
    facts = await check(plan(), tmp_path)
    # then
    assert facts.verdicts["split"].grade is Grade.CLEAR


async def test_own_load_does_not_count(tmp_path: Path) -> None:
    # given
    make_service(tmp_path, slow_for(HOURS_2))
    journal = MemoryJournal()
    await journal.append_event(Event(EventKind.LOAD_TEST, NOW - HOURS_2, NOW, NOW))
    # when
    facts = await check(plan(), tmp_path, journal)
    # then
    assert facts.verdicts["split"].grade is not Grade.REQUIRED
    assert len(facts.events) == 1


async def test_what_the_journal_has_is_not_asked_again(tmp_path: Path) -> None:
    # given
    make_service(tmp_path, slow_for(HOURS_2))
    journal = MemoryJournal()
    await check(plan(), tmp_path, journal)
    (tmp_path / "service.sqlite").unlink()
    # when
    facts = await check(plan(), tmp_path, journal)
    # then
    assert facts.verdicts["split"].grade is Grade.REQUIRED
    assert not facts.measurement.sources["db"].failures


async def test_a_source_that_is_gone_makes_its_signal_missing_and_says_why(tmp_path: Path) -> None:
    # given a folder without the database
    # when
    facts = await check(plan(), tmp_path)
    # then
    assert facts.verdicts["split"].grade is None
    assert "service.sqlite" in facts.measurement.signals["latency"].failure
    assert len(facts.measurement.sources["db"].failures) == 1


async def test_a_live_verdict_outlives_a_source_that_falls_silent(tmp_path: Path) -> None:
    # given a checkpoint that was required when the database was last seen
    make_service(tmp_path, slow_for(HOURS_2))
    journal = MemoryJournal()
    await live_check(tmp_path, journal)
    (tmp_path / "service.sqlite").rename(tmp_path / "away.sqlite")
    # when
    facts = await live_check(tmp_path, journal, later=timedelta(hours=1))
    # then the grade is latched: unknown neither raises nor clears
    verdict = facts.verdicts["split"]
    assert verdict.grade is Grade.REQUIRED
    assert verdict.rules[0].latched
    assert verdict.rules[0].unknown_since is not None


async def live_check(folder: Path, journal: Journal, later: timedelta = timedelta(0)) -> CheckFacts:
    sources = open_sources(plan(), {}, folder)
    try:
        return await run_check(CheckRequest(plan(), history=timedelta(0)), sources, journal, NOW + later)
    finally:
        for source in sources.values():
            if isinstance(source, OpenSource):
                await source.adapter.aclose()


async def test_decisions_replay_to_the_same_verdicts(tmp_path: Path) -> None:
    # given
    make_service(tmp_path, slow_for(HOURS_2))
    journal = MemoryJournal()
    for minutes in (0, 61, 122):
        await live_check(tmp_path, journal, later=timedelta(minutes=minutes))
    decisions = await journal.decisions()
    # when
    replays = await replay_decisions(plan(), decisions, journal)
    # then
    assert len(replays) >= 2
    assert [each.grade for each in replays] == [each.grade for each in decisions]
    assert not any(each.differs or each.skipped for each in replays)


async def test_a_live_reading_stands_beside_the_past(tmp_path: Path) -> None:
    # given
    make_service(tmp_path, slow_for(HOURS_2))
    # when
    facts = await live_check(tmp_path, MemoryJournal())
    # then
    samples = facts.measurement.signals["latency"].series[()]
    assert sum(isinstance(each, Measured) for each in samples) >= 61
    assert all(isinstance(each, Measured | Missing) and each.at.tzinfo for each in samples)
