"""The data points of k6 (`--out json=FILE`, `--out csv=FILE`): every request with its moment, so seconds are known too.

k6 stamps the points of a request when it has ended; `http_req_duration` is sending + waiting + receiving, in ms.
"""

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final, NamedTuple, cast

from outgrow.errors import UsageError
from outgrow.facts.loads import LoadFacts, Outcome
from outgrow.loadtest.results._csv import lines_of
from outgrow.loadtest.results.single import NO_STEP, Answer, Beside, facts_of
from outgrow.loadtest.results.steps import Step, Tags
from outgrow.plan.suggestion import listed

# https://grafana.com/docs/k6/latest/javascript-api/error-codes/
_OUTCOMES: Final[Mapping[int, Outcome]] = {
    1050: Outcome.TIMED_OUT,
    1211: Outcome.TIMED_OUT,
    1212: Outcome.REFUSED,
    1220: Outcome.CUT_OFF,
}
_NOT_CONNECTED: Final = range(1100, 1400)
_ANSWERED: Final = range(1400, 1600)
_OF_K6: Final = frozenset(
    {
        *("check", "error", "error_code", "expected_response", "group", "ip", "iter", "method", "name"),
        *("ocsp_status", "proto", "scenario", "service", "status", "subproto", "tls_version", "url", "vu"),
    }
)
"""Tags that k6 gives by itself; `group` is kept all the same where there is one."""
_CSV: Final = "metric_name,timestamp,metric_value"
_SCENARIO: Final = re.compile(r'"scenario":("(?:[^"\\]|\\.)*")')
_SECOND_DIGITS: Final = 11
"""A moment with fewer digits is in whole seconds, which k6 writes into CSV unless told otherwise."""
_WHOLE_SECONDS: Final = (
    "k6 wrote moments in whole seconds, so rates and windows are off by up to a second; "
    "K6_CSV_TIME_FORMAT=unix_milli has it write them finer"
)


class Point(NamedTuple):
    """One value of a metric, at a moment in seconds since 1970."""

    metric: str
    at: float
    value: float
    tags: Mapping[str, str]


def read(texts: Mapping[str, str], scenario: str) -> LoadFacts | None:
    """Give the facts of a run's data points as JSON lines; none where the files are something else.

    Raises:
        UsageError: a line is broken, or no request is among the points.
    """
    name, text = next(iter(texts.items()))
    first = text[:200].lstrip()
    if len(texts) != 1 or not (first.startswith("{") and '"metric"' in text[:4000] and '"type"' in first):
        return None
    return _facts(name, _from_json(name, text), scenario)


def read_csv(texts: Mapping[str, str], scenario: str) -> LoadFacts | None:
    """Give the facts of a run's data points as CSV; none where the files are something else.

    Raises:
        UsageError: a row is broken, or no request is among the points.
    """
    name, text = next(iter(texts.items()))
    if len(texts) != 1 or not text.startswith(_CSV):
        return None
    stamp = text.partition("\n")[2].partition(",")[2].partition(",")[0]
    is_coarse = stamp.isdecimal() and len(stamp) < _SECOND_DIGITS
    return _facts(name, _from_csv(name, text), scenario, (_WHOLE_SECONDS,) if is_coarse else ())


def of_scenario(name: str, text: str, scenario: str) -> str:
    """Give the data points of one of a run's scenarios, in the form that they have.

    Raises:
        UsageError: the file holds no data points, or none of that scenario.
    """
    if text.startswith(_CSV):
        rows = [*csv.reader(lines_of(text))]
        place = rows[0].index("scenario") if "scenario" in rows[0] else len(rows[0])
        tags = [row[place] if place < len(row) else "" for row in rows[1:]]
        kept = io.StringIO()
        csv.writer(kept, lineterminator="\n").writerows(
            [rows[0], *(row for row, tag in zip(rows[1:], tags, strict=True) if tag == scenario)]
        )
        found = kept.getvalue()
    elif '"metric"' in text[:4000]:
        lines = [(line, _scenario_in(line)) for line in text.split("\n")]
        tags = [tag for _, tag in lines]
        found = "\n".join(line for line, tag in lines if tag == scenario)
    else:
        raise UsageError(f"{name}: only what k6 wrote with --out json or csv tells scenarios apart; leave --only out")
    if scenario not in tags:
        known = listed(sorted({tag for tag in tags if tag}))
        raise UsageError(f'{name}: no point is of a scenario "{scenario}"; the scenarios are {known}')
    return found


