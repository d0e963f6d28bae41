"""Texts with places: braces that are no place stay, two pairs keep one, and recorded texts stay themselves."""

import json
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from outgrow.loadtest.json_texts import json_template
from outgrow.loadtest.templates import UnfitValueError, as_it_is, in_header, in_path, template
from outgrow.plan.places import as_text, places

KNOWN = {"user": 7, "people.email": "a@b.c"}


def filled(text: str) -> str:
    return template([(text, as_it_is)], KNOWN).fill(KNOWN)


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ('{"as": {user}}', '{"as": 7}'),
        ('{"a":{"b":"{user}"}}', '{"a":{"b":"7"}}'),
        ("{user}{people.email}", "7a@b.c"),
        ("query { user(id: {user}) {{id}} }", "query { user(id: 7) {id} }"),
        ("{{user}} is {user}", "{user} is 7"),
        ("100 % of {user}", "100 % of 7"),
        ("{ user } {} {{}} {1} ${user}", "{ user } {} {{}} {1} ${user}"),
        ("{{people.email}}", "{people.email}"),
    ],
)
def test_places_are_filled_and_other_braces_stay(text: str, sent: str):
    assert filled(text) == sent


PIECES = st.lists(st.sampled_from(["{", "}", "$", "user", "id", "people.email", " ", '"', "%", "%s", ":"]), max_size=12)


@given(PIECES.map("".join))
def test_a_text_that_was_recorded_is_sent_as_it_was(text: str):
    assert places(as_text(text)) == ()
    assert filled(as_text(text)) == text


def sent_as_json(text: str, value: str | int, environment: dict[str, str] | None = None) -> str:
    made = json_template(text, ["v"], environment or {})
    assert made is not None
    return made.fill({"v": value})


VALUES = st.text(st.characters(codec="utf-8"), max_size=12)


@given(VALUES)
@example('say "hi"\\')
@example("홍길동\n\t\x00\u2028")
def test_any_value_stands_whole_in_a_text_of_json_and_in_a_path(value: str):
    assert json.loads(sent_as_json('{"a": ["pre {v} post"], "{v}": 1}', value)) == {
        "a": [f"pre {value} post"],
        value: 1,
    }

    path = template([("/x/{v}/y?q={v}&r=1", in_path)], ["v"]).fill({"v": value})

    parts = urlsplit(path)
    assert path.isascii()
    assert [unquote(each) for each in parts.path.split("/")] == ["", "x", value, "y"]
    assert parse_qs(parts.query, keep_blank_values=True) == {"q": [value], "r": ["1"]}


@given(VALUES)
@example('1, "admin": true')
@example("{")
@example("NaN")
@example("007")
@example("")
def test_any_value_without_quotes_leaves_json_of_the_same_shape(value: str):
    found = json.loads(sent_as_json('{"a": {v}, "b": 2}', value))

    assert list(found) == ["a", "b"]
    assert found["a"] == value or found["a"] == json.loads(value)


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (7, 7),
        ("7", 7),
        ("-1.5e3", -1500),
        ("true", True),
        ("null", None),
        ('{"a": [1]}', {"a": [1]}),
        ('"7"', "7"),
        ("pear", "pear"),
        ("01", "01"),
        ("", ""),
    ],
)
def test_a_value_without_quotes_keeps_its_kind(value, found):
    assert json.loads(sent_as_json('{"a": {v}}', value)) == {"a": found}
    lines = sent_as_json('{"a": {v}}\n{"b": "{v}"}\n', value).splitlines()
    assert [json.loads(line) for line in lines] == [{"a": found}, {"b": str(value)}]


@pytest.mark.parametrize(
    ("text", "value", "sent"),
    [
        ('{"a": "{v|raw}", "b": {v|raw}}', "1\\n", '{"a": "1\\n", "b": 1\\n}'),
        ('{"won": 1{v}, "c": "{v}"}', '0"', '{"won": 10", "c": "0\\""}'),
        ('{"query": "{ user(id: \\"{v}\\") {{id}} }"}', '"', '{"query": "{ user(id: \\"\\"\\") {id} }"}'),
        ('{"protocol": "{v}"}\x1e', '"', '{"protocol": "\\""}\x1e'),
    ],
)
def test_what_is_raw_is_taken_as_it_is(text: str, value: str, sent: str):
    assert sent_as_json(text, value) == sent


@pytest.mark.parametrize("text", ["{v}", "hello {v}", "{ user(id: {v}) }", '"{v}"', '{"a": "{v}', "[{v}] and more"])
def test_a_text_that_is_no_json_document_is_not_taken_for_one(text: str):
    assert json_template(text, ["v"], {}) is None


@pytest.mark.parametrize("begin", ['{"a": "', '"', ""])
def test_a_long_text_is_looked_through_once(begin: str):
    """Each quote that does not end would otherwise be followed to the end of the text: minutes for a megabyte."""
    assert json_template(begin + '\\"' * 300_000 + "{v}", ["v"], {}) is None


def test_a_secret_stands_whole_in_json_too():
    text = '{"word": "${WORD}", "count": ${COUNT}, "size": ${SIZE:-none}}'

    sent = sent_as_json(text, 0, {"WORD": 'a"b\\c', "COUNT": "3"})

    assert json.loads(sent) == {"word": 'a"b\\c', "count": 3, "size": "none"}


@pytest.mark.parametrize(
    ("value", "sent"),
    [("a b", "/a%20b"), ("next?a=1&b=%20", "/next?a=1&b=%20"), ("강", "/%EA%B0%95"), ("a\r\nb", "/a%0D%0Ab")],
)
def test_a_path_that_was_captured_whole_can_be_asked_for(value: str, sent: str):
    assert template([("/{v|raw}", in_path)], ["v"]).fill({"v": value}) == sent


@pytest.mark.parametrize("value", ["a\r\nSet: b", "a\n", "\r", "\0", "a\x7f"])
def test_no_value_adds_a_header(value: str):
    for text in ("X: {v}", "X: {v|raw}"):
        with pytest.raises(UnfitValueError, match="line end"):
            template([(text, in_header)], ["v"]).fill({"v": value})
