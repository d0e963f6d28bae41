"""Judge old decisions again from the samples that were known then: the log must replay to the same verdicts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from outgrow.control.needs import query_signals_behind, spans_needed
from outgrow.control.own_load import own_load
from outgrow.decide.checkpoints import case_of, judge
from outgrow.decide.derived import with_derived
from outgrow.decide.spans import Span, reach_back, spans_of
from outgrow.facts.checks import SeriesByLabels
from outgrow.facts.decisions import Decision
from outgrow.facts.samples import Labels, Sample, in_time_order
from outgrow.facts.verdicts import CheckpointState
from outgrow.plan import Plan
from outgrow.plan.checkpoints import rule_hash
from outgrow.plan.grades import Grade
from outgrow.plan.signals import signal_hash
from outgrow.ports import Journal

_OWN_LOAD_BEFORE = timedelta(days=61)


@dataclass(frozen=True, slots=True)
class Replay:
    """A decision judged again: the grade then and now; `skipped` says why it could not be judged again."""

    decision: Decision
    grade: Grade | None
    differs: bool
    skipped: str = ""


async def replay_decisions(plan: Plan, decisions: Sequence[Decision], journal: Journal) -> Sequence[Replay]:
    """Judge each decision again, with the latch that the decision before it left."""
    replays: list[Replay] = []
    for decision in decisions:
        checkpoint = plan.checkpoints.get(decision.checkpoint)
        if checkpoint is None:
            replays.append(Replay(decision, None, differs=False, skipped="the plan has no such checkpoint any more"))
            continue
        if rule_hash(checkpoint, plan.signals) != decision.rule_hash:
            replays.append(Replay(decision, None, differs=False, skipped="the rules have changed since"))
            continue
        state = await _state_before(decision, journal)
        names = tuple(dict.fromkeys(each.signal for each in checkpoint.conditions.values()))
        events = await own_load(
            journal, decision.at - _OWN_LOAD_BEFORE, decision.at, recorded_until=decision.recorded_at
        )
        excluded = spans_of(events, decision.at)
        series = await _known_then(plan, names, decision, journal, excluded)
        shadow = checkpoint.applies_from is not None and not (
            plan.roadmap is not None and plan.roadmap.reached(checkpoint.applies_from)
        )
        case = case_of(decision.checkpoint, checkpoint, plan.signals, shadow=shadow)
        verdict, _ = judge(case, series, decision.at, state, excluded)
        replays.append(Replay(decision, verdict.grade, differs=verdict.grade != decision.grade))
    return replays


async def _state_before(decision: Decision, journal: Journal) -> CheckpointState | None:
    just_before = decision.at - timedelta(microseconds=1)
    earlier = await journal.decisions(checkpoint=decision.checkpoint, end=just_before, newest=1)
    return earlier[-1].state if earlier else None


async def _known_then(
    plan: Plan, names: Sequence[str], decision: Decision, journal: Journal, excluded: Sequence[Span]
) -> Mapping[str, SeriesByLabels]:
    spans = spans_needed(plan, names, timedelta(0))
    read: dict[str, SeriesByLabels] = {}
    for name in dict.fromkeys(below for each in names for below in query_signals_behind(plan.signals, each)):
        window = getattr(plan.signals[name], "window", None) or timedelta(0)
        start: datetime = reach_back(excluded, window, decision.at, spans[name]) - timedelta(minutes=1)
        rows = await journal.samples(
            signal_hash(name, plan.signals), start, decision.at, observed_until=decision.recorded_at
        )
        found: dict[Labels, list[Sample]] = {}
        for key, sample in rows:
            found.setdefault(key.labels, []).append(sample)
        read[name] = {labels: in_time_order(samples) for labels, samples in found.items()}
    return with_derived(plan.signals, read)
