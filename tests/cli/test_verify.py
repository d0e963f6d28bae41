"""`outgrow verify` from the roadmap to the proof in the journal, against a server of its own."""

import json
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import ThreadingHTTPServer
from math import floor
from pathlib import Path

import pytest

from outgrow.cli import run
from outgrow.cli.threshold_table import verdict_of as verdict_word
from outgrow.cli.verify_table import print_proof
from outgrow.decide.gates import gates_of
from outgrow.decide.phase_proofs import (
    OutOfDate,
    PhaseState,
    goals_over,
    policy_hash,
    rehearsed_goals,
    scenario_proof,
    standing,
    verdict_of,
    verify_hash,
)
from outgrow.errors import ExitCode
from outgrow.facts.decisions import Event, EventKind
from outgrow.facts.loads import FlowLoad, Outcome
from outgrow.facts.proofs import Proof, ProofVerdict, ScenarioProof, ThresholdResult, ThresholdVerdict
from outgrow.plan.asked_load import most_users, rehearsed
from outgrow.plan.file import parse_plan
from outgrow.report.load_json import stored_load
from outgrow.report.roadmap_view import arrivals_text
from outgrow.report.words import texts_of
from tests.cli.test_load import Shop
from tests.decide.given_loads import run_of, seconds_of
from tests.servers.process import free_port

PLAN = """
outgrow: 1
name: shop
scenarios:
  normal:
    target: "{target}"
    target_rps: 20
    duration: 3s
    users: 10
    steps: [{{name: read}}]
    thresholds: {{http_req_failed: ["rate<0.01"]}}
  peak:
    target: "{target}"
    target_rps: 40
    duration: 3s
    users: 20
    steps: [{{name: read}}]
targets: {{errors: 1 %}}
roadmap:
  current: v1
  baseline: normal
  phases:
    - {{name: v1}}
    - {{name: v2, verify: {{scenarios: [normal, peak], goals: {goals}, valid_for: 30d}}}}
"""
GOALS = "{rps: 38, concurrent_users: 20, p95: 5 s, errors: target}"
POLICY = "services: {api: {scaling: {policy: hpa, max: 3, metrics: [{kind: external, name: rps, average: 5}]}}}"
GOALS_OF_TIMES = "{p95: 5 s}"
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def shop():
    with ThreadingHTTPServer(("127.0.0.1", 0), Shop) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def plan_in(folder: Path, target: str, goals: str = GOALS) -> str:
    path = folder / "plan.yaml"
    path.write_text(PLAN.format(target=target, goals=goals))
    return str(path)


def test_a_phase_whose_goals_are_met_is_proven_and_the_roadmap_shows_it(tmp_path, shop, capsys):
    plan, file = plan_in(tmp_path, shop), tmp_path / "proof.json"

    code = run(["verify", "v2", plan, "-q", "-o", str(file)])

    told = capsys.readouterr()
    proof = json.loads(file.read_text())
    assert code in {0, 7}  # a busy machine may be too weak, and says so
    assert proof["verdict"] == ("proven" if code == 0 else "generator too weak")
    assert [each["scenario"] for each in proof["scenarios"]] == ["normal", "peak"]
    assert [each["verdict"] for each in proof["goals"]] == ["passed"] * 4
    assert proof["plan_hash"]
    assert proof["machine"]
    assert "no baseline was recorded" in told.err
    run(["verify", "--list", plan])
    shown = capsys.readouterr().out
    assert "v2" in shown
    assert proof["verdict"] in shown
    assert "cannot be proven" in shown
    run(["verify", "--list", "--json", plan])
    roadmap = json.loads(capsys.readouterr().out)
    assert roadmap["schema"] == "outgrow.roadmap/1"
    assert roadmap["baseline"]["state"] == "never run"
    assert [each["state"] for each in roadmap["phases"]] == ["cannot be proven", proof["verdict"]]
    assert roadmap["phases"][1]["proof"]["goals"] == proof["goals"]
    run(["verify", "--list", "--lang", "ko", plan])
    korean = capsys.readouterr().out
    assert "증명 방법 없음" in korean
    assert "증명됨" in korean or "부하 생성기 성능 부족" in korean


