"""`outgrow load import`: read what another generator measured as a run of ours, or requests as a scenario."""

import re
from itertools import chain
from pathlib import Path
from typing import Final

import click

from outgrow.cli.common import lang_option, write_text
from outgrow.errors import UsageError

_AUTOSCALER: Final = re.compile(r"""^\s*["']?kind["']?: *["']?(HorizontalPodAutoscaler|ScaledObject)\b""", re.MULTILINE)


@click.command("import")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--name", default="imported", show_default=True, help="The name that the run or scenario gets.")
@click.option("--target", default="", help="Where a scenario's load goes, in place of where the requests went.")
@click.option("--only", default="", help="Of k6's --out json or csv: read this one of its scenarios.")
@click.option("--json", "as_json", is_flag=True, help="Print a run as JSON (schema outgrow.load/1).")
@click.option("--output", "-o", type=click.Path(path_type=Path), help="Write the run's JSON, or the plan, into a file.")
@click.option("--force", is_flag=True, help="Overwrite a plan that is there.")
@lang_option
def import_load(
    files: tuple[Path, ...],
    name: str,
    target: str,
    only: str,
    as_json: bool,
    output: Path | None,
    force: bool,
    lang: str,
) -> None:
    """Read another generator's result, or requests to send.

    A result becomes a run of ours, so that a team may keep its tool and gain the gate: FILES are what k6 wrote with
    --out json=FILE, --out csv=FILE or --summary-export=FILE, or handleSummary as JSON; what vegeta encode or vegeta
    report -type=json gave; or both PREFIX_stats.csv and PREFIX_stats_history.csv of locust --csv. A file may be packed
    with gzip.

    Requests become a plan with one scenario, to be pasted into yours: FILES is a recording (HAR), an OpenAPI
    document in JSON or YAML, or a file of curl lines, of which every option that is not taken is told. So do the
    options of a k6 script, as k6 inspect --execution-requirements SCRIPT prints them: their course, thresholds and
    tags, each k6 scenario as one; requests stay in the script.
    """
    texts = {str(path): _text(path) for path in files}
    for path, text in texts.items():
        if _AUTOSCALER.search(text):
            raise UsageError(f"{path}: is an autoscaler and no load; read it with outgrow import {path}")
    if len(texts) == 1 and not only:
        plan = _scenario(*texts.values(), name=name, target=target)
        if plan is not None:
            _give(plan, output, force=force)
            return
    _run(texts, name, only, as_json=as_json, output=output, lang=lang)


def _scenario(text: str, *, name: str, target: str) -> str | None:
    """Give the plan of a file of requests, with its notes at the head; none where the file is none."""
    from outgrow.plan.imports import plan_text, read_scenario

    found = read_scenario(text, target)
    return None if found is None else plan_text(name, found)


def _give(plan: str, output: Path | None, *, force: bool) -> None:
    """Print a plan, or write it into a file that somebody may have worked on since."""
    if output is None:
        click.echo(plan, nl=False)
        return
    if output.exists() and not force:
        raise UsageError(f"{output} is already there; choose another name, or overwrite it with --force")
    write_text(output, plan)
    notes = sum(line.startswith("# ") for line in plan.splitlines())
    click.echo(f"wrote {output}" + (f"; what to look at is told at its head ({notes})" if notes else ""), err=True)


def _run(texts: dict[str, str], name: str, only: str, *, as_json: bool, output: Path | None, lang: str) -> None:
    """Give a run of another generator as one of ours."""
    from outgrow.cli.load_table import print_load
    from outgrow.loadtest.results import read_results
    from outgrow.report.load_json import load_parts
    from outgrow.report.words import texts_of

    facts = read_results(texts, name, only)
    if output is not None:
        write_text(output, chain(load_parts(facts), "\n"))
    if as_json:
        for part in load_parts(facts):
            click.echo(part, nl=False)
    else:
        print_load(facts, texts_of(lang))


def _text(path: Path) -> str:
    import gzip

    try:
        raw = path.read_bytes()
        return (gzip.decompress(raw) if raw.startswith(b"\x1f\x8b") else raw).decode()
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror or error}; check the path") from error
    except (UnicodeDecodeError, EOFError) as error:
        raise UsageError(
            f"{path}: is no text: {error}; what vegeta attack wrote becomes text by vegeta encode --to json"
        ) from error
