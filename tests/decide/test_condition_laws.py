"""Laws of conditions, against a second, slow and plain reading of the design."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from outgrow.decide.conditions import evaluate_condition
from outgrow.facts.samples import Measured, Sample
from outgrow.facts.verdicts import Held, Holding, Lack, NotHeld, Undecided
from tests.decide.given import MINUTE, at, missing, one, query, terms, value

SIGNAL = query("")

moments = st.lists(st.integers(0, 160), min_size=1, max_size=40, unique=True).map(sorted)
"""Quarters of a minute, so that samples lie on the grid of one minute and off it."""


@st.composite
def series(draw: st.DrawFn, *, gaps: bool = True) -> tuple[Sample, ...]:
    quarters = draw(moments) if gaps else list(range(0, 120, 4))
    values = draw(st.lists(st.integers(0, 4), min_size=len(quarters), max_size=len(quarters)))
    absent = draw(st.sets(st.sampled_from(quarters), max_size=3)) if gaps else set[int]()
    return tuple(
        missing(each / 4) if each in absent else value(each / 4, given)
        for each, given in zip(quarters, values, strict=True)
    )


windows = st.sampled_from(["0s", "1m", "90s", "3m", "5m"])
nows = st.integers(0, 170).map(lambda each: at(each / 4))
sustained = st.fixed_dictionaries(
    {"above": st.integers(0, 3), "for": windows},
    optional={"max_gap": st.sampled_from(["1m", "3m"]), "min_coverage": st.sampled_from([0.3, 0.6, 1.0])},
)
any_kind = st.one_of(
    sustained,
    st.tuples(sustained, st.integers(0, 1)).map(
        lambda each: {**each[0], "clears_below": min(each[1], each[0]["above"])}
    ),
    st.fixed_dictionaries({"above": st.integers(0, 3), "m_of_n": st.sampled_from(["1 of 1", "2 of 3", "3 of 4"])}),
)


def holding(condition: dict, samples: Sequence[Sample], now: datetime) -> Holding:
    return evaluate_condition(terms(condition, SIGNAL), one(samples), now)[0].holding


def plain_reading(condition: dict, samples: Sequence[Sample], now: datetime) -> str:
    """The design's definition, word by word, without any of the machinery (for conditions without memory)."""
    asked = terms(condition, SIGNAL)
    span, gap = asked.condition.sustained_for, asked.gap
    seen = [each for each in samples if isinstance(each, Measured) and each.at <= now]
    if not span:
        if not seen or now - seen[-1].at > gap:
            return "unknown"
        return "held" if seen[-1].value > condition["above"] else "not held"
    begin = now - span
    inside = [each for each in seen if each.at >= begin]
    if any(each.value <= condition["above"] for each in inside):
        return "not held"
    run = list[Measured]()
    for each in reversed(seen):
        if each.value <= condition["above"] or (run and run[-1].at - each.at > gap):
            break
        run.append(each)
    before = [each for each in seen if each.at < begin]
    edge = bool(before) and begin - before[-1].at < MINUTE and not any(each.at == begin for each in inside)
    enough = len(inside) + edge >= asked.condition.min_coverage * (span // MINUTE + 1) - 1e-9
    if not run or not enough or now - run[0].at > gap:
        return "unknown"
    if run[-1].at <= begin:
        return "held"
    tick_before = before[-1] if before and before[-1].value <= condition["above"] else None
    if tick_before is not None and run[-1].at - tick_before.at <= gap and run[-1].at - tick_before.at < 1.5 * MINUTE:
        return "not held"
    return "unknown"


@given(sustained, series(), nows)
def test_the_machine_says_what_the_plain_reading_says(condition: dict, samples: tuple[Sample, ...], now: datetime):
    found = holding(condition, samples, now)
    words = {Held: "held", NotHeld: "not held", Undecided: "unknown"}
    assert words[type(found)] == plain_reading(condition, samples, now)


@given(any_kind, series(), nows, st.integers(1, 3))
def test_raising_every_sample_never_unholds_an_above_condition(
    condition: dict, samples: tuple[Sample, ...], now: datetime, by: int
):
    higher = [replace(each, value=each.value + by) if isinstance(each, Measured) else each for each in samples]
    if isinstance(holding(condition, samples, now), Held):
        assert isinstance(holding(condition, higher, now), Held)


@given(sustained, series(), nows, windows)
def test_a_longer_for_never_holds_where_a_shorter_one_is_seen_to_fail(
    condition: dict, samples: tuple[Sample, ...], now: datetime, other: str
):
    # A shorter window can be thinner than the longer one around it, so it may be unknown; it cannot have failed.
    found, another = (holding({**condition, "for": each}, samples, now) for each in (condition["for"], other))
    shorter, longer = sorted(
        (
            (terms({**condition, "for": condition["for"]}).condition.sustained_for, found),
            (terms({**condition, "for": other}).condition.sustained_for, another),
        ),
        key=lambda each: each[0],
    )
    if isinstance(longer[1], Held):
        assert not isinstance(shorter[1], NotHeld)


@given(st.integers(0, 3), series(gaps=False), nows, windows, windows)
def test_where_nothing_is_missing_a_longer_for_never_holds_sooner(
    threshold: int, samples: tuple[Sample, ...], now: datetime, one_window: str, other: str
):
    conditions = [{"above": threshold, "for": each} for each in (one_window, other)]
    shorter, longer = sorted(conditions, key=lambda each: terms(each).condition.sustained_for)
    if isinstance(holding(longer, samples, now), Held):
        assert isinstance(holding(shorter, samples, now), Held)


@given(st.one_of(sustained, any_kind), series(), nows, st.integers(0, 160), st.one_of(st.none(), st.integers(0, 4)))
def test_one_more_sample_never_turns_a_decided_answer_into_an_unknown_one(
    condition: dict, samples: tuple[Sample, ...], now: datetime, quarter: int, more: int | None
):
    # Hysteresis is left out: there a further sample may begin another history.
    condition = {key: each for key, each in condition.items() if key != "clears_below"}
    if any(each.at == at(quarter / 4) for each in samples):
        return
    added = missing(quarter / 4) if more is None else value(quarter / 4, more)
    larger = tuple(sorted((*samples, added), key=lambda each: each.at))
    if not isinstance(holding(condition, samples, now), Undecided):
        assert not isinstance(holding(condition, larger, now), Undecided)


@given(any_kind, series(), nows)
def test_without_a_young_value_nothing_is_held(condition: dict, samples: tuple[Sample, ...], now: datetime):
    asked = terms(condition, SIGNAL)
    if asked.condition.m_of_n is not None:
        return
    if isinstance(holding(condition, samples, now), Held):
        last = max(each.at for each in samples if isinstance(each, Measured) and each.at <= now)
        assert now - last <= asked.gap


@given(any_kind, series(), nows)
def test_a_holding_says_times_that_are_in_order(condition: dict, samples: tuple[Sample, ...], now: datetime):
    found = holding(condition, samples, now)
    assert 0 <= found.coverage.seen <= found.coverage.expected
    if isinstance(found, Held):
        assert found.since <= found.confirmed <= now
        assert found.confirmed - found.since >= terms(condition).condition.sustained_for
    else:
        assert timedelta(0) <= found.progress <= terms(condition).condition.sustained_for
    if isinstance(found, Undecided) and found.known_from is not None:
        assert found.known_from > now - MINUTE


@given(any_kind, series(), st.lists(nows, min_size=1, max_size=8, unique=True).map(sorted))
def test_going_on_from_what_was_remembered_gives_the_answers_of_a_full_fold(
    condition: dict, samples: tuple[Sample, ...], looks: list[datetime]
):
    # given looks at some moments, each with no more past than a remembered condition needs
    asked = terms(condition, SIGNAL)
    found, states = evaluate_condition(asked, one(samples), looks[0])
    for before, now in pairwise(looks):
        recent = [each for each in samples if each.at >= before - asked.reach]
        found, states = evaluate_condition(asked, one(recent), now, states)

    # then the last look finds what one look at everything finds
    whole, _ = evaluate_condition(asked, one(samples), looks[-1])
    assert answer(found.holding) == answer(whole.holding)


def answer(found: Holding) -> Holding:
    """A holding without the wording of what is lacking, which speaks of the samples at hand."""
    return replace(found, why="", lack=Lack.NO_DATA, ticks=None) if isinstance(found, Undecided) else found
