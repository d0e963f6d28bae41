"""`${NAME}` references: found, resolved late, and taken out of anything that people see."""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final
from urllib.parse import quote, quote_plus, unquote, unquote_plus

from outgrow.errors import Failure, SourceError

HIDDEN: Final = "***"
REFERENCE: Final = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}")
"""A reference: its name, and what is taken where there is none."""
_BROKEN_REFERENCE: Final = re.compile(r"\$\{(?![A-Za-z_][A-Za-z0-9_]*(?::-[^}]*)?\})[^}]*\}?|\$[A-Za-z_][A-Za-z0-9_]*")
# A password may hold anything, even an @ or a / that should have been encoded: it goes up to the last @ of the word.
# Digits and a slash after the colon are a port.
_URL_PASSWORD: Final = re.compile(
    r"(?P<front>\b[a-z][a-z0-9+.-]*://[^\s:/@?#]*:)(?!\d{1,5}(?:[/?#]|$))(?P<password>\S+)(?=@)", re.IGNORECASE
)
_URL_TOKEN: Final = re.compile(r"(?P<front>\bhttps?://)(?P<password>[^\s:/@?#]+)(?=@)", re.IGNORECASE)
_NAMED: Final = re.compile(
    r"(?P<front>\b(?:ssl)?(?:password|passwd|pwd|secret|api_?key|(?:access_?)?token)\s*=\s*)"
    r"(?P<password>'[^']*'|\"[^\"]*\"|[^\s&;,'\"]+)",
    re.IGNORECASE,
)
_CREDENTIALS: Final = re.compile(r"(?P<front>\b(?:Bearer|Basic|Token)\s+)(?P<password>[^\s,;'\"]{4,})", re.IGNORECASE)
_PATTERNS: Final = (_URL_PASSWORD, _URL_TOKEN, _NAMED, _CREDENTIALS)
_SHORTEST: Final = 3
"""Shorter values are no secrets, and would tear every text apart."""


def references(text: str) -> tuple[str, ...]:
    """Name the environment variables that a text refers to."""
    return tuple(match.group(1) for match in REFERENCE.finditer(text))


def broken_references(text: str) -> tuple[str, ...]:
    """Give what looks like a reference and is none, such as `$NAME` or `${my-name}`; it would be taken literally."""
    return tuple(match.group() for match in _BROKEN_REFERENCE.finditer(text))


def resolve(text: str, environment: Mapping[str, str], written: Callable[[str], object] = str) -> str:
    """Replace every `${NAME}` by its value, and every `${NAME:-default}` whose NAME is unset or empty by the default.

    Args:
        text: what may hold references.
        environment: where they are looked up.
        written: what is done to each value before it stands in the text.

    Raises:
        SourceError: a variable without default is unset or empty.
    """

    def value(match: re.Match[str]) -> str:
        name, default = match.groups()
        found = environment.get(name) or default
        if found is None:
            state = "empty" if name in environment else "not set"
            what = f"the environment variable {name} is {state}"
            raise SourceError(Failure.NOT_CONFIGURED, what, f"export {name}=... and try again")
        return str(written(found))

    return REFERENCE.sub(value, text)


def secrets_in(text: str, environment: Mapping[str, str]) -> tuple[str, ...]:
    """Give what must not be seen of a text: the values that it refers to, and the passwords in it, longest first.

    Each also as it looks percent-encoded, decoded, and escaped inside quotes, for that is how drivers repeat it.
    """
    values = {environment.get(name, "") for name in references(text)}
    resolved = REFERENCE.sub(lambda match: environment.get(match.group(1)) or match.group(2) or "", text)
    found = values | {password for whole in (resolved, *values) for password in _passwords(whole)}
    forms = {form for secret in found for form in _forms(secret)}
    return tuple(sorted((form for form in forms if len(form) >= _SHORTEST), key=lambda form: (-len(form), form)))


def _passwords(text: str) -> Iterator[str]:
    for pattern in (_URL_TOKEN, _NAMED, _CREDENTIALS):
        for match in pattern.finditer(text):
            yield match["password"].strip("'\"")
    # Of a URL alone every @ may end the password, whatever stands before it.
    _, scheme, rest = text.partition("://")
    user, colon, rest = rest.partition(":")
    if scheme and colon and not set(user) & set("/@?#"):
        for position, character in enumerate(rest):
            if character == "@":
                yield rest[:position]


def _forms(secret: str) -> Iterator[str]:
    for plain in {secret, unquote(secret), unquote_plus(secret)}:
        yield from (plain, quote(plain, safe=""), quote(plain), quote_plus(plain))
        yield from (repr(plain)[1:-1], json.dumps(plain)[1:-1], json.dumps(plain, ensure_ascii=False)[1:-1])


def redacted(text: str, secrets: Iterable[str]) -> str:
    """Take secrets, and whatever stands where passwords stand, out of a text for people.

    Args:
        text: what would be shown.
        secrets: from `secrets_in`, longest first.
    """
    for secret in secrets:
        text = text.replace(secret, HIDDEN)
    for pattern in _PATTERNS:
        text = pattern.sub(_hidden, text)
    return text


def _hidden(match: re.Match[str]) -> str:
    whole = REFERENCE.fullmatch(match["password"])
    return match.group() if whole and whole.group(2) is None else f"{match['front']}{HIDDEN}"


def concealed(text: str) -> str:
    """Give what may be shown of a text that is itself a secret: a URL without its password, references, or nothing."""
    if "://" in text or references(text) or text.startswith("sqlite:"):
        return redacted(text, ())
    return HIDDEN


def holds_password(text: str) -> bool:
    """Say whether a password is written out where a `${NAME}` reference could stand."""
    parts = (REFERENCE.sub("\0", text), *(match.group(2) or "" for match in REFERENCE.finditer(text)))
    matches = (match for part in parts for pattern in _PATTERNS for match in pattern.finditer(part))
    return any(match["password"].strip("\0'\"") for match in matches)
