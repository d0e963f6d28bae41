"""What the plan's models found wrong, worded for people at the place where it stands in the text."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from outgrow.errors import Problem
from outgrow.plan.model import NAME_PATTERN
from outgrow.plan.options import QUERY_OPTIONS, options_at, read_options
from outgrow.plan.signals import DERIVATIONS
from outgrow.plan.sources import Vocabulary
from outgrow.plan.suggestion import did_you_mean, listed, nearest, nearest_or_all
from outgrow.plan.yaml_tree import Data, Path, Tree, data_at, dotted
from outgrow.quantity.written import quoted

_YES: Final = frozenset({"yes", "y", "on", "1"})
_NO: Final = frozenset({"no", "n", "off", "0"})


@dataclass(frozen=True, slots=True)
class _Found:
    """One finding of a model.

    `path` is where it stands in the text, `missing` the option that it misses there, `branch` the branch of a union
    that it speaks of, and `shortened` whether it speaks of a `read` in whose place the text has `query`.
    """

    error: ErrorDetails
    path: Path
    missing: str | int | None = None
    branch: tuple[Path, str | int] | None = None
    shortened: bool = False


def problems_of(error: ValidationError, tree: Tree, words: Vocabulary) -> Iterator[Problem]:
    """Word every error of a validation; of a union's branches only the one that was meant."""
    found = [_located(tree.data, each) for each in error.errors(include_url=False)]
    meant = _meant_branches(found)
    misspelt = {_misspelt(each, tree.data, words) for each in found if each.error["type"] == "extra_forbidden"}
    told = {(problem.place, problem.path) for problem in tree.problems}
    for each in found:
        if (each.branch is not None and meant[each.branch[0]] != each.branch[1]) or _follows(each, tree.data, misspelt):
            continue
        problem = _problem(tree, each, words)
        if (problem.place, problem.path) not in told:
            yield problem


def _misspelt(found: _Found, data: Data, words: Vocabulary) -> tuple[Path, str]:
    """Say which option was probably meant, and where."""
    whole, option = found.path[:-1], str(found.path[-1])
    if found.shortened:
        return whole, "read"
    near = nearest(option, options_at(whole, data, words))
    return whole, "query" if near == "read" else near


def _follows(found: _Found, data: Data, misspelt: set[tuple[Path, str]]) -> bool:
    """Say whether an error only follows from another one: an option is missing because it is misspelt."""
    match found.error["type"], found.missing:
        case "too_short", _:
            here = data_at(data, found.path)
            # What stands alone where a list may is one entry; of those that were refused others speak.
            alone = here is not None and not isinstance(here, list | dict)
            return alone or (isinstance(here, list | dict) and len(here) >= found.error.get("ctx", {})["min_length"])
        case "missing", missing:
            meant = {option for whole, option in misspelt if whole == found.path}
            name = "query" if missing == "read" else missing
            return name in meant or (found.shortened and "read" in meant) or not meant.isdisjoint(DERIVATIONS)
        case _:
            return False


def _located(data: Data, error: ErrorDetails) -> _Found:
    """Turn pydantic's location into one that stands in the text.

    Steps that the text does not have are left out: `read` where `query` was written in its place, the names of a
    union's branches, the mark of a mapping's key.
    """
    path: Path = ()
    here = data
    missing: str | int | None = None
    branch: tuple[Path, str | int] | None = None
    shortened = False
    loc = error["loc"]
    for position, part in enumerate(loc):
        match here, part:
            case (dict(), str()) if part in here:
                path, here = (*path, part), here[part]
            case (list(), int()) if part < len(here):
                path, here = (*path, part), here[part]
            case _ if position == len(loc) - 1 and error["type"] == "missing":
                missing = part
            case (dict(), "read"):
                shortened = True
            case _ if part != "[key]" and branch is None:
                branch = (path, part)
            case _:
                pass
    return _Found(error, path, missing, branch, shortened)


def _meant_branches(found: Sequence[_Found]) -> dict[Path, str | int]:
    """Choose a branch per union: the one that is furthest from having misunderstood what was written."""
    strangeness: dict[Path, dict[str | int, int]] = {}
    for each in found:
        if each.branch is not None:
            at, name = each.branch
            of_union = strangeness.setdefault(at, {})
            of_union[name] = of_union.get(name, 0) + _strangeness(each.error, within=len(each.path) > len(at))
    return {at: min(of_union, key=lambda name: of_union[name]) for at, of_union in strangeness.items()}


