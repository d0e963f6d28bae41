"""The page: whole, safe, in need of nothing from anywhere, and complete without script."""

import asyncio
import json
import re
from base64 import b64encode
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from html.parser import HTMLParser

import pytest

from outgrow.api import check_plan
from outgrow.report import html
from outgrow.report.html import browser_scripts, chart_json, render_html
from outgrow.report.report_view import ReportView, report_view
from outgrow.wiring import read_plan
from tests.report.conftest import Checked
from tests.report.facts import AT, HISTORY

Views = Callable[[str], ReportView]
VOID = {"meta", "link", "br", "img", "input", "hr", "area", "base", "col", "embed", "source", "track", "wbr"}
ATTACK = "</script><script>alert(1)</script><img src=x onerror=alert(2)>\"'`{{ 7 * 7 }}"


class Page(HTMLParser):
    """A page taken apart: its elements in order, what stands inside some of them, and tags that do not close."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.inside: dict[str, list[str]] = {"script": [], "style": [], "h1": [], "code": []}
        self.open: list[str] = []
        self.unbalanced: list[str] = []
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag in self.inside:
            self.inside[tag].append("")
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.unbalanced.append(tag)

    def handle_data(self, data: str) -> None:
        for tag in set(self.open) & set(self.inside):
            self.inside[tag][-1] += data
        if not {"script", "style"} & set(self.open):
            self.text += data

    def with_tag(self, tag: str) -> list[dict[str, str]]:
        return [attributes for each, attributes in self.elements if each == tag]


@pytest.fixture(scope="session")
def page(views: Views) -> Page:
    return Page(render_html(views("en")))


@pytest.fixture(scope="session")
def attacked(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A report on a plan whose every text, label and file tries to break out of the page."""
    tmp_path = tmp_path_factory.mktemp("attacked")
    (tmp_path / "users.csv").write_text(
        "time,region,users\n"
        + "".join(
            f'2025-11-{day:02}T{hour:02}:00:00Z,"{ATTACK.replace(chr(34), chr(34) * 2)}",{day}\n'
            for day in range(1, 21)
            for hour in range(0, 24, 3)
        )
    )
    text = json.dumps(ATTACK)
    (tmp_path / "plan.yaml").write_text(
        f"""
outgrow: 1
name: attacked
title: {text}
description: {text}
sources:
  it: {{kind: recorded, path: users.csv}}
  db: {{kind: postgres, url: "postgresql://reader:${{THE_PASSWORD}}@127.0.0.1:1/app"}}
signals:
  users:
    {{title: {text}, description: {text}, source: it, unit: users, every: 3h, by: [region], read: {{column: users}}}}
  rows: {{source: db, every: 1m, query: {json.dumps("SELECT 1 AS value WHERE :now > to_timestamp(0) -- " + ATTACK)}}}
checkpoints:
  grown:
    title: {text}
    description: {text}
    owner: {text}
    conditions:
      A: {{signal: users, above: 10 users, title: {text}}}
      B: {{signal: rows, above: 10}}
    verdicts:
      recommended: {{any: [A, B], text: {text}, due: 2h, deadlines: {{meeting: 1h}}}}
    checklist: [{text}]
    measures: [{text}]
    options: [{{title: {text}, effect: {text}, cost: {text}}}]
alerts:
  loud: {{title: {text}, condition: {{signal: users, above: 10 users}}}}
dashboards:
  all: {{title: {text}, signals: [users]}}
roadmap: {{current: v1, phases: [{{name: v1, title: {text}, description: {text}}}]}}
review: {{on: friday, at: "16:00", agenda: [{text}]}}
"""
    )
    plan = read_plan(tmp_path / "plan.yaml").plan
    environment = {"THE_PASSWORD": "hunter2-in-the-clear"}
    facts = asyncio.run(check_plan(plan, base=tmp_path, environment=environment, at=AT, history=HISTORY, journal=False))
    return render_html(report_view(plan, facts, "en", made_at=AT))


def test_every_element_is_closed(page: Page, views: Views) -> None:
    assert (page.unbalanced, page.open) == ([], [])
    assert Page(render_html(views("ko"))).unbalanced == []


def test_nothing_is_fetched_from_anywhere(page: Page, views: Views) -> None:
    text = render_html(views("en"))

    assert re.findall(r"(?:https?:)?//[a-z0-9-]+\.[a-z]", text) == []
    assert re.findall(r"@import|url\((?!#)", "".join(page.inside["style"])) == []
    fetching = [
        (tag, name, value)
        for tag, attributes in page.elements
        for name, value in attributes.items()
        if name in {"src", "srcset", "href", "action", "data", "poster", "xlink:href", "background", "formaction"}
        and not value.startswith("#")
    ]
    assert fetching == []


