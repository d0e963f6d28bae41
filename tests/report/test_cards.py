"""What needs a person: late before unowned before unknown, one card a checkpoint, never from a shadow."""

from dataclasses import replace
from datetime import timedelta

from outgrow.facts.checks import CheckFacts
from outgrow.facts.verdicts import CheckpointVerdict, Deadline, RuleVerdict
from outgrow.plan import Plan
from outgrow.plan.grades import Grade
from outgrow.plan.sources import zone_of
from outgrow.report.cards import cards
from outgrow.report.check_view import check_view
from outgrow.report.words import Words
from tests.report.conftest import Checked


def test_the_late_one_comes_first_and_what_cannot_be_judged_last(a_check: Checked) -> None:
    shown = _cards(*a_check)

    assert [(card.checkpoint, card.kind) for card in shown] == [
        ("split-ai-service", "late"),
        ("object-store-cdn", "unknown"),
    ]


def test_a_late_card_says_which_duty_is_how_late_and_shows_its_track(a_check: Checked) -> None:
    card = _cards(*a_check)[0]

    assert card.fact == "meeting 3 h 10 min late"
    assert card.track is not None
    assert [(post.name, post.late) for post in card.track.posts] == [
        ("meeting", True),
        ("split-started", False),
        ("step", False),
    ]
    assert float(card.track.posts[0].at[:-1]) < float(card.track.now[:-1]) < float(card.track.posts[1].at[:-1])


def test_an_unknown_card_names_the_cause_and_assumes_nothing(a_check: Checked) -> None:
    card = _cards(*a_check)[1]

    assert card.fact == "Cannot be judged"
    assert "lost.csv" in card.body
    assert card.body.endswith("Nothing is assumed from it.")


def test_a_step_that_is_due_later_and_that_nobody_has_is_unowned(a_check: Checked) -> None:
    plan, facts = a_check
    verdict = _in_force(facts.verdicts["redis-memory"], Grade.RECOMMENDED, due_in=timedelta(days=14))
    nobody = plan.checkpoints["redis-memory"].model_copy(update={"owner": ""})
    plan = plan.model_copy(update={"checkpoints": {**plan.checkpoints, "redis-memory": nobody}})

    shown = _cards(plan, replace(facts, verdicts={**facts.verdicts, "redis-memory": verdict}))

    card = next(card for card in shown if card.checkpoint == "redis-memory")
    assert (card.kind, card.fact) == ("unowned", "No owner yet")
    assert "The work takes 2 d." in card.body


def test_an_owner_makes_the_card_go_away(a_check: Checked) -> None:
    plan, facts = a_check
    verdict = _in_force(facts.verdicts["redis-memory"], Grade.RECOMMENDED, due_in=timedelta(days=14))

    shown = _cards(plan, replace(facts, verdicts={**facts.verdicts, "redis-memory": verdict}))

    assert "redis-memory" not in {card.checkpoint for card in shown}


def test_work_that_should_have_begun_already_is_late(a_check: Checked) -> None:
    plan, facts = a_check
    verdict = replace(facts.verdicts["split-region"], shadow=False)

    shown = _cards(plan, replace(facts, verdicts={**facts.verdicts, "split-region": verdict}))

    card = next(card for card in shown if card.checkpoint == "split-region")
    assert card.kind == "late"
    assert card.fact.startswith("should have started")
    assert "the work takes 60 d" in card.body


def test_a_shadow_asks_nothing_of_anyone(a_check: Checked) -> None:
    plan, facts = a_check
    overdue = replace(
        facts.verdicts["split-ai-service"],
        shadow=True,
        deadlines=(Deadline("meeting", facts.at - timedelta(days=3), Grade.URGENT),),
    )

    shown = _cards(plan, replace(facts, verdicts={**facts.verdicts, "split-ai-service": overdue}))

    assert "split-ai-service" not in {card.checkpoint for card in shown}


def _cards(plan: Plan, facts: CheckFacts):
    view = check_view(plan, facts)
    return cards(plan, facts, view.checkpoints, Words("en", zone_of(plan.timezone)))


def _in_force(verdict: CheckpointVerdict, grade: Grade, due_in: timedelta) -> CheckpointVerdict:
    confirmed = verdict.at - timedelta(hours=1)
    rule = RuleVerdict(grade, decided=True, since=confirmed, first_confirmed=confirmed, due=verdict.at + due_in)
    return replace(verdict, grade=grade, rules=(rule,), due=rule.due, undecided=())
