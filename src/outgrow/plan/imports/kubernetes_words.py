"""Words that every Kubernetes object writes alike: quantities, and the rules of one direction."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

Json = Mapping[str, Any]
_SUFFIXES: Final = {
    "m": "0.001",
    "k": "1000",
    "M": "1e6",
    "G": "1e9",
    "Ki": "1024",
    "Mi": "1048576",
    "Gi": "1073741824",
}


def direction_of(raw: Json) -> Json:
    """Read `scaleUp` or `scaleDown` of a `behavior` into `up` or `down` of a plan's."""
    found: dict[str, Any] = {}
    if raw.get("stabilizationWindowSeconds") is not None:
        found["window"] = f"{raw['stabilizationWindowSeconds']}s"
    if raw.get("selectPolicy"):
        found["select"] = str(raw["selectPolicy"]).lower()
    if raw.get("tolerance") is not None:
        found["tolerance"] = number_of(raw["tolerance"])
    if raw.get("policies"):
        found["rates"] = [
            {"pods" if each["type"] == "Pods" else "percent": each["value"], "per": f"{each['periodSeconds']}s"}
            for each in raw["policies"]
        ]
    return found


def number_of(raw: Any) -> float | int:
    """Read a Kubernetes quantity: `500m` is 0.5, `1k` is 1000."""
    text = str(raw)
    suffix = next((each for each in sorted(_SUFFIXES, key=len, reverse=True) if text.endswith(each)), "")
    number = Decimal(text.removesuffix(suffix)) * Decimal(_SUFFIXES.get(suffix, "1"))
    return int(number) if number == number.to_integral_value() else float(number)
