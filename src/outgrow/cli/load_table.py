"""A load test laid out for a terminal."""

from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from outgrow.cli.common import console
from outgrow.facts.loads import FAILURES, GeneratorHealth, Latency, LoadFacts, LoadSecond, Outcome, Resource, StepLoad
from outgrow.quantity import format_number
from outgrow.report.load_words import milliseconds

_LATENCIES = ("mean", "p50", "p90", "p95", "p99", "greatest")
_COLUMNS = ("arrivals", "done", "failed", *_LATENCIES)
_FEWER_COLUMNS = ("arrivals", "failed", "p50", "p95", "p99", "greatest")
_FEWEST_COLUMNS = ("arrivals", "failed", "p50", "p95", "greatest")
_WIDE, _NARROW = 110, 75
"""In a narrower terminal the table has fewer columns and shorter names."""
_NAME = 12
"""A name that is no longer than this is not folded."""


def second_line(second: LoadSecond, length_seconds: float) -> str:
    """Say in one line what happened in a second of a run."""
    times = ", ".join(
        f"{name} {milliseconds(value)}"
        for name, value in (("p50", second.p50_seconds), ("p95", second.p95_seconds), ("max", second.greatest_seconds))
    )
    line = (
        f"{second.at_seconds:.0f}/{length_seconds:.0f} s: "
        f"{second.due} due, {second.done} done, {second.failed} failed, {times}, "
        f"{second.in_flight} in flight over {second.connections} connections, "
        f"generator {second.cpu_share:.0%} of a core"
    )
    return line + (f", {second.dropped} dropped" if second.dropped else "")


def print_load(facts: LoadFacts) -> None:
    """Print what became of the arrivals: steps, failures, and the generator's own health."""
    shown = console()
    whole = facts.whole
    arrivals = facts.iterations.arrivals or whole.arrivals
    requests = f" with {whole.arrivals:,} requests" if facts.flows else ""
    title = f"{facts.scenario}: {arrivals:,} arrivals{requests} in {facts.seconds:.1f} s"
    title += f" to {facts.target}" if facts.target else ""
    shown.print(Text(title, style="bold"))
    if facts.interrupted:
        shown.print(Text(f"ended early; {facts.planned_seconds:.1f} s were planned", style="bold red"))
    between = 2 if shown.width >= _NARROW else 1
    table = Table(box=None, padding=(0, between, 0, 0), pad_edge=False, header_style="dim")
    is_wide = shown.width >= _WIDE
    columns = _COLUMNS if is_wide else _FEWER_COLUMNS if shown.width >= _NARROW else _FEWEST_COLUMNS
    longest = max(len(step.name) for step in facts.steps) if facts.steps else 0
    table.add_column("Step", overflow="fold", min_width=min(max(longest, len("service")), _NAME))
    for name in columns:
        table.add_column("max" if name == "greatest" else name, justify="right", no_wrap=True)
    for step in facts.steps if len(facts.steps) > 1 else ():
        table.add_row(*_row(step.name, step, step.response, columns))
    table.add_row(*_row("all", whole, whole.response, columns))
    service, waiting = ("  service time", "  waiting for a connection") if is_wide else ("service", "waiting")
    table.add_row(*_row(service, None, whole.service, columns), style="dim")
    table.add_row(*_row(waiting, None, whole.waiting, columns), style="dim")
    shown.print(table)
    others = ", ".join(
        f"{count:,} {outcome}" for outcome, count in whole.outcomes.items() if outcome is not Outcome.DONE
    )
    if others:
        failed = sum(whole.outcomes.get(each, 0) for each in FAILURES)
        shown.print(Text(f"not done: {others}", style="bold red" if failed else "bold"))
    statuses = ", ".join(f"{status}: {count:,}" for status, count in whole.statuses.items())
    if Outcome.UNEXPECTED in whole.outcomes or any(status >= 400 for status in whole.statuses):  # noqa: PLR2004 (errors)
        shown.print(f"statuses: {statuses}")
    if whole.arrivals and whole.response is None:
        shown.print(Text(f"nothing was answered; is a server listening at {facts.target}?", style="bold red"))
    for line in saturation_lines(facts):
        shown.print(Text(line, style="bold"))
    for note in facts.notes:
        shown.print(Text(note, style="bold"))
    _print_checks(facts)
    _print_trends(facts)
    _print_generator(facts)


