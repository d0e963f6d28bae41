"""The HorizontalPodAutoscaler of Kubernetes, exactly: its arithmetic, its windows, its rates and its memory.

Held against the behaviour of the controller of Kubernetes 1.34; see docs/explanation/autoscaling.md.
"""

from outgrow.autoscale.hpa.decide import carried_out, decide, judge
from outgrow.autoscale.hpa.history import HpaState, Recommendation, ScaleEvent

__all__ = ["HpaState", "Recommendation", "ScaleEvent", "carried_out", "decide", "judge"]
