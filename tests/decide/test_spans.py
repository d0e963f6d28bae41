from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from outgrow.decide.conditions import evaluate_condition
from outgrow.decide.spans import CountedTime, Span, closed, counted_time, length_of, micros, reach_back, spans_of
from outgrow.facts.decisions import Event, EventKind
from outgrow.facts.verdicts import Held, Lack, NotHeld, Undecided
from tests.decide.given import MINUTE, at, one, query, samples, terms, value

SLOW = {"above": "800 ms", "for": "10m"}


def judged(condition: dict, series, now: float, *spans: tuple[float, float], **signal):
    excluded = [Span(at(start), at(end), EventKind.LOAD_TEST) for start, end in spans]
    return evaluate_condition(terms(condition, query(**signal)), one(series), at(now), {}, excluded)[0]


def test_samples_of_own_load_neither_hold_nor_fail():
    # given a load test of twenty minutes in the middle of quiet ones, and the other way round
    loud_test = samples(*[100] * 10, *[900] * 20, *[100] * 10)
    quiet_test = samples(*[900] * 10, *[100] * 20, *[900] * 10)

    # then
    assert isinstance(judged(SLOW, loud_test, 39, (10, 30)).holding, NotHeld)
    assert isinstance(judged(SLOW, loud_test, 29).holding, Held)
    assert isinstance(judged(SLOW, quiet_test, 39, (10, 30)).holding, Held)
    assert isinstance(judged(SLOW, quiet_test, 39).holding, NotHeld)


def test_the_window_is_counted_time_on_both_sides_of_a_load_test():
    # given six slow minutes before a load test and fewer than ten in all
    series = samples(100, *[900] * 6, *[900] * 20, *[900] * 10)
    found = judged(SLOW, series, 29, (7, 27))

    # then the run goes on after it where it stopped before it
    assert isinstance(found.holding, NotHeld)
    assert found.holding.progress == 8 * MINUTE
    assert isinstance(judged(SLOW, series, 31, (7, 27)).holding, Held)


def test_a_verdict_stands_still_during_own_load():
    series = samples(*[900] * 12, *[100] * 60)
    for minute in (12, 30, 71):
        found = judged(SLOW, series, minute, (11.5, 72)).holding
        assert isinstance(found, Held)
        assert found.coverage.share == 1


def test_how_much_of_the_window_was_left_out_is_told():
    found = judged(SLOW, samples(*[900] * 40), 39, (30, 35))
    assert found.left_out == 5 * MINUTE


def test_a_condition_may_include_own_load():
    series = samples(*[100] * 10, *[900] * 20)
    assert isinstance(judged({**SLOW, "include_own_load": True}, series, 29, (10, 30)).holding, Held)


def test_nothing_but_own_load_is_unknown():
    found = judged(SLOW, samples(*[900] * 20), 19, (-1, 20)).holding
    assert isinstance(found, Undecided)
    assert found.lack is Lack.LEFT_OUT


def test_a_value_is_left_out_while_more_than_a_tenth_of_its_window_is_own_load():
    # given a percentile over 30 minutes and a load test of an hour
    clock = counted_time([Span(at(0), at(60))], timedelta(minutes=30))

    # then it is left out from minute 0 until 27 minutes after the end
    assert not clock.leaves_out(micros(at(-1)))
    assert clock.leaves_out(micros(at(0)))
    assert clock.leaves_out(micros(at(86)))
    assert not clock.leaves_out(micros(at(87)))


def test_a_short_deployment_does_not_cost_a_daily_count():
    clock = counted_time([Span(at(0), at(2))], timedelta(days=1))
    assert clock.leaves_out(micros(at(1)))
    assert not clock.leaves_out(micros(at(2)))


def test_many_short_spans_add_up_in_one_window():
    spans = [Span(at(each), at(each + 2)) for each in range(0, 30, 10)]
    clock = counted_time(spans, timedelta(minutes=30))
    assert clock.leaves_out(micros(at(25)))  # 6 of 30 minutes
    assert not clock.leaves_out(micros(at(45)))  # 2 minutes of the last of them


