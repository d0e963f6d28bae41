"""A KEDA ScaledObject read into a scaling policy of a plan.

Triggers from outside become `policy: keda` with activation, formula, fallback, idling and cooling down. Where a trigger
is the CPU or memory of the pods themselves it becomes `policy: hpa`, which is what KEDA makes of it, and what that
policy has no word for is said. A cron trigger asks for so many replicas in its hours: a schedule with that `min`.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, cast

from outgrow.errors import UsageError
from outgrow.plan.formula import parse_formula
from outgrow.plan.imports.kubernetes_words import direction_of, number_of, reading, unread

Json = Mapping[str, Any]

_RESOURCES: Final = frozenset({"cpu", "memory"})
_TARGETS: Final = (
    "threshold",
    "value",
    "queueLength",
    "lagThreshold",
    "targetQueryValue",
    "queryValue",
    "listLength",
    "pendingEntriesCount",
    "targetValue",
    "targetMetricValue",
    "thresholdValue",
    "depthThreshold",
    "msgBacklogThreshold",
    "unprocessedEventThreshold",
    "messageCount",
    "blobCount",
)
"""What the scalers call the amount of one replica, or of all; a trigger has one of them."""
_SECONDS: Final = {
    "pollingInterval": "polling",
    "cooldownPeriod": "cool_down",
    "initialCooldownPeriod": "initial_cool_down",
}
_OPTIONS: Final = frozenset(
    {
        *("scaleTargetRef", "triggers", "minReplicaCount", "maxReplicaCount", "advanced"),
        *("idleReplicaCount", "fallback", *_SECONDS),
    }
)
_KINDS: Final = frozenset({"Value", "AverageValue", "Utilization"})
_ASKED: Final = "; what it measures has to be asked for by a signal"
_PAUSE: Final = "autoscaling.keda.sh/paused"


def policy_of(item: Json) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Give what stands below `scaling`, and what was not carried over.

    Raises:
        KeyError, TypeError, ValueError: it is broken.
        UsageError: nothing but hours of the day scales it.
    """
    spec = cast("dict[str, Any]", item["spec"])
    left_out: list[str] = []
    named = [(_name(index, each), each) for index, each in enumerate(spec["triggers"])]
    most = spec.get("maxReplicaCount", 100)
    schedules = [_hours(name, each, most) for name, each in named if each["type"] == "cron"]
    others = [(name, each) for name, each in named if each["type"] != "cron"]
    if not others:
        service = spec["scaleTargetRef"]["name"]
        raise UsageError(f"{service}: only cron triggers scale it; write a policy and put these hours into schedules")
    scaling: dict[str, Any] = {"policy": "hpa", "min": spec.get("minReplicaCount", 0), "max": most}
    if any(each["type"] in _RESOURCES for _, each in others):
        scaling["metrics"] = _kept(_metric, others, left_out)
        kept_back = ("idleReplicaCount", *_SECONDS, "fallback")
        left_out += [f"{option}: {spec[option]}" for option in kept_back if option in spec]
        left_out += [f"trigger {name}: its activation" for name, each in others if _activation(each)[1]]
        if _modifiers(spec):
            left_out.append("advanced.scalingModifiers: the formula")
    else:
        scaling |= {"policy": "keda", "triggers": _kept(_trigger, others, left_out)}
        scaling |= _keda_options(spec, left_out)
    behavior = _part(_part(_part(spec, "advanced"), "horizontalPodAutoscalerConfig"), "behavior")
    if behavior:
        both = {"up": _part(behavior, "scaleUp"), "down": _part(behavior, "scaleDown")}
        scaling["behavior"] = {name: direction_of(raw) for name, raw in both.items() if raw}
    if schedules:
        scaling["schedules"] = schedules
    left_out += _beside(spec)
    left_out += [f"trigger {name}: {', '.join(lost)}{_ASKED}" for name, each in named if (lost := _unread(each))]
    pause = _pause(item, left_out)
    if pause is not None:
        scaling["pause"] = pause
    return scaling, tuple(left_out)


def _kept(
    made_of: Callable[[str, Json], Json | None], others: Sequence[tuple[str, Json]], left_out: list[str]
) -> list[Json]:
    """Read the triggers that have a target; name the others."""
    kept: list[Json] = []
    for name, trigger in others:
        with reading(f"trigger {name}"):
            found = made_of(name, trigger)
        if found is None:
            left_out.append(f"trigger {name}: no target that could be carried over")
        else:
            kept.append(found)
    return kept


def _name(index: int, trigger: Json) -> str:
    """Name a trigger as KEDA does where it has no name of its own."""
    with reading(f"spec.triggers[{index}]"):
        return str(trigger.get("name") or f"{trigger['type']}-{index}")


def _unread(trigger: Json) -> list[str]:
    """Give what of a trigger its policy has no place for: where and how it is measured, and who may."""
    metadata = _metadata(trigger)
    read = {"start", "end", "timezone", "desiredReplicas"} if trigger["type"] == "cron" else {_target_key(trigger)}
    read |= {"type"} if metadata.get("type") in _KINDS else set()
    read |= {"containerName"} if trigger["type"] in _RESOURCES else set()
    read |= {_activation(trigger)[0]}
    lost = unread(metadata, read)
    return [*lost, *unread(trigger, {"type", "name", "metadata", "metricType"})]


