"""Are the dates that `outgrow check` prints true? Made-up series whose truth is known, and recorded ones that went on.

    python bench/bench_forecast.py [--runs 400] [--traces DIRECTORY] [--look first] [--only made-up]

1. Trendless series: how often is a date named although nothing grows?
2. Growing series: how often does the 90 % interval hold the day on which the daily level first crossed?
3. Recorded series, rolling origin: every 5 days the forecast sees only the past; the future tells who was right.

The rivals run on the same series: a straight line through all samples (as predict_linear draws it), a straight line
through the daily levels with its prediction band, and AutoETS and AutoTheta where statsforecast is installed. The
recorded series are those of `--traces` (gzip CSV `seconds,requests`); without it, the ones in bench/data.

Columns of 2: dated = a date was named; of these: covered = the interval held the first day beyond; covered (expected
level) = it held the day on which the expected level crosses; early = the crossing came before the interval; open = no
latest day; error and width = medians, in days.
Columns of 3: covered = of the intervals that the days seen can judge; by the day = crossed by the day named (a median
should be right half of the time), where that day was seen; said 60 d = a date within 60 days was named, false = of
these, not crossed within 60 days, never = not crossed as long as was seen; crossed 60 d = crossed within 60 days,
missed = of these, no date within 60 days was named; error = median distance of the day named from the day it came.
"""

import argparse
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

import numpy as np
from forecast_trial.made_up import Tally, coverage, daily_cycle, false_dates, with_days_noise, with_shift
from forecast_trial.methods import METHODS, Past
from forecast_trial.recorded import FIRST_LOOK, LAST_LOOK, Score, Trial, judge
from rich.console import Console
from rich.table import Table

HISTORIES = (14, 21, 28, 60, 90)
TRENDLESS = {
    "daily cycle, noise 2, threshold 80": (daily_cycle(0, 2), 80.0),
    "the same, threshold 90": (daily_cycle(0, 2), 90.0),
    "whole days move too (sd 2, fading by 0.5)": (with_days_noise(0, 2, 0.5), 90.0),
    "lower by 15 at weekends": (with_days_noise(0, 1, 0.0, weekend=15), 90.0),
}
GROWING = {
    "noise 1": daily_cycle(0.5, 1),
    "noise 2": daily_cycle(0.5, 2),
    "noise 5": daily_cycle(0.5, 5),
    "noise 10": daily_cycle(0.5, 10),
    "days move (sd 2, fading by 0.5)": with_days_noise(0.5, 2, 0.5),
    "lower by 15 at weekends": with_days_noise(0.5, 1, 0.0, weekend=15),
}
SHIFTED = {f"rose by 40, {days} days ago": with_shift(0.5, 40, days) for days in (1, 2, 3, 7, 20, 40)}
AHEAD = 30
console = Console(width=170)


def percent(share: float) -> str:
    """Word a share; nothing where there is none."""
    return "-" if share != share else f"{share:.1%}"  # noqa: PLR0124 (NaN)


def table(title: str, *columns: str) -> Table:
    """Begin a table: the first columns name, the rest count."""
    made = Table(title=title, title_justify="left")
    for index, column in enumerate(columns):
        made.add_column(column, justify="left" if index == 0 else "right")
    return made


def trendless(runs: int) -> None:
    """Print how often each method names a date on series that do not grow."""
    made = table(
        f"1. Trendless: a date was named, though nothing grows ({runs} runs a cell)", "series", "days", *METHODS
    )
    for title, (make, threshold) in TRENDLESS.items():
        for history in HISTORIES:
            shares = false_dates(make, history, threshold, runs, METHODS)
            made.add_row(title, str(history), *(percent(shares[name]) for name in METHODS))
    console.print(made)


def growing(runs: int) -> None:
    """Print how often the intervals hold the day of the crossing."""
    columns = (
        "series",
        "days",
        "method",
        "dated",
        "covered",
        "covered (expected level)",
        "early",
        "open",
        "error",
        "width",
    )
    made = table(f"2. +0.5 a day, crossing {AHEAD} days ahead ({runs} runs a cell): 90 % intervals", *columns)
    settings = [(title, make, history) for title, make in GROWING.items() for history in HISTORIES]
    settings += [(title, make, 60) for title, make in SHIFTED.items()]
    for title, make, history in settings:
        for name, tally in coverage(make, 0.5, history, AHEAD, runs, METHODS).items():
            if name != "line, raw samples":
                made.add_row(title, str(history), name, *_tally_cells(tally, plain=title.startswith("noise")))
    console.print(made)


