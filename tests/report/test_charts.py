"""What the charts of conditions and signals show: holdings, gaps, own load, thresholds, days, trends, crossings."""

from dataclasses import replace
from datetime import timedelta

from outgrow.facts.checks import CheckFacts
from outgrow.facts.decisions import Event, EventKind
from outgrow.facts.forecasts import Crosses
from outgrow.facts.verdicts import Held
from outgrow.plan import Plan
from outgrow.plan.sources import zone_of
from outgrow.report.chart import Chart, noon
from outgrow.report.check_view import check_view
from outgrow.report.pages import ConditionPage, checkpoint_page
from outgrow.report.signal_chart import signal_chart
from outgrow.report.words import Words
from tests.report.conftest import Checked
from tests.report.facts import AT


def test_the_close_up_shades_the_time_since_which_the_condition_holds(a_check: Checked) -> None:
    _, facts = a_check
    holding = facts.verdicts["split-ai-service"].conditions["A"].holding
    assert isinstance(holding, Held)

    recent = _charts(a_check, "split-ai-service", "A")[0]

    assert recent.held == ((holding.since.timestamp(), AT.timestamp()),)
    assert (recent.start, recent.end) == ((AT - timedelta(hours=24)).timestamp(), AT.timestamp())


def test_the_hole_in_the_recording_is_a_gap_and_breaks_the_line(a_check: Checked) -> None:
    recent = _charts(a_check, "split-ai-service", "A")[0]

    (gap,) = recent.gaps
    # A recording answers for a quarter of an hour after each row, so the two hours begin a little later.
    assert timedelta(hours=1, minutes=30) <= timedelta(seconds=gap[1] - gap[0]) <= timedelta(hours=2)
    assert [at for at, value in recent.lines[0].points if value is None and gap[0] < at < gap[1]]
    assert "There are no data for 1 h 45 min of it." in recent.sentence


def test_both_thresholds_stand_in_the_unit_of_the_plan(a_check: Checked) -> None:
    latency, memory = (_charts(a_check, *each)[0] for each in (("split-ai-service", "A"), ("redis-memory", "A")))

    assert [(each.value, each.kind) for each in latency.thresholds] == [(800.0, "enter"), (700.0, "leave")]
    assert (memory.unit, memory.thresholds[0].value) == ("%", 80.0)
    assert memory.low < 80 < memory.high


def test_own_load_is_marked_and_does_not_count_as_held(a_check: Checked) -> None:
    plan, facts = a_check
    start = AT - timedelta(hours=4)
    test = Event(EventKind.LOAD_TEST, start, AT - timedelta(hours=1), AT)

    recent = _charts((plan, replace(facts, events=(test,))), "split-ai-service", "A")[0]

    assert recent.own_load == ((start.timestamp(), (AT - timedelta(hours=1)).timestamp()),)


def test_the_days_show_their_levels_the_trend_and_the_crossing(a_check: Checked) -> None:
    plan, facts = a_check
    forecast = facts.trends["redis-memory"]["A"].series[0].forecast
    assert isinstance(forecast, Crosses)

    days = _charts(a_check, "redis-memory", "A")[1]

    zone = zone_of(plan.timezone)
    assert days.crossing is not None
    assert days.crossing.at == noon(forecast.day, zone)
    assert days.crossing.earliest <= days.crossing.at <= days.end
    assert len(days.dots) == len(forecast.trend.history) > 35
    assert [fan.at for fan in days.future] == sorted(fan.at for fan in days.future)
    assert all(fan.low <= fan.middle <= fan.high for fan in (*days.fitted, *days.future))
    assert "It crosses 80 %" in days.sentence
    assert days.table is not None
    assert len(days.table.rows) > len(days.dots)


def test_days_beyond_the_threshold_are_shaded_as_one_stretch(a_check: Checked) -> None:
    cost = _charts(a_check, "split-ai-service", "C")[1]

    (beyond,) = cost.held
    assert beyond[1] - beyond[0] > 5 * 86_400
    assert all(level > 30 for at, level in cost.dots if beyond[0] < at < beyond[1])


def test_every_label_set_is_a_line_and_the_deciding_one_stands_in_front(a_check: Checked) -> None:
    plan, facts = a_check
    chart = signal_chart(plan, facts, "users", _words(plan))
    page = _condition(a_check, "split-region", "A")

    assert chart is not None
    assert [(line.name, line.quiet) for line in chart.lines] == [("region=VN", True), ("region=ID", False)]
    assert page.label_sets is not None
    assert {row[0] for row in page.label_sets.rows} == {"region=ID", "region=VN"}


def test_a_signal_shows_every_figure_it_is_compared_with_once(a_check: Checked) -> None:
    plan, facts = a_check

    chart = signal_chart(plan, facts, "latency", _words(plan))

    assert chart is not None
    assert [(each.text, each.kind) for each in chart.thresholds] == [
        ("800 ms", "danger"),
        ("700 ms", "warning"),
        ("600 ms", "target"),
    ]


def test_a_signal_that_was_measured_once_stands_at_the_end_of_its_interval(a_check: Checked) -> None:
    plan, facts = a_check
    measured = facts.measurement.signals["latency"]
    newest = {labels: samples[-1:] for labels, samples in measured.series.items()}
    once = {**facts.measurement.signals, "latency": replace(measured, series=newest)}

    chart = signal_chart(
        plan, replace(facts, measurement=replace(facts.measurement, signals=once)), "latency", _words(plan)
    )

    assert chart is not None
    assert chart.end - chart.start >= plan.signals["latency"].every.total_seconds()
    assert [point for line in chart.lines for point in line.points if point[1] is not None]


def test_what_was_never_read_has_no_chart_but_a_reason(a_check: Checked) -> None:
    plan, facts = a_check
    page = _condition(a_check, "object-store-cdn", "A")

    assert page.charts == ()
    assert "there is no file" in page.problem
    assert signal_chart(plan, facts, "egress", _words(plan)) is None


def test_many_signals_are_drawn_with_fewer_columns_each(a_check: Checked) -> None:
    plan, facts = a_check
    thousand = {f"copy-{n}": facts.measurement.signals["latency"] for n in range(1000)}
    crowded = replace(facts, measurement=replace(facts.measurement, signals={**facts.measurement.signals, **thousand}))

    few, many = (signal_chart(plan, each, "latency", _words(plan)) for each in (facts, crowded))

    assert few is not None
    assert many is not None
    assert len(many.lines[0].points) < 160 < len(few.lines[0].points)
    assert max(value or 0 for _, value in many.lines[0].points) == max(value or 0 for _, value in few.lines[0].points)


def _charts(check: Checked, checkpoint: str, letter: str) -> tuple[Chart, ...]:
    return _condition(check, checkpoint, letter).charts


def _condition(check: tuple[Plan, CheckFacts], checkpoint: str, letter: str) -> ConditionPage:
    plan, facts = check
    view = next(each for each in check_view(plan, facts).checkpoints if each.name == checkpoint)
    page = checkpoint_page(plan, facts, view, _words(plan))
    return next(each for each in page.conditions if each.view.name == letter)


def _words(plan: Plan) -> Words:
    return Words("en", zone_of(plan.timezone))
