"""YAML is read without the surprises of YAML 1.1, with the place of every key and value."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outgrow.errors import Place
from outgrow.plan.yaml_tree import dotted, read_tree


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("yes", "yes"),
        ("off", "off"),
        ("010", 10),
        ("12:30", "12:30"),
        ("1e3", 1000.0),
        ("10_000", 10_000),
        ("1__0", "1__0"),
        ("2026-11-21", "2026-11-21"),
        ("0x1f", "0x1f"),
        (".inf", ".inf"),
        ("1e999", "1e999"),
        ("-.5", -0.5),
        ("+3", 3),
        ("true", True),
        ("False", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("'true'", "true"),
        ('"5"', "5"),
        ("!!str 5", "5"),
        ("|\n  5", "5"),
        ("한국어", "한국어"),
        ("=", "="),
    ],
)
def test_plain_texts_mean_what_people_think(written, read):
    tree = read_tree(f"a: {written}", "p")
    assert tree.problems == []
    assert tree.data == {"a": read}
    assert type(tree.at(("a",))) is type(read)


def test_integers_of_more_digits_than_python_reads_stay_text():
    assert read_tree("a: " + "9" * 5000, "p").data == {"a": "9" * 5000}


def test_every_key_and_value_has_its_place_counted_in_characters():
    tree = read_tree("서비스:\n  이름: [하나, {둘: 셋}]\n", "p")
    assert tree.place_of_key(("서비스",)) == Place("p", 1, 1)
    assert tree.place_of_key(("서비스", "이름")) == Place("p", 2, 3)
    assert tree.place(("서비스", "이름", 0)) == Place("p", 2, 8)
    assert tree.place(("서비스", "이름", 1, "둘")) == Place("p", 2, 16)


def test_the_place_of_something_that_is_not_there_is_that_of_its_nearest_parent():
    tree = read_tree("a:\n  b: {c: 1}\n", "p")
    assert tree.place(("a", "b", "x", 5)) == tree.place(("a", "b")) == Place("p", 2, 6)
    assert tree.at(("a", "b", "x", 5)) is None
    assert tree.at(("a", "b", "c")) == 1


@pytest.mark.parametrize(
    "text", [b"\xef\xbb\xbfa: 1\nb: 2\n", "\ufeffa: 1\nb: 2\n", "a: 1\r\nb: 2\r\n", b"a: 1\rb: 2\r"]
)
def test_byte_order_marks_and_line_ends_of_other_systems_are_read(text):
    tree = read_tree(text, "p")
    assert tree.problems == []
    assert tree.data == {"a": 1, "b": 2}
    assert tree.place_of_key(("b",)) == Place("p", 2, 1)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1".encode("utf-16"), "p is UTF-16 or UTF-32 text; save the file as UTF-8 text"),
        (b"a: 1\nb: \x00", "p:2:4 holds a NUL byte; save the file as UTF-8 text"),
        ("a: 1\nb: caf\u00e9".encode("latin-1"), "p:2:7 is not UTF-8 from here on; save the file as UTF-8 text"),
        ("한: \x1b[0m", "p:1:4 holds the control character U+001B; remove it, or write it as an escape in quotes"),
        ("a: \ud800", "p:1:4 holds the control character U+D800; remove it, or write it as an escape in quotes"),
    ],
)
def test_text_that_is_no_utf8_is_told_with_its_place(text, message):
    tree = read_tree(text, "p")
    assert [str(problem) for problem in tree.problems] == [message]
    assert tree.data is None


def test_an_alias_is_a_copy_whose_parts_stand_where_the_original_stands():
    tree = read_tree("a: &x {b: [1, 2]}\nc: *x\n", "p")
    assert tree.data == {"a": {"b": [1, 2]}, "c": {"b": [1, 2]}}
    assert tree.place(("c",)) == Place("p", 2, 4)
    assert tree.place(("c", "b", 1)) == tree.place(("a", "b", 1))
    assert isinstance(tree.data, dict)
    assert tree.data["a"] is not tree.data["c"]


@pytest.mark.parametrize("opening", ["[", "{a: ", "- ", "? "])
@pytest.mark.parametrize("depth", [100, 1_000_000])
def test_a_nesting_beyond_all_reason_is_refused_before_it_exhausts_anything(opening, depth):
    tree = read_tree(opening * depth, "p")
    assert [problem.what for problem in tree.problems] == ["nested deeper than 64 levels"]


def test_a_chain_of_aliases_cannot_nest_deeper_either():
    chain = "".join(f"a{index + 1}: &a{index + 1} {{x: *a{index}}}\n" for index in range(1000))
    tree = read_tree(f"a0: &a0 {{x: 1}}\n{chain}", "p")
    assert [problem.what for problem in tree.problems] == ["nested deeper than 64 levels"]


def test_what_an_unusable_key_holds_is_passed_over_but_its_anchors_count():
    tree = read_tree("? [a]\n: &x {b: 1}\nc: *x\n", "p")
    assert [str(problem) for problem in tree.problems] == [
        "p:1:3 a key must be plain text; quote it if it holds *, { or ["
    ]
    assert tree.data == {"c": {"b": 1}}


def test_paths_are_shown_as_people_write_them():
    assert dotted(("signals", "queue", "by", 0)) == "signals.queue.by[0]"
    assert dotted((0, "a")) == "[0].a"
    assert dotted(()) == ""


yaml_like = st.text(alphabet="ab1:-,[]{}&*!|>'\"#%@`\\? \n\t\u00e9한\x00", max_size=60)


@given(yaml_like | st.text(max_size=60) | st.binary(max_size=60))
def test_any_text_is_read_or_told_to_be_wrong(text: str | bytes):
    tree = read_tree(text, "p")
    assert tree.data is not None or tree.problems or not tree.keys
    assert all("\n" not in str(problem) for problem in tree.problems)