def _tally_cells(tally: Tally, *, plain: bool) -> Sequence[str]:
    """Word the counts; only where every day is alike is there one day on which the expected level crosses."""
    return (
        percent(tally.dated / tally.runs if tally.runs else float("nan")),
        percent(tally.share(tally.covered)),
        percent(tally.share(tally.covered_mean)) if plain else "-",
        percent(tally.share(tally.early)),
        percent(tally.share(tally.open_ended)),
        f"{median(abs(each) for each in tally.errors):.0f} d" if tally.errors else "-",
        f"{median(tally.widths):.0f} d" if tally.widths else "-",
    )


def recorded(trials: Sequence[Trial], directory: Path, title: str) -> None:
    """Print what came of the forecasts at rolling origins."""
    columns = (
        "series",
        "days",
        "method",
        "cases",
        "dated",
        "covered",
        "by the day",
        "said 60 d",
        "false",
        "never",
        "crossed 60 d",
        "missed",
    )
    made = table(title, *columns, "error")
    totals = {name: Score() for name in METHODS}
    for trial in trials:
        if not (directory / f"{trial.file}.csv.gz").exists():
            console.print(f"{trial.title}: {trial.file}.csv.gz is not in {directory}; left out")
            continue
        for samples in (1, 3):
            named = f"{trial.title}, {'highest sample' if samples == 1 else f'{samples} samples sustained'}"
            for (method, history), score in sorted(
                judge(trial, directory, samples, METHODS).items(),
                key=lambda each: (each[0][1], list(METHODS).index(each[0][0])),
            ):
                made.add_row(named, str(history), method, *_score_cells(score))
                totals[method] += score
            made.add_section()
    for method, score in totals.items():
        made.add_row("all of these", "", method, *_score_cells(score))
    console.print(made)


def _score_cells(score: Score) -> Sequence[str]:
    def of(count: int, whole: int) -> str:
        return percent(count / whole if whole else float("nan"))

    return (
        str(score.cases),
        of(score.dated, score.cases),
        f"{of(score.covered, score.decided)} of {score.decided}",
        f"{of(score.crossed_by_day, score.due)} of {score.due}",
        str(score.soon),
        of(score.false, score.soon),
        of(score.never, score.soon),
        str(score.crossed),
        of(score.missed, score.crossed),
        f"{median(score.errors):.0f} d" if score.errors else "-",
    )


def speed() -> None:
    """Print what one forecast of 60 days costs."""
    make = daily_cycle(0.5, 2)
    raw = make(60, np.random.default_rng(1))
    past = Past(raw, raw.max(axis=1))
    for name, method in METHODS.items():
        method(past, 130.0)
        began = time.process_time()
        for _ in range(10):
            method(past, 130.0)
        console.print(f"{name}: {(time.process_time() - began) * 100:.1f} ms of processor time a forecast of 60 days")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=400, help="made-up series per cell")
    parser.add_argument(
        "--traces", type=Path, default=Path(__file__).parent / "data", help="directory of recorded series"
    )
    parser.add_argument("--look", choices=("first", "last", "both"), default="both", help="which recorded parts")
    parser.add_argument("--only", choices=("made-up", "recorded", "speed"), help="a part of the bench")
    given = parser.parse_args()
    if given.only in {None, "made-up"}:
        trendless(given.runs)
        growing(given.runs)
    if given.only in {None, "recorded"} and given.look in {"first", "both"}:
        recorded(FIRST_LOOK, given.traces, "3a. Recorded, the parts looked at while the method was made")
    if given.only in {None, "recorded"} and given.look in {"last", "both"}:
        recorded(LAST_LOOK, given.traces, "3b. Recorded, the parts held back until it was done")
    if given.only in {None, "speed"}:
        speed()


if __name__ == "__main__":
    main()
