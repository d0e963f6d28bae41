"""What becomes of recordings as they are found: every repair is said, everything else is refused with its line."""

from contextlib import suppress
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outgrow.errors import UsageError
from outgrow.simulate.recording import Reading, Recording, Row, columns_of, recording_of, trace_from
from outgrow.simulate.trace import Trace

UTC_READING = Reading(ZoneInfo("UTC"), "refuse", "counts")
FILLING = Reading(ZoneInfo("UTC"), "fill", "counts")


def read(*cells, reading: Reading = UTC_READING) -> Recording:
    rows = [Row(f"t.csv:{line}", at, value) for line, (at, value) in enumerate(cells, start=2)]
    return recording_of(rows, "t.csv", reading)


def test_a_trace_is_read_as_requests_a_second():
    found = trace_from(["seconds,requests\n", "0,60\n", "60,120\n", "\n", "120,0\n"])
    assert found == Trace(60, (1.0, 2.0, 0.0))
    assert found.seconds == 180


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([], "t.csv:1: the columns are none"),
        (["when,what"], "write a header seconds,requests"),
        (["seconds,requests", "0,1"], "t.csv: one row; a trace has at least 2"),
        (["seconds,requests", "0,1", "60,x"], "t.csv:3: 'x' is not a number"),
        (["seconds,requests", "0,1", "60"], "t.csv:3: has no number"),
        (["seconds,requests", "0,1", "60,-1"], "t.csv:3: -1 requests"),
        (["seconds,requests", "0,1", "60,inf"], "must be finite"),
        (["seconds,requests", "0,1", "60,1e13"], "beyond counting"),
        (["seconds,requests", "0,1", "60,1", "180,1"], "t.csv:4: comes 120 s after the row before; the grid has 60 s"),
        (["seconds,requests", "0,nan", "60,1", "120,1"], "t.csv:2: has no number"),
        (["seconds,requests", "0,1", "60,nan", "120,1"], "t.csv:3: has no number"),
        (["seconds,requests", "0,1", "60,1", "120,1", "150,1"], "t.csv:5: 30 s after the row before, off the grid"),
        (["seconds,requests", "0,1", "0,2", "60,1"], "t.csv:3 and t.csv:2 speak differently"),
        (["seconds,requests", "0,1", "0.2,1", "0.4,1"], "less than a second apart"),
        (["seconds,requests", "0,1", "yesterday,2"], '"yesterday" is no time'),
        (["seconds,requests", "0,1", "1e17,2"], "beyond the calendar"),
        (["seconds,requests", "0,1", "60,1", "9e8,2"], "is a time wrong"),
    ],
)
def test_a_trace_that_cannot_be_trusted_is_refused_with_its_place(lines: list[str], message: str):
    with pytest.raises(UsageError) as refused:
        trace_from(lines, "t.csv")
    assert message in str(refused.value)


def test_gaps_are_filled_along_a_straight_line_where_that_is_asked_for():
    found = read((0, 60), (60, None), (120, 180), (300, 60), (360, "NaN"), reading=FILLING)
    assert found.trace.rates == (1.0, 2.0, 3.0, pytest.approx(7 / 3), pytest.approx(5 / 3), 1.0, 1.0)
    assert "4 of 7 intervals were missing" in found.notes[0]


def test_a_gap_at_the_beginning_takes_the_first_number():
    assert read((0, ""), (60, 60), (120, 60), reading=FILLING).trace.rates == (1.0, 1.0, 1.0)


def test_a_recording_without_any_number_is_refused():
    with pytest.raises(UsageError, match="no row has a number"):
        read((0, ""), (60, ""), reading=FILLING)


def test_rows_out_of_order_are_sorted_and_repeated_ones_count_once_and_both_are_said():
    found = read((60, 120), (0, 60), (60, 120), (120, 0))
    assert found.trace.rates == (1.0, 2.0, 0.0)
    assert found.notes == (
        "rows were not in the order of time and have been sorted",
        "1 rows stand there twice and count once",
    )


