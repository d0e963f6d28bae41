"""Each malformed plan gives all its errors at once, one line each, at the right place and with a remedy.

Beside each `malformed/NAME.yaml` stands `NAME.expected` with the whole message.
"""

from pathlib import Path

import pytest

from outgrow.errors import ExitCode, PlanError
from outgrow.plan.file import parse_plan
from tests.plan.plans import MALFORMED

INCLUDED: dict[str, str | bytes] = {
    "good.yaml": "signals:\n  good: {source: db, query: SELECT 1}\n",
    "binary.yaml": b"\x89PNG\r\n\x1a\n\x00\x00",
    "list.yaml": "- signals\n",
    "broken.yaml": "signals:\n  broken: {source: db\n",
    "circular.yaml": "include: [plan.yaml]\nsignals:\n  latency: {source: db, query: SELECT 1}\njournal: {}\n",
}


def read_included(name: str) -> str | bytes:
    path = name.removeprefix("./")
    if path == "folder":
        raise IsADirectoryError(21, "Is a directory", name)
    if path == "secret.yaml":
        raise PermissionError(13, "Permission denied", name)
    if path not in INCLUDED:
        raise FileNotFoundError(2, "No such file or directory", name)
    return INCLUDED[path]


def message_of(case: Path) -> str:
    with pytest.raises(PlanError) as caught:
        parse_plan(case.read_bytes(), "plan.yaml", read_included)
    assert caught.value.exit_code is ExitCode.USAGE
    assert all(str(problem).count("\n") == 0 for problem in caught.value.problems)
    return str(caught.value)


@pytest.mark.parametrize("case", MALFORMED, ids=lambda case: case.stem)
def test_a_malformed_plan_gives_all_its_errors_at_once(case: Path):
    assert message_of(case) == case.with_suffix(".expected").read_text().rstrip("\n")
