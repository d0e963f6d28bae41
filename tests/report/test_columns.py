"""Thinning keeps every extreme, and gaps stay gaps."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from outgrow.facts.samples import Absence, Measured, Missing, Sample
from outgrow.report.columns import column_width, gaps, thinned, with_breaks

MINUTE = timedelta(minutes=1)
START = datetime(2026, 11, 20, tzinfo=UTC)
T0 = START.timestamp()

series = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=600).map(
    lambda values: [(T0 + 60.0 * position, value) for position, value in enumerate(values)]
)


@given(series, st.integers(1, 40))
def test_every_column_keeps_its_lowest_and_its_highest_value(points: list[tuple[float, float]], columns: int) -> None:
    end = points[-1][0]

    kept = thinned(points, T0, end, columns)

    width = column_width(T0, end, columns)
    for cell in {at // width for at, _ in points}:
        whole = [value for at, value in points if at // width == cell]
        left = [value for at, value in kept if at // width == cell]
        assert min(left) == min(whole)
        assert max(left) == max(whole)


@given(series, st.integers(1, 40))
def test_thinned_points_are_given_points_in_their_order_with_both_ends(
    points: list[tuple[float, float]], columns: int
) -> None:
    kept = thinned(points, T0, points[-1][0], columns)

    assert kept == sorted(kept)
    assert set(kept) <= set(points)
    assert (kept[0], kept[-1]) == (points[0], points[-1])


def test_a_spike_of_one_minute_survives_two_months_on_three_hundred_columns() -> None:
    minutes = 60 * 24 * 60
    points = [(T0 + 60.0 * n, 40_000.0 if n == 31_234 else 5.0 + n % 7) for n in range(minutes)]

    kept = thinned(points, T0, points[-1][0], 300)

    assert (T0 + 60.0 * 31_234, 40_000.0) in kept
    assert len(kept) <= 2 * 301 + 2


def test_columns_stay_where_they_are_when_the_charts_ends_move() -> None:
    points = [(T0 + 60.0 * n, float((n * 7919) % 997)) for n in range(20_000)]
    later = points[37:]

    first, second = (thinned(each, each[0][0], each[0][0] + 1_200_000, 100) for each in (points, later))

    width = column_width(0, 1_200_000, 100)
    inner = (later[0][0] // width + 1) * width
    assert [each for each in first if inner <= each[0] < points[-1][0]] == [
        each for each in second if inner <= each[0] < points[-1][0]
    ]


def test_samples_without_a_value_are_a_gap_from_the_value_before_to_the_value_after() -> None:
    samples = [_measured(0), _measured(1), _missing(2), _missing(3), _measured(4)]

    assert gaps(samples, MINUTE, T0, T0 + 300) == [(T0 + 60, T0 + 240)]


def test_what_is_missing_last_is_missing_up_to_the_end() -> None:
    assert gaps([_measured(0), _missing(1)], MINUTE, T0, T0 + 600) == [(T0, T0 + 600)]


def test_minutes_in_which_nothing_was_asked_are_a_gap_too() -> None:
    samples = [*(_measured(n) for n in range(10)), *(_measured(n) for n in range(40, 50))]

    assert gaps(samples, MINUTE, T0, T0 + 3000) == [(T0 + 9 * 60, T0 + 40 * 60)]


def test_history_sparser_than_the_interval_is_no_gap() -> None:
    samples = [*(_measured(15 * n) for n in range(20)), *(_measured(300 + n) for n in range(20))]

    assert gaps(samples, MINUTE, T0, T0 + 20_000) == []


def test_a_gap_that_was_over_before_the_chart_begins_is_not_in_it() -> None:
    samples = [_missing(0), _missing(1), _measured(2), _measured(3)]

    assert gaps(samples, MINUTE, T0 + 120, T0 + 180) == []


def test_a_line_breaks_inside_a_gap_and_nowhere_else() -> None:
    points = [(T0 + 60.0 * n, 1.0) for n in (0, 1, 5, 6)]

    shown = with_breaks(points, [(T0 + 60, T0 + 300), (T0 + 900, T0 + 960)])

    assert [value for _, value in shown] == [1.0, 1.0, None, 1.0, 1.0]
    assert T0 + 60 < shown[2][0] < T0 + 300


def _measured(minute: int) -> Sample:
    return Measured(START + minute * MINUTE, 1.0, START)


def _missing(minute: int) -> Sample:
    return Missing(START + minute * MINUTE, Absence.FAILED, "refused", START)
