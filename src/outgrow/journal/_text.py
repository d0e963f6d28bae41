"""Text and JSON as every journal stores them: exact, the same on each adapter, readable in a database shell."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from outgrow.facts.samples import Labels, labels_of


def plain(text: str) -> str:
    """Replace what no database stores as text (NUL and lone surrogates) by the replacement character."""
    return text.encode("utf-8", "replace").decode("utf-8").replace("\0", "\ufffd")


def json_text(value: Any, *, sort_keys: bool = False) -> str:
    """Write JSON on one line; equal values of equal key order give equal text.

    Raises:
        ValueError: NaN or infinity, which JSON does not have.
        TypeError: something else that JSON does not have.
    """
    text = json.dumps(
        value, ensure_ascii=False, allow_nan=False, separators=(",", ":"), sort_keys=sort_keys, default=_mapping
    )
    try:
        text.encode()
    except UnicodeEncodeError:  # a lone surrogate stays exact as an escape
        return json.dumps(value, allow_nan=False, separators=(",", ":"), sort_keys=sort_keys, default=_mapping)
    return text


def _mapping(value: object) -> dict[Any, Any]:
    if isinstance(value, Mapping):
        return dict(value)  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    message = f"{type(value).__name__} is not JSON; the journal keeps plain JSON only"
    raise TypeError(message)


def labels_text(labels: Labels) -> str:
    """Write labels as canonical JSON, so that equal label sets are equal text."""
    return json_text(dict(labels), sort_keys=True)


def labels_from(text: str) -> Labels:
    """Read what `labels_text` wrote."""
    return labels_of(json.loads(text))


def digest(*parts: str | int | None) -> bytes:
    """Hash a record, so that writing it again can be told from writing another one."""
    return hashlib.sha256(json.dumps(parts).encode()).digest()
