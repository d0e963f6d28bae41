from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outgrow.decide.checkpoints import Case, case_of, history_needed, judge
from outgrow.decide.spans import Span
from outgrow.facts.samples import Sample
from outgrow.facts.verdicts import CheckpointState, CheckpointVerdict, Latch
from outgrow.plan.checkpoints import Checkpoint
from outgrow.plan.grades import Grade
from outgrow.plan.signals import GrowthSignal, RatioSignal
from tests.decide.given import MINUTE, at, case, missing, query, samples, value

SPLIT = {
    "conditions": {
        "A": {"signal": "a", "above": 10, "for": "5m"},
        "B": {"signal": "b", "above": 10},
        "C": {"signal": "c", "above": 10},
        "D": {"signal": "d", "at_least": 10},
    },
    "verdicts": {
        "monitor": {"all": ["D"], "review": "7d"},
        "recommended": {"all": ["A", "B"], "due": "14d"},
        "required": {"all": ["A", "B", "C"], "due": "now"},
        "urgent": {"all": ["A", "B", "D"], "due": "7d"},
        "emergency": {"all": ["A", "B", "C", "D"], "deadlines": {"meeting": "24h", "start": "48h"}},
    },
}
DAY = timedelta(days=1)


def given_values(**values: Sequence[float | None]) -> dict[str, dict[tuple, tuple[Sample, ...]]]:
    return {name: {(): samples(*each)} for name, each in values.items()}


def steady(length: int = 10, **values: float | None) -> dict[str, dict[tuple, tuple[Sample, ...]]]:
    return given_values(**{name: [each] * length for name, each in values.items()})


def judged(series, now: float, state: CheckpointState | None = None, which: Case | None = None) -> CheckpointVerdict:
    return judge(which or case(SPLIT), series, at(now), state)[0]


def rule(verdict: CheckpointVerdict, grade: Grade):
    return next(each for each in verdict.rules if each.grade is grade)


# --- the shown grade ---


@pytest.mark.parametrize(
    ("a", "b", "c", "d", "grade", "undecided"),
    [
        (20, 20, 5, 5, Grade.RECOMMENDED, ()),
        (20, 20, 20, 5, Grade.REQUIRED, ()),
        (20, 20, 5, 20, Grade.URGENT, ()),
        (20, 20, 20, 20, Grade.EMERGENCY, ()),
        (5, 5, 5, 20, Grade.MONITOR, ()),
        (5, 5, 5, 5, Grade.CLEAR, ()),
        (20, 5, 20, 5, Grade.CLEAR, ()),
        (20, 20, None, 5, Grade.RECOMMENDED, (Grade.REQUIRED,)),
        (20, 20, None, 20, Grade.URGENT, (Grade.EMERGENCY,)),
        (20, None, 5, 5, None, (Grade.RECOMMENDED,)),
        (20, None, 5, 20, Grade.MONITOR, (Grade.URGENT, Grade.RECOMMENDED)),
        (
            None,
            None,
            None,
            None,
            None,
            (Grade.EMERGENCY, Grade.URGENT, Grade.REQUIRED, Grade.RECOMMENDED, Grade.MONITOR),
        ),
        (5, None, None, 5, Grade.CLEAR, ()),
    ],
)
def test_the_most_severe_rule_that_holds_is_shown_and_higher_ones_that_are_open_are_named(
    a: float | None, b: float | None, c: float | None, d: float | None, grade: Grade | None, undecided: tuple
):
    verdict = judged(steady(a=a, b=b, c=c, d=d), 9)
    assert verdict.grade is grade
    assert verdict.undecided == undecided


def test_an_undecided_grade_says_why():
    verdict = judged(steady(a=20, b=20, d=5), 9)
    assert rule(verdict, Grade.REQUIRED).why == "C has no data"
    assert rule(verdict, Grade.REQUIRED).because == ("C",)


def test_a_checkpoint_in_shadow_is_judged_like_any_other():
    shadow = case(SPLIT, shadow=True)
    verdict = judged(steady(a=20, b=20, c=5, d=5), 9, which=shadow)
    assert (verdict.shadow, verdict.grade) == (True, Grade.RECOMMENDED)


# --- the latch ---


