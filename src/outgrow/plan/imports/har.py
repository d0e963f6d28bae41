"""A recording of a browser or proxy (HTTP Archive 1.2): one flow of the requests in their order, with their pauses."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, cast

from outgrow.errors import UsageError
from outgrow.plan.imports.scenario import ImportedScenario, Names, headers_of, origin_of, path_of
from outgrow.plan.places import as_text
from outgrow.quantity import counted

_PAUSE_SECONDS: Final = 0.5
"""A shorter gap between two requests is the browser's, a longer one the user's."""
_FURNITURE: Final = ("image/", "font/", "text/css", "application/javascript", "text/javascript", "video/", "audio/")
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def read(text: str, target: str) -> ImportedScenario | None:
    """Read a recording; none where the text is something else.

    Raises:
        UsageError: it is broken, or nothing in it can be sent.
    """
    entries = _entries(text)
    if entries is None:
        return None
    try:
        entries = sorted(entries, key=lambda entry: _moment(entry["startedDateTime"]))
        return _scenario(entries, target)
    except (KeyError, TypeError, ValueError) as error:
        raise UsageError(f"the recording is broken: {type(error).__name__}: {error}; record it again") from error


def _entries(text: str) -> list[dict[str, Any]] | None:
    try:
        found = json.loads(text)
        entries = found["log"]["entries"]
    except (ValueError, KeyError, TypeError):
        return None
    return cast("list[dict[str, Any]]", entries) if isinstance(entries, list) else None


def _scenario(entries: list[dict[str, Any]], target: str) -> ImportedScenario:
    pages = [each for each in entries if not _is_furniture(each)]
    if not pages:
        raise UsageError("the recording has no request but those for images, styles and scripts")
    origin = origin_of(pages[0]["request"]["url"])
    names, steps, variables = Names(), list[dict[str, Any]](), list[str]()
    elsewhere: dict[str, int] = {}
    last_end = _moment(pages[0]["startedDateTime"])
    for entry in pages:
        request = entry["request"]
        if origin_of(request["url"]) != origin or request["method"] not in _METHODS:
            elsewhere[origin_of(request["url"])] = elsewhere.get(origin_of(request["url"]), 0) + 1
            continue
        begin = _moment(entry["startedDateTime"])
        if steps and begin - last_end >= _PAUSE_SECONDS:
            steps[-1]["think"] = f"{begin - last_end:.1f}s"
        last_end = max(last_end, begin + float(entry.get("time", 0)) / 1000)
        step, needed = _step(entry, names)
        steps.append(step)
        variables += needed
    notes = [
        f"left out: {counted(count, 'request')} to {where}, for a scenario has one target"
        for where, count in elsewhere.items()
    ]
    if len(pages) < len(entries):
        notes.append(f"left out: {counted(len(entries) - len(pages), 'request')} for images, styles and scripts")
    if variables:
        notes.append(f"export {', '.join(dict.fromkeys(variables))}: secrets of the recording are not kept")
    notes.append("identifiers of the recording are written out; capture what each session gets anew (captures)")
    flow = {"target": target or origin, "target_rps": 1, "duration": "1m", "flows": {"recorded": {"steps": steps}}}
    return ImportedScenario(flow, tuple(notes))


def _step(entry: dict[str, Any], names: Names) -> tuple[dict[str, Any], list[str]]:
    request = entry["request"]
    path = path_of(request["url"])
    step: dict[str, Any] = {"name": names.of(f"{request['method']} {path.partition('?')[0]}")}
    if request["method"] != "GET":
        step["method"] = request["method"]
    step["path"] = path
    headers, variables = headers_of([(each["name"], each["value"]) for each in request.get("headers", ())])
    if headers:
        step["headers"] = headers
    body = _inside(request, "postData").get("text", "")
    if body:
        step["body"] = as_text(body)
    status = int(_inside(entry, "response").get("status", 0))
    if status >= 400:  # noqa: PLR2004 (an error that was recorded is what the scenario expects)
        step["status"] = [status]
    return step, variables


def _is_furniture(entry: dict[str, Any]) -> bool:
    kind = str(_inside(_inside(entry, "response"), "content").get("mimeType", ""))
    return kind.startswith(_FURNITURE)


def _inside(node: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", node.get(key) or {})


def _moment(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
