"""cURL lines, as browsers and documentation give them: each becomes a step."""

import argparse
import re
import shlex
from collections.abc import Sequence
from typing import Any, Final, NoReturn
from urllib.parse import quote

from outgrow.errors import UsageError
from outgrow.plan.imports.curl_options import LEFT_OUT, LEFT_OUT_WITH_ARGUMENT, SILENT, SILENT_WITH_ARGUMENT
from outgrow.plan.imports.scenario import ImportedScenario, Names, headers_of, origin_of, path_of
from outgrow.plan.places import as_text

_BASIC: Final = "Basic and the base64 of user:password"
_REPEATED: Final = ("--retry", "--retry-all-errors", "--retry-connrefused", "--retry-delay", "--retry-max-time")


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
    network: dict[str, Any] = {}
    for number, line in enumerate(lines, start=1):
        try:
            found = _Arguments().parse_intermixed_args(shlex.split(line)[1:])
        except ValueError as error:
            raise UsageError(f"cURL line {number}: {error}") from error
        urls = [*found.url, *found.where]
        if len(urls) != 1 or found.follows:
            wrong = "names no URL" if not urls else "asks for several URLs; write a line for each"
            raise UsageError(f"cURL line {number}: {wrong}")
        url = urls[0]
        url = url if "://" in url else f"http://{url}"
        step, told = _step(found, url, names)
        steps.append(step)
        notes += [*told, *map(_left_out, found.left_out)]
        _connect(found, network, notes)
        origins.append(origin_of(url))
    others = sorted(set(origins) - {origins[0]})
    if others:
        notes.append(f"requests to {', '.join(others)} now go to {origins[0]} too: a scenario has one target")
    scenario = {"target": target or origins[0], "target_rps": 1, "duration": "1m", **network, "steps": steps}
    return ImportedScenario(scenario, tuple(dict.fromkeys(notes)))


class _Arguments(argparse.ArgumentParser):
    """The arguments of cURL that say what is sent, and those that say nothing of it."""

    def __init__(self) -> None:
        super().__init__(add_help=False, allow_abbrev=False)
        self.add_argument("where", nargs="*")
        self.add_argument("--url", action="append", default=[])
        self.add_argument("-:", "--next", dest="follows", action="store_true")
        self.add_argument("-X", "--request", dest="method", default="")
        self.add_argument("-H", "--header", dest="headers", action="append", default=[])
        self.add_argument("-d", "--data", "--data-raw", "--data-ascii", "--data-binary", dest="data", action="append")
        self.add_argument("--data-urlencode", dest="encoded", action="append", default=[])
        self.add_argument("--json")
        self.add_argument("-u", "--user")
        self.add_argument("-b", "--cookie")
        self.add_argument("-G", "--get", dest="as_query", action="store_true")
        self.add_argument("-I", "--head", dest="is_head", action="store_true")
        self.add_argument("-F", "--form", dest="form", action="append", default=[])
        self.add_argument("--form-string", dest="fields", action="append", default=[])
        self.add_argument("-e", "--referer")
        self.add_argument("--oauth2-bearer", dest="bearer")
        self.add_argument("-L", "--location", dest="follow", action="store_true")
        self.add_argument("-m", "--max-time", type=float)
        self.add_argument("-k", "--insecure", action="store_true")
        self.add_argument("--cacert", dest="ca")
        self.add_argument("-E", "--cert", dest="certificate")
        self.add_argument("--key")
        self.set_defaults(left_out=[])
        for words in SILENT.split():
            self.add_argument(*words.split(","), dest="nothing", action="store_true")
        for words in SILENT_WITH_ARGUMENT.split():
            self.add_argument(*words.split(","), dest="nothing")
        for words in LEFT_OUT.split():
            self.add_argument(*words.split(","), dest="left_out", action=_LeftOut, nargs=0)
        for words in LEFT_OUT_WITH_ARGUMENT.split():
            self.add_argument(*words.split(","), dest="left_out", action=_LeftOut)

    def error(self, message: str) -> NoReturn:
        """Say what is wrong instead of ending the process."""
        raise ValueError(message)


class _LeftOut(argparse.Action):
    """Notes which option is not taken; its argument may be a secret."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: str | Sequence[Any] | None,
        option_string: str | None = None,
    ) -> None:
        """Put the option's name to those left out."""
        del parser, values
        namespace.left_out = [*namespace.left_out, option_string]


