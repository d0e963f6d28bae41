from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from outgrow.autoscale.hpa import HpaState, decide
from outgrow.facts.scaling import Rule
from tests.autoscale.given import FAILED, NOW, hpa, seen

QUEUE = {"kind": "external", "name": "queue", "average": 1}
OTHER = {"kind": "external", "name": "other", "average": 1}
rates = st.lists(
    st.one_of(
        st.fixed_dictionaries({"pods": st.integers(1, 9), "per": st.sampled_from(["15s", "60s"])}),
        st.fixed_dictionaries({"percent": st.integers(1, 200), "per": st.sampled_from(["15s", "60s"])}),
    ),
    max_size=2,
)
directions = st.fixed_dictionaries(
    {"rates": rates, "window": st.sampled_from(["0s", "45s"]), "select": st.sampled_from(["max", "min", "disabled"])}
)
behaviors = st.one_of(st.none(), st.fixed_dictionaries({"up": directions, "down": directions}))
loads = st.lists(st.one_of(st.just(FAILED), st.integers(0, 60)), min_size=1, max_size=20)


def run(policy, readings, replicas: int = 5, further=()):
    """Follow a policy over readings, 15 seconds apart; give the decisions."""
    state, decisions = HpaState(), []
    for index, reading in enumerate(readings):
        decision, state = decide(policy, seen(replicas, reading, *further), state, NOW + timedelta(seconds=15 * index))
        replicas = decision.desired
        decisions.append(decision)
    return decisions


@given(behaviors, loads)
def test_replicas_stay_within_their_bounds(behavior, readings):
    policy = hpa(QUEUE, min=2, max=30, behavior=behavior)
    assert all(2 <= each.desired <= 30 for each in run(policy, readings))


@given(behaviors, loads)
def test_a_failed_metric_beside_never_lets_replicas_go_down(behavior, readings):
    policy = hpa(QUEUE, OTHER, min=1, max=100, behavior=behavior)
    assert all(each.desired >= each.current for each in run(policy, readings, further=(FAILED,)))


@given(behaviors, loads)
def test_a_decision_that_changes_nothing_but_its_rule_is_explained(behavior, readings):
    policy = hpa(QUEUE, min=1, max=20, behavior=behavior)
    for each in run(policy, readings):
        if each.recommended not in {None, each.desired}:
            assert each.rule not in {Rule.TARGET, Rule.TOLERANCE}
        assert all(counterfactual.replicas != each.desired for counterfactual in each.counterfactuals)


@given(behaviors, loads)
def test_the_same_readings_give_the_same_decisions(behavior, readings):
    policy = hpa(QUEUE, max=50, behavior=behavior)
    assert run(policy, readings) == run(policy, readings)


@given(behaviors, loads)
def test_memory_stays_small(behavior, readings):
    policy = hpa(QUEUE, max=50, behavior=behavior, controller={"downscale_stabilization": "45s"})
    state, replicas = HpaState(), 5
    for index, reading in enumerate(readings * 3):
        decision, state = decide(policy, seen(replicas, reading), state, NOW + timedelta(seconds=15 * index))
        replicas = decision.desired
        assert len(state.recommendations or ()) <= 45 / 15 + 2
        assert max(len(state.ups), len(state.downs)) <= 60 / 15 + 2
