"""`:now` in SQL: a statement is cut at its placeholders, never inside a string, a comment or a `::` cast.

Pure. One tokeniser per dialect, because the dialects disagree about what a string or a comment is.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Final

from outgrow.errors import Failure, SourceError
from outgrow.plan.signals import QuerySignal
from outgrow.plan.sources import SqlQuery


class Dialect(StrEnum):
    """Whose rules a text is read by."""

    POSTGRES = "PostgreSQL"
    MYSQL = "MySQL"
    SQLITE = "SQLite"


class Placeholder(StrEnum):
    """What a query may name."""

    NOW = "now"
    NOW_EPOCH = "now_epoch"


@dataclass(frozen=True, slots=True)
class Statement:
    """One reading statement, cut at its placeholders.

    `pieces` are joined to give the statement back, without the `;` and the comments that followed it. `code` is the
    statement in lower case without its comments and strings, to look for names in.
    """

    pieces: tuple[str | Placeholder, ...]
    code: str

    @property
    def uses_now(self) -> bool:
        """Whether the answer depends on `:now`, so that it can be asked for a past moment."""
        return any(isinstance(piece, Placeholder) for piece in self.pieces)

    def render(self, values: Mapping[Placeholder, str]) -> str:
        """Write the statement with the SQL that stands for each placeholder."""
        return "".join(values[piece] if isinstance(piece, Placeholder) else piece for piece in self.pieces)


_WORD: Final = r"(?P<word>[^\W\d][\w$]*)"
_REST: Final = r"(?P<number>\d[\w.]*)|(?P<space>\s+)|(?P<end>;)|(?P<other>.)"
_COLON: Final = r"(?P<cast>::|:=)|:(?P<name>[^\W\d]\w*)"
_PLAIN_STRING: Final = r"'(?:[^']|'')*'"

# https://www.postgresql.org/docs/current/sql-syntax-lexical.html: E'' knows backslashes, also in the segments that
# continue it on later lines; $tag$ strings know nothing; identifiers may contain dollars.
_ESCAPED: Final = r"'(?:[^'\\]|\\.|'')*'"
_NEXT_LINE: Final = r"(?:[^\S\n\r]|--[^\n\r]*+)*+[\n\r](?:\s|--[^\n\r]*[\n\r])*+"
_POSTGRES: Final = "|".join(
    (
        r"(?P<comment>--[^\n\r]*)",
        r"(?P<nested>/\*)",
        rf"(?P<string>[eE]{_ESCAPED}(?:{_NEXT_LINE}{_ESCAPED})*|{_PLAIN_STRING})",
        r'(?P<quoted>"(?:[^"]|"")*")',
        r"(?P<dollar>\$(?:[^\W\d]\w*)?\$)",
        r"(?P<foreign>\$\d+)",
        r"(?P<open>[eE]?'|\")",
        _WORD,
        _COLON,
        _REST,
    )
)
# https://dev.mysql.com/doc/refman/8.4/en/lexical-structure.html, with the default sql_mode: backslashes escape, "" is
# a string, `--` needs white space behind it.
_MYSQL: Final = "|".join(
    (
        r"(?P<comment>--(?=\s|$)[^\n]*|#[^\n]*|/\*.*?\*/)",
        r"(?P<string>'(?:[^'\\]|\\.|'')*'|\"(?:[^\"\\]|\\.|\"\")*\")",
        r"(?P<quoted>`(?:[^`]|``)*`)",
        r"(?P<foreign>\?)",
        r"(?P<open>['\"`]|/\*)",
        _WORD,
        _COLON,
        _REST,
    )
)
# https://www.sqlite.org/lang_comment.html and https://www.sqlite.org/c3ref/bind_blob.html
_SQLITE: Final = "|".join(
    (
        r"(?P<comment>--[^\n]*|/\*.*?\*/)",
        rf"(?P<string>{_PLAIN_STRING})",
        r'(?P<quoted>"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\])',
        r"(?P<foreign>\?\d*|[@$][^\W\d]\w*)",
        r"(?P<open>['\"`\[]|/\*)",
        _WORD,
        _COLON,
        _REST,
    )
)
_TOKENS: Final = {
    Dialect.POSTGRES: re.compile(_POSTGRES, re.DOTALL),
    Dialect.MYSQL: re.compile(_MYSQL, re.DOTALL),
    Dialect.SQLITE: re.compile(_SQLITE, re.DOTALL),
}
_READING: Final = {
    Dialect.POSTGRES: ("select", "with", "values", "table", "show"),
    Dialect.MYSQL: ("select", "with", "values", "table"),
    Dialect.SQLITE: ("select", "with", "values"),
}


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    start: int


def query_of(signal: QuerySignal) -> str:
    """Give the SQL of a signal that is read from a database.

    Raises:
        TypeError: the signal reads something else; the plan's validation rules that out.
    """
    if not isinstance(signal.read, SqlQuery):
        message = f"{type(signal.read).__name__} is no SQL query"
        raise TypeError(message)
    return signal.read.query


_PRESENT_MOMENT: Final = re.compile(
    r"\b(?:now|(?:clock|statement|transaction)_timestamp|sysdate|curdate|curtime|unix_timestamp|utc_timestamp)\s*\(\s*\)"
    r"|\b(?:current_(?:timestamp|date|time)|localtime(?:stamp)?|sysdate)\b",
    re.IGNORECASE,
)
_SQLITE_NOW: Final = re.compile(r"(?:date|time|datetime|julianday|unixepoch)\s*\(\s*'now'", re.IGNORECASE)


def no_past(signal: QuerySignal, dialect: Dialect, present_only: str) -> str:
    """Say why a query cannot be asked for a past moment; empty when it can.

    Args:
        signal: read from a database of this dialect.
        dialect: whose rules the query is read by.
        present_only: a pattern of the names that only know the present.
    """
    if signal.history == "journal":
        return "`history: journal` says that its rows change later"
    try:
        statement = parse_statement(query_of(signal), dialect)
    except SourceError as error:
        return str(error)
    if not statement.uses_now:
        return "its query does not name :now"
    if found := re.search(rf"\b(?:{present_only})\b", statement.code):
        return f"{found.group()} only knows the present"
    # Asked at 3 o'clock for what was at 2, now() says 3: the answer would be about another window than :now's.
    if present := _PRESENT_MOMENT.search(statement.code) or _SQLITE_NOW.search(query_of(signal)):
        return f"its query asks the database for the present moment ({present.group()}); write :now instead"
    return ""


@lru_cache(maxsize=4096)
def parse_statement(query: str, dialect: Dialect) -> Statement:
    """Cut a query at its placeholders.

    Raises:
        SourceError: (`BAD_QUERY`) it is empty, holds two statements, does not begin as a reading statement, names an
            unknown placeholder, or leaves a string or comment open.
    """
    tokens = _one_statement(query, list(_tokens(query, dialect)))
    pieces = list[str | Placeholder]()
    code = list[str]()
    for token in tokens:
        match token.kind:
            case "name":
                pieces.append(_placeholder(query, token))
            case "foreign":
                raise _wrong(query, token.start, f"a parameter {token.text}", "write :now for the end of the window")
            case _:
                pieces.append(token.text)
        code.append(" " if token.kind in {"string", "comment"} else token.text)
    first = next((token for token in tokens if not _is_blank(token) and token.text != "("), None)
    if first is None:
        raise SourceError(Failure.BAD_QUERY, "the query is empty", "write a SELECT that gives `value`")
    if first.text.lower() not in _READING[dialect]:
        known = ", ".join(_READING[dialect]).upper()
        raise _wrong(query, first.start, f'the statement begins with "{first.text}"', f"a signal only reads: {known}")
    return Statement(_joined(pieces), "".join(code).lower())


def _tokens(query: str, dialect: Dialect) -> Iterator[_Token]:
    pattern, position = _TOKENS[dialect], 0
    while position < len(query):
        found = pattern.match(query, position)
        if found is None or found.lastgroup is None:  # every character is at least "other"
            raise _wrong(query, position, f'"{query[position]}"', "write plain SQL")
        kind, end = found.lastgroup, found.end()
        if kind == "open":
            raise _wrong(query, position, f"{found.group()} is never closed", "close the string, name or comment")
        if kind == "nested":
            kind, end = "comment", _end_of_nested_comment(query, position)
        elif kind == "dollar":
            kind, end = "string", query.find(found.group(), end) + len(found.group())
            if end < found.end() + len(found.group()):
                raise _wrong(query, position, f"{found.group()} is never closed", "close the string")
        yield _Token(kind, query[position:end], position)
        position = end


def _end_of_nested_comment(query: str, start: int) -> int:
    """PostgreSQL's comments nest."""
    depth = 0
    for found in re.compile(r"/\*|\*/").finditer(query, start):
        depth += 1 if found.group() == "/*" else -1
        if depth == 0:
            return found.end()
    raise _wrong(query, start, "/* is never closed", "close the comment")