def _left_out(option: str) -> str:
    if option in _REPEATED:
        return f"{option} of the line is left out: each request is sent once, and one that fails counts as failed"
    return f"{option} of the line is left out"


def _connect(found: argparse.Namespace, network: dict[str, Any], notes: list[str]) -> None:
    """Put what a line says of connections to what the scenario says: it holds for all of its steps."""
    if found.max_time:
        longest = max(found.max_time, float(str(network.get("timeout", "0s"))[:-1]))
        network["timeout"] = f"{longest:g}s"
    if found.insecure:
        network["tls"] = {"insecure": True}
        notes.append("tls: {insecure: true} trusts any certificate, as -k does; ca: FILE trusts yours alone")
        return
    files = {"ca": found.ca, "certificate": found.certificate and found.certificate.partition(":")[0], "key": found.key}
    given = {name: file for name, file in files.items() if file}
    if given and "insecure" not in network.get("tls", {}):
        network["tls"] = network.get("tls", {}) | given
        notes.append("files under tls are relative to the plan")


def _step(found: argparse.Namespace, url: str, names: Names) -> tuple[dict[str, Any], list[str]]:
    notes: list[str] = []
    pairs = [(name.strip(), value.strip()) for name, _, value in (each.partition(":") for each in found.headers)]
    data = [*(found.data or ()), *map(_encoded, found.encoded), *([found.json] if found.json else ())]
    if found.json:
        pairs += [("Content-Type", "application/json"), ("Accept", "application/json")]
    if found.user or found.bearer:
        pairs.append(("Authorization", "secret"))
        notes.append(f"AUTHORIZATION is: {'Bearer and the token' if found.bearer else _BASIC}")
    if found.cookie:
        notes.append("cookies of the line are left out; let a step before it sign in (flows keep cookies)")
    if found.as_query and data:
        url, data = url + ("&" if "?" in url else "?") + "&".join(data), []
    form, files = _form(found, notes)
    if data and not any(name.lower() == "content-type" for name, _ in pairs):
        pairs.append(("Content-Type", "application/x-www-form-urlencoded"))
    if any(each.startswith("@") for each in data):
        notes.append("a body from a file (@FILE) is left as it stands; paste the content")
    headers, variables = headers_of(pairs)
    notes += [f"export {variable}: the line's secret is not kept" for variable in variables]
    if found.referer:
        headers["Referer"] = as_text(found.referer)
    method, path = _method(found, has_body=bool(data or form or files)), path_of(url)
    step: dict[str, Any] = {"name": names.of(f"{method} {path.partition('?')[0]}"), "method": method, "path": path}
    if headers:
        step["headers"] = headers
    if data:
        step["body"] = as_text("&".join(data))
    step |= {name: value for name, value in (("form", form), ("files", files), ("follow", found.follow)) if value}
    return step, notes


def _form(found: argparse.Namespace, notes: list[str]) -> tuple[dict[str, str], list[dict[str, str]]]:
    """Give the fields and the files of a multipart form."""
    fields = {name: as_text(value) for name, _, value in (each.partition("=") for each in found.fields)}
    files: list[dict[str, str]] = []
    for each in found.form:
        name, _, value = each.partition("=")
        if value.startswith("@"):
            file, *about = value[1:].split(";")
            kind = next((part[len("type=") :] for part in about if part.startswith("type=")), "")
            files.append({"field": name, "file": file.strip('"')} | ({"type": kind} if kind else {}))
        elif value.startswith("<"):
            notes.append(f"field {name} of the form is left out: it comes from a file; paste the content")
        else:
            if name in fields:
                notes.append(f"field {name} of the form stands there twice; the last is kept")
            fields[name] = as_text(value.partition(";type=")[0])
    if files:
        notes.append("files that are uploaded are relative to the plan")
    elif fields:
        notes.append("the form is sent as application/x-www-form-urlencoded: only one with files is sent as multipart")
    return fields, files


def _method(found: argparse.Namespace, *, has_body: bool) -> str:
    if found.method:
        return str(found.method).upper()
    return "HEAD" if found.is_head else "POST" if has_body else "GET"


def _encoded(text: str) -> str:
    name, sign, rest = text.partition("=")
    return f"{name}{sign}{quote(rest)}"
