"""Where the result of a load test goes beside the terminal: the options, and writing each."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from outgrow.cli.common import lang_option, run_async, write_text
from outgrow.errors import SourceError, UsageError

if TYPE_CHECKING:
    from outgrow.facts.loads import LoadFacts

_FILE = click.Path(path_type=Path)
_REMEDIES: Final = {
    400: "Prometheus refuses what is older than about an hour; write --openmetrics and backfill it with promtool",
    404: "start Prometheus with --web.enable-remote-write-receiver",
}


@dataclass(frozen=True, slots=True)
class Outputs:
    """What is to be written, each none where it is not wanted."""

    html: Path | None
    junit: Path | None
    csv: Path | None
    openmetrics: Path | None
    remote_write: str | None
    lang: str
    zone: str = "UTC"

    def refuse_early(self, output: Path | None = None) -> None:
        """Say before minutes of load that a result would have no place, `output` among them.

        Raises:
            UsageError: a folder does not exist or stands in a file's place, or the address is none.
        """
        for path in (output, self.html, self.junit, self.csv, self.openmetrics):
            if path is not None and not path.absolute().parent.is_dir():
                raise UsageError(f"{path}: there is no folder {path.parent}; make it, or choose another file")
            if path is not None and path is not self.csv and path.is_dir():
                raise UsageError(f"{path}: is a folder; name a file in it")
        if self.remote_write is not None and not self.remote_write.startswith(("http://", "https://")):
            raise UsageError(f"--remote-write {self.remote_write}: write http://HOST:9090/api/v1/write")

    def write(self, facts: "LoadFacts") -> None:
        """Write what is wanted.

        Raises:
            UsageError: a file cannot be written.
            SourceError: Prometheus did not take the series.
        """
        if self.html is not None:
            write_text(self.html, _html(facts, self.lang, self.zone))
        if self.junit is not None:
            from outgrow.report.load_files import junit

            write_text(self.junit, junit(facts))
        if self.csv is not None:
            _write_csv(self.csv, facts)
        if self.openmetrics is not None:
            from outgrow.report.load_series import openmetrics_lines

            write_text(self.openmetrics, openmetrics_lines(facts))
        if self.remote_write is not None:
            url = self.remote_write
            run_async(lambda: _send(url, facts))


def output_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options and hand it one `Outputs`, as `outputs`."""
    options = (
        click.option("--html", type=_FILE, help="Write a report: one HTML file that opens offline and prints."),
        click.option("--junit", type=_FILE, help="Write JUnit XML: checks, and whether the generator kept up."),
        click.option("--csv", type=_FILE, help="Write the seconds into a .csv file, or every table into a folder."),
        click.option("--openmetrics", type=_FILE, help="Write OpenMetrics text with the times of the run's seconds."),
        click.option("--remote-write", metavar="URL", help="Send the series to Prometheus: http://HOST/api/v1/write."),
        lang_option,
    )

    @wraps(command)
    def with_outputs(
        html: Path | None,
        junit: Path | None,
        csv: Path | None,
        openmetrics: Path | None,
        remote_write: str | None,
        lang: str,
        **others: Any,
    ) -> Any:
        return command(outputs=Outputs(html, junit, csv, openmetrics, remote_write, lang), **others)

    wrapped: Callable[..., Any] = with_outputs
    for option in reversed(options):
        wrapped = option(wrapped)
    return wrapped


def _html(facts: "LoadFacts", lang: str, zone: str) -> str:
    from outgrow.plan.sources import zone_of
    from outgrow.report.load_html import render_load_html
    from outgrow.report.load_view import load_view
    from outgrow.report.words import Words

    words = Words(lang, zone_of(zone))
    return render_load_html(load_view(facts, words), words)


def _write_csv(path: Path, facts: "LoadFacts") -> None:
    from outgrow.report.load_files import csv_files, seconds_csv

    if path.suffix.lower() == ".csv" and not path.is_dir():
        write_text(path, seconds_csv(facts))
        return
    try:
        path.mkdir(exist_ok=True)
    except OSError as error:
        raise UsageError(f"{path}: no folder can be made: {error.strerror or error}; choose another") from error
    for name, text in csv_files(facts).items():
        write_text(path / name, text)


async def _send(url: str, facts: "LoadFacts") -> None:
    """Send a run's series by remote write."""
    import httpx2

    from outgrow.errors import Failure
    from outgrow.report.load_series import series_of
    from outgrow.report.remote_write import HEADERS, write_requests

    try:
        async with httpx2.AsyncClient(timeout=30, trust_env=False) as client:
            for body in write_requests(series_of(facts)):
                answer = await client.post(url, content=body, headers=dict(HEADERS))
                if answer.status_code >= 300:  # noqa: PLR2004 (anything but success)
                    why = " ".join(answer.text.split())[:200]
                    what = f"{url}: the series were refused with {answer.status_code} {why}".rstrip()
                    raise SourceError(Failure.NOT_ACCEPTED, what, _REMEDIES.get(answer.status_code, ""))
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        what = f"{url}: the series were not sent: {error or type(error).__name__}"
        raise SourceError(Failure.UNREACHABLE, what, "is Prometheus listening there?") from error
