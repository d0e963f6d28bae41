"""A valid plan that cannot work as it was meant gives warnings; a good one gives none.

Beside each `doubtful/NAME.yaml` stands `NAME.expected` with its warnings.
"""

from pathlib import Path

import pytest

from outgrow.errors import Severity
from outgrow.plan.file import parse_plan
from tests.plan.plans import DOUBTFUL, GOOD


def warnings_of(plan: Path) -> str:
    warnings = parse_plan(plan.read_bytes(), "plan.yaml").warnings
    assert all(warning.severity is Severity.WARNING for warning in warnings)
    return "\n".join(map(str, warnings))


@pytest.mark.parametrize("plan", DOUBTFUL, ids=lambda plan: plan.stem)
def test_a_doubtful_plan_is_read_with_its_warnings(plan: Path):
    assert warnings_of(plan) == plan.with_suffix(".expected").read_text().rstrip("\n")


@pytest.mark.parametrize("plan", GOOD, ids=lambda plan: f"{plan.parent.name}/{plan.stem}")
def test_a_good_plan_is_read_without_a_word(plan: Path):
    assert warnings_of(plan) == ""
