"""Replicas for the load that will be there when they are ready; see docs/explanation/autoscaling.md."""

from outgrow.autoscale.predictive.decide import carried_out, decide, judge
from outgrow.autoscale.predictive.state import PredictiveState

__all__ = ["PredictiveState", "carried_out", "decide", "judge"]
