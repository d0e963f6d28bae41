"""Write docs/reference/commands.md from the commands themselves; a test holds that it is up to date."""

import sys
from pathlib import Path

import click

from outgrow.cli import COMMANDS, cli

PAGE = Path(__file__).parent.parent / "docs" / "reference" / "commands.md"


def page() -> str:
    """Give the page's text: every command with its arguments and options."""
    parts = [
        "# Commands",
        "",
        "Written from the commands' own help by `tools/reference_commands.py`. Exit codes are explained in",
        "[Exit codes](exit-codes.md).",
    ]
    context = click.Context(cli, info_name="outgrow", **cli.context_settings)
    for name in COMMANDS:
        command = cli.get_command(context, name)
        if command is not None:
            parts += ["", *_command(name, command, context)]
    return "\n".join(parts) + "\n"


def _command(name: str, command: click.Command, above: click.Context) -> list[str]:
    context = click.Context(command, info_name=name, parent=above)
    usage = command.get_usage(context).removeprefix("Usage: ")
    lines = [
        f"## {context.command_path}",
        "",
        *_paragraphs(command.help or ""),
        "```text",
        " ".join(usage.split()),
        "```",
        "",
    ]
    options = [each for each in command.get_params(context) if isinstance(each, click.Option)]
    lines += ["| Option | Meaning | Default |", "| --- | --- | --- |"]
    lines += [_option(each, context) for each in options if not each.hidden]
    if isinstance(command, click.Group):
        for below in command.list_commands(context):
            inner = command.get_command(context, below)
            if inner is not None:
                lines += ["", *_command(below, inner, context)]
    return lines


def _paragraphs(text: str) -> list[str]:
    lines: list[str] = []
    for paragraph in text.replace("\b", "").strip().split("\n\n"):
        lines += [" ".join(paragraph.split()), ""]
    return lines


def _option(option: click.Option, context: click.Context) -> str:
    names = ", ".join(option.opts + option.secondary_opts)
    # A pipe would end the cell, within code too.
    metavar = "" if option.is_flag else f" {option.make_metavar(context)}".replace("|", "\\|")
    default = option.default if isinstance(option.default, str | int | float) and not option.is_flag else ""
    shown = f"`{default}`" if default not in {"", None} else ""
    meaning = (option.help or "").replace("[", "\\[")
    return f"| `{names}{metavar}` | {meaning} | {shown} |"


def main() -> None:
    """Write the page, or with `--check` say whether it is up to date."""
    text = page()
    if "--check" in sys.argv:
        sys.exit(0 if PAGE.read_text(encoding="utf-8") == text else "docs/reference/commands.md is out of date")
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
