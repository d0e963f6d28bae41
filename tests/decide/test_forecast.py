"""The whole way: samples of a signal, a condition, a checkpoint, dates."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from outgrow.decide.forecast import checkpoint_forecast, condition_levels, forecast_condition, statistic_of
from outgrow.facts.forecasts import AlreadyCrossed, Crosses, Dated, Flat, Hindrance, Reason, TooShort, Undated
from outgrow.facts.samples import Absence, Measured, Missing
from outgrow.facts.verdicts import Coverage, Held, NotHeld
from outgrow.plan.checkpoints import Checkpoint
from outgrow.plan.grades import Grade
from tests.decide.given import query, terms

UTC_ZONE = ZoneInfo("UTC")
NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
TODAY = NOW.date()
HOURLY = query(unit="percent", every="1h", by=["region"])
KR, ID = (("region", "kr"),), (("region", "id"),)


def cycle(slope: float, days: int = 30, mean: float = 30.0):
    """The cycle of the design: amplitude 20, growing by `slope` a day, with a little noise; read hourly until now."""
    first = NOW.replace(hour=0, minute=0) - timedelta(days=days)
    hours = np.arange(days * 24 + 10)
    noise = 0.3 * np.random.default_rng(1).standard_normal(len(hours))
    values = mean + slope * hours / 24 + 20 * np.sin(2 * np.pi * hours / 24) + noise
    moments = [first + timedelta(hours=int(hour)) for hour in hours]
    return [Measured(at, float(each), at) for at, each in zip(moments, values, strict=True)]


def forecast(condition, series, signal=HOURLY, earlier=None, name="A"):
    asked = replace(terms(condition, signal), name=name)
    return forecast_condition(asked, condition_levels(asked, series, NOW, UTC_ZONE), TODAY, earlier or {})


def ahead(days: int):
    return TODAY + timedelta(days=days)


class TestCondition:
    def test_the_peak_crosses_and_not_the_mean(self):
        # given: mean 30, +0.2 a day, amplitude 20; the peak reaches 60 % on day 50, the mean on day 150
        found = forecast({"above": "60 %"}, {(): cycle(0.2)})

        # then: thirty days have passed
        (series,) = found.series
        assert isinstance(series.forecast, Crosses)
        assert series.forecast.grows
        assert isinstance(found.date, Dated)
        assert ahead(15) <= found.date.day <= ahead(22)
        assert (found.condition, found.signal) == ("A", "latency")

    def test_a_cycle_that_does_not_grow_gives_no_date(self):
        found = forecast({"above": "60 %"}, {(): cycle(0.0)})

        assert isinstance(found.series[0].forecast, Flat)
        assert found.date == Undated((Hindrance("A", Reason.FLAT),))

    def test_the_threshold_is_taken_in_the_signals_unit(self):
        ratio = query(unit="ratio", every="1h")
        samples = [Measured(each.at, each.value / 100, each.at) for each in cycle(0.2)]

        found = forecast({"above": "60 %"}, {(): samples}, ratio)

        assert found.series[0].forecast.threshold == pytest.approx(0.6)
        assert isinstance(found.date, Dated)

    def test_series_are_forecast_each_and_the_first_one_dates_the_condition(self):
        found = forecast({"above": "60 %"}, {KR: cycle(0.2), ID: cycle(0.0)})

        kinds = {each.labels: type(each.forecast) for each in found.series}
        assert kinds == {KR: Crosses, ID: Flat}
        assert isinstance(found.date, Dated)

    def test_all_series_must_cross_where_all_are_asked_for(self):
        found = forecast({"above": "60 %", "across": "all"}, {KR: cycle(0.2), ID: cycle(0.0)})

        assert found.date == Undated((Hindrance("A", Reason.FLAT, ID),))

    def test_the_sum_of_series_is_one_series(self):
        found = forecast({"above": "110 %", "across": "sum"}, {KR: cycle(0.2), ID: cycle(0.0)})

        (series,) = found.series
        assert series.labels == ()
        assert isinstance(series.forecast, Crosses)

    def test_falling_is_forecast_too(self):
        found = forecast({"below": "5 %"}, {(): cycle(-0.2)})

        assert isinstance(found.series[0].forecast, AlreadyCrossed | Crosses)

    def test_levels_kept_from_before_lengthen_a_short_history(self):
        asked = terms({"above": "60 %"}, HOURLY)
        kept = condition_levels(asked, {KR: cycle(0.2)}, NOW, UTC_ZONE)
        lately = {KR: [each for each in cycle(0.2) if each.at > NOW - timedelta(days=5)]}

        alone = forecast({"above": "60 %"}, lately)
        together = forecast({"above": "60 %"}, lately, earlier=kept)

        assert isinstance(alone.series[0].forecast, TooShort)
        assert isinstance(together.series[0].forecast, Crosses)
        assert together == forecast({"above": "60 %"}, {KR: cycle(0.2)})

    def test_a_failed_reading_of_all_labels_is_no_series(self):
        failure = Missing(NOW, Absence.FAILED, "refused", NOW)

        found = forecast({"above": "60 %"}, {KR: cycle(0.2), (): [failure]})

        assert [each.labels for each in found.series] == [KR]

    def test_without_samples_there_is_no_forecast(self):
        assert forecast({"above": "60 %"}, {}).date == Undated((Hindrance("A", Reason.NO_FORECAST),))


class TestStatistic:
    def test_the_threshold_does_not_change_the_statistic(self):
        low, high = terms({"above": "60 %", "for": "2h"}, HOURLY), terms({"at_least": "70 %", "for": "2h"}, HOURLY)

        assert statistic_of(low) == statistic_of(high)

    @pytest.mark.parametrize(
        "other",
        [
            {"below": "60 %", "for": "2h"},
            {"above": "60 %", "for": "3h"},
            {"above": "60 %", "m_of_n": "2 of 3"},
            {"above": "60 %", "for": "2h", "across": "max"},
            {"above": "60 %", "for": "2h", "min_n": 7},
            {"above": "60 %", "for": "2h", "max_gap": "5h"},
            {"above": "60 %", "for": "2h", "min_coverage": 0.5},
            {"above": "60 %", "for": "2h", "include_own_load": True},
        ],
    )
    def test_whatever_changes_a_days_level_changes_the_statistic(self, other):
        assert statistic_of(terms(other, HOURLY)) != statistic_of(terms({"above": "60 %", "for": "2h"}, HOURLY))


class TestCheckpoint:
    CHECKPOINT = Checkpoint.model_validate(
        {
            "conditions": {"A": {"signal": "s", "above": 60}, "B": {"signal": "s", "above": 70}},
            "verdicts": {"monitor": {"any": ["A", "B"]}, "required": {"all": ["A", "B"]}},
            "lead_time": "10d",
        }
    )

    def of(self, checkpoint=CHECKPOINT, holdings=None, **slopes):
        forecasts = {
            name: forecast({"above": {"A": "60 %", "B": "70 %"}[name]}, {(): cycle(slope)}, name=name)
            for name, slope in slopes.items()
        }
        return checkpoint_forecast("split", checkpoint, forecasts, holdings or {}, NOW, UTC_ZONE)

    def test_every_grade_has_its_date_most_severe_first(self):
        found = self.of(A=0.2, B=0.2)

        assert (found.checkpoint, found.at, found.today) == ("split", NOW, TODAY)
        assert [each.grade for each in found.grades] == [Grade.REQUIRED, Grade.MONITOR]
        required, monitor = (each.date for each in found.grades)
        assert isinstance(required, Dated)
        assert isinstance(monitor, Dated)
        assert monitor.day < required.day

    def test_start_by_is_the_date_less_the_lead_time(self):
        for grade in self.of(A=0.2, B=0.2).grades:
            assert isinstance(grade.date, Dated)
            assert grade.start_by == grade.date.day - timedelta(days=10)
            assert not grade.overdue

    def test_a_lead_time_longer_than_what_is_left_is_overdue(self):
        slow = self.CHECKPOINT.model_copy(update={"lead_time": timedelta(days=59, hours=1)})

        required, monitor = self.of(slow, A=0.2, B=0.2).grades

        assert monitor.overdue
        assert isinstance(required.date, Dated)
        assert required.start_by == required.date.day - timedelta(days=60)

    def test_a_grade_whose_rule_holds_is_due_today(self):
        held = Held(NOW, NOW, Coverage(1, 1))
        not_held = NotHeld(NOW, timedelta(0), Coverage(1, 1))

        required, monitor = self.of(holdings={"A": held, "B": not_held}, A=0.2, B=0.2).grades

        assert monitor.date == Dated(TODAY, TODAY, TODAY)
        assert monitor.overdue
        assert isinstance(required.date, Dated)
        assert required.date.day > TODAY

    def test_a_grade_without_a_date_has_no_day_to_start_and_says_why(self):
        required, monitor = self.of(A=0.2, B=0.0).grades

        assert required.date == Undated((Hindrance("B", Reason.FLAT),))
        assert (required.start_by, required.overdue) == (None, False)
        assert isinstance(monitor.date, Dated)

    def test_a_condition_that_was_not_forecast_is_named(self):
        required, _ = self.of(A=0.2).grades

        assert required.date == Undated((Hindrance("B", Reason.NO_FORECAST),))

    def test_today_is_the_day_of_the_plans_zone(self):
        late = datetime(2026, 3, 2, 22, tzinfo=UTC)

        assert checkpoint_forecast("x", self.CHECKPOINT, {}, {}, late, ZoneInfo("Asia/Seoul")).today == ahead(1)
