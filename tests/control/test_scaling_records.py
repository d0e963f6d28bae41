"""What a shadow remembers: the changes of the control beside which it looks on."""

from datetime import UTC, datetime, timedelta

from outgrow.autoscale.observed import Numbers, Observation, Pod
from outgrow.autoscale.policies import PolicyState, judge, start, state_document
from outgrow.control.scaling_records import Mode, Step, followed, policy_hash, repeated, resumed
from outgrow.plan.autoscaling import HpaPolicy

_POLICY = HpaPolicy.model_validate(
    {
        "min": 1,
        "max": 50,
        "metrics": [{"kind": "external", "name": "rps", "average": 10}],
        "behavior": {"up": {"rates": [{"pods": 2, "per": "60s"}]}},
    }
)
_BEGAN = datetime(2026, 3, 1, 12, tzinfo=UTC)


def _looked_on(live: list[int]) -> tuple[list[Step], PolicyState]:
    """Look on every 15 s while somebody else orders these numbers, for a load that asks for 30."""
    state, steps = start(_POLICY), list[Step]()
    for number, replicas in enumerate(live, start=1):
        now = _BEGAN + timedelta(seconds=15 * number)
        pods = tuple(Pod(f"p{index}") for index in range(replicas))
        seen = Observation(replicas, replicas, (Numbers((300_000,)),), pods)
        state = followed(_POLICY, steps[-1] if steps else None, replicas, state)
        decision, state = judge(_POLICY, seen, state, now)
        kept = state_document(state) if number == 1 else None
        steps.append(Step("auth", Mode.SHADOW, number, policy_hash(_POLICY), decision, seen, kept))
    return steps, state


def test_a_change_of_the_live_control_counts_towards_the_rates_of_a_shadow() -> None:
    steps, _ = _looked_on([2, 4, 4, 4, 4, 6])

    # Two in a minute: the live control has used them up, until a minute is over.
    assert [each.decision.desired for each in steps] == [4, 4, 4, 4, 6, 6]


def test_what_a_shadow_decided_is_decided_again() -> None:
    steps, _ = _looked_on([2, 4, 4, 4, 4, 6, 6, 8])

    assert all(each.is_same for each in repeated(_POLICY, steps))


def test_a_shadow_that_is_started_again_remembers_the_changes_of_the_live_control() -> None:
    steps, state = _looked_on([2, 4, 4])

    assert resumed(_POLICY, steps) == state
