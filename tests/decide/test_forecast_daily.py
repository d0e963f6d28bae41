"""Daily levels: what counts as a day, and which value stands for it."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from outgrow.decide.conditions import evaluate_condition
from outgrow.decide.daily import daily_levels, lowest_between
from outgrow.decide.spans import Span
from outgrow.facts.samples import Absence, Measured, Missing
from outgrow.facts.verdicts import Held
from tests.decide.given import one, query, terms

SEOUL = ZoneInfo("Asia/Seoul")
BERLIN = ZoneInfo("Europe/Berlin")
UTC_ZONE = ZoneInfo("UTC")
START = datetime(2026, 1, 5, tzinfo=UTC)
HOURLY = query(unit="", every="1h")


def measured(values, every=timedelta(hours=1), start=START):
    """Samples one `every` apart; None leaves one out."""
    moments = [start + index * every for index in range(len(values))]
    return [Measured(at, float(v), at) for at, v in zip(moments, values, strict=True) if v is not None]


def levels(condition, samples, now=START + timedelta(days=9), zone=UTC_ZONE, signal=HOURLY, excluded=()):
    return {each.day: each.level for each in daily_levels(terms(condition, signal), samples, now, zone, excluded)}


def day(number: int) -> date:
    return START.date() + timedelta(days=number)


class TestWholeDays:
    def test_every_whole_day_has_its_highest_value(self):
        values = [*range(24), *range(100, 124), *range(50, 74)]

        assert levels({"above": 5}, measured(values)) == {day(0): 23, day(1): 123, day(2): 73}

    def test_falling_takes_the_lowest(self):
        assert levels({"below": 5}, measured([*range(24), *range(100, 124)])) == {day(0): 0, day(1): 100}

    def test_the_day_that_is_not_over_is_left_out(self):
        samples = measured(range(24 * 3))

        found = levels({"above": 5}, samples, now=START + timedelta(days=2, hours=23, minutes=59))

        assert list(found) == [day(0), day(1)]

    def test_a_late_signal_ends_its_days_late(self):
        samples = measured(range(24 * 3))
        late = query(unit="", every="1h", delay="2h")

        found = levels({"above": 5}, samples, now=START + timedelta(days=3, hours=1), signal=late)

        assert list(found) == [day(0), day(1)]

    def test_days_begin_at_midnight_of_the_zone(self):
        # given: 15:00 UTC is midnight in Seoul
        samples = measured([1] * 15 + [2] * 24 + [3] * 24)

        assert levels({"above": 5}, samples, zone=SEOUL) == {day(1): 2, day(2): 3}

    def test_a_day_seen_for_less_than_three_quarters_has_no_level(self):
        values = [5.0] * 24 + [6.0] * 17 + [None] * 7 + [7.0] * 18 + [None] * 6

        assert levels({"above": 5}, measured(values)) == {day(0): 5, day(2): 7}

    def test_coverage_is_the_share_of_the_day_that_was_seen(self):
        (first,) = daily_levels(terms({"above": 5}, HOURLY), measured([1.0] * 18), START + timedelta(days=2), UTC_ZONE)

        assert first.coverage == 0.75

    def test_days_of_23_and_25_hours_are_whole(self):
        # given: the clocks of Berlin went forward on 29 March 2026 and back on 25 October
        for change, hours in (
            (datetime(2026, 3, 28, 23, tzinfo=UTC), 23),
            (datetime(2026, 10, 24, 22, tzinfo=UTC), 25),
        ):
            samples = measured([1.0] * hours + [2.0] * 24, start=change)

            found = daily_levels(terms({"above": 5}, HOURLY), samples, change + timedelta(days=3), BERLIN)

            assert [(each.level, each.coverage) for each in found] == [(1, 1), (2, 1)]
            assert found[0].day.month in {3, 10}

    def test_a_value_read_at_midnight_over_a_window_speaks_of_the_day_before(self):
        daily = query(unit="", every="1d", window="1d")
        samples = measured([10, 11, 12], every=timedelta(days=1))

        assert levels({"above": 5}, samples, signal=daily) == {day(-1): 10, day(0): 11, day(1): 12}

    def test_a_value_of_the_moment_at_midnight_belongs_to_the_day_that_begins(self):
        daily = query(unit="", every="1d")
        samples = measured([10, 11], every=timedelta(days=1))

        assert levels({"above": 5}, samples, signal=daily) == {day(0): 10, day(1): 11}

    def test_nothing_gives_nothing(self):
        assert levels({"above": 5}, []) == {}
        assert levels({"above": 5}, [Missing(START, Absence.NULL, "NULL", START)]) == {}


class TestSustained:
    def test_the_level_is_the_highest_that_lasted(self):
        # given: one sample of 90, three of 60 in a row, else 10
        values = [10.0] * 24
        values[4] = 90
        values[10:13] = [60, 62, 61]

        assert levels({"above": 5, "for": "2h"}, measured(values))[day(0)] == 60
        assert levels({"above": 5, "for": "1h"}, measured(values))[day(0)] == 61
        assert levels({"above": 5}, measured(values))[day(0)] == 90

    def test_a_stretch_over_midnight_counts_for_the_day_on_which_it_is_full(self):
        values = [10.0] * 48
        values[22:26] = [50.0] * 4

        assert levels({"above": 5, "for": "3h"}, measured(values)) == {day(0): 10, day(1): 50}

    def test_a_gap_breaks_a_stretch(self):
        values: list[float | None] = [10.0] * 24
        values[8:16] = [50.0, 50.0, None, None, 50.0, 50.0, 10.0, 10.0]

        assert levels({"above": 5, "for": "3h"}, measured(values))[day(0)] == 10

    def test_one_missing_sample_does_not_break_a_stretch_that_is_covered_well_enough(self):
        values: list[float | None] = [10.0] * 24
        values[8:13] = [50.0, 50.0, None, 50.0, 50.0]

        assert levels({"above": 5, "for": "4h", "min_coverage": 0.8}, measured(values))[day(0)] == 50
        assert levels({"above": 5, "for": "4h", "min_coverage": 0.9}, measured(values))[day(0)] == 10

    def test_falling_takes_the_lowest_that_lasted(self):
        values = [10.0] * 24
        values[4] = 1
        values[10:13] = [3, 4, 5]

        assert levels({"below": 5, "for": "2h"}, measured(values))[day(0)] == 5

    def test_m_of_n_takes_the_mth_highest_tick(self):
        values = [10.0] * 24
        values[8:12] = [50, 20, 40, 30]

        assert levels({"above": 5, "m_of_n": "3 of 4"}, measured(values))[day(0)] == 30
        assert levels({"above": 5, "m_of_n": "1 of 4"}, measured(values))[day(0)] == 50
        assert levels({"below": 5, "m_of_n": "2 of 2"}, measured(values))[day(0)] == 10

    def test_ticks_a_day_apart_reach_over_days(self):
        # given: KC-5's growth, judged in 3 of 4 days
        daily = query(unit="", every="1d")
        samples = measured([1, 9, 8, 2, 7, 6], every=timedelta(days=1))

        found = levels({"at_least": 5, "m_of_n": "3 of 4"}, samples, signal=daily)

        assert found == {day(2): 1, day(3): 2, day(4): 7, day(5): 6}

    @given(
        st.lists(st.integers(0, 6), min_size=30, max_size=48),
        st.sampled_from([{}, {"for": "1h"}, {"for": "3h"}, {"for": "5h"}, {"m_of_n": "2 of 3"}, {"m_of_n": "4 of 4"}]),
        st.booleans(),
    )
    def test_the_condition_is_met_within_the_day_up_to_its_level_and_not_beyond(self, values, asked, rising):
        # given
        samples = measured(values)
        comparison = "at_least" if rising else "at_most"
        # when
        found = levels({comparison: 0, **asked}, samples, now=START + timedelta(days=1)).get(day(0))
        # then: judged at every tick of the day, as `outgrow check` judges
        ticks = [START + timedelta(hours=hour) for hour in range(24)]

        def met(threshold: int) -> bool:
            condition = terms({comparison: threshold, **asked}, HOURLY)
            return any(isinstance(evaluate_condition(condition, one(samples), tick)[0].holding, Held) for tick in ticks)

        expected = [threshold for threshold in range(7) if met(threshold)]
        assert found == ((max if rising else min)(expected) if expected else None)


class TestWhatDoesNotCount:
    def test_own_load_is_left_out(self):
        values = [10.0] * 24
        values[3:5] = [500, 500]
        load_test = Span(START + timedelta(hours=3), START + timedelta(hours=5))

        assert levels({"above": 5}, measured(values), excluded=[load_test]) == {day(0): 10}

    def test_unless_the_condition_includes_it(self):
        values = [10.0] * 24
        values[3] = 500
        load_test = Span(START + timedelta(hours=3), START + timedelta(hours=5))
        asked = {"above": 5, "include_own_load": True}

        assert levels(asked, measured(values), excluded=[load_test]) == {day(0): 500}

    def test_a_day_of_mostly_own_load_has_no_level(self):
        maintenance = Span(START + timedelta(hours=3), START + timedelta(hours=13))

        assert levels({"above": 5}, measured([10.0] * 48), excluded=[maintenance]) == {day(1): 10}

    def test_a_stretch_goes_on_behind_own_load(self):
        # given: 40 before and after an hour of load test
        values = [10.0] * 24
        values[8:12] = [40, 40, 900, 40]
        load_test = Span(START + timedelta(hours=10), START + timedelta(hours=11))

        assert levels({"above": 5, "for": "2h"}, measured(values), excluded=[load_test])[day(0)] == 40

    def test_values_of_too_few_rows_do_not_count(self):
        samples = [*measured([10.0] * 24)]
        samples[5] = Measured(samples[5].at, 99.0, samples[5].at, n=3)

        assert levels({"above": 5, "min_n": 20}, samples) == {day(0): 10}


class TestUnevenSampling:
    def test_hourly_days_beside_minute_days_are_all_whole(self):
        minutely = query(unit="", every="1m")
        old = measured([5.0] * 48)
        new = measured([6.0] * 1440 * 2, every=timedelta(minutes=1), start=START + timedelta(days=2))

        assert levels({"above": 5}, old + new, signal=minutely) == {day(0): 5, day(1): 5, day(2): 6, day(3): 6}

    def test_denser_days_do_not_look_higher(self):
        # given: the same noise all the time, seen hourly for 20 days and every minute for the last two
        rng = np.random.default_rng(5)
        minutely = query(unit="", every="1m")
        old = measured(rng.standard_normal(24 * 20))
        new = measured(rng.standard_normal(1440 * 2), every=timedelta(minutes=1), start=START + timedelta(days=20))

        found = levels({"above": 5}, old + new, now=START + timedelta(days=22), signal=minutely)

        # then: the highest of 1,440 would be about 3.2, the highest of 24 about 2.0
        assert len(found) == 22
        assert max(found[day(20)], found[day(21)]) < 2.9

    def test_a_few_hours_by_the_minute_are_no_day(self):
        minutely = query(unit="", every="1m")

        assert levels({"above": 5}, measured([5.0] * 300, every=timedelta(minutes=1)), signal=minutely) == {}

    def test_a_step_coarser_than_the_signals_own_is_understood(self):
        minutely = query(unit="", every="1m")
        quarters = measured([5.0, 6.0, 7.0, 8.0] * 24, every=timedelta(minutes=15))

        assert levels({"above": 5, "for": "30m"}, quarters, signal=minutely) == {day(0): 6}


@given(st.lists(st.integers(-9, 9), min_size=1, max_size=40), st.data())
def test_the_lowest_between_is_the_lowest_between(values, data):
    pairs = data.draw(
        st.lists(st.tuples(st.integers(0, len(values) - 1), st.integers(0, len(values) - 1)).map(sorted), max_size=20)
    )
    starts, ends = np.array([a for a, _ in pairs], dtype=int), np.array([b for _, b in pairs], dtype=int)

    found = lowest_between(np.array(values, dtype=float), starts, ends)

    assert list(found) == [min(values[a : b + 1]) for a, b in pairs]


def test_two_months_by_the_minute_keep_every_peak():
    # given: a cycle that peaks at 70, a little higher each day
    minutes = np.arange(60 * 1440)
    values = 50 + 20 * np.sin(2 * np.pi * minutes / 1440) + np.floor(minutes / 1440)

    found = levels(
        {"above": 5, "for": "30m"},
        measured(values, every=timedelta(minutes=1)),
        now=START + timedelta(days=60),
        signal=query(unit="", every="1m"),
    )

    # then: a sine stays above sin(pi/2 - 15 min) for 30 minutes
    plateau = 50 + 20 * np.cos(2 * np.pi * 15 / 1440)
    assert list(found.values()) == pytest.approx([plateau + index for index in range(60)], abs=1e-9)
