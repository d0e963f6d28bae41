from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outgrow.decide.derived import derive, input_lookback, tolerance, with_derived
from outgrow.facts.samples import Absence, Measured, Missing, Origin, labels_of
from outgrow.plan.signals import DeltaSignal, GrowthSignal, RateSignal, RatioSignal
from tests.decide.given import MINUTE, at, missing, query, samples, value

HOUR, DAY = 60, 1440


def ratio(unit: str = "ratio", **options) -> RatioSignal:
    return RatioSignal.model_validate({"ratio": ["errors", "requests"], "unit": unit, **options})


def rate(unit: str = "", **options) -> RateSignal:
    return RateSignal.model_validate({"rate": "sent", "unit": unit, **options})


def growth(unit: str = "ratio") -> GrowthSignal:
    return GrowthSignal.model_validate({"growth_per_day": "keys", "unit": unit})


def delta(over: str, unit: str = "") -> DeltaSignal:
    return DeltaSignal.model_validate({"delta": "keys", "over": over, "unit": unit})


def values(found) -> list[float | Absence]:
    return [round(each.value, 9) if isinstance(each, Measured) else each.absence for each in found]


def divided(
    errors, requests, signal: RatioSignal | None = None, units: tuple[str, str] = ("errors", "requests"), every="1m"
):
    signals = {"errors": query(units[0], every), "requests": query(units[1], every)}
    return derive(signal or ratio(), signals, {"errors": {(): errors}, "requests": {(): requests}})[()]


# --- ratio ---


def test_a_ratio_divides_samples_of_the_same_moments():
    assert values(divided(samples(1, 2, 3), samples(10, 10, 4))) == [0.1, 0.2, 0.75]


def test_a_share_is_given_in_the_unit_that_is_asked_for():
    assert values(divided(samples(29), samples(100), ratio("percent"))) == [29]
    assert values(divided(samples(512), samples(1), ratio("percent"), ("MiB", "GiB"))) == [50]
    assert values(divided(samples(500), samples(2), ratio("ratio"), ("ms", "s"))) == [0.25]


def test_something_per_thing_keeps_its_unit_and_something_per_time_is_a_rate():
    assert values(divided(samples(30), samples(10), ratio("USD"), ("USD", "users"))) == [3]
    assert values(divided(samples(2), samples(4), ratio("MB per second"), ("GB", "s"))) == [500]
    assert values(divided(samples(6), samples(3), ratio(""), ("ms", "sessions"))) == [2]


def test_a_denominator_of_zero_gives_no_value_and_says_so():
    (found,) = divided(samples(1), samples(0))
    assert isinstance(found, Missing)
    assert (found.absence, found.detail) == (Absence.NOT_A_NUMBER, "requests is 0")


def test_samples_are_of_the_same_moment_when_half_an_interval_apart_at_most():
    assert values(divided((value(0.5, 1),), (value(0, 10),))) == [0.1]
    assert values(divided((value(0.51, 1),), (value(0, 10),))) == [Absence.NOT_YET]
    assert values(divided((value(2, 1),), (value(0, 10),), every="5m")) == [0.1]


def test_an_input_without_a_value_passes_its_reason_on():
    requests = (missing(0, Absence.FAILED, "connection refused"), value(1, 100, n=3))
    found = divided(samples(1, 1), requests)
    assert [each.detail for each in found if isinstance(each, Missing)] == [
        "requests: connection refused",
        "requests: only 3 rows, 20 needed",
    ]
    assert values(divided((missing(0),), samples(1))) == [Absence.NULL]


def test_label_sets_are_matched_and_an_unlabelled_denominator_serves_all():
    # given errors by region, once with requests by region and once with requests of all
    korea, indonesia = labels_of({"region": "kr"}), labels_of({"region": "id"})
    signals = {"errors": query("", by=["region"]), "requests": query("")}
    errors = {korea: samples(1), indonesia: samples(2)}
    by_region = {korea: samples(10), indonesia: samples(4)}

    # then
    matched = derive(ratio(), signals, {"errors": errors, "requests": by_region})
    of_all = derive(ratio(), signals, {"errors": errors, "requests": {(): samples(20)}})
    unmatched = derive(ratio(), signals, {"errors": errors, "requests": {korea: samples(10)}})
    assert {labels: values(each) for labels, each in matched.items()} == {korea: [0.1], indonesia: [0.5]}
    assert {labels: values(each) for labels, each in of_all.items()} == {korea: [0.05], indonesia: [0.1]}
    assert values(unmatched[indonesia]) == [Absence.NOT_YET]


