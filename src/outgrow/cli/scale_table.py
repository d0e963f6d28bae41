"""A scaling loop laid out for a terminal: the replicas, the metrics, the last decision and why, the log."""

from collections import deque
from collections.abc import Sequence
from datetime import datetime
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from outgrow.autoscale.observed import Numbers, PerPod, Unread
from outgrow.cli.common import stamp
from outgrow.control.scale_log import LogLine
from outgrow.control.scale_view import ScaleRequest, ScaleView, because
from outgrow.facts.replicas import Replica, ReplicaPhase
from outgrow.facts.scaling import ScalingDecision
from outgrow.quantity import format_duration

if TYPE_CHECKING:
    from outgrow.autoscale.observed import Reading
    from outgrow.control.scaling_records import Repeated

_MARKS: Final = {
    ReplicaPhase.READY: ("●", "green"),
    ReplicaPhase.STARTING: ("◐", "yellow"),
    ReplicaPhase.UNREADY: ("○", "bold red"),
    ReplicaPhase.FAILED: ("✕", "bold red"),
    ReplicaPhase.DRAINING: ("◌", "dim"),
    ReplicaPhase.STOPPING: ("◌", "dim"),
}
_LOG_LINES: Final = 8
_SHOWN_REPLICAS: Final = 12


class LiveScale:
    """The loop in a terminal, drawn anew with every view."""

    def __init__(self, console: Console, request: ScaleRequest) -> None:
        """Draw on this console."""
        self._request = request
        self._log: deque[LogLine] = deque(maxlen=_LOG_LINES)
        self._live = Live(console=console, auto_refresh=False, vertical_overflow="crop")

    def __enter__(self) -> Self:
        """Begin to draw."""
        self._live.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave the last picture standing."""
        self._live.__exit__(kind, error, trace)

    def show(self, view: ScaleView) -> None:
        """Draw a view."""
        self._log.extend(view.fresh)
        self._live.update(_picture(self._request, view, list(self._log)), refresh=True)


def print_lines(console: Console, view: ScaleView, zone: str) -> None:
    """Print what is new, one line each, for a pipe or a log; times are in this zone."""
    for line in view.fresh:
        mark = "warning: " if line.is_warning else ""
        console.print(Text(f"{stamp(line.at, zone)} {view.service} {mark}{line.text}"), soft_wrap=True)


def print_view(console: Console, view: ScaleView) -> None:
    """Print one decision with everything that led to it, or that there is none."""
    console.print(_headline(view))
    console.print(_decided(view.decision) if view.decision is not None and view.decided else "nothing was decided")
    for line in view.fresh:
        console.print(Text(line.text, style="yellow" if line.is_warning else ""), soft_wrap=True)


def print_repeated(console: Console, found: "Sequence[Repeated]", zone: str) -> None:
    """Print every decision that was decided again, and how many differ."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for name in ("At", "Decided", "Rule", "Again"):
        table.add_column(name, overflow="fold")
    for each in found:
        decision, again = each.step.decision, each.again
        same = "same" if each.is_same else f"{again.current} -> {again.desired} ({again.rule.value})"
        table.add_row(
            stamp(decision.at, zone),
            f"{decision.current} -> {decision.desired}",
            decision.rule.value,
            Text(same, style="" if each.is_same else "bold red"),
        )
    if found:
        console.print(table)
    differing = sum(not each.is_same for each in found)
    console.print(
        f"{len(found)} decisions of this policy in the journal, {differing} differ"
        if found
        else "the journal has no decision of this policy that can be repeated"
    )


def _picture(request: ScaleRequest, view: ScaleView, log: Sequence[LogLine]) -> RenderableType:
    parts: list[RenderableType] = [_headline(view)]
    policy = request.policy
    if view.replicas is not None:
        parts.append(_ruler(view, policy.min, policy.max))
        parts.append(_replicas(view.replicas.each, view.at))
    if view.readings is not None:
        parts.append(_metrics(request, view))
    if view.decision is not None:
        parts.append(_decided(view.decision))
    if log:
        parts.append(Text())
        parts += [_logged(line, request.plan.timezone) for line in log]
    return Group(*parts)


