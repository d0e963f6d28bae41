"""A proof asks that the load came and was answered, whatever the goals say: fast failures prove nothing."""

from dataclasses import replace
from typing import Any

import pytest

from outgrow.decide.phase_proofs import goals_over, scenario_proof, verdict_of, verify_hash
from outgrow.decide.thresholds import judged
from outgrow.facts.loads import LoadFacts, Outcome, StepLoad
from outgrow.facts.proofs import ProofVerdict
from outgrow.plan.file import parse_plan
from tests.decide.given_loads import run_of, seconds_of
from tests.decide.test_thresholds import gates

PROVEN, NOT_PROVEN = ProofVerdict.PROVEN, ProofVerdict.NOT_PROVEN
USERS: dict[str, Any] = {"concurrent_users": 5}


def run_with(checks: tuple[int, int] = (0, 0), **counts: int) -> LoadFacts:
    """Give a quick run of a step whose requests ended so."""
    outcomes = {Outcome[name.upper()]: count for name, count in counts.items()}
    step = StepLoad("one", outcomes, {}, None, None, None, checks={"ok": checks} if any(checks) else {})
    return replace(run_of(seconds_of([0.1] * 30)), whole=step, steps=(step,))


def verdict(facts: LoadFacts, goals: dict[str, Any] | None = None, thresholds: dict[str, Any] | None = None):
    facts = replace(facts, thresholds=judged(gates(thresholds or {}), facts, 20))
    asked = gates(USERS if goals is None else goals)
    proof = scenario_proof(facts, asked, 20)
    return verdict_of(goals_over(asked, [proof]), [proof])


@pytest.mark.parametrize(
    ("counts", "found"),
    [
        ({"done": 1000}, PROVEN),
        ({"done": 995, "unexpected": 5}, PROVEN),
        ({"done": 900, "unexpected": 100}, NOT_PROVEN),
        ({"refused": 1000}, NOT_PROVEN),
        ({"unexpected": 1000}, NOT_PROVEN),
        ({"done": 500, "interrupted": 500}, NOT_PROVEN),
        ({"never_started": 1000}, NOT_PROVEN),
        ({"done": 500, "never_started": 500}, NOT_PROVEN),
        ({}, NOT_PROVEN),
    ],
)
def test_what_was_not_sent_or_not_answered_as_expected_proves_nothing(counts, found: ProofVerdict):
    assert verdict(run_with(**counts)) is found


def test_a_goal_or_threshold_of_ones_own_says_how_many_may_fail_and_one_on_a_part_does_not():
    facts = run_with(done=900, unexpected=100)

    assert verdict(facts, {**USERS, "errors": "20 %"}) is PROVEN
    assert verdict(facts, {**USERS, "availability": "50 %"}) is PROVEN
    assert verdict(facts, thresholds={"http_req_failed": "rate<0.2"}) is PROVEN
    assert verdict(facts, {**USERS, "errors{step:one}": "20 %"}) is NOT_PROVEN
    assert verdict(facts, thresholds={"errors{step:one}": "20 %"}) is NOT_PROVEN


def test_a_threshold_on_dropped_arrivals_speaks_for_no_others():
    facts = run_with(done=500, dropped=250, without_data=250)

    assert verdict(facts, {**USERS, "dropped": 900}) is NOT_PROVEN
    assert verdict(run_with(done=500, dropped=500), {**USERS, "dropped": 900}) is PROVEN


def test_a_rehearsal_may_be_too_small_to_come_to_every_step():
    facts = run_with(done=6)
    facts = replace(facts, steps=(*facts.steps, StepLoad("seldom", {}, {}, None, None, None)))

    assert [each.text for each in scenario_proof(facts, gates(USERS), 20).thresholds] == ["steps taken == 100%"]
    assert scenario_proof(facts, gates(USERS), 20, scale=0.05).thresholds == ()


def test_checks_that_failed_prove_nothing_unless_a_threshold_says_how_many_may():
    facts = run_with(done=1000, checks=(900, 100))

    assert verdict(facts) is NOT_PROVEN
    assert verdict(run_with(done=1000, checks=(1000, 3))) is PROVEN
    assert "100 of 1,000 failed" in scenario_proof(facts, gates(USERS), 20).thresholds[0].why
    facts = replace(facts, thresholds=judged(gates({"checks": "rate>0.5"}), facts, 20))
    assert not [each for each in scenario_proof(facts, gates(USERS), 20).thresholds if each.text.startswith("checks p")]


def test_a_step_that_was_never_asked_is_named():
    facts = run_with(done=1000)
    facts = replace(facts, steps=(*facts.steps, StepLoad("pay", {}, {}, None, None, None)))

    (told,) = scenario_proof(facts, gates(USERS), 20).thresholds

    assert told.why == "never asked of the target: pay"
    assert verdict(facts) is NOT_PROVEN


def test_a_run_that_a_threshold_ended_which_is_asked_no_more_is_but_a_part_of_one():
    ended = replace(run_with(done=1000), interrupted=True, ended_by="p95 < 1 ms")

    assert scenario_proof(ended, gates(USERS), 20).interrupted
    aborting: dict[str, Any] = {"errors": {"threshold": "60 %", "abortOnFail": True}}
    kept = replace(ended, ended_by="errors < 60 %")
    kept = replace(kept, thresholds=judged(gates(aborting), kept, 20))
    assert not scenario_proof(kept, gates(USERS), 20).interrupted


def test_a_baseline_of_nothing_answered_is_not_recorded():
    silent, poor = (scenario_proof(each, (), 20) for each in (run_with(refused=40), run_with(done=1, refused=9)))

    assert verdict_of((), [silent]) is NOT_PROVEN
    assert verdict_of((), [poor]) is ProofVerdict.RECORDED


def test_a_proof_goes_out_of_date_with_the_query_of_a_signal_that_it_judged():
    text = """
outgrow: 1
name: shop
sources: {{web: {{kind: http, url: "http://127.0.0.1"}}}}
signals:
  cpu-share: {{source: web, unit: percent, read: {{metric: json, json_path: $.{cpu}}}}}
  idle: {{source: web, unit: percent, read: {{metric: json, json_path: $.{idle}}}}}
scenarios: {{peak: {{target: "http://127.0.0.1", target_rps: 1, duration: 1s, steps: [{{name: one}}]}}}}
roadmap: {{current: v1, phases: [{{name: v1, verify: {{scenarios: [peak], goals: {{cpu-share: "max<5"}}}}}}]}}
"""

    def hash_of(cpu: str, idle: str = "idle") -> str:
        plan = parse_plan(text.format(cpu=cpu, idle=idle), "p").plan
        assert plan.roadmap is not None
        assert plan.roadmap.phases[0].verify is not None
        return verify_hash(plan, plan.roadmap.phases[0].verify)

    assert hash_of("cpu") == hash_of("cpu", "other")
    assert hash_of("cpu") != hash_of("free")
