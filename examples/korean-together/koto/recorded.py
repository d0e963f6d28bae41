"""Recorded series for what no database of the demo can answer: the object store's counter, a probe in Jakarta."""

import csv
from datetime import timedelta
from pathlib import Path

import numpy as np

from koto.demand import DAY, EPOCH, MINUTE, Floats, Micros, Scenario, sessions_per_minute

STEP_MINUTES = 10
BYTES_PER_SESSION = 7.4e6
RESTART_BEFORE_DAYS = 9.3  # the object store was restarted then: its counter began at zero again
PROBE_FAILS = 0.004


def write_recordings(scenario: Scenario, folder: Path) -> list[Path]:
    """Write `object-store.csv` (time, sent_bytes) and `jakarta-probe.csv` (time, mean_latency_ms).

    A probe that failed is an empty cell.
    """
    counter_seed, probe_seed = np.random.SeedSequence(scenario.seed).spawn(6)[4:]
    times = np.arange(scenario.start_micros, scenario.end_micros, STEP_MINUTES * MINUTE) + STEP_MINUTES * MINUTE
    counter = _sent_bytes(scenario, times, np.random.default_rng(counter_seed))
    probe = _round_trips(scenario, times, np.random.default_rng(probe_seed))
    return [
        _write(folder / "object-store.csv", "sent_bytes", times, [str(sent) for sent in counter]),
        _write(
            folder / "jakarta-probe.csv",
            "mean_latency_ms",
            times,
            ["" if np.isnan(latency) else f"{latency:.1f}" for latency in probe],
        ),
    ]


def _sent_bytes(scenario: Scenario, times: Micros, rng: np.random.Generator) -> Micros:
    """A counter that rises with the sessions."""
    demand = sessions_per_minute(scenario).sum(axis=0)[-len(times) * STEP_MINUTES :]
    sessions = demand.reshape(len(times), STEP_MINUTES).sum(axis=1)
    sent = np.cumsum(sessions * BYTES_PER_SESSION / scenario.scale * rng.lognormal(0, 0.25, len(times))).astype(
        np.int64
    )
    restarted = times > scenario.end_micros - RESTART_BEFORE_DAYS * DAY
    return np.where(restarted, sent - sent[~restarted].max(initial=0), sent)


def _round_trips(scenario: Scenario, times: Micros, rng: np.random.Generator) -> Floats:
    """Around 250 ms, worse in Jakarta's evening, creeping up by a third of a millisecond a day."""
    hour = (times / DAY * 24 + 7) % 24  # Western Indonesia has no summer time
    evening = 22 * np.exp(-0.5 * ((hour - 20) / 2.5) ** 2)
    age = (times - scenario.end_micros) / DAY
    latency = 248 + 0.35 * age + evening + 6 * rng.standard_normal(len(times))
    return np.where(rng.random(len(times)) < PROBE_FAILS, np.nan, latency)


def _write(path: Path, column: str, times: Micros, values: list[str]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["time", column])
        for moment, value in zip(times.tolist(), values, strict=True):
            at = EPOCH + timedelta(microseconds=moment)
            writer.writerow([at.isoformat(timespec="seconds").replace("+00:00", "Z"), value])
    return path
