"""Numbers are shown as people would write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outgrow.quantity import format_in, format_number, parse_unit


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0, "0"),
        (-0.0, "0"),
        (0.0031, "0.0031"),
        (0.99996, "1"),
        (1, "1"),
        (62.4, "62.4"),
        (1.005, "1"),
        (99.994, "99.99"),
        (99.999, "100"),
        (999.94, "999.9"),
        (999.96, "1,000"),
        (1239.6, "1,240"),
        (-5.5, "-5.5"),
        (123_456_789, "123,456,789"),
        (1e20, "1e+20"),
        (float("nan"), "nan"),
        (float("inf"), "inf"),
    ],
)
def test_numbers_are_rounded_to_what_can_be_read(value: float, shown: str):
    assert format_number(value) == shown


@pytest.mark.parametrize(
    ("value", "unit", "shown_in", "shown"),
    [
        (0.62, "ratio", None, "62 %"),
        (0.62, "ratio", "ratio", "0.62"),
        (812, "ms", "ms", "812 ms"),
        (812, "ms", None, "812 ms"),
        (0.8, "s", "ms", "800 ms"),
        (90_000, "ms", None, "1.5 min"),
        (0, "ms", None, "0 ms"),
        (3e9, "B", None, "2.79 GiB"),
        (0, "B", None, "0 B"),
        (12.5, "GB per day", None, "12.5 GB per day"),
        (51, "sessions", None, "51 sessions"),
        (51, "", None, "51"),
        (float("nan"), "B", None, "nan B"),
    ],
)
def test_values_are_shown_in_the_unit_that_people_like(value: float, unit: str, shown_in: str | None, shown: str):
    assert format_in(value, parse_unit(unit), parse_unit(shown_in) if shown_in else None) == shown


@given(st.floats(min_value=1e-9, max_value=1e14))
def test_a_shown_number_is_within_half_a_percent_of_the_value(value: float):
    assert float(format_number(value).replace(",", "")) == pytest.approx(value, rel=0.0051)
