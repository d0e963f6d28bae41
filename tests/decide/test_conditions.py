from datetime import timedelta

import pytest

from outgrow.decide.conditions import evaluate_condition
from outgrow.decide.terms import lookback
from outgrow.facts.samples import Absence
from outgrow.facts.verdicts import Coverage, Held, Lack, NotHeld, Undecided
from outgrow.plan.checkpoints import Condition
from tests.decide.given import MINUTE, at, missing, one, query, samples, terms, value

SLOW = {"above": "800 ms", "for": "5m"}


def judged(condition: dict, *series, now: float = 0, **options):
    verdict, _ = evaluate_condition(terms(condition, **options), one(series), at(now))
    return verdict


def holding(condition: dict, *series, now: float = 0, **options):
    return judged(condition, *series, now=now, **options).holding


# --- the window ---


def test_a_condition_holds_when_its_run_began_exactly_its_for_ago():
    assert holding(SLOW, *samples(*[900] * 6), now=5) == Held(at(0), at(5), Coverage(6, 6))


def test_a_condition_does_not_hold_a_moment_before_its_run_is_long_enough():
    # given a failing minute, then five satisfying ones
    series = samples(700, *[900] * 6)

    # when
    early = holding(SLOW, *series, now=5.99)
    on_time = holding(SLOW, *series, now=6)

    # then
    assert isinstance(early, NotHeld)
    assert isinstance(on_time, Held)


def test_a_series_that_is_too_young_is_unknown_and_says_from_when_it_can_be_known():
    found = holding(SLOW, *samples(*[900] * 4), now=3)
    assert found == Undecided("seen for 3m of 5m", Coverage(4, 6), timedelta(minutes=3), at(5), Lack.TOO_SHORT)


@pytest.mark.parametrize(
    ("comparison", "at_threshold"), [("above", False), ("below", False), ("at_least", True), ("at_most", True)]
)
def test_above_and_below_exclude_equality_and_at_least_and_at_most_include_it(comparison: str, at_threshold: bool):
    found = holding({comparison: "800 ms"}, value(0, 800))
    assert isinstance(found, Held) is at_threshold


def test_a_threshold_is_converted_into_the_signals_unit():
    assert isinstance(holding({"above": "0.8 s"}, value(0, 801)), Held)
    assert isinstance(holding({"above": "60 %"}, value(0, 0.62), signal=query("ratio")), Held)
    assert isinstance(holding({"above": "60 %"}, value(0, 0.62), signal=query("percent")), NotHeld)


def test_a_failing_sample_anywhere_in_the_window_gives_not_held_whatever_the_gaps():
    found = holding(SLOW, value(0, 700), value(5, 900), now=5)
    assert isinstance(found, NotHeld)
    assert found.since == at(0)


def test_a_failing_sample_just_before_the_window_is_of_the_past():
    series = samples(700, *[900] * 6)
    assert isinstance(holding(SLOW, *series, now=5), NotHeld)
    assert isinstance(holding(SLOW, *series, now=6), Held)


def test_between_two_ticks_nothing_becomes_unknown_when_the_tick_before_the_run_failed():
    # given one sample a minute; the window begins between the failing and the first satisfying one
    series = samples(700, *[900] * 6)

    # when
    found = holding(SLOW, *series, now=5.5)

    # then no tick is missing, so the run is known to be too short
    assert found == NotHeld(at(0), timedelta(minutes=4, seconds=30), Coverage(6, 6))


def test_where_the_tick_before_the_run_is_missing_its_beginning_is_unknown():
    series = (value(0, 700), *samples(*[900] * 5, first=2))
    assert isinstance(holding({**SLOW, "min_coverage": 0.5}, *series, now=6.5), Undecided)


def test_a_failing_sample_further_back_than_the_window_does_not_decide_a_gappy_one():
    found = holding({**SLOW, "max_gap": "2m"}, value(0, 700), value(4, 900), value(5.5, 900), now=6)
    assert isinstance(found, Undecided)


# --- gaps, coverage, age ---


