"""A secret is never in a plan, and never in what people see."""

import json
import logging
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outgrow.errors import Failure, PlanError, SourceError
from outgrow.plan.file import parse_plan
from outgrow.plan.secrets import (
    broken_references,
    concealed,
    holds_password,
    redacted,
    references,
    resolve,
    secrets_in,
)


def test_references_are_named_and_replaced():
    text = "postgresql://${DB_USER}:${DB_PASSWORD}@${DB_HOST:-localhost}/shop"
    assert references(text) == ("DB_USER", "DB_PASSWORD", "DB_HOST")
    environment = {"DB_USER": "shop", "DB_PASSWORD": "hunter2"}
    assert resolve(text, environment) == "postgresql://shop:hunter2@localhost/shop"


@pytest.mark.parametrize(("environment", "state"), [({}, "is not set"), ({"TOKEN": ""}, "is empty")])
def test_a_reference_that_leads_nowhere_is_an_error_that_names_the_variable(environment, state):
    with pytest.raises(SourceError) as caught:
        resolve("Bearer ${TOKEN}", environment)
    assert caught.value.failure is Failure.NOT_CONFIGURED
    assert str(caught.value) == f"the environment variable TOKEN {state}; export TOKEN=... and try again"


def test_an_empty_variable_takes_the_default_as_shells_do():
    assert resolve("${HOST:-db}", {"HOST": ""}) == "db"
    assert resolve("${HOST:-}", {}) == ""


@pytest.mark.parametrize("text", ["$TOKEN", "${my-name}", "${1}", "${TOKEN", "${}", "${A:b}"])
def test_what_looks_like_a_reference_and_is_none_is_found(text):
    assert broken_references(f"x {text} ${{FINE}} ${{FINE:-default}}") != ()
    assert broken_references("${FINE} ${FINE:-default} 5$ $5") == ()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("postgresql://shop:hunter2@db/shop", "postgresql://shop:***@db/shop"),
        ("postgresql://shop:hun@ter/2@db/shop", "postgresql://shop:***@db/shop"),
        ("redis://:hunter2@cache:6379/0", "redis://:***@cache:6379/0"),
        ("https://hunter2@shop.example/x", "https://***@shop.example/x"),
        ("https://shop.example/?api_key=hunter2&x=1", "https://shop.example/?api_key=***&x=1"),
        ("host=db user=shop password=hunter2 dbname=shop", "host=db user=shop password=*** dbname=shop"),
        ("password = 'hunter 2'", "password = ***"),
        ("Authorization: Bearer hunter2", "Authorization: Bearer ***"),
        ("mysql://shop:${SHOP_PASSWORD}@shop/shop", "mysql://shop:${SHOP_PASSWORD}@shop/shop"),
        ("mysql://shop:${SHOP_PASSWORD:-hunter2}@shop/shop", "mysql://shop:***@shop/shop"),
        ("http://host:9090/api/v1/query?query=up{job='a@b'}", "http://host:9090/api/v1/query?query=up{job='a@b'}"),
        ("postgresql://shop@db:5432/shop", "postgresql://shop@db:5432/shop"),
        ('password authentication failed for user "shop"', 'password authentication failed for user "shop"'),
    ],
)
def test_what_stands_where_passwords_stand_is_taken_out(text, shown):
    assert redacted(text, ()) == shown
    assert redacted(shown, ()) == shown


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("postgresql://shop:hunter2@db/shop", True),
        ("${URL:-postgresql://shop:hunter2@db/shop}", True),
        ("postgresql://shop:${A}hunter2@db/shop", True),
        ("https://shop.example/?token=hunter2", True),
        ("Bearer hunter2", True),
        ("postgresql://shop:${PASSWORD}@db/shop", False),
        ("postgresql://${USER}:${PASSWORD}@db:5432/shop", False),
        ("https://shop.example/?token=${TOKEN}", False),
        ("Bearer ${TOKEN}", False),
        ("postgresql://shop@db:5432/shop", False),
        ("http://prometheus:9090", False),
        ("${URL}", False),
        ("unix:///var/run/docker.sock", False),
    ],
)
def test_a_password_that_is_written_out_is_noticed(text, holds):
    assert holds_password(text) is holds


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("postgresql://shop:hunter2@db/shop", "postgresql://shop:***@db/shop"),
        ("sqlite:journal.sqlite", "sqlite:journal.sqlite"),
        ("Bearer ${TOKEN}", "Bearer ${TOKEN}"),
        ("hunter2", "***"),
        ('{"user": "hunter2"}', "***"),
    ],
)
def test_a_text_that_is_itself_a_secret_shows_only_where_it_leads(text, shown):
    assert concealed(text) == shown


