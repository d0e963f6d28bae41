"""What is said of made-up days whose truth is known."""

from datetime import timedelta

import numpy as np
import pytest

from outgrow.decide.crossing import HISTORY_DAYS, forecast_crossing
from outgrow.facts.forecasts import AlreadyCrossed, Crosses, Flat, NotBefore, TooShort
from tests.decide.given_days import TODAY, ahead, crosses, crossing, days, noisy, peaks, trend_of


def test_a_line_without_noise_crosses_on_the_very_day():
    # given: the peak of a cycle of mean 30 and amplitude 20 that grows by 0.2 a day, seen for 30 days
    levels = 50.05 + 0.2 * np.arange(30)

    # when
    found = crosses(crossing(levels, above=60.0))

    # then: the peak exceeds 60 on day 50, which is 20 days ahead; the mean would take until day 150
    assert (found.earliest, found.day, found.latest) == (ahead(20), ahead(20), ahead(20))
    assert found.grows
    assert trend_of(found).slope_per_day == pytest.approx(0.2)


def test_a_growing_series_crosses_near_the_true_day_and_says_how_surely():
    found = crosses(crossing(noisy(60, slope=0.5, noise=1.5), above=120.0))

    # then: the line reaches 120 on day 100, scatter crosses a few days before
    assert ahead(32) <= found.day <= ahead(42)
    assert ahead(26) <= found.earliest < found.day
    assert found.latest is not None
    assert found.day < found.latest <= ahead(48)
    assert (found.confidence, found.grows) == (0.9, True)
    assert found.chance > 0.99


def test_a_daily_cycle_without_growth_is_flat():
    found = crossing(peaks(60, 0.0, np.random.default_rng(3)), above=80.0)

    assert isinstance(found, Flat)
    assert not found.away
    assert found.chance < 0.1


def test_levels_that_never_change_are_flat():
    found = crossing([7.0] * 40, above=8.0)

    assert isinstance(found, Flat)
    assert found.chance == 0
    assert trend_of(found).residual_scale == pytest.approx(0, abs=1e-6)


def test_a_series_that_moves_away_says_so():
    found = crossing(noisy(60, slope=-0.5), above=120.0)

    assert isinstance(found, Flat)
    assert found.away


def test_growth_that_needs_longer_than_the_horizon_names_the_earliest_day_only():
    found = crossing(noisy(100, slope=0.1, noise=1.0), above=150.0)

    assert isinstance(found, NotBefore)
    assert found.horizon_end == ahead(364)
    assert ahead(180) < found.day <= found.horizon_end


def test_scatter_that_reaches_the_threshold_now_and_then_is_told_from_growth():
    # given: no growth, and a threshold two standard deviations up
    found = crosses(crossing(noisy(60, noise=5.0, seed=4), above=83.0))

    assert not found.grows
    assert abs(trend_of(found).slope_per_day) < 0.05


def test_thirteen_days_are_too_few():
    found = crossing(noisy(13, slope=1.0), above=200.0)

    assert found == TooShort(200.0, 13, 14, days(noisy(13, slope=1.0)))


def test_fourteen_days_are_enough():
    assert isinstance(crossing(noisy(14, slope=1.0, noise=0.5), above=100.0), Crosses)


def test_days_that_ended_weeks_ago_are_no_history_of_today():
    found = forecast_crossing(days(noisy(60), until=TODAY - timedelta(days=15)), 90.0, "above", TODAY)

    assert isinstance(found, TooShort)
    assert found.seen == 0


def test_only_the_last_four_months_count():
    # given: growth long ago, a standstill since
    levels = [*noisy(200, slope=1.0), *noisy(HISTORY_DAYS, level=270.0)]

    assert isinstance(crossing(levels, above=300.0), Flat)


def test_gaps_between_days_are_bridged():
    levels = noisy(60, slope=0.5, noise=0.5)
    levels[[3, 4, 17, 30, 31, 32, 58]] = np.nan

    assert ahead(36) <= crosses(crossing(levels, above=120.0)).day <= ahead(41)