def test_a_gap_of_two_intervals_is_bridged_and_a_longer_one_is_not():
    # given a window of ten minutes in which nine of eleven points are enough
    condition = {"above": "800 ms", "for": "10m", "min_coverage": 0.8}
    one_missing = [value(each, 900) for each in range(11) if each != 4]
    two_missing = [value(each, 900) for each in range(11) if each not in {4, 5}]

    # then
    assert isinstance(holding(condition, *one_missing, now=10), Held)
    found = holding(condition, *two_missing, now=10)
    assert isinstance(found, Undecided)
    assert (found.lack, found.why) == (Lack.GAP, "a gap of 3m, longer than 2m")
    assert found.known_from == at(16)


def test_a_longer_gap_may_be_allowed():
    condition = {"above": "800 ms", "for": "10m", "min_coverage": 0.8, "max_gap": "3m"}
    series = [value(each, 900) for each in range(11) if each not in {4, 5}]
    assert isinstance(holding(condition, *series, now=10), Held)


def test_too_thin_a_window_is_unknown_and_says_how_thin():
    series = [value(each, 900) for each in range(0, 31, 2)]
    found = holding({"above": "800 ms", "for": "30m"}, *series, now=30)
    assert isinstance(found, Undecided)
    assert (found.lack, found.why) == (Lack.THIN, "16 of 31 points seen, 28 needed")
    assert found.coverage == Coverage(16, 31)


def test_exactly_the_needed_share_of_the_window_is_enough():
    # given 28 of 31 points: 0.9 of 31 is 27.9
    series = [value(each, 900) for each in range(31) if each not in {5, 15, 25}]
    assert isinstance(holding({"above": "800 ms", "for": "30m"}, *series, now=30), Held)
    # when one more is missing
    series = [each for each in series if each.at != at(20)]
    # then
    assert isinstance(holding({"above": "800 ms", "for": "30m"}, *series, now=30), Undecided)


def test_samples_off_the_grid_never_make_more_than_everything_seen():
    series = [value(each / 2, 900) for each in range(11)]
    assert holding(SLOW, *series, now=5).coverage == Coverage(6, 6)


def test_old_data_never_holds():
    # given a window of which half is enough
    condition = {**SLOW, "min_coverage": 0.5}
    series = samples(*[900] * 6)

    # then a value counts for two intervals and no longer
    assert isinstance(holding(condition, *series, now=7), Held)
    found = holding(condition, *series, now=7.5)
    assert isinstance(found, Undecided)
    assert (found.lack, found.why) == (Lack.STALE, "the last value is 2m30s old, older than 2m")


def test_without_a_for_the_latest_value_decides_while_it_is_young():
    assert isinstance(holding({"above": "800 ms"}, value(0, 700), value(1, 900), now=3), Held)
    assert isinstance(holding({"above": "800 ms"}, value(0, 900), value(1, 700), now=3), NotHeld)
    assert isinstance(holding({"above": "800 ms"}, value(0, 900), value(1, 900), now=3.01), Undecided)


def test_what_lies_after_the_moment_judged_is_not_looked_at():
    series = (*samples(*[900] * 6), value(6, 100))
    assert isinstance(holding(SLOW, *series, now=5), Held)


def test_no_samples_at_all_is_no_data():
    assert holding(SLOW) == Undecided("no data", Coverage(0, 6), lack=Lack.NO_DATA)
    verdict, _ = evaluate_condition(terms(SLOW), {}, at(0))
    assert verdict.holding == Undecided("no data", Coverage(0, 6), lack=Lack.NO_DATA)


def test_a_backfill_step_coarser_than_the_interval_counts_as_the_distance_of_samples():
    # given one sample each five minutes of a signal of one minute
    series = samples(*[900] * 7, step=5)
    condition = {"above": "800 ms", "for": "30m"}

    # then
    assert isinstance(holding(condition, *series, now=30), Undecided)
    coarse = terms(condition, query(every="5m"))
    assert isinstance(evaluate_condition(coarse, one(series), at(30))[0].holding, Held)


def test_a_delayed_signal_is_judged_at_the_moment_its_samples_speak_of():
    # given rows that are ten minutes late
    late = query(delay="10m")
    series = samples(*[900] * 6)

    # then
    assert isinstance(holding(SLOW, *series, now=15, signal=late), Held)
    assert isinstance(holding(SLOW, *series, now=15), Undecided)


