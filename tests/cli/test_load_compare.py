"""`outgrow load compare`: two runs side by side, and the exit code that a pipeline goes by."""

import json
import re

import pytest

from outgrow.cli import run
from outgrow.report.load_json import load_text
from tests.report.load_facts import a_run


@pytest.fixture
def runs(tmp_path):
    def written(name: str, seconds: int = 120, **options) -> str:
        file = tmp_path / f"{name}.json"
        file.write_text(load_text(a_run(seconds, 40, **options)))
        return str(file)

    return written


def test_a_slower_run_is_told_and_ends_with_four_where_that_was_asked(runs, capsys):
    a, b = runs("a"), runs("b", seed=2, slower=1.5)

    assert run(["load", "compare", a, b]) == 0
    assert run(["load", "compare", a, b, "--fail-on", "slower"]) == 4
    assert run(["load", "compare", a, b, "--fail-on", "errors"]) == 0
    told = capsys.readouterr().out
    assert "B is changed: slower (all, read, write)." in told
    assert "pp" in told


def test_a_narrow_terminal_shows_every_figure_and_says_of_which_ones_too_little_is_known(runs, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")

    run(["load", "compare", runs("a", seconds=24), runs("b", seconds=24)])

    told = capsys.readouterr().out
    assert max(map(len, told.splitlines())) <= 60
    assert "  errors" in told
    assert "…" not in [line[-1:] for line in told.splitlines()]
    assert re.search(r"too short to tell \(.*(read|write) .*p99.*\): only \d", " ".join(told.split()))


def test_of_runs_too_short_to_tell_it_is_not_said_that_no_change_was_seen(runs, capsys):
    run(["load", "compare", runs("a", seconds=12), runs("b", seconds=12, slower=0.01)])

    assert "It cannot be told whether B is changed: too little was measured." in capsys.readouterr().out


def test_the_comparison_as_json(runs, tmp_path, capsys):
    out = tmp_path / "compared.json"

    run(["load", "compare", runs("a"), runs("b", seed=2, slower=1.5), "--json", "-o", str(out)])

    document = json.loads(capsys.readouterr().out)
    assert document == json.loads(out.read_text())
    assert document["schema"] == "outgrow.load-compare/1"
    assert document["steps"][0]["measures"][1]["verdict"] == "slower"
    assert document["a"]["seconds"] == 120


def test_several_runs_of_a_side(runs, capsys):
    a = [runs("a1"), runs("a2", seed=2)]
    b = [runs("b1", seed=3, slower=1.6), runs("b2", seed=4, slower=1.6)]

    code = run(["load", "compare", "--a", a[0], "--a", a[1], "--b", b[0], "--b", b[1], "--fail-on", "worse"])

    assert code == 4
    assert "2 runs, 240 s" in capsys.readouterr().out


def test_what_cannot_be_told_ends_with_five_and_a_weak_generator_with_seven(runs):
    assert run(["load", "compare", runs("a", seconds=10), runs("b", seconds=10), "--fail-on", "slower"]) == 5
    assert run(["load", "compare", runs("a"), runs("b", too_weak=("late",)), "--fail-on", "slower"]) == 7


@pytest.mark.parametrize("arguments", [[], ["{a}"], ["{a}", "{a}", "{a}"], ["--a", "{a}"], ["{a}", "--b", "{a}"]])
def test_a_side_without_a_run_is_told(runs, capsys, arguments):
    assert run(["load", "compare", *(each.format(a=runs("a", seconds=5)) for each in arguments)]) == 2
    assert "A.json B.json" in capsys.readouterr().err


def test_a_file_that_is_no_run_is_told(tmp_path, runs, capsys):
    assert run(["load", "compare", runs("a", seconds=5), str(tmp_path / "gone.json")]) == 2
    assert "gone.json" in capsys.readouterr().err


@pytest.mark.parametrize(("skip", "left"), [("2m", "0"), ("29s", "1"), ("11s", "19")])
def test_skipping_what_a_comparison_needs_is_one_clear_error(runs, capsys, skip, left):
    assert run(["load", "compare", runs("a", seconds=30), runs("b", seconds=120), "--skip", skip]) == 2

    told = capsys.readouterr()
    assert not told.out
    assert f"a.json: --skip {skip} leaves {left} of its 30 s, and a comparison needs 20" in told.err


def test_skipping_less_leaves_a_comparison(runs, capsys):
    assert run(["load", "compare", runs("a", seconds=30), runs("b", seconds=30), "--skip", "10s"]) == 0

    assert "(20 s)" in capsys.readouterr().out
