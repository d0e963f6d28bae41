"""The report of a rehearsal in a real browser: charts draw, a pointer is told a decision, and it fits a phone."""

from collections.abc import Generator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from outgrow.report.html import browser_scripts
from outgrow.report.rehearsal_html import render_rehearsal
from outgrow.report.words import texts_of
from outgrow.simulate.appraisal import Terms
from outgrow.simulate.rehearsal import Setting, hpa_at, rehearsal
from tests.simulate.given import hpa, service, trace


@pytest.fixture(params=["en", "ko"])
def page(request: pytest.FixtureRequest, browser: Browser, tmp_path: Path) -> Generator[Page]:
    if not browser_scripts():
        pytest.skip("the npm registry was not reached when outgrow was installed")
    setting = Setting(service(), trace(*(4 + 9 * (minute % 97 > 60) for minute in range(1500))), Terms(3600, 0.5))
    compared = {"web": hpa(), "cpu:70": hpa_at(70, hpa(), setting.service, "resource")}
    found = rehearsal("web", compared, setting, explained=True)
    file = tmp_path / "rehearsal.html"
    file.write_text(render_rehearsal(found, "web", (), texts_of(request.param)), encoding="utf-8")
    context = browser.new_context(viewport={"width": 1440, "height": 900}, color_scheme="dark", offline=True)
    opened, complaints = context.new_page(), list[str]()
    opened.on("console", lambda message: complaints.append(message.text))
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.goto(file.as_uri())
    yield opened
    context.close()
    assert complaints == []


def test_a_rehearsal_tells_decisions_under_the_pointer_and_fits_a_phone(page: Page) -> None:
    charts = page.locator("figure.chart")
    for position in range(charts.count()):
        charts.nth(position).scroll_into_view_if_needed()
    expect(page.locator("figure.chart.is-live")).to_have_count(charts.count())
    charts.first.scroll_into_view_if_needed()
    charts.first.locator(".u-over").hover(position={"x": 600, "y": 80})
    told = charts.first.locator(".readout").inner_text()
    for width in (1440, 768, 390, 360):
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_timeout(50)
        assert page.evaluate("document.documentElement.scrollWidth") <= width

    # needed, ready and ordered at one moment, and the last decision before it
    unit = "replicas" if page.locator("html").get_attribute("lang") == "en" else "개"
    assert told.count(f" {unit}") == 3
    assert "→" in told
    assert page.locator("#pareto circle").count() == 12 + 2 + 2
    assert page.locator("#pareto g").last.get_attribute("class") == "policy"
