"""A load test laid out for a terminal."""

from collections.abc import Sequence

from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

from outgrow.cli.common import console
from outgrow.facts.loads import FAILURES, Latency, LoadFacts, LoadSecond, Outcome, StepLoad
from outgrow.quantity import format_number
from outgrow.report.load_saturated import saturated_texts
from outgrow.report.load_trends import trend_name, trend_value
from outgrow.report.load_words import milliseconds
from outgrow.report.said import said
from outgrow.report.words import Words

_LATENCIES = ("mean", "p50", "p90", "p95", "p99", "greatest")
_COLUMNS = ("arrivals", "done", "failed", *_LATENCIES)
_FEWER_COLUMNS = ("arrivals", "failed", "p50", "p95", "p99", "greatest")
_FEWEST_COLUMNS = ("arrivals", "failed", "p50", "p95", "greatest")
_WIDE, _NARROW = 110, 75
"""In a narrower terminal the table has fewer columns and shorter names."""
_NAME = 12
"""A name that is no longer than this is not folded."""


def second_line(second: LoadSecond, length_seconds: float, words: Words) -> str:
    """Say in one line what happened in a second of a run."""
    times = ", ".join(
        f"{name} {milliseconds(value)}"
        for name, value in (
            ("p50", second.p50_seconds),
            ("p95", second.p95_seconds),
            (words("load.column.greatest"), second.greatest_seconds),
        )
    )
    line = words(
        "load.live.second",
        at=f"{second.at_seconds:.0f}",
        length=f"{length_seconds:.0f}",
        due=second.due,
        done=second.done,
        failed=second.failed,
        times=times,
        in_flight=second.in_flight,
        connections=second.connections,
        share=f"{second.cpu_share:.0%}",
    )
    return line + (words("load.live.and_dropped", dropped=second.dropped) if second.dropped else "")


def print_load(facts: LoadFacts, words: Words) -> None:
    """Print what became of the arrivals: steps, failures, and the generator's own health."""
    shown = console()
    whole = facts.whole
    shown.print(Text(_title(facts, words), style="bold"))
    if facts.interrupted:
        planned = f"{facts.planned_seconds:.1f}"
        shown.print(Text(words("load.table.ended_early", planned=planned), style="bold red"))
    shown.print(_steps(facts, words, shown.width))
    others = ", ".join(
        words("load.table.outcome", n=f"{count:,}", outcome=outcome_word(outcome, words))
        for outcome, count in whole.outcomes.items()
        if outcome is not Outcome.DONE
    )
    if others:
        failed = sum(whole.outcomes.get(each, 0) for each in FAILURES)
        told = words("load.table.not_done", others=others)
        shown.print(Text(told, style="bold red" if failed else "bold"))
    statuses = ", ".join(f"{status}: {count:,}" for status, count in whole.statuses.items())
    if Outcome.UNEXPECTED in whole.outcomes or any(status >= 400 for status in whole.statuses):  # noqa: PLR2004 (errors)
        shown.print(words("load.table.statuses", statuses=statuses))
    if whole.arrivals and whole.response is None:
        shown.print(Text(words("load.table.silent", target=facts.target), style="bold red"))
    for resource in facts.resources.values():
        if resource.failure:
            why = said(resource.failure, words)
            shown.print(Text(words("load.table.unread", resource=resource.signal, why=why), style="bold"))
    for line in saturated_texts(facts, words):
        shown.print(Text(line, style="bold"))
    for note in facts.notes:
        shown.print(Text(said(note, words), style="bold"))
    _print_checks(facts, words)
    _print_trends(facts, words)
    _print_generator(facts, words)


def _title(facts: LoadFacts, words: Words) -> str:
    arrivals = f"{facts.arrivals_due:,}"
    seconds = f"{facts.seconds:.1f}"
    if facts.flows:
        requests = f"{facts.whole.due:,}"
        told = words("load.table.sent_of_flows", arrivals=arrivals, requests=requests, seconds=seconds)
    else:
        told = words("load.table.sent", arrivals=arrivals, seconds=seconds)
    to = words("load.table.to", target=facts.target) if facts.target else ""
    return f"{facts.scenario}: {told}{to}"


