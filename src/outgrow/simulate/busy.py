"""How busy the CPU of a rehearsed replica is: recorded requests say it only through the capacity.

At its capacity a replica is taken to use all the CPU that it requests, below it in proportion, and never more: it is
throttled at its request. So a utilisation of 70 % is 70 % of the capacity, and a replica that meets twice its capacity
asks an HPA at 70 % for 100 / 70 as many replicas, not for 200 / 70: that is how CPU hides an overload.
"""

from collections.abc import Callable
from typing import Final

from outgrow.autoscale.hpa.pods import CPU
from outgrow.plan.autoscaling import ContainerResourceMetric, HpaMetric, ResourceMetric
from outgrow.simulate.service import ServiceModel

FULLY_BUSY: Final = 1000
"""The CPU that a replica requests, in thousandths of a core; what it is makes no difference to a share."""


def is_busy_share(metric: HpaMetric) -> bool:
    """Say whether a metric is the utilisation of the CPU, which follows from load and capacity."""
    match metric:
        case ResourceMetric() | ContainerResourceMetric():
            return metric.name == CPU and metric.utilization is not None
        case _:
            return False


def busy_share(service: ServiceModel) -> Callable[[int, int], int]:
    """Give the function from the rate in all, in thousandths, and the replicas ready to the CPU that each uses."""
    capacity = max(1, round(service.capacity * 1000))

    def busy(total: int, ready: int) -> int:
        return min(FULLY_BUSY, total * FULLY_BUSY // (ready * capacity))

    return busy
