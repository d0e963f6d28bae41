"""`outgrow report`: where the file goes, what kind it is, and how the command ends."""

import asyncio
import itertools
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import click
import pytest

from outgrow.cli import run
from outgrow.errors import ExitCode
from outgrow.facts.decisions import Decision
from outgrow.facts.verdicts import CheckpointState
from outgrow.plan.grades import Grade
from outgrow.wiring import open_journal, read_plan
from tests.report.facts import AT, write_plan

MOMENT = "2025-11-21T16:10"
Report = Callable[..., int]


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    return write_plan(tmp_path, history=timedelta(days=7))


@pytest.fixture
def report(plan: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Report:
    """Write a report on the plan of a week's recordings, in an empty folder; one source of it always fails."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("NO_COLOR", "1")
    return lambda *words: run(["report", str(plan), "--at", MOMENT, *words])


def test_without_a_name_the_file_is_called_after_plan_and_day(
    report: Report, capsys: pytest.CaptureFixture[str]
) -> None:
    code = report("--no-journal")

    told = capsys.readouterr().out
    written = Path("korean-together-report-2025-11-21.html")
    assert code == ExitCode.SOURCE
    assert written.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert f"{written} (" in told
    assert told.rstrip().endswith("kB)")


def test_a_folder_takes_the_file_under_its_own_name(report: Report, tmp_path: Path) -> None:
    report("--no-journal", "-o", str(tmp_path), "--format", "markdown", "--history", "0s")

    assert (tmp_path / "korean-together-report-2025-11-21.md").read_text(encoding="utf-8").startswith("# Korean")


def test_the_ending_of_the_file_chooses_the_kind(report: Report) -> None:
    report("--no-journal", "-o", "week.md", "--lang", "ko", "--history", "0s")

    assert "## 체크포인트" in Path("week.md").read_text(encoding="utf-8")


def test_a_dash_writes_to_standard_output_and_to_no_file(report: Report, capsys: pytest.CaptureFixture[str]) -> None:
    code = report("--no-journal", "-o", "-", "--history", "0s")

    assert capsys.readouterr().out.startswith("<!doctype html>")
    assert code == ExitCode.SOURCE
    assert list(Path().iterdir()) == []


def test_one_checkpoint_alone_whose_source_answers_ends_well(report: Report) -> None:
    code = report("--no-journal", "-c", "redis-memory", "-o", "one.md")

    text = Path("one.md").read_text(encoding="utf-8")
    assert code == ExitCode.DONE
    assert "Redis memory" in text
    assert "Split out the AI service" not in text


def test_a_checkpoint_that_does_not_exist_is_named_before_anything_is_measured(
    report: Report, capsys: pytest.CaptureFixture[str]
) -> None:
    code = report("-c", "redis")

    assert code == ExitCode.USAGE
    assert 'no checkpoint is called "redis"' in capsys.readouterr().err


def test_a_missing_folder_is_named_before_anything_is_measured(
    report: Report, capsys: pytest.CaptureFixture[str]
) -> None:
    code = report("-o", "no/where/report.html")

    assert code == ExitCode.USAGE
    assert "there is no folder no/where" in capsys.readouterr().err


def test_with_a_journal_the_weekly_review_knows_what_changed(plan: Path, report: Report) -> None:
    asyncio.run(_remember(plan, AT - timedelta(days=8), Grade.MONITOR))

    report("-o", "now.md", "--history", "0s")

    changed = next(line for line in Path("now.md").read_text(encoding="utf-8").splitlines() if "→" in line)
    assert changed == "- **Split out the AI service**: monitor → recommended (21 Nov 16:10)"


def test_the_file_is_shown_when_that_is_wanted(report: Report, monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[str] = []
    monkeypatch.setattr(click, "launch", shown.append)

    report("--no-journal", "-o", "week.html", "--open", "--history", "0s")

    assert shown == ["week.html"]


@pytest.mark.parametrize("kind", ["html", "markdown"])
def test_a_plan_that_has_only_begun_gives_a_report_too(
    tmp_path: Path, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "plan.yaml").write_text("outgrow: 1\nname: begun\n")

    code = run(["report", str(tmp_path / "plan.yaml"), "--no-journal", "--format", kind, "-o", "-"])

    assert code == ExitCode.DONE
    assert "The plan has no checkpoints." in capsys.readouterr().out


async def _remember(plan: Path, at: datetime, grade: Grade) -> None:
    journal = await open_journal(read_plan(plan).plan.journal, {}, plan.parent)
    await journal.append_decision(Decision("split-ai-service", at, at, grade, "earlier", CheckpointState(), {}))
    await journal.aclose()


ROADMAP_ALONE = """
outgrow: 1
name: shop
scenarios:
  peak: {target: "http://127.0.0.1:9", target_rps: 10, duration: 3s, steps: [{name: one}]}
roadmap:
  current: v1
  phases: [{name: v1}, {name: v2, verify: {scenarios: [peak], goals: {p95: 500 ms}}}]
"""


@pytest.mark.parametrize("lang", ["en", "ko"])
def test_a_plan_of_nothing_but_a_roadmap_has_a_report_without_empty_headings(tmp_path: Path, lang: str) -> None:
    plan, page, text = tmp_path / "plan.yaml", tmp_path / "road.html", tmp_path / "road.md"
    plan.write_text(ROADMAP_ALONE)

    for file in (page, text):
        assert run(["report", str(plan), "--no-journal", "-o", str(file), "--lang", lang]) == ExitCode.DONE

    lines = [line for line in text.read_text(encoding="utf-8").splitlines() if line.strip()]
    headings = [index for index, line in enumerate(lines) if line.startswith("#")]
    assert all(after - before > 1 for before, after in itertools.pairwise([*headings, len(lines)]))
    assert not [line for line, after in itertools.pairwise(lines) if set(line) <= set("| -:") and after[0] != "|"]
    body = page.read_text(encoding="utf-8").partition("<body")[2]
    assert re.findall(r'<section id="(\w+)"', body) == ["overview", "roadmap", "sources"]
    assert set(re.findall(r'href="#([a-z]+)"', body)) <= set(re.findall(r'<section id="(\w+)"', body))
    assert not re.findall(r"<tbody>\s*</tbody>", body)