def test_a_missed_goal_ends_no_run_for_the_others_are_to_be_measured_too(tmp_path, shop, capsys):
    plan = plan_in(tmp_path, shop, "{p95: {threshold: 0.001 ms, abortOnFail: true}, errors: target}")

    code = run(["verify", "v2", plan, "-q", "--scale", "0.5"])

    told = capsys.readouterr().out
    assert code in {6, 7}  # a busy machine may be too weak
    assert "ended early" not in told
    assert "peak: " in told


def test_a_goal_that_is_missed_in_one_scenario_leaves_the_phase_not_proven(tmp_path, shop, capsys):
    code = run(["verify", "v2", plan_in(tmp_path, shop, "{p95: 1 us, rps: 5}"), "-q"])

    told = capsys.readouterr().out
    assert code in {6, 7}
    assert "p95 < 1 us" in told
    assert "v2: not proven" in told or code == 7


def test_a_rehearsal_says_so_and_is_not_kept(tmp_path, shop, capsys):
    plan = plan_in(tmp_path, shop)

    code = run(["verify", "v2", plan, "-q", "--scale", "0.5"])

    told = capsys.readouterr().out
    assert code in {0, 6, 7}
    assert "a rehearsal at 0.5 of the load" in told
    assert "v2: proven" not in told
    assert code != 0 or "the phase is not proven" in told
    run(["verify", plan])
    assert "never run" in capsys.readouterr().out


def test_the_baseline_is_recorded_and_not_judged(tmp_path, shop, capsys):
    plan = plan_in(tmp_path, shop)

    code = run(["verify", "--baseline", "--quiet", "--json", plan])

    proof = json.loads(capsys.readouterr().out)
    assert (code, proof["verdict"]) in {(0, "recorded"), (7, "generator too weak")}
    assert proof["scenarios"][0]["p95_seconds"] > 0
    assert proof["scenarios"][0]["thresholds"] == []
    run(["journal", "events", plan])
    told = capsys.readouterr().out
    assert "proof" in told
    assert "baseline" in told
    assert "load_test" in told


def test_a_goal_above_what_the_scenarios_ask_is_told_at_validation(tmp_path, capsys):
    run(["validate", plan_in(tmp_path, "http://127.0.0.1", "{rps: 50, concurrent_users: 30}")])

    told = capsys.readouterr().err
    assert "goals.rps: can never be proven: its scenarios ask for 40 at most, the goal is 50" in told
    assert "goals.concurrent_users: can never be proven" in told


def test_a_phase_that_is_misspelt_or_has_no_scenarios_is_told(tmp_path, capsys):
    plan = plan_in(tmp_path, "http://127.0.0.1")

    assert run(["verify", "v3", plan]) == 2
    assert run(["verify", "v1", plan]) == 2
    told = capsys.readouterr().err
    assert 'no phase is called "v3"' in told
    assert "phase v1 names no scenarios" in told


def second_phase(plan):
    return plan.roadmap.phases[1]


def test_a_goal_over_all_scenarios_is_that_of_the_worst_or_of_the_one_that_came_furthest():
    plan = parse_plan(
        PLAN.format(target="http://127.0.0.1", goals="{p95: 1 s, concurrent_users: 20}"), "plan.yaml"
    ).plan
    verify = second_phase(plan).verify
    assert verify is not None
    goals = gates_of(plan, verify.goals)
    runs = [run_of(seconds_of([time] * 30)) for time in (2.0, 3.0, 0.1)]

    proofs = [
        replace(scenario_proof(each, goals, 10 * index), scenario=f"s{index}") for index, each in enumerate(runs, 1)
    ]
    p95, users = goals_over(goals, proofs)

    assert (p95.verdict, p95.value) == ("failed", pytest.approx(3.0))
    assert (users.verdict, users.value) == ("passed", 30)
    assert verdict_word(users, texts_of("en")) == "passed in s3"
    assert verdict_word(p95, texts_of("en")).startswith("failed in s2")
    assert [each.scenario for each in goals_over(goals, proofs[:1])] == ["", ""]


def proof_event(plan, verdict: str = "proven", at: datetime = NOW) -> Event:
    verify = second_phase(plan).verify
    detail = {"verdict": verdict, "plan_hash": verify_hash(plan, verify), "policy_hash": policy_hash(plan)}
    return Event(EventKind.PROOF, at, at, at, "v2", detail)


