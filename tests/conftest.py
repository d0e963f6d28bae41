"""How tests run here: async tests on asyncio, laws without a deadline, no silent skip."""

import os
from collections import Counter
from collections.abc import Generator
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

pytest_plugins = ["tests.servers.fixtures"]

NO_SKIP = os.environ.get("OUTGROW_NO_SKIP", "") not in {"", "0"}

# A slow machine is no failure, and the same examples everywhere make a failure repeatable.
_fair = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("quick", _fair, max_examples=50, derandomize=True)
settings.register_profile("thorough", _fair, max_examples=2000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn a skipped test into a failed one where nothing may be skipped."""
    report = yield
    # An expected failure is reported as skipped too, but it was run.
    if NO_SKIP and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} was skipped where nothing may be: {_reason(report.longrepr)}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Turn a skipped module into an error where nothing may be skipped."""
    report = yield
    if NO_SKIP and report.skipped:
        report.outcome = "failed"
        report.longrepr = f"{collector.nodeid} was skipped where nothing may be: {_reason(report.longrepr)}"
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """End with what was not tested on this machine, and why."""
    skipped = terminalreporter.stats.get("skipped", [])
    if not skipped:
        return
    terminalreporter.section("not tested here")
    for reason, tests in sorted(Counter(_reason(report.longrepr) for report in skipped).items()):
        terminalreporter.line(f"{tests:4} {'test' if tests == 1 else 'tests'}: {reason}")


def _reason(longrepr: Any) -> str:
    """Take the reason out of pytest's (file, line, "Skipped: reason")."""
    text = longrepr[2] if isinstance(longrepr, tuple) else str(longrepr)
    return text.removeprefix("Skipped: ")
