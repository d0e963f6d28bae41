"""`outgrow load merge`: bring the shares of a run together that was spread over machines."""

import os
from dataclasses import replace
from itertools import chain
from pathlib import Path

import click

from outgrow.cli.common import DEFAULT_PLAN, lang_option, load, write_text
from outgrow.errors import UsageError


@click.command("merge")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--plan", default=DEFAULT_PLAN, type=click.Path(path_type=Path), help="The plan that they were run with.")
@click.option("--json", "as_json", is_flag=True, help="Print the whole result as JSON (schema outgrow.load/1).")
@click.option("--output", "-o", type=click.Path(path_type=Path), help="Write the JSON into this file too.")
@lang_option
def merge(files: tuple[Path, ...], plan: Path, as_json: bool, output: Path | None, lang: str) -> int:
    """Bring the shares of a run together that was spread over machines.

    FILES hold what `outgrow load SCENARIO --shard 0/4` and its like printed, one or several in each; other lines, of
    logs for instance, are left. A share that is missing is reported, and its arrivals are counted as lost. The
    scenario's thresholds are judged over the whole; signals that they are set on were not watched, and have no data.
    """
    from outgrow.cli.load import declared_scenario, exit_code, tell
    from outgrow.decide.gates import gates_of
    from outgrow.decide.thresholds import judged
    from outgrow.loadtest.orders import ShareOrders
    from outgrow.loadtest.shard_files import merged, read_lines
    from outgrow.plan.asked_load import most_users
    from outgrow.report.load_json import load_parts

    shares = list(read_lines({str(path): _read(path) for path in files}))
    name = shares[0].scenario
    whole = load(plan).plan
    scenario = declared_scenario(whole, name)
    facts = merged(shares, ShareOrders(name, scenario, os.environ, plan.parent))
    # No share could judge the whole; what nobody watched meanwhile has no data.
    facts = replace(facts, thresholds=judged(gates_of(whole, scenario.thresholds), facts, most_users(scenario)))
    if output is not None:
        write_text(output, chain(load_parts(facts), "\n"))
    tell(facts, as_json=as_json, language=lang)
    return exit_code(facts)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror or error}; check the path") from error