def _steps(facts: LoadFacts, words: Words, width: int) -> Table:
    """Lay out a row a step, and the run's own; the columns that there is room for."""
    between = 2 if width >= _NARROW else 1
    table = Table(box=None, padding=(0, between, 0, 0), pad_edge=False, header_style="dim")
    is_wide = width >= _WIDE
    columns = _COLUMNS if is_wide else _FEWER_COLUMNS if width >= _NARROW else _FEWEST_COLUMNS
    names = [words(f"load.column.{name}") for name in ("service", "waiting")]
    # What another generator says of no step in particular stands among the steps, without requests.
    steps = [step for step in facts.steps if step.arrivals or not facts.generator]
    longest = max(map(cell_len, (*names, *(step.name for step in steps))))
    table.add_column(words("load.head.step"), overflow="fold", min_width=min(longest, _NAME))
    for name in columns:
        head = name if name.startswith("p") else words(f"load.column.{name}")
        # An arrival of a flow is several requests, and the rows count requests.
        head = words("load.head.requests").lower() if name == "arrivals" and facts.flows else head
        table.add_column(head, justify="right", no_wrap=True)
    for step in steps if len(steps) > 1 else ():
        table.add_row(*_row(step.name, step, step.response, columns))
    table.add_row(*_row(words("load.all"), facts.whole, facts.whole.response, columns))
    if is_wide:
        names = [f"  {words(f'load.column.{name}')}" for name in ("service_time", "waiting_for")]
    table.add_row(*_row(names[0], None, facts.whole.service, columns), style="dim")
    table.add_row(*_row(names[1], None, facts.whole.waiting, columns), style="dim")
    return table


def outcome_word(outcome: Outcome, words: Words) -> str:
    """Word what became of a request."""
    return words(f"load.outcome.{outcome.name.lower()}")


def _row(name: str, step: StepLoad | None, latency: Latency | None, columns: Sequence[str]) -> list[str]:
    shown = {
        each: milliseconds(None if latency is None else getattr(latency, f"{each}_seconds")) for each in _LATENCIES
    }
    if step is not None:
        share = step.failed_share
        failed = f"{step.failed:,}" + (f" ({format_number(share * 100)} %)" if share else "")
        shown |= {"arrivals": f"{step.due:,}", "done": f"{step.outcomes.get(Outcome.DONE, 0):,}", "failed": failed}
    return [name, *(shown.get(column, "") for column in columns)]


def _print_checks(facts: LoadFacts, words: Words) -> None:
    """Print the checks, those that failed first."""
    counts = [(step.name, title, *each) for step in facts.steps for title, each in step.checks.items()]
    if not counts:
        return
    shown, table = console(), Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column(words("load.head.check"), overflow="fold")
    table.add_column(words("load.head.step").lower(), overflow="fold")
    for name in ("passed", "failed"):
        table.add_column(words(f"load.head.{name}").lower(), justify="right", no_wrap=True)
    for step, title, passed, failed in sorted(counts, key=lambda each: -each[3]):
        style = "bold red" if failed else "dim"
        table.add_row(Text(title), Text(step), f"{passed:,}", f"{failed:,}", style=style)
    shown.print(table)


def _print_trends(facts: LoadFacts, words: Words) -> None:
    """Print what was measured of answers beside their times: tokens, messages, cost."""
    if not any(step.trends for step in facts.steps):
        return
    shown = console()
    is_narrow = shown.width < _NARROW
    table = Table(box=None, padding=(0, 1 if is_narrow else 2, 0, 0), header_style="dim")
    table.add_column(words("load.head.measured"), overflow="fold")
    table.add_column(words("load.head.step").lower(), overflow="fold")
    columns = ("count", *(() if is_narrow else ("mean",)), "p50", "p95", "greatest")
    heads = {name: words(f"load.head.{name}").lower() for name in ("count", "mean")}
    heads["greatest"] = words("load.column.greatest")
    for name in columns:
        table.add_column(heads.get(name, name), justify="right", no_wrap=True)
    for step in facts.steps:
        for name, found in step.trends.items():
            figures = {"mean": found.mean_seconds, "greatest": found.quantile(1)}
            figures |= {"p50": found.quantile(0.5), "p95": found.quantile(0.95)}
            cells = {"count": f"{found.count:,}"} | {
                each: trend_value(name, figure) for each, figure in figures.items()
            }
            table.add_row(Text(trend_name(name, words)), Text(step.name), *(cells[each] for each in columns))
    shown.print(table)


def _print_generator(facts: LoadFacts, words: Words) -> None:
    if facts.generator:
        console().print(words("load.table.sent_by", generator=facts.generator), style="dim")
        return
    health = facts.health
    line = words(
        "load.table.generator",
        share=f"{health.cpu_share:.0%}",
        highest=f"{health.cpu_share_highest:.0%}",
        p99=milliseconds(None if health.lateness is None else health.lateness.p99_seconds),
        late=f"{health.late:,}",
        connections=f"{facts.connections_highest:,}",
        opened=f"{facts.connections_opened:,}",
    )
    if facts.retried:
        line += words("load.table.retried", retried=f"{facts.retried:,}")
    shown = console()
    shown.print(Text(line, style="dim"))
    verdict = words("load.table.too_weak" if health.too_weak else "load.table.kept_schedule")
    shown.print(Text(verdict, style="bold red" if health.too_weak else "dim"))