def test_a_derived_sample_has_the_fewest_rows_the_latest_reading_and_the_weaker_origin():
    errors = Measured(at(0), 1, at(5), n=300)
    requests = Measured(at(0), 10, at(7), n=40, origin=Origin.BACKFILL)
    (found,) = divided((errors,), (requests,))
    assert found == Measured(at(0), 0.1, at(7), 40, None, Origin.BACKFILL)


# --- rate ---


def rated(*sent, signal: RateSignal | None = None, unit: str = "B", every: str = "1m"):
    return derive(signal or rate(), {"sent": query(unit, every)}, {"sent": {(): sent}})[()]


def test_a_rate_is_the_rise_per_second_between_neighbours():
    assert values(rated(*samples(0, 60, 180))) == [Absence.NOT_YET, 1, 2]


def test_a_rate_is_given_in_the_unit_that_is_asked_for():
    day = rated(*samples(0, 60_000_000), signal=rate("GB per day"))
    assert values(day) == [Absence.NOT_YET, 86.4]
    assert values(rated(*samples(0, 120), signal=rate("per minute"), unit="requests")) == [Absence.NOT_YET, 120]


def test_a_counter_that_begins_again_gives_no_value_for_that_step_and_never_a_negative_one():
    found = rated(*samples(600, 660, 30, 90))
    assert values(found) == [Absence.NOT_YET, 1, Absence.COUNTER_RESTARTED, 1]


def test_a_gap_of_more_than_two_intervals_is_not_bridged():
    assert values(rated(*samples(0, None, 120))) == [Absence.NOT_YET, 1]
    assert values(rated(*samples(0, None, None, 180))) == [Absence.NOT_YET, Absence.NOT_YET]


def test_a_rate_over_a_day_is_known_after_a_day():
    # given 1 MB each ten minutes
    sent = samples(*[number * 1_000_000 for number in range(150)], step=10)
    found = rated(*sent, signal=rate("MB per day", over="24h"), every="10m")

    # then nine tenths of a day are enough
    known = [each.at for each in found if isinstance(each, Measured)]
    assert known[0] == at(0.9 * DAY + 4)
    assert values(found)[-1] == 144


def test_a_restart_within_the_span_costs_one_step_and_not_the_rate():
    # given a counter that begins again after half a day
    sent = samples(*[(number % 72) * 1_000_000 for number in range(145)], step=10)
    found = rated(*sent, signal=rate("MB per day", over="24h"), every="10m")
    assert values(found)[-1] == 144


def test_a_counter_that_keeps_restarting_has_no_rate():
    sent = samples(*[(number % 2) * 1_000_000 for number in range(145)], step=10)
    found = rated(*sent, signal=rate("MB per day", over="24h"), every="10m")
    assert values(found)[-1] is Absence.COUNTER_RESTARTED


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=30), st.sampled_from([None, "5m"]))
def test_a_rate_is_never_negative(counted: list[int], over: str | None):
    signal = rate(over=over) if over else rate()
    found = rated(*samples(*counted), signal=signal)
    assert len(found) == len(counted)
    assert all(each.value >= 0 for each in found if isinstance(each, Measured))


@pytest.mark.parametrize("over", [None, "2m"])
def test_a_counter_without_a_value_passes_its_reason_on(over: str | None):
    sent = (value(0, 0), missing(1, Absence.FAILED, "refused"), value(2, 120), value(3, 180, n=3))
    found = rated(*sent, signal=rate(over=over) if over else rate())
    assert [each.detail for each in found if isinstance(each, Missing)][1:] == ["refused", "only 3 rows, 20 needed"]
    assert values(found)[2] == 1


def test_a_counter_that_was_silent_at_the_beginning_of_the_span_is_not_stretched_over_it():
    # given one sample long ago, and then five minutes of samples
    sent = (value(0, 0), *samples(*range(600, 1200, 60), first=100))
    found = rated(*sent, signal=rate(over="20m"))
    assert values(found)[-1] is Absence.NOT_YET


# --- growth and delta ---


