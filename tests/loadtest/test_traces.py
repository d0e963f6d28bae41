"""Recorded load: arrivals one by one, or rates over time; what a file does not hold is told with its place."""

import gzip
import itertools

import numpy as np
import pytest

from outgrow.errors import UsageError
from outgrow.facts.loads import Outcome
from outgrow.loadtest.course import arrivals_of, timetable_of
from outgrow.loadtest.run import run_load
from outgrow.loadtest.schedule import Share
from outgrow.plan.asked_load import rehearsed
from tests.loadtest.servers import OK, answering, scenario, serving

TARGET = "http://127.0.0.1:9"


def played(tmp_path, text, **options):
    (tmp_path / "trace.csv").write_text(text)
    made = scenario(TARGET, trace={"file": "trace.csv", **options})
    return made, timetable_of(made, tmp_path, "scenarios.day.trace")


def moments(made, timetable, share=None):
    chunks = list(arrivals_of(made, share or Share(), timetable))
    return np.concatenate([chunk.seconds for chunk in chunks]).tolist() if chunks else []


def test_single_arrivals_are_played_from_the_first_and_as_fast_as_asked(tmp_path):
    made, timetable = played(tmp_path, "at,who\n100.5,a\n100,b\n\n104,c\n", speed=2)

    assert moments(made, timetable) == [0, 0.25, 2]
    assert timetable.planned == 3
    assert timetable.seconds == 2
    assert timetable.highest == 2


def test_moments_may_be_dates(tmp_path):
    made, timetable = played(tmp_path, "at\n2026-01-01T00:00:00Z\n2026-01-01T09:00:01+09:00\n")

    assert moments(made, timetable) == [0, 1]


def test_counts_become_rates_at_any_speed_and_scale(tmp_path):
    text = "seconds,requests\n0,600\n60,0\n120,1200\n"

    _, timetable = played(tmp_path, text, at="seconds", count="requests")
    _, faster = played(tmp_path, text, count="requests", speed=60, scale=0.5)

    assert [timetable.rate.at(moment) for moment in (0, 59, 61, 179)] == [10, 10, 0, 20]
    assert (timetable.seconds, timetable.planned) == (180, 1800)
    assert (faster.seconds, faster.planned) == (3, 900)
    assert faster.rate.at(0) == 300


def test_rates_are_taken_as_they_are_from_a_compressed_file(tmp_path):
    (tmp_path / "day.csv.gz").write_bytes(gzip.compress(b"t,rps,other\n0,5,x\n10,7,y\n"))
    made = scenario(TARGET, trace={"file": "day.csv.gz", "rate": "rps"})

    timetable = timetable_of(made, tmp_path)

    assert [timetable.rate.at(moment) for moment in (1, 11)] == [5, 7]


def test_shares_of_a_trace_play_each_arrival_once(tmp_path):
    made, timetable = played(tmp_path, "at\n" + "\n".join(str(number / 7) for number in range(100)))

    parts = [moments(made, timetable, Share(index, 3)) for index in range(3)]

    assert sorted(itertools.chain(*parts)) == moments(made, timetable)


@pytest.mark.parametrize(
    ("text", "options", "why"),
    [
        ("at\nsoon\n", {}, r'scenarios.day.trace: trace.csv, line 2: "soon" is no moment'),
        ("at,n\n0,1\n5,many\n", {"count": "n"}, 'line 3: "many" is no number'),
        ("at,n\n0,1\n5,-1\n", {"count": "n"}, "line 3: -1 is no rate"),
        ("at,n\n5,1\n0,1\n", {"count": "n"}, "line 3: its moment is not after"),
        ("at,requests\n0,1\n1,1\n", {"count": "request"}, 'count: no column is called "request"; did you mean'),
        ("at\n", {}, "too few rows"),
        ("", {}, "is empty"),
        ("at\nnan\n", {}, "nan is no moment"),
    ],
)
def test_what_a_file_does_not_hold_is_told_with_its_place(tmp_path, text, options, why):
    with pytest.raises(UsageError, match=why):
        played(tmp_path, text, **options)


def test_a_file_that_is_not_there_or_no_text_is_told(tmp_path):
    (tmp_path / "bad.csv").write_bytes(b"\x1f\x8bnot really")
    for file, why in (("none.csv", "does not exist"), ("bad.csv", "cannot be read"), (".", "cannot be read")):
        with pytest.raises(UsageError, match=why):
            timetable_of(scenario(TARGET, trace={"file": file}), tmp_path)


async def test_a_trace_is_sent(tmp_path):
    (tmp_path / "trace.csv").write_text("at\n" + "\n".join(str(number / 100) for number in range(20)))

    async with serving(answering(OK)) as target:
        made = scenario(target, trace={"file": "trace.csv"})
        facts = await run_load("day", made, {}, lambda _: None, tmp_path)

    assert facts.whole.outcomes == {Outcome.DONE: 20}


def test_a_share_of_single_arrivals_is_spread_evenly_over_them(tmp_path):
    rows = "".join(f"{at}\n" for at in range(100))
    made, timetable = played(tmp_path, f"at\n{rows}", scale=0.25)

    assert moments(made, timetable) == list(range(0, 100, 4))


@pytest.mark.parametrize("column", [None, "count"])
def test_a_rehearsal_of_a_recording_is_as_much_shorter_and_as_much_slower(tmp_path, column):
    rows = "".join(f"{at},10\n" if column else f"{at / 10}\n" for at in range(101 if column else 1001))
    options = {"at": "at", "count": column} if column else {}
    made, timetable = played(tmp_path, f"at,count\n{rows}" if column else f"at\n{rows}", **options)

    small = timetable_of(rehearsed(made, 0.2), tmp_path)

    assert small.seconds == pytest.approx(0.2 * timetable.seconds, rel=0.02)
    assert small.planned / small.seconds == pytest.approx(0.2 * timetable.planned / timetable.seconds, rel=0.05)


@pytest.mark.parametrize(
    ("executor", "iterations", "left"), [("shared-iterations", 1000, 100), ("per-vu-iterations", 4, 1)]
)
def test_a_rehearsal_of_iterations_makes_as_many_fewer(executor, iterations, left):
    made = scenario(TARGET, vus=50, iterations=iterations, executor=executor)

    small = rehearsed(made, 0.1)

    assert (small.vus, small.iterations) == (5, left)
