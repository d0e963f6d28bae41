"""Words that every Kubernetes object writes alike: quantities, the rules of one direction, what nobody reads."""

import json
import re
from collections.abc import Collection, Generator, Mapping
from contextlib import contextmanager
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from outgrow.plan.secrets import HIDDEN, redacted

Json = Mapping[str, Any]
_SUFFIXES: Final = {
    "n": "1e-9",
    "u": "1e-6",
    "m": "0.001",
    "k": "1000",
    "M": "1e6",
    "G": "1e9",
    "T": "1e12",
    "P": "1e15",
    "Ki": str(2**10),
    "Mi": str(2**20),
    "Gi": str(2**30),
    "Ti": str(2**40),
    "Pi": str(2**50),
}
_MOST: Final = 2**63 - 1
"""Kubernetes keeps whole quantities in 64 bits."""
_SECRET: Final = re.compile(r"password|token|secret|key|connection|credential|header|auth", re.IGNORECASE)
_FROM_ELSEWHERE: Final = ("FromEnv", "authenticationRef")
"""What ends in these, or is one of them, names where a secret is and holds none."""


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
    """Read a Kubernetes quantity: `500m` is 0.5, `1k` is 1000.

    Raises:
        ValueError: it is none.
    """
    text = str(raw)
    suffix = next((each for each in sorted(_SUFFIXES, key=len, reverse=True) if text.endswith(each)), "")
    try:
        number = Decimal(text.removesuffix(suffix)) * Decimal(_SUFFIXES.get(suffix, "1"))
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite() or abs(number) > _MOST:
        raise ValueError(f'"{text}" is no number; write one as Kubernetes does, such as 20, 1.5 or 500m')
    return int(number) if number == number.to_integral_value() else float(number)


@contextmanager
def reading(part: str) -> Generator[None]:
    """Say of which part of an object it is where something is missing or no number.

    Raises:
        ValueError: with the part's name before what is wrong.
    """
    try:
        yield
    except KeyError as error:
        raise ValueError(f"{part}: {error.args[0]} is missing") from error
    except ValueError as error:
        raise ValueError(f"{part}: {error}") from error


def unread(raw: Json, known: Collection[str], above: str = "") -> list[str]:
    """Give what stands in a part beside what is known of it, one text an option, without secrets."""
    return [_shown(f"{above}{key}", each) for key, each in raw.items() if key not in known and each not in (None, "")]


def _shown(key: str, written: Any) -> str:
    if _SECRET.search(key) and not key.endswith(_FROM_ELSEWHERE):
        return f"{key}: {HIDDEN}"
    text = written if isinstance(written, str) else json.dumps(written, ensure_ascii=False, default=str)
    return f"{key}: {redacted(' '.join(text.split()), ())}"