def test_a_proof_goes_out_of_date_by_age_by_a_change_and_by_a_deployment():
    plan, other = (
        parse_plan(PLAN.format(target="http://127.0.0.1", goals=goals), "p").plan for goals in (GOALS, "{rps: 9}")
    )
    phase, proof = second_phase(plan), proof_event(plan)
    deployed = Event(EventKind.DEPLOYMENT, NOW + timedelta(hours=1), None, NOW)
    day = NOW + timedelta(days=1)

    assert standing(plan, phase, [proof], day).state is PhaseState.PROVEN
    assert standing(plan, phase, [], day).state is PhaseState.NEVER_RUN
    assert standing(plan, phase, [proof_event(plan, "not proven")], day).state is PhaseState.NOT_PROVEN
    scaled = parse_plan(PLAN.format(target="http://127.0.0.1", goals=GOALS) + POLICY, "p").plan
    found = [
        standing(plan, phase, [proof], NOW + timedelta(days=31)),
        standing(other, second_phase(other), [proof], day),
        standing(plan, phase, [proof, deployed], day),
        standing(scaled, phase, [proof], day),
    ]
    assert [each.state for each in found] == [PhaseState.OUT_OF_DATE] * 4
    assert [each.why for each in found] == [OutOfDate.OLD, OutOfDate.CHANGED, OutOfDate.DEPLOYED, OutOfDate.POLICY]


def test_a_run_of_other_goals_over_the_same_journal_leaves_a_proof_standing_and_is_none():
    plan, strict = (
        parse_plan(PLAN.format(target="http://127.0.0.1", goals=goals), "p").plan for goals in (GOALS, "{p95: 1 ms}")
    )
    failed = proof_event(strict, "not proven", NOW + timedelta(hours=1))
    day = NOW + timedelta(days=1)

    kept, none = (standing(plan, second_phase(plan), events, day) for events in ([proof_event(plan), failed], [failed]))

    assert (kept.state, kept.at) == (PhaseState.PROVEN, NOW)
    assert (none.state, none.why) == (PhaseState.OUT_OF_DATE, OutOfDate.CHANGED)


def test_a_proof_of_before_policies_were_hashed_still_counts():
    plan = parse_plan(PLAN.format(target="http://127.0.0.1", goals=GOALS), "p").plan
    phase = second_phase(plan)
    assert phase.verify is not None
    detail = {"verdict": "proven", "plan_hash": verify_hash(plan, phase.verify, whole=True)}

    found = standing(plan, phase, [Event(EventKind.PROOF, NOW, NOW, NOW, "v2", detail)], NOW)

    assert found.state is PhaseState.PROVEN


def test_a_share_of_the_load_never_proves_a_phase():
    passed = ThresholdResult("p95 < 2 s", 0.1, "<", 2, "s", ThresholdVerdict.PASSED)
    proof = ScenarioProof("peak", "http://127.0.0.1", 10, 0, 0.1, (passed,), (passed,))

    assert verdict_of([passed], [proof]) is ProofVerdict.PROVEN
    assert {verdict_of([passed], [proof], scale) for scale in (0.02, 0.5, 0.999)} == {ProofVerdict.REHEARSED}


def test_a_run_that_does_not_say_where_it_went_is_told_without_a_target():
    told = arrivals_text(ScenarioProof("peak", "", 10, 0, 0.1, (), ()), texts_of("en"))

    assert told == "10 arrivals, 0 failed"


def test_a_rehearsal_shortens_the_windows_of_goals_as_it_shortens_the_run():
    plan = parse_plan(
        PLAN.format(
            target="http://127.0.0.1", goals="{p95: {threshold: 5 s, over: 2s}, rps: {threshold: 5, over: 3s}}"
        ),
        "p",
    ).plan

    assert [gate.over_seconds for gate in rehearsed_goals(goals_of(plan), 0.5)] == [1, 1.5]
    assert [gate.over_seconds for gate in rehearsed_goals(goals_of(plan), 0.1)] == [1, 1]


@pytest.mark.parametrize(("users", "scale"), [(50, 0.05), (5, 0.5), (100, 0.29), (3, 0.1), (1000, 0.02)])
def test_a_rehearsal_asks_for_no_more_users_than_it_has(users: int, scale: float):
    plan = parse_plan(PLAN.format(target="http://127.0.0.1", goals=f"{{concurrent_users: {users}}}"), "p").plan
    scenario = next(iter(plan.scenarios.values())).model_copy(update={"users": users})

    (goal,) = rehearsed_goals(goals_of(plan), scale)

    assert goal.holds(most_users(rehearsed(scenario, scale)))
    assert not goal.holds(floor(users * scale) - 1)


