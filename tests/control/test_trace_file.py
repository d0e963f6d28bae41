"""Recorded traffic as people have it on their disks: each file is read, or refused with one clear sentence."""

import gzip
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
from pyarrow import parquet

from outgrow.control.live_replicas import replicas_in_file
from outgrow.control.trace_file import TraceFile, read_trace
from outgrow.errors import UsageError
from outgrow.simulate.recording import Recording
from outgrow.simulate.trace import Trace

SEOUL = ZoneInfo("Asia/Seoul")
BEGIN = datetime(2026, 3, 1, tzinfo=UTC)
MOMENTS = [BEGIN + timedelta(minutes=minute) for minute in range(4)]
TRACE = Trace(60, (5.0, 7.0, 0.0, 6.5), BEGIN)
CELLS = [(f"{at:%Y-%m-%dT%H:%M:%SZ}", f"{rate:g}") for at, rate in zip(MOMENTS, TRACE.rates, strict=True)]
ROWS = [",".join(each) for each in CELLS]


def lines(*each: str) -> str:
    return "\n".join((*each, ""))


TEXT = lines("time,rps", *ROWS)

Read = Callable[..., Recording]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    def reading(content: bytes | str, name: str = "t.csv", **options) -> Recording:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return read_trace(TraceFile(path, SEOUL, **options))

    return reading


# --- what is read ---


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (TEXT, "t.csv"),
        (TEXT.replace("\n", "\r\n"), "windows.csv"),
        (TEXT.replace("\n", "\r\n").encode("utf-8-sig"), "excel.csv"),
        (TEXT.replace(",", ";"), "semicolons.csv"),
        (TEXT.replace(",", "\t"), "t.tsv"),
        (TEXT.replace(",", "\t").encode("utf-8-sig"), "t.txt"),
        (gzip.compress(TEXT.encode()), "t.csv.gz"),
        (gzip.compress(TEXT.replace(",", "\t").encode("utf-8-sig")), "T.TSV.GZ"),
        (gzip.compress(TEXT[:30].encode()) + gzip.compress(TEXT[30:].encode()), "two-members.csv.gz"),
        (f"\n\n  \n{TEXT}\n , \n", "blank-lines.csv"),
        (lines('"time","rps"', *(f'"{at}","{rate}"' for at, rate in CELLS)), "quoted.csv"),
        (lines("region,time,rps", *(f"kr,{row}" for row in ROWS)), "third-column.csv"),
        (lines("시각,초당요청", *ROWS), "한국어.csv"),
        (lines("Timestamp,QPS", *ROWS), "capitals.csv"),
        (lines("time,rps", *reversed(ROWS)), "backwards.csv"),
        (lines("time,rps", *ROWS, ROWS[2]), "a-row-twice.csv"),
        (lines("time,requests", "1772323200,300", "1772323260,420", "1772323320,0", "1772323380,390"), "epoch.csv"),
        (lines("ts,rps", "1772323200000,5", "1772323260000,7", "1772323320000,0", "1772323380000,6.5"), "millis.csv"),
        (
            lines("time,rps", *(f"2026-03-01 09:0{minute},{rate}" for minute, (_, rate) in enumerate(CELLS))),
            "local.csv",
        ),
        (
            lines("time,rps", "2026-03-01T09:00+09:00,5", "2026-02-28T19:01-05:00,7", "2026-03-01 09:02,0", ROWS[3]),
            "z.csv",
        ),
    ],
)
def test_the_same_traffic_is_read_however_it_was_written(read: Read, content: bytes | str, name: str) -> None:
    assert read(content, name).trace == TRACE


def test_columns_of_any_language_may_be_named(read: Read) -> None:
    text = lines("기록한 때,들어온 수,서버", *(f"{row},a" for row in ROWS))
    assert read(text, columns=("기록한 때", "들어온 수"), values="rate").trace == TRACE


def test_a_day_on_which_the_clock_goes_back_has_every_hour(tmp_path: Path) -> None:
    hours = [f"2026-10-25 {hour:02}:{minute:02},5" for hour in (1, 2, 2, 3) for minute in (0, 30)]
    (tmp_path / "t.csv").write_text("\n".join(["time,rps", *hours]))
    found = read_trace(TraceFile(tmp_path / "t.csv", ZoneInfo("Europe/Berlin")))
    assert found.trace == Trace(1800, (5.0,) * 8, datetime(2026, 10, 24, 23, tzinfo=UTC))


def test_a_gap_is_filled_where_that_is_asked_for_and_counted(read: Read) -> None:
    found = read(lines("time,rps", ROWS[0], ROWS[1], ROWS[3]), gaps="fill")
    assert (found.trace.rates, found.missing) == ((5.0, 7.0, 6.75, 6.5), 1)
    assert found.notes == ("1 of 4 intervals were missing and drawn along straight lines",)


# --- Parquet ---


@pytest.mark.parametrize(
    "times",
    [
        pa.array(MOMENTS, pa.timestamp("ns", "UTC")),
        pa.array(MOMENTS, pa.timestamp("ms", "Asia/Seoul")),
        pa.array([at.astimezone(SEOUL).replace(tzinfo=None) for at in MOMENTS], pa.timestamp("us")),
        pa.array([int(at.timestamp()) for at in MOMENTS]),
        pa.array([at.timestamp() * 1000 for at in MOMENTS]),
        pa.array([at.isoformat() for at in MOMENTS]),
    ],
)
@pytest.mark.parametrize("kind", [pa.float64(), pa.float32(), pa.decimal128(9, 2)])
def test_parquet_is_read_whatever_the_type_of_its_columns(tmp_path: Path, times, kind) -> None:
    path = tmp_path / "t.parquet"
    rates = pa.array([5, 7, 0, 6.5], pa.float64()).cast(kind)
    parquet.write_table(pa.table({"host": ["a"] * 4, "time": times, "rps": rates}), path)
    assert read_trace(TraceFile(path, SEOUL)).trace == TRACE


