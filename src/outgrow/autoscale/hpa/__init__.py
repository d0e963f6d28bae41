"""The HorizontalPodAutoscaler of Kubernetes, exactly: its arithmetic, its windows, its rates and its memory.

What it was held against, and where it departs, stands in docs/explanation/autoscaling.md under "Held against".
"""

from outgrow.autoscale.hpa.decide import carried_out, decide, judge
from outgrow.autoscale.hpa.history import HpaState, Recommendation, ScaleEvent

__all__ = ["HpaState", "Recommendation", "ScaleEvent", "carried_out", "decide", "judge"]
