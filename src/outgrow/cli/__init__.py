"""The command line: one file per command, loaded only when it is called, so that `outgrow --help` is instant."""

import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Final

import click

from outgrow import __version__
from outgrow.cli.unread import heard_or_not, let_go
from outgrow.errors import ExitCode, OutgrowError

# name -> (module:attribute, one line of help). The lines stand here so that `--help` imports no command;
# a test holds them against the commands' own.
COMMANDS: Final[dict[str, tuple[str, str]]] = {
    "check": ("outgrow.cli.check:check", "Measure everything and give a verdict per checkpoint."),
    "explain": ("outgrow.cli.explain:explain", "Show one checkpoint's whole chain from samples to verdict."),
    "report": ("outgrow.cli.report:report", "Write a report file for a team: HTML or Markdown."),
    "backtest": ("outgrow.cli.backtest:backtest", "Say when each verdict would have changed in the past."),
    "validate": ("outgrow.cli.validate:validate", "Find every mistake in a plan."),
    "test": ("outgrow.cli.test:test", "Run a plan's own unit tests."),
    "init": ("outgrow.cli.init:init", "Write a commented starter plan."),
    "schema": ("outgrow.cli.schema:schema", "Print the plan's JSON Schema, for editors."),
    "demand": ("outgrow.cli.demand:demand", "Work out requests per second from monthly users."),
    "mark": ("outgrow.cli.mark:mark", "Note a load test, deployment or maintenance that must not count."),
    "load": ("outgrow.cli.load:load_command", "Send a scenario's load and say what became of every arrival."),
    "verify": ("outgrow.cli.verify:verify", "Prove a phase of the roadmap by its load tests."),
    "simulate": ("outgrow.cli.simulate:simulate", "Rehearse a service's scaling policy on recorded traffic."),
    "tune": ("outgrow.cli.tune:tune", "Search the cheapest scaling policy that keeps an objective."),
    "import": ("outgrow.cli.import_scaling:import_scaling", "Read existing autoscalers into a piece of a plan."),
    "scale": ("outgrow.cli.scale:scale", "Run one service's scaling loop."),
    "journal": ("outgrow.cli.journal:journal", "Look at the decisions and events that are remembered, or replay them."),
}


class LazyCommands(click.Group):
    """A group that imports a command's file only when that command is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name the commands in the order in which they are met."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and give a command."""
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name][0].partition(":")
        return getattr(import_module(module), attribute)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands with their one line."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Suggest the nearest command for a misspelt one."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            from difflib import get_close_matches

            close = get_close_matches(args[0], COMMANDS, n=1)
            hint = f'did you mean "{close[0]}"?' if close else f"the commands are {', '.join(COMMANDS)}"
            raise click.UsageError(f'no command is called "{args[0]}"; {hint}', ctx)
        return super().resolve_command(ctx, args)


@click.group(cls=LazyCommands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="outgrow")
def cli() -> None:
    """Make a scaling plan run: measure the live system, decide with evidence, say when.

    Begin with `outgrow init`, then `outgrow check plan.yaml`.
    """


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and end the process with the exit code that fits what happened."""
    code = run(arguments)
    for stream in (sys.stdout, sys.stderr):
        with heard_or_not(stream):
            pass
    sys.exit(code)


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and give its exit code; one clear message for everything that goes wrong."""
    try:
        result = cli.main(
            args=None if arguments is None else list(arguments), prog_name="outgrow", standalone_mode=False
        )
    except click.exceptions.Exit as error:
        return error.exit_code
    except click.ClickException as error:
        error.show()
        return ExitCode.USAGE
    except (click.Abort, KeyboardInterrupt):
        click.echo("\ninterrupted", err=True)
        return ExitCode.INTERRUPTED
    except OutgrowError as error:
        click.echo(str(error), err=True)
        return error.exit_code
    except (BrokenPipeError, SystemExit):
        # click ends the process when it meets a closed pipe; nothing else here does.
        # The reader of a pipe (head, less) went away: that is no fault, and Python must not complain at exit.
        let_go(sys.stdout)
        return ExitCode.DONE
    except Exception as error:  # noqa: BLE001 (the last net: people get one line, developers the traceback)
        return _internal(error)
    return result if isinstance(result, int) else ExitCode.DONE


def _internal(error: BaseException) -> int:
    import errno
    import os
    import traceback

    known = _own_error_in(error)
    if known is not None:
        click.echo(str(known), err=True)
        return known.exit_code
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        click.echo(f"no space left to write {error.filename or 'the output'}", err=True)
        return ExitCode.USAGE
    if os.environ.get("OUTGROW_DEBUG"):
        traceback.print_exception(error)
    click.echo(
        f"outgrow itself failed: {type(error).__name__}: {error}\n"
        "this is a fault of outgrow; set OUTGROW_DEBUG=1 to see where, and please report it",
        err=True,
    )
    return ExitCode.INTERNAL


def _own_error_in(error: BaseException) -> OutgrowError | None:
    """Find the first error of our own inside a task group's bundle."""
    if isinstance(error, OutgrowError):
        return error
    inside: tuple[BaseException, ...] = getattr(error, "exceptions", ())
    return next((found for each in inside if (found := _own_error_in(each)) is not None), None)
