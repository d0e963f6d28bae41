"""JSON text that may be a tool's result, or anything else."""

import json
from typing import Any, cast


def object_in(text: str) -> dict[str, Any]:
    """Give the object that a text holds; an empty one where it holds something else."""
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return cast("dict[str, Any]", found) if isinstance(found, dict) else {}
