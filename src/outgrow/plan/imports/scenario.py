"""A scenario that was read from elsewhere: its data as a plan has them, and what is to be looked at."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote, urlsplit

import yaml

from outgrow.plan.places import as_text

_LONGEST_NAME: Final = 50
_OURS: Final = frozenset(
    {"host", "content-length", "transfer-encoding", "connection", "cookie", "accept-encoding", "user-agent"}
)
_SECRET: Final = re.compile(r"authorization|token|secret|api-?key|password|session", re.IGNORECASE)
_OF_THE_BROWSER: Final = ("sec-", ":", "if-", "dnt", "upgrade-insecure", "cache-control", "pragma", "origin", "referer")


@dataclass(frozen=True, slots=True)
class ImportedScenario:
    """A scenario as a plan has it, and notes in sentences on what was not carried over or wants a look.

    `several` holds every scenario by its name where there were more than one; the first of them is `scenario`.
    """

    scenario: Mapping[str, Any]
    notes: tuple[str, ...] = ()
    several: Mapping[str, Mapping[str, Any]] = field(default_factory=dict[str, Mapping[str, Any]])


class Names:
    """Gives steps names that a plan accepts, each once."""

    def __init__(self) -> None:
        """Begin without any."""
        self._taken: set[str] = set()

    def of(self, words: str) -> str:
        """Give a name as near to the words as names can be."""
        base = re.sub(r"[^a-z0-9]+", "-", words.lower()).strip("-")[:_LONGEST_NAME].strip("-") or "step"
        base = base if base[0].isalpha() else f"x-{base}"
        number = 1
        while (name := base if number == 1 else f"{base}-{number}") in self._taken:
            number += 1
        self._taken.add(name)
        return name


def path_of(url: str) -> str:
    """Give a URL's path with its query, such that nothing in it is taken for a placeholder."""
    parts = urlsplit(url)
    path = quote(parts.path or "/", safe="/%:@!$&'()*+,;=-._~")
    query = quote(parts.query, safe="/%:@!$&'()*+,;=-._~?")
    return f"{path}?{query}" if query else path


def origin_of(url: str) -> str:
    """Give a URL's scheme, host and port."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def headers_of(pairs: Sequence[tuple[str, str]]) -> tuple[dict[str, str], list[str]]:
    """Give the headers that are worth sending, secrets as `${NAME}`, and the names of the variables that these need."""
    kept: dict[str, str] = {}
    variables: list[str] = []
    for name, value in pairs:
        low = name.lower()
        if low in _OURS or low.startswith(_OF_THE_BROWSER):
            continue
        if _SECRET.search(low):
            variable = re.sub(r"[^A-Z0-9]+", "_", name.upper()).strip("_")
            variables.append(variable)
            value = f"${{{variable}}}"  # noqa: PLW2901 (the header goes on with its secret taken out)
        else:
            value = as_text(value)  # noqa: PLW2901 (braces of a recorded header are its own)
        kept[name] = value.encode("latin-1", "replace").decode("latin-1")
    return kept, variables


def plan_text(name: str, imported: ImportedScenario) -> str:
    """Give a scenario, or several, as the text of a plan of their own, with the notes as comments."""
    notes = "".join(f"# {note}\n" for note in imported.notes)
    scenarios = {each: dict(found) for each, found in (imported.several or {name: imported.scenario}).items()}
    document = {"outgrow": 1, "name": name, "scenarios": scenarios}
    return notes + yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=110)
