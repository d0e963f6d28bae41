"""The report in a real browser: charts draw, nothing overflows, paper gets pictures, no script is needed."""

import pytest
from playwright.sync_api import FloatRect, Page, expect

from tests.browser.conftest import OpenReport

LIVE = "document.querySelectorAll('figure.chart.is-live').length"
INK = """(canvas) => {
    const {data} = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    return data.filter((value, index) => index % 4 === 3 && value > 0).length / (data.length / 4);
}"""


def test_charts_are_drawn_when_they_come_into_view_and_only_then(open_report: OpenReport) -> None:
    page = open_report()
    figures = page.locator("figure.chart")
    before = page.evaluate(LIVE)

    _scroll_through(page)

    assert before < figures.count() > 10
    assert page.evaluate(LIVE) == figures.count()
    drawn = [page.evaluate(INK, canvas) for canvas in page.query_selector_all("figure.chart canvas")]
    assert min(drawn) > 0.005


def test_the_value_under_the_pointer_is_told(open_report: OpenReport) -> None:
    page = open_report()
    figure = page.locator("figure.chart").first
    figure.scroll_into_view_if_needed()
    _wait_for_charts(page, 1)

    figure.locator(".u-over").hover(position={"x": 300, "y": 80})

    assert "ms" in figure.locator(".readout").inner_text()


def test_a_day_to_come_is_told_with_its_band(open_report: OpenReport) -> None:
    page = open_report()
    figure = page.locator("figure.chart").nth(1)
    figure.scroll_into_view_if_needed()
    _wait_for_charts(page, 2)
    over = figure.locator(".u-over")

    over.hover(position={"x": over.bounding_box()["width"] - 12, "y": 80})  # pyright: ignore[reportOptionalSubscript]

    assert " – " in figure.locator(".readout").inner_text()


def test_dragging_enlarges_and_a_double_click_shows_all_again(open_report: OpenReport) -> None:
    page = open_report()
    figure = page.locator("figure.chart").first
    figure.scroll_into_view_if_needed()
    _wait_for_charts(page, 1)
    box = figure.locator(".u-over").bounding_box()
    assert box is not None

    def at_both_ends() -> list[str]:
        return [_told_at(page, box, share) for share in (0.01, 0.99)]

    whole = at_both_ends()
    page.mouse.move(box["x"] + box["width"] * 0.4, box["y"] + 60)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.6, box["y"] + 60, steps=4)
    page.mouse.up()
    enlarged = at_both_ends()
    page.mouse.dblclick(box["x"] + box["width"] * 0.5, box["y"] + 60)

    assert enlarged[0] != whole[0]
    assert enlarged[1] != whole[1]
    assert at_both_ends() == whole


@pytest.mark.parametrize("language", ["en", "ko"])
def test_nothing_overflows_on_any_screen(open_report: OpenReport, language: str) -> None:
    page = open_report(language, 1440)
    _scroll_through(page)

    for width in (1440, 1180, 1024, 999, 768, 390, 360):
        page.set_viewport_size({"width": width, "height": 900})
        plot = page.locator("figure.chart .uplot").first
        expect(plot).to_have_css("width", f"{_width_of_the_first_chart(page)}px")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert _cut_off(page) == [], width


def test_without_script_every_chart_is_a_picture(open_report: OpenReport) -> None:
    page = open_report(script=False)

    pictures = page.locator("figure.chart .still > .plot")
    assert pictures.count() > 10
    assert all(picture.is_visible() for picture in pictures.all())
    assert page.locator(".card .fact").first.is_visible()


def test_paper_is_white_and_gets_pictures_also_from_a_dark_screen(open_report: OpenReport) -> None:
    page = open_report(dark=True)
    _scroll_through(page)
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor")

    page.emulate_media(media="print", color_scheme="dark")

    card = "getComputedStyle(document.querySelector('.card')).backgroundColor"
    assert dark == "rgb(14, 18, 23)"
    assert page.evaluate(card) == "rgb(255, 255, 255)"
    assert page.evaluate("getComputedStyle(document.body).color") == "rgb(22, 27, 34)"
    assert not page.locator("figure.chart .live").first.is_visible()
    assert page.locator("figure.chart .still").first.is_visible()


def test_it_prints_on_a4_with_each_checkpoint_on_a_page_of_its_own(open_report: OpenReport) -> None:
    page = open_report()

    pdf = page.pdf(prefer_css_page_size=True, print_background=True)

    assert pdf.startswith(b"%PDF")
    pages = pdf.count(b"/Type /Page\n") or pdf.count(b"/Type /Page ") or pdf.count(b"/Type/Page/")
    assert page.locator("article.checkpoint").count() + 3 <= pages <= 20


def test_the_first_key_leads_past_the_header(open_report: OpenReport) -> None:
    page = open_report()

    page.keyboard.press("Tab")
    first = page.evaluate("document.activeElement.getAttribute('href')")
    page.keyboard.press("Enter")

    assert first == "#checkpoints"
    assert page.evaluate("location.hash") == "#checkpoints"


def test_korean_words_are_not_broken(open_report: OpenReport) -> None:
    assert _word_break(open_report("ko")) == "keep-all"
    assert _word_break(open_report("en")) == "normal"


def test_charts_follow_the_screen_from_light_to_dark(open_report: OpenReport) -> None:
    page = open_report()
    page.locator("figure.chart").first.scroll_into_view_if_needed()
    _wait_for_charts(page, 1)
    count = page.evaluate(LIVE)

    page.emulate_media(color_scheme="dark")

    expect(page.locator("figure.chart .live")).to_have_count(count)


def _scroll_through(page: Page) -> None:
    figures = page.locator("figure.chart")
    for position in range(figures.count()):
        figures.nth(position).scroll_into_view_if_needed()
    expect(page.locator("figure.chart.is-live")).to_have_count(figures.count())


def _wait_for_charts(page: Page, at_least: int) -> None:
    page.locator("figure.chart.is-live").nth(at_least - 1).wait_for()


def _told_at(page: Page, box: FloatRect, share: float) -> str:
    page.mouse.move(box["x"] + box["width"] * share, box["y"] + 60)
    return page.locator("figure.chart .readout").first.inner_text()


def _cut_off(page: Page) -> list[str]:
    """Name the elements whose text is wider than they are, and that offer no way to scroll to it."""
    return page.evaluate(
        """() => [...document.querySelectorAll('main *, header *')].filter((each) => {
            const style = getComputedStyle(each);
            return each.clientWidth > 0 && style.display !== 'inline'
                && !each.closest('svg, .hidden, thead, .scroll, pre')
                && !['auto', 'scroll'].includes(style.overflowX) && each.scrollWidth > each.clientWidth + 2;
        }).map((each) => `${each.tagName}.${each.className}: ${each.textContent.trim().slice(0, 60)}`)"""
    )


def _width_of_the_first_chart(page: Page) -> int:
    return page.evaluate("Math.floor(document.querySelector('figure.chart').getBoundingClientRect().width)")


def _word_break(page: Page) -> str:
    return page.evaluate("getComputedStyle(document.querySelector('p')).wordBreak")
