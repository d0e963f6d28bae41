"""What every journal promises (`outgrow.ports.Journal`), tried on every adapter."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from outgrow.facts.decisions import Decision, Event, EventKind
from outgrow.facts.forecasts import DailyLevel
from outgrow.facts.rollups import LevelKey, Resolution, Rollup
from outgrow.facts.samples import Absence, Labels, Measured, Missing, Origin, Sample, SeriesKey, labels_of
from outgrow.facts.verdicts import CheckpointState, ConditionState, GradeState
from outgrow.journal.memory import MemoryJournal
from outgrow.plan import JournalOptions
from outgrow.plan.grades import Grade
from outgrow.ports import Journal
from tests.contracts.journals import Shelf, memory_shelf, postgres_shelf, sqlite_shelf, without_journal

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
KEY = SeriesKey("latency", "5ba93c9db0cff93f")
SHORT = JournalOptions.model_validate({"keep_raw": "2d", "keep_5m": "5d", "keep_1h": "20d"})

_distinct = count()


@pytest.fixture(params=["memory", "sqlite", pytest.param("postgres", marks=pytest.mark.live)])
async def shelf(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Shelf]:
    match request.param:
        case "memory":
            made = memory_shelf()
        case "sqlite":
            made = sqlite_shelf(tmp_path)
        case _:
            url = request.getfixturevalue("postgres_url")
            await without_journal(url)
            made = postgres_shelf(url)
    yield made
    await made.aclose()


@pytest.fixture
async def journal(shelf: Shelf) -> Journal:
    return await shelf.open(SHORT)


def measured(at: datetime, value: float = 1.0, **more: Any) -> Measured:
    return Measured(at, value, more.pop("observed_at", at), **more)


def missing(at: datetime, absence: Absence = Absence.FAILED) -> Missing:
    return Missing(at, absence, "connection refused", at)


def of(key: SeriesKey, samples: Sequence[Sample]) -> list[tuple[SeriesKey, Sample]]:
    return [(key, sample) for sample in samples]


async def everything(journal: Journal, key: SeriesKey = KEY) -> list[tuple[SeriesKey, Sample]]:
    return list(await journal.samples(key.signal_hash, NOON - 2000 * DAY, NOON + 2000 * DAY))


async def all_rollups(journal: Journal, resolution: Resolution, key: SeriesKey = KEY) -> list[tuple[SeriesKey, Rollup]]:
    return list(await journal.rollups(key.signal_hash, NOON - 100 * DAY, NOON + 100 * DAY, resolution))


# --- samples


async def test_a_new_journal_is_empty(journal: Journal) -> None:
    assert await everything(journal) == []
    assert await all_rollups(journal, Resolution.HOUR) == []
    assert await journal.decisions() == []
    assert await journal.events() == []
    assert await journal.daily_levels("h", "highest", "UTC", date(2020, 1, 1), date(2030, 1, 1)) == []
    assert await journal.append_samples([]) == 0
    assert await journal.append_daily_levels([], NOON) == 0


async def test_the_first_write_of_a_sample_wins(journal: Journal) -> None:
    first, second = measured(NOON, 1.0), measured(NOON, 2.0)

    assert await journal.append_samples([(KEY, first)]) == 1
    assert await journal.append_samples([(KEY, second), (KEY, measured(NOON + MINUTE)), (KEY, missing(NOON))]) == 1

    assert await everything(journal) == of(KEY, [first, measured(NOON + MINUTE)])


async def test_the_first_of_two_in_one_batch_wins_whatever_is_later_in_value_or_time(journal: Journal) -> None:
    first = measured(NOON, 9.0, observed_at=NOON)
    second = measured(NOON, 1.0, observed_at=NOON - MINUTE)

    assert await journal.append_samples([(KEY, first), (KEY, second)]) == 1

    assert await everything(journal) == of(KEY, [first])


async def test_samples_come_in_time_order_however_they_were_written(journal: Journal) -> None:
    samples = [measured(NOON + minutes * MINUTE, float(minutes)) for minutes in range(50)]

    await journal.append_samples(of(KEY, samples[30:]))
    await journal.append_samples(of(KEY, Random(7).sample(samples, len(samples))))

    assert await everything(journal) == of(KEY, samples)


async def test_both_ends_of_a_window_belong_to_it(journal: Journal) -> None:
    samples = [measured(NOON + minutes * MINUTE) for minutes in range(5)]
    await journal.append_samples(of(KEY, samples))

    found = await journal.samples(KEY.signal_hash, NOON + MINUTE, NOON + 3 * MINUTE)

    assert found == of(KEY, samples[1:4])


async def test_label_sets_are_series_of_their_own_and_come_together(journal: Journal) -> None:
    seoul, busan = (replace(KEY, labels=(("city", city), ("kind", "api"))) for city in ("서울", "부산"))
    await journal.append_samples([(key, measured(at)) for key in (seoul, KEY, busan) for at in (NOON, NOON + MINUTE)])

    found = await everything(journal)

    assert found == [(key, measured(at)) for at in (NOON, NOON + MINUTE) for key in (KEY, busan, seoul)]


async def test_a_changed_query_starts_a_new_series(journal: Journal) -> None:
    changed = replace(KEY, signal_hash="0123456789abcdef")
    await journal.append_samples([(KEY, measured(NOON, 1.0)), (changed, measured(NOON, 2.0))])

    assert await everything(journal) == of(KEY, [measured(NOON, 1.0)])
    assert await everything(journal, changed) == of(changed, [measured(NOON, 2.0)])


async def test_what_was_learnt_later_can_be_left_out(journal: Journal) -> None:
    at_once = measured(NOON, observed_at=NOON)
    afterwards = measured(NOON - HOUR, observed_at=NOON + MINUTE, origin=Origin.BACKFILL)
    await journal.append_samples(of(KEY, [at_once, afterwards]))

    known_at_noon = await journal.samples(KEY.signal_hash, NOON - DAY, NOON + DAY, observed_until=NOON)

    assert known_at_noon == of(KEY, [at_once])
    assert await everything(journal) == of(KEY, [afterwards, at_once])


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
async def test_a_value_that_is_no_number_is_refused_with_its_whole_batch(journal: Journal, value: float) -> None:
    with pytest.raises(ValueError, match="write a Missing instead"):
        await journal.append_samples(of(KEY, [measured(NOON - MINUTE), measured(NOON, value)]))

    assert await everything(journal) == []


async def test_a_moment_without_a_zone_is_refused(journal: Journal) -> None:
    with pytest.raises(ValueError, match="without a zone"):
        await journal.append_samples(of(KEY, [measured(NOON), measured(NOON, observed_at=datetime(2026, 3, 1))]))  # noqa: DTZ001

    assert await everything(journal) == []


async def test_a_detail_that_no_database_can_store_is_kept_as_far_as_possible(journal: Journal) -> None:
    await journal.append_samples([(KEY, Missing(NOON, Absence.FAILED, "bad \0 and \udc80 bytes", NOON))])

    ((_, sample),) = await everything(journal)

    assert sample == Missing(NOON, Absence.FAILED, "bad \ufffd and ? bytes", NOON)


_moments = st.datetimes(
    datetime(1971, 1, 1),  # noqa: DTZ001 (hypothesis puts the zone on)
    datetime(2199, 1, 1),  # noqa: DTZ001
    timezones=st.sampled_from([UTC]),
)
_values = st.floats(allow_nan=False, allow_infinity=False)
_texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
_samples = st.one_of(
    st.builds(
        Measured,
        _moments,
        _values,
        _moments,
        st.none() | st.integers(0, 2**62),
        st.none() | _moments,
        st.sampled_from(Origin),
    ),
    st.builds(Missing, _moments, st.sampled_from(Absence), _texts, _moments, st.sampled_from(Origin)),
)
_labels = st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=3).map(labels_of)
_each_example_on_the_same_journal = settings(
    max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@given(samples=st.lists(st.tuples(_labels, _samples), max_size=20))
@_each_example_on_the_same_journal
async def test_samples_come_back_exactly(journal: Journal, samples: list[tuple[Labels, Sample]]) -> None:
    name = f"hash-{next(_distinct)}"
    batch = [(SeriesKey("any", name, labels), sample) for labels, sample in samples]
    expected: dict[tuple[Labels, datetime], Sample] = {}
    for labels, sample in samples:
        expected.setdefault((labels, sample.at), sample)

    assert await journal.append_samples(batch) == len(expected)

    found = await journal.samples(name, datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC))
    assert {(key.labels, sample.at): sample for key, sample in found} == expected
    assert len(found) == len(expected)


# --- decisions and events


def decision(at: datetime = NOON, checkpoint: str = "split-ai-service", **more: Any) -> Decision:
    defaults: dict[str, Any] = {
        "recorded_at": at,
        "grade": Grade.URGENT,
        "rule_hash": "c0ffee",
        "state": CheckpointState(),
        "evidence": {"conditions": {"A": {"value": 812.5, "holding": "held"}}},
    }
    return Decision(checkpoint=checkpoint, at=at, **(defaults | more))


_times = st.none() | _moments
_json = st.recursive(
    st.none() | st.booleans() | st.integers() | _values | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)
_states = st.builds(
    CheckpointState,
    st.dictionaries(
        st.sampled_from(Grade), st.builds(GradeState, st.none() | st.booleans(), _times, _times, _times), max_size=6
    ),
    st.dictionaries(
        st.tuples(st.sampled_from("ABCD"), _labels),
        st.builds(ConditionState, st.booleans(), _times, _times),
        max_size=4,
    ),
)
_decisions = st.builds(
    decision,
    at=_moments,
    recorded_at=_moments,
    grade=st.none() | st.sampled_from(Grade),
    rule_hash=_texts,
    state=_states,
    evidence=st.dictionaries(st.text(), _json, max_size=4),
)


@given(given_decision=_decisions)
@_each_example_on_the_same_journal
async def test_a_decision_comes_back_exactly(journal: Journal, given_decision: Decision) -> None:
    written = replace(given_decision, checkpoint=f"checkpoint-{next(_distinct)}")

    await journal.append_decision(written)

    (found,) = await journal.decisions(checkpoint=written.checkpoint)
    assert found == written
    assert _types(found.evidence) == _types(written.evidence)


def _types(value: Any) -> Any:
    """Tell 1 from 1.0 and from True, which are equal."""
    match value:
        case dict():
            return {key: _types(each) for key, each in value.items()}
        case list():
            return [_types(each) for each in value]
        case _:
            return type(value)


async def test_decisions_come_in_the_order_of_the_moment_judged(journal: Journal) -> None:
    late, early, again = decision(NOON + MINUTE), decision(NOON), decision(NOON, recorded_at=NOON + HOUR)
    for each in (late, again, early):
        await journal.append_decision(each)

    assert await journal.decisions() == [early, again, late]


async def test_decisions_are_found_by_checkpoint_and_time_and_the_newest_are_the_last(journal: Journal) -> None:
    split = [decision(NOON + hours * HOUR) for hours in range(5)]
    cache = [decision(NOON + hours * HOUR, "cache-first") for hours in range(5)]
    for each in (*split, *cache):
        await journal.append_decision(each)

    assert await journal.decisions(checkpoint="split-ai-service") == split
    assert await journal.decisions(checkpoint="split-ai-service", newest=2) == split[3:]
    assert await journal.decisions(checkpoint="cache-first", end=NOON + 2 * HOUR, newest=1) == [cache[2]]
    assert await journal.decisions(checkpoint="cache-first", start=NOON + 3 * HOUR) == cache[3:]
    assert await journal.decisions(start=NOON + HOUR, end=NOON + HOUR) == [split[1], cache[1]]
    assert await journal.decisions(checkpoint="unheard-of") == []


async def test_writing_a_decision_or_an_event_again_changes_nothing(journal: Journal) -> None:
    event = Event(EventKind.NOTE, NOON, None, NOON, "api", {"text": "메모"})
    for _ in range(2):
        await journal.append_decision(decision())
        await journal.append_event(event)

    assert await journal.decisions() == [decision()]
    assert await journal.events() == [event]


async def test_evidence_that_is_no_json_is_refused(journal: Journal) -> None:
    with pytest.raises(ValueError, match="JSON"):
        await journal.append_decision(decision(evidence={"value": float("nan")}))
    with pytest.raises(TypeError, match="datetime is not JSON"):
        await journal.append_decision(decision(evidence={"at": NOON}))

    assert await journal.decisions() == []


async def test_what_a_journal_keeps_is_a_copy(journal: Journal) -> None:
    evidence: dict[str, Any] = {"values": [1, 2]}
    await journal.append_decision(decision(evidence=evidence))

    evidence["values"].append(3)

    ((found),) = await journal.decisions()
    assert found.evidence == {"values": [1, 2]}


@given(kind=st.sampled_from(EventKind), times=st.lists(_moments, min_size=3, max_size=3), subject=_texts, detail=_json)
@_each_example_on_the_same_journal
async def test_an_event_comes_back_exactly(
    journal: Journal, kind: EventKind, times: list[datetime], subject: str, detail: Any
) -> None:
    start, end, recorded_at = sorted(times)
    written = Event(kind, start, end, recorded_at, subject, {"number": next(_distinct), "what": detail})

    await journal.append_event(written)

    assert written in await journal.events(kinds=[kind], start=start, end=start)


async def test_events_touch_a_window_with_any_part_of_their_span(journal: Journal) -> None:
    before, into, around, within, after = (
        Event(EventKind.LOAD_TEST, NOON + start * HOUR, NOON + end * HOUR, NOON)
        for start, end in ((-5, -2), (-3, 0), (-2, 9), (1, 2), (4, 5))
    )
    point_at_the_end = Event(EventKind.NOTE, NOON + 3 * HOUR, None, NOON)
    point_outside = Event(EventKind.NOTE, NOON - HOUR, None, NOON)
    for each in (after, within, around, into, before, point_at_the_end, point_outside):
        await journal.append_event(each)

    touching = await journal.events(start=NOON, end=NOON + 3 * HOUR)

    assert touching == [into, around, within, point_at_the_end]
    assert await journal.events(kinds=[EventKind.NOTE]) == [point_outside, point_at_the_end]
    assert await journal.events(start=NOON + 4 * HOUR) == [around, after]
    assert await journal.events(kinds=[EventKind.DEPLOYMENT, EventKind.MAINTENANCE]) == []


async def test_events_are_asked_for_by_their_subject_and_by_texts_of_their_detail(journal: Journal) -> None:
    def noted(subject: str, minute: int, **detail: Any) -> Event:
        at = NOON + minute * MINUTE
        return Event(EventKind.SCALING, at, at, at, subject, detail)

    auth, imagined, web = noted("auth", 1, mode="act"), noted("auth", 2, mode="dry run"), noted("web", 3, mode="act")
    odd, bare = noted("au'th\0", 4, **{'m."o': "é"}), noted("auth", 5)
    for event in (auth, imagined, web, odd, bare):
        await journal.append_event(event)

    for kinds in ((), (EventKind.SCALING,)):
        assert [each.start for each in await journal.events(kinds=kinds, subject="auth")] == [
            each.start for each in (auth, imagined, bare)
        ]
        assert list(await journal.events(kinds=kinds, having={"mode": "act"})) == [auth, web]
        assert list(await journal.events(kinds=kinds, subject="auth", having={"mode": "dry run"})) == [imagined]
        assert list(await journal.events(kinds=kinds, subject="auth", having={"mode": "x"}, end=NOON + HOUR)) == []
        assert len(await journal.events(kinds=kinds, subject="au'th\0")) == 1
        assert list(await journal.events(kinds=kinds, subject="auth", start=NOON + 2 * MINUTE)) == [imagined, bare]


# --- roll-ups and compaction


def a_day(start: datetime) -> list[Sample]:
    """Give a sample a minute, every seventh without a value."""
    return [
        missing(start + minutes * MINUTE)
        if minutes % 7 == 3
        else measured(start + minutes * MINUTE, float(minutes % 97))
        for minutes in range(24 * 60)
    ]


async def test_rollups_summarise_samples_that_are_still_there(journal: Journal) -> None:
    values = [3.0, 1.0, None, 2.0, 5.0, 4.0]
    await journal.append_samples(
        of(
            KEY,
            [missing(NOON + i * MINUTE) if v is None else measured(NOON + i * MINUTE, v) for i, v in enumerate(values)],
        )
    )

    fine = await all_rollups(journal, Resolution.FIVE_MINUTES)
    coarse = await all_rollups(journal, Resolution.HOUR)

    assert fine == [
        (KEY, Rollup(NOON, Resolution.FIVE_MINUTES, 4, 1, low=1.0, high=5.0, first=3.0, last=5.0, total=11.0)),
        (
            KEY,
            Rollup(NOON + 5 * MINUTE, Resolution.FIVE_MINUTES, 1, 0, low=4.0, high=4.0, first=4.0, last=4.0, total=4.0),
        ),
    ]
    assert coarse == [(KEY, Rollup(NOON, Resolution.HOUR, 5, 1, low=1.0, high=5.0, first=3.0, last=4.0, total=15.0))]


async def test_a_bucket_without_any_value_says_how_many_are_missing(journal: Journal) -> None:
    await journal.append_samples(of(KEY, [missing(NOON), missing(NOON + MINUTE, Absence.NULL)]))

    (found,) = await all_rollups(journal, Resolution.HOUR)

    assert found == (KEY, Rollup(NOON, Resolution.HOUR, 0, 2, None, None, None, None, None))


async def test_rollups_are_asked_for_by_the_buckets_that_touch_the_window(journal: Journal) -> None:
    busan = replace(KEY, labels=(("city", "busan"),))
    await journal.append_samples([(key, each) for key in (busan, KEY) for each in a_day(NOON)])

    found = await journal.rollups(KEY.signal_hash, NOON + 90 * MINUTE, NOON + 3 * HOUR, Resolution.HOUR)

    assert [(key, each.start) for key, each in found] == [
        (key, NOON + hours * HOUR) for hours in (1, 2, 3) for key in (KEY, busan)
    ]


async def test_values_too_large_to_be_summed_still_have_a_range(journal: Journal) -> None:
    await journal.append_samples(of(KEY, [measured(NOON, 1.7e308), measured(NOON + MINUTE, 1.7e308)]))

    before = await all_rollups(journal, Resolution.HOUR)
    await journal.compact(NOON + 10 * DAY)

    expected = Rollup(NOON, Resolution.HOUR, 2, 0, low=1.7e308, high=1.7e308, first=1.7e308, last=1.7e308, total=None)
    assert before == [(KEY, expected)]
    assert await all_rollups(journal, Resolution.HOUR) == before


async def test_compaction_keeps_what_rollups_say_until_their_own_time_is_over(journal: Journal) -> None:
    await journal.append_samples(of(KEY, a_day(NOON)))
    fine = await all_rollups(journal, Resolution.FIVE_MINUTES)
    hours = await all_rollups(journal, Resolution.HOUR)

    await journal.compact(NOON + 2 * DAY + 90 * MINUTE)
    assert (await everything(journal))[0][1].at == NOON + HOUR  # whole hours leave
    assert await all_rollups(journal, Resolution.FIVE_MINUTES) == fine
    assert await all_rollups(journal, Resolution.HOUR) == hours

    await journal.compact(NOON + 4 * DAY)
    assert await everything(journal) == []
    assert await all_rollups(journal, Resolution.FIVE_MINUTES) == fine

    await journal.compact(NOON + 5 * DAY + 2 * HOUR)
    assert await all_rollups(journal, Resolution.FIVE_MINUTES) == fine[24:]
    assert await all_rollups(journal, Resolution.HOUR) == hours

    await journal.compact(NOON + 10 * DAY)
    assert await all_rollups(journal, Resolution.FIVE_MINUTES) == []
    assert await all_rollups(journal, Resolution.HOUR) == hours

    await journal.compact(NOON + 20 * DAY + HOUR)
    assert await all_rollups(journal, Resolution.HOUR) == hours[1:]

    await journal.compact(NOON + 22 * DAY)
    assert await all_rollups(journal, Resolution.HOUR) == []


async def test_compacting_again_changes_nothing(journal: Journal) -> None:
    await journal.append_samples(of(KEY, a_day(NOON)))
    await journal.compact(NOON + 2 * DAY + 6 * HOUR)
    raw, fine = await everything(journal), await all_rollups(journal, Resolution.FIVE_MINUTES)

    await journal.compact(NOON + 2 * DAY + 6 * HOUR)
    await journal.compact(NOON)

    assert await everything(journal) == raw
    assert await all_rollups(journal, Resolution.FIVE_MINUTES) == fine


async def test_a_bucket_that_is_rolled_up_takes_no_later_samples(journal: Journal) -> None:
    await journal.append_samples(of(KEY, a_day(NOON)))
    await journal.compact(NOON + 4 * DAY)
    fine = await all_rollups(journal, Resolution.FIVE_MINUTES)
    hours = await all_rollups(journal, Resolution.HOUR)

    again = [measured(each.at, 1e6, origin=Origin.BACKFILL) for each in a_day(NOON)]
    assert await journal.append_samples(of(KEY, again)) == len(again)

    for _ in range(2):
        assert await all_rollups(journal, Resolution.FIVE_MINUTES) == fine
        assert await all_rollups(journal, Resolution.HOUR) == hours
        await journal.compact(NOON + 4 * DAY)
    assert await everything(journal) == []


async def test_a_series_of_which_nothing_is_left_can_begin_again(journal: Journal) -> None:
    gone = replace(KEY, labels=(("pod", "api-7f9c"),))
    await journal.append_samples([(gone, measured(NOON)), (KEY, measured(NOON + 30 * DAY))])

    await journal.compact(NOON + 31 * DAY)
    await journal.append_samples([(gone, measured(NOON + 31 * DAY))])

    assert await everything(journal) == [(KEY, measured(NOON + 30 * DAY)), (gone, measured(NOON + 31 * DAY))]


async def test_decisions_and_events_outlive_compaction(journal: Journal) -> None:
    event = Event(EventKind.DEPLOYMENT, NOON, NOON + HOUR, NOON)
    await journal.append_decision(decision())
    await journal.append_event(event)

    await journal.compact(NOON + 2000 * DAY)

    assert await journal.decisions() == [decision()]
    assert await journal.events() == [event]


def scaling(at: datetime, desired: int) -> Event:
    """Give a decision from 2 replicas to so many, as a scaling loop writes it."""
    return Event(
        EventKind.SCALING,
        at,
        at,
        at,
        "auth",
        {
            "text": f"2 -> {desired} (targét)",
            "mode": "act",
            "number": 7,
            "decision": {"current": 2, "desired": desired, "ratio": 1.4e-07},
            "seen": {"replicas": 2, "load": None},
            "state": {"orders": [1, 2]},
        },
    )


async def test_scaling_decisions_go_with_samples_and_those_that_changed_a_number_with_hours(journal: Journal) -> None:
    stay, change = scaling(NOON, 2), scaling(NOON + HOUR, 3)
    done = Event(EventKind.SCALING, NOON + HOUR, NOON + HOUR, NOON + HOUR, "auth", {"outcome_of": 7, "done": True})
    idle = [replace(stay, subject=f"service-{number}") for number in range(520)]  # more than one step takes
    for event in (stay, change, done, *idle):
        await journal.append_event(event)

    await journal.compact(NOON + DAY)
    assert len(await journal.events(start=NOON - DAY)) == len(idle) + 3

    await journal.compact(NOON + 3 * DAY)
    short = {name: each for name, each in change.detail.items() if name not in {"seen", "state"}}
    assert list(await journal.events()) == [replace(change, detail=short), done]

    await journal.compact(NOON + 10 * DAY)
    assert len(await journal.events()) == 2

    await journal.compact(NOON + 2000 * DAY)
    assert list(await journal.events()) == []


# --- daily levels


LEVEL = LevelKey(KEY, "highest for 30m", "Asia/Seoul")
A_DAY = date(2026, 3, 1)


async def levels(journal: Journal, key: LevelKey = LEVEL, **more: Any) -> list[tuple[LevelKey, DailyLevel]]:
    days = more.pop("start", date(2020, 1, 1)), more.pop("end", date(2030, 1, 1))
    return list(await journal.daily_levels(key.series.signal_hash, key.statistic, key.zone, *days, **more))


async def test_daily_levels_come_back_by_day_within_both_bounds(journal: Journal) -> None:
    written = [(LEVEL, DailyLevel(A_DAY + days * DAY, 0.1 * days, 1.0)) for days in range(5)]

    assert await journal.append_daily_levels(written[::-1], NOON) == 5

    assert await levels(journal) == written
    assert await levels(journal, start=A_DAY + DAY, end=A_DAY + 3 * DAY) == written[1:4]


async def test_a_level_is_of_one_series_one_statistic_and_one_zone(journal: Journal) -> None:
    busan = replace(LEVEL, series=replace(KEY, labels=(("city", "busan"),)))
    others = [replace(LEVEL, statistic="lowest for 30m"), replace(LEVEL, zone="UTC")]
    await journal.append_daily_levels([(key, DailyLevel(A_DAY, 1.0, 1.0)) for key in (busan, LEVEL, *others)], NOON)

    assert [key for key, _ in await levels(journal)] == [LEVEL, busan]
    assert [key for key, _ in await levels(journal, others[0])] == [others[0]]
    assert [key for key, _ in await levels(journal, others[1])] == [others[1]]


async def test_a_level_that_has_changed_is_written_beside_the_old_one(journal: Journal) -> None:
    first, second = DailyLevel(A_DAY, 80.0, 1.0), DailyLevel(A_DAY, 60.0, 0.9)

    assert await journal.append_daily_levels([(LEVEL, first)], NOON) == 1
    assert await journal.append_daily_levels([(LEVEL, first)], NOON + HOUR) == 0
    assert await journal.append_daily_levels([(LEVEL, second)], NOON + 2 * HOUR) == 1
    assert await journal.append_daily_levels([(LEVEL, second)], NOON + 3 * HOUR) == 0

    assert await levels(journal) == [(LEVEL, second)]
    assert await levels(journal, recorded_until=NOON + HOUR) == [(LEVEL, first)]
    assert await levels(journal, recorded_until=NOON - HOUR) == []


async def test_daily_levels_are_kept_as_long_as_hours(journal: Journal) -> None:
    written = [(LEVEL, DailyLevel(A_DAY + days * DAY, 1.0, 1.0)) for days in range(30)]
    await journal.append_daily_levels(written, NOON)

    await journal.compact(NOON + 29 * DAY)

    assert await levels(journal) == written[9:]


async def test_a_level_that_is_no_number_is_refused_with_its_whole_batch(journal: Journal) -> None:
    bad = [(LEVEL, DailyLevel(A_DAY, 1.0, 1.0)), (LEVEL, DailyLevel(A_DAY + DAY, float("nan"), 1.0))]

    with pytest.raises(ValueError, match="leave it out"):
        await journal.append_daily_levels(bad, NOON)

    assert await levels(journal) == []


# --- opening and closing


async def test_what_was_written_is_there_when_opened_again(shelf: Shelf) -> None:
    if not shelf.lasting:
        return
    first = await shelf.open()
    event = Event(EventKind.NOTE, NOON, None, NOON)
    await first.append_samples(of(KEY, [measured(NOON), missing(NOON + MINUTE)]))
    await first.append_decision(decision())
    await first.append_event(event)
    await first.append_daily_levels([(LEVEL, DailyLevel(A_DAY, 1.0, 1.0))], NOON)
    await first.aclose()

    second = await shelf.open()

    assert await everything(second) == of(KEY, [measured(NOON), missing(NOON + MINUTE)])
    assert await second.decisions() == [decision()]
    assert await second.events() == [event]
    assert await levels(second) == [(LEVEL, DailyLevel(A_DAY, 1.0, 1.0))]


async def test_closing_twice_does_no_harm(journal: Journal) -> None:
    await journal.aclose()
    await journal.aclose()


# --- all of it together, against the one in memory

_steps = st.lists(
    st.one_of(
        st.tuples(st.just("append"), st.integers(0, 40_000), st.integers(0, 30), st.floats(-1e6, 1e6)),
        st.tuples(st.just("compact"), st.integers(0, 45_000)),
    ),
    max_size=12,
)


@given(steps=_steps)
@_each_example_on_the_same_journal
async def test_any_history_reads_the_same_as_in_memory(journal: Journal, steps: list[tuple[Any, ...]]) -> None:
    oracle = MemoryJournal(SHORT)
    key = replace(KEY, signal_hash=f"hash-{next(_distinct)}")
    for what, minute, *more in steps:
        match (what, more):
            case ("append", [length, value]):
                start = NOON + minute * MINUTE
                batch = of(
                    key,
                    [
                        missing(start + i * MINUTE) if i % 5 == 4 else measured(start + i * MINUTE, value + i)
                        for i in range(length)
                    ],
                )
                assert await journal.append_samples(batch) == await oracle.append_samples(batch)
            case _:
                await journal.compact(NOON + minute * MINUTE)
                await oracle.compact(NOON + minute * MINUTE)

    assert await everything(journal, key) == await everything(oracle, key)
    for resolution in Resolution:
        found, expected = [await all_rollups(each, resolution, key) for each in (journal, oracle)]
        assert [(each, replace(rollup, total=None)) for each, rollup in found] == [
            (each, replace(rollup, total=None)) for each, rollup in expected
        ]
        assert [rollup.total for _, rollup in found] == pytest.approx([rollup.total for _, rollup in expected])
