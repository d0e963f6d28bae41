"""One check worded: facts and plan in, views out."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from outgrow.decide.levels import band
from outgrow.facts.checks import CheckFacts, SignalFacts
from outgrow.facts.samples import Measured, Missing, Sample
from outgrow.facts.verdicts import CheckpointVerdict
from outgrow.plan import Plan
from outgrow.plan.checkpoints import Checkpoint, Rule
from outgrow.plan.sources import zone_of
from outgrow.quantity import format_in
from outgrow.report.changes import change_texts
from outgrow.report.conditions import condition_view, labels_text, reason_of
from outgrow.report.crossings import crossing_views, due_view, next_crossing
from outgrow.report.said import said
from outgrow.report.sparks import last_hours
from outgrow.report.views import (
    AlertView,
    CheckpointView,
    CheckView,
    ConditionView,
    LevelView,
    SignalView,
    SourceView,
)
from outgrow.report.words import Words

# Worst first; what cannot be judged stands before what is merely recommended, since it may be anything.
_ORDER = {"emergency": 0, "urgent": 1, "required": 2, "unknown": 3, "recommended": 4, "monitor": 5, "clear": 6}


def check_view(plan: Plan, facts: CheckFacts, language: str = "en") -> CheckView:
    """Word a check in a language, worst checkpoint first."""
    words = Words(language, zone_of(plan.timezone))
    checkpoints = sorted(
        (_checkpoint(plan, name, verdict, facts, words) for name, verdict in facts.verdicts.items()), key=_severity
    )
    return CheckView(
        plan=plan.name,
        title=plan.title or plan.name,
        at=facts.at,
        at_text=words.moment(facts.at),
        language=language,
        headline=_headline(checkpoints, words),
        sublines=(*_open_spans(facts, words), *_sublines(checkpoints, words)),
        checkpoints=tuple(checkpoints),
        signals=tuple(_signals(plan, facts, words)),
        levels=tuple(_levels(plan, facts, words)),
        alerts=tuple(_alerts(plan, facts, words)),
        sources=tuple(_sources(facts, words)),
        notes=tuple(_notes(facts, words)),
        dashboards={name: each.signals for name, each in plan.dashboards.items()},
        agenda=plan.review.agenda if plan.review else (),
    )


def _severity(view: CheckpointView) -> tuple[bool, int, float, str]:
    start = view.crossing.start_days if view.crossing and view.crossing.start_days is not None else float("inf")
    return (view.shadow, _ORDER[view.grade], start, view.name)


def _checkpoint(plan: Plan, name: str, verdict: CheckpointVerdict, facts: CheckFacts, words: Words) -> CheckpointView:
    checkpoint = plan.checkpoints[name]
    conditions = tuple(
        replace(
            condition_view(plan, each, checkpoint.conditions[letter], facts.at, words),
            hours=last_hours(facts.measurement.signals[each.signal].series.get(each.deciding, ()), facts.at),
        )
        for letter, each in verdict.conditions.items()
    )
    grade = verdict.grade.word if verdict.grade is not None else "unknown"
    crossings = crossing_views(verdict, facts.forecasts.get(name), words)
    return CheckpointView(
        name=name,
        title=checkpoint.title or name,
        description=checkpoint.description,
        grade=grade,
        grade_word=words(f"grade.{grade}"),
        note=_note(verdict, checkpoint, words),
        reason=_reason(verdict, checkpoint, facts.at, words),
        holds=_holds(conditions, words),
        conditions=conditions,
        nearest=_nearest(conditions),
        crossing=next_crossing(verdict, crossings),
        crossings=crossings,
        due=due_view(verdict, words),
        changes=tuple(change_texts(plan, checkpoint, verdict, words)),
        checklist=checkpoint.checklist,
        measures=checkpoint.measures,
        options=tuple((each.title, each.effect, each.cost) for each in checkpoint.options),
        owner=checkpoint.owner,
        shadow=verdict.shadow,
        rules=tuple(
            (
                words(f"grade.{rule.grade.word}"),
                rule_text(checkpoint.verdicts[rule.grade], words),
                words(f"state.{'unknown' if rule.decided is None else 'held' if rule.decided else 'not_held'}"),
            )
            for rule in verdict.rules
        ),
    )


def rule_text(rule: Rule, words: Words) -> str:
    """Show a rule as a formula over condition names: `A + B + (C or D)`."""
    parts = [member if isinstance(member, str) else f"({rule_text(member, words)})" for member in rule.members]
    if rule.all is not None:
        return " + ".join(parts)
    if rule.any is not None:
        return words("rule.or").join(parts)
    names = ", ".join(parts)
    if rule.none is not None:
        return words("rule.none", names=names)
    return words("rule.at_least_of", n=rule.at_least_of.n if rule.at_least_of else 0, names=names)


def _note(verdict: CheckpointVerdict, checkpoint: Checkpoint, words: Words) -> str:
    """Say what qualifies the grade: undecided higher grades, a latch, the shadow."""
    notes: list[str] = []
    if verdict.undecided:
        grades = ", ".join(words(f"grade.{grade.word}") for grade in verdict.undecided)
        why = next((rule.why for rule in verdict.rules if rule.grade in verdict.undecided and rule.why), "")
        # The remedy stands with the source; here the cause is enough.
        notes.append(words("verdict.undecided", grades=grades, why=said(why.partition("; ")[0], words)))
    shown = next((rule for rule in verdict.rules if rule.grade == verdict.grade), None)
    if shown is not None and shown.latched and shown.unknown_since is not None:
        notes.append(words("verdict.latched", since=words.moment(shown.unknown_since)))
    if verdict.shadow and checkpoint.applies_from:
        notes.append(words("verdict.shadow", phase=checkpoint.applies_from))
    return "; ".join(notes)


def _reason(verdict: CheckpointVerdict, checkpoint: Checkpoint, now: datetime, words: Words) -> str:
    shown = next((rule for rule in verdict.rules if rule.grade == verdict.grade), None)
    if shown is not None and shown.in_force:
        text = checkpoint.verdicts[shown.grade].text or checkpoint.description
        since = words("verdict.since", span=words.span(now - shown.first_confirmed)) if shown.first_confirmed else ""
        return " – ".join(
            part for part in (f"{rule_text(checkpoint.verdicts[shown.grade], words)} {since}".strip(), text) if part
        )
    return checkpoint.description


def _holds(conditions: Iterable[ConditionView], words: Words) -> str:
    states = [each.state for each in conditions]
    key = "verdict.holds_unknown" if "unknown" in states else "verdict.holds"
    return words(key, held=states.count("held"), n=len(states), unknown=states.count("unknown"))


def _nearest(conditions: Iterable[ConditionView]) -> ConditionView | None:
    """The condition nearest to changing the verdict: the one not held with least left, else the one furthest over."""
    measured = [each for each in conditions if each.headroom is not None and each.headroom.used is not None]
    open_ones = [each for each in measured if each.state != "held"]
    if open_ones:
        return max(open_ones, key=_used)
    return max(measured, key=_used, default=None)


def _used(view: ConditionView) -> float:
    return view.headroom.used or 0.0 if view.headroom else 0.0


def _headline(checkpoints: list[CheckpointView], words: Words) -> str:
    counted = [each for each in checkpoints if not each.shadow]
    if not counted:
        return words("headline.none" if not checkpoints else "headline.clear")
    worst = counted[0]
    if _ORDER[worst.grade] <= _ORDER["required"]:
        key = "headline.grade_late" if worst.due.late else "headline.grade"
        return words(key, checkpoint=worst.title, grade=worst.grade_word, late=worst.due.text)
    grades = {each.grade for each in counted}
    if grades <= {"clear", "unknown"}:
        return words("headline.clear_unknown" if "unknown" in grades else "headline.clear")
    named = next(each for each in counted if each.grade not in {"unknown", "clear"})
    return words("headline.grade", checkpoint=named.title, grade=named.grade_word, late="")


def _open_spans(facts: CheckFacts, words: Words) -> Iterable[str]:
    """A span of own load that nobody closes freezes every verdict: that stands first."""
    for event in facts.events:
        if event.end is None:
            kind = event.kind.value
            yield words(
                "subline.own_load_open",
                kind=words(f"own_load.{kind}"),
                since=words.moment(event.start),
                span=words.span(facts.at - event.start),
                command=f"outgrow mark {kind.replace('_', '-')} --close",
            )


def _sublines(checkpoints: list[CheckpointView], words: Words) -> Iterable[str]:
    counted = [each for each in checkpoints if not each.shadow]
    waiting = sum(_ORDER[each.grade] <= _ORDER["required"] for each in counted)
    if waiting:
        yield words.count("subline.waiting", waiting)
    unknown = sum(each.grade == "unknown" or bool(each.note) for each in counted)
    if unknown:
        yield words.count("subline.unknown", unknown)
    ahead = [each for each in counted if each.crossing and not each.crossing.held and each.crossing.days is not None]
    if ahead:
        first = min(ahead, key=lambda each: (each.crossing.days or 0.0) if each.crossing else 0.0)
        if first.crossing is not None:
            grade = words(f"grade.{first.crossing.grade}")
            yield words("subline.next", condition=f"{first.title} ({grade})", date=first.crossing.text)


def _signals(plan: Plan, facts: CheckFacts, words: Words) -> Iterable[SignalView]:
    for name, signal in facts.measurement.signals.items():
        declared = plan.signals[name]
        bands = {each.signal: each for each in plan.levels.values()}
        for labels, samples in signal.series.items() or [((), ())]:
            last = _last_value(samples)
            level = bands.get(name)
            lies_in = band(level, last.value, declared.measure) if level and last else None
            yield SignalView(
                name=name,
                title=declared.title or name,
                unit=declared.unit,
                value=format_in(last.value, declared.measure) if last else words("condition.no_data"),
                age=words.ago(last.at, facts.at) if last else "",
                labels=labels,
                points=tuple((each.at, each.value if isinstance(each, Measured) else None) for each in samples),
                band=lies_in.value if lies_in else "",
                band_word=words(f"band.{lies_in.value}") if lies_in else "",
                problem=_problem(signal, samples, words),
            )


def _problem(signal: SignalFacts, samples: Sequence[Sample], words: Words) -> str:
    if signal.failure:
        return signal.failure
    last = samples[-1] if samples else None
    return reason_of(last, words) if isinstance(last, Missing) else ""


def _is_measured(signal: SignalFacts, words: Words) -> bool:
    return any(not _problem(signal, samples, words) for samples in signal.series.values())


def _last_value(samples: Sequence[Sample]) -> Measured | None:
    return next((each for each in reversed(samples) if isinstance(each, Measured)), None)


def _levels(plan: Plan, facts: CheckFacts, words: Words) -> Iterable[LevelView]:
    for name, level in plan.levels.items():
        signal = facts.measurement.signals.get(level.signal)
        if signal is None:
            continue  # only some checkpoints were asked for
        unit = plan.signals[level.signal].measure
        for labels, samples in signal.series.items() or [((), ())]:
            last = samples[-1] if samples else None
            lies_in = band(level, last.value, unit) if isinstance(last, Measured) else None
            title = level.title or name
            yield LevelView(
                name=name,
                title=f"{title} ({labels_text(labels)})" if labels else title,
                value=format_in(last.value, unit, level.target.unit)
                if isinstance(last, Measured)
                else words("condition.no_data"),
                band=lies_in.value if lies_in else "unknown",
                band_word=words(f"band.{lies_in.value}") if lies_in else words("grade.unknown"),
                figures=f"{level.target.text} / {level.warning.text} / {level.danger.text}",
            )


def _alerts(plan: Plan, facts: CheckFacts, words: Words) -> Iterable[AlertView]:
    for name, alert in facts.alerts.items():
        declared = plan.alerts[name]
        view = condition_view(plan, alert.verdict, declared.condition, facts.at, words)
        yield AlertView(name, declared.title or name, declared.severity, view)


def _sources(facts: CheckFacts, words: Words) -> Iterable[SourceView]:
    for source in facts.measurement.sources.values():
        yield SourceView(source.name, source.kind, source.signals, words.span(source.took), source.failures)


def _notes(facts: CheckFacts, words: Words) -> Iterable[str]:
    measurement = facts.measurement
    took = f"{measurement.took.total_seconds():.1f} s"
    if measurement.sources or measurement.signals:
        asked, measured = (
            len(measurement.signals),
            sum(_is_measured(each, words) for each in measurement.signals.values()),
        )
        of = {"signals": asked, "sources": len(measurement.sources), "took": took}
        yield words("note.took", **of) if measured == asked else words("note.took_some", n=measured, **of)
    if facts.events:
        yield words.count("note.own_load", len(facts.events))
    for source in measurement.sources.values():
        if source.clock_skew is not None and abs(source.clock_skew) > timedelta(seconds=2):
            yield words("note.clock_skew", source=source.name, skew=words.span(source.clock_skew))
        for note in source.notes:
            yield f"{source.name}: {said(note, words)}"
    for signal in measurement.signals.values():
        for note in signal.notes:
            yield f"{signal.name}: {said(note, words)}"
    yield words("note.journal", journal=facts.journal) if facts.journal else words("note.no_journal")
    yield from (said(note, words) for note in facts.notes)
