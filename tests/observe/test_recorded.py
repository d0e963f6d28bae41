"""Recorded series: CSV and Parquet, with times as people write them; broken files are told by their line."""

import csv
import gzip
import io
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from outgrow.errors import Failure
from outgrow.facts.samples import Absence, Measured, labels_of
from outgrow.observe.recorded import RecordedSignals
from outgrow.observe.recorded.series import Times, series_of
from outgrow.observe.recorded.table import Table
from outgrow.plan.signals import QuerySignal
from outgrow.plan.sources import RecordedRead, RecordedSource
from outgrow.quantity import Duration
from tests.observe.reads import failure_of, missing_of, sample_of, signal, value_of, value_or_absence

NINE = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
UTC_TIMES = Times(ZoneInfo("UTC"), datetime(1970, 1, 1, tzinfo=UTC))


def column(name: str = "value", where: dict[str, str] | None = None, **options: Any) -> QuerySignal:
    return signal(RecordedRead(column=name, where=where or {}), **options)


def recording(folder: Path, text: str | bytes, name: str = "load.csv", **options: Any) -> RecordedSignals:
    (folder / name).write_bytes(text.encode() if isinstance(text, str) else text)
    return RecordedSignals(RecordedSource(kind="recorded", path=name, **options), {}, folder)


async def values_at(source: RecordedSignals, wanted: QuerySignal, instants: Sequence[datetime]) -> list[Any]:
    observed = await source.past(wanted, instants, NINE)
    return [value_or_absence(each.sample) for each in observed]


@pytest.mark.parametrize(
    ("cell", "options"),
    [
        ("2026-11-21T09:00:00Z", {}),
        ("2026-11-21T09:00:00+00:00", {"timezone": "Asia/Seoul"}),
        ("2026-11-21 18:00:00", {"timezone": "Asia/Seoul"}),
        ("2026-11-21T18:00:00.000+09:00", {}),
        ("20261121T090000Z", {}),
        ("1795251600", {}),
        ("1795251600.0", {}),
        ("3600", {"starts_at": "2026-11-21T08:00:00Z"}),
        ("3600", {"starts_at": "2026-11-21T17:00:00", "timezone": "Asia/Seoul"}),
        (" 1795251600 ", {}),
    ],
)
async def test_times_are_read_as_they_are_written(tmp_path: Path, cell: str, options: dict[str, str]):
    source = recording(tmp_path, f"time,value\n{cell},7\n", **options)

    sample = await sample_of(source, column(), NINE)

    assert isinstance(sample, Measured)
    assert sample.value == 7
    assert sample.newest == NINE


async def test_a_row_speaks_until_the_next_or_for_two_intervals(tmp_path: Path):
    source = recording(tmp_path, "time,value\n2026-11-21T09:00:00Z,1\n2026-11-21T09:01:00Z,2\n")
    wanted = column(every=Duration.parse("1m"))
    offsets = [-1, 0, 59, 60, 180, 181]

    found = await values_at(source, wanted, [NINE + timedelta(seconds=each) for each in offsets])

    assert found == [Absence.EMPTY_WINDOW, 1, 1, 2, 2, Absence.EMPTY_WINDOW]


async def test_why_a_moment_is_empty_is_told(tmp_path: Path):
    source = recording(tmp_path, "time,value\n2026-11-21T09:00:00Z,1\n")

    before = await missing_of(source, column(), NINE - MINUTE)
    after = await missing_of(source, column(every=Duration.parse("1h")), NINE + timedelta(hours=3))

    assert before == (Absence.EMPTY_WINDOW, "the recording begins at 2026-11-21 09:00:00 UTC")
    assert after == (Absence.EMPTY_WINDOW, "the newest row is of 2026-11-21 09:00:00 UTC, more than 2 x 1h before")


async def test_a_delay_gives_an_earlier_value(tmp_path: Path):
    source = recording(tmp_path, "time,value\n2026-11-21T08:59:00Z,1\n2026-11-21T09:00:00Z,2\n")

    sample = await sample_of(source, column(delay=Duration.parse("30s")), NINE)

    assert isinstance(sample, Measured)
    assert (sample.at, sample.value) == (NINE - timedelta(seconds=30), 1)


@pytest.mark.parametrize(
    ("cell", "absence"),
    [("", "NULL"), ("null", "NULL"), ("NULL", "NULL"), ("NaN", "NOT_A_NUMBER"), ("inf", "NOT_A_NUMBER")],
)
async def test_cells_without_a_number_are_missing(tmp_path: Path, cell: str, absence: str):
    source = recording(tmp_path, f"time,value\n1795251600,{cell}\n")

    assert (await missing_of(source, column(), NINE))[0] is Absence[absence]


async def test_rows_may_come_in_any_order_and_repeat_themselves(tmp_path: Path):
    source = recording(tmp_path, "time,value\n1795251660,2\n1795251600,1\n1795251660,2\n\n1795251720,\n1795251720,\n")

    found = await values_at(source, column(), [NINE, NINE + MINUTE, NINE + 2 * MINUTE])

    assert found == [1, 2, Absence.NULL]


