"""The weekly review: the right week, what changed in it, its numbers, and what to do next."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from outgrow.facts.decisions import Decision, Event, EventKind
from outgrow.facts.verdicts import CheckpointState
from outgrow.plan.grades import Grade
from outgrow.plan.review import Review
from outgrow.plan.sources import zone_of
from outgrow.report.check_view import check_view
from outgrow.report.weekly import WeeklyView, last_review, next_review, weekly_view
from outgrow.report.words import Words
from tests.report.conftest import Checked
from tests.report.facts import AT

SEOUL = ZoneInfo("Asia/Seoul")
FRIDAY = Review.model_validate({"on": "friday", "at": "16:00"})


@pytest.mark.parametrize(
    ("now", "last", "following"),
    [
        ("2026-11-20T15:59", "2026-11-13T16:00", "2026-11-20T16:00"),
        ("2026-11-20T16:10", "2026-11-13T16:00", "2026-11-27T16:00"),
        ("2026-11-21T09:00", "2026-11-13T16:00", "2026-11-27T16:00"),
        ("2026-11-21T16:00", "2026-11-20T16:00", "2026-11-27T16:00"),
        ("2026-11-18T12:00", "2026-11-13T16:00", "2026-11-20T16:00"),
    ],
)
def test_on_the_day_of_a_review_the_last_one_is_a_week_ago(now: str, last: str, following: str) -> None:
    moment = datetime.fromisoformat(now).replace(tzinfo=SEOUL)

    assert last_review(FRIDAY, moment, SEOUL) == datetime.fromisoformat(last).replace(tzinfo=SEOUL)
    assert next_review(FRIDAY, moment, SEOUL) == datetime.fromisoformat(following).replace(tzinfo=SEOUL)


def test_a_review_stays_at_its_hour_when_the_clock_changes() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    sunday = datetime(2026, 10, 25, 12, tzinfo=berlin)

    assert last_review(FRIDAY, sunday, berlin) == datetime(2026, 10, 23, 16, tzinfo=berlin)
    assert next_review(FRIDAY, sunday, berlin) == datetime(2026, 10, 30, 16, tzinfo=berlin)


def test_changes_are_those_since_the_last_review_newest_first(a_check: Checked) -> None:
    decisions = [
        _decision("redis-memory", 10, Grade.RECOMMENDED),
        _decision("redis-memory", 5, Grade.CLEAR),
        _decision("redis-memory", 4, Grade.CLEAR),
        _decision("split-ai-service", 9, Grade.MONITOR),
        _decision("split-ai-service", 2, None),
    ]

    week = _weekly(a_check, decisions=decisions)

    assert week.remembered
    assert [(each.title, each.before, each.after) for each in week.changes] == [
        ("Split out the AI service", "unknown", "urgent"),
        ("Split out the AI service", "monitor", "unknown"),
        ("Redis memory", "recommended", "clear"),
    ]


def test_without_earlier_verdicts_it_says_so_and_invents_no_change(a_check: Checked) -> None:
    week = _weekly(a_check)

    assert (week.remembered, week.changes) == (False, ())


def test_a_first_verdict_of_this_week_is_no_change(a_check: Checked) -> None:
    week = _weekly(a_check, decisions=[_decision("split-ai-service", 1, Grade.URGENT)])

    assert week.changes == ()


def test_numbers_compare_the_highest_days_and_the_lowest_where_less_is_worse(a_check: Checked) -> None:
    numbers = {each.title: each for each in _weekly(a_check).numbers}

    memory, connections = numbers["Memory runs short"], numbers["Connections run out"]
    assert memory.worse
    assert memory.change.startswith("+")
    assert connections.worse
    assert connections.change.startswith("−")
    assert "Much traffic out" not in numbers


def test_actions_stand_in_the_order_of_time_and_those_without_a_date_last(a_check: Checked) -> None:
    actions = _weekly(a_check).actions

    assert [(each.what, each.late) for each in actions] == [
        ("meeting", True),
        ("split-started", False),
        ("Split this week.", False),
        ("Name an owner", False),
        ("Make it measurable: Much traffic out", False),
    ]


def test_what_is_due_later_than_next_week_is_no_action_yet(a_check: Checked) -> None:
    plan, facts = a_check
    verdict = facts.verdicts["split-ai-service"]
    later = replace(
        verdict,
        due=facts.at + timedelta(days=8),
        deadlines=tuple(replace(each, at=facts.at + timedelta(days=9)) for each in verdict.deadlines),
    )

    week = _weekly((plan, replace(facts, verdicts={**facts.verdicts, "split-ai-service": later})))

    assert [each.what for each in week.actions if each.when] == []


def test_happenings_are_those_of_the_week(a_check: Checked) -> None:
    events = [
        Event(EventKind.LOAD_TEST, AT - timedelta(days=20), AT - timedelta(days=19), AT, "api"),
        Event(
            EventKind.DEPLOYMENT, AT - timedelta(days=2), AT - timedelta(days=2, hours=-1), AT, "api", {"text": "2.1"}
        ),
    ]

    happenings = _weekly(a_check, events=events).happenings

    assert [(each.what, each.text) for each in happenings] == [("Deployment", "api: 2.1")]


def test_every_kind_of_event_can_be_told_and_the_loops_own_are_left_out(a_check: Checked) -> None:
    events = [Event(kind, AT - timedelta(hours=1), None, AT, "api", {"text": "proven"}) for kind in EventKind]

    happenings = _weekly(a_check, events=events).happenings

    assert len(happenings) == len(EventKind) - 2
    assert {each.text for each in happenings} == {"api: proven"}


def _weekly(check: Checked, decisions=(), events=()) -> WeeklyView:
    plan, facts = check
    words = Words("en", zone_of(plan.timezone))
    week = weekly_view(plan, facts, check_view(plan, facts).checkpoints, sorted(decisions, key=_at), events, words)
    assert week is not None
    return week


def _at(decision: Decision) -> datetime:
    return decision.at


def _decision(checkpoint: str, days_ago: float, grade: Grade | None) -> Decision:
    at = AT - timedelta(days=days_ago)
    return Decision(checkpoint, at, datetime(2026, 11, 20, tzinfo=UTC), grade, "hash", CheckpointState(), {})
