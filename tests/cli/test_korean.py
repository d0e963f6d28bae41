"""Under `--lang ko` a command says nothing in English but names, units and terms, and its tables stand in columns."""

from dataclasses import replace
from datetime import timedelta
from io import StringIO
from pathlib import Path

import click
import pytest
from rich.cells import cell_len
from rich.console import Console

from outgrow.api import append_event
from outgrow.capacity.knee import Knee, Objective, Search
from outgrow.capacity.usl import Point, fit_scaling_law
from outgrow.cli import cli, run
from outgrow.cli.common import load, run_async
from outgrow.cli.knee_table import level_line, objective_text, print_heading, print_knee, print_law
from outgrow.cli.load import SUBCOMMANDS, load_command
from outgrow.cli.load_live import LoadLive
from outgrow.cli.load_table import second_line
from outgrow.control.find_knee import KneeRequest
from outgrow.facts.capacities import Capacity
from outgrow.facts.decisions import Event, EventKind
from outgrow.facts.knees import KneeLevel
from outgrow.facts.loads import Outcome
from outgrow.facts.proofs import ThresholdResult, ThresholdVerdict
from outgrow.plan.scenarios import Scenario
from outgrow.report.load_json import load_text
from outgrow.report.said import said
from outgrow.report.words import texts_of
from tests.cli import test_verify
from tests.cli.test_load import plan_in, shop
from tests.cli.test_scale import folder as folder_of_auth
from tests.cli.test_simulate import shop as shop_of_a_day
from tests.korean import ends_of_columns, english_in
from tests.report.load_facts import AT, a_run, with_answers

__all__ = ["folder_of_auth", "shop", "shop_of_a_day"]
KOREAN = texts_of("ko")
OF_THE_RUN = ("peak", "read", "write", "status is 200", "pool", "connections", "cpu{pod=a}", "cpu", "disk", "ratio")
SCENARIO = {"target": "http://127.0.0.1", "steps": [{"name": "read"}], "vus": 5, "duration": "1s"}
SECOND = timedelta(seconds=1)
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


@pytest.mark.parametrize("language", ["en", "ko"])
@pytest.mark.parametrize("width", [120, 80, 60])
def test_a_narrow_terminal_cuts_no_name_and_parts_no_figure_from_its_unit(
    tmp_path, capsys, monkeypatch, width, language
):
    monkeypatch.setenv("COLUMNS", str(width))
    steps = tuple(replace(each, name=f"{each.name}-with-a-card") for each in kept_run().steps)
    (tmp_path / "run.json").write_text(load_text(replace(kept_run(), steps=steps)))

    run(["load", "report", str(tmp_path / "run.json"), "--lang", language])

    told = capsys.readouterr().out
    assert "…" not in told
    assert [line for line in told.splitlines() if line.split()[:1] == ["ms"]] == []


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
    event = Event(EventKind.PROOF, AT, AT, AT, "v2", {"text": "not proven"})
    run_async(lambda: append_event(load(Path(plan)).plan, event, base=tmp_path, environment={}))
    run(["journal", "events", plan, "--from", "2026-01-01", "--lang", "ko"])

    told = capsys.readouterr()
    assert "증명되지 않음" in told.out
    names = ("normal", "peak", "read", "v1", "v2", "shop", "target", "version", "baseline", "users", "git")
    assert english_in(told.out + told.err, *names) == []


def test_two_compared_runs_are_told_in_korean(tmp_path, capsys):
    files = {
        "a": a_run(120, 40),
        "b": a_run(120, 40, seed=2, slower=1.5, failing=0.2, too_weak=(WEAK,)),
        "short": replace(a_run(12, 40), target="http://127.0.0.1:9", interrupted=True),
    }
    for name, facts in files.items():
        (tmp_path / f"{name}.json").write_text(load_text(facts))

    for a, b in (("a", "b"), ("a", "a"), ("short", "a")):
        run(["load", "compare", str(tmp_path / f"{a}.json"), str(tmp_path / f"{b}.json"), "--lang", "ko"])

    told = capsys.readouterr().out
    assert "느려짐" in told
    assert "데이터 부족" in told
    assert english_in(told, *OF_THE_RUN) == []


def test_the_search_for_the_knee_is_told_in_korean_and_its_columns_stand(capsys):
    objective = Objective(p95_seconds=0.1)
    levels = [
        KneeLevel(rate, min(rate, 90.0), concurrency, 0.02, p95, 0.4, failed, ())
        for rate, concurrency, p95, failed in ((50, 2, 0.04, 0), (80, 4, 0.08, 0), (100, 30, None, 0.3))
    ]
    levels = [replace(each, broken=objective.broken_by(each)) for each in levels]
    levels[-1] = replace(levels[-1], saturated="pool")
    found = Knee(tuple(levels), 80.0, 100.0, confirmed=True, law=fit_scaling_law([]), why="interrupted")
    capacity = Capacity("api", AT, 80, 100, 1, "peak", objective_text(objective), confirmed=True)
    law = fit_scaling_law([Point(n, x) for n, x in ((2, 90), (4, 160), (8, 260), (16, 300), (32, 250), (20, 290))])

    for by_users in (False, True):
        search = Search(10, 100, by_users=by_users)
        held = [replace(each, by_users=by_users) for each in levels]
        print_heading(KneeRequest(Scenario.model_validate(SCENARIO), objective, search, SECOND, SECOND), KOREAN)
        for level in held:
            click.echo(level_line(level, KOREAN))
        print_knee(replace(found, levels=tuple(held)), capacity, (), KOREAN)
        print_law("instances", law, KOREAN)

        told = capsys.readouterr().out
        assert english_in(told, "pool", "api", "alpha", "beta", "gamma") == []
        lines = told.splitlines()
        assert len({tuple(ends_of_columns(line)[:6]) for line in lines[2 : 2 + len(levels)]}) == 1
        assert ends_of_columns(lines[1])[:6] == ends_of_columns(lines[2])[:6]


