"""A report as GitHub-flavoured Markdown: for a wiki, an issue or a chat; tables for evidence, sparklines for charts."""

import re
from collections.abc import Sequence
from functools import cache
from html import escape
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from outgrow import __version__
from outgrow.plan.sources import zone_of
from outgrow.report.chart import Chart
from outgrow.report.report_view import ReportView
from outgrow.report.sparks import chart_spark, spark
from outgrow.report.words import Words

_SPECIAL: Final = re.compile(r"([\\`*_\[\]|~])")
_HTML: Final = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_GRADE_MARKS: Final = {
    "emergency": "⬣",
    "urgent": "⬣",
    "required": "▲",
    "unknown": "?",
    "recommended": "◆",
    "monitor": "○",
    "clear": "·",
}
_STATE_MARKS: Final = {"held": "■", "not_held": "□", "unknown": "?"}


class Ready(str):
    """Markdown that is written already and must not be escaped again."""

    __slots__ = ()


def render_markdown(view: ReportView) -> str:
    """Lay a report out as Markdown; every text of the plan and of the sources is escaped."""
    words = Words(view.check.language, zone_of(view.zone))
    page = _environment().get_template("report.md")
    text = page.render(
        view=view,
        w=words,
        grade_marks=_GRADE_MARKS,
        state_marks=_STATE_MARKS,
        version=__version__,
    )
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


def escaped(value: Any) -> str:
    """Give a text that Markdown shows as it is, on one line, also inside a table."""
    if isinstance(value, Ready):
        return value
    text = " ".join(str(value).split())
    for character, entity in _HTML.items():
        text = text.replace(character, entity)
    return _SPECIAL.sub(r"\\\1", text)


def code(value: str) -> Ready:
    """Give a text as code within a line, also inside a table."""
    fence = "`" * (_longest_run(value) + 1)
    room = " " if value.startswith("`") or value.endswith("`") else ""
    return Ready(f"{fence}{room}{' '.join(value.split())}{room}{fence}".replace("|", "\\|"))


def fenced(value: str) -> Ready:
    """Give a text as a block of code."""
    fence = "`" * max(3, _longest_run(value) + 1)
    return Ready(f"{fence}\n{value.rstrip()}\n{fence}")


def html_text(value: str) -> Ready:
    """Give a text for an HTML element, where Markdown's escapes would be shown."""
    return Ready(escape(" ".join(value.split())))


def _spark(drawn: Chart | Sequence[float | None]) -> Ready:
    return Ready(chart_spark(drawn) if isinstance(drawn, Chart) else spark(drawn))


def _longest_run(value: str) -> int:
    return max((len(run) for run in re.findall(r"`+", value)), default=0)


@cache
def _environment() -> Environment:
    made = Environment(
        loader=PackageLoader("outgrow.report"),
        autoescape=False,  # noqa: S701 (Markdown: `finalize` escapes every value)
        finalize=escaped,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {"code": code, "fenced": fenced, "html": html_text, "ready": Ready, "spark": _spark}
    return made
