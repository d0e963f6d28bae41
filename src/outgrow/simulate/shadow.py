"""A policy held against the replica counts of the live control: where the two differ, and what that costs either."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from outgrow.simulate.appraisal import Appraisal, appraise
from outgrow.simulate.rehearsal import Rehearsal
from outgrow.simulate.timeline import Timeline

_LONGEST: Final = 5


@dataclass(frozen=True, slots=True)
class Span:
    """Steps in which the two differ the same way, at most by `most` replicas; ours above theirs where it is positive.

    `start` is the first step, `rule` what had the last word of ours where they came to differ.
    """

    start: int
    steps: int
    most: int
    rule: str


@dataclass(frozen=True, slots=True)
class Shadow:
    """What the comparison found over the steps in which the live count is known and that are scored.

    `live` judges the live counts as ready replicas of the same service, where every step is known from some step on.
    """

    compared_steps: int
    same_steps: int
    ours_replica_hours: float
    live_replica_hours: float
    spans: tuple[Span, ...]
    live: Appraisal | None

    @property
    def agreement(self) -> float:
        """The share of steps in which both have the same number."""
        return self.same_steps / self.compared_steps if self.compared_steps else 0.0


def shadow(found: Rehearsal, counts: Sequence[float | None]) -> Shadow:
    """Hold the policy's ready replicas against the live counts, step by step.

    Args:
        found: the rehearsal; with decisions kept, spans name the rule behind them.
        counts: one for every step, None where the live count is not known.
    """
    timeline = found.policy.timeline
    skipped = -(-found.setting.terms.warm_up_seconds // timeline.step_seconds)
    spans: list[Span] = []
    compared = same = ours = theirs = 0
    open_span: Span | None = None
    for step in range(skipped, len(counts)):
        count = counts[step]
        difference = 0 if count is None else timeline.ready[step] - round(count)
        if count is not None:
            compared += 1
            same += difference == 0
            ours += timeline.ready[step]
            theirs += round(count)
        open_span = _continued(open_span, spans, step, difference, timeline)
    if open_span is not None:
        spans.append(open_span)
    hours = timeline.step_seconds / 3600
    largest = sorted(spans, key=lambda span: abs(span.most) * span.steps, reverse=True)[:_LONGEST]
    return Shadow(compared, same, ours * hours, theirs * hours, tuple(largest), _live(found, counts))


def _continued(span: Span | None, spans: list[Span], step: int, difference: int, timeline: Timeline) -> Span | None:
    """Lengthen the open span, or close it and open the next one."""
    if span is not None and difference and (difference > 0) == (span.most > 0):
        return Span(span.start, span.steps + 1, max(span.most, difference, key=abs), span.rule)
    if span is not None:
        spans.append(span)
    if not difference:
        return None
    return Span(step, 1, difference, timeline.decisions[step].rule.value if timeline.decisions else "")


def _live(found: Rehearsal, counts: Sequence[float | None]) -> Appraisal | None:
    skipped = -(-found.setting.terms.warm_up_seconds // found.setting.service.step_seconds)
    known = [round(each) for each in counts[skipped:] if each is not None]
    if len(known) != len(counts) - skipped:
        return None
    before = [round(each or 0) for each in counts[:skipped]]
    ready = (*before, *known)
    timeline = Timeline(found.setting.service.step_seconds, found.policy.timeline.needed, ready, ready)
    return appraise(timeline, found.setting.service, found.totals, found.setting.terms)
