"""Nothing public is undocumented, and what is written from the code is up to date."""

import re
from pathlib import Path

import outgrow
from outgrow.cli import COMMANDS
from outgrow.cli.load import SUBCOMMANDS
from outgrow.errors import ExitCode
from outgrow.plan.sources import BUILTIN_KINDS
from tools import reference_ports

DOCS = Path(__file__).parents[2] / "docs"


def text(page: str) -> str:
    return (DOCS / page).read_text(encoding="utf-8")


def headings(page: str) -> set[str]:
    return set(re.findall(r"^#+ (.+)$", text(page), re.MULTILINE))


def test_every_kind_of_source_has_its_place_in_the_reference():
    assert set(BUILTIN_KINDS) <= headings("reference/sources.md")


def test_every_command_has_its_place_in_the_reference():
    assert {f"outgrow {name}" for name in COMMANDS} <= headings("reference/commands.md")


def test_every_port_stands_in_the_reference_as_the_code_words_it():
    assert text("reference/ports.md") == reference_ports.page()


def test_every_exit_code_is_explained():
    rows = re.findall(r"^\| (\d+) \|", text("reference/exit-codes.md"), re.MULTILINE)
    assert {int(row) for row in rows} == {code.value for code in ExitCode}


def test_every_command_has_its_exit_codes_explained():
    page = text("reference/exit-codes.md")
    named = {name for row in re.findall(r"^\| (`.*?) \|", page, re.MULTILINE) for name in re.findall(r"`([^`]+)`", row)}

    assert {*COMMANDS, *(f"load {name}" for name in SUBCOMMANDS)} - {"load"} <= named
    assert "load SCENARIO" in named


def test_every_public_name_stands_in_the_python_reference():
    page = text("reference/python.md")
    assert all(f"outgrow.{name}" in page for name in outgrow.__all__)


def test_every_page_is_linked_from_another():
    pages = {page.relative_to(DOCS).as_posix() for page in DOCS.rglob("*.md")}
    linked = {"index.md"}
    for page in pages:
        for link in re.findall(r"\]\(([^)#:]+\.md)", text(page)):
            linked.add((DOCS / page).parent.joinpath(link).resolve().relative_to(DOCS.resolve()).as_posix())
    assert sorted(pages - linked) == []


def test_both_readmes_speak_of_the_same_commands():
    root = DOCS.parent
    named = [
        set(re.findall(r"`outgrow ([a-z]+)", (root / name).read_text("utf-8")))
        for name in ("README.md", "README.ko.md")
    ]
    assert named[0] == named[1]
    assert named[0] <= set(COMMANDS)
