"""From the dates of conditions to the date of a rule."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outgrow.decide.dates import across_date, rule_date
from outgrow.facts.forecasts import (
    AlreadyCrossed,
    Crosses,
    Dated,
    Flat,
    Hindrance,
    NotBefore,
    Reason,
    SeriesForecast,
    TooShort,
    Trend,
    Undated,
)
from outgrow.facts.verdicts import Coverage, Held, NotHeld, Undecided
from outgrow.plan.checkpoints import Condition, Rule
from tests.decide.given_days import TODAY, ahead

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
FULL = Coverage(1, 1)
HELD = Held(NOW, NOW, FULL)
NOT_HELD = NotHeld(NOW, timedelta(0), FULL)
UNKNOWN = Undecided("no data", FULL)
TODAY_ALREADY = Dated(TODAY, TODAY, TODAY)
NO_TREND = Trend((), (), (), 0.0, 0.0, 0.0, 0.0, weekly=False, shifts=(), spikes=())

A = Dated(ahead(10), ahead(5), ahead(20))
B = Dated(ahead(30), ahead(15), None)
C = Dated(ahead(50), ahead(40), ahead(60))
FLAT = Undated((Hindrance("F", Reason.FLAT),))
SHORT = Undated((Hindrance("S", Reason.TOO_SHORT, seen=3, needed=14),))
FAR = Undated((Hindrance("N", Reason.BEYOND_HORIZON, not_before=ahead(300)),), ahead(300))
DATES = {"A": A, "B": B, "C": C, "F": FLAT, "S": SHORT, "N": FAR}


def on(rule, **holdings):
    return rule_date(Rule.model_validate(rule), DATES, holdings, TODAY)


def undated(*because, not_before=None):
    return Undated(because, not_before)


class TestRules:
    def test_all_has_the_latest_date_and_the_latest_edges(self):
        assert on({"all": ["A", "C"]}) == Dated(ahead(50), ahead(40), ahead(60))

    def test_all_is_open_ended_when_a_member_is(self):
        assert on({"all": ["A", "B", "C"]}) == Dated(ahead(50), ahead(40), None)

    def test_any_has_the_earliest_date_and_the_earliest_edges(self):
        assert on({"any": ["C", "B", "A"]}) == Dated(ahead(10), ahead(5), ahead(20))

    def test_any_is_closed_by_whichever_member_closes_first(self):
        assert on({"any": ["B", "C"]}) == Dated(ahead(30), ahead(15), ahead(60))

    def test_at_least_two_of_three_have_the_second_date(self):
        assert on({"at_least_of": {"n": 2, "of": ["C", "A", "B"]}}) == Dated(ahead(30), ahead(15), ahead(60))

    def test_what_holds_already_has_the_date_of_today(self):
        assert on({"all": ["A", "F"]}, F=HELD) == A
        assert on({"all": ["F", "S"]}, F=HELD, S=HELD) == TODAY_ALREADY

    def test_what_does_not_hold_or_is_unknown_keeps_its_forecast(self):
        assert on({"all": ["A"]}, A=NOT_HELD) == A
        assert on({"all": ["A"]}, A=UNKNOWN) == A

    def test_a_needed_member_without_a_date_takes_the_rules_date_away(self):
        assert on({"all": ["A", "F"]}) == FLAT
        assert on({"all": ["F", "A", "S"]}) == undated(*FLAT.because, *SHORT.because)

    def test_any_needs_one_member_with_a_date(self):
        assert on({"any": ["F", "A", "S"]}) == A
        assert on({"any": ["F", "S"]}) == undated(*FLAT.because, *SHORT.because)

    def test_a_date_beyond_the_horizon_still_says_not_before(self):
        assert on({"all": ["A", "N"]}) == undated(*FAR.because, not_before=ahead(300))
        assert on({"all": ["F", "N"]}) == undated(*FLAT.because, *FAR.because)

    def test_a_possible_early_member_widens_the_interval_of_any(self):
        early = Undated((Hindrance("E", Reason.BEYOND_HORIZON, not_before=ahead(2)),), ahead(2))

        found = rule_date(Rule.model_validate({"any": ["A", "E"]}), {"A": A, "E": early}, {}, TODAY)

        assert found == Dated(ahead(10), ahead(2), ahead(20))

    def test_a_condition_without_a_forecast_is_named(self):
        assert on({"all": ["A", "X"]}) == undated(Hindrance("X", Reason.NO_FORECAST))

    def test_rules_nest(self):
        rule = {"all": ["A", {"any": ["F", {"at_least_of": {"n": 1, "of": ["B", "C"]}}]}]}

        assert on(rule) == Dated(ahead(30), ahead(15), ahead(60))

    def test_a_hindrance_is_named_once(self):
        assert on({"all": ["F", {"any": ["F"]}]}) == FLAT


class TestNone:
    def test_holds_now_until_the_first_member_is_expected(self):
        found = on({"none": ["C", "A"]}, A=NOT_HELD, C=NOT_HELD)

        assert found == Dated(TODAY, TODAY, TODAY, until=ahead(10))

    def test_holds_for_good_where_no_member_is_expected(self):
        assert on({"none": ["F"]}, F=NOT_HELD) == TODAY_ALREADY

    def test_has_no_date_while_a_member_holds(self):
        assert on({"none": ["A", "F"]}, A=HELD) == undated(Hindrance("A", Reason.MUST_END))

    def test_has_no_date_while_a_member_is_unknown(self):
        assert on({"none": ["A"]}, A=UNKNOWN) == undated(Hindrance("A", Reason.NO_FORECAST))

    def test_all_with_none_holds_from_the_one_until_the_other(self):
        found = on({"all": ["A", {"none": ["C"]}]}, C=NOT_HELD)

        assert found == Dated(ahead(10), ahead(5), ahead(20), until=ahead(50))

    def test_what_would_begin_after_the_other_has_ended_is_excluded(self):
        found = on({"all": ["C", {"none": ["A"]}]}, A=NOT_HELD)

        assert found == undated(Hindrance("A", Reason.EXCLUDED))

    def test_any_outlasts_the_member_that_ends(self):
        assert on({"any": ["A", {"none": ["C"]}]}, C=NOT_HELD) == TODAY_ALREADY

    def test_a_nested_rule_that_holds_must_end(self):
        found = on({"none": [{"all": ["A", "B"]}]}, A=HELD, B=HELD)

        assert found == undated(Hindrance("A", Reason.MUST_END), Hindrance("B", Reason.MUST_END))


dated = st.tuples(st.integers(0, 90), st.integers(0, 90), st.integers(0, 90) | st.none()).map(
    lambda each: Dated(
        ahead(each[0] + each[1]), ahead(each[0]), None if each[2] is None else ahead(each[0] + each[1] + each[2])
    )
)


@given(st.lists(dated, min_size=1, max_size=6), st.data())
def test_at_least_n_goes_from_any_to_all_and_never_back(dates, data):
    names = [f"c{index}" for index in range(len(dates))]
    by_name = dict(zip(names, dates, strict=True))
    n = data.draw(st.integers(1, len(dates)))

    def at_least(count: int):
        rule = Rule.model_validate({"at_least_of": {"n": count, "of": names}})
        found = rule_date(rule, by_name, {}, TODAY)
        assert isinstance(found, Dated)
        return found

    assert at_least(1) == rule_date(Rule.model_validate({"any": names}), by_name, {}, TODAY)
    assert at_least(len(dates)) == rule_date(Rule.model_validate({"all": names}), by_name, {}, TODAY)
    assert at_least(1).day <= at_least(n).day <= at_least(len(dates)).day
    found = at_least(n)
    assert found.earliest <= found.day <= (found.latest or date.max)


class TestAcross:
    SOON = Crosses(1.0, ahead(10), ahead(5), ahead(20), 0.9, 1.0, NO_TREND)
    LATER = Crosses(1.0, ahead(30), ahead(15), None, 0.9, 0.8, NO_TREND)
    LEVEL = Flat(1.0, ahead(364), 0.0, away=False, trend=NO_TREND)
    DOWN = Flat(1.0, ahead(364), 0.0, away=True, trend=NO_TREND)
    YOUNG = TooShort(1.0, 3, 14, ())

    def across(self, across, *forecasts):
        condition = Condition.model_validate({"signal": "s", "above": 1, "across": across})
        series = [SeriesForecast((("region", f"r{index}"),), each) for index, each in enumerate(forecasts)]
        return across_date("A", condition, series, TODAY)

    def test_any_is_the_first_series(self):
        assert self.across("any", self.LATER, self.LEVEL, self.SOON) == Dated(ahead(10), ahead(5), ahead(20))

    def test_all_is_the_last_series(self):
        assert self.across("all", self.LATER, self.SOON) == Dated(ahead(30), ahead(15), None)

    def test_a_series_already_beyond_counts_as_today(self):
        assert self.across("any", AlreadyCrossed(1.0, ahead(-9), None), self.LATER) == TODAY_ALREADY

    def test_one_reason_stands_for_many_series(self):
        found = self.across("any", self.YOUNG, self.DOWN, self.LEVEL)

        assert found == undated(Hindrance("A", Reason.FLAT, (("region", "r2"),)))

    def test_all_names_the_series_furthest_from_a_date(self):
        found = self.across("all", self.SOON, self.LEVEL, self.YOUNG)

        assert found == undated(Hindrance("A", Reason.TOO_SHORT, (("region", "r2"),), seen=3, needed=14))

    def test_growth_beyond_the_horizon_says_not_before(self):
        far = NotBefore(1.0, ahead(300), ahead(364), 0.2, NO_TREND)

        found = self.across("any", self.LEVEL, far)

        because = Hindrance("A", Reason.BEYOND_HORIZON, (("region", "r1"),), not_before=ahead(300))
        assert found == undated(because, not_before=ahead(300))

    @pytest.mark.parametrize("across", ["any", "all", "max", "min", "sum"])
    def test_no_series_no_forecast(self, across):
        assert self.across(across) == undated(Hindrance("A", Reason.NO_FORECAST))
