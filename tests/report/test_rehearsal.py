"""A rehearsal in words and charts: what is perfect reads so, and replicas are drawn as the steps that they are."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from outgrow.report.rehearsal_charts import replicas_chart, scatter, staircases
from outgrow.report.rehearsal_html import render_rehearsal
from outgrow.report.rehearsal_view import rehearsal_view
from outgrow.report.words import texts_of
from outgrow.simulate.appraisal import Terms
from outgrow.simulate.rehearsal import Part, Rehearsal, Setting, rehearsal
from tests.simulate.given import CAPACITY, hpa, service, trace

WAVE = [3 + 5 * (minute % 40 > 25) for minute in range(240)]


def rehearsed(percent: int, loads: list[int], objective: float | None = None) -> Rehearsal:
    setting = Setting(service(), trace(*loads), Terms(0, objective))
    return rehearsal("web", {"web": hpa(percent, kind="external", behavior={"up": {"tolerance": 0}})}, setting)


@pytest.mark.parametrize(
    ("percent", "loads", "headline", "lead"),
    [
        (100, [3] * 60, "web serves everything at the least possible cost.", "HPA 95 % serves everything too."),
        (50, [3] * 60, "web serves everything and costs 1.98 times the least possible.", "serves everything too."),
        (100, WAVE, "less than serving everything would at best.", "Too few replicas were ready for"),
        (90, WAVE, "of the demand unserved and costs 1.18", "Too few replicas were ready for"),
    ],
)
def test_the_headline_says_what_the_policy_leaves_and_costs(percent, loads, headline, lead):
    view = rehearsal_view(rehearsed(percent, loads), "web", (), texts_of("en"))
    assert headline in view.headline
    assert " 1 times" not in view.headline
    assert lead in " ".join(view.lead)


def test_policies_at_one_place_share_one_label_that_names_them_all():
    dots = scatter(rehearsed(100, [3] * 60), texts_of("en")).dots
    labelled = [each for each in dots if each.label]
    assert len({(each.left, each.top) for each in labelled}) == len(labelled)
    assert dots[-1].label.startswith("web, budget oracle, feasible oracle")


def test_a_page_without_the_curve_shows_it_neither_as_rows_nor_as_points():
    found = rehearsed(70, WAVE)
    whole, without = (render_rehearsal(found, "web", (), texts_of("en"), curve=each) for each in (True, False))
    assert '<tr class="curve">' in whole
    assert '<g class="curve">' in whole
    assert '"curve"' not in without


def test_replicas_stand_on_an_axis_of_whole_numbers_from_none():
    found = rehearsed(100, [3] * 60)
    texts = [text for _, text in replicas_chart(found, found.policy, texts_of("en")).value_ticks]
    assert texts == [str(each) for each in range(len(texts))]


def test_where_nothing_is_wrong_nothing_is_counted():
    view = rehearsal_view(rehearsed(100, [3] * 60, 0.5), "web", (), texts_of("en"))
    told = " ".join((*view.lead, *view.notes))
    assert "Enough replicas were ready throughout the 1 h." in told
    assert "The p95 is estimated never to exceed 500 ms." in told
    assert "The budget oracle may leave nothing unserved either" in told
    assert " 0 " not in told


def test_minutes_above_the_objective_are_told_with_the_longest_stretch():
    several = rehearsal_view(rehearsed(95, WAVE, 0.5), "web", (), texts_of("en"))
    once = rehearsal_view(rehearsed(95, [3] * 30 + [8] * 60, 0.5), "web", (), texts_of("en"))
    assert "at the longest stretch" in several.lead[-1]
    assert "all at a stretch" in once.lead[-1]


def test_the_traffic_is_told_at_a_glance():
    found = rehearsed(70, [2, 3, 7, 4])
    gaps = replace(found, setting=replace(found.setting, recorded=found.setting.trace.recorded(missing=2)))
    told = [rehearsal_view(each, "web", (), texts_of("en")).setting[0] for each in (found, gaps)]
    assert told == [
        f"Traffic of 4 min, a number every 1 min, {said}: {4 * CAPACITY} requests/s on average, {7 * CAPACITY} at the "
        "peak (1 Jan 00:02)."
        for said in ("none missing", "2 of 4 missing and filled in")
    ]
    assert found.setting.trace.recorded().peak_at == datetime(2000, 1, 1, 0, 2, tzinfo=UTC)


# --- charts ---


def test_replicas_are_level_until_they_change():
    one, other = staircases([[2, 2, 5], [1, 4, 4]], 600.0, 60)
    assert [at for at, _ in one] == [at for at, _ in other] == [600, 659, 660, 719, 720, 780]
    assert [value for _, value in one] == [2, 2, 2, 2, 5, 5]
    assert [value for _, value in other] == [1, 1, 4, 4, 4, 4]


def test_of_more_steps_than_pixels_every_line_keeps_its_peaks_and_all_have_one_time():
    needed = [3 + (index == 7_001) * 9 for index in range(20_000)]
    ready = [5 - (index == 12_345) * 4 for index in range(20_000)]
    one, other = staircases([needed, ready], 0.0, 15)
    assert len(one) < 6_000
    assert [at for at, _ in one] == [at for at, _ in other]
    assert (7_001 * 15.0, 12.0) in one
    assert (12_345 * 15.0, 1.0) in other


def test_a_decision_is_told_with_what_it_would_have_been():
    setting = Setting(service(), trace(*WAVE), Terms())
    found = rehearsal("web", {"web": hpa(max=6)}, setting, explained=True)
    notes = [text for _, text in replicas_chart(found, found.policy, texts_of("en")).notes]
    assert any("→ 6 by the maximum; without the " in each for each in notes)


def test_the_policy_lies_on_top_and_the_ends_of_the_curve_have_names():
    found = scatter(rehearsed(70, WAVE), texts_of("en"))
    assert found.dots[-1].part is Part.POLICY
    assert {each.name for each in found.dots if each.label and each.part is Part.CURVE} == {"HPA 40 %", "HPA 95 %"}
