"""Formulas over triggers: a small, safe expression language, with `??` to route round what failed.

The grammar is a part of the one that KEDA's `scalingModifiers` has (expr-lang). A text is first cut into known signs
and nothing else; `??`, `&&`, `||`, `!` and `c ? a : b` become their Python words, and simpleeval, which knows only the
operators and functions below, evaluates them: no attribute, index, text or call of anything else can be written.
"""

import ast
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite
from typing import Any, ClassVar, Final

from pydantic_core import CoreSchema, PydanticCustomError, core_schema
from simpleeval import InvalidExpression, SimpleEval  # pyright: ignore[reportMissingTypeStubs] (it has none)

_SIGNS: Final = re.compile(
    r"\s*(?:(?P<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|(?P<name>[A-Za-z_][A-Za-z0-9_]*)"
    r"|(?P<sign>\?\?|&&|\|\||==|!=|<=|>=|\*\*|[-+*/%<>!?:(),]))"
)
_LONGEST: Final = 1000
_BINARY: Final = frozenset({"+", "-", "*", "/", "%", "**", "<", ">", "<=", ">=", "==", "!=", "&&", "||"})
_WORDS: Final = {"&&": " and ", "||": " or ", "??": " @ ", "!": " not "}
_RESERVED: Final = frozenset({"and", "or", "not", "if", "else", "in", "is", "lambda", "for", "None", "True", "False"})


def _power(base: float, exponent: float) -> float:
    if abs(exponent) > 64:  # noqa: PLR2004 (beyond it no replica count is meant)
        raise ValueError("an exponent is at most 64")
    return base**exponent


def _instead(value: float | None, otherwise: float | None) -> float | None:
    return otherwise if value is None else value


def _divided(dividend: float, divisor: float) -> float:
    return dividend / divisor


def _sum(*given: float) -> float:
    return sum(given)


def _average(*given: float) -> float:
    return sum(given) / len(given)