OF_A_SHOP = ("web", "requests", "hpa", "cpu", "time", "rps", "spike", "slow")


def test_a_rehearsal_its_decisions_and_its_shadow_are_told_in_korean(shop_of_a_day, capsys):
    arguments = ["simulate", "web", "--trace", "t.csv", "--objective", "500ms", "--lang", "ko"]

    run([*arguments, "--compare", "cpu:70", "--timeline", "steps.csv"])
    run([*arguments, "--explain", "2026-03-01T03:30:00+01:00", "--compare", "predictive"])
    (shop_of_a_day / "live.csv").write_text("time,replicas\n2026-03-01T00:00:00Z,3\n2026-03-01T05:00:00Z,9\n")
    run([*arguments, "--against", "live.csv"])

    told = capsys.readouterr()
    assert "실현 가능 오라클" in told.out
    assert english_in(told.out + told.err, *OF_A_SHOP, "DesiredWithinRange", "ScaleDownStabilized", "regret") == []


@pytest.mark.parametrize("policy", ["hpa", "keda", "predictive"])
def test_a_search_is_told_in_korean(shop_of_a_day, capsys, policy):
    hours = ((hour * 3600, 20 + 30 * (hour % 24 > 8)) for hour in range(24 * 5))
    (shop_of_a_day / "days.csv").write_text("time,rps\n" + "".join(f"{at},{rps}\n" for at, rps in hours))
    arguments = ["--trace", "days.csv", "--step", "1h", "--processes", "1", "--unserved", "40%"]

    run(["tune", "web", *arguments, "--policy", policy, "--lang", "ko"])

    told = capsys.readouterr()
    front, _, _ = told.out.partition("\nservices:")
    assert "최적 경계" in front
    assert english_in(front + told.err, *OF_A_SHOP, "web.scaling", "services", "scaling", "load") == []


OF_AUTH = ("auth", "blind", "busy", "rps", "lost", "cpu", "shop", "homeless", "SQLite")


def test_a_scaling_loop_its_replay_and_the_journal_are_told_in_korean(folder_of_auth, capsys):
    plan = str(folder_of_auth / "plan.yaml")
    for arguments in (["auth"], ["auth"], ["auth", "--shadow"]):
        run(["scale", arguments[0], plan, "--once", *arguments[1:], "--lang", "ko"])
    for arguments in (["scale", "auth", plan, "--replay"], ["journal", "events", plan], ["journal", "decisions", plan]):
        run([*arguments, "--lang", "ko"])

    told = capsys.readouterr()
    assert "결정 1 -> 3" in told.out
    assert english_in(told.out + told.err, *OF_AUTH, "KST", "SERVICE") == []


def test_what_a_loop_warns_of_is_told_in_korean():
    lines = (
        "maximum of 5",
        "not read, so nothing goes down: lost: lost: no value for more than 30s",
        "auth-1 failed: not ready within 30 s; another is started in its place in 5 s",
        "auth-1 is ready, 3 s after it was ordered",
        "live 3, this policy 5: rps asks for 5, lost cannot be read; target; 4 without the rate limit",
        "3 -> 5 of before the restart: somebody else ordered 4 meanwhile",
    )

    assert [english_in(said(line, KOREAN), "auth", "rps", "lost") for line in lines[1:]] == [[]] * 5
    assert said(lines[0], KOREAN) == lines[0]


@pytest.mark.parametrize("doing", ["tending", "looking at"])
def test_replicas_that_cannot_be_reached_are_told_in_korean(doing: str):
    assert english_in(said(f"{doing} the replicas failed: 12", KOREAN)) == []


def test_a_mark_is_noted_and_closed_in_korean(folder_of_auth, capsys):
    plan = str(folder_of_auth / "plan.yaml")

    run(["mark", "deployment", plan, "--lang", "ko"])
    run(["mark", "deployment", plan, "--close", "--lang", "ko"])
    run(["journal", "events", plan, "--lang", "ko"])
    run(["validate", plan, "--live", "--lang", "ko"])

    # What a database itself says stays in its words.
    told = "\n".join(line for line in capsys.readouterr().out.splitlines() if "no such table" not in line)
    assert "기록됨" in told
    assert "닫힘" in told
    assert english_in(told, *OF_AUTH, "deployment", "web", "sqlite", "SQLite") == []


def test_a_demand_is_cut_nowhere_in_a_narrow_terminal(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")

    run(["demand", "--mau", "100000", "--lang", "ko"])

    told = capsys.readouterr().out
    assert "30,000명" in told
    assert "…" not in told


def test_a_demand_is_worked_out_in_korean(capsys):
    run(["demand", "--mau", "100000", "--dau", "30000", "--lang", "ko"])
    run(["demand", "--mau", "100000", "--lang", "ko"])

    assert english_in(capsys.readouterr().out, "PT") == []


IN_ENGLISH = {"test", "init", "schema", "import", "serve"}
"""What quotes a file's own words, or says little but the name of a file that it wrote."""


def test_every_command_that_tells_of_a_system_or_a_run_speaks_korean():
    above = click.Context(cli)
    load_above = click.Context(load_command)
    commands = {name: cli.get_command(above, name) for name in cli.list_commands(above)}
    commands |= {f"load {name}": load_command.get_command(load_above, name) for name in SUBCOMMANDS}

    silent = {
        name
        for name, command in commands.items()
        if command is not None and command is not load_command and all(each.name != "lang" for each in command.params)
    }

    assert silent <= IN_ENGLISH