def test_spans_come_from_the_journal_and_an_open_one_lasts_until_now():
    # given events of every kind
    def event(kind: EventKind, start: float, end: float | None) -> Event:
        return Event(kind, at(start), None if end is None else at(end), at(start))

    events = [
        event(EventKind.LOAD_TEST, 0, 10),
        event(EventKind.NOTE, 0, 10),
        event(EventKind.DEPLOYMENT, 20, None),
        event(EventKind.MAINTENANCE, 30, 29),
    ]

    # when
    found = spans_of(events, at(25))

    # then
    assert [(span.start, span.kind) for span in found] == [(at(0), EventKind.LOAD_TEST), (at(20), EventKind.DEPLOYMENT)]
    assert found[1].end > at(25)


spans = st.lists(st.tuples(st.integers(0, 200), st.integers(0, 30)), max_size=6).map(
    lambda pairs: [(start, start + length) for start, length in pairs]
)


@given(spans, st.integers(-10, 260))
def test_the_clock_counts_what_lies_outside_the_spans(given_spans: list[tuple[int, int]], moment: int):
    clock = CountedTime(given_spans)
    inside = {each for start, end in given_spans for each in range(start, end)}
    assert clock.leaves_out(moment) == (moment in inside)
    assert clock.counted(moment) == moment - sum(each < moment for each in inside)
    assert clock.counted(clock.moment(clock.counted(moment))) == clock.counted(moment)
    assert clock.moment(clock.counted(moment)) <= moment


@given(spans, st.integers(-10, 260), st.integers(1, 60))
def test_what_is_left_out_of_a_window_is_more_than_its_tenth(
    given_spans: list[tuple[int, int]], moment: int, window: int
):
    # given windows in minutes
    clock = counted_time([Span(at(start), at(end)) for start, end in given_spans], window * MINUTE)
    plain = CountedTime([(micros(at(start)), micros(at(end))) for start, end in given_spans])
    now = micros(at(moment))

    # when
    length = length_of(window * MINUTE)
    own = plain.left_out_before(now) - plain.left_out_before(now - length)

    # then
    assert clock.leaves_out(now) == (plain.leaves_out(now) or own > length // 10)


def test_a_value_at_the_very_end_of_a_span_counts_again():
    series = (value(0, 900), value(10, 900))
    assert isinstance(judged({"above": "800 ms"}, series, 10, (1, 10)).holding, Held)
    found = judged({"above": "800 ms"}, series, 10, (1, 10)).headroom
    assert found is not None
    assert found.value_at == at(10)


def test_a_span_is_closed_by_an_event_of_its_kind_subject_and_start():
    # given a deployment that ended, and one of another service that still runs
    ended = Event(EventKind.DEPLOYMENT, at(1), at(2), at(2), "api")
    running = Event(EventKind.DEPLOYMENT, at(1), None, at(1), "web")
    begun = Event(EventKind.DEPLOYMENT, at(1), None, at(1), "api")

    # then
    assert closed((begun, running, ended)) == (running, ended)
    assert closed((begun, running)) == (begun, running)


def test_looking_back_reaches_over_own_load():
    # given a load test of twenty minutes
    spans = [Span(at(10), at(30), EventKind.LOAD_TEST)]

    # then ten counted minutes before minute 35 begin on its far side
    assert reach_back(spans, 0 * MINUTE, at(35), 10 * MINUTE) == at(5)
    assert reach_back((), 0 * MINUTE, at(35), 10 * MINUTE) == at(25)


def test_what_was_remembered_of_values_that_turn_out_to_be_own_load_is_forgotten():
    # given a condition that was found held, and afterwards somebody notes that a load test was to blame
    shape, series = terms({"above": "800 ms"}, query()), one(samples(*[900] * 30))
    before, states = evaluate_condition(shape, series, at(29), {}, ())
    assert isinstance(before.holding, Held)

    # when
    after, _ = evaluate_condition(shape, series, at(30), states, [Span(at(-1), at(31), EventKind.LOAD_TEST)])

    # then nothing is known, rather than held without a sample to show for it
    assert isinstance(after.holding, Undecided)
    assert after.headroom is None
