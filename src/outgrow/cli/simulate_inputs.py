"""What `simulate` and `tune` are given: the options of trace and service, and what is made of them."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, TypeVar

import click

from outgrow.cli.common import Span, Zone, progress_bar, run_async
from outgrow.errors import JournalError, UsageError

if TYPE_CHECKING:
    from outgrow.facts.decisions import Event
    from outgrow.plan import Plan
    from outgrow.plan.services import ScalingPolicy, Service
    from outgrow.simulate.recording import Recording
    from outgrow.simulate.rehearsal import Setting

Decorated = TypeVar("Decorated", bound=Callable[..., Any])
_NO_TRACE: Final = "say which traffic is replayed: --trace FILE, or --from-source SIGNAL"
_FILE_ENDINGS: Final = (".csv", ".gz", ".tsv", ".parquet", ".pq", ".txt")


class Percentage(click.ParamType[float]):
    """A share: `0.1%` or `0.001`."""

    name = "share"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Read the share as a number from 0 to 1."""
        if isinstance(value, float):
            return value
        text = str(value).replace(" ", "")
        try:
            number = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
        except ValueError:
            number = -1.0
        if not 0 <= number <= 1:
            self.fail(f'"{value}" is no share; write 0.1% or 0.001', param, ctx)
        return number


def trace_options(command: Decorated) -> Decorated:
    """Add the options that say which traffic is replayed."""
    options = (
        click.option(
            "--trace", type=click.Path(path_type=Path), help="Traffic: .csv, .parquet, or a load test's .json."
        ),
        click.option("--from-source", metavar="SIGNAL", help="The past of a signal of the plan instead of a file."),
        click.option("--past", type=Span(), default="30d", show_default=True, help="How far back --from-source goes."),
        click.option(
            "--gaps",
            type=click.Choice(["refuse", "fill"]),
            default="refuse",
            show_default=True,
            help="What is done about missing rows: an error with the line, or a straight line between neighbours.",
        ),
        click.option("--columns", metavar="TIME,VALUE", help="The columns of the file; else found by their names."),
        click.option("--values", type=click.Choice(["counts", "rate"]), help="Requests an interval, or a second."),
        click.option("--timezone", type=Zone(), help="The zone of times in the file that name none; else the plan's."),
        click.option("--scale", type=float, default=1.0, show_default=True, help="Multiply the traffic."),
        click.option("--level-steps", is_flag=True, help="Draw no straight lines between intervals above a minute."),
    )
    for option in reversed(options):
        command = option(command)
    return command


def service_options(command: Decorated) -> Decorated:
    """Add the options that say what the service is, where the plan does not."""
    options = (
        click.option("--capacity", type=float, help="Requests/s one replica carries; else plan, else journal."),
        click.option("--start-up", type=Span(), help="From order to ready; else the plan's, else as measured."),
        click.option("--step", type=Span(), help="How often the policy decides.  [default: 15s or what fits]"),
        click.option("--metric-lag", type=Span(), help="How old a metric is when it is read.  [default: one step]"),
        click.option("--scrape", type=Span(), help="How often the metric is measured.  [default: every step]"),
        click.option("--warm-up", type=Span(), help="Not scored at the beginning.  [default: a seventh, at most 1d]"),
        click.option("--objective", type=Span(), help="The p95 that holds at a replica's capacity, such as 500ms."),
        click.option("--price", type=float, help="Money for a replica hour; else the plan's."),
        click.option("--billing", type=Span(), default="1s", show_default=True, help="The unit that is charged."),
    )
    for option in reversed(options):
        command = option(command)
    return command


