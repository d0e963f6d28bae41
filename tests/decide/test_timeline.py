from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from outgrow.decide.checkpoints import judge
from outgrow.decide.spans import Span
from outgrow.decide.timeline import Followed, changes, timeline
from outgrow.facts.samples import Sample, labels_of
from outgrow.facts.states import state_from_json, state_to_json
from outgrow.facts.verdicts import CheckpointVerdict, Latch
from outgrow.plan.grades import Grade
from tests.decide.given import at, case, missing, query, samples, value

SIGNALS = {"plain": query(""), "regions": query("", window="3m", delay="30s", by=["region"])}
KOREA, INDONESIA = labels_of({"region": "kr"}), labels_of({"region": "id"})


def test_a_timeline_tells_when_the_verdict_changes():
    # given a signal that rises at minute 10 and falls at 30
    watch = case(
        {
            "conditions": {"A": {"signal": "a", "above": 10, "for": "5m"}},
            "verdicts": {"required": {"all": ["A"], "due": "1h"}},
        }
    )
    series = {"a": {(): samples(*[5] * 10, *[20] * 20, *[5] * 10)}}

    # when judged every minute
    found = list(timeline(watch, series, [at(minute) for minute in range(40)]))

    # then
    assert [(moment, verdict.grade) for moment, verdict in found] == [
        (at(0), Grade.CLEAR),
        (at(15), Grade.REQUIRED),
        (at(30), Grade.CLEAR),
    ]
    assert [verdict.latch for _, verdict in found] == [Latch.NONE, Latch.KEPT, Latch.KEPT]
    assert found[1][1].due == at(75)


def test_a_timeline_goes_on_from_an_earlier_evaluation():
    watch = case({"conditions": {"A": {"signal": "a", "above": 10}}, "verdicts": {"required": {"all": ["A"]}}})
    series = {"a": {(): samples(20, 20)}}
    _, state = judge(watch, series, at(1))
    ((_, verdict),) = timeline(watch, series, [at(30)], state=state)
    assert verdict.grade is Grade.REQUIRED
    assert verdict.rules[0].latched


# --- the law: following is judging at every instant ---


@st.composite
def condition(draw: st.DrawFn) -> dict:
    found: dict[str, Any] = {
        "signal": draw(st.sampled_from(["plain", "regions"])),
        "across": draw(st.sampled_from(["any", "any", "all", "max", "min", "sum"])),
    }
    rising = draw(st.booleans())
    found["above" if rising else "at_most"] = draw(st.integers(2, 5))
    if draw(st.booleans()):
        found["m_of_n"] = draw(st.sampled_from(["1 of 1", "2 of 3", "3 of 4"]))
    else:
        found["for"] = draw(st.sampled_from(["0s", "1m", "3m", "5m", "7m30s"]))
        found["min_coverage"] = draw(st.sampled_from([0.3, 0.8, 0.9]))
    if draw(st.booleans()):
        found["clears_below" if rising else "clears_above"] = (
            draw(st.integers(0, 2)) if rising else draw(st.integers(5, 7))
        )
        found["clears_for"] = draw(st.sampled_from(["0s", "3m"]))
    if draw(st.integers(0, 3)) == 0:
        found["max_gap"] = draw(st.sampled_from(["1m", "90s", "4m"]))
    return found


@st.composite
def series(draw: st.DrawFn) -> tuple[Sample, ...]:
    moment, found = 0.0, []
    for _ in range(draw(st.integers(0, 24))):
        moment += draw(st.sampled_from([1.0, 1.0, 1.0, 0.98, 1.03, 0.4, 2.0, 2.5, 5.5]))
        given_value = draw(st.sampled_from([None, 0, 1, 3, 4, 5, 6, 6, 6, 7]))
        found.append(missing(moment) if given_value is None else value(moment, given_value))
    return tuple(found)


@st.composite
def all_series(draw: st.DrawFn) -> dict:
    regions = {KOREA: draw(series()), INDONESIA: draw(series())}
    if draw(st.booleans()):
        failed = draw(st.lists(st.integers(0, 30), max_size=2, unique=True).map(sorted))
        regions[()] = tuple(missing(each) for each in failed)
    return {"plain": {(): draw(series())}, "regions": regions}


verdicts = st.fixed_dictionaries(
    {"monitor": st.just({"any": ["A", "B"], "review": "6m", "due": "10m"})},
    optional={
        "recommended": st.just({"all": ["A", "B"], "due": "5m"}),
        "required": st.just({"at_least_of": {"n": 2, "of": ["A", "B", "C"]}, "deadlines": {"meeting": "1h"}}),
        "urgent": st.just({"none": ["A", "C"], "review": "4m"}),
    },
)
spans = st.lists(st.tuples(st.integers(0, 30), st.integers(1, 8)), max_size=2).map(
    lambda pairs: tuple(Span(at(start), at(start + length)) for start, length in pairs)
)


@given(
    st.fixed_dictionaries({"A": condition(), "B": condition(), "C": condition()}),
    verdicts,
    all_series(),
    spans,
    st.sampled_from([0.5, 1, 1.7]),
    st.integers(-3, 12),
)
def test_following_a_series_says_at_every_instant_what_judging_there_says(
    conditions: dict, rules: dict, given_series: dict, excluded: tuple[Span, ...], step: float, begin: int
):
    # given a checkpoint judged at one instant after the other, its state stored and read back in between
    watch = case({"conditions": conditions, "verdicts": rules}, SIGNALS)
    instants = [at(begin + step * number) for number in range(36)]
    judged = list[CheckpointVerdict]()
    state = None
    for instant in instants:
        verdict, state = judge(watch, given_series, instant, state, excluded)
        state = state_from_json(state_to_json(state))
        judged.append(verdict)

    # when followed instead
    closely = Followed(watch, given_series, excluded, None, instants[0])
    seldom = dict(changes(watch, given_series, instants, excluded))

    # then both say the same, evidence included, whether the follower is asked always or only at changes
    for instant, verdict in zip(instants, judged, strict=True):
        closely.step(instant)
        assert closely.verdict() == verdict
        assert seldom.get(instant, verdict) == verdict
    turns = [after for before, after in pairwise(judged) if key(before) != key(after)]
    assert [verdict for _, verdict in timeline(watch, given_series, instants, excluded)] == [judged[0], *turns]


def key(verdict: CheckpointVerdict) -> object:
    return verdict.grade, verdict.undecided, [(rule.decided, rule.latched) for rule in verdict.rules]
