"""The latch: what a grade's rule says now, in the light of what it said before.

Unknown neither raises nor clears: a rule that held at its last decided evaluation stays in force while it is unknown.
A review runs to its end whatever its rule does in between; then it begins again while the rule holds, closes itself
when the rule is clear, and stays open while nobody can know.
"""

from datetime import datetime, timedelta

from outgrow.decide.rules import Ruling
from outgrow.facts.verdicts import GradeState, RuleVerdict
from outgrow.plan.checkpoints import GradeRule
from outgrow.plan.grades import Grade


def advance(before: GradeState, ruling: Ruling, now: datetime, review: timedelta | None) -> GradeState:
    """Carry a grade's memory over an evaluation.

    Args:
        before: what was remembered; a new `GradeState` where nothing was.
        ruling: what the rule says now.
        now: the moment of the evaluation.
        review: after how long the grade is looked at again, where it is.
    """
    if ruling.decided is None:
        return GradeState(
            held=before.held,
            since=before.since,
            first_confirmed=before.first_confirmed,
            unknown_since=before.unknown_since or now,
            review=before.review,
        )
    if ruling.decided:
        if before.held and before.first_confirmed is not None:
            since, confirmed = before.since, before.first_confirmed
        else:
            since = confirmed = min(ruling.confirmed or now, now)
        end = None if review is None else _next_end(before.review or confirmed + review, now, review)
        return GradeState(held=True, since=since, first_confirmed=confirmed, review=end)
    return GradeState(
        held=False,
        # Only a change that was seen has a time: a rule that never held has not held since anybody knows when.
        since=before.since if before.held is False else now if before.held else None,
        review=before.review if before.review is not None and now < before.review else None,
    )


def _next_end(end: datetime, now: datetime, every: timedelta) -> datetime:
    """Give the end of a review that begins again whenever it ends."""
    return end if now < end else end + every * ((now - end) // every + 1)


def rule_verdict(grade: Grade, rule: GradeRule, ruling: Ruling, state: GradeState, why: str) -> RuleVerdict:
    """Say what a grade's rule says, from its ruling and the memory after it."""
    latched = ruling.decided is None and state.held is True
    in_force = ruling.decided is True or latched
    due = None
    if in_force and rule.due is not None and state.first_confirmed is not None:
        due = state.first_confirmed + rule.due
    return RuleVerdict(
        grade=grade,
        decided=ruling.decided,
        latched=latched,
        since=state.unknown_since if ruling.decided is None and not latched else state.since,
        first_confirmed=state.first_confirmed if in_force else None,
        unknown_since=state.unknown_since,
        due=due,
        review=state.review,
        because=ruling.because,
        why=why,
    )
