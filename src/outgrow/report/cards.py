"""What needs a person: late before unowned before what cannot be judged; one card a checkpoint, its most pressing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Literal

from outgrow.facts.checks import CheckFacts
from outgrow.facts.verdicts import CheckpointVerdict
from outgrow.plan import Plan
from outgrow.plan.grades import Grade
from outgrow.report.deadlines import deadline_track
from outgrow.report.rulers import Track
from outgrow.report.views import CheckpointView
from outgrow.report.words import Words

SHOWN: Final = 3
"""A page shows so many cards; the others are named."""
Kind = Literal["late", "unowned", "unknown"]
_ORDER: Final[dict[Kind, int]] = {"late": 0, "unowned": 1, "unknown": 2}
_PATIENCE: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Card:
    """One thing that waits for a person: the fact in a few words, and what to know about it.

    `place` orders cards of one kind, smaller first.
    """

    kind: Kind
    place: float
    checkpoint: str
    title: str
    grade: str
    fact: str
    body: str
    owner: str
    checklist: str
    track: Track | None


def cards(plan: Plan, facts: CheckFacts, checkpoints: Sequence[CheckpointView], words: Words) -> tuple[Card, ...]:
    """Give every card, most pressing first; checkpoints in shadow ask nothing of anyone."""
    asking = (_Asking(plan, facts, view, facts.verdicts[view.name], words) for view in checkpoints if not view.shadow)
    found = (each.late() or each.overdue() or each.unowned() or each.unknown() for each in asking)
    return tuple(sorted((card for card in found if card), key=lambda card: (_ORDER[card.kind], card.place)))


@dataclass(frozen=True, slots=True)
class _Asking:
    """One checkpoint, asked what it wants of a person."""

    plan: Plan
    facts: CheckFacts
    view: CheckpointView
    verdict: CheckpointVerdict
    words: Words

    def late(self) -> Card | None:
        """A deadline or the step itself has passed: the most overdue one."""
        duties = [(each.at, each.name) for each in self.verdict.deadlines]
        if self.verdict.due is not None:
            duties.append((self.verdict.due, self.words("card.the_step")))
        passed = [(self.verdict.at - at, name) for at, name in duties if self.verdict.at - at > _PATIENCE]
        if not passed:
            return None
        late, name = max(passed)
        fact = self.words("card.late", name=name, late=self.words("span.late", span=self.words.span(late)))
        return self._card("late", -late.total_seconds(), fact, self.view.reason)

    def overdue(self) -> Card | None:
        """The day on which the work should have begun, to be done before the crossing, has passed."""
        found = next((each for each in self.view.crossings if each.overdue and not each.held), None)
        if found is None:
            return None
        grade = self.words(f"grade.{found.grade}")
        body = self.words("card.overdue", grade=grade, date=found.text, lead=self._lead())
        return self._card("late", 1.0, found.start_by, body)

    def unowned(self) -> Card | None:
        """A step is recommended or more, and nobody has it."""
        grade = self.verdict.grade
        if grade is None or grade < Grade.RECOMMENDED or self.view.owner:
            return None
        rule = next(each for each in self.verdict.rules if each.grade == grade)
        since = self.facts.at - rule.first_confirmed if rule.first_confirmed else None
        span = self.words.span(since) if since is not None else ""
        body = [
            self.words("card.grade_since", grade=self.view.grade_word, span=span) if span else "",
            self.words("card.takes", lead=self._lead()) if self._lead() else "",
            self.plan.checkpoints[self.view.name].verdicts[grade].text,
        ]
        return self._card("unowned", -float(grade), self.words("card.no_owner"), " ".join(filter(None, body)))

    def unknown(self) -> Card | None:
        """The verdict, or a higher one, cannot be given: which condition lacks what."""
        if self.verdict.grade is not None and not self.verdict.undecided:
            return None
        lacking = [each for each in self.view.conditions if each.state == "unknown"]
        causes = dict.fromkeys(f"{each.title}: {self._cause(each.signal, each.detail)}" for each in lacking)
        fact = self.words("card.unknown" if self.verdict.grade is None else "card.unknown_higher")
        place = -float(max(self.verdict.undecided, default=Grade.CLEAR))
        return self._card("unknown", place, fact, " ".join([*causes, self.words("card.nothing_assumed")]))

    def _card(self, kind: Kind, place: float, fact: str, body: str) -> Card:
        view, words = self.view, self.words
        return Card(
            kind=kind,
            place=place,
            checkpoint=view.name,
            title=view.title,
            grade=view.grade,
            fact=fact,
            body=body,
            owner=view.owner or words("card.nobody"),
            checklist=words.count("card.checklist", len(view.checklist)) if view.checklist else "",
            track=deadline_track(self.verdict, words) if kind != "unknown" else None,
        )

    def _lead(self) -> str:
        lead = self.plan.checkpoints[self.view.name].lead_time
        return self.words.span(lead) if lead else ""

    def _cause(self, signal: str, detail: str) -> str:
        """Give the signal's failure without its remedy (that stands with the source), else what the data lack."""
        found = self.facts.measurement.signals.get(signal)
        failure = found.failure if found else ""
        return (failure or detail).partition("; ")[0].rstrip(".") + "."
