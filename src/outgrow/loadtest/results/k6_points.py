"""The data points of k6 (`--out json=FILE`): every request with its moment, so that seconds can be judged too.

k6 stamps the points of a request when it has ended; `http_req_duration` is sending + waiting + receiving, in ms.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final, cast

from outgrow.errors import UsageError
from outgrow.facts.loads import LoadFacts, Outcome
from outgrow.loadtest.results.single import Answer, facts_of

# https://grafana.com/docs/k6/latest/javascript-api/error-codes/
_OUTCOMES: Final[Mapping[int, Outcome]] = {
    1050: Outcome.TIMED_OUT,
    1211: Outcome.TIMED_OUT,
    1212: Outcome.REFUSED,
    1220: Outcome.CUT_OFF,
}
_NOT_CONNECTED: Final = range(1100, 1400)
_ANSWERED: Final = range(1400, 1600)


def read(texts: Mapping[str, str], scenario: str) -> LoadFacts | None:
    """Give the facts of a run's data points; none where the files are something else.

    Raises:
        UsageError: a line is broken, or no request is among the points.
    """
    name, text = next(iter(texts.items()))
    first = text[:200].lstrip()
    if len(texts) != 1 or not (first.startswith("{") and '"metric"' in text[:4000] and '"type"' in first):
        return None
    answers: list[Answer] = []
    checks: dict[str, tuple[int, int]] = {}
    dropped = 0
    for point in _points(name, text):
        match point["metric"]:
            case "http_req_duration":
                answers.append(_answer(name, point["data"]))
            case "dropped_iterations":
                dropped += int(point["data"]["value"])
            case "checks":
                title = str(_tags(point["data"]).get("check", "checks"))
                passed, failed = checks.get(title, (0, 0))
                is_passed = bool(point["data"]["value"])
                checks[title] = (passed + is_passed, failed + (not is_passed))
            case _:
                pass
    facts = facts_of(answers, scenario, "k6", dropped=dropped, checks=checks)
    if facts is None:
        raise UsageError(f"{name}: no http_req_duration is among its points; was any request sent?")
    return facts


def _points(name: str, text: str) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            read = json.loads(line)
            if read["type"] == "Point":
                yield {"metric": read["metric"], "data": read["data"]}
        except (ValueError, KeyError, TypeError) as error:
            raise UsageError(f"{name}:{number}: is no line of k6 --out json: {error}") from error


def _answer(name: str, data: dict[str, Any]) -> Answer:
    try:
        tags = _tags(data)
        seconds = float(data["value"]) / 1000
        ended = datetime.fromisoformat(str(data["time"])).timestamp()
        status = int(tags.get("status") or 0)
        step = str(tags.get("name") or tags.get("url") or "requests")
        return Answer(step, ended - seconds, seconds, _outcome(tags, status), status, str(tags.get("url") or ""))
    except (KeyError, ValueError, TypeError) as error:
        raise UsageError(f"{name}: a point of http_req_duration cannot be read: {error}") from error


def _tags(data: Mapping[str, Any]) -> Mapping[str, str]:
    return cast("Mapping[str, str]", data.get("tags") or {})


def _outcome(tags: Mapping[str, str], status: int) -> Outcome:
    expected = tags.get("expected_response")
    if expected == "true" or (expected is None and 200 <= status < 400):  # noqa: PLR2004 (k6's own default)
        return Outcome.DONE
    code = int(tags.get("error_code") or 0)
    if code in _OUTCOMES:
        return _OUTCOMES[code]
    if status or code in _ANSWERED:
        return Outcome.UNEXPECTED
    return Outcome.NOT_CONNECTED if code in _NOT_CONNECTED else Outcome.CUT_OFF