class TestAlreadyCrossed:
    def test_begins_with_the_first_day_of_the_stretch(self):
        levels = [*noisy(50, noise=0.1), *noisy(10, noise=0.1, level=90.0)]

        found = crossing(levels, above=80.0)

        assert isinstance(found, AlreadyCrossed)
        assert found.since == ahead(-10)

    def test_lasts_over_a_quiet_weekend(self):
        # given: beyond from Monday to Friday for three weeks; TODAY is a Monday
        levels = [70.0] * 39 + ([90.0] * 5 + [60.0] * 2) * 3

        found = crossing(levels, above=80.0)

        assert isinstance(found, AlreadyCrossed)
        assert found.since == ahead(-21)

    def test_does_not_follow_from_one_spike_some_days_ago(self):
        levels = noisy(60, noise=0.5)
        levels[55] = 200.0

        assert isinstance(crossing(levels, above=100.0), Flat)

    def test_follows_from_the_last_day_alone(self):
        levels = noisy(60, noise=0.5)
        levels[-1] = 200.0

        found = crossing(levels, above=100.0)

        assert isinstance(found, AlreadyCrossed)
        assert found.since == ahead(-1)

    def test_needs_no_trend(self):
        found = crossing([90.0, 91.0], above=80.0)

        assert found == AlreadyCrossed(80.0, ahead(-2), None)

    @pytest.mark.parametrize(
        ("comparison", "crossed"), [("at_least", True), ("at_most", True), ("above", False), ("below", False)]
    )
    def test_counts_equality_only_where_the_comparison_does(self, comparison, crossed):
        found = forecast_crossing(days([50.0] * 30), 50.0, comparison, TODAY)

        assert isinstance(found, AlreadyCrossed) is crossed


class TestBreaks:
    def test_a_level_shift_is_no_growth(self):
        # given: a standstill, a rise by 50 % at once, a standstill
        levels = [*noisy(35, noise=1.0), *noisy(25, noise=1.0, level=105.0, seed=2)]

        found = crossing(levels, above=140.0)

        assert isinstance(found, Flat)
        (shift,) = trend_of(found).shifts
        assert shift.day == ahead(-25)
        assert shift.size == pytest.approx(35, abs=2)
        assert trend_of(found).fitted[0].day == ahead(-25)

    def test_growth_goes_on_from_the_new_level(self):
        levels = noisy(60, slope=0.5, noise=0.5)
        levels[54:] += 40

        found = crosses(crossing(levels, above=150.0))

        # then: 70 + 40 + 0.5 a day reaches 150 on day 80
        assert ahead(17) <= found.day <= ahead(22)
        assert [each.day for each in trend_of(found).shifts] == [ahead(-6)]

    def test_two_shifts_are_both_recognised(self):
        levels = noisy(60, noise=1.0)
        levels[25:] += 30
        levels[52:] += 60

        sizes = [each.size for each in trend_of(crossing(levels, above=400.0)).shifts]

        assert sizes == pytest.approx([30, 60], abs=3)

    @pytest.mark.parametrize("lasted", [1, 2, 3])
    def test_the_first_days_of_a_rise_may_be_a_spike_or_a_new_level(self, lasted):
        # given: growth of half a unit a day that rose by 40 at once, too lately to tell for good
        levels = noisy(60, slope=0.5, noise=0.5)
        levels[-lasted:] += 40

        found = crosses(crossing(levels, above=150.0))

        # then: the interval holds both readings, 150 on day 80 and on day 160
        assert found.earliest <= ahead(21)
        assert found.latest is None or found.latest >= ahead(96)
        assert trend_of(found).shifts == ()
        assert trend_of(found).spikes == tuple(ahead(-day) for day in range(lasted, 0, -1))

    def test_earlier_spikes_and_shifts_do_not_confuse_what_is_open_at_the_end(self):
        levels = noisy(60, slope=0.5, noise=0.5)
        levels[50:] += 20
        levels[[5, 20, 35]] += 60
        levels[-2:] += 40

        found = crosses(crossing(levels, above=200.0))

        assert [each.day for each in trend_of(found).shifts] == [ahead(-10)]
        assert trend_of(found).spikes == tuple(ahead(index - 60) for index in (5, 20, 35, 58, 59))

    def test_a_rise_some_days_ago_is_a_shift_and_no_growth(self):
        for lasted in range(1, 14):
            levels = noisy(60, noise=1.0)
            levels[-lasted:] += 40

            assert isinstance(crossing(levels, above=140.0), Flat), lasted

    def test_a_single_spike_does_not_bend_the_line(self):
        quiet = noisy(60, slope=0.5, noise=0.5)
        spiked = quiet.copy()
        spiked[50] += 80

        found = crosses(crossing(spiked, above=120.0))

        assert abs((found.day - crosses(crossing(quiet, above=120.0)).day).days) <= 1
        assert trend_of(found).spikes == (ahead(-10),)

    def test_spikes_that_came_more_than_once_are_expected_again(self):
        levels = noisy(60, noise=0.5)
        once, often = levels.copy(), levels.copy()
        once[20] += 50
        often[[10, 20, 35, 44]] += 50

        assert isinstance(crossing(once, above=110.0), Flat)
        found = crosses(crossing(often, above=110.0))
        assert not found.grows
        assert max(band.high for band in trend_of(found).future) < 80

    def test_spikes_of_neighbouring_days_happened_once(self):
        levels = noisy(60, noise=0.5)
        levels[[20, 21]] += 50

        found = crossing(levels, above=110.0)

        assert isinstance(found, Flat)
        assert trend_of(found).spikes == (ahead(-40), ahead(-39))

    def test_a_holiday_far_below_changes_nothing(self):
        levels = noisy(60, slope=0.5, noise=0.5)
        levels[30] = 0.0

        assert ahead(36) <= crosses(crossing(levels, above=120.0)).day <= ahead(41)


