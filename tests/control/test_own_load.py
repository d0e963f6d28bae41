"""Spans of own load: closed by a second event, never forgotten while open, and replayed as they were known."""

from datetime import timedelta
from pathlib import Path

from outgrow.control.own_load import own_load
from outgrow.control.replay import replay_decisions
from outgrow.facts.decisions import Event, EventKind
from outgrow.journal.memory import MemoryJournal
from outgrow.plan.grades import Grade
from tests.control.service import NOW, make_service, plan, slow_for
from tests.control.test_check import live_check

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


async def test_an_open_span_counts_however_long_ago_it_began() -> None:
    # given a load test that nobody closed, begun long before the span that is looked at
    journal = MemoryJournal()
    begun = Event(EventKind.LOAD_TEST, NOW - 90 * DAY, None, NOW - 90 * DAY)
    await journal.append_event(begun)

    # then
    assert await own_load(journal, NOW - DAY, NOW) == (begun,)


async def test_an_open_span_ends_when_it_is_written_again_with_its_end() -> None:
    # given two load tests about different services, one of which is over
    journal = MemoryJournal()
    start = NOW - 3 * HOUR
    open_one = Event(EventKind.LOAD_TEST, start, None, start, "web")
    over = Event(EventKind.LOAD_TEST, start, NOW - HOUR, NOW, "api")
    await journal.append_event(open_one)
    await journal.append_event(Event(EventKind.LOAD_TEST, start, None, start, "api"))
    await journal.append_event(over)

    # then the one still runs, and the other is known by its end, or as open to whoever looks from before it
    assert await own_load(journal, NOW - DAY, NOW) == (open_one, over)
    assert await own_load(journal, NOW - HOUR / 2, NOW) == (open_one,)
    then = await own_load(journal, NOW - DAY, NOW, recorded_until=NOW - HOUR)
    assert [event.end for event in then] == [None, None]


async def test_a_decision_given_during_a_long_load_test_replays_to_the_same_verdict(tmp_path: Path) -> None:
    # given a service that was slow before a load test of three hours, in which it was judged
    make_service(tmp_path, slow_for(timedelta(hours=5)))
    journal = MemoryJournal()
    await journal.append_event(Event(EventKind.LOAD_TEST, NOW - 3 * HOUR, None, NOW - 3 * HOUR))
    facts = await live_check(tmp_path, journal)
    assert facts.verdicts["split"].grade is Grade.REQUIRED

    # when
    (replay,) = await replay_decisions(plan(), await journal.decisions(), journal)

    # then
    assert not replay.skipped
    assert (replay.grade, replay.differs) == (Grade.REQUIRED, False)
