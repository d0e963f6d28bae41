"""Pods, readings and policies for the tests of autoscale, in as few words as possible."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from outgrow.autoscale.observed import (
    Answer,
    Numbers,
    Observation,
    PerPod,
    Phase,
    Pod,
    PodUsage,
    Readiness,
    Reading,
    Unread,
)
from outgrow.plan.autoscaling import ControllerOptions, HpaPolicy

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
AGES = {"c": timedelta(minutes=3), "h": timedelta(seconds=30)}
OPTIONS = {"cpu_initialization_period": "2m", "initial_readiness_delay": "10s"}


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def pod(name: str, letter: str = "T", age: str = "c", request: int | None = 1000) -> Pod:
    """A pod: T ready, F not ready, p pending, x failed, d being deleted; c cool, h hot."""
    started = NOW - AGES[age]
    return Pod(
        name,
        phase={"p": Phase.PENDING, "x": Phase.FAILED}.get(letter, Phase.RUNNING),
        readiness=Readiness(Answer.YES if letter == "T" else Answer.NO, started),
        started_at=started,
        deleting=letter == "d",
        requests={"app": {} if request is None else {"cpu": request, "memory": request}},
    )


def pods(letters: str, started: str = "", requests: Sequence[int | None] = ()) -> tuple[Pod, ...]:
    ages = started or "c" * len(letters)
    asked = requests or [1000] * len(letters)
    return tuple(pod(f"pod-{i}", letters[i], ages[i], asked[i]) for i in range(len(letters)))


def usage(*levels: int, names: Sequence[str] = ()) -> PerPod:
    given = names or [f"pod-{index}" for index in range(len(levels))]
    window = timedelta(minutes=1)
    return PerPod({name: PodUsage(level, NOW, window) for name, level in zip(given, levels, strict=True)})


def thousandths(milli: int) -> Decimal:
    return Decimal(milli) / 1000


def hpa(*metrics: Mapping[str, Any], **options: Any) -> HpaPolicy:
    given = metrics or ({"kind": "external", "name": "queue", "average": 1},)
    controller = ControllerOptions.model_validate(OPTIONS)
    return HpaPolicy.model_validate({"min": 1, "max": 1000, "controller": controller, **options, "metrics": given})


def seen(replicas: int, *readings: Reading | int, of: Sequence[Pod] = ()) -> Observation:
    """An observation; a bare number is the reading of a metric outside the pods, in its own unit."""
    read = tuple(Numbers((each * 1000,)) if isinstance(each, int) else each for each in readings)
    return Observation(replicas, replicas, read, tuple(of))


FAILED = Unread("the source did not answer")
