"""Existing autoscalers read into scaling policies: HorizontalPodAutoscaler, ScaledObject, Compose.

What cannot be carried over is said.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

from outgrow.errors import UsageError
from outgrow.plan.imports.hpa_versions import spec_of
from outgrow.plan.imports.kubernetes_words import direction_of, number_of, reading, unread
from outgrow.plan.imports.scaled_objects import policy_of

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ImportedScaling:
    """What stands below `scaling` in a plan, for which service, and what was not carried over."""

    service: str
    scaling: Json
    left_out: tuple[str, ...]


def imported_scaling(documents: Sequence[Any], where: str) -> tuple[ImportedScaling, ...]:
    """Read the documents of a YAML file.

    Raises:
        UsageError: nothing in it scales, or a number cannot be read.
    """
    found: list[ImportedScaling] = []
    for document in documents:
        if not isinstance(document, dict):
            continue
        each = cast("dict[str, Any]", document)
        for item in _items(each):
            found += _read(item, where)
    if not found:
        raise UsageError(
            f"{where}: nothing in it scales; give a HorizontalPodAutoscaler, a ScaledObject, or Compose services"
        )
    return tuple(found)


def _items(document: dict[str, Any]) -> list[Json]:
    """Give what a document holds: of a list its items, which leave out their kind where the list's name says it."""
    kind = str(document.get("kind") or "")
    items = document.get("items")
    if not kind.endswith("List") or not isinstance(items, list):
        return [document]
    each = {"kind": kind.removesuffix("List")} if kind != "List" else {}
    known = [cast("dict[str, Any]", item) for item in cast("list[Any]", items) if isinstance(item, dict)]
    held: list[dict[str, Any]] = [{**each, **item} for item in known]
    # KEDA keeps an autoscaler for each ScaledObject; where both are at hand the latter says more.
    scaled = {item["metadata"]["name"] for item in held if item.get("kind") == "ScaledObject" and "metadata" in item}
    return [item for item in held if not scaled & _owners(item)]


def _owners(item: Json) -> set[str]:
    meta = cast("dict[str, Any]", item.get("metadata") or {})
    owners = cast("list[dict[str, Any]]", meta.get("ownerReferences") or [])
    return {str(each.get("name")) for each in owners if each.get("kind") == "ScaledObject"}


def _read(item: Json, where: str) -> list[ImportedScaling]:
    try:
        match item.get("kind"):
            case "HorizontalPodAutoscaler":
                return [_hpa(item)]
            case "ScaledObject":
                return [_scaled_object(item)]
            case None if isinstance(item.get("services"), dict):
                return _compose(item["services"])
            case _:
                return []
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        what = str(error)
        if not isinstance(error, ValueError):
            missing = f"{error.args[0]} is missing" if isinstance(error, KeyError) else what
            what = f"{missing}; is it complete?"
        raise UsageError(f"{where}: {_called(item)} cannot be read: {what}") from error


def _called(item: Json) -> str:
    """Give an object's kind, and its name where it has one."""
    meta: Any = item.get("metadata")
    name = str(cast("Json", meta).get("name", "")) if isinstance(meta, dict) else ""
    return f"{item.get('kind') or 'services'} {name}".rstrip()


# --- Kubernetes ---


def _hpa(item: Json) -> ImportedScaling:
    spec = spec_of(item)
    left_out: list[str] = []
    metrics: list[Json] = []
    for index, raw in enumerate(spec["metrics"]):
        with reading(f"spec.metrics[{index}]"):
            each = _metric(raw, left_out)
        metrics += [each] if each else []
    left_out += unread(spec, {"scaleTargetRef", "minReplicas", "maxReplicas", "metrics", "behavior"})
    if not spec["metrics"]:
        # Without any metric the controller aims at 80 % of the CPU that is requested.
        metrics.append({"kind": "resource", "name": "cpu", "utilization": 80})
    scaling: dict[str, Any] = {
        "policy": "hpa",
        "min": spec.get("minReplicas", 1),
        "max": spec["maxReplicas"],
        "metrics": metrics,
    }
    if "behavior" in spec:
        behavior: dict[str, Any] = spec["behavior"] or {}
        both = {"up": behavior.get("scaleUp"), "down": behavior.get("scaleDown")}
        scaling["behavior"] = {name: direction_of(raw) for name, raw in both.items() if raw}
    return ImportedScaling(spec["scaleTargetRef"]["name"], scaling, tuple(left_out))


def _metric(raw: Json, left_out: list[str]) -> Json | None:
    kinds = {
        "Resource": ("resource", "resource"),
        "ContainerResource": ("containerResource", "container_resource"),
        "Pods": ("pods", "pods"),
        "Object": ("object", "object"),
        "External": ("external", "external"),
    }
    if raw["type"] not in kinds:
        left_out.append(f"metric of type {raw['type']}: not known")
        return None
    key, kind = kinds[raw["type"]]
    source, target = raw[key], raw[key]["target"]
    name = source["name"] if "name" in source else source["metric"]["name"]
    found: dict[str, Any] = {"kind": kind, "name": name}
    if kind == "container_resource":
        found["container"] = source["container"]
    with reading(name):
        if target.get("averageUtilization") is not None:
            found["utilization"] = target["averageUtilization"]
        elif target.get("averageValue") is not None:
            found["average"] = number_of(target["averageValue"])
        else:
            found["value"] = number_of(target["value"])
    lost = [*unread(source.get("metric") or {}, {"name"}), *unread(source, {"name", "container", "metric", "target"})]
    if lost:
        left_out.append(f"metric {name}: its {', '.join(lost)}; put it into the query of the signal")
    return found


def _scaled_object(item: Json) -> ImportedScaling:
    scaling, left_out = policy_of(item)
    return ImportedScaling(item["spec"]["scaleTargetRef"]["name"], scaling, left_out)


# --- Compose ---

_WHOLE: Final = re.compile(r"(\d{1,6})|\$\{\w+:?-(\d{1,6})\}")
"""A number, or a variable with a number that Compose takes where it is not set."""


def _compose(services: Json) -> list[ImportedScaling]:
    found: list[ImportedScaling] = []
    for name, service in services.items():
        declared: dict[str, Any] = service or {}
        deploy: dict[str, Any] = declared.get("deploy") or {}
        if "replicas" not in deploy:
            continue
        written = _WHOLE.fullmatch(str(deploy["replicas"]))
        replicas = 1 if written is None else int(written[1] or written[2])
        scaling = {
            "policy": "hpa",
            "min": replicas,
            "max": max(1, replicas),
            "metrics": [{"kind": "resource", "name": "cpu", "utilization": 70}],
        }
        left_out = ["Compose knows no scaling: min and max are its replicas, the metric is a first guess"]
        if written is None:
            left_out.append(f"deploy.replicas: {deploy['replicas']} is no number here, and 1 stands in its place")
        if "resources" in deploy:
            left_out.append("deploy.resources: what a replica may use")
        found.append(ImportedScaling(name, scaling, tuple(left_out)))
    return found
