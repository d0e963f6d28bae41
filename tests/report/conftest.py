"""One check for all tests of reports: it is read only."""

import asyncio
from collections.abc import Callable

import pytest

from outgrow.facts.checks import CheckFacts
from outgrow.plan import Plan
from outgrow.report.report_view import ReportView, report_view
from tests.report.facts import AT, checked, proof_events

Checked = tuple[Plan, CheckFacts]


@pytest.fixture(scope="session")
def a_check(tmp_path_factory: pytest.TempPathFactory) -> Checked:
    """The plan of tests/report/facts.py and what a check of it found."""
    return asyncio.run(checked(tmp_path_factory.mktemp("report")))


@pytest.fixture(scope="session")
def views(a_check: Checked) -> Callable[[str], ReportView]:
    """Give the report's view in a language, made once."""
    made: dict[str, ReportView] = {}

    def view(language: str) -> ReportView:
        if language not in made:
            plan, facts = a_check
            made[language] = report_view(plan, facts, language, proofs=proof_events(plan), made_at=AT)
        return made[language]

    return view
