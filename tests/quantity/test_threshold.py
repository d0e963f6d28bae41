"""Quantities are read once, compared exactly, and shown back the way they were written."""

from math import isfinite

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from outgrow.quantity import RATIO, Quantity, parse_quantity, parse_unit


class Holder(BaseModel):
    amount: Quantity


def read(raw: object) -> Quantity:
    return Holder.model_validate({"amount": raw}).amount


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        ("800 ms", 800, "ms"),
        ("60 %", 60, "%"),
        ("60%", 60, "%"),
        ("512MiB", 512, "MiB"),
        ("500 rps", 500, "rps"),
        ("10_000 per day", 10_000, "per day"),
        ("10 GB per day", 10, "GB per day"),
        ("30 USD", 30, "USD"),
        ("-5 %", -5, "%"),
        ("1.5e3 rps", 1500, "rps"),
        (".5 s", 0.5, "s"),
        ("60\u00a0%", 60, "%"),
        ("\uff16\uff10\uff05", 60, "%"),
        ("\u22125 ms", -5, "ms"),
        ("50 명", 50, "명"),
    ],
)
def test_quantities_are_read_as_people_write_them(text: str, value: float, unit: str):
    quantity = parse_quantity(f"  {text} ")
    assert quantity.value == value
    assert quantity.unit == parse_unit(unit)
    assert str(quantity) == text.strip()


@pytest.mark.parametrize(
    ("raw", "remedy"),
    [
        ("1,000", "1_000"),
        ("1,5 s", "0.5"),
        ("10 000", "1_000"),
        ("1__0 ms", "1_000"),
        ("1.2.3", "1_000"),
        ("$30", "write 30 USD"),
        ("₩1000", "write 1000 KRW"),
        ("1e400", "too large"),
        ("1e-400 s", "too close to zero"),
        (10**400, "too large"),
        pytest.param(10**5000, "too large", id="five thousand digits"),
        (float("inf"), "does not start with a number"),
        (float("nan"), "does not start with a number"),
        ("nan", "800 ms"),
        ("ms 800", "800 ms"),
        ("", "800 ms"),
        ("10k", "10_000"),
        ("1M", "1_000_000"),
        (True, "expected a number with a unit"),
        (None, "expected a number with a unit"),
        ([800], "expected a number with a unit"),
        ({}, "expected a number with a unit"),
    ],
)
def test_what_is_no_quantity_is_an_error_with_a_remedy(raw: object, remedy: str):
    with pytest.raises(ValidationError) as caught:
        read(raw)
    assert remedy in caught.value.errors()[0]["msg"]


@pytest.mark.parametrize(("raw", "text"), [(800, "800"), (0.123456, "0.123456"), (1e3, "1000"), (-0.5, "-0.5")])
def test_a_bare_number_keeps_its_digits_and_takes_the_unit_it_meets(raw: float, text: str):
    quantity = read(raw)
    assert str(quantity) == text
    assert quantity.unit is None
    assert quantity.in_unit(RATIO) == raw


def test_a_threshold_in_percent_meets_a_ratio_exactly():
    assert parse_quantity("60 %").in_unit(RATIO) == 0.6
    assert parse_quantity("0.1 %").in_unit(RATIO) == 0.001


def test_a_quantity_travels_through_a_model_as_it_was_written():
    held = Holder.model_validate({"amount": "10_000 per day"})
    assert held.model_dump(mode="json") == {"amount": "10_000 per day"}
    assert Holder.model_validate(held.model_dump()) == held
    assert Holder.model_validate({"amount": held.amount}) == held


written_numbers = st.one_of(
    st.integers(-(10**12), 10**12).map(str),
    st.integers(0, 10**9).map(lambda number: f"{number:_}"),
    st.decimals(-(10**6), 10**6, places=4).map(str),
    st.floats(1e-100, 1e100).map(repr),
)
units = st.sampled_from(["", "ms", "%", "MiB", "rps", "per day", "GB per day", "USD", "sessions"])


@given(written_numbers, st.sampled_from(["", " ", "  ", "\u00a0"]), units)
def test_parsing_gives_the_number_and_the_text_back(number: str, gap: str, unit: str):
    text = f"{number}{gap}{unit}".strip()
    quantity = parse_quantity(text)
    assert quantity.value == float(number.replace("_", ""))
    assert str(quantity) == text
    assert parse_quantity(str(quantity)) == quantity


@given(st.text(max_size=40) | st.from_regex(r"[-+0-9_.,eE ]{1,20}[a-z% ]{0,8}", fullmatch=True))
def test_any_text_is_a_finite_quantity_or_a_value_error(text: str):
    try:
        quantity = parse_quantity(text)
    except ValueError:
        return
    assert isfinite(quantity.value)


@given(st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.integers()))
def test_any_plain_data_is_a_quantity_or_a_validation_error(raw: object):
    try:
        quantity = read(raw)
    except ValidationError:
        return
    assert isfinite(quantity.value)
