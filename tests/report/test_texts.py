"""Both languages say the same things: the same keys, the same gaps to fill, and no key that no code asks for."""

import re
import tomllib
from pathlib import Path
from string import Formatter
from typing import Any

import pytest

from outgrow.report.words import texts_of

ROOT = Path(__file__).resolve().parents[2] / "src" / "outgrow"
TEXTS = ROOT / "report" / "texts"


def test_english_and_korean_have_the_same_texts() -> None:
    assert _texts("en").keys() == _texts("ko").keys()


def test_english_and_korean_fill_in_the_same_values() -> None:
    english, korean = _texts("en"), _texts("ko")

    differing = {key for key in english if _gaps(english[key]) != _gaps(korean[key])}

    # Korean months are numbers, English ones names; Korean dates need no month name.
    assert differing <= {"date.day", "date.day_year", "date.moment"}


def test_no_korean_text_was_left_in_english() -> None:
    korean = _texts("ko")
    code = r"ulimit -n|tls: \{\{ca: FILE\}\}|tls: \{\{server_name: NAME\}\}|insecure: true|http://|Accept-Encoding|gzip|deflate|zstd|compression|git|--?[a-z-]+|\(version\)"
    code += r"|alpha|beta|gamma|Redis|Docker|:now|history: journal|kind: pods, object, external"
    code += r"|outgrow(?: [a-z]+)*|value |average|capacity|load|signal|ratio|percent|services\.|scaling"
    words = {key: re.sub(rf"{code}|\{{[^}}]*\}}|[A-Z]{{2,}}|outgrow|npm", "", text) for key, text in korean.items()}

    assert [key for key, text in words.items() if re.search(r"[A-Za-z]{3,}", text)] == []


def test_every_text_is_asked_for_by_some_code() -> None:
    sources = [*ROOT.rglob("*.py"), *(ROOT / "report" / "templates").glob("*")]
    code = "\n".join(path.read_text(encoding="utf-8") for path in sources if path.is_file())

    unused = [key for key in _texts("en") if not _is_asked_for(key, code)]

    assert unused == []


def _is_asked_for(key: str, code: str) -> bool:
    """Whole, without its one/other, or worked out: `words(f"grade.{word}")`, `words(f"guide.{key}.title")`."""
    if key.endswith((".one", ".other")):
        key = key.rpartition(".")[0]
    parts = key.split(".")
    worked_out = (f'f"{".".join(parts[:depth])}.{{' for depth in range(1, len(parts)))
    return f'"{key}"' in code or f"'{key}'" in code or key == "date.months" or any(each in code for each in worked_out)


def _texts(language: str) -> dict[str, str]:
    return dict(_flat(tomllib.loads((TEXTS / f"{language}.toml").read_text(encoding="utf-8")), ""))


def _flat(texts: dict[str, Any], front: str) -> Any:
    for name, text in texts.items():
        if isinstance(text, dict):
            yield from _flat(text, f"{front}{name}.")
        else:
            yield f"{front}{name}", str(text)


def _gaps(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


@pytest.mark.parametrize(
    ("key", "values", "said"),
    [
        ("validate.scenarios", {"n": 1}, "1 scenario"),
        ("validate.scenarios", {"n": 2}, "2 scenarios"),
        ("load.sent", {"arrivals": "1", "span": "1 s", "target": "x"}, "1 arrival in 1 s to x."),
        (
            "load.connections_opened",
            {"n": "1", "retried": "1,001"},
            "1 connection was opened, 1,001 requests sent again.",
        ),
        ("load.live.in_flight", {"n": 1200, "connections": 1}, "1,200 in flight over 1 connection"),
    ],
)
def test_one_thing_is_not_told_in_the_plural(key: str, values: dict[str, object], said: str) -> None:
    assert texts_of("en")(key, **values) == said


def test_no_english_text_gives_a_noun_in_the_plural_to_a_bare_number_of_a_run() -> None:
    nouns = "arrivals|requests|connections|scenarios|phases|signals|sources|levels|services|alerts|warnings|checkpoints"
    keys = [key for key in _texts("en") if key.startswith(("load", "validate", "roadmap", "said.load", "said.phases"))]

    assert [
        key
        for key in keys
        if re.search(rf"\{{(n|of|due|arrivals|requests|connections)\}} ({nouns})", _texts("en")[key])
    ] == []