class TestWeek:
    def test_a_weekly_pattern_is_recognised_and_carried_on(self):
        # given: days fall to 40 at weekends and grow by 0.3 a day
        levels = noisy(56, slope=0.3, noise=0.5)
        weekend = np.array([ahead(index - 56).weekday() >= 5 for index in range(56)])
        levels[weekend] -= 30

        found = crosses(crossing(levels, above=95.0))

        assert trend_of(found).weekly
        assert found.day.weekday() < 5
        saturday = next(band for band in trend_of(found).future if band.day.weekday() == 5)
        monday = next(band for band in trend_of(found).future if band.day.weekday() == 0)
        assert monday.middle - saturday.middle == pytest.approx(30, abs=3)

    def test_none_is_seen_where_there_is_none(self):
        assert not trend_of(crossing(noisy(56, noise=1.0), above=95.0)).weekly


def test_the_trend_carries_what_a_chart_needs():
    levels = noisy(60, slope=0.5, noise=1.0)

    trend = trend_of(crossing(levels, above=120.0))

    assert [each.level for each in trend.history] == list(levels)
    assert [each.day for each in trend.fitted] == [each.day for each in trend.history]
    assert [each.day for each in trend.future] == [ahead(index) for index in range(365)]
    for band in (*trend.fitted, *trend.future):
        assert band.low <= band.middle <= band.high
    widths = [band.high - band.low for band in trend.future]
    assert widths[300] > widths[0]
    assert trend.slope_low <= trend.slope_per_day <= trend.slope_high
    assert trend.residual_scale == pytest.approx(1.0, rel=0.3)


def test_a_horizon_ends_where_it_is_told_to():
    found = forecast_crossing(days(noisy(60, slope=0.5)), 200.0, "above", TODAY, timedelta(days=30))

    assert isinstance(found, NotBefore)
    assert found.horizon_end == ahead(29)


def test_false_dates_are_rare_and_true_days_are_covered():
    # given: 120 trendless cycles, and 120 that grow by half a unit a day, each seen for 28 days
    rng = np.random.default_rng(11)
    runs, false, held = 120, 0, 0
    for _ in range(runs):
        still = peaks(28, 0.0, rng)
        growing = peaks(200, 0.5, rng)
        threshold = 72.0 + 0.5 * 58
        first = ahead(int(np.argmax(growing[28:] > threshold)))

        # when
        false += isinstance(crossing(still, above=80.0), Crosses)
        found = crosses(crossing(growing[:28], above=threshold))
        held += found.earliest <= first <= (found.latest or ahead(365))

    # then: (the figures over thousands of runs are in bench/bench_forecast.py)
    assert false <= 2
    assert 0.83 <= held / runs <= 0.97
