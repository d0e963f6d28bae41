"""`outgrow load report`: reports and files from a run that was kept."""

from pathlib import Path

import click

from outgrow.cli.common import Zone
from outgrow.cli.load_outputs import Outputs, output_options


@click.command("report")
@click.argument("run", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--zone", type=Zone(), default="UTC", show_default=True, help="The time zone of the report.")
@output_options
def report_load(run: Path, zone: str, outputs: Outputs) -> int:
    """Write reports and files from a kept run.

    RUN is what `outgrow load --output` wrote. Without an option its tables are printed.
    """
    from dataclasses import replace

    from outgrow.cli.load_table import print_load
    from outgrow.cli.threshold_table import print_thresholds
    from outgrow.errors import ExitCode
    from outgrow.report.load_json import stored_load
    from outgrow.report.words import texts_of

    outputs.refuse_early()
    facts = stored_load(run)
    if not any((outputs.html, outputs.junit, outputs.csv, outputs.openmetrics, outputs.remote_write)):
        words = texts_of(outputs.lang)
        print_load(facts, words)
        if facts.thresholds:
            print_thresholds(facts.thresholds, words, facts.ended_by)
    replace(outputs, zone=zone).write(facts)
    return ExitCode.DONE