def test_a_grade_that_held_stays_in_force_while_it_is_unknown():
    # given a verdict, then a signal that stops
    series = given_values(a=[20] * 30, b=[20] * 10, c=[5] * 30, d=[5] * 30)
    _, state = judge(case(SPLIT), series, at(9))

    # when
    verdict, state = judge(case(SPLIT), series, at(20), state)

    # then
    latched = rule(verdict, Grade.RECOMMENDED)
    assert (verdict.grade, latched.latched, latched.decided) == (Grade.RECOMMENDED, True, None)
    assert latched.unknown_since == at(20)
    assert verdict.latch is Latch.KEPT

    # and an hour later it still says since when
    later, _ = judge(case(SPLIT), series, at(25), state)
    assert rule(later, Grade.RECOMMENDED).unknown_since == at(20)


def test_unknown_does_not_raise():
    series = given_values(a=[20] * 20, b=[20] * 20, d=[5] * 20)
    _, state = judge(case(SPLIT), series, at(9))
    verdict, _ = judge(case(SPLIT), series, at(10), state)
    assert verdict.grade is Grade.RECOMMENDED
    assert not rule(verdict, Grade.REQUIRED).latched


def test_a_decided_no_ends_the_latch():
    # given a latched grade
    series = given_values(a=[20] * 30, b=[20] * 10 + [None] * 10 + [5] * 10, c=[5] * 30, d=[5] * 30)
    state = None
    for minute in (9, 15):
        verdict, state = judge(case(SPLIT), series, at(minute), state)
    assert verdict.grade is Grade.RECOMMENDED

    # when the signal comes back below its threshold, and then is lost again
    back, state = judge(case(SPLIT), series, at(21), state)
    lost, _ = judge(case(SPLIT), given_values(a=[20] * 40, c=[5] * 40, d=[5] * 40), at(35), state)

    # then
    assert back.grade is Grade.CLEAR
    assert lost.grade is None
    assert not rule(lost, Grade.RECOMMENDED).latched


def test_a_check_without_a_journal_starts_unlatched_and_says_so():
    verdict = judged(steady(a=20, b=20, c=5, d=5), 9)
    assert (verdict.latch, verdict.latch_kept) == (Latch.NONE, False)


def test_a_state_of_other_rules_is_not_used_and_the_verdict_says_so():
    # given a latch under a threshold of 10
    series = given_values(a=[20] * 30, b=[20] * 10, c=[5] * 30, d=[5] * 30)
    _, state = judge(case(SPLIT), series, at(9))

    # when the threshold becomes 11
    other = {**SPLIT, "conditions": {**SPLIT["conditions"], "B": {"signal": "b", "above": 11}}}
    verdict, after = judge(case(other), series, at(20), state)

    # then
    assert verdict.latch is Latch.RULES_CHANGED
    assert verdict.grade is None
    assert after.rule_hash == verdict.rule_hash != state.rule_hash


# --- due, deadlines, review ---


def test_due_counts_from_when_the_rule_was_first_confirmed_also_on_a_fresh_machine():
    # given A above since minute 0, so held for its five minutes at 5, and B above since minute 7
    series = given_values(a=[20] * 60, b=[5] * 7 + [20] * 53, c=[5] * 60, d=[5] * 60)

    # when first looked at after an hour
    verdict = judged(series, 59)

    # then the later of the two counts
    assert rule(verdict, Grade.RECOMMENDED).first_confirmed == at(7)
    assert verdict.due == at(7) + 14 * DAY


def test_a_rise_never_moves_the_due_date_later():
    # given recommended since minute 5, urgent since minute 20
    series = given_values(a=[20] * 60, b=[20] * 60, c=[5] * 60, d=[5] * 20 + [20] * 40)
    before, state = judge(case(SPLIT), series, at(10))
    after, state = judge(case(SPLIT), series, at(30), state)
    assert before.due == at(5) + 14 * DAY
    assert after.due == at(20) + 7 * DAY

    # and when two weeks have almost passed, a further rise keeps the earlier date
    late = {**SPLIT, "verdicts": {**SPLIT["verdicts"], "urgent": {"all": ["A", "B", "D"], "due": "30d"}}}
    verdict = judged(series, 30, which=case(late))
    assert (verdict.grade, verdict.due) == (Grade.URGENT, at(5) + 14 * DAY)