async def test_rows_that_contradict_one_another_are_told_by_their_lines(tmp_path: Path):
    source = recording(tmp_path, "time,region,value\n1795251600,kr,1\n1795251600,id,2\n")

    told = await failure_of(source, column(), Failure.BAD_ANSWER)

    assert "load.csv:3 and load.csv:2 speak differently of the same moment" in told
    assert "by: [column]" in told


async def test_labels_tell_rows_apart_and_where_picks_some(tmp_path: Path):
    rows = "time,region,host,value\n1795251600,kr,a,1\n1795251600,kr,b,2\n1795251600,id,a,3\n1795251000,id,b,4\n"
    source = recording(tmp_path, rows)

    by_both = await source.observe(column(by=("region", "host")), NINE)
    of_host_a = await source.observe(column(where={"host": "a"}, by=("region",)), NINE)
    one = await value_of(source, column(where={"host": "a", "region": "id"}), NINE)

    # the label set whose row is too old has no observation
    assert {each.labels: value_or_absence(each.sample) for each in by_both} == {
        labels_of({"region": "kr", "host": "a"}): 1,
        labels_of({"region": "kr", "host": "b"}): 2,
        labels_of({"region": "id", "host": "a"}): 3,
    }
    assert {each.labels: value_or_absence(each.sample) for each in of_host_a} == {
        labels_of({"region": "kr"}): 1,
        labels_of({"region": "id"}): 3,
    }
    assert one == 3


async def test_a_recording_without_rows_is_an_empty_window(tmp_path: Path):
    source = recording(tmp_path, "time,region,value\n")

    assert (await missing_of(source, column(), NINE))[0] is Absence.EMPTY_WINDOW
    assert list(await source.observe(column(by=("region",)), NINE)) == []


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("time,value\r\n1795251600,7\r\n", "load.csv"),
        ("\ufefftime,value\n1795251600,7\n", "load.csv"),
        ('"time" , "value"\n"1795251600","7"\n'.replace(" ,", ",").replace(", ", ","), "load.csv"),
        ("time;note;value\n1795251600;a, b;7\n".replace(",", ""), "load.csv"),
        ("time\tvalue\n1795251600\t7\n", "load.tsv"),
        (gzip.compress(b"time,value\n1795251600,7\n"), "LOAD.CSV.GZ"),
    ],
)
async def test_csv_is_read_in_its_usual_dialects(tmp_path: Path, text: str | bytes, name: str):
    assert await value_of(recording(tmp_path, text, name), column(), NINE) == 7


@pytest.mark.parametrize(
    ("text", "failure", "words"),
    [
        ("time,value\n1795251600,1\n1795251660,many\n", Failure.BAD_ANSWER, 'load.csv:3: "many" in the column value'),
        ("time,value\nyesterday,1\n", Failure.BAD_ANSWER, 'load.csv:2: "yesterday" is no time'),
        ("time,value\n,1\n", Failure.BAD_ANSWER, 'load.csv:2: "" is no time'),
        ("time,value\n1e300,1\n", Failure.BAD_ANSWER, "is no time"),
        ("time,value\n1795251600000,1\n", Failure.BAD_ANSWER, "not milliseconds"),
        ("time,value\nnan,1\n", Failure.BAD_ANSWER, "is no time"),
        ("time,value\n1795251600,1,2\n", Failure.BAD_ANSWER, "load.csv:2: 3 cells where the header names 2"),
        ("time,value\n1795251600\n", Failure.BAD_ANSWER, "load.csv:2: 1 cells"),
        (
            "time,vlaue\n1795251600,1\n",
            Failure.NO_SUCH_THING,
            'no column "value", but time, vlaue; did you mean vlaue?',
        ),
        ("at,value\n1795251600,1\n", Failure.NO_SUCH_THING, 'no column "time"'),
        ("time,value,value\n1795251600,1,2\n", Failure.BAD_ANSWER, 'two columns "value"'),
        ("", Failure.BAD_ANSWER, "no header line"),
        (b"time,value\n1795251600,\xff\xfe\n", Failure.BAD_ANSWER, "is not UTF-8"),
        ('time,value\n1795251600,"1\n', Failure.BAD_ANSWER, "load.csv:"),
    ],
)
async def test_a_broken_recording_is_told_by_its_line(tmp_path: Path, text: str | bytes, failure: Failure, words: str):
    assert words in await failure_of(recording(tmp_path, text), column(), failure)


async def test_files_that_cannot_be_read_are_told(tmp_path: Path):
    packed = gzip.compress(b"time,value\n" + b"1795251600,7\n" * 1000)
    (tmp_path / "folder.csv").mkdir()

    def source(name: str) -> RecordedSignals:
        return RecordedSignals(RecordedSource(kind="recorded", path=name), {}, tmp_path)

    cut, plain = recording(tmp_path, packed[:-20], "cut.csv.gz"), recording(tmp_path, "time,value\n", "plain.csv.gz")
    assert "is damaged" in await failure_of(cut, column(), Failure.BAD_ANSWER)
    assert "is damaged" in await failure_of(plain, column(), Failure.BAD_ANSWER)
    assert "there is no file" in await failure_of(source("none.csv"), column(), Failure.NO_SUCH_THING)
    assert "folder.csv" in await failure_of(source("folder.csv"), column(), Failure.NOT_PERMITTED)
    assert ".csv.gz" in await failure_of(source("load.xlsx"), column(), Failure.NOT_CONFIGURED)
    no_parquet = recording(tmp_path, "time,value\n", "load.parquet")
    assert "no Parquet file" in await failure_of(no_parquet, column(), Failure.BAD_ANSWER)


