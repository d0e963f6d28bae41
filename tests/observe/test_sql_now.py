"""`:now` is found where it stands in the code of a statement, and nowhere else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outgrow.errors import Failure, SourceError
from outgrow.observe._sql_now import Dialect, Placeholder, Statement, no_past, parse_statement
from tests.observe.sql_content import signal

VALUES = {Placeholder.NOW: "<NOW>", Placeholder.NOW_EPOCH: "<EPOCH>"}
EVERYWHERE = list(Dialect)

# What each dialect takes for a string, a name or a comment; none of these holds a placeholder.
OPAQUE = {
    Dialect.POSTGRES: (
        "':now'",
        "'it''s :now'",
        "'back\\'",
        "E'quote \\' :now'",
        "e'a''b :now'",
        "E'one'\n  'two \\' :now'",
        "E'one' -- :now\n 'two \\' :now'",
        "$$it's :now$$",
        "$body$ :now $$ :now $body$",
        '"a "":now column"',
        "-- it's :now\n",
        "/* :now /* ' nested */ \" :now */",
        "B'01'",
        "U&'\\0441 :now'",
    ),
    Dialect.MYSQL: (
        "':now'",
        "'it''s :now'",
        "'quote \\' :now'",
        '"double "":now \\" :now"',
        "`a ``:now column`",
        "-- it's :now\n",
        "# it's :now\n",
        "/* it's :now */",
        "/*! :now */",
    ),
    Dialect.SQLITE: (
        "':now'",
        "'it''s :now'",
        "'back\\'",
        '"a "":now column"',
        "`a ``:now column`",
        "[a :now column]",
        "-- it's :now\n",
        "/* it's :now */",
    ),
}
CODE = {
    Dialect.POSTGRES: ("a::timestamptz", "f(x := 1)", "a[1:2]", "a - b", "tab$le", "j ? 'k'", "1e5", "été"),
    Dialect.MYSQL: ("@x := 1", "@@global.max_connections", "a -b", "5--2", "1e5", "a % 2"),
    Dialect.SQLITE: ("a - b", "a || b", "1e5", "json -> '$.a'"),
}


@st.composite
def statements(draw: st.DrawFn) -> tuple[Dialect, list[str]]:
    dialect = draw(st.sampled_from(EVERYWHERE))
    parts = (*OPAQUE[dialect], *CODE[dialect], ":now", ":now_epoch")
    return dialect, draw(st.lists(st.sampled_from(parts), max_size=12))


@given(statements())
def test_placeholders_are_replaced_and_everything_else_stands(statement: tuple[Dialect, list[str]]) -> None:
    dialect, parts = statement
    replaced = [{":now": "<NOW>", ":now_epoch": "<EPOCH>"}.get(part, part) for part in parts]

    found = parse_statement("SELECT " + " ".join(parts), dialect)

    assert found.render(VALUES) == "SELECT " + " ".join(replaced)
    assert found.uses_now == (parts != replaced)


@given(statements(), st.sampled_from(["", ";", " ; ", ";;\n", "; -- done", ";/* done */"]))
def test_a_statement_without_its_end_is_given_back(statement: tuple[Dialect, list[str]], end: str) -> None:
    dialect, parts = statement
    text = "SELECT " + " ".join(parts)

    found = parse_statement(text + end, dialect)

    assert found.render({Placeholder.NOW: ":now", Placeholder.NOW_EPOCH: ":now_epoch"}).rstrip() == text.rstrip()


@given(st.sampled_from(EVERYWHERE), st.text(alphabet=":now$'\"`[]/*-#\\ \nE;a1?@()", max_size=60))
def test_any_text_is_either_cut_or_told_to_be_wrong(dialect: Dialect, text: str) -> None:
    cut: Statement | None = None
    wrong: SourceError | None = None

    try:
        cut = parse_statement("SELECT " + text, dialect)
    except SourceError as error:
        wrong = error

    if wrong is not None:
        assert wrong.failure is Failure.BAD_QUERY
        assert wrong.remedy
    if cut is not None:
        same = cut.render({Placeholder.NOW: ":now", Placeholder.NOW_EPOCH: ":now_epoch"})
        assert ("SELECT " + text).startswith(same)


@pytest.mark.parametrize("dialect", EVERYWHERE)
def test_now_beside_other_signs_is_found(dialect: Dialect) -> None:
    found = parse_statement("SELECT (:now),a>:now-1,:now", dialect)

    assert found == Statement(
        ("SELECT (", Placeholder.NOW, "),a>", Placeholder.NOW, "-1,", Placeholder.NOW), "select (:now),a>:now-1,:now"
    )


def test_a_cast_of_now_is_a_cast() -> None:
    found = parse_statement("SELECT :now::date", Dialect.POSTGRES)

    assert found.pieces == ("SELECT ", Placeholder.NOW, "::date")


@pytest.mark.parametrize("dialect", EVERYWHERE)
def test_an_unknown_placeholder_is_told_with_those_that_exist(dialect: Dialect) -> None:
    with pytest.raises(SourceError, match=r"unknown :since at line 2, column 4.*:now and :now_epoch"):
        parse_statement("SELECT 1\n + :since", dialect)


def test_an_array_slice_is_told_apart_from_a_placeholder() -> None:
    with pytest.raises(SourceError, match="put a space behind the colon"):
        parse_statement("SELECT a[1:n]", Dialect.POSTGRES)

    assert not parse_statement("SELECT a[1: n]", Dialect.POSTGRES).uses_now


@pytest.mark.parametrize("dialect", EVERYWHERE)
@pytest.mark.parametrize("text", ["SELECT 1; DROP TABLE t", "SELECT 1;; SELECT 2", "SELECT ';' ; -- x\n COMMIT"])
def test_two_statements_are_refused(dialect: Dialect, text: str) -> None:
    with pytest.raises(SourceError, match="a second statement at line"):
        parse_statement(text, dialect)


@pytest.mark.parametrize("dialect", EVERYWHERE)
@pytest.mark.parametrize("text", ["", "  \n", "-- only a comment", "/* nothing */ ;", "("])
def test_an_empty_query_is_refused(dialect: Dialect, text: str) -> None:
    with pytest.raises(SourceError, match="the query is empty"):
        parse_statement(text, dialect)


@pytest.mark.parametrize("dialect", EVERYWHERE)
@pytest.mark.parametrize("verb", ["DELETE", "UPDATE", "COMMIT", "SET", "CREATE", "CALL", "DO", "GRANT"])
def test_what_does_not_read_is_refused_before_it_is_sent(dialect: Dialect, verb: str) -> None:
    with pytest.raises(SourceError, match=f'begins with "{verb}".*only reads: SELECT'):
        parse_statement(f"/* SELECT */ {verb} x", dialect)


@pytest.mark.parametrize(
    ("dialect", "text"),
    [
        (Dialect.POSTGRES, "SELECT 'it"),
        (Dialect.POSTGRES, 'SELECT "a'),
        (Dialect.POSTGRES, "SELECT $tag$ a $$"),
        (Dialect.POSTGRES, "SELECT /* a /* b */"),
        (Dialect.POSTGRES, "SELECT E'it\\'"),
        (Dialect.MYSQL, "SELECT 'it\\'"),
        (Dialect.MYSQL, "SELECT `a"),
        (Dialect.MYSQL, "SELECT /* a"),
        (Dialect.SQLITE, "SELECT [a"),
        (Dialect.SQLITE, "SELECT 'it"),
    ],
)
def test_what_is_left_open_is_told(dialect: Dialect, text: str) -> None:
    with pytest.raises(SourceError, match="is never closed at line 1"):
        parse_statement(text, dialect)


@pytest.mark.parametrize(
    ("dialect", "parameter"),
    [
        (Dialect.POSTGRES, "$1"),
        (Dialect.MYSQL, "?"),
        (Dialect.SQLITE, "?"),
        (Dialect.SQLITE, "?3"),
        (Dialect.SQLITE, "@at"),
        (Dialect.SQLITE, "$at"),
    ],
)
def test_other_parameters_are_refused(dialect: Dialect, parameter: str) -> None:
    with pytest.raises(SourceError, match="write :now"):
        parse_statement(f"SELECT {parameter}", dialect)


def test_a_long_line_of_dashes_is_read_quickly() -> None:
    # A pattern that backtracks would need hours for this.
    parse_statement("SELECT E'a' " + "-" * 5000, Dialect.POSTGRES)


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ("SELECT 1", "its query does not name :now"),
        ("SELECT ':now'", "its query does not name :now"),
        ("SELECT count(*) FROM pg_stat_activity WHERE query_start < :now", "pg_stat_activity only knows the present"),
        ("SELECT pg_database_size('x'), :now", "pg_database_size only knows the present"),
        ("SELECT 'pg_stat_activity', :now -- pg_stat_activity", ""),
    ],
)
def test_the_past_is_asked_for_only_where_it_is_known(query: str, why: str) -> None:
    assert no_past(signal(query), Dialect.POSTGRES, r"pg_stat_\w+|pg_\w+_size") == why


def test_rows_that_change_later_have_no_past() -> None:
    declared = signal("SELECT 1 FROM t WHERE a < :now", history="journal")

    assert "journal" in no_past(declared, Dialect.POSTGRES, "x")
