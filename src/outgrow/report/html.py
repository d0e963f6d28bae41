"""A report as one HTML file that needs nothing else: styles, scripts and data stand inside, under a strict policy."""

import json
import re
from base64 import b64encode
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from outgrow import __version__
from outgrow.plan.sources import zone_of
from outgrow.report.chart import Chart, chart_data
from outgrow.report.chart_svg import drawing
from outgrow.report.report_view import ReportView
from outgrow.report.words import Words

_STYLES: Final = ("report.css", "chart.css", "rehearsal.css", "load.css", "small.css", "roadmap.css")
_BEFORE_UNIT: Final = re.compile(r"(?<=\d) (?=(?:%|/s|(?:us|ms|s|min|h|d|[KMGTP]?i?B)(?![A-Za-z])))")
_SCRIPT: Final = "charts.js"


def render_html(view: ReportView) -> str:
    """Lay a report out as one HTML page.

    Every text of the plan and of the sources is escaped; the content security policy allows the page's own style and
    script by their hashes, and nothing from anywhere else.
    """
    words = Words(view.check.language, zone_of(view.zone))
    return render_page("report.html", words, view=view)


def render_page(template: str, words: Words, **values: object) -> str:
    """Lay a page out with the style and the scripts of reports, under the same policy."""
    style, scripts = _style(), browser_scripts()
    page = _environment().get_template(template)
    return page.render(
        w=words,
        count=_counted(words),
        drawing=drawing,
        chart_json=chart_json,
        style=Markup(style),  # noqa: S704 (our own files)
        scripts=Markup(scripts),  # noqa: S704 (our own file, and uPlot as its lock names it)
        policy=_policy(style, scripts),
        version=__version__,
        **values,
    )


def chart_json(chart: Chart) -> Markup:
    """Give a chart's data as JSON that cannot end the element it stands in, whatever a name or label holds."""
    text = json.dumps(chart_data(chart), ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)  # noqa: S704 (every character that HTML could read is escaped)


def browser_scripts() -> str:
    """Give the scripts of the page: uPlot with its notice, and our own; empty where uPlot was not fetched."""
    assets = files("outgrow.report").joinpath("assets")
    try:
        library, notice = (assets.joinpath(name).read_text(encoding="utf-8") for name in ("uPlot.js", "uPlot.LICENSE"))
        version = json.loads(assets.joinpath("uPlot.json").read_text(encoding="utf-8"))["version"]
    except (OSError, ValueError, KeyError):
        return ""
    # Its banner says only where it comes from; the notice that must stay with it is the licence.
    _, _, library = library.partition("*/")
    return f"/*! uPlot {version}\n{notice.strip()}\n*/{library}\n{_template(_SCRIPT)}"


def _style() -> str:
    library = files("outgrow.report").joinpath("assets", "uPlot.css")
    front = [library.read_text(encoding="utf-8")] if library.is_file() else []
    return "\n".join([*front, *(_template(name) for name in _STYLES)])


def _policy(style: str, scripts: str) -> str:
    script = f"script-src {_hash(scripts)}; " if scripts else ""
    return f"default-src 'none'; {script}style-src {_hash(style)}; base-uri 'none'; form-action 'none'"


def _hash(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


def _counted(words: Words) -> Any:
    def counted(key: str, n: int, **values: object) -> str:
        return words(f"{key}.{'one' if n == 1 else 'other'}", n=n, **values)

    return counted


def _template(name: str) -> str:
    return files("outgrow.report").joinpath("templates", name).read_text(encoding="utf-8")


@cache
def _environment() -> Environment:
    found = Environment(
        loader=PackageLoader("outgrow.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters["unbroken"] = unbroken
    return found


def unbroken(text: str) -> str:
    """Keep numbers and their units on one line: no narrow screen cuts `89 ms` in two."""
    return _BEFORE_UNIT.sub("\N{NO-BREAK SPACE}", text)
