"""The roadmap on a report: the baseline first, then each phase, where it stands, since when, by what evidence."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from outgrow.facts.decisions import Event, EventKind
from outgrow.plan.sources import zone_of
from outgrow.report.html import render_html
from outgrow.report.markdown import render_markdown
from outgrow.report.report_view import ReportView
from outgrow.report.roadmap_view import PhaseView, RoadmapView, roadmap_view
from outgrow.report.words import Words
from tests.report.conftest import Checked
from tests.report.facts import AT, proof_events

Views = Callable[[str], ReportView]


def roadmap(checked: Checked, events: list[Event], language: str = "en") -> RoadmapView:
    plan, _ = checked
    view = roadmap_view(plan, events, AT, Words(language, zone_of(plan.timezone)))
    assert view is not None
    return view


def phase(view: RoadmapView, name: str) -> PhaseView:
    return next(each for each in view.phases if each.name == name)


def test_phases_come_in_order_after_the_baseline(a_check: Checked) -> None:
    view = roadmap(a_check, proof_events(a_check[0]))

    assert [(each.name, each.state) for each in view.phases] == [
        ("baseline", "recorded"),
        ("v1", "no_verify"),
        ("v1-split", "proven"),
        ("h2", "out_of_date"),
        ("h3", "not_proven"),
        ("h4", "never_run"),
    ]
    assert view.headline == "1 of 4 phases with goals proven. One proof is out of date."
    assert [each.name for each in view.phases if each.current] == ["v1"]


def test_a_proven_phase_says_when_by_which_run_and_what_was_measured(a_check: Checked) -> None:
    split = phase(roadmap(a_check, proof_events(a_check[0])), "v1-split")

    assert split.at == "18 Nov 16:15"
    assert [(goal.text, goal.measured, goal.verdict) for goal in split.goals] == [
        ("rps >= 90", "91.8 rps", "passed"),
        ("p95 < 2 s", "1,680 ms", "passed"),
        ("errors < 1 %", "0.1 %", "passed"),
    ]
    (run,) = split.runs
    assert run.text == "18 Nov 16:10, 5 min: 30,000 arrivals to http://127.0.0.1:8000, 3 failed, p95 420 ms"
    assert dict(split.provenance) == {
        "Version": "2026.11-rc1",
        "Plan": "0123456789ab",
        "Load from": "Linux x86_64, 2 cores, Python 3.12.3",
        "Measured by": "outgrow 0.1.0",
    }
    assert split.command == ""


def test_a_phase_that_does_not_stand_says_why_and_what_would_prove_it(a_check: Checked) -> None:
    view = roadmap(a_check, proof_events(a_check[0]))
    old, failed, never = (phase(view, name) for name in ("h2", "h3", "h4"))

    assert old.why == "it is older than 30 d"
    assert [(goal.verdict, goal.why) for goal in failed.goals] == [("passed", ""), ("failed", "first after 1:02")]
    assert dict(failed.provenance)["Plan"] == "0123456789ab, with changes that were not committed"
    assert [(goal.text, goal.measured, goal.verdict) for goal in never.goals] == [("rps >= 100", "–", "")]
    assert [each.command for each in (old, failed, never)] == [
        "outgrow verify h2",
        "outgrow verify h3",
        "outgrow verify h4",
    ]


def test_without_a_journal_nothing_is_proven_and_a_proof_that_cannot_be_read_is_only_named(a_check: Checked) -> None:
    nothing = roadmap(a_check, [])
    plan, _ = a_check
    proven = next(each for each in proof_events(plan) if each.subject == "v1-split")
    cut = replace(proven, detail={key: proven.detail[key] for key in ("verdict", "plan_hash", "policy_hash")})

    assert nothing.headline == "0 of 4 phases with goals proven."
    assert phase(nothing, "baseline").command == "outgrow verify --baseline"
    found = phase(roadmap(a_check, [cut]), "v1-split")
    assert (found.state, found.runs, found.provenance) == ("proven", (), ())


def test_a_deployment_after_a_proof_is_said(a_check: Checked) -> None:
    deployed = Event(EventKind.DEPLOYMENT, AT - timedelta(days=1, hours=1), None, AT)

    view = roadmap(a_check, [*proof_events(a_check[0]), deployed])

    assert phase(view, "v1-split").why == "something was deployed since"


def test_the_page_and_the_markdown_show_it_in_both_languages(views: Views) -> None:
    for language, proven, why in (("en", "proven", "it is older than 30 d"), ("ko", "증명됨", "30일이 지남")):
        for text in (render_html(views(language)), render_markdown(views(language))):
            assert proven in text
            assert why in text
            assert "H4 <b>" not in text
            assert "91.8 rps" in text