def _headline(view: ScaleView) -> Text:
    line = Text(view.service, style="bold")
    if view.mode.value != "act":
        line.append(f"  {view.mode.value}", style="bold yellow")
    if view.replicas is None:
        return line.append("  how many replicas there are is not known", style="bold red")
    ready, ordered = view.replicas.ready, view.replicas.ordered
    line.append(f"  {ready} ready of {ordered} ordered", style="green" if ready >= ordered else "yellow")
    if view.lead is not None:
        counted = f" (95 of 100, {view.start_ups} measured)" if view.start_ups else ""
        line.append(f"  start-up {format_duration(view.lead)}{counted}", style="dim")
    return line


def _ruler(view: ScaleView, least: int, most: int) -> Text:
    """Draw the range of replicas: what is ready, what is ordered beyond, and what is still free."""
    ready = view.replicas.ready if view.replicas else 0
    ordered = view.replicas.ordered if view.replicas else 0
    line = Text(f"{least:>3} ", style="dim")
    for number in range(1, min(most, 60) + 1):
        mark, style = ("█", "green") if number <= ready else ("▒", "yellow") if number <= ordered else ("·", "dim")
        line.append(mark, style=style)
    return line.append(f" {most}", style="dim")


def _replicas(replicas: Sequence[Replica], now: datetime) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), show_header=False)
    for each in replicas[:_SHOWN_REPLICAS]:
        mark, style = _MARKS[each.phase]
        age = "" if each.since is None else f"{max(0, int((now - each.since).total_seconds()))} s"
        table.add_row(
            Text(f"{mark} {each.phase.value}", style=style), each.name, each.address, age, Text(each.why, style="dim")
        )
    if len(replicas) > _SHOWN_REPLICAS:
        table.add_row("", f"and {len(replicas) - _SHOWN_REPLICAS} more")
    return table


def _metrics(request: ScaleRequest, view: ScaleView) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), show_header=False)
    readings = view.readings.each if view.readings else ()
    proposals = {each.metric: each for each in view.decision.proposals} if view.decision else {}
    for metric, reading in zip(request.policy.metrics, readings, strict=True):
        proposal = proposals.get(metric.name)
        wanted = "" if proposal is None or proposal.replicas is None else f"asks for {proposal.replicas}"
        ratio = "" if proposal is None or proposal.ratio is None else f"{proposal.ratio:.0%} of its target"
        table.add_row(Text(metric.name, style="bold"), _value(reading), ratio, wanted)
    if view.readings is not None and view.readings.load is not None:
        load = view.readings.load
        text = Text(load.why, style="bold red") if isinstance(load, Unread) else Text(f"{load:,.4g}")
        table.add_row(Text("load", style="bold"), text)
    return table


def _value(reading: "Reading") -> Text:
    match reading:
        case Unread(why):
            return Text(f"not read: {why}", style="bold red", overflow="fold")
        case Numbers(numbers):
            return Text(f"{sum(numbers) / 1000:,.4g} in all")
        case PerPod(usage):
            values = [each.milli / 1000 for each in usage.values()]
            return Text(f"{sum(values) / len(values):,.3g} a replica" if values else "no replica to read")


def _decided(decision: ScalingDecision) -> Text:
    line = Text("decided ", style="dim")
    arrow = f"{decision.current} -> {decision.desired}" if decision.changes else f"stay at {decision.desired}"
    line.append(arrow, style="bold").append(f"  {because(decision)}", style="dim")
    forecast = decision.forecast
    if forecast is not None and forecast.expected is not None:
        line.append(f"\nforecast {forecast.expected:,.3g} replicas' load", style="dim")
        line.append(f", {forecast.margin or 0:+,.3g} for its errors" if forecast.trusted else ", not used", style="dim")
        line.append(f": {forecast.why}" if forecast.why else "", style="dim")
    return line


def _logged(line: LogLine, zone: str) -> Text:
    style, mark = ("yellow", "! ") if line.is_warning else ("", "")
    return Text(f"{stamp(line.at, zone)} ", style="dim").append(f"{mark}{line.text}", style=style)