def test_the_policy_allows_this_style_and_this_script_and_nothing_else(page: Page) -> None:
    policy = next(each["content"] for each in page.with_tag("meta") if "http-equiv" in each)
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    running = [
        text
        for text, attributes in zip(page.inside["script"], page.with_tag("script"), strict=True)
        if attributes.get("type") != "application/json"
    ]

    assert rules["default-src"] == "'none'"
    assert rules["style-src"] == _hash(page.inside["style"][0])
    assert "unsafe" not in policy
    assert len(page.inside["style"]) == 1
    if browser_scripts():
        assert [rules["script-src"]] == [_hash(text) for text in running]


def test_no_element_carries_a_style_or_a_handler_which_the_policy_would_drop(page: Page) -> None:
    refused = {
        name for _, attributes in page.elements for name in attributes if name == "style" or name.startswith("on")
    }

    assert refused == set()


def test_links_lead_to_places_of_the_page_and_names_are_unique(page: Page) -> None:
    places = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    targets = [attributes["href"][1:] for _, attributes in page.elements if "href" in attributes]

    assert len(places) == len(set(places))
    assert set(targets) <= set(places)
    used = re.findall(r"url\(#([a-z-]+)\)", " ".join(value for _, each in page.elements for value in each.values()))
    assert set(used) <= set(places)


def test_texts_of_the_plan_and_of_sources_stay_texts(attacked: str) -> None:
    page = Page(attacked)

    assert page.unbalanced == []
    assert [attributes for tag, attributes in page.elements if tag == "img"] == []
    assert all("alert(1)" not in each or "uPlot" not in each for each in page.inside["script"])
    assert page.inside["h1"][0].count("<script>alert(1)</script>") >= 1
    assert page.text.count(ATTACK) > 20
    assert "49" not in page.inside["h1"][0]


def test_data_inside_the_page_is_json_whatever_it_holds(attacked: str) -> None:
    page = Page(attacked)
    data = [
        json.loads(text)
        for text, attributes in zip(page.inside["script"], page.with_tag("script"), strict=True)
        if attributes.get("type") == "application/json"
    ]

    assert data
    assert any(ATTACK in line["name"] for chart in data for line in chart["lines"])


def test_a_secret_is_nowhere_in_the_page(attacked: str) -> None:
    assert "refused" in Page(attacked).text
    assert "hunter2" not in attacked


def test_every_chart_has_a_sentence_a_picture_and_a_table(page: Page) -> None:
    figures = [each for each in page.with_tag("figure") if each.get("class") == "chart"]
    plots = [each for each in page.with_tag("svg") if each.get("class") == "plot" and "role" in each]

    assert len(figures) == len(plots) > 10
    assert all(len(plot["aria-label"]) > 20 for plot in plots)
    assert len([each for each in page.with_tag("table") if each.get("class") == "plain cells"]) >= len(figures)


def test_the_overview_says_everything_without_script(page: Page) -> None:
    for told in (
        "Split out the AI service: urgent, meeting 3 h 10 min late.",
        "A + B + C",
        "3 of 4 conditions hold",
        "above 800 ms for 30m",
        "there is no file",
        "Compose file split",
        "Cloudflare R2",
        "Collect the numbers",
        "AI costs more than 30 USD a day",
    ):
        assert told in page.text, told


def test_rule_and_signal_hashes_stand_with_the_evidence(page: Page, a_check: Checked) -> None:
    _, facts = a_check

    assert {verdict.rule_hash for verdict in facts.verdicts.values()} <= set(page.inside["code"])


def test_a_korean_page_is_korean(views: Views) -> None:
    text = render_html(views("ko"))
    page = Page(text)

    assert page.with_tag("html") == [{"lang": "ko"}]
    assert "긴급" in page.text
    assert "지금 조치" in page.text or "지남" in page.text
    assert "word-break: keep-all" in page.inside["style"][0]


def test_without_the_browsers_script_the_pictures_stay_and_the_page_says_so(
    views: Views, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(html, "browser_scripts", lambda: "")

    page = Page(render_html(views("en")))

    assert all(each.get("type") == "application/json" for each in page.with_tag("script"))
    assert len([each for each in page.with_tag("svg") if each.get("class") == "plot"]) > 10
    assert "still pictures" in page.text


def test_the_librarys_licence_stays_with_it() -> None:
    scripts = browser_scripts()
    if not scripts:
        pytest.skip("the npm registry was not reached when outgrow was installed")

    assert "The MIT License" in scripts
    assert "Copyright (c) 2022 Leon Sorokin" in scripts


def test_json_cannot_end_the_element_it_stands_in(views: Views) -> None:
    chart = views("en").pages[0].conditions[0].charts[0]
    line = replace(chart.lines[0], name="</script><!--&\u2028")

    text = chart_json(replace(chart, lines=(line,)))

    assert not set("<>&\u2028") & set(text)
    assert json.loads(text)["lines"][0]["name"] == "</script><!--&\u2028"


def _hash(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"
