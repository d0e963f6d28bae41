"""`outgrow demand`: work out requests per second from monthly users."""

from typing import TYPE_CHECKING, Any

import click

from outgrow.cli.common import console, lang_option

if TYPE_CHECKING:
    from outgrow.capacity.demand import Range


class Share(click.ParamType["tuple[float, float]"]):
    """A share or a range of shares: `30%`, `0.3`, `10-17%`."""

    name = "share"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[float, float]:
        """Read the share as two numbers from 0 to 1."""
        if isinstance(value, tuple):
            return value  # pyright: ignore[reportUnknownVariableType] (already converted)
        text = str(value).replace(" ", "")
        scale = 0.01 if text.endswith("%") else 1.0
        try:
            figures = [float(part) * scale for part in text.removesuffix("%").split("-")]
        except ValueError:
            figures = []
        if len(figures) not in {1, 2} or figures != sorted(figures):
            self.fail(f'"{value}" is not a share; write 30%, 0.3 or 10-17%', param, ctx)
        return figures[0], figures[-1]


@click.command()
@click.option("--mau", type=float, required=True, help="Monthly active users.")
@click.option("--dau", type=float, help="Daily active users; without it a share of the monthly ones.")
@click.option("--daily-share", type=Share(), help="Which share of the monthly users comes on a day.  [default: 30%]")
@click.option(
    "--concurrent-share", type=Share(), help="Which share of the daily users is there at once.  [default: 10-17%]"
)
@click.option("--requests-per-minute", type=float, help="How many requests one user sends a minute.")
@click.option("--think-seconds", type=float, help="How long a user thinks between an answer and the next request.")
@click.option("--answer-seconds", type=float, help="How long an answer takes, with --think-seconds.")
@click.option("--busy-over-normal", type=float, help="The busy hour over an ordinary one.  [default: 5]")
@click.option("--burst-over-busy", type=float, help="The worst minute over the busy hour.  [default: 5]")
@click.option(
    "--json", "as_json", is_flag=True, help="Print assumptions and figures as JSON (schema outgrow.demand/1)."
)
@lang_option
def demand(
    mau: float,
    daily_share: tuple[float, float] | None,
    concurrent_share: tuple[float, float] | None,
    as_json: bool,
    lang: str,
    **given: float | None,
) -> None:
    """Work out requests per second from monthly users, every assumption shown.

    MAU -> DAU -> users at once -> requests per second, by Little's law.
    """
    from dataclasses import asdict

    from outgrow.capacity.demand import Assumptions, Range
    from outgrow.capacity.demand import demand as work_out

    chosen: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    if daily_share is not None:
        chosen["daily_share"] = daily_share[1]
    if concurrent_share is not None:
        chosen["concurrent_share"] = Range(*concurrent_share)
    found = work_out(Assumptions(mau, **chosen))
    if as_json:
        import json

        click.echo(json.dumps({"schema": "outgrow.demand/1", **asdict(found)}, indent=2))
        return
    from rich.table import Table

    from outgrow.report.said import said
    from outgrow.report.words import texts_of

    words = texts_of(lang)

    def named(name: str) -> str:
        return words(f"demand.name.{name.replace(' ', '_')}")

    def amount(value: "Range", unit: str) -> str:
        return _percent(value) if unit == "share" else words(f"demand.unit.{unit}", n=_shown(value))

    def told(text: str) -> str:
        return words("demand.given") if text == "given" else said(text, words)

    figures = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for head in ("demand.figure", "demand.value", "demand.how"):
        figures.add_column(words(head), overflow="fold")
    for figure in found.figures:
        figures.add_row(named(figure.name), amount(figure.value, figure.unit), told(figure.formula))
    assumptions = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for head in ("demand.assumption", "demand.value", "demand.from"):
        assumptions.add_column(words(head), overflow="fold")
    for each in found.assumptions:
        assumptions.add_row(named(each.name), amount(each.value, each.unit), told(each.source))
    shown = console()
    shown.print(figures)
    shown.print()
    shown.print(assumptions)


def _shown(value: "Range") -> str:
    from outgrow.quantity import format_number

    low, high = format_number(value.low), format_number(value.high)
    return low if low == high else f"{low} – {high}"


def _percent(value: "Range") -> str:
    low, high = f"{value.low * 100:g}", f"{value.high * 100:g}"
    return f"{low} %" if low == high else f"{low} – {high} %"