# --- values that are not there ---


def test_a_missing_value_is_a_gap_and_not_a_failure():
    series = (*samples(*[900] * 3), missing(3), *samples(900, 900, first=4))
    found = holding({**SLOW, "min_coverage": 0.8}, *series, now=5)
    assert found == Held(at(0), at(5), Coverage(5, 6))


def test_a_source_that_fails_is_unknown_in_its_own_words():
    series = (value(0, 900), missing(5, Absence.FAILED, "connection refused"))
    found = holding({"above": "800 ms"}, *series, now=5)
    assert isinstance(found, Undecided)
    assert (found.lack, found.why) == (Lack.UNAVAILABLE, "connection refused")


def test_fewer_rows_than_the_signal_wants_are_no_value():
    found = holding({"above": "800 ms"}, value(0, 900, n=12))
    assert isinstance(found, Undecided)
    assert found.why == "only 12 rows, 20 needed"


def test_a_condition_may_want_more_or_fewer_rows_than_its_signal():
    assert isinstance(holding({"above": "800 ms", "min_n": 300}, value(0, 900, n=299)), Undecided)
    assert isinstance(holding({"above": "800 ms", "min_n": 300}, value(0, 900, n=300)), Held)
    assert isinstance(holding({"above": "800 ms", "min_n": 5}, value(0, 900, n=12)), Held)


# --- evidence ---


def test_headroom_is_the_distance_to_the_threshold_in_the_signals_unit():
    above = judged({"above": "800 ms"}, value(0, 620)).headroom
    below = judged({"below": "800 ms"}, value(0, 1000)).headroom
    assert above is not None
    assert below is not None
    assert (above.absolute, above.relative) == (180, 0.225)
    assert (below.absolute, below.relative) == (200, 0.25)


def test_headroom_is_negative_beyond_the_threshold_and_has_no_share_of_zero():
    beyond = judged({"above": "800 ms"}, value(0, 1000)).headroom
    of_zero = judged({"above": "0 ms"}, value(0, 5)).headroom
    assert beyond is not None
    assert of_zero is not None
    assert (beyond.absolute, beyond.relative) == (-200, -0.25)
    assert (of_zero.absolute, of_zero.relative) == (-5, None)


def test_headroom_stands_on_the_last_available_value_and_its_time():
    found = judged({"above": "800 ms"}, value(0, 620), missing(1), missing(2), now=2).headroom
    assert found is not None
    assert (found.value, found.value_at) == (620, at(0))


def test_the_evidence_shows_the_samples_looked_at():
    verdict = judged(SLOW, *samples(*[900] * 10), now=9)
    assert [each.at for each in verdict.series[0].window] == [at(each) for each in range(4, 10)]
    assert verdict.series[0].last == value(9, 900)
    assert verdict.threshold == 800


def test_progress_counts_up_while_a_run_lasts():
    series = (value(-1, 100), *samples(*[900] * 4))
    found = holding(SLOW, *series, now=3)
    assert isinstance(found, NotHeld)
    assert found.progress == 3 * MINUTE


# --- how much past is needed ---


@pytest.mark.parametrize(
    ("condition", "remembered", "needed"),
    [
        ({"above": 1}, False, "2m"),
        ({"above": 1, "for": "30m"}, False, "32m"),
        ({"above": 1, "for": "30m", "max_gap": "10m"}, False, "40m"),
        ({"above": 1, "m_of_n": "3 of 4"}, False, "6m"),
        ({"above": 1, "for": "30m", "clears_below": 1}, False, "24h"),
        ({"above": 1, "for": "12h", "clears_below": 1}, False, "48h"),
        ({"above": 1, "for": "30m", "clears_below": 1, "clears_for": "1h"}, True, "62m"),
    ],
)
def test_a_condition_says_how_much_of_the_past_it_needs(condition: dict, remembered: bool, needed: str):
    from outgrow.quantity import Duration

    declared = Condition.model_validate({"signal": "latency", **condition})
    assert lookback(declared, MINUTE, remembered=remembered) == Duration.parse(needed)