def with_outcomes(**counts: int):
    outcomes = {Outcome[name.upper()]: count for name, count in counts.items()}
    return replace(run_of(seconds_of([0.1] * 30)), iterations=FlowLoad("peak", outcomes))


def verdict_with(facts, goals: str = GOALS_OF_TIMES) -> ProofVerdict:
    plan = parse_plan(PLAN.format(target="http://127.0.0.1", goals=goals), "p").plan
    gates = goals_of(plan)
    proof = scenario_proof(facts, gates, 20)
    return verdict_of(goals_over(gates, [proof]), [proof])


def test_fast_answers_to_a_part_of_the_load_prove_nothing_of_the_whole():
    assert verdict_with(with_outcomes(done=995, dropped=5)) is ProofVerdict.PROVEN
    assert verdict_with(with_outcomes(done=995, never_started=500)) is ProofVerdict.NOT_PROVEN
    assert verdict_with(with_outcomes(done=900, dropped=100)) is ProofVerdict.NOT_PROVEN
    assert verdict_with(with_outcomes(done=900, without_data=100)) is ProofVerdict.NOT_PROVEN
    assert verdict_with(with_outcomes(done=900, dropped=6, without_data=6)) is ProofVerdict.NOT_PROVEN


def test_a_goal_of_ones_own_says_how_many_arrivals_may_be_dropped():
    assert verdict_with(with_outcomes(done=900, dropped=100), "{p95: 5 s, dropped: 1000}") is ProofVerdict.PROVEN


def test_a_run_that_left_arrivals_out_says_so_and_a_baseline_is_recorded_all_the_same():
    (told,) = scenario_proof(with_outcomes(done=80, dropped=720), goals_of_times(), 20).thresholds

    assert told.text == "arrivals sent >= 99%"
    assert told.value == pytest.approx(0.1)
    assert told.why == "720 of 800 arrivals dropped; the load was lighter than the scenario asks"
    assert scenario_proof(with_outcomes(done=80, dropped=720), (), 20).thresholds == ()


def goals_of_times():
    return goals_of(parse_plan(PLAN.format(target="http://127.0.0.1", goals=GOALS_OF_TIMES), "p").plan)


def goals_of(plan):
    verify = second_phase(plan).verify
    assert verify is not None
    return gates_of(plan, verify.goals)


def stored_runs(folder, plan) -> list[str]:
    options: list[str] = []
    for name in ("normal", "peak"):
        file = folder / f"{name}.json"
        run(["load", name, plan, "-q", "--no-journal", "-o", str(file)])
        options += ["--from", str(file)]
    return options


def test_a_stored_run_of_a_smaller_load_is_refused(tmp_path, shop, capsys):
    plan = plan_in(tmp_path, shop)
    stored = stored_runs(tmp_path, plan)
    Path(plan).write_text(Path(plan).read_text().replace("target_rps: 40", "target_rps: 400"))
    capsys.readouterr()

    assert run(["verify", "v2", plan, *stored]) == 2
    told = capsys.readouterr().err
    assert "the run of peak was of 120 arrivals in 3 s, and the plan asks for 1,200 in 3 s" in told


def test_what_a_stored_run_proves_is_as_old_as_the_run(tmp_path, shop, capsys):
    plan = plan_in(tmp_path, shop)
    stored = stored_runs(tmp_path, plan)
    for name in ("normal", "peak"):
        file = tmp_path / f"{name}.json"
        document = json.loads(file.read_text())
        file.write_text(json.dumps({**document, "started_at": "2026-01-01T00:00:00+00:00"}))

    code = run(["verify", "v2", plan, *stored])
    capsys.readouterr()
    run(["verify", plan, "--list"])

    told = capsys.readouterr().out
    assert "1 Jan" in told
    assert code != 0 or "out of date" in told


def test_a_proof_that_cannot_be_kept_is_shown_and_the_reason_told(tmp_path, shop, capsys):
    plan = plan_in(tmp_path, shop)
    (tmp_path / "outgrow.journal.sqlite").mkdir()

    code = run(["verify", "v2", plan, "-q"])

    told = capsys.readouterr()
    assert code not in {0, 1}
    assert "v2: " in told.out
    assert "journal" in told.err


