"""Units are told apart by what they measure, converted exactly, and never guessed."""

from fractions import Fraction
from math import inf, isnan, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outgrow.quantity import ONE, PERCENT, RATIO, Unit, parse_unit

KNOWN = ["us", "ms", "s", "min", "h", "d", "w", "percent", "ratio", "%", "B", "kB", "GB", "GiB", "USD", "KRW", "rps"]
RATES = ["per second", "per minute", "per day", "GB per day", "GB/day", "MB per second", "KRW per day", "Mbps", "rpm"]
NOUNS = ["sessions", "users", "calls per minute", "명"]


@pytest.mark.parametrize(
    ("value", "of", "into", "expected"),
    [
        (60, "percent", "ratio", 0.6),
        (60, "%", "ratio", 0.6),
        (0.07, "ratio", "%", 7.0),
        (800, "ms", "s", 0.8),
        (0.8, "s", "ms", 800.0),
        (1.1, "min", "s", 66.0),
        (512, "MiB", "B", 536_870_912.0),
        (10, "GB", "MB", 10_000.0),
        (10_000, "per day", "per minute", 10_000 / 1440),
        (600, "per minute", "rps", 10.0),
        (8.64, "GB per day", "kB per second", 100.0),
        (100, "Mbps", "MB per second", 12.5),
        (1, "w", "days", 7.0),
        (5, "sessions", "", 5.0),
        (5, "session", "sessions", 5.0),
    ],
)
def test_conversions_are_exact_to_the_last_digit(value: float, of: str, into: str, expected: float):
    assert parse_unit(of).convert(value, parse_unit(into)) == expected


@pytest.mark.parametrize(
    ("one", "other"),
    [("ms", "ratio"), ("GB", "GB per day"), ("USD", "KRW"), ("sessions", "users"), ("rps", "sessions"), ("ms", "")],
)
def test_units_of_different_things_are_not_compared(one: str, other: str):
    assert not parse_unit(one).comparable_with(parse_unit(other))
    assert not parse_unit(other).comparable_with(parse_unit(one))
    with pytest.raises(ValueError, match="cannot be compared"):
        parse_unit(one).convert(1.0, parse_unit(other))


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ("gb", 'did you mean "GB"?'),
        ("Percent", 'did you mean "percent"?'),
        ("MS", 'did you mean "ms"?'),
        ("M", "minutes, months or millions"),
        ("k", "10_000"),
        ("month", "30d"),
        ("per month", "30d"),
        ("per banana", "per second"),
        ("GB per day per day", "not a span of time"),
        ("GB/day/day", "not a span of time"),
        ("rps per day", "rate of a rate"),
        ("원", "KRW"),
        ("$", "USD"),
        ("x", "for example ms"),
        ("active sessions", "for example ms"),
        ("5", "for example ms"),
    ],
)
def test_what_only_looks_like_a_unit_is_an_error_with_a_remedy(text: str, remedy: str):
    with pytest.raises(ValueError, match=r"is not a|is a rate of a rate") as caught:
        parse_unit(text)
    assert remedy in str(caught.value)


def test_no_unit_counts_things_and_compares_with_every_noun_but_nothing_else():
    assert parse_unit("  ") is ONE
    assert all(ONE.comparable_with(parse_unit(noun)) for noun in ("sessions", "users"))
    assert not ONE.comparable_with(PERCENT)


def test_missing_values_pass_through_a_conversion_untouched():
    assert isnan(PERCENT.convert(nan, RATIO))
    assert PERCENT.convert(-inf, RATIO) == -inf


units = st.sampled_from(KNOWN + RATES + NOUNS).map(parse_unit)
decimals = st.decimals(min_value=-(10**9), max_value=10**9, places=3).map(float)


@given(units, units, decimals)
def test_a_conversion_there_and_back_is_the_identity_within_rounding(one: Unit, other: Unit, value: float):
    if one.comparable_with(other):
        there = one.convert(value, other)
        assert other.convert(there, one) == pytest.approx(value, rel=1e-12, abs=1e-12)


@given(units, units, decimals, decimals)
def test_a_conversion_keeps_the_order_of_values(one: Unit, other: Unit, smaller: float, larger: float):
    if one.comparable_with(other) and smaller < larger:
        assert one.convert(smaller, other) < one.convert(larger, other)


@given(units, units)
def test_comparability_is_symmetric(one: Unit, other: Unit):
    assert one.comparable_with(other) == other.comparable_with(one)


@given(st.text(max_size=30))
def test_any_text_is_a_unit_or_a_value_error(text: str):
    try:
        unit = parse_unit(text)
    except ValueError:
        return
    assert unit.scale > 0
    assert isinstance(unit.scale, Fraction)
