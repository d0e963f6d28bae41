"""KEDA's rules around an HPA: activation, cooling down, idling, formulas, fallback, pauses."""

from datetime import timedelta

import pytest
from pydantic import ValidationError

from outgrow.autoscale import keda as keda_policy
from outgrow.autoscale.observed import Numbers
from outgrow.autoscale.policies import decide, start, state_document, state_from
from outgrow.facts.scaling import Rule
from outgrow.plan.formula import parse_formula
from outgrow.plan.keda import KedaPolicy
from tests.autoscale.given import FAILED, NOW, after, pods, seen

QUEUE = {"name": "queue", "average": 10, "activation": 5}
FAST = {"down": {"window": "0s"}, "up": {"rates": [{"pods": 1000, "per": "15s"}]}}


def keda(*triggers, **options) -> KedaPolicy:
    given = {"max": 100, "behavior": FAST, **options}
    return KedaPolicy.model_validate({**given, "triggers": triggers or [QUEUE]})


def run(policy: KedaPolicy, readings, replicas: int = 0, every: float = 60):
    state, decisions = start(policy), []
    for index, reading in enumerate(readings):
        given = reading if isinstance(reading, tuple) else (reading,)
        moment = NOW + timedelta(seconds=index * every)
        decision, state = decide(policy, seen(replicas, *given), state, moment)
        state = state_from(policy, state_document(state))
        replicas = decision.desired
        decisions.append(decision)
    return decisions


def test_only_more_than_the_activation_brings_the_first_replica():
    decisions = run(keda(), [5, 6, 60])
    assert [each.desired for each in decisions] == [0, 1, 6]
    assert [each.rule for each in decisions[:2]] == [Rule.IDLE, Rule.ACTIVE]


def test_a_minimum_is_reached_at_once():
    assert run(keda(min=3), [6])[0].desired == 3


def test_nothing_goes_to_zero_before_the_cool_down_is_over():
    decisions = run(keda(cool_down="3m"), [60, 60, 0, 0, 0, 0])
    assert [each.desired for each in decisions] == [1, 6, 1, 1, 0, 0]


def test_what_idles_is_below_the_minimum():
    decisions = run(keda(min=3, idle=1, cool_down="1m"), [60, 60, 0, 0], replicas=1)
    assert [each.desired for each in decisions] == [3, 6, 1, 1]


def test_with_a_minimum_and_without_idling_it_never_goes_below():
    assert run(keda(min=2, cool_down="1m"), [0, 0, 0, 0], replicas=4)[-1].desired == 2


def test_while_nothing_runs_triggers_are_looked_at_once_a_polling():
    decisions = run(keda(polling="30s"), [0, 60, 60, 60], every=15)
    assert [each.desired for each in decisions] == [0, 0, 1, 6]


def test_a_failed_trigger_never_scales_to_zero():
    decisions = run(keda(cool_down="1m"), [60, 60] + [FAILED] * 20)
    assert {each.desired for each in decisions[2:]} == {6}
    assert decisions[-1].rule is Rule.FAILED


@pytest.mark.parametrize(
    ("behavior", "from_2", "from_9"),
    [("static", 5, 5), ("currentReplicas", 2, 9), ("currentReplicasIfHigher", 5, 9), ("currentReplicasIfLower", 2, 5)],
)
def test_the_fallback_holds_after_so_many_failures_in_a_row(behavior, from_2, from_9):
    policy = keda(fallback={"after_failures": 3, "replicas": 5, "behavior": behavior})
    for replicas, desired in ((2, from_2), (9, from_9)):
        decisions = run(policy, [FAILED] * 3, replicas=replicas)
        assert [each.desired for each in decisions] == [replicas, replicas, desired]
        assert decisions[-1].rule is Rule.FALLBACK


def test_one_answer_between_failures_begins_the_count_anew():
    policy = keda(fallback={"after_failures": 3, "replicas": 50})
    decisions = run(policy, [FAILED, FAILED, 20, FAILED, FAILED], replicas=2)
    assert {each.desired for each in decisions} == {2}


def test_a_formula_routes_round_a_failed_trigger():
    policy = keda(QUEUE, {"name": "backup", "average": 1}, combine={"formula": "queue ?? backup", "average": 10})
    assert run(policy, [(FAILED, 40)], replicas=2)[0].desired == 4
    assert run(policy, [(70, 40)], replicas=2)[0].desired == 7
    assert run(policy, [(FAILED, FAILED)], replicas=2)[0].rule is Rule.FAILED


@pytest.mark.parametrize(("initial", "desired"), [("0s", [0, 0, 0]), ("2m", [4, 4, 0])])
def test_where_no_trigger_has_ever_been_active_the_initial_cool_down_counts(initial, desired):
    decisions = run(keda(cool_down="1h", initial_cool_down=initial, behavior=None), [0, 0, 0], replicas=4)
    assert [each.desired for each in decisions] == desired


def test_a_service_at_nothing_comes_up_to_a_minimum_even_while_idle():
    assert [each.desired for each in run(keda(min=3), [0, 0])] == [3, 3]
    assert run(keda(min=3, idle=0), [0])[0].desired == 0
    assert run(keda(min=3), [FAILED])[0].desired == 0


def test_a_trigger_that_the_fallback_stands_in_for_is_active():
    policy = keda(fallback={"after_failures": 2, "replicas": 5}, cool_down="1m")
    decisions = run(policy, [FAILED] * 9)
    assert [each.desired for each in decisions[:4]] == [0, 1, 5, 5]
    assert decisions[-1].desired == 5


