"""Paths into JSON documents: read, followed, written back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outgrow.plan.json_path import Json, JsonPath, parse_json_path, shown_path, value_at

DOCUMENT: Json = {"a": {"b": [1, {"c": 5}]}, "x.y": [1, 2], "quote'd": None}

names = st.text(min_size=1, max_size=5).filter(
    lambda name: not ({"'", '"', "\\", "\n"} & set(name)) and name.isprintable()
)
paths = st.lists(names | st.integers(-9, 9), max_size=5).map(tuple)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("$.a.b[0]", 1),
        ("$.a.b[-1].c", 5),
        ("$['x.y'][1]", 2),
        ('$["x.y"][0]', 1),
        ('$["quote\'d"]', None),
        (" $.a.b[0] ", 1),
    ],
)
def test_a_path_leads_to_a_value(text: str, value: Json):
    assert value_at(DOCUMENT, parse_json_path(text)) == value


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("$.a.z", "$.a has no .z: it is an object of b"),
        ("$.a.b.c", "$.a.b has no .c: it is an array of 2"),
        ("$.a.b[2]", "$.a.b has no [2]"),
        ("$.a.b[0].c", "it is a number"),
        ("$[0]", "$ has no [0]: it is an object of a, x.y, quote'd"),
    ],
)
def test_a_path_that_leads_nowhere_says_how_far_it_led(text: str, words: str):
    with pytest.raises(LookupError) as raised:
        value_at(DOCUMENT, parse_json_path(text))

    assert words in raised.value.args[0]


@pytest.mark.parametrize("text", ["", "a.b", "$a", "$..a", "$.a[*]", "$.a[1:2]", "$.a[?(@.b)]", "$.a b", "$['a'", "$."])
def test_what_is_no_path_is_refused_with_an_example(text: str):
    with pytest.raises(ValueError, match=r"write for example \$\.queue\.length"):
        parse_json_path(text)


@given(paths)
def test_what_is_written_is_read_back(path: JsonPath):
    assert parse_json_path(shown_path(path)) == path
