"""`${NAME}` references: found, resolved late, and taken out of anything that people see."""

import re
from collections.abc import Iterable, Mapping
from typing import Final

from outgrow.errors import Failure, SourceError

_REFERENCE: Final = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}")
_URL_PASSWORD: Final = re.compile(
    r"(?P<front>[a-z][a-z0-9+.-]*://[^\s:/@]*:)(?P<password>[^\s@/]+)(?=@)", re.IGNORECASE
)


def references(text: str) -> tuple[str, ...]:
    """Name the environment variables that a text refers to."""
    return tuple(match.group(1) for match in _REFERENCE.finditer(text))


def resolve(text: str, environment: Mapping[str, str]) -> str:
    """Replace every `${NAME}` and `${NAME:-default}` by its value.

    Raises:
        SourceError: a variable without default is not set.
    """

    def value(match: re.Match[str]) -> str:
        name, default = match.group(1), match.group(2)
        found = environment.get(name, default)
        if found is None or (not found and default is None):
            raise SourceError(
                Failure.NOT_CONFIGURED,
                f"the environment variable {name} is not set",
                f"export {name}=... and try again",
            )
        return found

    return _REFERENCE.sub(value, text)


def secrets_in(text: str, environment: Mapping[str, str]) -> tuple[str, ...]:
    """Give the values that a text's references stand for, and the password of a URL made with them, longest first."""
    values = {environment[name] for name in references(text) if environment.get(name)}
    for value in (text, *values):
        values.update(match.group("password") for match in _URL_PASSWORD.finditer(value))
    return tuple(
        sorted((value for value in values if len(value) > 2 and not value.startswith("${")), key=len, reverse=True)
    )  # noqa: PLR2004


def redacted(text: str, secrets: Iterable[str]) -> str:
    """Take secrets, and the password of any URL, out of a text for people."""
    for secret in secrets:
        text = text.replace(secret, "***")
    return _URL_PASSWORD.sub(r"\g<front>***", text)


def holds_password(text: str) -> bool:
    """Say whether a URL has its password written out instead of a `${NAME}` reference."""
    match = _URL_PASSWORD.search(text)
    return match is not None and not match.group("password").startswith("${")
