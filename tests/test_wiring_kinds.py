"""Kinds of source that installed packages add: a broken package troubles only the plans that use it."""

from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from outgrow import wiring
from outgrow.errors import SourceError

PLAN = """
outgrow: 1
name: small
sources:
  db: {kind: sqlite, path: service.sqlite}
signals:
  one: {source: db, query: "SELECT 1 AS value WHERE :now"}
"""


@pytest.fixture(autouse=True)
def broken_package(monkeypatch: pytest.MonkeyPatch) -> None:
    """A package whose entry point leads nowhere."""
    points = {"ruined": EntryPoint("ruined", "no_such_module_of_outgrow:source", wiring.ENTRY_POINTS)}
    monkeypatch.setattr(wiring, "_third_party", lambda: points)


def test_a_plan_that_does_not_use_a_broken_package_is_read(tmp_path: Path):
    path = tmp_path / "plan.yaml"
    path.write_text(PLAN)

    assert wiring.read_plan(path).plan.name == "small"


def test_a_plan_that_uses_it_is_told_why_it_cannot_be(tmp_path: Path):
    path = tmp_path / "plan.yaml"
    path.write_text(PLAN.replace("sqlite, path: service.sqlite", "ruined"))

    with pytest.raises(SourceError, match=r'kind "ruined".*cannot be loaded'):
        wiring.read_plan(path)


def test_the_schema_leaves_it_out_and_says_so():
    kinds, (why,) = wiring.loadable_kinds()

    assert "sqlite" in kinds
    assert "ruined" not in kinds
    assert "no_such_module_of_outgrow" in str(why)
