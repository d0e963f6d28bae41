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
from outgrow.report.said import said
from outgrow.report.scaling_words import rule_word
from outgrow.report.words import Words

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

    def __init__(self, console: Console, request: ScaleRequest, words: Words) -> None:
        """Draw on this console, in the language of `words`."""
        self._words = words
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
        self._live.update(_picture(self._request, view, list(self._log), self._words), refresh=True)


def print_lines(console: Console, view: ScaleView, zone: str, words: Words) -> None:
    """Print what is new, one line each, for a pipe or a log; times are in this zone."""
    for line in view.fresh:
        mark = words("scaling.warning") if line.is_warning else ""
        console.print(Text(f"{stamp(line.at, zone)} {view.service} {mark}{said(line.text, words)}"), soft_wrap=True)


def print_view(console: Console, view: ScaleView, words: Words) -> None:
    """Print one decision with everything that led to it, or that there is none."""
    console.print(_headline(view, words))
    nothing = words("scaling.nothing_decided")
    console.print(_decided(view.decision, words) if view.decision is not None and view.decided else nothing)
    for line in view.fresh:
        console.print(Text(said(line.text, words), style="yellow" if line.is_warning else ""), soft_wrap=True)


def print_repeated(console: Console, found: "Sequence[Repeated]", zone: str, words: Words) -> None:
    """Print every decision that was decided again, and how many differ."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for name in ("at", "decided", "rule", "again"):
        table.add_column(words(f"scaling.head.{name}"), overflow="fold", no_wrap=name == "at")
    for each in found:
        decision, again = each.step.decision, each.again
        same = words("scaling.same")
        if not each.is_same:
            same = f"{again.current} -> {again.desired} ({rule_word(again.rule, words)})"
        table.add_row(
            stamp(decision.at, zone),
            f"{decision.current} -> {decision.desired}",
            rule_word(decision.rule, words),
            Text(same, style="" if each.is_same else "bold red"),
        )
    if found:
        console.print(table)
    differing = sum(not each.is_same for each in found)
    console.print(
        words("scaling.repeated", n=len(found), differing=differing) if found else words("scaling.none_repeated")
    )


def _picture(request: ScaleRequest, view: ScaleView, log: Sequence[LogLine], words: Words) -> RenderableType:
    parts: list[RenderableType] = [_headline(view, words)]
    policy = request.policy
    if view.replicas is not None:
        parts.append(_ruler(view, policy.min, policy.max))
        parts.append(_replicas(view.replicas.each, view.at, words))
    if view.readings is not None:
        parts.append(_metrics(request, view, words))
    if view.decision is not None:
        parts.append(_decided(view.decision, words))
    if log:
        parts.append(Text())
        parts += [_logged(line, request.plan.timezone, words) for line in log]
    return Group(*parts)


def _headline(view: ScaleView, words: Words) -> Text:
    line = Text(view.service, style="bold")
    if view.mode.value != "act":
        line.append("  " + words(f"scaling.mode.{view.mode.name.lower()}"), style="bold yellow")
    if view.replicas is None:
        return line.append("  " + words("scaling.unknown"), style="bold red")
    ready, ordered = view.replicas.ready, view.replicas.ordered
    told = words("scaling.ready_of", ready=ready, ordered=ordered)
    line.append(f"  {told}", style="green" if ready >= ordered else "yellow")
    if view.lead is not None:
        counted = words("scaling.start_ups", n=view.start_ups) if view.start_ups else ""
        told = words("scaling.start_up", span=format_duration(view.lead))
        line.append(f"  {told}{counted}", style="dim")
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


def _replicas(replicas: Sequence[Replica], now: datetime, words: Words) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), show_header=False)
    for each in replicas[:_SHOWN_REPLICAS]:
        mark, style = _MARKS[each.phase]
        age = ""
        if each.since is not None:
            age = words("span.second", n=max(0, int((now - each.since).total_seconds())))
        phase = Text(f"{mark} " + words(f"scaling.phase.{each.phase.name.lower()}"), style=style)
        table.add_row(phase, each.name, each.address, age, Text(said(each.why, words), style="dim"))
    if len(replicas) > _SHOWN_REPLICAS:
        table.add_row("", words("scaling.more", n=len(replicas) - _SHOWN_REPLICAS))
    return table


def _metrics(request: ScaleRequest, view: ScaleView, words: Words) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), show_header=False)
    readings = view.readings.each if view.readings else ()
    proposals = {each.metric: each for each in view.decision.proposals} if view.decision else {}
    for metric, reading in zip(request.policy.metrics, readings, strict=True):
        proposal = proposals.get(metric.name)
        wanted = ratio = ""
        if proposal is not None and proposal.replicas is not None:
            wanted = words("scaling.asks_for", n=proposal.replicas)
        if proposal is not None and proposal.ratio is not None:
            ratio = words("scaling.of_target", ratio=f"{proposal.ratio:.0%}")
        table.add_row(Text(metric.name, style="bold"), _value(reading, words), ratio, wanted)
    if view.readings is not None and view.readings.load is not None:
        load = view.readings.load
        text = Text(said(load.why, words), style="bold red") if isinstance(load, Unread) else Text(f"{load:,.4g}")
        table.add_row(Text(words("scaling.load"), style="bold"), text)
    return table


def _value(reading: "Reading", words: Words) -> Text:
    match reading:
        case Unread(why):
            return Text(words("scaling.not_read", why=said(why, words)), style="bold red", overflow="fold")
        case Numbers(numbers):
            return Text(words("scaling.in_all", n=f"{sum(numbers) / 1000:,.4g}"))
        case PerPod(usage):
            values = [each.milli / 1000 for each in usage.values()]
            if not values:
                return Text(words("scaling.no_replica"))
            return Text(words("scaling.a_replica", n=f"{sum(values) / len(values):,.3g}"))


def _decided(decision: ScalingDecision, words: Words) -> Text:
    line = Text(words("scaling.decided") + " ", style="dim")
    stays = words("scaling.stay", n=decision.desired)
    arrow = f"{decision.current} -> {decision.desired}" if decision.changes else stays
    line.append(arrow, style="bold").append(f"  {said(because(decision), words)}", style="dim")
    forecast = decision.forecast
    if forecast is not None and forecast.expected is not None:
        line.append("\n" + words("scaling.forecast", expected=f"{forecast.expected:,.3g}"), style="dim")
        margin = words("scaling.for_errors", margin=f"{forecast.margin or 0:+,.3g}")
        line.append(margin if forecast.trusted else words("scaling.not_used"), style="dim")
        line.append(f": {said(forecast.why, words)}" if forecast.why else "", style="dim")
    return line


def _logged(line: LogLine, zone: str, words: Words) -> Text:
    style, mark = ("yellow", "! ") if line.is_warning else ("", "")
    return Text(f"{stamp(line.at, zone)} ", style="dim").append(f"{mark}{said(line.text, words)}", style=style)
