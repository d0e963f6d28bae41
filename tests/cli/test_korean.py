"""Under `--lang ko` a command says nothing in English but names, units and terms, and its tables stand in columns."""

from dataclasses import replace
from io import StringIO

import pytest
from rich.cells import cell_len
from rich.console import Console

from outgrow.cli import run
from outgrow.cli.load_live import LoadLive
from outgrow.cli.load_table import second_line
from outgrow.facts.loads import Outcome
from outgrow.facts.proofs import ThresholdResult, ThresholdVerdict
from outgrow.report.load_json import load_text
from outgrow.report.words import texts_of
from tests.cli import test_verify
from tests.cli.test_load import plan_in, shop
from tests.korean import ends_of_columns, english_in
from tests.report.load_facts import a_run, with_answers

__all__ = ["shop"]
KOREAN = texts_of("ko")
OF_THE_RUN = ("peak", "read", "write", "status is 200", "pool", "connections", "cpu{pod=a}", "cpu", "disk", "ratio")
WEAK = (
    "the generator used 97% of a core, so its own work shows in the times; ask for a lower rate, or for more processes"
)
THRESHOLDS = (
    ThresholdResult("p95 < 10 ms", 0.05, "<", 0.01, "s", ThresholdVerdict.FAILED, first_failed_seconds=7),
    ThresholdResult("rps > 10", 100, ">", 10, "/s", ThresholdVerdict.PASSED),
    ThresholdResult(
        "checks over 1m", None, "<", 1, "ratio", ThresholdVerdict.NO_DATA, why="the run took 3 s, its window is 60 s"
    ),
)


def kept_run(**options):
    facts = with_answers(a_run(30, overload_from=20, failing=0.1, too_weak=(WEAK,)))
    resources = {name: replace(each, failure="") for name, each in facts.resources.items()}
    return replace(facts, resources=resources, thresholds=THRESHOLDS, interrupted=True, **options)


def test_a_kept_run_is_told_in_korean_alone(tmp_path, capsys):
    (tmp_path / "run.json").write_text(load_text(kept_run(ended_by="p95 < 10 ms", retried=3)))

    assert run(["load", "report", str(tmp_path / "run.json"), "--lang", "ko"]) == 0

    told = capsys.readouterr().out
    assert "임계값" in told
    assert english_in(told, *OF_THE_RUN, *(each.text for each in THRESHOLDS)) == []


def test_the_table_of_steps_stands_in_columns_though_korean_letters_are_wide(tmp_path, capsys):
    (tmp_path / "run.json").write_text(load_text(kept_run()))

    run(["load", "report", str(tmp_path / "run.json"), "--lang", "ko"])

    lines = capsys.readouterr().out.splitlines()
    head = next(index for index, line in enumerate(lines) if line.startswith("단계"))
    ends = {tuple(ends_of_columns(line)[-3:]) for line in lines[head : head + 4]}
    assert len(ends) == 1


@pytest.mark.parametrize("width", [100, 60, 40])
def test_the_live_view_is_korean_at_any_width(width: int):
    facts = kept_run()
    live = LoadLive("peak: http://127.0.0.1:8080", 120.0, lambda at: min(at, 60.0), KOREAN)
    for second in facts.timeline:
        live.told(second)
    live.watched(facts.resources)
    into = StringIO()

    Console(file=into, width=width).print(live)

    assert max(cell_len(line) for line in into.getvalue().splitlines()) <= width
    assert english_in(into.getvalue(), *OF_THE_RUN) == []


def test_a_run_is_told_live_in_korean(tmp_path, shop, capsys):
    run(["load", "peak", plan_in(tmp_path, shop), "--lang", "ko"])

    told = capsys.readouterr()
    assert "예정 20, 완료 20, 실패 0" in told.err
    assert english_in(told.out + told.err, "peak", "read", "write") == []


def test_every_outcome_that_a_table_may_show_has_its_korean_word():
    assert all(english_in(KOREAN(f"load.outcome.{each.name.lower()}")) == [] for each in Outcome)
    assert english_in(second_line(replace(a_run(1).timeline[0], dropped=3), 60.0, KOREAN)) == []


def test_a_proof_and_the_roadmap_are_told_in_korean(tmp_path, shop, capsys):
    plan = test_verify.plan_in(tmp_path, shop)

    run(["verify", "v2", plan, "--lang", "ko", "--scale", "0.3"])
    run(["verify", "--list", plan, "--lang", "ko"])

    told = capsys.readouterr()
    names = ("normal", "peak", "read", "v1", "v2", "shop", "target", "version", "baseline", "users", "git")
    assert english_in(told.out + told.err, *names) == []