@dataclass(frozen=True, slots=True)
class Inputs:
    """The options as they were given, with the plan that they belong to."""

    plan: "Plan"
    base: Path
    service_name: str
    trace: Path | None
    from_source: str | None
    past: timedelta
    gaps: Literal["refuse", "fill"]
    columns: str | None
    values: Literal["counts", "rate"] | None
    timezone: str | None
    scale: float
    level_steps: bool
    capacity: float | None
    start_up: timedelta | None
    step: timedelta | None
    metric_lag: timedelta | None
    scrape: timedelta | None
    warm_up: timedelta | None
    objective: timedelta | None
    price: float | None
    billing: timedelta

    @property
    def service(self) -> "Service":
        """The service of the plan.

        Raises:
            UsageError: the plan has no such service.
        """
        if self.service_name not in self.plan.services:
            known = ", ".join(self.plan.services) or "none"
            raise UsageError(f'no service is called "{self.service_name}"; the services are {known}')
        return self.plan.services[self.service_name]

    def setting(self, also_lacking: Sequence[str] = ()) -> "tuple[Setting, tuple[str, ...]]":
        """Read trace and journal, and put them together with the service; give what was assumed as sentences.

        Args:
            also_lacking: what the caller found to be missing; told together with what is missing here.

        Raises:
            UsageError: something is missing (a line each), or the trace cannot be used.
        """
        from outgrow.control.rehearsal import Wishes, facts_lacking, setting_for

        service = self.service
        wishes = Wishes(
            self.capacity,
            self.start_up,
            self.step,
            self.metric_lag,
            self.scrape,
            self.warm_up,
            self.objective,
            self.billing,
            self.price,
            self.scale,
            self.level_steps,
        )
        events = self._events() if self._asks_the_journal(service) else ()
        no_trace = [_NO_TRACE] if (self.trace is None) == (self.from_source is None) else []
        lacking = [*no_trace, *facts_lacking(self.service_name, self.plan, wishes, events), *also_lacking]
        if lacking:
            raise UsageError("\n".join(lacking))
        return setting_for(self.service_name, self.plan, self.recording(), wishes, events)

    def recording(self) -> "Recording":
        """Read the trace, or the past of a signal as one.

        Raises:
            UsageError: it cannot be used.
        """
        if self.trace is not None:
            return self._read(self.trace, tuple(self.columns.split(",")) if self.columns else ())
        from outgrow.api import recorded_signal
        from outgrow.control.signal_trace import SignalPast

        now = datetime.now(UTC)
        wanted = SignalPast(str(self.from_source), now - self.past, now, self.gaps)
        with progress_bar() as told:
            return run_async(
                lambda: recorded_signal(self.plan, wanted, base=self.base, environment=os.environ, progress=told)
            )

    def policies(
        self, file: Path | None, compared: tuple[str, ...], setting: "Setting"
    ) -> "Mapping[str, ScalingPolicy]":
        """Give the policy that is rehearsed, first, and those that it is compared with.

        Raises:
            UsageError: the service has no policy, or a name leads nowhere.
        """
        from outgrow.cli.simulate_policies import policies_for

        return policies_for(self.plan, self.service_name, file, compared, setting)

    def replicas(self, against: str, setting: "Setting") -> list[float | None]:
        """Give the replica counts of the live control for every step; None where there is none.

        Raises:
            UsageError: neither a signal nor a file, or it cannot be used.
        """
        from outgrow.control.live_replicas import by_step, replicas_from_samples, replicas_in_file

        if against.lower().endswith(_FILE_ENDINGS):
            return by_step(replicas_in_file(Path(against), self._zone()), setting)
        from outgrow.api import samples_of_signal
        from outgrow.control.signal_trace import SignalPast

        wanted = SignalPast(against, setting.trace.start, setting.trace.moment(setting.trace.seconds), "fill")
        samples = run_async(lambda: samples_of_signal(self.plan, wanted, base=self.base, environment=os.environ))
        return by_step(replicas_from_samples(samples), setting)

    def _read(self, path: Path, columns: tuple[str, ...]) -> "Recording":
        from outgrow.control.trace_file import TraceFile, read_trace

        if len(columns) not in {0, 2}:
            raise UsageError("--columns names two: --columns TIME,VALUE")
        return read_trace(TraceFile(path, self._zone(), self.gaps, columns, self.values))

    def _zone(self) -> Any:
        from outgrow.plan.sources import zone_of

        return zone_of(self.timezone or self.plan.timezone)

    def _asks_the_journal(self, service: "Service") -> bool:
        knows_capacity = self.capacity is not None or service.capacity is not None
        return not knows_capacity or (self.start_up is None and service.start_up is None)

    def _events(self) -> "tuple[Event, ...]":
        """Give what was measured of capacity and start-up; none where the journal cannot be read, which is said."""
        from outgrow.api import remembered_measurements

        try:
            return tuple(run_async(lambda: remembered_measurements(self.plan, base=self.base, environment=os.environ)))
        except JournalError as error:
            click.echo(f"what was measured is not known: {error}", err=True)
            return ()
