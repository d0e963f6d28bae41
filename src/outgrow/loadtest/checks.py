"""Checks and captures of the plan, made ready to look at answers."""

import json
import re
from collections.abc import Callable, Collection, Mapping
from typing import Final

from outgrow.loadtest.answers import Answer
from outgrow.loadtest.cookies import Jar
from outgrow.loadtest.templates import Template, Value, as_it_is, template
from outgrow.plan.json_path import Json, JsonPath, parse_json_path, value_at
from outgrow.plan.scenario_steps import Capture, Check

Judge = Callable[[Answer], bool]
FilledJudge = Callable[[Answer, Mapping[str, Value]], bool]
"""Judges by what an arrival has in the places of a check's text."""
Take = Callable[[Answer, Jar], str | None]

_LONGEST_VALUE: Final = 16_384
"""A captured value longer than this is taken for missing: sessions keep theirs for the whole run."""


def judge_of(check: Check) -> Judge:
    """Give what says whether an answer passes a check."""
    if check.status:
        statuses = frozenset(check.status) if isinstance(check.status, tuple) else frozenset({check.status})
        return lambda answer: answer.status in statuses
    if check.duration_below is not None:
        limit = check.duration_below.total_seconds()
        return lambda answer: answer.seconds < limit
    if check.json_path is not None:
        return _of_json(check, parse_json_path(check.json_path))
    if check.header is not None:
        return _of_header(check, check.header)
    needle = check.contains.encode()
    return lambda answer: needle in answer.body


def filled_judge_of(check: Check, known: Collection[str]) -> FilledJudge | None:
    """Give what says whether an answer passes a check whose text has places; none where it has none.

    Args:
        check: a check of the plan.
        known: the names of places.
    """
    option = "equals" if isinstance(check.equals, str) else "contains"
    text: Template = template([(str(getattr(check, option)), as_it_is)], known)
    if not text.slots:
        return None

    def passes(answer: Answer, values: Mapping[str, Value]) -> bool:
        try:
            filled = check.model_copy(update={option: text.fill(values)})
        except KeyError:
            return False  # a value that was never captured stands nowhere
        if option == "equals" and filled.json_path is not None:
            return _has_text(answer, parse_json_path(filled.json_path), str(filled.equals))
        return judge_of(filled)(answer)

    return passes


def _has_text(answer: Answer, path: JsonPath, text: str) -> bool:
    """Compare as text: a row's 7 is the number 7 and the text "7"."""
    try:
        found = value_at(answer.json(), path)
    except (ValueError, LookupError):
        return False
    return text == (found if isinstance(found, str) else json.dumps(found, ensure_ascii=False))


def _of_json(check: Check, path: JsonPath) -> Judge:
    def passes(answer: Answer) -> bool:
        try:
            found = value_at(answer.json(), path)
        except (ValueError, LookupError):
            return not check.exists
        if check.equals is not None:
            return _is_same(found, check.equals)
        if check.contains:
            return isinstance(found, str | list) and check.contains in found
        return check.exists

    return passes


def _is_same(found: Json, expected: bool | float | str) -> bool:  # noqa: FBT001 (a value of the plan)
    """Compare as JSON does: true is no 1."""
    return found == expected and isinstance(found, bool) == isinstance(expected, bool)


def _of_header(check: Check, name: str) -> Judge:
    def passes(answer: Answer) -> bool:
        found = answer.headers(name)
        if check.equals is not None:
            return str(check.equals) in found
        if check.contains:
            return any(check.contains in each for each in found)
        return bool(found) == check.exists

    return passes


def take_of(capture: Capture) -> Take:
    """Give what takes a value from an answer; it gives none where the answer does not have it."""
    if capture.json_path is not None:
        return _from_json(parse_json_path(capture.json_path))
    if capture.regex is not None:
        return _from_text(re.compile(capture.regex))
    if capture.header is not None:
        name = capture.header
        return lambda answer, _: _kept(answer.header(name))
    cookie = capture.cookie or ""
    return lambda _, jar: _kept(jar.value(cookie))


def _from_json(path: JsonPath) -> Take:
    def take(answer: Answer, _: Jar) -> str | None:
        try:
            found = value_at(answer.json(), path)
        except (ValueError, LookupError):
            return None
        match found:
            case bool():
                return str(found).lower()
            case str() | int() | float():
                return _kept(str(found))
            case None:
                return None
            case _:
                return _kept(json.dumps(found, ensure_ascii=False))

    return take


def _from_text(pattern: re.Pattern[str]) -> Take:
    def take(answer: Answer, _: Jar) -> str | None:
        found = pattern.search(answer.text)
        return None if found is None else _kept(found.group(1 if pattern.groups else 0))

    return take


def _kept(value: str | None) -> str | None:
    """Keep what can be sent: half a character, which JSON can spell and no text can hold, becomes a question mark."""
    if value is None or len(value) > _LONGEST_VALUE:
        return None
    return value if value.isascii() else value.encode(errors="replace").decode()
