from datetime import timedelta

from outgrow.decide.conditions import evaluate_condition
from outgrow.facts.verdicts import Held, NotHeld, Undecided
from tests.decide.given import at, missing, one, samples, terms, value

SLOW = {"above": "800 ms", "for": "5m", "clears_below": "700 ms"}
ENTERED = [900] * 6


def holding(condition: dict, *series, now: float):
    return evaluate_condition(terms(condition), one(series), at(now))[0].holding


def test_once_held_a_condition_holds_until_a_value_is_below_the_leaving_threshold():
    found = holding(SLOW, *samples(*ENTERED, 750, 700, 790), now=8)
    assert isinstance(found, Held)
    assert (found.since, found.confirmed) == (at(0), at(5))


def test_it_leaves_at_once_when_a_value_is_beyond_the_leaving_threshold():
    assert isinstance(holding(SLOW, *samples(*ENTERED, 699), now=6), NotHeld)


def test_having_left_it_needs_its_whole_for_again():
    series = samples(*ENTERED, 699, *[900] * 6)
    assert isinstance(holding(SLOW, *series, now=11), NotHeld)
    found = holding(SLOW, *series, now=12)
    assert isinstance(found, Held)
    assert found.confirmed == at(12)


def test_before_it_was_held_a_value_between_the_thresholds_is_a_failing_one():
    assert isinstance(holding(SLOW, *samples(900, 900, 750, 900), now=3), NotHeld)


def test_with_clears_for_it_leaves_only_after_so_long():
    condition = {**SLOW, "clears_for": "3m"}
    assert isinstance(holding(condition, *samples(*ENTERED, 600, 600, 600), now=8), Held)
    assert isinstance(holding(condition, *samples(*ENTERED, 600, 600, 600, 600), now=9), NotHeld)
    assert isinstance(holding(condition, *samples(*ENTERED, 600, 600, 750, 600), now=9), Held)


def test_leaving_is_confirmed_between_two_samples_too():
    # given leaving values since minute 6 with the last one at 8.5, and nobody who looked at 9
    condition = {**SLOW, "clears_for": "3m", "min_coverage": 0.5}
    series = (*samples(*ENTERED, 600, 600), value(8.5, 600), value(9.5, 750))

    # then at 9.5 it was left already, and 750 does not bring it back
    assert isinstance(holding(condition, *series, now=9.5), NotHeld)


def test_entering_happens_between_two_samples_whether_or_not_anybody_looked_then():
    # given a run that is five minutes long at 5.0, while samples came at 4.6 and 5.6
    series = (*samples(*[900] * 5), value(4.6, 900), value(5.6, 750))

    # then the value between the thresholds finds it held
    assert isinstance(holding(SLOW, *series, now=5.6), Held)


def test_missing_data_neither_enters_nor_leaves():
    series = (*samples(*ENTERED), *[missing(each) for each in range(6, 60)], value(60, 750))
    assert isinstance(holding(SLOW, *series, now=30), Undecided)
    assert isinstance(holding(SLOW, *series, now=60), Held)


def test_for_below_the_leaving_threshold_lies_above():
    condition = {"below": "100 ms", "clears_above": "120 ms"}
    assert isinstance(holding(condition, value(0, 90), value(1, 110), now=1), Held)
    assert isinstance(holding(condition, value(0, 90), value(1, 121), now=1), NotHeld)
    assert isinstance(holding(condition, value(0, 110), now=0), NotHeld)


def test_a_remembered_state_stands_for_the_past_that_is_not_asked_for_again():
    # given a condition entered long ago
    entered, states = evaluate_condition(terms(SLOW), one(samples(*ENTERED)), at(5))
    assert isinstance(entered.holding, Held)

    # when days later only a quarter of an hour is at hand, all of it between the thresholds
    band = samples(*[750] * 16, first=4000)
    remembered, _ = evaluate_condition(terms(SLOW), one(band), at(4015), states)
    forgotten, _ = evaluate_condition(terms(SLOW), one(band), at(4015))

    # then
    assert isinstance(remembered.holding, Held)
    assert remembered.holding.confirmed == at(5)
    assert isinstance(forgotten.holding, NotHeld)


def test_what_was_remembered_survives_a_time_without_any_sample():
    _, states = evaluate_condition(terms(SLOW), one(samples(*ENTERED)), at(5))
    unknown, states = evaluate_condition(terms(SLOW), {}, at(3000), states)
    again, _ = evaluate_condition(terms(SLOW), one([value(6000, 750)]), at(6000), states)
    assert isinstance(unknown.holding, Undecided)
    assert isinstance(again.holding, Held)


def test_a_state_from_after_the_moment_judged_is_not_used():
    _, states = evaluate_condition(terms(SLOW), one(samples(*ENTERED)), at(5))
    found, _ = evaluate_condition(terms(SLOW), one([value(3, 750)]), at(3), states)
    assert isinstance(found.holding, NotHeld)


def test_without_a_memory_the_state_is_folded_from_not_held_over_a_day():
    # given an entry a little more than 24 hours ago, between the thresholds ever since
    series = (*samples(*ENTERED), *samples(*[750] * 1500, first=6))

    # then it counts while it lies within the day
    assert isinstance(holding(SLOW, *series, now=1440), Held)
    assert isinstance(holding(SLOW, *series, now=1441), NotHeld)


def test_a_run_that_began_before_the_samples_at_hand_keeps_its_beginning():
    condition = {"above": "800 ms", "for": "5m"}
    _, states = evaluate_condition(terms(condition), one(samples(*[900] * 100)), at(99))
    found, _ = evaluate_condition(terms(condition), one(samples(*[900] * 20, first=92)), at(111), states)
    assert found.holding == Held(at(0), at(5), found.holding.coverage)
    assert found.holding.coverage.share == 1


def test_a_break_since_then_begins_a_new_run():
    condition = {"above": "800 ms", "for": "5m"}
    _, states = evaluate_condition(terms(condition), one(samples(*[900] * 100)), at(99))
    series = samples(900, 900, 100, *[900] * 9, first=98)
    found, _ = evaluate_condition(terms(condition), one(series), at(109), states)
    assert isinstance(found.holding, Held)
    assert found.holding.since == at(101)
    assert found.holding.confirmed - found.holding.since == timedelta(minutes=5)


def test_a_last_value_from_before_the_fold_is_stale_and_not_forgotten():
    found = holding(SLOW, value(0, 900), now=3000)
    assert isinstance(found, Undecided)
    assert found.why == "the last value is 2d2h old, older than 2m"
