"""`outgrow load report`: what was kept of a run is shown again."""

from dataclasses import replace

from outgrow.cli import run
from outgrow.facts.proofs import ThresholdResult, ThresholdVerdict
from outgrow.report.load_json import load_text
from tests.report.load_facts import a_run


def test_a_kept_run_is_shown_with_what_it_was_held_against(tmp_path, capsys):
    broken = ThresholdResult("p95 < 10 ms", 0.05, "<", 0.01, "s", ThresholdVerdict.FAILED)
    (tmp_path / "run.json").write_text(load_text(replace(a_run(20), thresholds=(broken,))))

    assert run(["load", "report", str(tmp_path / "run.json")]) == 0

    told = capsys.readouterr().out
    assert "p95 < 10 ms" in told
    assert "failed" in told


def test_what_is_no_run_is_refused_without_a_hint_that_would_overwrite_it(tmp_path, capsys):
    (tmp_path / "plan.yaml").write_text("outgrow: 1\n")

    assert run(["load", "report", str(tmp_path / "plan.yaml")]) == 2

    assert "give a file that outgrow load --output wrote" in capsys.readouterr().err


def test_a_misspelt_zone_is_refused_with_the_nearest(tmp_path, capsys):
    (tmp_path / "run.json").write_text(load_text(a_run(2)))

    assert run(["load", "report", str(tmp_path / "run.json"), "--zone", "Asia/Soeul"]) == 2

    assert '"Asia/Soeul" is not a time zone; did you mean "Asia/Seoul"?' in " ".join(capsys.readouterr().err.split())