def _strangeness(error: ErrorDetails, *, within: bool) -> int:
    """Weigh an error: a wrong value is a slip, wrong options are another thing, a wrong shape is a stranger."""
    if error["type"] in {"missing", "extra_forbidden"}:
        return 10
    if within or not error["type"].endswith("_type"):
        return 1
    of_options = error["type"] in {"model_type", "model_attributes_type", "dict_type", "mapping_type"}
    return 100 if of_options == isinstance(error["input"], dict) else 200


def _problem(tree: Tree, found: _Found, words: Vocabulary) -> Problem:
    path, error = found.path, found.error
    match error["type"]:
        case "extra_forbidden":
            what, remedy = _unknown_option(found, tree.data, words)
            return Problem(tree.place_of_key(path), dotted(path), what, remedy)
        case "missing":
            what, remedy = _missing(found, tree.data, words)
            return Problem(tree.place_of_key(path), dotted(path), what, remedy)
        case _:
            is_key = error["loc"][-1:] == ("[key]",)
            what, remedy = _worded(error, secret=not is_key and path[:1] in {("sources",), ("journal",)})
            whole = is_key or isinstance(data_at(tree.data, path), dict)
            place = tree.place_of_key(path) if whole else tree.place(path)
            return Problem(place, dotted(path), what, remedy)


def _unknown_option(found: _Found, data: Data, words: Vocabulary) -> tuple[str, str]:
    whole, option = found.path[:-1], str(found.path[-1])
    known = options_at(whole, data, words)
    match found.path:
        case ("signals", str(), "query") if found.shortened:
            example = ", ".join(f"{each}: ..." for each in options_at((*whole, "read"), data, words)[:1])
            return "this source is not read by a query", f"write read: {{{example}}}"
        case ("signals", str(), _) if option in QUERY_OPTIONS:
            derivation = next((each for each in DERIVATIONS if each in known), "")
            return f"a signal with {derivation} is derived from others and has no {option}", "remove one of the two"
        case ("sources", str(name), _) if option in read_options(words.kind_of_source.get(name, ""), words):
            return f"{option} is for signals, not for their source", "move it to the read of a signal"
        case _:
            return "unknown option", nearest_or_all(option, known, "the options here are") if known else "remove it"


def _missing(found: _Found, data: Data, words: Vocabulary) -> tuple[str, str]:
    match found.path, found.missing:
        case (), "outgrow":
            return '"outgrow" is missing', "begin the plan with outgrow: 1"
        case ((("signals", str()) as signal), "read"):
            options = options_at((*signal, "read"), data, words)
            if options and "query" not in options:
                return '"read" is missing', f"add read: {{{options[0]}: ...}}"
            return '"query" is missing', "add query: ..."
        case _, name:
            return f'"{name}" is missing', f"add {name}: ..."


@dataclass(frozen=True, slots=True)
class _Wrong:
    """A value that a model refused: the value, how the end of a sentence shows it, and what the model says of it.

    `shown` is empty where the value may be a secret.
    """

    raw: object
    shown: str
    context: Mapping[str, Any]


def _worded(error: ErrorDetails, *, secret: bool) -> tuple[str, str]:
    """Say what is wrong and what to do."""
    raw: object = error["input"]
    if raw is None:
        return "is empty", "write a value, or remove the line"
    if wording := _WORDINGS.get(error["type"]):
        return wording(_Wrong(raw, _shown(raw, secret=secret), error.get("ctx", {})))
    message = error["msg"].removeprefix("Value error, ").removeprefix("Assertion failed, ")
    what, _, remedy = message.partition("; ")
    pydantics_own = what.startswith(("Input ", "Value ", "Field ", "String "))
    return (what[:1].lower() + what[1:] if pydantics_own else what), remedy


def _shown(raw: object, *, secret: bool) -> str:
    match raw:
        case list():
            return ", not a list"
        case dict():
            return ", not a mapping"
        case _ if secret:
            return ""
        case bool():
            return f", not {str(raw).lower()}"
        case int() | float():
            return f", not {str(raw)[:40]}"
        case str():
            return f", not {quoted(raw)}"
        case _:
            return ""


def _text(wrong: _Wrong) -> tuple[str, str]:
    scalar = isinstance(wrong.raw, bool | int | float)
    return f"expected text{wrong.shown}", "put it in quotes" if scalar else "write one line of text, or a block with |"


