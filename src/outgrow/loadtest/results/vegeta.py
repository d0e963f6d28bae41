"""Results of vegeta: every request (`vegeta encode --to json`, or csv), or the report (`vegeta report -type=json`)."""

import csv
import json
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from outgrow.errors import UsageError
from outgrow.facts.loads import Latency, LoadFacts, Outcome
from outgrow.loadtest.results._csv import lines_of
from outgrow.loadtest.results._json import object_in
from outgrow.loadtest.results.single import Answer, facts_of
from outgrow.loadtest.results.steps import Step
from outgrow.loadtest.results.summaries import facts_of_summary, step_of

_NANOSECONDS: Final = 1e9
_CSV_COLUMNS: Final = 7
_REQUEST: Final = re.compile(r'^\w+ "[^"]*": ')
_FAULTS: Final = (
    ("connection refused", Outcome.REFUSED),
    ("deadline exceeded", Outcome.TIMED_OUT),
    ("timeout", Outcome.TIMED_OUT),
    ("reset by peer", Outcome.CUT_OFF),
    ("EOF", Outcome.CUT_OFF),
    ("malformed", Outcome.GARBLED),
    ("cannot assign requested address", Outcome.NOT_SENT),
    ("too many open files", Outcome.NOT_SENT),
)


def read_results(texts: Mapping[str, str], scenario: str) -> LoadFacts | None:
    """Give the facts of single results, as JSON lines or CSV; none where the files are something else.

    Raises:
        UsageError: a line is broken.
    """
    name, text = next(iter(texts.items()))
    if len(texts) != 1:
        return None
    if text.lstrip().startswith("{") and '"latency":' in text[:4000] and '"seq":' in text[:4000]:
        return facts_of(_from_json(name, text), scenario, "vegeta")
    first = text.partition("\n")[0].split(",")
    if len(first) >= _CSV_COLUMNS and first[0].isdecimal() and len(first[0]) == len("1577836800000000000"):
        return facts_of(_from_csv(name, text), scenario, "vegeta")
    return None


def _from_json(name: str, text: str) -> Iterator[Answer]:
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            read: dict[str, Any] = json.loads(line)
            sent = datetime.fromisoformat(read["timestamp"]).timestamp()
            error = read.get("error") or ""
            yield _answer(
                (sent, read["code"], read["latency"], read.get("bytes_out", 0), read.get("bytes_in", 0), error),
                (read.get("attack") or "", read.get("method") or "", read.get("url") or ""),
            )
        except (ValueError, KeyError, TypeError) as error:
            raise UsageError(f"{name}:{number}: is no line of vegeta encode --to json: {error}") from error


def _from_csv(name: str, text: str) -> Iterator[Answer]:
    """Read timestamp (ns), code, latency (ns), bytes out, bytes in, error, body, attack, seq, method, url, headers."""
    for number, row in enumerate(csv.reader(lines_of(text)), start=1):
        try:
            sent, code, latency, sent_bytes, received = (int(each) for each in row[:5])
            attack, _, method, url = (*row[7:11], *("",) * 4)[:4]
            yield _answer((sent / _NANOSECONDS, code, latency, sent_bytes, received, row[5]), (attack, method, url))
        except (ValueError, IndexError) as error:
            raise UsageError(f"{name}:{number}: is no row of vegeta encode --to csv: {error}") from error


def _answer(found: tuple[float, Any, Any, Any, Any, str], named: tuple[str, str, str]) -> Answer:
    """Give an answer; it is called after the attack, if that has a name, else by its method and URL."""
    sent, code, latency, sent_bytes, received, error = found
    attack, method, url = named
    return Answer(
        Step(attack or f"{method} {url}".strip() or "requests"),
        sent,
        float(latency) / _NANOSECONDS,
        _outcome(int(code), error),
        int(code),
        url,
        bytes_sent=int(sent_bytes),
        bytes_received=int(received),
    )


def _outcome(code: int, error: str) -> Outcome:
    if code:
        return Outcome.DONE if 200 <= code < 400 else Outcome.UNEXPECTED  # noqa: PLR2004 (vegeta's own rule)
    # The error may begin with the request, as in: Get "http://shop/timeout": EOF
    words = _REQUEST.sub("", error)
    return next((outcome for fault, outcome in _FAULTS if fault in words), Outcome.NOT_CONNECTED)


def read_report(texts: Mapping[str, str], scenario: str) -> LoadFacts | None:
    """Give the facts of a report; none where the file is something else.

    Raises:
        UsageError: a figure is missing.
    """
    name, text = next(iter(texts.items()))
    found = object_in(text)
    if len(texts) != 1 or not {"latencies", "earliest", "requests"} <= found.keys():
        return None
    try:
        times = found["latencies"]
        figures = (float(times[each]) / _NANOSECONDS for each in ("mean", "min", "50th", "90th", "95th", "99th", "max"))
        count = int(found["requests"])
        done = round(float(found["success"]) * count)
        started_at = datetime.fromisoformat(found["earliest"])
        seconds = (float(found["duration"]) + float(found["wait"])) / _NANOSECONDS
        whole = step_of(scenario, done, count - done, Latency(count, *figures) if count else None)
    except (KeyError, ValueError, TypeError) as error:
        raise UsageError(f"{name}: the report has no {error}; write it with vegeta report -type=json") from error
    return facts_of_summary("vegeta", scenario, "", started_at, seconds, whole, (whole,))
