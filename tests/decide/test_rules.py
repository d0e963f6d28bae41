from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outgrow.decide.follow import Answer
from outgrow.decide.rules import answer_of, answer_rule, decide_rule, reason
from outgrow.facts.verdicts import Coverage, Held, Holding, Lack, NotHeld, Undecided
from outgrow.plan.checkpoints import Rule
from tests.decide.given import at

NAMES = "ABCD"
SEEN = Coverage(1, 1)
HELD = Held(at(0), at(0), SEEN)
NOT = NotHeld(None, timedelta(0), SEEN)
OPEN = Undecided("too old", SEEN, lack=Lack.STALE)


def held(confirmed: float) -> Held:
    return Held(at(0), at(confirmed), SEEN)


def rule(raw: Any) -> Rule:
    return Rule.model_validate(raw)


def decided(raw: dict, **holdings: Holding) -> bool | None:
    return decide_rule(rule(raw), holdings).decided


@pytest.mark.parametrize(
    ("combination", "expected"),
    [
        #        held+held, held+not, held+open, not+not, not+open, open+open
        ("all", (True, False, None, False, False, None)),
        ("any", (True, True, True, False, None, None)),
        ("none", (False, False, False, True, None, None)),
    ],
)
def test_two_conditions_combine_as_kleene_has_it(combination: str, expected: tuple[bool | None, ...]):
    pairs = [(HELD, HELD), (HELD, NOT), (HELD, OPEN), (NOT, NOT), (NOT, OPEN), (OPEN, OPEN)]
    found = tuple(decided({combination: ["A", "B"]}, A=one, B=other) for one, other in pairs)
    assert found == expected


def test_at_least_two_of_three_needs_two_and_knows_when_it_cannot_have_them():
    two = {"at_least_of": {"n": 2, "of": ["A", "B", "C"]}}
    assert decided(two, A=HELD, B=HELD, C=OPEN) is True
    assert decided(two, A=HELD, B=NOT, C=OPEN) is None
    assert decided(two, A=NOT, B=NOT, C=OPEN) is False


def test_rules_nest():
    nested = {"all": ["A", {"any": ["B", {"none": ["C"]}]}]}
    assert decided(nested, A=HELD, B=NOT, C=NOT) is True
    assert decided(nested, A=HELD, B=NOT, C=HELD) is False
    assert decided(nested, A=HELD, B=OPEN, C=HELD) is None


def test_a_rule_is_confirmed_with_the_last_of_all_the_first_of_any_and_the_nth():
    times = {"A": held(10), "B": held(30), "C": held(20)}

    def confirmed(raw: dict) -> datetime | None:
        return decide_rule(rule(raw), times).confirmed

    assert confirmed({"all": ["A", "B", "C"]}) == at(30)
    assert confirmed({"any": ["A", "B", "C"]}) == at(10)
    assert confirmed({"at_least_of": {"n": 2, "of": ["A", "B", "C"]}}) == at(20)
    assert confirmed({"all": ["A", {"any": ["B", "C"]}]}) == at(20)


def test_what_rests_on_something_that_does_not_hold_has_no_time_of_its_own():
    assert decide_rule(rule({"none": ["A"]}), {"A": NOT}).confirmed is None
    assert decide_rule(rule({"all": ["B", {"none": ["A"]}]}), {"A": NOT, "B": held(10)}).confirmed == at(10)


def test_a_rule_names_the_conditions_that_decide_it_or_leave_it_open():
    def because(raw: dict, **holdings: Holding) -> tuple[str, ...]:
        return decide_rule(rule(raw), holdings).because

    assert because({"all": ["A", "B", "C"]}, A=HELD, B=NOT, C=OPEN) == ("B",)
    assert because({"all": ["A", "B", "C"]}, A=HELD, B=HELD, C=OPEN) == ("C",)
    assert because({"any": ["A", "B", "C"]}, A=HELD, B=NOT, C=OPEN) == ("A",)
    assert because({"none": ["A", "B"]}, A=HELD, B=OPEN) == ("A",)


