"""Whatever is written, parse_plan gives a plan or a PlanError: never a traceback, never a second line."""

import random

import yaml
from hypothesis import given
from hypothesis import strategies as st

from outgrow.errors import PlanError, Problem
from outgrow.plan.file import LoadedPlan, parse_plan
from tests.plan.plans import GOOD

TEXTS = [path.read_text() for path in GOOD]

# What people and machines put where something else belongs.
STRANGERS = [
    *("", "~", "true", "yes", "0", "-1", "1e400", "99999999999999999999", ".nan", "[]", "{}", "[[]]", "{a: {}}"),
    *("a b", "*x", "&x 1", "!t 1", "30m", "800 ms", "60 %", "${X}", "'", '"', "|", "한국어", "\u0000", "now", "- a"),
    "9" * 5000,
]


def parsed(text: str | bytes) -> LoadedPlan | tuple[Problem, ...]:
    try:
        return parse_plan(text, "plan.yaml")
    except PlanError as error:
        return error.problems


def is_plan_or_problems(text: str | bytes) -> bool:
    found = parsed(text)
    return isinstance(found, LoadedPlan) or (found != () and all("\n" not in str(problem) for problem in found))


@given(st.text(max_size=200) | st.binary(max_size=200))
def test_any_text_is_a_plan_or_a_plan_error(text: str | bytes):
    assert is_plan_or_problems(text)


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(STRANGERS) | st.text(max_size=8),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(st.text(max_size=8), below, max_size=3),
    max_leaves=8,
)
NOUNS = ["sources", "signals", "levels", "checkpoints", "roadmap", "alerts", "dashboards", "review", "journal"]
OPTIONS = [
    *("kind", "url", "source", "read", "query", "unit", "every", "by", "ratio", "rate", "delta", "over", "signal"),
    *("above", "below", "for", "m_of_n", "conditions", "verdicts", "all", "any", "at_least_of", "n", "of", "due"),
    *("target", "warning", "danger", "condition", "signals", "current", "phases", "name", "required", "A", "postgres"),
]
plan_like = st.recursive(
    plain,
    lambda below: st.dictionaries(st.sampled_from(OPTIONS), below, max_size=5) | st.lists(below, max_size=3),
    max_leaves=30,
)


@given(
    st.dictionaries(st.sampled_from(NOUNS), st.dictionaries(st.sampled_from(["a", "b"]), plan_like, max_size=2) | plain)
)
def test_any_data_in_the_shape_of_a_plan_is_a_plan_or_a_plan_error(nouns: dict):
    assert is_plan_or_problems(yaml.safe_dump({"outgrow": 1, "name": "fuzzed", **nouns}, allow_unicode=True))


@given(st.sampled_from(TEXTS), st.randoms(use_true_random=False), st.integers(1, 4))
def test_a_valid_plan_with_a_few_slips_is_a_plan_or_a_plan_error(text: str, chance: random.Random, slips: int):
    for _ in range(slips):
        text = slipped(text, chance)
    assert is_plan_or_problems(text)


def slipped(text: str, chance: random.Random) -> str:
    """Change a plan as people do by accident: a line lost, doubled, moved; a value, a word, a sign replaced."""
    lines = text.split("\n")
    here = chance.randrange(len(lines))
    line = lines[here]
    match chance.randrange(7):
        case 0:
            del lines[here]
        case 1:
            lines.insert(chance.randrange(len(lines)), line)
        case 2:
            lines[here] = " " * chance.randrange(1, 5) + line
        case 3:
            lines[here] = line[chance.randrange(1, 5) :]
        case 4:
            lines[here] = f"{line.partition(':')[0]}: {chance.choice(STRANGERS)}"
        case 5:
            words = line.split(" ")
            words[chance.randrange(len(words))] = chance.choice(STRANGERS)
            lines[here] = " ".join(words)
        case _:
            at = chance.randrange(len(line) + 1)
            lines[here] = line[:at] + chance.choice("[]{},:#&*!|>'\"%@`\t x0") + line[at + chance.randrange(2) :]
    return "\n".join(lines)
