"""A signal's past stands on one grid, whoever read it and when."""

from datetime import UTC, datetime, timedelta

from outgrow.control.signal_trace import on_grid
from outgrow.facts.samples import Absence, Measured, Missing, Sample

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def at(seconds: float, value: float | None = 1.0) -> Sample:
    moment = NOON + timedelta(seconds=seconds)
    return Missing(moment, Absence.NULL, "", moment) if value is None else Measured(moment, value, moment)


def minutes_of(samples: list[Sample], every: timedelta = MINUTE) -> list[tuple[float, float | None]]:
    return [
        ((moment - NOON).total_seconds() / 60, each.value if isinstance(each, Measured) else None)
        for moment, each in on_grid(samples, every)
    ]


def test_what_was_read_between_two_moments_gives_way_to_what_was_asked_for_them() -> None:
    samples = [at(0, 10), at(7.5, 99), at(60, 11), at(89, 98), at(120, 12)]

    assert minutes_of(samples) == [(0, 10), (1, 11), (2, 12)]


def test_what_was_read_near_a_moment_without_a_value_stands_for_it() -> None:
    assert minutes_of([at(0, 10), at(60, None), at(64, 11), at(120, 12)]) == [(0, 10), (1, 11), (2, 12)]


def test_a_loop_that_began_anew_at_another_second_goes_on_with_the_same_grid() -> None:
    samples = [at(1), at(61), at(121), at(200), at(260)]

    assert [minute for minute, _ in minutes_of(samples)] == [0, 1, 2, 3, 4]


def test_a_signal_that_was_read_more_rarely_than_it_says_has_the_grid_of_its_readings() -> None:
    samples = [at(15.2 * number, number) for number in range(9)]

    found = minutes_of(samples, timedelta(seconds=1))

    assert found == [(number / 4, number) for number in range(9)]


def test_without_samples_there_is_no_grid() -> None:
    assert minutes_of([]) == []