def test_stored_runs_are_judged_without_sending_anything(tmp_path, shop, capsys):
    plan = plan_in(tmp_path, shop)
    stored: list[str] = []
    for name in ("normal", "peak"):
        file = str(tmp_path / f"{name}.json")
        run(["load", name, plan, "-q", "--no-journal", "-o", file])
        stored += ["--from", file]
    capsys.readouterr()

    assert run(["verify", "v2", plan, *stored]) in {0, 6, 7}
    assert "v2" in capsys.readouterr().out
    assert run(["verify", "v2", plan, *stored[:2]]) == 2
    assert "give one run for each scenario" in capsys.readouterr().err


def test_a_target_that_is_down_proves_no_goal_that_asks_nothing_of_its_answers(tmp_path, capsys):
    plan = plan_in(tmp_path, f"http://127.0.0.1:{free_port()}", "{concurrent_users: 20, dropped: 500}")

    assert run(["verify", "v2", plan, "-q"]) in {ExitCode.NOT_PROVEN, ExitCode.TOO_WEAK}
    told = capsys.readouterr().out
    assert "requests answered as expected >= 99%" in told
    assert told.count("nothing was answered; is a server listening at") == 2
    assert run(["verify", "--baseline", plan, "-q"]) in {ExitCode.NOT_PROVEN, ExitCode.TOO_WEAK}
    assert "nothing was answered" in capsys.readouterr().out
    run(["verify", plan])
    assert "recorded" not in capsys.readouterr().out  # a baseline of silence is none


def test_a_phase_that_was_ended_early_says_so_and_what_never_ran(tmp_path, shop, capsys):
    # given a phase whose first scenario someone ended: a kept run that says it was interrupted
    plan, kept = plan_in(tmp_path, shop), tmp_path / "normal.json"
    run(["load", "normal", plan, "-q", "-o", str(kept)])
    facts = replace(stored_load(kept), interrupted=True)
    proof = Proof(
        "v2", ProofVerdict.NOT_PROVEN, "hash", (), (scenario_proof(facts, (), 10),), outgrow="1", machine="here"
    )
    capsys.readouterr()

    print_proof(proof, ("normal", "peak"), texts_of("en"))

    told = " ".join(capsys.readouterr().out.split())
    assert "v2: ended early: no proof, neither way, and nothing is kept; not run: peak" in told
    assert "v2: not proven" not in told


def test_a_phase_that_asks_nothing_is_warned_of_and_ends_as_not_proven(tmp_path, shop, capsys):
    plan = plan_in(tmp_path, shop, "{}")
    Path(plan).write_text(Path(plan).read_text().replace('thresholds: {http_req_failed: ["rate<0.01"]}', ""))

    assert run(["verify", "v2", plan, "-q"]) in {ExitCode.NOT_PROVEN, ExitCode.TOO_WEAK}
    told = capsys.readouterr()
    assert "asks nothing" in told.err
    assert "v2: proven" not in told.out


def test_a_proof_of_stored_runs_names_the_machine_that_sent_them(tmp_path, shop, capsys):
    plan = plan_in(tmp_path, shop)
    stored = stored_runs(tmp_path, plan)
    for name in ("normal", "peak"):
        file = tmp_path / f"{name}.json"
        file.write_text(json.dumps({**json.loads(file.read_text()), "machine": "elsewhere"}))
    capsys.readouterr()

    run(["verify", "v2", plan, *stored, "--json"])

    assert json.loads(capsys.readouterr().out)["machine"] == "elsewhere"


def test_a_baseline_from_another_machine_is_told(tmp_path, shop, capsys):
    plan = plan_in(tmp_path, shop)
    run(["verify", "--baseline", plan, "-q"])
    stored = stored_runs(tmp_path, plan)
    run(["verify", "v2", plan, *stored])
    assert "another machine" not in capsys.readouterr().err
    for name in ("normal", "peak"):
        file = tmp_path / f"{name}.json"
        file.write_text(json.dumps({**json.loads(file.read_text()), "machine": "elsewhere"}))

    run(["verify", "v2", plan, *stored])

    assert "than this phase (elsewhere)" in capsys.readouterr().err
