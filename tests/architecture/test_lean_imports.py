"""What a load test does not need, it does not import: memory is the generator's own, not the target's."""

import subprocess
import sys

import pytest

GENERATOR = {"numpy", "outgrow.autoscale", "outgrow.simulate", "outgrow.capacity", "outgrow.decide.forecast"}
PAGES = {*GENERATOR, "jinja2", "outgrow.report.load_view", "outgrow.report.report_view"}
WORKER = {
    *GENERATOR,
    "brotli",
    "backports",
    "click",
    "rich",
    "yaml",
    "outgrow.cli",
    "outgrow.report",
    "outgrow.control",
    "outgrow.wiring",
}
RUN = """
import asyncio, sys
from outgrow.loadtest.run import run_load
from outgrow.plan.scenarios import Scenario
given = {"target": "http://127.0.0.1:9", "target_rps": 10, "duration": "200ms", "steps": [{"name": "one"}]}
facts = asyncio.run(run_load("lean", Scenario.model_validate(given), {}, lambda _: None))
assert facts.whole.arrivals == 2, facts.whole.outcomes
"""


@pytest.mark.parametrize(
    ("code", "unwanted"),
    [
        ("import outgrow.cli.load, outgrow.api, outgrow.control.load_test", GENERATOR),
        ("import outgrow.cli.load_table, outgrow.cli.load_live, outgrow.cli.threshold_table", PAGES),
        ("import outgrow.loadtest.worker", WORKER),
        (RUN, WORKER),
    ],
    ids=["the command", "its tables", "a worker", "a run at a steady rate"],
)
def test_a_load_test_imports_only_what_it_needs(code, unwanted):
    shown = f"{code}\nimport sys\nprint(*({unwanted!r} & set(sys.modules)))"

    found = subprocess.run([sys.executable, "-c", shown], capture_output=True, text=True, timeout=120, check=True)

    assert found.stdout.split() == []