def _pattern(wrong: _Wrong) -> tuple[str, str]:
    if wrong.context["pattern"] != NAME_PATTERN:
        return f"does not have the form {wrong.context['pattern']}", "write it in that form"
    what = f"{quoted(wrong.raw)} is not a name" if isinstance(wrong.raw, str) and wrong.shown else "is not a name"
    return what, "use letters, digits, dash, dot and underscore, beginning with a letter or digit"


def _too_long(wrong: _Wrong) -> tuple[str, str]:
    things = "characters" if isinstance(wrong.raw, str) else "entries"
    return f"has more than {wrong.context.get('max_length', 'enough')} {things}", "shorten it"


def _too_short(wrong: _Wrong) -> tuple[str, str]:
    least = wrong.context["min_length"]
    things = "characters" if isinstance(wrong.raw, str) else "entries"
    if least == 1:
        return "holds nothing", "write some text" if isinstance(wrong.raw, str) else "write at least one entry"
    return f"needs at least {least} {things}", "write more"


def _whole_number(wrong: _Wrong) -> tuple[str, str]:
    return f"expected a whole number{wrong.shown}", "write digits only, such as 20"


def _number(wrong: _Wrong) -> tuple[str, str]:
    return f"expected a number{wrong.shown}", "write for example 0.9"


def _flag(wrong: _Wrong) -> tuple[str, str]:
    word = str(wrong.raw).lower()
    meant = "true" if word in _YES else "false" if word in _NO else "true or false"
    return f"expected true or false{wrong.shown}", f"write {meant}"


def _bound(word: str, key: str) -> Callable[[_Wrong], tuple[str, str]]:
    def worded(wrong: _Wrong) -> tuple[str, str]:
        return f"must be {word} {wrong.context[key]:g}{wrong.shown}", "choose another value"

    return worded


def _choice(wrong: _Wrong) -> tuple[str, str]:
    expected = str(wrong.context["expected"])
    choices = re.findall(r"'([^']*)'", expected) or [expected]
    near = did_you_mean(wrong.raw, choices) if isinstance(wrong.raw, str) else ""
    one_of = "one of " if len(choices) > 1 else ""
    return (
        f"expected {one_of}{listed(choices)}{wrong.shown}",
        near or f"write {'one of them' if one_of else choices[0]}",
    )


def _tag(wrong: _Wrong) -> tuple[str, str]:
    tag, tags = str(wrong.context["tag"]), re.findall(r"'([^']*)'", str(wrong.context["expected_tags"]))
    option = str(wrong.context["discriminator"]).strip("'")
    return f"unknown {option} {quoted(tag)}", nearest_or_all(tag, tags, "the known ones are")


def _no_tag(wrong: _Wrong) -> tuple[str, str]:
    option = str(wrong.context["discriminator"]).strip("'")
    return f'"{option}" is missing', f"add {option}: ..."


def _list(wrong: _Wrong) -> tuple[str, str]:
    short = wrong.shown and isinstance(wrong.raw, str | int | float) and len(str(wrong.raw)) < 40  # noqa: PLR2004 (one line)
    return f"expected a list{wrong.shown}", f"write [{wrong.raw}]" if short else "write [a, b]"


def _mapping(wrong: _Wrong) -> tuple[str, str]:
    return f"expected options{wrong.shown}", "write them below it as name: value"


_WORDINGS: Final[Mapping[str, Callable[[_Wrong], tuple[str, str]]]] = (
    {"string_type": _text, "string_pattern_mismatch": _pattern}
    | dict.fromkeys(("string_too_long", "too_long"), _too_long)
    | dict.fromkeys(("string_too_short", "too_short"), _too_short)
    | dict.fromkeys(("int_type", "int_parsing", "int_from_float", "int_parsing_size"), _whole_number)
    | dict.fromkeys(("float_type", "float_parsing", "finite_number"), _number)
    | dict.fromkeys(("bool_type", "bool_parsing"), _flag)
    | {"greater_than": _bound("more than", "gt"), "greater_than_equal": _bound("at least", "ge")}
    | {"less_than": _bound("less than", "lt"), "less_than_equal": _bound("at most", "le")}
    | {"literal_error": _choice, "enum": _choice}
    | {"union_tag_invalid": _tag, "union_tag_not_found": _no_tag}
    | dict.fromkeys(("tuple_type", "list_type", "set_type"), _list)
    | dict.fromkeys(("mapping_type", "dict_type", "model_type", "model_attributes_type"), _mapping)
)