def test_a_scrape_that_is_a_little_late_still_stands_on_the_grid():
    found = read((0, 15), (15.1, 15), (29.9, 15), (45.2, 15))
    assert found.trace == Trace(15, (1.0, 1.0, 1.0, 1.0))


@pytest.mark.parametrize("first", ["2026-03-01T00:00:00Z", 1772323200, 1772323200000, "2026-03-01T09:00:00+09:00"])
def test_times_are_read_as_iso_8601_seconds_or_milliseconds(first):
    later = {str: "2026-03-01T00:01:00Z", int: 1772323260}[type(first)]
    later = later * 1000 if isinstance(later, int) and first > 1e11 else later
    found = read((first, 1), (later, 2))
    assert found.trace.start == datetime(2026, 3, 1, tzinfo=UTC)
    assert found.trace.interval_seconds == 60


def test_the_hour_that_the_clock_shows_twice_is_read_in_its_order():
    berlin = Reading(ZoneInfo("Europe/Berlin"), "refuse", "counts")
    hours = ["01:00", "02:00", "02:00", "03:00"]  # the clock goes back on 25 October 2026
    found = read(*((f"2026-10-25T{hour}", 3600) for hour in hours), reading=berlin)
    assert found.trace == Trace(3600, (1.0,) * 4, datetime(2026, 10, 24, 23, tzinfo=UTC))


def test_a_time_that_the_clock_skips_is_refused():
    berlin = Reading(ZoneInfo("Europe/Berlin"), "refuse", "counts")
    with pytest.raises(UsageError, match=r"t\.csv:3: 2026-03-29T02:00:00 was skipped by the clock of Europe/Berlin"):
        read(("2026-03-29T01:00", 1), ("2026-03-29T02:00", 1), reading=berlin)


def test_rates_are_not_divided_by_the_interval():
    assert read((0, 5), (60, 7), reading=Reading(ZoneInfo("UTC"), values="rate")).trace.rates == (5.0, 7.0)


# --- columns ---


def test_columns_are_found_by_their_names():
    found, said = columns_of(["id", "Timestamp", "RPS"], "t.csv")
    assert (found.time, found.value, found.values, found.header, said) == (1, 2, "rate", True, "")


def test_a_name_that_could_be_either_is_read_as_a_rate_and_that_is_said():
    found, said = columns_of(["time", "value"], "t.csv")
    assert (found.values, said) == ("rate", "value is read as requests/s")


def test_without_a_header_the_first_two_columns_are_taken_and_that_is_said():
    found, said = columns_of(["0", "60"], "t.csv")
    assert (found.header, found.values) == (False, "counts")
    assert "no header" in said


def test_columns_may_be_named():
    found, _ = columns_of(["when", "what", "who"], "t.csv", ["what", "who"], "counts")
    assert (found.time, found.value, found.values) == (1, 2, "counts")
    with pytest.raises(UsageError, match='no column "whom"; the columns are when, what'):
        columns_of(["when", "what"], "t.csv", ["when", "whom"])


# --- laws ---


@given(st.lists(st.integers(0, 10_000), min_size=2, max_size=50), st.randoms(use_true_random=False))
def test_the_order_of_rows_makes_no_difference(counts, chance):
    rows = [(index * 60, count) for index, count in enumerate(counts)]
    shuffled = chance.sample(rows, len(rows))
    assert read(*shuffled).trace == read(*rows).trace


@given(
    st.lists(
        st.tuples(
            st.one_of(st.floats(), st.text(max_size=8), st.integers()),
            st.one_of(st.floats(), st.text(max_size=8), st.none()),
        ),
        max_size=8,
    ),
    st.sampled_from(["fill", "refuse"]),
)
def test_whatever_the_cells_hold_there_is_a_trace_or_one_clear_error(cells, gaps):
    with suppress(UsageError):
        found = read(*cells, reading=Reading(ZoneInfo("Asia/Seoul"), gaps))
        assert all(0 <= rate < float("inf") for rate in found.trace.rates)
