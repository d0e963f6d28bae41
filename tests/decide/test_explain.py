from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from outgrow.decide.checkpoints import judge
from outgrow.decide.explain import Clears, FallsShort, NeedsData, NeedsTicks, NeedsTime, what_would_change
from outgrow.decide.follow import Answer
from outgrow.decide.rules import answer_of, answer_rule
from outgrow.facts.verdicts import Lack
from outgrow.plan.grades import Grade
from tests.decide.given import MINUTE, at, case, samples
from tests.decide.test_checkpoints import SPLIT, given_values, steady


def changes(series, now: float, checkpoint: dict = SPLIT) -> dict:
    judged = case(checkpoint)
    verdict, _ = judge(judged, series, at(now))
    return {(each.grade, each.rises): each.ways for each in what_would_change(verdict, judged.checkpoint)}


def test_a_value_below_its_threshold_is_so_much_short():
    found = changes(steady(a=20, b=20, c=5, d=4), 9)
    ((short,),) = found[Grade.URGENT, True]
    assert short == FallsShort("D", (), by=6, value=4, threshold=10, lasting=timedelta(0))


def test_a_run_that_is_too_young_needs_so_much_more_time():
    found = changes(given_values(a=[5, 20, 20, 20], b=[20] * 4, c=[5] * 4, d=[5] * 4), 3)
    ((needs,),) = found[Grade.RECOMMENDED, True]
    assert needs == NeedsTime("A", (), more=3 * MINUTE, progress=2 * MINUTE, needed=5 * MINUTE)


def test_a_condition_without_data_must_be_known_and_hold():
    found = changes(steady(a=20, b=20, d=5), 9)
    ((needs,),) = found[Grade.REQUIRED, True]
    assert needs == NeedsData("C", (), True, Lack.NO_DATA, "no data", None)


def test_several_steps_of_one_way_must_all_happen():
    found = changes(steady(a=20, b=20, c=4, d=4), 9)
    ((one, other),) = found[Grade.EMERGENCY, True]
    assert {one.condition, other.condition} == {"C", "D"}


def test_the_shown_grade_ends_when_any_of_its_conditions_clears():
    cleared = {**SPLIT, "conditions": {**SPLIT["conditions"], "A": {**SPLIT["conditions"]["A"], "clears_below": 8}}}
    found = changes(steady(a=20, b=15, c=5, d=5), 9, cleared)
    assert found[Grade.RECOMMENDED, False] == (
        (Clears("A", (), at=8, by=12, lasting=timedelta(0)),),
        (Clears("B", (), at=10, by=5, lasting=timedelta(0)),),
    )


def test_a_clear_checkpoint_has_no_grade_to_end():
    assert all(rises for _, rises in changes(steady(a=5, b=5, c=5, d=5), 9))


def test_m_of_n_needs_so_many_more_ticks():
    grows = {
        "conditions": {"A": {"signal": "a", "at_least": 20, "m_of_n": "3 of 4"}},
        "verdicts": {"recommended": {"any": ["A"]}},
    }
    rising = changes({"a": {(): samples(5, 5, 5, 20)}}, 3, grows)
    assert rising[Grade.RECOMMENDED, True] == ((NeedsTicks("A", (), more=2, satisfied=1, of=4),),)
    falling = changes({"a": {(): samples(20, 5, 5, 5)}}, 3, grows)
    ((short,),) = falling[Grade.RECOMMENDED, True]
    assert isinstance(short, FallsShort)
    assert (short.by, short.ticks) == (15, 2)


def test_a_rule_that_forbids_may_rise_by_a_clearing():
    calm = {
        "conditions": {"A": {"signal": "a", "above": 10}},
        "verdicts": {"monitor": {"none": ["A"]}},
    }
    ((clears,),) = changes({"a": {(): samples(12)}}, 0, calm)[Grade.MONITOR, True]
    assert clears == Clears("A", (), at=10, by=2, lasting=timedelta(0))


def test_a_value_on_a_threshold_that_excludes_equality_is_short_by_nothing():
    found = changes(steady(a=20, b=10, c=5, d=5), 9)
    ((short,),) = found[Grade.RECOMMENDED, True]
    assert isinstance(short, FallsShort)
    assert short.by == 0


numbers = st.sampled_from([20, 5, None])


@given(numbers, numbers, numbers, numbers)
def test_every_way_brings_its_grade_about_and_no_part_of_it_does(a, b, c, d):
    # given any verdict
    judged = case(SPLIT)
    verdict, _ = judge(judged, steady(a=a, b=b, c=c, d=d), at(9))
    answers = {name: answer_of(each.holding) for name, each in verdict.conditions.items()}

    # when its ways are gone
    for change in what_would_change(verdict, judged.checkpoint):
        rule = judged.checkpoint.verdicts[change.grade]
        wanted = Answer.YES if change.rises else Answer.NO
        for way in change.ways:
            turned = {each.condition: wanted for each in way}  # the rules of this checkpoint are all `all`
            assert answer_rule(rule, {**answers, **turned}) is wanted
            for each in turned:
                part = {name: answer for name, answer in turned.items() if name != each}
                assert answer_rule(rule, {**answers, **part}) is not wanted