def grown(*keys, signal: GrowthSignal | DeltaSignal | None = None, every: str = "1h"):
    return derive(signal or growth(), {"keys": query("keys", every)}, {"keys": {(): keys}})[()]


def test_growth_compares_with_the_sample_one_day_before():
    keys = samples(*[100] * 24, 120, 90, step=HOUR)
    assert values(grown(*keys))[-2:] == [0.2, -0.1]
    assert values(grown(*keys, signal=growth("percent")))[-2:] == [20, -10]
    assert values(grown(*keys, signal=growth("percent per day")))[-2:] == [20, -10]


def test_growth_without_a_sample_a_day_before_is_not_known_yet():
    found = grown(*samples(*[100] * 10, step=HOUR))
    assert values(found) == [Absence.NOT_YET] * 10


def test_growth_allows_a_sample_a_little_off_and_not_one_far_off():
    assert values(grown(value(0, 100), value(DAY + 70, 120))) == [Absence.NOT_YET, 0.2]
    assert values(grown(value(0, 100), value(DAY + 80, 120))) == [Absence.NOT_YET, Absence.NOT_YET]


def test_growth_of_what_has_no_value_passes_its_reason_on():
    found = grown(value(0, 100), missing(DAY, Absence.FAILED, "refused"))
    assert [each.detail for each in found if isinstance(each, Missing)] == [
        "no value of keys from a day before",
        "refused",
    ]


def test_what_is_too_large_for_a_number_has_no_value():
    assert values(grown(value(0, 1e-300), value(DAY, 1e300))) == [Absence.NOT_YET, Absence.NOT_A_NUMBER]


def test_growth_from_nothing_has_no_value():
    found = grown(value(0, 0), value(DAY, 120))
    assert isinstance(found[1], Missing)
    assert (found[1].absence, found[1].detail) == (Absence.NOT_A_NUMBER, "keys was 0 a day before")


def test_a_delta_is_the_change_over_its_span_in_its_unit():
    assert values(grown(*samples(5, 7, 4), signal=delta("2m"), every="1m")) == [Absence.NOT_YET, Absence.NOT_YET, -1]
    change = DeltaSignal.model_validate({"delta": "size", "over": "1h", "unit": "MiB"})
    found = derive(change, {"size": query("GiB", "1h")}, {"size": {(): samples(1, 1.5, step=HOUR)}})[()]
    assert values(found) == [Absence.NOT_YET, 512]


# --- together ---


def test_derived_signals_are_worked_out_after_what_they_stand_on():
    # given a ratio of two rates
    signals = {
        "error-share": RatioSignal.model_validate({"ratio": ["error-rate", "request-rate"], "unit": "percent"}),
        "error-rate": RateSignal.model_validate({"rate": "errors", "unit": "per second"}),
        "request-rate": RateSignal.model_validate({"rate": "requests", "unit": "per second"}),
        "errors": query(""),
        "requests": query(""),
    }
    read = {"errors": {(): samples(0, 60)}, "requests": {(): samples(0, 600)}}

    # when
    found = with_derived(signals, read)

    # then
    assert values(found["error-share"][()]) == [Absence.NOT_YET, 10]
    assert found["errors"] is read["errors"]


def test_what_was_not_read_derives_to_nothing():
    assert with_derived({"share": ratio(), "errors": query(""), "requests": query("")}, {})["share"] == {}


@pytest.mark.parametrize(
    ("signal", "input_every", "needed"),
    [
        (ratio(every="5m"), "1m", timedelta(minutes=2.5)),
        (rate(), "10m", timedelta(minutes=20)),
        (rate(over="24h"), "10m", timedelta(hours=24, minutes=10)),
        (growth(), "1h", timedelta(days=1, minutes=72)),
        (delta("1h"), "1m", timedelta(minutes=63)),
    ],
)
def test_a_derived_signal_says_how_much_further_back_its_inputs_must_be_known(
    signal, input_every: str, needed: timedelta
):
    signals = {name: query(every=input_every) for name in ("errors", "requests", "sent", "keys")}
    assert input_lookback(signal, signals) == needed


def test_the_tolerance_never_reaches_a_quarter_of_the_span():
    assert tolerance(60 * MINUTE, 10 * MINUTE) == 5 * MINUTE
    assert tolerance(60 * MINUTE, 60 * MINUTE) == 15 * MINUTE
