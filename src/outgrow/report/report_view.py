"""The whole report worded: the check's overview, what needs a person, every checkpoint, signal and review in full."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from outgrow.facts.checks import CheckFacts
from outgrow.facts.decisions import Decision, Event
from outgrow.plan import Plan
from outgrow.plan.signals import QuerySignal
from outgrow.plan.sources import zone_of
from outgrow.report.cards import SHOWN, Card, cards
from outgrow.report.chart import Chart
from outgrow.report.check_view import check_view
from outgrow.report.pages import CheckpointPage, checkpoint_page
from outgrow.report.roadmap_view import RoadmapView, roadmap_view
from outgrow.report.signal_chart import signal_chart
from outgrow.report.views import CheckView, SignalView
from outgrow.report.weekly import WeeklyView, next_review, weekly_view
from outgrow.report.words import Words

_GUIDE: Final = ("grades", "unknown", "sustained", "latched", "headroom", "crossing", "due", "charts")


@dataclass(frozen=True, slots=True)
class SignalPage:
    """One signal: its last values (one per label set), its chart, and why there is none where there is none."""

    name: str
    title: str
    description: str
    values: tuple[SignalView, ...]
    chart: Chart | None
    problem: str
    source: str


@dataclass(frozen=True, slots=True)
class SignalGroup:
    """Signals under a title: a dashboard of the plan, or all those that no dashboard shows."""

    title: str
    signals: tuple[SignalPage, ...]


@dataclass(frozen=True, slots=True)
class Fact:
    """One cell of the strip: what it is, the fact, and a second line."""

    name: str
    fact: str
    more: str


@dataclass(frozen=True, slots=True)
class ReportView:
    """Everything that a report says, in one language."""

    check: CheckView
    cards: tuple[Card, ...]
    cards_left: tuple[str, ...]
    strip: tuple[Fact, ...]
    pages: tuple[CheckpointPage, ...]
    groups: tuple[SignalGroup, ...]
    weekly: WeeklyView | None
    guide: tuple[tuple[str, str], ...]
    zone: str
    made: str
    roadmap: RoadmapView | None = None


def report_view(
    plan: Plan,
    facts: CheckFacts,
    language: str,
    *,
    decisions: Sequence[Decision] = (),
    events: Sequence[Event] = (),
    proofs: Sequence[Event] = (),
    made_at: datetime,
) -> ReportView:
    """Word a report.

    Args:
        plan: what was checked.
        facts: what the check found.
        language: en or ko.
        decisions: earlier ones since before the last review, in time order; empty without a journal.
        events: of the time since the last review.
        proofs: of the roadmap's phases, of all times, and the deployments since.
        made_at: when the report is written.
    """
    words = Words(language, zone_of(plan.timezone))
    check = check_view(plan, facts, language)
    roadmap = roadmap_view(plan, [each for each in proofs if each.start <= facts.at], facts.at, words)
    if roadmap is not None and not check.checkpoints:
        check = replace(check, headline=roadmap.headline)
    waiting = cards(plan, facts, check.checkpoints, words)
    guide = _GUIDE if check.checkpoints else ()
    return ReportView(
        check=check,
        cards=waiting[:SHOWN],
        cards_left=tuple(card.title for card in waiting[SHOWN:]),
        strip=tuple(_strip(plan, facts, check, words)),
        pages=tuple(checkpoint_page(plan, facts, view, words) for view in check.checkpoints),
        groups=tuple(_groups(plan, facts, check, words)),
        weekly=weekly_view(plan, facts, check.checkpoints, decisions, events, words),
        guide=tuple((words(f"guide.{key}.title"), words(f"guide.{key}.text")) for key in guide),
        zone=plan.timezone,
        made=words.moment(made_at),
        roadmap=roadmap,
    )


def _strip(plan: Plan, facts: CheckFacts, check: CheckView, words: Words) -> Iterator[Fact]:
    """Give the facts below the overview: phase, signals, alerts, the next review."""
    if plan.roadmap is not None:
        names = [phase.name for phase in plan.roadmap.phases]
        place = names.index(plan.roadmap.current) if plan.roadmap.current in names else 0
        phase = plan.roadmap.phases[place]
        ahead = plan.roadmap.phases[place + 1] if place + 1 < len(names) else None
        yield Fact(
            words("strip.phase", n=place + 1, of=len(names)),
            phase.title or phase.name,
            words("strip.then", phase=ahead.title or ahead.name) if ahead else phase.description,
        )
    signals = facts.measurement.signals
    failing = sum(bool(each.failure) for each in signals.values())
    if signals:
        yield Fact(
            words("strip.signals"),
            words("strip.measured", n=len(signals) - failing, of=len(signals)),
            words.count("strip.failing", failing) if failing else words("strip.none_failing"),
        )
    if check.alerts:
        firing = [each.title for each in check.alerts if each.condition.state == "held"]
        yield Fact(
            words("strip.alerts"),
            words("strip.firing", n=len(firing), of=len(check.alerts)),
            ", ".join(firing) or words("strip.none_firing"),
        )
    if plan.review is not None:
        yield Fact(
            words("strip.next"),
            words("strip.review"),
            words.moment(next_review(plan.review, facts.at, words.zone)),
        )


def _groups(plan: Plan, facts: CheckFacts, check: CheckView, words: Words) -> Iterator[SignalGroup]:
    """Give the plan's dashboards, then the signals that none of them shows."""
    measured = facts.measurement.signals
    for name, dashboard in plan.dashboards.items():
        shown = [each for each in dashboard.signals if each in measured]
        if shown:
            yield SignalGroup(
                dashboard.title or name, tuple(_signal(plan, facts, check, each, words) for each in shown)
            )
    on_dashboards = {each for dashboard in plan.dashboards.values() for each in dashboard.signals}
    others = [name for name in measured if name not in on_dashboards]
    if others:
        title = words("section.other_signals" if plan.dashboards else "section.signals")
        yield SignalGroup(title, tuple(_signal(plan, facts, check, name, words) for name in others))


def _signal(plan: Plan, facts: CheckFacts, check: CheckView, name: str, words: Words) -> SignalPage:
    declared, measured = plan.signals[name], facts.measurement.signals[name]
    values = tuple(each for each in check.signals if each.name == name)
    chart = signal_chart(plan, facts, name, words)
    return SignalPage(
        name=name,
        title=declared.title or name,
        description=declared.description,
        values=values,
        chart=chart,
        problem=measured.failure or next((each.problem for each in values if each.problem), ""),
        source=declared.source if isinstance(declared, QuerySignal) else words("particular.derived_short"),
    )
