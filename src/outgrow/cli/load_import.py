"""`outgrow load import`: read what another generator measured as a run of ours, or requests as a scenario."""

from pathlib import Path

import click

from outgrow.cli.common import write_text
from outgrow.errors import UsageError


@click.command("import")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--name", default="imported", show_default=True, help="The name that the run or scenario gets.")
@click.option("--json", "as_json", is_flag=True, help="Print a run as JSON (schema outgrow.load/1).")
@click.option("--output", "-o", type=click.Path(path_type=Path), help="Write the run's JSON into this file.")
def import_load(files: tuple[Path, ...], name: str, as_json: bool, output: Path | None) -> None:
    """Read another generator's result, so that a team may keep its tool and gain the gate.

    FILES are of one run: what k6 wrote with --out json=FILE or --summary-export=FILE, what vegeta encode or vegeta
    report -type=json gave, or both PREFIX_stats.csv and PREFIX_stats_history.csv of locust --csv. A file may be packed
    with gzip.
    """
    from outgrow.cli.load_table import print_load
    from outgrow.loadtest.results import read_results
    from outgrow.report.load_json import load_text

    facts = read_results({str(path): _text(path) for path in files}, name)
    text = load_text(facts)
    if output is not None:
        write_text(output, text)
    if as_json:
        click.echo(text)
    else:
        print_load(facts)


def _text(path: Path) -> str:
    import gzip

    try:
        raw = path.read_bytes()
        return (gzip.decompress(raw) if raw.startswith(b"\x1f\x8b") else raw).decode()
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror or error}; check the path") from error
    except (UnicodeDecodeError, EOFError) as error:
        raise UsageError(f"{path}: is no text: {error}") from error
