"""Traces, services and policies for the tests of simulate, in as few words as possible."""

from collections.abc import Sequence
from typing import Any

from outgrow.plan.autoscaling import HpaPolicy
from outgrow.simulate.service import ServiceModel
from outgrow.simulate.trace import Trace

CAPACITY = 100
"""Requests a second that one replica of these tests carries."""


def trace(*replicas: float, interval: int = 60) -> Trace:
    """Traffic that needs so many replicas, interval by interval."""
    return Trace(interval, tuple(each * CAPACITY for each in replicas))


def service(
    start_up: int = 60, step: int = 60, lag: int = 60, start: int | None = None, scrape: int = 0
) -> ServiceModel:
    return ServiceModel(CAPACITY, start_up, step, lag, start, scrape)


def hpa(percent: int = 70, kind: str = "pods", **options: Any) -> HpaPolicy:
    metric = {"kind": kind, "name": "requests", "average": CAPACITY * percent / 100}
    if kind == "resource":
        metric = {"kind": kind, "name": "cpu", "utilization": percent}
    return HpaPolicy.model_validate({"min": 1, "max": 100, "behavior": {}, **options, "metrics": [metric]})


def steady(replicas: float, intervals: int) -> Sequence[float]:
    return [replicas] * intervals