async def test_a_recording_that_grows_is_read_again(tmp_path: Path):
    source = recording(tmp_path, "time,value\n1795251600,1\n")
    assert await value_of(source, column(), NINE) == 1

    with (tmp_path / "load.csv").open("a") as file:
        file.write("1795251660,2\n")

    assert await value_of(source, column(), NINE + MINUTE) == 2


async def test_what_a_recording_covers_is_told(tmp_path: Path):
    source = recording(tmp_path, "time,value\n1795251600,1\n1795248000,2\n")

    inspection = await source.inspect()

    assert inspection.version == "the recording load.csv"
    assert inspection.notes == ("2 rows from 2026-11-21 08:00:00+00:00 to 2026-11-21 09:00:00+00:00",)


@pytest.mark.parametrize(
    "times",
    [
        pa.array([NINE.replace(tzinfo=None)], pa.timestamp("us", tz="UTC")),
        pa.array([NINE.replace(tzinfo=None)], pa.timestamp("ns")),
        pa.array([1795251600_000], pa.timestamp("ms", tz="Asia/Seoul")),
        pa.array([1795251600], pa.int64()),
        pa.array([1795251600.0], pa.float64()),
        pa.array([Decimal(1795251600)], pa.decimal128(12, 0)),
        pa.array(["2026-11-21T09:00:00Z"], pa.string()),
    ],
)
async def test_parquet_is_read_with_times_of_every_type(tmp_path: Path, times: Any):
    columns = {"time": times, "value": pa.array([7], pa.int32()), "other": pa.array([None], pa.string())}
    parquet.write_table(pa.table(columns), tmp_path / "load.parquet")
    source = RecordedSignals(RecordedSource(kind="recorded", path="load.parquet"), {}, tmp_path)

    assert await value_of(source, column(), NINE) == 7


async def test_parquet_has_rows_instead_of_lines(tmp_path: Path):
    columns = {"time": [1795251600, 1795251660, 1795251720], "value": ["1", None, "many"], "day": [NINE.date()] * 3}
    parquet.write_table(pa.table(columns), tmp_path / "load.parquet")
    source = RecordedSignals(RecordedSource(kind="recorded", path="load.parquet"), {}, tmp_path)

    assert 'load.parquet, row 3: "many"' in await failure_of(source, column(), Failure.BAD_ANSWER)
    assert "no column" in await failure_of(source, column("vlaue"), Failure.NO_SUCH_THING)
    assert "no number" in await failure_of(source, column("day"), Failure.BAD_ANSWER)


async def test_parquet_without_its_package_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)

    told = await failure_of(recording(tmp_path, b"", "load.parquet"), column(), Failure.NOT_INSTALLED)

    assert told == "reading Parquet needs pyarrow; pip install 'outgrow[parquet]'"


async def test_a_hundred_thousand_rows_answer_for_a_month_of_minutes(tmp_path: Path):
    text = io.StringIO()
    rows = csv.writer(text)
    rows.writerow(["seconds", "requests"])
    rows.writerows([60 * minute, minute % 1440] for minute in range(100_000))
    source = recording(tmp_path, text.getvalue(), time_column="seconds", starts_at=NINE.isoformat())
    instants = [NINE + minute * MINUTE for minute in range(43_200)]

    found = await values_at(source, column("requests"), instants)

    assert found == [minute % 1440 for minute in range(43_200)]


@given(st.lists(st.tuples(st.integers(0, 50), st.none() | st.floats(allow_nan=False)), max_size=30))
def test_a_series_gives_the_last_row_at_or_before_any_moment(rows: list[tuple[int, float | None]]):
    told = dict(rows)
    kept = [(second, told[second]) for second, _ in rows]
    table = Table("x.csv", {"time": [second for second, _ in kept], "value": [value for _, value in kept]}, ())
    epoch = datetime(1970, 1, 1, tzinfo=UTC)

    for series in series_of(table, "time", "value", (), {}, UTC_TIMES).values():
        found = series.rows_at([epoch + timedelta(seconds=second) for second in range(52)])

        for second, row in enumerate(found):
            expected = max((each for each in told if each <= second), default=None)
            assert (series.moment(int(row)) if row >= 0 else None) == (
                None if expected is None else epoch + timedelta(seconds=expected)
            )
            if expected is not None:
                assert bool(series.null[row]) == (told[expected] is None)
                assert series.null[row] or series.values[row] == told[expected]


def test_a_start_that_is_no_moment_is_refused_by_the_plan():
    with pytest.raises(ValueError, match="is not a moment"):
        RecordedSource(kind="recorded", path="x.csv", starts_at="yesterday")
