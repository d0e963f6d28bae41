"""A chart's picture: nothing leaves the plot, lines break at gaps, texts of thresholds do not cover one another."""

import re
from dataclasses import replace

import pytest

from outgrow.report.chart import Chart, Crossing, Fan, Line, Threshold, chart_data
from outgrow.report.chart_svg import drawing

CHART = Chart(
    title="Last 24 h",
    sentence="",
    unit="ms",
    start=0.0,
    end=1000.0,
    now=800.0,
    low=0.0,
    high=100.0,
    value_ticks=((0.0, "0"), (50.0, "50")),
    time_ticks=((100.0, "10:00"), (990.0, "11:00")),
    lines=(Line("", ((0.0, 10.0), (100.0, 20.0), (150.0, None), (200.0, 30.0), (250.0, None), (800.0, 40.0))),),
)


def test_a_line_is_lifted_at_a_gap_and_a_lone_value_stays_a_dot() -> None:
    (path, tone), *_ = drawing(CHART).lines

    assert path == "M0 900L100 800M200 700h0M800 600h0"
    assert tone == "plain"


def test_what_lies_outside_the_axis_is_drawn_at_its_edge() -> None:
    fans = (Fan(-500.0, -900.0, 50.0, 1e9), Fan(2000.0, 20.0, 50.0, 80.0))

    places = [float(each) for each in re.findall(r"-?[\d.]+", drawing(replace(CHART, future=fans)).future)]

    assert all(-50 <= each <= 1050 for each in places)


def test_stretches_that_touch_on_the_page_become_one() -> None:
    drawn = drawing(replace(CHART, gaps=((100.0, 200.0), (200.2, 300.0), (700.0, 700.0))))

    assert [(each.left, each.width) for each in drawn.gaps] == [("10%", "20%"), ("70%", "0.2%")]


@pytest.mark.parametrize("heights", [(50.0, 49.0), (99.0, 98.0, 97.0), (1.0, 2.0), (50.0, 48.0, 46.0, 44.0)])
def test_texts_of_thresholds_do_not_cover_one_another(heights: tuple[float, ...]) -> None:
    thresholds = tuple(Threshold(height, f"{height} ms", "enter") for height in heights)

    rules = drawing(replace(CHART, thresholds=thresholds)).rules

    # A text is 12 pixels high on a plot of 160, and stands below its line where `text_down` is positive.
    boxes = [(each.text_left, float(each.at[:-1]) * 1.6 + (2 if each.text_down > 0 else -14)) for each in rules]
    overlapping = [
        (one, other)
        for position, one in enumerate(boxes)
        for other in boxes[position + 1 :]
        if one[0] == other[0] and abs(one[1] - other[1]) < 12
    ]
    assert overlapping == []
    assert all(top >= 0 for _, top in boxes)


def test_a_crossing_without_an_end_reaches_the_charts_end() -> None:
    mark = drawing(replace(CHART, crossing=Crossing(900.0, 850.0, None, 50.0, "24 Nov"))).crossing

    assert mark is not None
    assert (mark.bar, mark.dot, mark.open) == ("M850 500H1000", "M900 500h0", True)


def test_the_last_label_of_the_time_axis_stays_inside() -> None:
    assert [(each.text, each.anchor) for each in drawing(CHART).times] == [("10:00", "middle"), ("11:00", "end")]


def test_the_browser_gets_whole_seconds_and_five_digits() -> None:
    line = Line("", ((10.4, 1234.56789), (20.0, None)))

    data = chart_data(replace(CHART, lines=(line,)))

    assert data["lines"] == [{"name": "", "quiet": False, "tone": "plain", "at": [10, 20], "values": [1234.6, None]}]