def saturation_lines(facts: LoadFacts) -> list[str]:
    """Say what was saturated first, or that nothing watched was; nothing where nothing was watched."""
    lines = [f"{resource.signal} could not be read: {resource.failure}" for resource in _unread(facts)]
    if facts.saturated:
        first, *others = facts.saturated
        unit = facts.resources[first.resource].unit
        lines.append(
            f"saturated first: {first.resource}, {format_number(first.value)} {unit} after {first.at_seconds:.0f} s, "
            f"when {first.due_rps:,.0f} arrivals/s were due (limit {format_number(first.limit)} {unit}, "
            f"{facts.resources[first.resource].limit_says})"
        )
        lines += [f"then {each.resource}, after {each.at_seconds:.0f} s" for each in others]
    elif facts.resources and facts.slowed_at_seconds is not None:
        lines.append("nothing that was watched reached its limit: what held the target up is not among it")
    if facts.slowed_at_seconds is not None:
        lines.append(f"the target fell behind after {facts.slowed_at_seconds:.0f} s")
    return lines


def _unread(facts: LoadFacts) -> list[Resource]:
    return [resource for resource in facts.resources.values() if resource.failure]


def _row(name: str, step: StepLoad | None, latency: Latency | None, columns: Sequence[str]) -> list[str]:
    shown = {
        each: milliseconds(None if latency is None else getattr(latency, f"{each}_seconds")) for each in _LATENCIES
    }
    if step is not None:
        share = step.failed_share
        failed = f"{step.failed:,}" + (f" ({format_number(share * 100)} %)" if share else "")
        shown |= {"arrivals": f"{step.arrivals:,}", "done": f"{step.outcomes.get(Outcome.DONE, 0):,}", "failed": failed}
    return [name, *(shown.get(column, "") for column in columns)]


def _print_checks(facts: LoadFacts) -> None:
    """Print the checks, those that failed first."""
    counts = [(step.name, title, *each) for step in facts.steps for title, each in step.checks.items()]
    if not counts:
        return
    shown, table = console(), Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for name in ("Check", "step", "passed", "failed"):
        table.add_column(name, justify="right" if name in {"passed", "failed"} else "left")
    for step, title, passed, failed in sorted(counts, key=lambda each: -each[3]):
        style = "bold red" if failed else "dim"
        table.add_row(Text(title), Text(step), f"{passed:,}", f"{failed:,}", style=style)
    shown.print(table)


def _print_trends(facts: LoadFacts) -> None:
    """Print what was measured of answers beside their times: tokens, messages, cost."""
    if not any(step.trends for step in facts.steps):
        return
    shown, table = console(), Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for name in ("Measured", "step", "count", "mean", "p50", "p95", "max"):
        table.add_column(name, justify="left" if name in {"Measured", "step"} else "right")
    for step in facts.steps:
        for name, found in step.trends.items():
            figures = (found.mean_seconds, found.quantile(0.5), found.quantile(0.95), found.quantile(1))
            title = name.removesuffix("_seconds").replace("_", " ")
            table.add_row(title, Text(step.name), f"{found.count:,}", *(_figure(name, each) for each in figures))
    shown.print(table)


def _figure(name: str, value: float | None) -> str:
    if name.endswith("_seconds"):
        return milliseconds(value)
    return "–" if value is None else format_number(value)


def _print_generator(facts: LoadFacts) -> None:
    if facts.generator:
        console().print(f"sent by {facts.generator}, which does not say whether it kept its schedule", style="dim")
        return
    health = facts.health
    late = milliseconds(None if health.lateness is None else health.lateness.p99_seconds)
    line = (
        f"generator: {health.cpu_share:.0%} of a core (at most {health.cpu_share_highest:.0%}), releases {late} late "
        f"at p99, {health.late:,} too late; {facts.connections_highest:,} connections at most, "
        f"{facts.connections_opened:,} opened"
    )
    shown = console()
    shown.print(Text(line + (f", {facts.retried:,} requests sent again" if facts.retried else ""), style="dim"))
    shown.print(Text(_verdict(health), style="bold red" if health.too_weak else "dim"))


def _verdict(health: GeneratorHealth) -> str:
    if health.too_weak:
        return "generator too weak: these times say nothing of the target"
    return "the generator kept its schedule"
