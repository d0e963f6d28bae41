"""A HorizontalPodAutoscaler of any version as one of autoscaling/v2.

What an older version has no field for stands in annotations, where the API server puts it when it is asked for that
version: `kubectl get hpa -o yaml` does so on clusters before 1.23.
"""

import json
from collections.abc import Mapping
from typing import Any, Final, cast

Json = Mapping[str, Any]

_PREFIX: Final = "autoscaling.alpha.kubernetes.io/"
_SOURCES: Final = ("resource", "containerResource", "pods", "object", "external")
_TARGETS: Final = {
    "averageUtilization": ("targetAverageUtilization",),
    "averageValue": ("targetAverageValue", "averageValue"),
    "value": ("targetValue",),
}


def spec_of(item: Json) -> dict[str, Any]:
    """Give the `spec` as autoscaling/v2 has it.

    Raises:
        KeyError, TypeError, ValueError: it is broken.
    """
    spec = dict(cast("Json", item["spec"]))
    meta = cast("Json", item.get("metadata") or {})
    kept = cast("Json", meta.get("annotations") or {})
    metrics = list(cast("list[Json]", spec.get("metrics") or []))
    percent = spec.pop("targetCPUUtilizationPercentage", None)
    others: list[Json] = json.loads(kept.get(f"{_PREFIX}metrics", "[]")) if not metrics else []
    if percent is not None:
        target = {"type": "Utilization", "averageUtilization": percent}
        metrics.append({"type": "Resource", "resource": {"name": "cpu", "target": target}})
    spec["metrics"] = [_modern(each) for each in (*metrics, *others)]
    if "behavior" not in spec and f"{_PREFIX}behavior" in kept:
        spec["behavior"] = _lowered(json.loads(kept[f"{_PREFIX}behavior"]))
    return spec


def _modern(metric: Json) -> Json:
    """Give a metric with a `target` of its own, which versions before v2beta2 spread over the source."""
    found = dict(metric)
    for kind in _SOURCES:
        source = cast("Json | None", metric.get(kind))
        if source is None or cast("Json", source.get("target") or {}).get("type"):
            continue
        target = {
            modern: source[old] for modern, olds in _TARGETS.items() for old in olds if source.get(old) is not None
        }
        name = {"name": source["name"]} if "name" in source else {}
        metric_of = {
            "name": source.get("metricName"),
            "selector": source.get("metricSelector") or source.get("selector"),
        }
        container = {"container": source["container"]} if "container" in source else {}
        found[kind] = {**name, **container, "target": target, **({} if name else {"metric": metric_of})}
    return found


def _lowered(node: Any) -> Any:
    """Give a document of the annotation with its keys as everywhere else: there they begin with a capital."""
    if isinstance(node, dict):
        items = cast("dict[str, Any]", node).items()
        return {key[:1].lower() + key[1:]: _lowered(value) for key, value in items if value is not None}
    if isinstance(node, list):
        return [_lowered(each) for each in cast("list[Any]", node)]
    return node
