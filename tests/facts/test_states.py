import json
from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from outgrow.facts.samples import labels_of
from outgrow.facts.states import state_from_json, state_to_json
from outgrow.facts.verdicts import CheckpointState, ConditionState, GradeState
from outgrow.plan.grades import Grade

moments = st.none() | st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
grades = st.builds(
    GradeState,
    held=st.sampled_from([True, False, None]),
    since=moments,
    first_confirmed=moments,
    unknown_since=moments,
    review=moments,
)
conditions = st.builds(
    ConditionState, at=moments, inside=st.booleans(), since=moments, confirmed=moments, run_since=moments, last=moments
)
keys = st.tuples(
    st.text(max_size=5), st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=2).map(labels_of)
)
states = st.builds(
    CheckpointState,
    grades=st.dictionaries(st.sampled_from(list(Grade)), grades),
    conditions=st.dictionaries(keys, conditions, max_size=3),
    rule_hash=st.text(max_size=16),
)


@given(states)
def test_a_state_comes_back_from_json_as_it_was(state: CheckpointState):
    assert state_from_json(json.loads(json.dumps(state_to_json(state)))) == state


def test_times_are_written_in_utc_and_what_is_unknown_is_passed_over():
    seoul = timezone(timedelta(hours=9))
    state = CheckpointState(grades={Grade.URGENT: GradeState(held=True, since=datetime(2026, 1, 5, 9, tzinfo=seoul))})
    data = state_to_json(state)
    assert data["grades"]["urgent"]["since"] == "2026-01-05T00:00:00+00:00"
    data["grades"]["urgent"]["of a later version"] = 1
    assert state_from_json(data) == state


def test_a_state_of_an_earlier_version_takes_defaults():
    assert state_from_json({"grades": {"monitor": {"held": True}}}) == CheckpointState(
        grades={Grade.MONITOR: GradeState(held=True)}
    )