def test_the_hpa_does_not_count_what_keda_changed_among_its_own_changes():
    slow = {"up": {"rates": [{"pods": 2, "per": "5m"}]}, "down": {"window": "0s"}}
    decisions = run(keda(behavior=slow, cool_down="1m", min=4, idle=0), [60, 60, 0, 60, 90])
    assert [each.desired for each in decisions] == [4, 6, 0, 4, 4]


def test_the_hpa_remembers_that_it_began_at_nothing():
    policy = keda(behavior={"up": {"window": "3m"}}, polling="30s")
    decisions = run(policy, [6, 60, 60, 60])
    assert [each.desired for each in decisions] == [1, 1, 1, 5]


def test_the_fallback_of_a_whole_amount_is_shared_by_what_is_ready():
    trigger = {"name": "queue", "value": 10}
    policy = keda(trigger, fallback={"after_failures": 1, "replicas": 7})

    def judged(letters):
        decision, _ = keda_policy.judge(policy, seen(3, FAILED, of=pods(letters)), keda_policy.KedaState(), NOW)
        return decision

    assert [judged("TTT").desired, judged("TFF").desired] == [7, 7]
    assert (judged("FFF").desired, judged("FFF").rule) == (3, Rule.FAILED)


def test_below_zero_a_trigger_says_zero():
    policy = keda(QUEUE, {"name": "other", "average": 10}, combine={"formula": "queue - other", "average": 10})
    assert run(policy, [(40, -100)], replicas=2)[0].desired == 4


def test_what_a_formula_gives_is_cut_to_thousandths_before_anything_is_compared():
    policy = keda(combine={"formula": "queue / 3", "average": 1, "activation": 2.333})
    assert [each.desired for each in run(policy, [Numbers((7_001,)), Numbers((7_002,))])] == [0, 1]


def test_a_formula_that_gives_more_than_can_be_said_asks_for_the_most():
    policy = keda(max=50, combine={"formula": "queue * 1e306", "average": 1})
    assert run(policy, [60], replicas=2)[0].desired == 50


def test_failures_of_different_triggers_do_not_add_up_under_a_formula():
    policy = keda(
        QUEUE,
        {"name": "other", "average": 1},
        combine={"formula": "queue + other", "average": 10},
        fallback={"after_failures": 3, "replicas": 9},
    )
    turns = [(FAILED, 10), (FAILED, 10), (10, FAILED), (10, FAILED), (10, FAILED)]
    assert [each.desired for each in run(policy, turns, replicas=2)] == [2, 2, 2, 2, 9]


def test_while_one_trigger_errs_a_formula_is_not_active_although_the_fallback_holds():
    policy = keda(
        QUEUE,
        {"name": "other", "average": 1},
        combine={"formula": "queue + other", "average": 10},
        fallback={"after_failures": 2, "replicas": 9},
    )
    state = keda_policy.KedaState()
    desired = []
    for index, readings in enumerate([(FAILED, 0), (FAILED, FAILED), (FAILED, FAILED)]):
        decision, state = keda_policy.judge(policy, seen(0, *readings), state, after(60 * index))
        desired.append(decision.desired)
    assert desired == [0, 0, 1]


def test_several_series_of_a_trigger_are_added_up():
    assert run(keda(), [Numbers((20_000, 30_000))], replicas=2)[0].desired == 5


@pytest.mark.parametrize(("pause", "desired"), [("all", 2), ("in", 7), ("out", 2), (4, 4), (0, 0)])
def test_a_pause_holds(pause, desired):
    assert run(keda(pause=pause), [70], replicas=2)[0].desired == desired


# --- formulas ---


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a + b * 2", 9.0),
        ("(a ?? 7) + (failed ?? 7)", 8.0),
        ("failed ?? b", 4.0),
        ("failed ?? failed ?? 3", 3.0),
        ("a > b ? a : b", 4.0),
        ("a < b && b < 10 ? max(a, b, 9) : 0", 9.0),
        ("!(a > b) || a == 1 ? 2 : 3", 2.0),
        ("a > 5 ? 1 : b > 5 ? 2 : 3", 3.0),
        ("avg(a, b) + min(a, b) - 2 ** 2 % 3", 2.5),
        ("failed == nil ? 1 : 2", 1.0),
        ("ceil(b / 3) + floor(b / 3)", 3.0),
    ],
)
def test_a_formula_is_worked_out(text, value):
    assert parse_formula(text).value({"a": 1.0, "b": 4.0, "failed": None}) == value


@pytest.mark.parametrize(
    "text",
    [
        *("", "a +", "a ?? b + c", "a.b", "a[0]", "'text'", "__import__(a)", "lambda: 1", "a; b", "open(a)", "a, b"),
        *("(a", "a)", "a ? b", "a : b", "a if b else c", "0x10", "a = 1", "a" * 1001, "max", "a `b`", "f(1)"),
    ],
)
def test_what_is_no_formula_is_refused_when_the_plan_is_read(text):
    with pytest.raises(ValidationError):
        keda({"name": "a", "average": 1}, combine={"formula": text, "average": 1})


@pytest.mark.parametrize("text", ["a / 0", "failed + 1", "9 ** 99", "a > 0 && failed > 1"])
def test_a_formula_that_gives_no_number_says_why(text):
    with pytest.raises(ValueError, match="no number"):
        parse_formula(text).value({"a": 1.0, "failed": None})
