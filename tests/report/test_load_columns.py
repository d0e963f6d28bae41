"""The columns of a run's charts: rates are per second, however long the intervals are that a run is kept in."""

from dataclasses import replace

import pytest

from outgrow.facts.loads import Resource, ResourcePoint
from outgrow.loadtest.timeline import Timeline
from outgrow.report.load_charts import LoadCharts
from outgrow.report.load_columns import columns_of
from outgrow.report.load_files import seconds_csv
from outgrow.report.words import texts_of
from tests.report.load_facts import a_run


def kept(facts, most):
    timeline = Timeline(most)
    for each in facts.timeline:
        timeline.add(each)
    return replace(facts, timeline=timeline.intervals)


@pytest.mark.parametrize("most", [40, 100, 150, 299])
def test_a_steady_rate_stays_steady_in_joined_seconds_and_their_columns_do_not_overlap(most):
    run = kept(a_run(300), most)

    columns = columns_of(run, 60)

    assert {column.due for column in columns} == {100.0}
    assert sum(column.done * column.seconds for column in columns) == pytest.approx(
        sum(second.done for second in run.timeline)
    )
    ends = [column.at + column.seconds / 2 for column in columns]
    assert [column.at - column.seconds / 2 for column in columns] == [0.0, *ends[:-1]]
    assert ends[-1] == 300.0


def test_the_busiest_second_of_the_generator_is_drawn_though_seconds_were_joined():
    run = a_run(60)
    busy = tuple(
        replace(each, cpu_share=0.97, cpu_share_highest=0.97) if each.at_seconds == 9 else each for each in run.timeline
    )

    columns = columns_of(kept(replace(run, timeline=busy), 10), 60)

    assert max(column.cpu_share for column in columns) == 0.97


def test_a_table_of_seconds_says_how_long_each_is():
    rows = [row.split(",") for row in seconds_csv(kept(a_run(30), 20)).splitlines()]

    assert rows[0][-1] == "length_seconds"
    assert [float(row[-1]) for row in rows[1:]] == [2.0] * 10 + [1.0] * 10


def test_a_resource_that_was_read_for_a_day_is_drawn_with_its_peak_and_its_gap_and_not_with_every_reading():
    values = [0.95 if index == 20_001 else None if 30_000 <= index < 30_050 else 0.5 for index in range(43_200)]
    points = tuple(ResourcePoint(2.0 * index, value) for index, value in enumerate(values))
    run = replace(a_run(120), seconds=86_400.0, resources={"cpu": Resource("cpu", "ratio", points)})

    ((_, chart, _),) = LoadCharts(run, texts_of("en")).resources()

    assert chart is not None
    (line,) = chart.lines
    drawn = [value for _, value in line.points]
    assert len(drawn) < 1_000
    assert (max(value for value in drawn if value is not None), drawn.count(None)) == (95.0, 1)
