"""A percentile has one definition: the table, a threshold, a comparison, a held rate and a stored run say the same."""

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outgrow.capacity.held_rate import held_rate
from outgrow.decide.comparison import compared
from outgrow.decide.gates import gates_of
from outgrow.decide.thresholds import judged
from outgrow.facts.buckets import RELATIVE_ERROR, together
from outgrow.facts.loads import LoadFacts, StepLoad
from outgrow.loadtest.record import latency_of
from outgrow.plan import Plan
from outgrow.plan.scenarios import Scenario
from outgrow.report.load_json import load_text, stored_load
from tests.decide.given_loads import run_of, seconds_of

SHARES = {"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99}
A_SECOND = st.lists(st.one_of(st.floats(1e-5, 100), st.floats(0.004, 0.006)), min_size=1, max_size=60)


def run_with(times: list[list[float]]) -> LoadFacts:
    made = run_of(seconds_of(*times))
    response = latency_of(together(second.steps["one"].response for second in made.timeline))
    whole = StepLoad("one", {}, {}, response, None, None)
    return replace(made, whole=whole, steps=(whole,))


def in_thresholds(run: LoadFacts, over: str = "") -> list[float | None]:
    more = {"over": over} if over else {}
    asked = {
        "target": "http://127.0.0.1",
        "target_rps": 1,
        "duration": "9s",
        "steps": [{"name": "one"}],
        "thresholds": {name: {"threshold": "1 s", **more} for name in SHARES},
    }
    gates = gates_of(Plan(outgrow=1, name="shop"), Scenario.model_validate(asked).thresholds)
    return [each.value for each in judged(gates, run, 1)]


@settings(max_examples=40)
@given(st.lists(A_SECOND, min_size=1, max_size=4))
def test_every_place_gives_the_inverted_cdf_of_what_was_recorded_within_its_error(times: list[list[float]]):
    run = run_with(times)
    recorded = [each for second in times for each in second]

    table = [getattr(run.whole.response, f"{name}_seconds") for name in SHARES]
    exact = [float(np.quantile(recorded, share, method="inverted_cdf")) for share in SHARES.values()]
    measures = compared([run], [run], np.random.default_rng(1)).steps[0].measures
    level = held_rate(run, 1.0, 0)

    assert table == pytest.approx(exact, rel=RELATIVE_ERROR)
    assert in_thresholds(run) == table
    assert in_thresholds(run, f"{len(times)}s") == table
    assert [each.a for each in measures[:3]] == pytest.approx([table[index] for index in (0, 2, 3)])
    assert [level.p50_seconds, level.p95_seconds, level.p99_seconds] == [table[index] for index in (0, 2, 3)]


def test_a_stored_run_gives_the_percentiles_that_it_had(tmp_path):
    rng = np.random.default_rng(7)
    run = run_with([list(rng.lognormal(-5, 0.6, 25)) for _ in range(2)])
    (tmp_path / "run.json").write_text(load_text(run))

    stored = stored_load(tmp_path / "run.json")

    assert stored.whole.response == run.whole.response
    assert in_thresholds(stored) == in_thresholds(run)
    assert json.loads(load_text(run))["whole"]["response"]["p95_seconds"] == in_thresholds(run)[2]