def test_nothing_and_no_number_in_parquet_are_gaps(tmp_path: Path) -> None:
    path = tmp_path / "t.pq"
    for hole in (None, float("nan")):
        parquet.write_table(pa.table({"ts": [0, 60, 120], "요청수": [60.0, hole, 180.0]}), path)
        assert read_trace(TraceFile(path, SEOUL, "fill")).trace.rates == (1.0, 2.0, 3.0)
        with pytest.raises(UsageError, match=r"t\.pq, row 2: has no number"):
            read_trace(TraceFile(path, SEOUL))


# --- what is refused ---


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "t.csv: is empty"),
        ("\n \r\n", "t.csv: is empty"),
        ("time,rps\n", "t.csv: no rows; a trace has at least 2"),
        (f"time,rps\n{ROWS[0]}", "t.csv: one row; a trace has at least 2"),
        ("a,b\n1,2\n", "the columns are a, b; which are time and requests?"),
        ("time,rps\n0,5\n60,-1\n", "t.csv:3: -1 requests"),
        ("time,rps\n0,5\n60,1e300\n", "t.csv:3: 1e+300 requests are beyond counting"),
        ("time,rps\n0,5\n60,inf\n", "t.csv:3: inf requests"),
        ("time,rps\n0,5\n60,NaN\n120,6\n", "t.csv:3: has no number"),
        ("time,rps\n0,5\n60\n120,6\n", "t.csv:3: has no number"),
        ("time,rps\n0,\n60,5\n120,6\n", "t.csv:2: has no number"),
        ("time,rps\n0,\n60,null\n120,NaN\n", "t.csv: no row has a number"),
        ("time,rps\n0,5\n60,6\n180,6\n", "t.csv:4: comes 120 s after the row before"),
        ("time,rps\n0,5\n60,6\n60,7\n", "t.csv:4 and t.csv:3 speak differently of the same moment"),
        ("time;rps\n0;5,5\n60;6,5\n", "t.csv:2: '5,5' is not a number of requests; write digits"),
        ("time,rps\n0,5\n03/01/2026 00:01,6\n", '"03/01/2026 00:01" is no time'),
        ("time,rps\n0,5\n\n1,4\n2,3\n999999999,3\n", "t.csv:6: 999,999,999 intervals of 1 s in all; is a time wrong?"),
        ('time,rps\n0,"5\n60,6\n', "look at the quotes in that line"),
        ("시각,요청수\n0,5\n60,6\n".encode("cp949"), "not UTF-8 text; save it as UTF-8"),
        (TEXT.encode("utf-16"), "not UTF-8 text"),
    ],
)
def test_a_file_that_cannot_be_trusted_is_refused_with_its_place(read: Read, content, message: str) -> None:
    with pytest.raises(UsageError) as refused:
        read(content)
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("content", "name", "message"),
    [
        (TEXT.encode(), "t.csv.gz", "damaged: Not a gzipped file"),
        (gzip.compress(TEXT.encode())[:-9], "t.csv.gz", "damaged: Compressed file ended"),
        (gzip.compress(TEXT.encode())[:20] + b"x" * 40, "t.csv.gz", "damaged"),
        (TEXT.encode(), "t.parquet", "no Parquet file"),
        (b"", "t.parquet", "no Parquet file"),
        (TEXT.encode(), "t.xlsx", "its name should end in .csv"),
    ],
)
def test_a_file_that_is_not_what_its_name_says_is_refused(read: Read, content: bytes, name: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        read(content, name)


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    for name in ("t.csv", "t.csv.gz", "t.parquet"):
        with pytest.raises(UsageError, match="cannot be read: No such file"):
            read_trace(TraceFile(tmp_path / name, SEOUL))


# --- counts of replicas ---


def test_replicas_are_read_from_the_same_kinds_of_file(tmp_path: Path) -> None:
    text = "time,replicas\r\n2026-03-01T00:02:00Z,4\r\n2026-03-01T09:00:00+09:00,3\r\n2026-03-01 09:01,\r\n"
    expected = [(BEGIN.timestamp(), 3.0), (BEGIN.timestamp() + 60, None), (BEGIN.timestamp() + 120, 4.0)]
    for name, content in {
        "r.csv": text.encode("utf-8-sig"),
        "r.csv.gz": gzip.compress(text.encode()),
        "r.tsv": text.replace(",", "\t").encode(),
        "한국어.csv": text.replace("time,replicas", "시각,복제본").encode(),
    }.items():
        (tmp_path / name).write_bytes(content)
        assert replicas_in_file(tmp_path / name, SEOUL) == expected
    parquet.write_table(pa.table({"time": MOMENTS[:3], "replicas": [3, None, 4]}), tmp_path / "r.parquet")
    assert replicas_in_file(tmp_path / "r.parquet", SEOUL) == expected


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "is empty"),
        ("time,what\n0,1\n", "write a header time,replicas"),
        ("time,replicas\n0,-1\n", "r.csv:2: -1 replicas"),
        ("time,replicas\n0,inf\n", "r.csv:2: inf replicas"),
        ("time,replicas\n0,many\n", "r.csv:2: 'many' is no number of replicas"),
        ("time,replicas\nsoon,1\n", '"soon" is no time'),
    ],
)
def test_counts_that_cannot_be_trusted_are_refused(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "r.csv").write_text(content)
    with pytest.raises(UsageError, match=message):
        replicas_in_file(tmp_path / "r.csv", SEOUL)