def test_due_now_is_due_at_the_moment_it_was_confirmed():
    series = given_values(a=[20] * 60, b=[20] * 60, c=[5] * 9 + [20] * 51, d=[5] * 60)
    assert judged(series, 59).due == at(9)


def test_a_date_is_kept_over_a_time_in_which_nobody_could_know():
    # given a grade confirmed at 5, a signal lost from 10 to 29, and holding again
    series = given_values(a=[20] * 10 + [None] * 20 + [20] * 10, b=[20] * 40, c=[5] * 40, d=[5] * 40)
    state = None
    for minute in (9, 20, 39):
        verdict, state = judge(case(SPLIT), series, at(minute), state)
    assert rule(verdict, Grade.RECOMMENDED).first_confirmed == at(5)


def test_a_grade_that_ended_and_began_again_counts_from_its_new_beginning():
    series = given_values(a=[20] * 10 + [5] + [20] * 10, b=[20] * 21, c=[5] * 21, d=[5] * 21)
    state = None
    for minute in (9, 10, 20):
        verdict, state = judge(case(SPLIT), series, at(minute), state)
    assert verdict.due == at(16) + 14 * DAY


def test_deadlines_are_dated_from_the_first_confirmed_time():
    series = given_values(a=[20] * 60, b=[20] * 60, c=[20] * 60, d=[5] * 30 + [20] * 30)
    verdict = judged(series, 59)
    assert [(each.name, each.at, each.grade) for each in verdict.deadlines] == [
        ("meeting", at(30) + DAY, Grade.EMERGENCY),
        ("start", at(30) + 2 * DAY, Grade.EMERGENCY),
    ]


def test_of_two_deadlines_of_one_name_the_earlier_counts():
    both = {
        **SPLIT,
        "verdicts": {
            "recommended": {"all": ["A"], "deadlines": {"meeting": "2h"}},
            "required": {"all": ["A", "B"], "deadlines": {"meeting": "4h"}},
        },
    }
    verdict = judged(steady(60, a=20, b=20, c=5, d=5), 59, which=case(both))
    assert [(each.at, each.grade) for each in verdict.deadlines] == [(at(5) + timedelta(hours=2), Grade.RECOMMENDED)]


def watched(values: list[float | None], *moments: float):
    """The monitor rule's verdicts at those moments, with a review of ten minutes."""
    watch = {
        "conditions": {"D": {"signal": "d", "at_least": 10}},
        "verdicts": {"monitor": {"all": ["D"], "review": "10m"}},
    }
    state, found = None, []
    for moment in moments:
        verdict, state = judge(case(watch), given_values(d=values), at(moment), state)
        found.append((verdict.grade, verdict.rules[0].review))
    return found


def test_a_review_stays_open_to_its_end_and_closes_itself_if_clear():
    # given one peak, and calm ever since
    assert watched([20, *[5] * 30], 0, 5, 9, 10, 11) == [
        (Grade.MONITOR, at(10)),
        (Grade.CLEAR, at(10)),
        (Grade.CLEAR, at(10)),
        (Grade.CLEAR, None),
        (Grade.CLEAR, None),
    ]


def test_a_review_begins_again_while_the_grade_holds():
    assert watched([20] * 40, 0, 9, 10, 35) == [
        (Grade.MONITOR, at(10)),
        (Grade.MONITOR, at(10)),
        (Grade.MONITOR, at(20)),
        (Grade.MONITOR, at(40)),
    ]


def test_a_review_whose_end_finds_no_data_stays_open():
    assert watched([20, *[5] * 5, *[None] * 14, 5], 0, 3, 15, 20) == [
        (Grade.MONITOR, at(10)),
        (Grade.CLEAR, at(10)),
        (None, at(10)),
        (Grade.CLEAR, None),
    ]


# --- what is asked of the sources ---


