"""Requests that stand elsewhere, read as a scenario: a recording (HAR), an OpenAPI document, a cURL line.

One file a kind. What cannot be carried over is said in a note, never dropped in silence; what looks like a secret
becomes `${NAME}`.
"""

from collections.abc import Callable, Mapping
from typing import Final

from outgrow.errors import UsageError
from outgrow.plan.imports import curl, har, k6_options, openapi
from outgrow.plan.imports.scenario import ImportedScenario, plan_text

_READERS: Final[Mapping[str, Callable[[str, str], ImportedScenario | None]]] = {
    "HAR": har.read,
    "OpenAPI (JSON or YAML)": openapi.read,
    "curl ...": curl.read,
    "k6 options (k6 inspect SCRIPT, or --config FILE)": k6_options.read,
}


def read_scenario(text: str, target: str = "") -> ImportedScenario | None:
    """Read requests as a scenario; none where the text is of no known kind.

    Args:
        text: the content of a file.
        target: http://HOST:PORT in place of where the requests went; needed where the text names none.

    Raises:
        UsageError: the text is of a known kind and broken, or no target is known.
    """
    for read in _READERS.values():
        found = read(text, target)
        if found is not None:
            if not found.scenario.get("target"):
                raise UsageError("nothing says where the load goes; add --target http://HOST:PORT")
            return found
    return None


__all__ = ["ImportedScenario", "plan_text", "read_scenario"]