def _scenario_in(line: str) -> str:
    found = _SCENARIO.search(line)
    return json.loads(found.group(1)) if found is not None else ""


def _facts(name: str, points: Iterable[Point], scenario: str, notes: tuple[str, ...] = ()) -> LoadFacts:
    answers, beside = list[Answer](), Beside()
    newest = Point("", 0.0, 0.0, {})
    for point in points:
        match point.metric:
            case "http_req_duration":
                answers.append(_answer(point))
                newest = point
            case "http_req_blocked" if (point.at, point.tags) == (newest.at, newest.tags):
                answers[-1] = replace(answers[-1], waiting=point.value / 1000)
            case "dropped_iterations":
                beside.dropped.append((point.at, int(point.value)))
            case "checks":
                title = point.tags.get("check", "checks")
                step = Step(point.tags.get("name") or NO_STEP, _own_tags(point.tags))
                beside.checks.append((point.at, title, bool(point.value), step))
            case "iteration_duration":
                beside.iterations.append((point.at, point.tags.get("scenario") or "default", point.value / 1000))
            case "vus":
                beside.users.append((point.at, int(point.value)))
            case "data_sent":
                beside.sent.append((point.at, int(point.value)))
            case "data_received":
                beside.received.append((point.at, int(point.value)))
            case _:
                pass
    facts = facts_of(answers, scenario, "k6", beside, times_are_service=True, notes=notes)
    if facts is None:
        raise UsageError(
            f"{name}: no http_req_duration is among its points; was any HTTP request sent? Calls of gRPC and sessions "
            "over WebSockets are not read"
        )
    return facts


def _from_json(name: str, text: str) -> Iterator[Point]:
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            read: dict[str, Any] = json.loads(line)
            if read["type"] == "Point":
                data: dict[str, Any] = read["data"]
                tags = cast("Mapping[str, str]", data.get("tags") or {})
                at = datetime.fromisoformat(data["time"]).timestamp()
                yield Point(read["metric"], at, float(data["value"]), tags)
        except (ValueError, KeyError, TypeError) as error:
            raise UsageError(f"{name}:{number}: is no line of k6 --out json: {error}") from error


def _from_csv(name: str, text: str) -> Iterator[Point]:
    rows = csv.reader(lines_of(text))
    columns = next(rows)
    own = columns[3:]
    for row in rows:
        if len(row) != len(columns):
            raise UsageError(
                f"{name}:{rows.line_num}: is no row of k6 --out csv: it has {len(row)} columns and the heading "
                f"{len(columns)}; was the file cut off?"
            )
        try:
            tags = {tag: value for tag, value in zip(own, row[3:], strict=True) if value}
            more = (each.partition("=") for each in tags.pop("extra_tags", "").split("&"))
            tags |= {tag: value for tag, is_pair, value in more if is_pair}
            yield Point(row[0], _moment(row[1]), float(row[2]), tags)
        except (ValueError, IndexError) as error:
            raise UsageError(f"{name}:{rows.line_num}: is no row of k6 --out csv: {error}") from error


def _moment(text: str) -> float:
    """Read a moment in any of k6's forms: seconds, or thousandths, millionths or billionths of them; RFC 3339."""
    if not text.isdecimal():
        return datetime.fromisoformat(text).timestamp()
    digits = max(0, (len(text) - _SECOND_DIGITS + 3) // 3) * 3
    return int(text) / 10**digits


def _answer(point: Point) -> Answer:
    tags, seconds = point.tags, point.value / 1000
    status = int(tags.get("status") or 0)
    step = Step(tags.get("name") or tags.get("url") or "requests", _own_tags(tags))
    return Answer(step, point.at - seconds, seconds, _outcome(tags, status), status, tags.get("url") or "")


def _own_tags(tags: Mapping[str, str]) -> Tags:
    return tuple((tag, value) for tag, value in tags.items() if tag not in _OF_K6 or (tag == "group" and value))


def _outcome(tags: Mapping[str, str], status: int) -> Outcome:
    expected = tags.get("expected_response")
    if expected == "true" or (expected is None and 200 <= status < 400):  # noqa: PLR2004 (k6's own default)
        return Outcome.DONE
    code = int(tags.get("error_code") or 0)
    if code in _OUTCOMES:
        return _OUTCOMES[code]
    if status or code in _ANSWERED:
        return Outcome.UNEXPECTED
    if "malformed" in tags.get("error", ""):
        return Outcome.GARBLED
    return Outcome.NOT_CONNECTED if code in _NOT_CONNECTED else Outcome.CUT_OFF