def _ceil(given: float) -> float:
    return float(-(-given // 1))


def _floor(given: float) -> float:
    return float(given // 1)


def _round(given: float) -> float:
    return float((given + 0.5) // 1)


_FUNCTIONS: Final[Mapping[str, Any]] = {
    "min": min,
    "max": max,
    "sum": _sum,
    "avg": _average,
    "abs": abs,
    "ceil": _ceil,
    "floor": _floor,
    "round": _round,
}
_OPERATORS: Final[Mapping[type[ast.AST], Callable[..., Any]]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: _divided,
    ast.Mod: operator.mod,
    ast.Pow: _power,
    ast.MatMult: _instead,
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
    ast.Not: operator.not_,
    ast.Lt: operator.lt,
    ast.Gt: operator.gt,
    ast.LtE: operator.le,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}


@dataclass(frozen=True, slots=True)
class Formula:
    """An expression over triggers; `names` are those that it speaks of."""

    text: str
    names: frozenset[str] = field(compare=False)
    python: str = field(compare=False, repr=False)

    FORMAT: ClassVar = "outgrow-formula"
    """Its name in a JSON Schema."""

    def value(self, given: Mapping[str, float | None]) -> float:
        """Evaluate.

        Args:
            given: a number for each name, None where it failed.

        Raises:
            ValueError: a name without a number that no `??` stands for, a division by zero, or a result that is none.
        """
        names: dict[str, Any] = {"nil": None, "true": True, "false": False, **given}
        evaluator: Any = SimpleEval(operators=dict(_OPERATORS), functions=dict(_FUNCTIONS), names=names)
        try:
            found = evaluator.eval(self.python)
        except (InvalidExpression, TypeError, ArithmeticError, ValueError) as error:
            failed = [name for name in sorted(self.names) if given.get(name) is None]
            reason = f"{', '.join(failed)} failed and no ?? stands for it" if failed else str(error)
            raise ValueError(f"the formula gives no number: {reason}") from error
        if not isinstance(found, int | float) or not isfinite(found):
            raise ValueError("the formula gives no number")
        return float(found)

    def __str__(self) -> str:
        """Show it the way it was written."""
        return self.text

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> CoreSchema:
        """Let plan models declare `formula: Formula`."""
        return core_schema.no_info_plain_validator_function(
            _from_plan, serialization=core_schema.plain_serializer_function_ser_schema(str)
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: Any) -> dict[str, Any]:
        """Describe what editors may offer."""
        return {"type": "string", "maxLength": _LONGEST, "examples": ["max(queue ?? 0, requests / 10)"]}


def parse_formula(text: str) -> Formula:
    """Read a formula.

    Raises:
        ValueError: an unknown sign, name or form; `??` beside another operator without parentheses.
    """
    signs = _cut(text)
    python = _translated(signs)
    try:
        tree = ast.parse(python.strip(), mode="eval")
    except (SyntaxError, RecursionError, MemoryError) as error:
        raise ValueError(f'"{text}" is no formula; write for example max(queue ?? 0, requests / 10)') from error
    called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    names = frozenset(node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and id(node) not in called) - {
        "nil",
        "true",
        "false",
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and not (isinstance(node.func, ast.Name) and node.func.id in _FUNCTIONS):
            raise ValueError(f"only {', '.join(_FUNCTIONS)} can be called")
        if isinstance(node, ast.Tuple):
            raise ValueError("a formula gives one number; take the comma out")  # noqa: TRY004 (what was written, no type)
    return Formula(text, names, python.strip())


def _from_plan(raw: object) -> Formula:
    try:
        if isinstance(raw, Formula):
            return raw
        if isinstance(raw, str):
            return parse_formula(raw)
    except ValueError as error:
        raise PydanticCustomError("formula", "{why}", {"why": str(error)}) from error
    raise PydanticCustomError("formula", "expected a formula; write for example max(queue ?? 0, requests / 10)")


def _cut(text: str) -> list[str]:
    """Cut a text into signs; anything that is none is refused."""
    if len(text) > _LONGEST:
        raise ValueError(f"a formula has at most {_LONGEST} signs")
    signs: list[str] = []
    here, end = 0, len(text.rstrip())
    while here < end:
        found = _SIGNS.match(text, here)
        if found is None:
            raise ValueError(f'"{text[here:].strip()[:10]}" cannot stand in a formula')
        sign = found.group().strip()
        if sign in _RESERVED or sign.startswith("__"):
            raise ValueError(f'"{sign}" cannot be a name in a formula')
        signs.append(sign)
        here = found.end()
    return signs


def _translated(signs: Sequence[str]) -> str:
    """Put a run of signs into Python's words: parentheses first, then commas, then `? :`, then the rest."""
    pieces, depth, begin = list[str](), 0, 0
    for index, sign in enumerate(signs):
        depth += (sign == "(") - (sign == ")")
        if depth < 0:
            raise ValueError("a parenthesis is closed that was not opened")
        if sign == "," and depth == 0:
            pieces.append(_choice(signs[begin:index]))
            begin = index + 1
    if depth:
        raise ValueError("a parenthesis is not closed")
    return ",".join([*pieces, _choice(signs[begin:])])


def _choice(signs: Sequence[str]) -> str:
    depth, asked, open_choices = 0, -1, 0
    for index, sign in enumerate(signs):
        depth += (sign == "(") - (sign == ")")
        if depth or sign not in {"?", ":"}:
            continue
        open_choices += 1 if sign == "?" else -1
        asked = index if sign == "?" and asked < 0 else asked
        if sign == ":" and open_choices == 0:
            condition, yes, no = signs[:asked], signs[asked + 1 : index], signs[index + 1 :]
            return f"(({_choice(yes)}) if ({_choice(condition)}) else ({_choice(no)}))"
    if asked >= 0 or open_choices:
        raise ValueError("? and : belong together: condition ? a : b")
    return _plain(signs)


def _plain(signs: Sequence[str]) -> str:
    words, here, operators = list[str](), 0, set[str]()
    while here < len(signs):
        sign = signs[here]
        if sign == "(":
            end = _closing(signs, here)
            words.append(f"({_translated(signs[here + 1 : end])})")
            here = end
        else:
            operators |= {sign} & (_BINARY | {"??"})
            words.append(_WORDS.get(sign, sign))
        here += 1
    if "??" in operators and len(operators) > 1:
        raise ValueError("put a ?? b in parentheses beside another operator: (a ?? 0) + b")
    return " ".join(words)


def _closing(signs: Sequence[str], opening: int) -> int:
    depth = 0
    for index in range(opening, len(signs)):
        depth += (signs[index] == "(") - (signs[index] == ")")
        if depth == 0:
            return index
    raise ValueError("a parenthesis is not closed")
