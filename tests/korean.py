"""What may stay English in a Korean output, and finding what should not."""

import re

from rich.cells import cell_len

TERMS = (
    r"outgrow(?: [a-z]+)*|:now|-{1,2}[a-z][a-z-]*|p\d+|https?://\S*|\S*\.(?:json|yaml|csv|html|sqlite)|CPU|HPA|KEDA|rps|"
    r"ms|min|max|rate|checks|http_req_\w+|concurrent_users|arrivals|errors|UTC|ulimit -n|Accept-Encoding|gzip|deflate|"
    r"Python|Linux|x86_64|aarch64|SIG\w+|tls: \{ca: FILE\}|insecure: true"
)
"""Commands, options, addresses, files, metrics as plans name them, units, names of systems."""


def english_in(text: str, *names: str) -> list[str]:
    """Give the English words of a text, but for terms and for names that the plan gave."""
    known = "|".join(rf"(?<![A-Za-z]){re.escape(name)}(?![A-Za-z])" for name in names)
    return re.findall(r"[A-Za-z]{3,}", re.sub(rf"{known}|{TERMS}" if known else TERMS, "", text))


def ends_of_columns(line: str) -> list[int]:
    """Give the cells at which the columns of a table's line end; blanks of two and more part them."""
    return [cell_len(line[: found.end()]) for found in re.finditer(r"\S+(?: \S+)*", line)]
