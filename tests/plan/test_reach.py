"""A grade can be reached if some combination of conditions makes it the most severe one that holds."""

from collections.abc import Mapping
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outgrow.plan import Plan
from outgrow.plan.checkpoints import Checkpoint, Rule
from outgrow.plan.entailment import entailments
from outgrow.plan.file import parse_plan
from outgrow.plan.grades import Grade
from outgrow.plan.reach import MOST_CONDITIONS, Entailments, unreachable_grades


def checkpoint(verdicts: dict, letters: str) -> Checkpoint:
    conditions = {letter: {"signal": "s", "above": 1} for letter in letters}
    return Checkpoint.model_validate({"conditions": conditions, "verdicts": verdicts})


def holds(rule: Rule, given_as: Mapping[str, bool]) -> bool:
    """Evaluate a rule for one assignment, in the plainest way."""
    members = [given_as[member] if isinstance(member, str) else holds(member, given_as) for member in rule.members]
    if rule.all is not None:
        return all(members)
    if rule.any is not None:
        return any(members)
    if rule.none is not None:
        return not any(members)
    return rule.at_least_of is not None and sum(members) >= rule.at_least_of.n


def reachable_by_trying_everything(checkpoint: Checkpoint, letters: str, known: Entailments) -> set[Grade]:
    reached: set[Grade] = set()
    for values in product([False, True], repeat=len(letters)):
        given_as = dict(zip(letters, values, strict=True))
        contradicts = any(given_as[one] and not given_as[other] for one, other in known.implied)
        contradicts |= any(given_as[one] and given_as[other] for one, other in known.excluded)
        shown = [grade for grade, rule in checkpoint.verdicts.items() if holds(rule, given_as)]
        if shown and not contradicts:
            reached.add(max(shown))
    return reached


members = st.recursive(
    st.sampled_from("ABCDE"),
    lambda below: st.one_of(
        st.lists(below, min_size=1, max_size=4).flatmap(
            lambda some: st.sampled_from([{"all": some}, {"any": some}, {"none": some}])
        ),
        st.lists(below, min_size=1, max_size=4).flatmap(
            lambda some: st.integers(1, len(some)).map(lambda n: {"at_least_of": {"n": n, "of": some}})
        ),
    ),
    max_leaves=8,
)
rules = members.filter(lambda member: isinstance(member, dict))
grades = st.sampled_from([grade.word for grade in Grade if grade is not Grade.CLEAR])
pairs = st.lists(st.tuples(st.sampled_from("ABCDE"), st.sampled_from("ABCDE")), max_size=2)


@given(st.dictionaries(grades, rules, min_size=1), pairs, pairs)
def test_the_truth_tables_say_what_trying_everything_says(verdicts: dict, implied: list, excluded: list):
    tried = checkpoint(verdicts, "ABCDE")
    used = {name for rule in tried.verdicts.values() for name in rule.condition_names()}
    known = Entailments(
        [(one, other) for one, other in implied if {one, other} <= used],
        [(one, other) for one, other in excluded if {one, other} <= used and one != other],
    )
    unreachable = {each.grade for each in unreachable_grades(tried, known)}
    assert set(tried.verdicts) - unreachable == reachable_by_trying_everything(tried, "ABCDE", known)


def test_the_korean_together_table_reaches_every_grade():
    verdicts = {
        "monitor": {"all": ["D"]},
        "recommended": {"all": ["A", "B"]},
        "required": {"all": ["A", "B", "C"]},
        "urgent": {"all": ["A", "B", "D"]},
        "emergency": {"all": ["A", "B", "C", "D"]},
    }
    assert unreachable_grades(checkpoint(verdicts, "ABCD")) == ()


def test_a_table_over_the_most_conditions_is_quick_enough_to_stay_unnoticed():
    letters = [f"c{index}" for index in range(MOST_CONDITIONS)]
    verdicts = {"monitor": {"at_least_of": {"n": 9, "of": letters}}, "required": {"any": letters}}
    many = Checkpoint.model_validate(
        {"conditions": {name: {"signal": "s", "above": 1} for name in letters}, "verdicts": verdicts}
    )
    assert [(each.grade, each.hidden_by) for each in unreachable_grades(many)] == [(Grade.MONITOR, (Grade.REQUIRED,))]


def plan_with(conditions: str, signal: str = "{source: db, unit: ms, query: SELECT 1}") -> Plan:
    return parse_plan(
        f"""
outgrow: 1
name: shop
sources: {{db: {{kind: postgres, url: "${{X}}"}}}}
signals: {{s: {signal}, t: {{source: db, unit: ms, query: SELECT 1}}}}
checkpoints: {{c: {{conditions: {{{conditions}}}, verdicts: {{required: {{all: [A, B]}}}}}}}}
""",
        "plan.yaml",
    ).plan


@pytest.mark.parametrize(
    ("conditions", "implied", "excluded"),
    [
        ("A: {signal: s, above: 0.8 s}, B: {signal: s, above: 500 ms}", [("A", "B")], []),
        ("A: {signal: s, above: 500}, B: {signal: s, at_least: 500}", [("A", "B")], []),
        ("A: {signal: s, below: 5}, B: {signal: s, at_most: 9}", [("A", "B")], []),
        ("A: {signal: s, above: 800}, B: {signal: s, below: 500}", [], [("A", "B")]),
        ("A: {signal: s, at_least: 500}, B: {signal: s, below: 500}", [], [("A", "B")]),
        ("A: {signal: s, at_least: 500}, B: {signal: s, at_most: 500}", [], []),
        ("A: {signal: s, above: 800}, B: {signal: t, above: 500}", [], []),
        ("A: {signal: s, above: 800, for: 5m}, B: {signal: s, above: 500}", [], []),
        ("A: {signal: s, above: 800, for: 5m}, B: {signal: s, below: 500}", [], [("A", "B")]),
        ("A: {signal: s, above: 800, clears_below: 300}, B: {signal: s, below: 500}", [], []),
        ("A: {signal: s, above: 800, m_of_n: 3 of 4}, B: {signal: s, above: 500}", [], []),
        ("A: {signal: s, above: 800, min_n: 5}, B: {signal: s, above: 500}", [], []),
        ("A: {signal: s, above: 800, across: max}, B: {signal: s, above: 500}", [], []),
    ],
)
def test_conditions_of_one_signal_imply_or_exclude_one_another_where_that_is_certain(conditions, implied, excluded):
    plan = plan_with(conditions)
    assert entailments(plan.checkpoints["c"], plan.signals) == Entailments(implied, excluded)


def test_two_series_of_one_signal_can_be_high_and_low_at_once():
    labelled = "{source: db, unit: ms, by: [region], query: SELECT region}"
    apart = "A: {signal: s, above: 800}, B: {signal: s, below: 500}"
    plan = plan_with(apart, labelled)
    assert entailments(plan.checkpoints["c"], plan.signals) == Entailments([], [])
    highest = plan_with(apart.replace("}", ", across: max}"), labelled)
    assert entailments(highest.checkpoints["c"], highest.signals) == Entailments([], [("A", "B")])