def _beside(spec: Json) -> list[str]:
    """Give what stands beside triggers, bounds and behavior and has no counterpart."""
    advanced, target = _part(spec, "advanced"), _part(spec, "scaleTargetRef")
    hpa, formula = _part(advanced, "horizontalPodAutoscalerConfig"), _part(advanced, "scalingModifiers")
    return [
        *unread(target, {"name", "kind", "apiVersion"}, "scaleTargetRef."),
        *unread(spec, _OPTIONS),
        *unread(advanced, {"horizontalPodAutoscalerConfig", "scalingModifiers"}, "advanced."),
        *unread(hpa, {"behavior"}, "advanced.horizontalPodAutoscalerConfig."),
        *unread(formula, {"formula", "target", "activationTarget", "metricType"}, "advanced.scalingModifiers."),
    ]


def _part(raw: Json, key: str) -> Json:
    return cast("Json", raw.get(key) or {})


def _metadata(trigger: Json) -> Json:
    return _part(trigger, "metadata")


def _target_key(trigger: Json) -> str:
    return next((key for key in _TARGETS if key in _metadata(trigger)), "")


def _target(trigger: Json) -> float | int | None:
    key = _target_key(trigger)
    if not key:
        return None
    with reading(f"metadata.{key}"):
        return number_of(_metadata(trigger)[key])


def _kind(trigger: Json) -> str:
    """Say how the target counts: `AverageValue` unless it is written; older objects have it among the metadata."""
    return next((kind for kind in (trigger.get("metricType"), _metadata(trigger).get("type")) if kind in _KINDS), "")


def _activation(trigger: Json) -> tuple[str, float | int]:
    """Give the amount above which a trigger is active, and its option: `activation` and the scaler's own word."""
    for key, written in _metadata(trigger).items():
        if key.startswith("activation"):
            with reading(f"metadata.{key}"):
                return key, number_of(written)
    return "", 0


def _trigger(name: str, trigger: Json) -> Json | None:
    target = _target(trigger)
    if target is None:
        return None
    found = {"name": name, "value" if _kind(trigger) == "Value" else "average": target}
    _, activation = _activation(trigger)
    return {**found, "activation": activation} if activation else found


def _metric(name: str, trigger: Json) -> Json | None:
    target, kind = _target(trigger), _kind(trigger)
    if target is None:
        return None
    if trigger["type"] not in _RESOURCES:
        return {"kind": "external", "name": name, "value" if kind == "Value" else "average": target}
    container = _metadata(trigger).get("containerName")
    of = {"kind": "container_resource", "container": container} if container else {"kind": "resource"}
    amount = {"average": target} if kind == "AverageValue" else {"utilization": int(target)}
    return {**of, "name": trigger["type"], **amount}


def _hours(name: str, trigger: Json, most: int) -> Json:
    metadata = _metadata(trigger)
    with reading(f"trigger {name}"):
        fewest = min(int(number_of(metadata["desiredReplicas"])), most)
        hours = {"title": name, "start": metadata["start"], "end": metadata["end"], "min": fewest}
    return {**hours, "timezone": metadata["timezone"]} if metadata.get("timezone") else hours


def _modifiers(spec: Json) -> Json:
    return _part(_part(spec, "advanced"), "scalingModifiers")


def _keda_options(spec: Json, left_out: list[str]) -> Json:
    """Read what only KEDA has: idling, cooling down, fallback, the formula."""
    found: dict[str, Any] = {ours: f"{spec[theirs]}s" for theirs, ours in _SECONDS.items() if theirs in spec}
    if spec.get("idleReplicaCount") is not None:
        found["idle"] = spec["idleReplicaCount"]
    if spec.get("fallback"):
        raw: dict[str, Any] = spec["fallback"]
        # KEDA falls back when there were more failures than the threshold, outgrow from so many on.
        found["fallback"] = {"after_failures": int(raw["failureThreshold"]) + 1, "replicas": raw["replicas"]}
        if raw.get("behavior"):
            if raw["behavior"] == "scalingModifiers":
                left_out.append(
                    "fallback.behavior: scalingModifiers; give the formula a ?? for each trigger that may fail"
                )
            else:
                found["fallback"]["behavior"] = raw["behavior"]
    modifiers = _modifiers(spec)
    if modifiers.get("formula"):
        try:
            parse_formula(modifiers["formula"])
        except ValueError as error:
            left_out.append(f"advanced.scalingModifiers: the formula ({error}); every trigger counts by its own target")
        else:
            how = "value" if modifiers.get("metricType") == "Value" else "average"
            found["combine"] = {"formula": modifiers["formula"], how: number_of(modifiers["target"])}
            if modifiers.get("activationTarget"):
                found["combine"]["activation"] = number_of(modifiers["activationTarget"])
    return found


def _pause(item: Json, left_out: list[str]) -> str | int | None:
    """Read the annotations that hold KEDA still; a number of replicas goes before the rest, as it does there."""
    noted = _part(_part(item, "metadata"), "annotations")
    if str(noted.get("autoscaling.keda.sh/force-activation", "")).lower() == "true":
        left_out.append("annotation force-activation: give the policy a min of 1 for as long")
    if f"{_PAUSE}-replicas" in noted:
        return int(noted[f"{_PAUSE}-replicas"])
    whole, inwards, outwards = (
        str(noted.get(f"{_PAUSE}{part}", "")).lower() == "true" for part in ("", "-scale-in", "-scale-out")
    )
    if whole or (inwards and outwards):
        return "all"
    return "in" if inwards else "out" if outwards else None
