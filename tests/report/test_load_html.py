"""The report of a load test: the verdict first, every text in both languages, nothing foreign can break out."""

import json
import re
from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest

from outgrow.decide.comparable import doubts
from outgrow.facts.loads import FAILURES, FlowLoad, LoadFacts, Outcome, Resource, ResourcePoint, Saturated
from outgrow.facts.proofs import ThresholdResult, ThresholdVerdict
from outgrow.report.html import unbroken
from outgrow.report.load_html import render_load_html
from outgrow.report.load_view import load_view
from outgrow.report.load_words import threshold_value
from outgrow.report.words import Words, texts_of
from tests.report.load_facts import a_run

SEOUL = ZoneInfo("Asia/Seoul")


def page(facts: LoadFacts, language: str = "en") -> str:
    words = Words(language, SEOUL)
    return render_load_html(load_view(facts, words), words)


def headline(facts: LoadFacts) -> str:
    return load_view(facts, texts_of("en")).headline


def test_the_headline_says_what_matters_most():
    calm, full = a_run(30), a_run(40, overload_from=20)

    assert headline(calm).startswith("The target kept up: 95 % of the answers came within")
    assert headline(a_run(30, failing=0.1)).startswith("The target kept up, but 10.9 % of")
    assert headline(full) == "pool was saturated first, after 0:20, at 100 arrivals a second."
    assert headline(replace(full, saturated=())) == "The target fell behind after 0:22."
    assert "too weak" in headline(a_run(30, overload_from=20, too_weak=("late",)))
    silent = replace(calm.whole, statuses={}, response=None, outcomes={Outcome.REFUSED: 5})
    assert headline(replace(calm, whole=silent)).startswith("Nothing was answered")


def test_a_run_that_a_threshold_ended_tells_what_was_due_until_then_and_which_threshold_it_was():
    facts = a_run(10, rate=12)
    whole = replace(facts.whole, outcomes={**facts.whole.outcomes, Outcome.NEVER_STARTED: 480})
    ended = replace(facts, whole=whole, iterations=FlowLoad("", whole.outcomes), interrupted=True, planned_seconds=50.0)
    due = facts.whole.arrivals

    view = load_view(replace(ended, ended_by="p95 < 1 ms"), texts_of("en"))

    assert view.sublines[:2] == (
        f"{due} arrivals in 10 s to http://127.0.0.1:8080.",
        "The threshold p95 < 1 ms ended it early; 50 s were planned.",
    )
    assert f"0 of {due} requests" in [fact.more for fact in view.facts]
    assert view.steps.rows[-1][1] == str(due)
    assert "It was ended early; 50 s were planned." in load_view(ended, texts_of("en")).sublines


def test_the_rate_that_was_due_is_over_the_course_without_the_wait_for_the_last_answers():
    facts = a_run(20, rate=30)
    drained, stopped = (
        replace(facts, seconds=24.0),
        replace(facts, seconds=26.0, planned_seconds=60.0, interrupted=True),
    )

    assert [load_view(each, texts_of("en")).facts[0].more for each in (facts, drained, stopped)] == ["of 30 /s due"] * 3
    assert not list(doubts([facts], [drained], 0))


def test_arrivals_that_were_done_stand_beside_arrivals_that_were_due_however_many_requests_each_asks():
    facts = a_run(20, rate=30)
    of_three = FlowLoad("", {Outcome.DONE: 30 * 20})
    asked = replace(facts.whole, outcomes={Outcome.DONE: 3 * 30 * 20})

    done = load_view(replace(facts, whole=asked, iterations=of_three), texts_of("en")).facts[0]

    assert (done.fact, done.more) == ("30 /s", "of 30 /s due")


def test_of_another_generator_no_connections_are_counted_for_it_does_not_say_how_many():
    facts = replace(a_run(10), generator="k6", connections_highest=0)

    assert [each.more for each in load_view(facts, texts_of("en")).facts if each.name == "In flight, at most"] == [""]


def test_the_charts_share_the_axis_of_the_run_and_say_in_words_what_they_show():
    view = load_view(a_run(90, overload_from=60, failing=0.02), Words("en", SEOUL))
    charts = [view.times, view.arrivals, view.errors, view.generator, *(each.chart for each in view.resources)]

    drawn = [chart for chart in charts if chart is not None]
    assert {(chart.start, chart.end) for chart in drawn} == {(0.0, 90.0)}
    assert all(chart.sentence for chart in drawn)
    assert view.arrivals is not None
    assert [line.name for line in view.arrivals.lines] == ["due", "started", "done", "failed", "dropped"]
    assert view.heat is not None
    assert view.heat[0].value_ticks == view.times.value_ticks if view.times else False


