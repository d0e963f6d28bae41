"""Texts with places: braces that are no place stay, two pairs keep one, and recorded texts stay themselves."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outgrow.loadtest.templates import as_it_is, template
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