def test_the_past_that_is_needed_is_told_for_every_signal_that_is_read():
    signals = {
        "p95": query(delay="2m"),
        "errors": query("", every="5m"),
        "requests": query("", every="1m"),
        "keys": query("", every="1h"),
        "error-share": RatioSignal.model_validate({"ratio": ["errors", "requests"], "unit": "percent", "every": "5m"}),
        "growth": GrowthSignal.model_validate({"growth_per_day": "keys", "unit": "ratio", "every": "1d"}),
    }
    checkpoint = Checkpoint.model_validate(
        {
            "conditions": {
                "A": {"signal": "p95", "above": "800 ms", "for": "30m"},
                "B": {"signal": "error-share", "above": "1 %", "for": "1h"},
                "C": {"signal": "growth", "at_least": "20 %", "m_of_n": "3 of 4"},
            },
            "verdicts": {"required": {"all": ["A", "B", "C"]}},
        }
    )
    needed = history_needed(case_of("split", checkpoint, signals), signals)
    assert needed == {
        "p95": timedelta(minutes=34),
        "errors": timedelta(minutes=72, seconds=30),
        "requests": timedelta(minutes=72, seconds=30),
        "keys": timedelta(days=7, minutes=72),
    }


def test_a_threshold_that_cannot_be_compared_is_found_before_the_first_sample():
    with pytest.raises(ValueError, match="cannot be compared"):
        case({"conditions": {"A": {"signal": "a", "above": "5 ms"}}, "verdicts": {"monitor": {"all": ["A"]}}})


# --- laws ---

values = st.lists(st.sampled_from([20, 5, None]), min_size=12, max_size=12)
moments = st.lists(st.integers(0, 12), min_size=1, max_size=6, unique=True).map(sorted)


@given(values, values, values, values, moments)
def test_the_shown_grade_is_the_highest_in_force(a, b, c, d, looks: list[int]):
    series = given_values(a=a, b=b, c=c, d=d)
    state = None
    for minute in looks:
        verdict, state = judge(case(SPLIT), series, at(minute), state)
        in_force = [each.grade for each in verdict.rules if each.in_force]
        open_ones = [each.grade for each in verdict.rules if each.decided is None and not each.latched]
        assert verdict.grade == (max(in_force) if in_force else None if open_ones else Grade.CLEAR)
        shown = -1 if verdict.grade is None else verdict.grade
        assert set(verdict.undecided) == {each for each in open_ones if each > shown}
        dues = [each.due for each in verdict.rules if each.in_force and each.due]
        assert verdict.due == min(dues, default=None)
        assert all(
            each.first_confirmed and each.first_confirmed <= at(minute) for each in verdict.rules if each.in_force
        )


@given(values, values, values, values, st.integers(6, 11))
def test_losing_data_neither_raises_nor_clears_a_rule(a, b, c, d, minute: int):
    # given a verdict, and the same moment's state looked at an hour later without any new sample
    series = given_values(a=a, b=b, c=c, d=d)
    before, state = judge(case(SPLIT), series, at(minute))
    cut = {name: {(): [each for each in one[()] if each.at <= at(minute)]} for name, one in series.items()}
    after, _ = judge(case(SPLIT), cut, at(minute + 60), state)

    # then exactly what was in force is in force
    assert [each.in_force for each in after.rules] == [each.in_force for each in before.rules]
    if before.grade not in {None, Grade.CLEAR}:
        assert after.grade is before.grade


@given(values, values, values, values, moments)
def test_a_verdict_repeats_itself_from_the_same_state(a, b, c, d, looks: list[int]):
    series = given_values(a=a, b=b, c=c, d=d)
    spans = [Span(at(2), at(4))]
    state: CheckpointState | None = None
    for minute in looks:
        first, after = judge(case(SPLIT), series, at(minute), state, spans)
        again, same = judge(case(SPLIT), series, at(minute), state, spans)
        assert (first, after) == (again, same)
        # and judged once more from its own state it says the same of the grade
        twice, _ = judge(case(SPLIT), series, at(minute), after, spans)
        assert (twice.grade, twice.due, twice.deadlines) == (first.grade, first.due, first.deadlines)
        state = after


def test_moments_may_be_given_in_any_zone():
    from zoneinfo import ZoneInfo

    seoul = at(9).astimezone(ZoneInfo("Asia/Seoul"))
    assert isinstance(seoul, datetime)
    series = steady(a=20, b=20, c=5, d=5)
    assert judge(case(SPLIT), series, seoul)[0].due == judged(series, 9).due
    assert value(0, 1).at + 9 * MINUTE == at(9)
    assert missing(0).at == at(0)
