"""cURL lines, as browsers and documentation give them: each becomes a step."""

import argparse
import re
import shlex
from typing import Any, NoReturn
from urllib.parse import quote

from outgrow.errors import UsageError
from outgrow.plan.imports.scenario import ImportedScenario, Names, headers_of, origin_of, path_of
from outgrow.plan.places import as_text


def read(text: str, target: str) -> ImportedScenario | None:
    """Read one or several cURL lines; none where the text is something else.

    Raises:
        UsageError: a line is broken.
    """
    joined = re.sub(r"\\\r?\n", " ", text).strip()
    lines = [line for line in joined.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    if not lines or not all(line.lstrip().startswith("curl ") for line in lines):
        return None
    names, steps, notes, origins = Names(), list[dict[str, Any]](), list[str](), list[str]()
    for number, line in enumerate(lines, start=1):
        try:
            found, unknown = _Arguments().parse_known_args(shlex.split(line)[1:])
        except ValueError as error:
            raise UsageError(f"cURL line {number}: {error}") from error
        url = found.url or found.where
        if not url:
            raise UsageError(f"cURL line {number}: names no URL")
        url = url if "://" in url else f"http://{url}"
        step, told = _step(found, url, names)
        steps.append(step)
        notes += [*told, *(f"{word} of the line is left out" for word in unknown)]
        origins.append(origin_of(url))
    others = sorted(set(origins) - {origins[0]})
    if others:
        notes.append(f"requests to {', '.join(others)} now go to {origins[0]} too: a scenario has one target")
    scenario = {"target": target or origins[0], "target_rps": 1, "duration": "1m", "steps": steps}
    return ImportedScenario(scenario, tuple(dict.fromkeys(notes)))


class _Arguments(argparse.ArgumentParser):
    """The arguments of cURL that say what is sent, and those that say nothing of it."""

    def __init__(self) -> None:
        super().__init__(add_help=False, allow_abbrev=False)
        self.add_argument("where", nargs="?")
        self.add_argument("--url")
        self.add_argument("-X", "--request", dest="method", default="")
        self.add_argument("-H", "--header", dest="headers", action="append", default=[])
        self.add_argument("-d", "--data", "--data-raw", "--data-ascii", "--data-binary", dest="data", action="append")
        self.add_argument("--data-urlencode", dest="encoded", action="append", default=[])
        self.add_argument("--json")
        self.add_argument("-u", "--user")
        self.add_argument("-b", "--cookie")
        self.add_argument("-G", "--get", dest="as_query", action="store_true")
        self.add_argument("-I", "--head", dest="is_head", action="store_true")
        for words in (("-A", "--user-agent"), ("-o", "--output"), ("-m", "--max-time"), ("-w", "--write-out")):
            self.add_argument(*words, dest="nothing")
        for words in (("-s", "--silent"), ("-S", "--show-error"), ("-v", "--verbose"), ("-i", "--include")):
            self.add_argument(*words, dest="nothing", action="store_true")
        for words in (("-L", "--location"), ("-f", "--fail"), ("--compressed",)):
            self.add_argument(*words, dest="nothing", action="store_true")

    def error(self, message: str) -> NoReturn:
        """Say what is wrong instead of ending the process."""
        raise ValueError(message)


def _step(found: argparse.Namespace, url: str, names: Names) -> tuple[dict[str, Any], list[str]]:
    notes: list[str] = []
    pairs = [(name.strip(), value.strip()) for name, _, value in (each.partition(":") for each in found.headers)]
    data = [*(found.data or ()), *map(_encoded, found.encoded), *([found.json] if found.json else ())]
    if found.json:
        pairs += [("Content-Type", "application/json"), ("Accept", "application/json")]
    if found.user:
        pairs.append(("Authorization", "secret"))
        notes.append("AUTHORIZATION is: Basic and the base64 of user:password")
    if found.cookie:
        notes.append("cookies of the line are left out; let a step before it sign in (flows keep cookies)")
    if found.as_query and data:
        url, data = url + ("&" if "?" in url else "?") + "&".join(data), []
    if data and not any(name.lower() == "content-type" for name, _ in pairs):
        pairs.append(("Content-Type", "application/x-www-form-urlencoded"))
    if any(each.startswith("@") for each in data):
        notes.append("a body from a file (@FILE) is left as it stands; paste the content")
    headers, variables = headers_of(pairs)
    notes += [f"export {variable}: the line's secret is not kept" for variable in variables]
    method, path = _method(found, has_body=bool(data)), path_of(url)
    step: dict[str, Any] = {"name": names.of(f"{method} {path.partition('?')[0]}"), "method": method, "path": path}
    if headers:
        step["headers"] = headers
    if data:
        step["body"] = as_text("&".join(data))
    return step, notes


def _method(found: argparse.Namespace, *, has_body: bool) -> str:
    if found.method:
        return str(found.method).upper()
    return "HEAD" if found.is_head else "POST" if has_body else "GET"


def _encoded(text: str) -> str:
    name, sign, rest = text.partition("=")
    return f"{name}{sign}{quote(rest)}"
