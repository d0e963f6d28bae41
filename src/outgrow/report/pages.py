"""A checkpoint in full: every condition with its evidence and charts, the rules, and what stands behind the grade."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from outgrow.facts.checks import CheckFacts
from outgrow.facts.samples import Measured
from outgrow.facts.verdicts import CheckpointVerdict, Held, Latch, RuleVerdict
from outgrow.plan import Plan
from outgrow.plan.checkpoints import Checkpoint
from outgrow.plan.signals import QuerySignal, inputs_of, signal_hash
from outgrow.quantity import format_duration, format_number
from outgrow.report.chart import Chart, Table
from outgrow.report.check_view import rule_text
from outgrow.report.columns import Stretch
from outgrow.report.conditions import labels_text, state_of
from outgrow.report.days_chart import days_chart, forecast_of, sentence
from outgrow.report.deadlines import deadline_track, distance
from outgrow.report.recent_chart import recent_chart, recent_span, sample_table
from outgrow.report.rulers import Axis, Ruler, Track, axis, ruler
from outgrow.report.said import said
from outgrow.report.subject import Subject, held_stretches
from outgrow.report.views import CheckpointView, ConditionView, CrossingView
from outgrow.report.words import Words

_LABEL_SETS: Final = 30


@dataclass(frozen=True, slots=True)
class ConditionPage:
    """One condition in full: particulars are pairs of a name and a text; without data there is no chart.

    `outlook` says in words what the chart of days would show, where there is none. `problem` is why it was not read.
    """

    view: ConditionView
    ruler: Ruler | None
    particulars: tuple[tuple[str, str], ...]
    outlook: str
    charts: tuple[Chart, ...]
    label_sets: Table | None
    samples: Table | None
    query: str
    signal_hash: str
    problem: str


@dataclass(frozen=True, slots=True)
class RulePage:
    """One grade: its formula, what it says, since when, and what it brings along."""

    grade: str
    grade_word: str
    formula: str
    state: str
    state_word: str
    in_force: bool
    since: str
    text: str
    brings: tuple[str, ...]
    why: str
    crossing: CrossingView | None


@dataclass(frozen=True, slots=True)
class CheckpointPage:
    """A checkpoint in full."""

    view: CheckpointView
    ruler: Ruler | None
    axis: Axis | None
    track: Track | None
    conditions: tuple[ConditionPage, ...]
    rules: tuple[RulePage, ...]
    rule_hash: str
    latch: str
    lead_time: str


def checkpoint_page(plan: Plan, facts: CheckFacts, view: CheckpointView, words: Words) -> CheckpointPage:
    """Put a checkpoint's page together."""
    verdict, checkpoint = facts.verdicts[view.name], plan.checkpoints[view.name]
    subjects = {
        each.name: Subject(plan, facts, checkpoint.conditions[each.name], verdict.conditions[each.name], words)
        for each in view.conditions
    }
    span = max(recent_span(subject) for subject in subjects.values())
    held = held_stretches(plan, facts, view.name, facts.at - span)
    nearest = view.nearest.headroom if view.nearest else None
    return CheckpointPage(
        view=view,
        ruler=ruler(nearest) if nearest else None,
        axis=axis(view.crossing) if view.crossing else None,
        track=deadline_track(verdict, words),
        conditions=tuple(
            _condition_page(subjects[each.name], view.name, each, held.get(each.name, ())) for each in view.conditions
        ),
        rules=tuple(_rules(checkpoint, verdict, view, words)),
        rule_hash=verdict.rule_hash,
        latch={Latch.NONE: words("verdict.unlatched"), Latch.RULES_CHANGED: words("verdict.new_rules")}.get(
            verdict.latch, ""
        ),
        lead_time=words.span(checkpoint.lead_time) if checkpoint.lead_time else "",
    )


def _condition_page(subject: Subject, checkpoint: str, view: ConditionView, held: Sequence[Stretch]) -> ConditionPage:
    trend = subject.facts.trends.get(checkpoint, {}).get(view.name)
    series = trend.series if trend else ()
    found = forecast_of(subject, series)
    recent, days = recent_chart(subject, held), days_chart(subject, series)
    window = subject.series.get(subject.deciding, ())
    measured = subject.facts.measurement.signals.get(subject.condition.signal)
    return ConditionPage(
        view=view,
        ruler=ruler(view.headroom) if view.headroom else None,
        particulars=tuple(_particulars(subject, view)),
        outlook=sentence(subject, found[1]) if found and days is None else "",
        charts=tuple(chart for chart in (recent, days) if chart is not None),
        label_sets=_label_sets(subject),
        samples=sample_table(subject, window) if recent is None and window else None,
        query=view.query or _read(subject),
        signal_hash=signal_hash(subject.condition.signal, subject.plan.signals),
        problem=measured.failure if measured else "",
    )


