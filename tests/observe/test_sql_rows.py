"""Rows become observations: which column means what, which cells are no value."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outgrow.errors import Failure, SourceError
from outgrow.facts.samples import Absence, Measured, Missing, Observation, Origin
from outgrow.observe._sql_rows import MAX_ROWS, Moment, columns_of, observations, past_observations
from outgrow.plan.signals import QuerySignal
from tests.observe.sql_content import signal

AT = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
LEARNT = AT + timedelta(seconds=1)
NOW = Moment(AT, LEARNT, Origin.LIVE, ZoneInfo("Asia/Seoul"))


def read(names: Sequence[str], *rows: Sequence[Any], declared: QuerySignal | None = None) -> list[Observation]:
    declared = declared or signal("SELECT ...")
    return observations(declared, columns_of(declared, names), rows, NOW)


def sample(names: Sequence[str], row: Sequence[Any], **options: Any) -> Measured | Missing:
    (observation,) = read(names, row, declared=signal("SELECT ...", **options))
    return observation.sample


def test_a_row_is_a_sample_with_its_count_and_its_latest_time() -> None:
    found = sample(("n", "value", "newest"), (41, 7.5, AT - timedelta(seconds=3)))

    assert found == Measured(AT, 7.5, LEARNT, 41, AT - timedelta(seconds=3), Origin.LIVE)


def test_an_only_column_may_have_any_name() -> None:
    assert sample(("p95",), (7.5,)) == Measured(AT, 7.5, LEARNT)


def test_column_names_are_read_in_any_case() -> None:
    assert sample(("VALUE", "N"), (1, 2)) == Measured(AT, 1.0, LEARNT, 2)


@pytest.mark.parametrize(
    ("cell", "value"),
    [(3, 3.0), (Decimal("0.25"), 0.25), (True, 1.0), (False, 0.0), (-0.5, -0.5), (10**20, 1e20)],
)
def test_every_kind_of_number_is_a_number(cell: Any, value: float) -> None:
    found = sample(("value",), (cell,))

    assert isinstance(found, Measured)
    assert found.value == value


@pytest.mark.parametrize(("unit", "value"), [("ms", 90_000.0), ("s", 90.0), ("min", 1.5), ("", 90.0)])
def test_an_interval_is_told_in_the_unit_of_the_signal(unit: str, value: float) -> None:
    found = sample(("value",), (timedelta(seconds=90),), unit=unit)

    assert isinstance(found, Measured)
    assert found.value == pytest.approx(value)


def test_an_interval_for_a_signal_that_counts_is_an_error() -> None:
    with pytest.raises(SourceError, match="an interval, but the signal's unit is sessions"):
        sample(("value",), (timedelta(seconds=90),), unit="sessions")


@pytest.mark.parametrize(
    ("names", "row", "absence"),
    [
        (("value",), (None,), Absence.NULL),
        (("value", "n"), (None, 12), Absence.NULL),
        (("value", "n"), (None, 0), Absence.EMPTY_WINDOW),
        (("value", "n"), (0, 0), Absence.EMPTY_WINDOW),
        (("value", "n"), (None, None), Absence.EMPTY_WINDOW),
        (("value",), (float("nan"),), Absence.NOT_A_NUMBER),
        (("value",), (Decimal("NaN"),), Absence.NOT_A_NUMBER),
        (("value",), (Decimal("sNaN"),), Absence.NOT_A_NUMBER),
        (("value",), (float("inf"),), Absence.NOT_A_NUMBER),
        (("value",), (Decimal("1e400"),), Absence.NOT_A_NUMBER),
        (("value",), (10**400,), Absence.NOT_A_NUMBER),
    ],
)
def test_what_is_no_value_is_missing_and_never_zero(names: tuple[str, ...], row: tuple[Any, ...], absence: str) -> None:
    found = sample(names, row)

    assert isinstance(found, Missing)
    assert found.absence is absence
    assert found.detail
    assert (found.at, found.observed_at) == (AT, LEARNT)


def test_few_rows_are_left_to_the_deciders() -> None:
    assert sample(("value", "n"), (5, 3)) == Measured(AT, 5.0, LEARNT, 3)


def test_no_row_is_an_empty_window() -> None:
    (observation,) = read(("value",))

    assert isinstance(observation.sample, Missing)
    assert observation.sample.absence is Absence.EMPTY_WINDOW


def test_several_rows_without_labels_are_an_error() -> None:
    with pytest.raises(SourceError, match=r"gives 2 rows; .* `by`"):
        read(("value",), (1,), (2,))


def test_more_rows_than_any_signal_needs_are_an_error() -> None:
    with pytest.raises(SourceError, match="more than 10,000 rows"):
        read(("value",), *[(1,)] * (MAX_ROWS + 1))


@pytest.mark.parametrize(
    ("names", "by", "listed"),
    [
        (("a", "b"), (), "a, b"),
        (("value", "region"), (), "value, region"),
        (("p95", "n"), (), "p95, n"),
        (("value", "value"), (), "value, value"),
        ((), (), "none"),
        (("value", "n"), ("region",), "value, n"),
        (("region", "a", "b"), ("region",), "region, a, b"),
        (("region", "value", "region"), ("region",), "region, value, region"),
    ],
)
def test_columns_that_mean_nothing_are_an_error_that_lists_them(
    names: tuple[str, ...], by: tuple[str, ...], listed: str
) -> None:
    with pytest.raises(SourceError, match=rf"gives the columns {listed}") as raised:
        columns_of(signal("SELECT ...", by=by), names)

    assert raised.value.failure is Failure.BAD_ANSWER
    assert raised.value.remedy


@pytest.mark.parametrize("cell", ["12", b"12", date(2026, 1, 1), AT, [1]])
def test_what_is_no_number_is_an_error_with_advice(cell: Any) -> None:
    with pytest.raises(SourceError, match="no number; "):
        sample(("value",), (cell,))


@pytest.mark.parametrize("cell", [-1, 1.5, "2", Decimal("NaN"), float("inf")])
def test_a_count_that_counts_nothing_is_an_error(cell: Any) -> None:
    with pytest.raises(SourceError, match="no count of rows"):
        sample(("value", "n"), (1, cell))


@pytest.mark.parametrize(
    ("cell", "newest"),
    [
        (None, None),
        (AT, AT),
        (datetime(2026, 11, 20, 21, 0), AT),  # noqa: DTZ001 (a column without a zone, Seoul by the source's options)
        ("2026-11-20 21:00:00", AT),
        ("2026-11-20T12:00:00Z", AT),
        (AT.timestamp(), AT),
        (int(AT.timestamp()), AT),
    ],
)
def test_the_latest_time_is_read_in_the_zone_of_the_source(cell: Any, newest: datetime | None) -> None:
    found = sample(("value", "newest"), (1, cell))

    assert isinstance(found, Measured)
    assert found.newest == newest


@pytest.mark.parametrize("cell", ["soon", True, 1e300, [1]])
def test_a_latest_time_that_is_none_is_an_error(cell: Any) -> None:
    with pytest.raises(SourceError, match="no time"):
        sample(("value", "newest"), (1, cell))


def test_each_label_set_is_a_series() -> None:
    found = read(
        ("region", "value", "paid"),
        ("ID", 1, True),
        ("ID", 2, False),
        (None, None, 7),
        declared=signal("SELECT ...", by=("region", "paid")),
    )

    assert [each.labels for each in found] == [
        (("paid", "true"), ("region", "ID")),
        (("paid", "false"), ("region", "ID")),
        (("paid", "7"), ("region", "null")),
    ]
    assert isinstance(found[2].sample, Missing)


def test_with_labels_the_only_other_column_may_have_any_name() -> None:
    (found,) = read(("users", "region"), (3, "ID"), declared=signal("SELECT ...", by=("region",)))

    assert isinstance(found.sample, Measured)
    assert found.sample.value == 3


def test_with_labels_and_no_rows_no_series_is_made_up() -> None:
    assert read(("region", "value"), declared=signal("SELECT ...", by=("region",))) == []


def test_two_rows_for_one_label_set_are_an_error() -> None:
    with pytest.raises(SourceError, match="two rows for region=ID; group by"):
        read(("region", "value"), ("ID", 1), ("ID", 2), declared=signal("SELECT ...", by=("region",)))


@given(st.lists(st.integers(0, 9), unique=True), st.randoms())
def test_past_rows_find_their_instants_in_any_order(present: list[int], order: Any) -> None:
    # given ten instants, of which some have a row
    instants = [AT + timedelta(minutes=i) for i in range(10)]
    rows = [(i, float(i)) for i in present]
    order.shuffle(rows)
    declared = signal("SELECT ...")

    # when they are put in order
    found = past_observations(declared, columns_of(declared, ("value",)), rows, instants, NOW)

    # then each instant has its value, or an empty window
    assert [each.sample.at for each in found] == instants
    for i, each in enumerate(found):
        match each.sample:
            case Measured():
                assert i in present
                assert each.sample.value == i
            case Missing():
                assert i not in present
                assert each.sample.absence is Absence.EMPTY_WINDOW