def _one_statement(query: str, tokens: list[_Token]) -> list[_Token]:
    ends = [index for index, token in enumerate(tokens) if token.kind == "end"]
    if not ends:
        return tokens
    behind = next((token for token in tokens[ends[0] :] if not _is_blank(token) and token.kind != "end"), None)
    if behind is not None:
        raise _wrong(query, behind.start, "a second statement", "a signal reads with one statement")
    return tokens[: ends[0]]


def _placeholder(query: str, token: _Token) -> Placeholder:
    try:
        return Placeholder(token.text[1:])
    except ValueError as error:
        known = " and ".join(f":{each}" for each in Placeholder)
        advice = f"there are {known}; in an array slice, put a space behind the colon"
        raise _wrong(query, token.start, f"an unknown {token.text}", advice) from error


def _is_blank(token: _Token) -> bool:
    return token.kind in {"space", "comment"}


def _joined(pieces: list[str | Placeholder]) -> tuple[str | Placeholder, ...]:
    """Join the texts between the placeholders."""
    joined = list[str | Placeholder]()
    for piece in pieces:
        if joined and not isinstance(piece, Placeholder) and not isinstance(joined[-1], Placeholder):
            joined[-1] += piece
        else:
            joined.append(piece)
    return tuple(joined)


def _wrong(query: str, position: int, what: str, remedy: str) -> SourceError:
    line = query.count("\n", 0, position) + 1
    column = position - query.rfind("\n", 0, position)
    return SourceError(Failure.BAD_QUERY, f"the query has {what} at line {line}, column {column}", remedy)