@pytest.mark.parametrize(
    ("holdings", "says"),
    [
        ({"A": HELD, "B": HELD, "C": Undecided("no data", SEEN, lack=Lack.NO_DATA)}, "C has no data"),
        ({"A": HELD, "B": OPEN, "C": OPEN}, "B: too old; C: too old"),
        ({"A": HELD, "B": NOT, "C": OPEN}, "B does not hold"),
        ({"A": NOT, "B": NOT, "C": NOT}, "A, B and C do not hold"),
        ({"A": HELD, "B": HELD, "C": HELD}, ""),
    ],
)
def test_an_open_or_failing_rule_says_why(holdings: dict[str, Holding], says: str):
    ruling = decide_rule(rule({"all": ["A", "B", "C"]}), holdings)
    assert reason(ruling, holdings) == says


def test_a_rule_that_forbids_says_what_it_forbids():
    ruling = decide_rule(rule({"none": ["A"]}), {"A": HELD})
    assert reason(ruling, {"A": HELD}) == "A holds"


# --- laws ---

answers = st.fixed_dictionaries({name: st.sampled_from(list(Answer)) for name in NAMES})
names = st.lists(st.sampled_from(NAMES), min_size=1, max_size=4, unique=True)
letters = st.sampled_from(NAMES)


def combined(words: list[str], inner: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    plain = st.tuples(st.sampled_from(words), st.lists(inner, min_size=1, max_size=3)).map(lambda pair: dict([pair]))
    two_of = st.lists(inner, min_size=2, max_size=3).map(lambda of: {"at_least_of": {"n": 2, "of": of}})
    return plain | two_of


def rules_of(words: list[str]) -> st.SearchStrategy[Rule]:
    flat = combined(words, letters)
    return (flat | combined(words, letters | flat)).map(rule)


rules = rules_of(["all", "any", "none"])
monotone = rules_of(["all", "any"])
HOLDINGS = {Answer.YES: HELD, Answer.NO: NOT, Answer.UNKNOWN: OPEN}
DECIDED = {Answer.YES: True, Answer.NO: False, Answer.UNKNOWN: None}


@given(rules, answers)
def test_the_plain_answer_of_a_rule_is_its_ruling(raw: Rule, given_answers: dict[str, Answer]):
    holdings = {name: HOLDINGS[each] for name, each in given_answers.items()}
    assert DECIDED[answer_rule(raw, given_answers)] is decide_rule(raw, holdings).decided
    assert all(answer_of(holdings[name]) is each for name, each in given_answers.items())


@given(names, answers)
def test_none_is_the_negation_of_any_and_all_of_none_each(of: list[str], given_answers: dict[str, Answer]):
    # De Morgan: none of them = every one of them not
    none = answer_rule(rule({"none": of}), given_answers)
    each_not = answer_rule(rule({"all": [{"none": [name]} for name in of]}), given_answers)
    assert none is each_not
    assert none == Answer.YES - answer_rule(rule({"any": of}), given_answers)


@given(names, answers)
def test_all_and_any_are_the_ends_of_at_least(of: list[str], given_answers: dict[str, Answer]):
    def at_least(n: int) -> Answer:
        return answer_rule(rule({"at_least_of": {"n": n, "of": of}}), given_answers)

    assert at_least(len(of)) is answer_rule(rule({"all": of}), given_answers)
    assert at_least(1) is answer_rule(rule({"any": of}), given_answers)
    assert [at_least(n) for n in range(1, len(of) + 1)] == sorted(
        (at_least(n) for n in range(1, len(of) + 1)), reverse=True
    )


@given(monotone, answers, st.sampled_from(NAMES))
def test_without_none_a_condition_that_comes_to_hold_never_lowers_a_rule(
    raw: Rule, given_answers: dict[str, Answer], name: str
):
    assert answer_rule(raw, {**given_answers, name: Answer.YES}) >= answer_rule(raw, given_answers)


@given(rules, answers, st.data())
def test_a_decided_rule_stays_as_it_is_when_the_unknown_becomes_known(
    raw: Rule, given_answers: dict[str, Answer], data: st.DataObject
):
    known = {
        name: data.draw(st.sampled_from([Answer.YES, Answer.NO])) if each is Answer.UNKNOWN else each
        for name, each in given_answers.items()
    }
    before = answer_rule(raw, given_answers)
    if before is not Answer.UNKNOWN:
        assert answer_rule(raw, known) is before
    assert answer_rule(raw, known) is not Answer.UNKNOWN
