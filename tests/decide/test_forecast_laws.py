"""What must hold of every forecast, whatever the days."""

from datetime import date, timedelta

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from outgrow.decide.crossing import forecast_crossing
from outgrow.facts.forecasts import AlreadyCrossed, Crosses, DailyLevel, Flat, Forecast, NotBefore, TooShort
from tests.decide.given_days import TODAY, days

HORIZON = timedelta(days=90)


@st.composite
def histories(draw: st.DrawFn) -> list[float]:
    """Lines with noise, weekends, a shift and a spike, in whole sixty-fourths so that small changes stay exact."""
    count = draw(st.integers(14, 45))
    rng = np.random.default_rng(draw(st.integers(0, 10_000)))
    slope = draw(st.sampled_from([-1.0, -0.1, 0.0, 0.1, 0.5, 2.0]))
    noise = draw(st.sampled_from([0.0, 0.3, 1.0, 5.0]))
    levels = 100 + slope * np.arange(count) + noise * rng.standard_normal(count)
    if draw(st.booleans()):
        levels -= draw(st.sampled_from([3.0, 20.0])) * (np.arange(count) % 7 >= 5)
    if draw(st.booleans()):
        levels[draw(st.integers(4, count - 4)) :] += draw(st.sampled_from([-30.0, 15.0, 60.0]))
    if draw(st.booleans()):
        levels[draw(st.integers(0, count - 1))] += draw(st.sampled_from([-60.0, 60.0]))
    return [float(each) for each in np.round(levels * 64) / 64]


thresholds = st.integers(60 * 64, 260 * 64).map(lambda each: each / 64)


def said(found: Forecast) -> tuple[object, ...]:
    """Give the days of a forecast, without its unit."""
    match found:
        case Crosses():
            return "crosses", found.earliest, found.day, found.latest, found.grows
        case AlreadyCrossed():
            return "crossed", found.since
        case NotBefore():
            return "not before", found.day
        case Flat():
            return "flat", found.away
        case TooShort():
            return "too short", found.seen


def above(levels: list[float], threshold: float) -> Forecast:
    return forecast_crossing(days(levels), threshold, "above", TODAY, HORIZON)


few = settings(max_examples=settings().max_examples // 2)


@few
@given(histories(), thresholds, st.sampled_from([-64.0, -1.0, 512.0, 4096.0]))
def test_moving_all_levels_and_the_threshold_alike_changes_nothing(levels, threshold, shift):
    moved = above([level + shift for level in levels], threshold + shift)

    assert said(moved) == said(above(levels, threshold))


@few
@given(histories(), thresholds, st.sampled_from([2.0**-20, 0.5, 8.0, 2.0**30]))
def test_the_unit_does_not_matter(levels, threshold, factor):
    scaled = above([level * factor for level in levels], threshold * factor)

    assert said(scaled) == said(above(levels, threshold))


@few
@given(histories(), thresholds)
def test_falling_is_the_mirror_of_rising(levels, threshold):
    falling = forecast_crossing(days([-level for level in levels]), -threshold, "below", TODAY, HORIZON)

    assert said(falling) == said(above(levels, threshold))


@few
@given(histories(), thresholds, st.integers(1, 100 * 64))
def test_a_higher_threshold_is_never_crossed_earlier(levels, threshold, more):
    lower, higher = above(levels, threshold), above(levels, threshold + more / 64)

    def median(found: Forecast) -> date:
        match found:
            case Crosses(day=day):
                return day
            case AlreadyCrossed():
                return TODAY
            case _:
                return date.max

    assert median(lower) <= median(higher)


@few
@given(histories(), thresholds)
def test_no_day_lies_in_the_past_and_the_interval_holds_the_day(levels, threshold):
    match above(levels, threshold):
        case Crosses(day=day, earliest=earliest, latest=latest, chance=chance):
            assert TODAY <= earliest <= day <= (latest or date.max)
            assert (latest or day) < TODAY + HORIZON
            assert 0.5 <= chance <= 1
        case NotBefore(day=day, chance=chance, horizon_end=end):
            assert TODAY <= day <= end
            assert chance < 0.5
        case Flat(chance=chance):
            assert 0 <= chance < 0.5
        case AlreadyCrossed(since=since):
            assert since < TODAY
        case TooShort():
            raise AssertionError("14 days are enough")


@few
@given(histories(), thresholds)
def test_the_same_days_give_the_same_forecast(levels, threshold):
    assert above(levels, threshold) == above(levels, threshold)


@few
@given(histories(), thresholds, st.integers(0, 10))
def test_what_is_said_does_not_depend_on_the_calendar_year(levels, threshold, years):
    moved = TODAY + timedelta(days=364 * years)  # whole weeks
    history = [DailyLevel(each.day + (moved - TODAY), each.level, each.coverage) for each in days(levels)]

    there = said(forecast_crossing(history, threshold, "above", moved, HORIZON))

    here = said(above(levels, threshold))
    assert there == tuple(each + (moved - TODAY) if isinstance(each, date) else each for each in here)
