"""The report of a load test in a real browser: charts draw, it fits a phone, and nothing is asked for."""

from collections.abc import Generator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from outgrow.report.html import browser_scripts
from outgrow.report.load_html import render_load_html
from outgrow.report.load_view import load_view
from outgrow.report.words import texts_of
from tests.report.load_facts import a_run


@pytest.fixture(params=["en", "ko"])
def page(request: pytest.FixtureRequest, browser: Browser, tmp_path: Path) -> Generator[Page]:
    if not browser_scripts():
        pytest.skip("the npm registry was not reached when outgrow was installed")
    words, file = texts_of(request.param), tmp_path / "run.html"
    file.write_text(render_load_html(load_view(a_run(60, overload_from=40), words), words), encoding="utf-8")
    context = browser.new_context(viewport={"width": 1440, "height": 900}, color_scheme="dark", offline=True)
    found, complaints = context.new_page(), list[str]()
    found.on("console", lambda message: complaints.append(message.text))
    found.on("pageerror", lambda error: complaints.append(str(error)))
    found.goto(file.as_uri())
    yield found
    context.close()
    assert complaints == []


WRAPPED = """() => [...document.querySelectorAll('.cells td:not(.long)')].filter((cell) => {
    const range = document.createRange();
    range.selectNodeContents(cell);
    return new Set([...range.getClientRects()].map((line) => line.top)).size > 1;
}).map((cell) => cell.textContent)"""
"""The cells whose text takes more than one line."""


def test_on_a_phone_tables_scroll_in_their_frame_with_a_shaded_edge_and_no_figure_is_cut_from_its_unit(
    page: Page,
) -> None:
    page.set_viewport_size({"width": 390, "height": 900})
    for details in page.locator("details").all():
        details.locator("summary").click()

    frames = page.locator("#steps .scroll")
    assert frames.first.evaluate("(each) => each.scrollWidth > each.clientWidth")
    shades = frames.first.evaluate("(each) => getComputedStyle(each)")
    assert shades["backgroundImage"].count("linear-gradient") == 4
    assert shades["backgroundAttachment"] == "local, local, scroll, scroll"
    assert page.evaluate("document.querySelectorAll('.cells td').length") > 40
    assert page.evaluate(WRAPPED) == []


def test_charts_draw_tell_moments_of_the_run_and_fit_a_phone(page: Page) -> None:
    charts = page.locator("figure.chart:not(.fixed)")
    for position in range(charts.count()):
        charts.nth(position).scroll_into_view_if_needed()
    expect(page.locator("figure.chart.is-live")).to_have_count(charts.count())
    charts.first.scroll_into_view_if_needed()
    charts.first.locator(".u-over").hover(position={"x": 200, "y": 80})

    told = charts.first.locator(".readout").inner_text()
    for width in (1440, 768, 390, 360):
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_timeout(50)
        assert page.evaluate("document.documentElement.scrollWidth") <= width

    assert told.startswith("0:")
    assert "p95" in told
    assert "ms" in told
    assert page.locator("figure.fixed path.heat").count() >= 4
