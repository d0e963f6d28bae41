"""The text of a plan before it is data: decoding it, and wording what the YAML parser did not understand."""

import codecs
import re
from typing import Final

import yaml

from outgrow.errors import Place, Problem

# YAML 1.2, section 5.1: what may stand in a stream.
_UNPRINTABLE: Final = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_OTHER_UNICODE: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)
_UNQUOTED_SIGN: Final = re.compile(r"(?:^|[\s\[{,])[*&!]\S*\s+$")
_INDENTATION: Final = ("the indentation does not fit what stands above", "indent entries of one mapping or list alike")
_COMPLAINTS: Final = {
    "mapping values are not allowed": (
        "a colon where no value can begin",
        "put the text in quotes, or check the indentation",
    ),
    "quoted scalar": (
        "a quote is not closed, or a backslash in it has no meaning",
        "close it; inside '...' write '' for a quote",
    ),
    "flow": ("a bracket is not closed, or a comma is missing", "close it; quote texts that hold commas or brackets"),
    "comment or line break": ("text stands beside | or >", "begin the text on the next line"),
    "YAML document": ("a %YAML line of an unknown version", "remove the line"),
    "block mapping": _INDENTATION,
    "block collection": _INDENTATION,
    "expected ':'": ("a line without its colon", "write name: value"),
}
"""What libyaml's complaints mean, by a part of each."""
_UNKNOWN_COMPLAINT: Final = ("cannot be understood here", "check indentation, colons and quotes near this place")
_SAVE_AS: Final = "save the file as UTF-8 text"


def decoded(text: str | bytes, file: str) -> str | Problem:
    """Give the text without its byte order mark, or the problem that keeps it from being read."""
    if isinstance(text, bytes):
        if text.startswith(_OTHER_UNICODE):
            return Problem(Place(file), "", "is UTF-16 or UTF-32 text", _SAVE_AS)
        if 0 in text:
            return Problem(_place(file, text.decode("latin-1"), text.index(0)), "", "holds a NUL byte", _SAVE_AS)
        try:
            text = text.decode()
        except UnicodeDecodeError as error:
            before = text[: error.start].decode()
            return Problem(_place(file, before, len(before)), "", "is not UTF-8 from here on", _SAVE_AS)
    text = text.removeprefix("\ufeff")
    if stranger := _UNPRINTABLE.search(text):
        what = f"holds the control character U+{ord(stranger.group()):04X}"
        return Problem(_place(file, text, stranger.start()), "", what, "remove it, or write it as an escape in quotes")
    return text


def _place(file: str, text: str, position: int) -> Place:
    before = text[:position]
    return Place(file, before.count("\n") + 1, position - before.rfind("\n"))


def syntax_problem(error: yaml.YAMLError, text: str, file: str) -> Problem:
    """Word what the parser did not understand, without quoting the text: it may hold a password."""
    if not isinstance(error, yaml.MarkedYAMLError) or (mark := error.problem_mark or error.context_mark) is None:
        return Problem(Place(file), "", "is not YAML", "check indentation, colons and quotes")
    lines = text.splitlines()
    line = lines[mark.line] if mark.line < len(lines) else ""
    what, remedy = _what_and_remedy(f"{error.problem} {error.context}", line[: mark.column], line[mark.column :])
    place = Place(file, mark.line + 1, mark.column + 1)
    # An unclosed bracket is noticed at the end of the file and repaired where it was opened.
    if error.context_mark is not None and "flow" in (error.context or ""):
        place = Place(file, error.context_mark.line + 1, error.context_mark.column + 1)
    return Problem(place, "", f"not YAML: {what}", remedy)


def _what_and_remedy(complaint: str, before: str, after: str) -> tuple[str, str]:
    """Tell from the parser's complaint, and from the line before and after the place, what was probably meant."""
    character = after[:1]
    if "cannot start any token" in complaint and character != "\t":
        return f"a plain text cannot begin with {character}", "put the text in quotes"
    if "tab" in complaint or character == "\t":
        return "a tab stands where spaces indent", "indent with spaces"
    if _UNQUOTED_SIGN.search(before):
        return "a text cannot begin with *, & or !", "put the text in quotes"
    if before.rstrip().endswith(("'", '"')) and "quoted scalar" not in complaint:
        return "text goes on after its closing quote", "inside '...' write '' for a quote, or close an earlier quote"
    if character == ":" and not before.strip():
        return "a colon without a name before it", "write name: value"
    return next((worded for sign, worded in _COMPLAINTS.items() if sign in complaint), _UNKNOWN_COMPLAINT)