# Whatever a password generator or a person may come up with.
passwords = st.text(
    alphabet=st.characters(min_codepoint=33, max_codepoint=0x2FFF, exclude_categories=["Cs", "Cn", "Cc", "Z"]),
    min_size=6,
    max_size=24,
).filter(lambda text: len(set(text)) > 3)


@given(passwords, st.sampled_from(["plain", "in a URL", "encoded in a URL"]))
def test_no_form_of_a_secret_survives_redaction(password: str, how: str):
    url = {
        "plain": "${PASSWORD}",
        "in a URL": "postgresql://shop:${PASSWORD}@db:5432/shop",
        "encoded in a URL": "${URL}",
    }[how]
    environment = {"PASSWORD": password, "URL": f"postgresql://shop:{quote(password, safe='')}@db/shop"}
    secrets = secrets_in(url, environment)
    forms = {password, quote(password, safe=""), quote(password), quote_plus(password), repr(password)[1:-1]}
    forms |= {json.dumps(password)[1:-1], resolve(url, environment)}
    for form in forms:
        shown = redacted(f'could not connect as "{form}" to the server', secrets)
        assert password not in shown
        assert form not in shown


@given(passwords)
def test_a_password_that_should_have_been_encoded_is_taken_out_all_the_same(password: str):
    environment = {"URL": f"postgresql://shop:{password}@db/shop"}
    secrets = secrets_in("${URL}", environment)
    assert password not in redacted(f"connection to {environment['URL']} failed: {password!s}", secrets)


PLAN = """
outgrow: 1
name: shop
sources:
  db: {kind: postgres, url: "postgresql://shop:${PASSWORD}@db/shop"}
  web: {kind: http, url: "https://shop.example", headers: {Authorization: "Bearer ${PASSWORD}"}, body: "${PASSWORD}"}
signals:
  calls: {source: db, query: SELECT 1}
  up: {source: web, read: {metric: up}}
"""


# Such as no plan and no repr has by chance.
odd_passwords = passwords.map(lambda password: f"\u00a4{password}")


@given(odd_passwords)
def test_a_plan_never_holds_what_its_references_stand_for(password: str):
    # The password is in the environment only; nothing that is done with a plan looks there.
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PASSWORD", password)
        loaded = parse_plan(PLAN, "plan.yaml")
        seen = [repr(loaded), str(loaded.plan), loaded.plan.model_dump_json(), str(loaded.plan.model_dump())]
    assert all(password not in text for text in seen)


WRITTEN_OUT = PLAN.replace("${PASSWORD}", "hunter2")


def test_a_password_that_is_written_out_all_the_same_does_not_leave_the_plan(caplog):
    loaded = parse_plan(WRITTEN_OUT, "plan.yaml")
    with caplog.at_level(logging.INFO):
        logging.getLogger("test").info("loaded %r", loaded.plan)
    seen = [repr(loaded.plan), repr(loaded.plan.sources), caplog.text, loaded.plan.model_dump_json()]
    seen += [str(warning) for warning in loaded.warnings]
    assert all("hunter2" not in text for text in seen)
    # What opens the source can still read it.
    assert resolve(loaded.plan.sources["db"].url, {}) == "postgresql://shop:hunter2@db/shop"  # type: ignore[attr-defined]


def test_no_error_repeats_a_secret_that_was_written_in_the_wrong_place():
    wrong = """
outgrow: 1
name: shop
sources:
  db: {kind: postgres, url: [hunter2], tls_ca: {hunter2: 1}, pool_size: hunter2, pgbouncer: hunter2}
  web: {kind: http, url: 31337, headers: hunter2, body: [hunter2], method: hunter2}
  cache: {kind: redis, url: *hunter2}
  spare: !hunter2 {kind: redis, url: !hunter2 x}
"""
    with pytest.raises(PlanError) as caught:
        parse_plan(wrong, "plan.yaml")
    assert "hunter2" not in str(caught.value).replace("tls_ca.hunter2", "")
    assert "31337" not in str(caught.value)
