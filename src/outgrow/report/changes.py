"""What would change a verdict, in sentences: "urgent, if D rises by 12 sessions"."""

from collections.abc import Iterator

from outgrow.decide.explain import Clears, FallsShort, NeedsData, NeedsTicks, NeedsTime, Step, what_would_change
from outgrow.facts.verdicts import CheckpointVerdict
from outgrow.plan import Plan
from outgrow.plan.checkpoints import Checkpoint
from outgrow.quantity import format_in
from outgrow.report.said import said
from outgrow.report.words import Words


def change_texts(plan: Plan, checkpoint: Checkpoint, verdict: CheckpointVerdict, words: Words) -> Iterator[str]:
    """Word each change: the grade that would come or go, and the shortest way there."""
    for change in what_would_change(verdict, checkpoint):
        grade = words(f"grade.{change.grade.word}")
        ways = [
            words("change.together").join(_step(plan, checkpoint, each, words) for each in way) for way in change.ways
        ]
        key = "change.rises" if change.rises else "change.ends"
        yield words(key, grade=grade, ways=words("change.or").join(ways))


def _step(plan: Plan, checkpoint: Checkpoint, step: Step, words: Words) -> str:
    condition = checkpoint.conditions[step.condition]
    unit = plan.signals[condition.signal].measure
    shown_in = condition.threshold.unit

    def amount(value: float) -> str:
        return format_in(value, unit, shown_in)

    match step:
        case FallsShort():
            text = words("change.falls_short", condition=step.condition, amount=amount(step.by))
            if step.ticks is not None:
                return text + " " + words("change.on_ticks", n=step.ticks)
            return f"{text} {words('change.for', span=words.span(step.lasting))}" if step.lasting else text
        case NeedsTime():
            return words("change.needs_time", condition=step.condition, span=words.span(step.more))
        case NeedsTicks():
            return words(
                "change.needs_ticks", condition=step.condition, n=step.more, satisfied=step.satisfied, of=step.of
            )
        case NeedsData():
            key = "change.must_hold" if step.must_hold else "change.must_not_hold"
            return words(key, condition=step.condition, why=said(step.why.partition("; ")[0], words))
        case Clears():
            key = "change.passes_below" if condition.rising else "change.passes_above"
            text = words(key, condition=step.condition, amount=amount(step.at))
            return f"{text} {words('change.for', span=words.span(step.lasting))}" if step.lasting else text
