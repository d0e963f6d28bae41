"""The live view: everything of the last second at any width, the course with how far it has come, alarms in red."""

import re
from dataclasses import replace
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from outgrow.cli.load_live import LoadLive
from outgrow.cli.load_shown import title_of
from outgrow.plan.scenarios import Scenario
from outgrow.report.words import texts_of
from tests.report.load_facts import a_run


def shown(live: LoadLive, width: int, *, colours: bool = False) -> str:
    into = StringIO()
    Console(file=into, width=width, force_terminal=colours, color_system="standard" if colours else None).print(live)
    return into.getvalue()


def live_of(seconds: int = 90, *, watching: bool = True, language: str = "en", **options) -> LoadLive:
    facts = a_run(seconds, **options)
    live = LoadLive("peak: http://127.0.0.1:8080", 120.0, lambda at: min(at, 60.0), texts_of(language))
    for second in facts.timeline:
        live.told(second)
    if watching:
        live.watched(facts.resources)
    return live


@pytest.mark.parametrize("width", [200, 100, 60, 40, 24])
def test_everything_is_shown_at_any_width(width: int):
    text = shown(live_of(overload_from=60), width)
    words = " ".join(text.split())

    assert max(len(line) for line in text.splitlines()) <= width
    for word in ("1:30 of 2:00", "100 due", "p95", "in flight", "of a core", "pool"):
        assert word.replace(" ", "") in words.replace(" ", "")


def test_the_course_is_drawn_as_it_is_planned_and_the_last_minute_as_it_was():
    lines = shown(live_of(90), 100).splitlines()

    course = next(line for line in lines if line.startswith("course"))
    bars = [each for each in course if each in "▁▂▃▄▅▆▇█"]
    assert bars == sorted(bars)
    assert "planned 60" in course
    spark = next(line for line in lines if line.startswith("done/s"))
    assert sum(each in "▁▂▃▄▅▆▇█" for each in spark) == 60


def test_at_its_end_the_course_tells_what_was_planned_until_then():
    live = LoadLive("peak: http://127.0.0.1:8080", 90.0, lambda at: 100.0 if at < 90 else 0.0, texts_of("en"))
    for second in a_run(90).timeline:
        live.told(second)
    assert "planned 100" in shown(live, 100)


def test_a_share_of_what_is_watched_is_told_in_percent_as_in_reports():
    text = " ".join(shown(live_of(90), 200).split())

    assert re.search(r"cpu\{pod=a\} \d+ %", text)
    assert "ratio" not in text


def test_what_is_wrong_is_red():
    assert "\x1b[1;31m" not in shown(live_of(30, watching=False), 100, colours=True)
    assert "\x1b[1;31m" in shown(live_of(30, failing=0.3), 100, colours=True)
    assert "\x1b[1;31mpool" in shown(live_of(30), 100, colours=True)
    busy = live_of(30)
    busy.told(replace(a_run(1).timeline[0], cpu_share=0.99))
    assert "\x1b[1;31m99% of a core" in shown(busy, 100, colours=True)


def test_a_run_that_has_not_begun_says_so():
    assert "starting" in shown(LoadLive("peak", 10.0, lambda _: 1.0, texts_of("en")), 60)


def test_a_watched_signal_without_a_value_says_so():
    assert "disk no value" in shown(live_of(10), 100)


@pytest.mark.parametrize(
    ("options", "title"), [({}, "peak: http://127.0.0.1:8091"), ({"title": "The busy hour"}, "peak: The busy hour")]
)
def test_a_view_is_headed_by_the_title_or_by_what_the_target_stands_for(options, title):
    written = {"target": "${SHOP_URL:-http://127.0.0.1:8091}", "steps": [{"name": "home"}], "target_rps": 1}
    scenario = Scenario.model_validate({**written, "duration": "1s", **options})

    assert title_of("peak", scenario, Path(), {}) == title