@pytest.mark.parametrize(
    ("value", "limit", "told"),
    [(0.0564, 1.5, "56.4 ms"), (0.0009927, 0.5, "0.993 ms"), (0.5003, 0.5, "500.3 ms"), (0.5, 0.5, "500 ms")],
)
def test_a_time_is_told_in_milliseconds_whatever_its_threshold_was_written_in(value: float, limit: float, told: str):
    found = ThresholdResult("p95", value, "<", limit, "s", ThresholdVerdict.PASSED)
    table = load_view(replace(a_run(5), thresholds=(found,)), texts_of("en")).thresholds

    assert table is not None
    assert table.rows[0][1] == threshold_value(found) == told


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("the last took 89 ms.", "the last took 89~ms."),
        ("95 %는 51.1 ms, 가장 오래 걸린 응답은 89 ms입니다", "95~%는 51.1~ms, 가장 오래 걸린 응답은 89~ms입니다"),
        ("285 arrivals in 25 s to a", "285 arrivals in 25~s to a"),
        ("5 steps, 2 hosts", "5 steps, 2 hosts"),
    ],
)
def test_a_number_and_its_unit_stay_on_one_line(text: str, kept: str):
    assert unbroken(text) == kept.replace("~", "\N{NO-BREAK SPACE}")


def test_a_share_that_was_saturated_is_told_in_percent():
    full = replace(a_run(40, overload_from=20), saturated=(Saturated("cpu{pod=a}", 20.0, 1.0, 0.9, 100.0),))

    (first, *_) = load_view(full, texts_of("en")).saturated

    assert "100 %" in first
    assert "ratio" not in first


@pytest.mark.parametrize(("language", "told"), [("en", "50 % throughout."), ("ko", "줄곧 50 %입니다.")])
def test_what_stayed_the_same_is_told_once(language: str, told: str):
    level = Resource("pool", "ratio", (ResourcePoint(1.0, 0.5), ResourcePoint(3.0, 0.5)))
    (resource,) = load_view(replace(a_run(5), resources={"pool": level}), texts_of(language)).resources

    assert resource.chart is not None
    assert resource.chart.sentence == told


def test_what_was_counted_is_in_the_arrivals_chart_to_the_last_one():
    facts = a_run(90, overload_from=60)
    chart = load_view(facts, texts_of("en")).arrivals

    assert chart is not None
    width = 90 / len(chart.lines[0].points)
    sums = {line.name: sum(value or 0 for _, value in line.points) * width for line in chart.lines}
    assert sums["due"] == pytest.approx(sum(second.due for second in facts.timeline))
    assert sums["done"] == pytest.approx(sum(second.done for second in facts.timeline))


@pytest.mark.parametrize("language", ["en", "ko"])
def test_every_part_stands_in_the_page(language: str):
    text = page(a_run(60, overload_from=40, failing=0.02), language)

    assert all(f'id="{part}"' in text for part in ("verdict", "times", "resources", "steps", "generator"))
    assert text.count("<figure") == 7
    assert "disk" in text
    assert "the server did not answer" in text
    assert "status is 200" in text
    assert text.index("<h1") < text.index("<figure")


def test_every_outcome_has_its_word_in_both_languages():
    for language in ("en", "ko"):
        words = texts_of(language)
        assert len({words(f"load.outcome.{outcome.name.lower()}") for outcome in Outcome}) == len(Outcome)


def test_names_of_the_plan_cannot_break_out_of_the_page():
    hostile = '</script><script>alert(1)</script>"&'
    facts = a_run(20, failing=0.1)
    facts = replace(
        facts,
        scenario=hostile,
        target=hostile,
        notes=(hostile,),
        steps=tuple(replace(step, name=hostile, checks={hostile: (1, 1)}) for step in facts.steps),
        resources={hostile: Resource(hostile, "ms", (ResourcePoint(1.0, 2.0), ResourcePoint(3.0, 4.0)))},
    )

    text = page(facts)

    assert "alert(1)</script>" not in re.sub(r"<script>.*?uPlot.*?</script>", "", text, flags=re.DOTALL)
    for data in re.findall(r'<script type="application/json">(.*?)</script>', text):
        json.loads(data)


@pytest.mark.parametrize(
    "facts",
    [
        replace(a_run(5), timeline=()),
        replace(a_run(5), timeline=(), steps=(), resources={}),
        a_run(1, 10),
        replace(a_run(5), seconds=0.0, timeline=()),
        replace(a_run(5), whole=replace(a_run(5).whole, response=None, outcomes=dict.fromkeys(FAILURES, 3))),
    ],
)
def test_a_run_with_little_to_say_has_a_page_too(facts: LoadFacts):
    assert "<h1" in page(facts)


def test_a_run_of_two_hours_is_no_heavier_than_its_columns():
    short = a_run(240, 10)
    long = replace(
        short,
        seconds=7200.0,
        timeline=tuple(replace(short.timeline[index % 240], at_seconds=index + 1.0) for index in range(7200)),
    )

    assert len(page(long)) < 1.5 * len(page(short))
