"""Durations are exact spans that remember how they were written."""

import copy
import pickle
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from outgrow.quantity import Duration, format_duration


class Holder(BaseModel):
    span: Duration


def read(raw: object) -> Duration:
    return Holder.model_validate({"span": raw}).span


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("30s", timedelta(seconds=30)),
        ("15m", timedelta(minutes=15)),
        ("15 min", timedelta(minutes=15)),
        ("24h", timedelta(hours=24)),
        ("14d", timedelta(days=14)),
        ("2w", timedelta(weeks=2)),
        ("1h30m", timedelta(minutes=90)),
        ("1d 12h", timedelta(hours=36)),
        ("1.5h", timedelta(minutes=90)),
        ("0.1s", timedelta(milliseconds=100)),
        ("500 ms", timedelta(milliseconds=500)),
        ("250us", timedelta(microseconds=250)),
        ("2 hours", timedelta(hours=2)),
        ("\uff11\uff10m", timedelta(minutes=10)),
        ("10\u00a0m", timedelta(minutes=10)),
        ("0s", timedelta(0)),
        ("0", timedelta(0)),
    ],
)
def test_durations_are_read_as_people_write_them(text: str, span: timedelta):
    duration = Duration.parse(f" {text} ")
    assert duration == span
    assert str(duration) == text


@pytest.mark.parametrize(
    ("raw", "remedy"),
    [
        ("1M", "30d for a month"),
        ("1 month", "write 30d or 365d"),
        ("1y", "write 30d or 365d"),
        ("30", 'did you mean "30s" or "30m"?'),
        (30, 'did you mean "30s" or "30m"?'),
        (1.5, 'did you mean "1.5s" or "1.5m"?'),
        (-1, "negative"),
        ("-5m", "negative"),
        ("12:30", "12h30m"),
        ("30S", 'did you mean "30s"?'),
        ("1h1h", "largest first"),
        ("30m1h", "largest first"),
        ("0.1us", "whole microseconds"),
        ("36526d", "a hundred years"),
        ("9" * 60 + "d", "a hundred years"),
        pytest.param("9" * 5000 + "d", "is not a duration", id="five thousand nines"),
        pytest.param(10**5000, "is not a duration", id="five thousand digits"),
        (float("inf"), "is not a duration"),
        (float("nan"), "is not a duration"),
        ("PT30M", "15m"),
        ("", "15m"),
        ("soon", "15m"),
        ("1h and a half", "15m"),
        (True, "expected a duration"),
        (None, "expected a duration"),
        (["1m"], "expected a duration"),
    ],
)
def test_what_is_no_duration_is_an_error_with_a_remedy(raw: object, remedy: str):
    with pytest.raises(ValidationError) as caught:
        read(raw)
    assert remedy in caught.value.errors()[0]["msg"]


def test_a_zero_needs_no_unit():
    assert read(0) == timedelta(0)


def test_a_duration_keeps_its_text_through_pickle_copy_and_models():
    duration = Duration.parse("90m")
    for same in (pickle.loads(pickle.dumps(duration)), copy.copy(duration), copy.deepcopy(duration), read(duration)):
        assert type(same) is Duration
        assert (same, str(same)) == (duration, "90m")
    assert Holder(span=duration).model_dump(mode="json") == {"span": "90m"}


def test_a_duration_that_was_computed_shows_itself_exactly():
    assert str(Duration.of(Duration.parse("90m") * 2)) == "3h"
    assert str(Duration(seconds=3)) == "3s"
    assert str(read(timedelta(days=1, seconds=30))) == "1d30s"


@pytest.mark.parametrize(
    ("span", "shown"),
    [
        (timedelta(0), "0s"),
        (timedelta(microseconds=12), "12us"),
        (timedelta(milliseconds=250), "250ms"),
        (timedelta(seconds=1.5), "1.5s"),
        (timedelta(seconds=59, microseconds=999_999), "59.99s"),
        (timedelta(minutes=90), "1h30m"),
        (timedelta(days=1, seconds=30), "1d"),
        (timedelta(days=11, hours=13, minutes=46), "11d13h"),
        (-timedelta(hours=2, minutes=5), "-2h5m"),
    ],
)
def test_people_are_shown_two_neighbouring_units(span: timedelta, shown: str):
    assert format_duration(span) == shown


spans = st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=36_000))


@given(spans)
def test_the_canonical_text_of_a_span_parses_back_to_it(span: timedelta):
    assert Duration.parse(str(Duration.of(span))) == span


@given(
    st.fixed_dictionaries({}, optional={unit: st.integers(0, 500) for unit in ("w", "d", "h", "m", "s", "ms", "us")})
)
def test_the_parts_of_a_duration_add_up(parts: dict[str, int]):
    ordered = {unit: parts[unit] for unit in ("w", "d", "h", "m", "s", "ms", "us") if unit in parts}
    text = "".join(f"{count}{unit}" for unit, count in ordered.items())
    if text:
        assert Duration.parse(text) == sum(
            (Duration.parse(f"{count}{unit}") for unit, count in ordered.items()), timedelta(0)
        )
        assert str(Duration.parse(text)) == text


@given(spans)
def test_the_shown_span_is_never_longer_than_the_span(span: timedelta):
    assert timedelta(0) <= span - Duration.parse(format_duration(span)) <= span / 2 + timedelta(microseconds=1)


@given(st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.from_regex(r"[0-9.]{1,9}[a-zA-Z]{1,3}"))
def test_any_plain_data_is_a_duration_within_a_century_or_a_validation_error(raw: object):
    try:
        span = read(raw)
    except ValidationError:
        return
    assert timedelta(0) <= span <= timedelta(days=36_525)
