"""A load test while it runs, in a terminal: what is due and done, how long it takes, how the generator keeps up."""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from rich.cells import cell_len
from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from outgrow.facts.loads import LoadSecond, Resource
from outgrow.quantity import format_in, format_number, parse_unit
from outgrow.report.load_words import clock, milliseconds
from outgrow.report.words import Words

if TYPE_CHECKING:
    from rich.console import ConsoleOptions, RenderResult

_MINUTE: Final = 60
_BARS: Final = "▁▂▃▄▅▆▇█"
_LABEL_WIDTH: Final = 11
_BUSY: Final = 0.9


class LoadLive:
    """What is shown of a run: the course with how far it has come, the last second, and the last minute."""

    def __init__(self, title: str, length_seconds: float, planned: Callable[[float], float], words: Words) -> None:
        """Show nothing yet.

        Args:
            title: the scenario and its target.
            length_seconds: how long the course takes.
            planned: the planned rate (arrivals a second; of a closed model, users) at a moment of the run.
            words: the language of it all.
        """
        self._words = words
        self._title = title
        self._length = max(length_seconds, 1e-9)
        self._planned = planned
        self._seconds: deque[LoadSecond] = deque(maxlen=_MINUTE)
        self._dropped = self._failed = 0
        self._resources: Mapping[str, Resource] = {}

    def told(self, second: LoadSecond) -> None:
        """Take the next second."""
        self._seconds.append(second)
        self._failed += second.failed
        self._dropped += second.dropped

    def watched(self, resources: Mapping[str, Resource]) -> None:
        """Take what was read of the target so far."""
        self._resources = resources

    def __rich_console__(self, console: Console, options: "ConsoleOptions") -> "RenderResult":
        """Lay it out for the width at hand."""
        width = max(20, min(options.max_width, 110))
        room = width - _LABEL_WIDTH - 1
        rows = Table.grid(padding=(0, 1, 0, 0))
        rows.add_column(width=_LABEL_WIDTH, style="dim", no_wrap=True)
        rows.add_column(ratio=1, overflow="fold")
        if not self._seconds:
            yield Group(Text(self._title, style="bold"), Text(self._words("load.live.starting"), style="dim"))
            return
        last = self._seconds[-1]
        rows.add_row(self._words("load.live.course"), self._course(last, room))
        for label, text in self._lines(last):
            rows.add_row(label, text)
        if len(self._seconds) > 1:
            rows.add_row(self._words("load.live.done_rate"), _spark([second.done for second in self._seconds], room))
            rows.add_row("p95", _spark([second.p95_seconds for second in self._seconds], room))
        yield Group(Text(self._title, style="bold", no_wrap=True, overflow="ellipsis"), rows)

    def _course(self, last: LoadSecond, room: int) -> Text:
        """Draw the planned rate over the whole course, what is over already in bold."""
        passed = min(last.at_seconds / self._length, 1.0)
        at = min(last.at_seconds, self._length)
        times = self._words("load.live.clock", at=clock(at), length=clock(self._length)) + " "
        # In the middle of the last second: at its end a course may be over, and nothing planned any more.
        rate = " " + self._words("load.live.planned", rate=format_number(round(self._planned(max(at - 0.5, 0.0)), 1)))
        cells = max(8, min(40, room - cell_len(times) - cell_len(rate)))
        plan = [self._planned(self._length * (cell + 0.5) / cells) for cell in range(cells)]
        over = round(passed * cells)
        bars = _bars(plan)
        return Text(times).append(bars[:over], style="bold blue").append(bars[over:], style="dim").append(rate)

    def _lines(self, last: LoadSecond) -> list[tuple[str, Text]]:
        failed = "bold red" if last.failed else "dim" if not self._failed else ""
        dropped = "bold red" if last.dropped else "dim" if not self._dropped else ""
        words = self._words
        arrivals = Text(words("load.live.sent", due=last.due, started=last.started, done=last.done) + "  ")
        arrivals.append(words("load.live.failed", n=last.failed, total=self._failed) + "  ", style=failed)
        arrivals.append(words("load.live.dropped", n=last.dropped, total=self._dropped), style=dropped)
        greatest = (words("load.column.greatest"), last.greatest_seconds)
        times = [("p50", last.p50_seconds), ("p95", last.p95_seconds), greatest]
        in_flight = words("load.live.in_flight", n=last.in_flight, connections=last.connections)
        cpu = words("load.live.of_a_core", share=f"{last.cpu_share:.0%}")
        shown = [
            ("last_second", arrivals),
            ("times", Text("  ".join(f"{name} {milliseconds(value)}" for name, value in times))),
            ("users", Text(in_flight)),
            ("generator", Text(cpu, style="bold red" if last.cpu_share > _BUSY else "")),
        ]
        target = self._target()
        rows = [*shown, ("target", target)] if target.plain else shown
        return [(words(f"load.live.{label}"), text) for label, text in rows]

    def _target(self) -> Text:
        """Say the newest value of everything that is watched, what is at its limit in red."""
        found = Text()
        for name, resource in self._resources.items():
            value = next((point.value for point in reversed(resource.points) if point.value is not None), None)
            shown = self._words("headroom.none") if value is None else format_in(value, parse_unit(resource.unit))
            limit = resource.limit
            is_full = value is not None and limit is not None and (value <= limit if resource.falls else value >= limit)
            found.append("  " if found.plain else "").append(f"{name} {shown}", style="bold red" if is_full else "")
        return found


def _spark(values: Sequence[float | None], room: int) -> Text:
    """Draw the newest values that there is room for, a blank where there is none."""
    shown = values[-room:]
    return Text(_bars([0.0 if value is None else value for value in shown]), style="blue", no_wrap=True)


def _bars(values: Sequence[float]) -> str:
    """Draw values as bars from nothing to the greatest."""
    greatest = max(values, default=0.0)
    if greatest <= 0:
        return _BARS[0] * len(values)
    return "".join(_BARS[min(len(_BARS) - 1, round(value / greatest * (len(_BARS) - 1)))] for value in values)
