import pytest

from outgrow.decide.conditions import evaluate_condition
from outgrow.facts.verdicts import Coverage, Held, Lack, NotHeld, Undecided
from tests.decide.given import at, one, query, samples, terms, value

GROWS = {"at_least": 20, "m_of_n": "3 of 4"}


def holding(*series, now: float, condition: dict = GROWS):
    return evaluate_condition(terms(condition, query("")), one(series), at(now))[0].holding


@pytest.mark.parametrize(
    ("values", "answer"),
    [
        ([20, 5, 20, 20], Held),
        ([20, 20, 5, 5], NotHeld),
        ([20, None, 20, 20], Held),
        ([20, None, 20, 5], Undecided),
        ([5, None, 20, 5], NotHeld),
        ([None, None, 20, 20], Undecided),
    ],
)
def test_so_many_of_the_last_expected_ticks_must_satisfy_it_and_a_missing_one_may_be_either(values: list, answer: type):
    assert isinstance(holding(*samples(*values), now=3), answer)


def test_ticks_are_counted_and_missing_ones_are_named():
    found = holding(*samples(20, None, 20, 5), now=3)
    assert isinstance(found, Undecided)
    assert (found.lack, found.why) == (Lack.MISSING_TICKS, "1 of the last 4 ticks are missing")
    assert (found.ticks, found.coverage) == (2, Coverage(3, 4))


def test_a_young_series_says_from_when_it_can_be_known():
    found = holding(*samples(20, 20), now=1)
    assert isinstance(found, Undecided)
    assert found.known_from == at(3)


def test_it_holds_since_the_first_satisfying_tick_and_is_confirmed_with_the_one_that_completes_it():
    found = holding(*samples(5, 20, 20, 20), now=3)
    assert found == Held(at(1), at(3), Coverage(4, 4), ticks=3)


def test_while_it_goes_on_holding_it_keeps_its_first_times():
    found = holding(*samples(5, 20, 20, 20, 20, 20, 5, 20), now=7)
    assert isinstance(found, Held)
    assert (found.since, found.confirmed) == (at(1), at(3))


def test_a_late_or_early_sample_still_stands_at_its_tick():
    series = [value(each, 20) for each in (0.2, 0.9, 2.3, 3)]
    assert holding(*series, now=3).coverage == Coverage(4, 4)


def test_more_samples_than_ticks_are_one_to_a_tick_the_nearest():
    # given one sample each quarter of a minute, satisfying only at the full minutes
    series = [value(each / 4, 20 if each % 4 == 0 else 5) for each in range(17)]
    assert isinstance(holding(*series, now=4), Held)
    assert isinstance(holding(*series, now=3.75), NotHeld)


def test_a_leaving_threshold_keeps_it_held():
    condition = {**GROWS, "clears_below": 10}
    series = samples(20, 20, 20, 20, 15, 15, 15, 15)
    assert isinstance(holding(*series, now=7), NotHeld)
    assert isinstance(holding(*series, now=7, condition=condition), Held)
    assert isinstance(holding(*series, value(8, 9), now=8, condition=condition), NotHeld)