def _particulars(subject: Subject, view: ConditionView) -> Iterator[tuple[str, str]]:
    """Give what a reader would ask next, each with its name."""
    words, condition = subject.words, subject.condition
    if view.headroom is not None:
        yield words("particular.value"), f"{view.headroom.value} ({view.headroom.age})"
    yield words("particular.threshold"), view.statement
    if condition.leaves_at is not None:
        key = "particular.leaves_below" if condition.rising else "particular.leaves_above"
        yield words("particular.leaves"), words(key, threshold=condition.leaves_at.text)
    measured = subject.facts.measurement.signals.get(condition.signal)
    if view.detail and not (measured and measured.failure):
        yield words("particular.standing"), view.detail
    if view.coverage:
        yield words("particular.coverage"), view.coverage
    last = _last_rows(subject)
    if last:
        yield words("particular.rows"), last
    if view.labels:
        yield words("particular.deciding"), f"{view.labels} ({condition.across})"
    yield words("particular.signal"), _signal_text(subject)
    if measured is not None and measured.no_past:
        yield words("particular.past"), said(measured.no_past, words)


def _last_rows(subject: Subject) -> str:
    samples = subject.series.get(subject.deciding, ())
    last = next((each for each in reversed(samples) if isinstance(each, Measured)), None)
    if last is None or last.n is None:
        return ""
    rows = format_number(last.n)
    if subject.terms.min_n:
        return subject.words("particular.rows_needed", rows=rows, needed=format_number(subject.terms.min_n))
    return rows


def _signal_text(subject: Subject) -> str:
    words, name = subject.words, subject.condition.signal
    signal = subject.plan.signals[name]
    every = format_duration(signal.every)
    if not isinstance(signal, QuerySignal):
        return words("particular.derived", signal=name, inputs=", ".join(inputs_of(signal)), every=every)
    source = (
        f"{signal.source} ({subject.plan.sources[signal.source].kind})"
        if signal.source in subject.plan.sources
        else signal.source
    )
    if signal.window is None:
        return words("particular.read", signal=name, source=source, every=every)
    return words(
        "particular.read_window", signal=name, source=source, every=every, window=format_duration(signal.window)
    )


def _read(subject: Subject) -> str:
    """Give what is read where that is no query: the options of the read, one a line."""
    signal = subject.plan.signals[subject.condition.signal]
    if not isinstance(signal, QuerySignal):
        return ""
    options = signal.read.model_dump(mode="json", exclude_defaults=True)
    return "\n".join(f"{name}: {value}" for name, value in options.items())


def _label_sets(subject: Subject) -> Table | None:
    """Give every label set with its state and value, those that hold first; None without labels."""
    series = [each for each in subject.verdict.series if each.labels]
    if not series:
        return None
    words = subject.words
    ranked = sorted(series, key=lambda each: not isinstance(each.holding, Held))
    rows = [
        (
            labels_text(each.labels),
            words(f"state.{state_of(each.holding)}"),
            subject.shown(each.last.value) if isinstance(each.last, Measured) else "–",
        )
        for each in ranked[:_LABEL_SETS]
    ]
    left = len(series) - len(rows)
    return Table(
        title=words("chart.label_sets"),
        heads=(words("table.series"), words("table.state"), words("table.value")),
        rows=tuple(rows),
        left_out=words("chart.more_series", n=left) if left else "",
    )


def _rules(
    checkpoint: Checkpoint, verdict: CheckpointVerdict, view: CheckpointView, words: Words
) -> Iterator[RulePage]:
    crossings = {each.grade: each for each in view.crossings}
    for rule in verdict.rules:
        declared = checkpoint.verdicts[rule.grade]
        state = "unknown" if rule.decided is None else "held" if rule.decided else "not_held"
        yield RulePage(
            grade=rule.grade.word,
            grade_word=words(f"grade.{rule.grade.word}"),
            formula=rule_text(declared, words),
            state=state,
            state_word=words("state.latched") if rule.latched and rule.decided is None else words(f"state.{state}"),
            in_force=rule.in_force,
            since=_since(rule, verdict, words),
            text=declared.text,
            brings=tuple(_brings(rule, verdict, words)),
            why=said(rule.why, words),
            crossing=crossings.get(rule.grade.word),
        )


def _since(rule: RuleVerdict, verdict: CheckpointVerdict, words: Words) -> str:
    """Word how long the present answer has stood; nothing where it is as old as this check."""
    if rule.since is None or verdict.at - rule.since < timedelta(minutes=1):
        return ""
    return words("verdict.since", span=words.span(verdict.at - rule.since))


def _brings(rule: RuleVerdict, verdict: CheckpointVerdict, words: Words) -> Iterator[str]:
    """Word what a grade in force brings along: deadlines, the step's due date, a review."""
    duties = [(each.at, each.name) for each in verdict.deadlines if each.grade == rule.grade]
    if rule.due is not None and rule.in_force:
        duties.append((rule.due, words("card.the_step")))
    for at, name in sorted(duties):
        yield f"{name}: {words.moment(at)} ({distance(at, verdict.at, words)})"
    if rule.review is not None:
        yield words("due.review", date=words.moment(rule.review))
