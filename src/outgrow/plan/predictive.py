"""The predictive policy: replicas are ordered for the load that will be there when they are ready."""

# The policy narrows `policy` to its one word; the models are frozen, so nobody can write another into it.
# pyright: reportIncompatibleVariableOverride=false

from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from outgrow.plan.autoscaling import HpaMetric, Percent, PolicyBase, Share
from outgrow.quantity import Duration

_LONGEST_HOLD: Final = Duration.parse("1h")


class PredictivePolicy(PolicyBase):
    """Replicas for the load that is expected when they are ready, with the margin that past errors call for.

    Never fewer than the load of now needs, and reactive by itself while no forecast can be trusted. The service says
    what one replica carries (`capacity`) and how long it takes to start (`start_up`), or they are measured.
    """

    policy: Literal["predictive"] = "predictive"
    """Ahead of the load."""
    unserved: Share = 0.0001
    """How much of the demand may be left unserved: the margin is as small as keeps this."""
    headroom: Annotated[Share, Field(le=1)] = 0.2
    """By how much replicas may outnumber those that a perfect follower of the load would have, over days. Where the
    load is so restless that `unserved` would cost more than this, this counts."""
    tolerated: Share = 0.005
    """Where head-room would leave more than this share of the demand unserved, more is ordered than `headroom` allows,
    as long as it costs no more than the reactive rule would; 100 % never allows more."""
    hold: Duration = Duration.parse("5m")
    """Nothing is taken away that was asked for within this time; at most 1h."""
    fallback_utilization: Annotated[Percent, Field(le=100)] = 70
    """The share of a replica's capacity that is aimed at while no forecast can be trusted."""
    metrics: tuple[HpaMetric, ...] = ()
    """Further metrics, such as CPU: each asks for replicas as it does in an HPA, and the most that is asked counts."""

    @model_validator(mode="after")
    def _hold_is_within_reach(self) -> Self:
        if self.hold > _LONGEST_HOLD:
            raise PydanticCustomError("hold", "hold is at most 1h; write for example hold: 5m")
        return self
