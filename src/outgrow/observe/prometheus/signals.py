"""Signals read from Prometheus: instant queries for the present, range queries for the past."""

from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Any, Final, cast

from outgrow.facts.samples import Absence, Missing, Observation, Origin
from outgrow.observe._all_of import all_of
from outgrow.observe._http import Endpoint, TlsFiles
from outgrow.observe._samples import no_past, sample_of
from outgrow.observe.prometheus.answers import Point, labels_kept
from outgrow.observe.prometheus.api import PrometheusApi
from outgrow.observe.prometheus.ranges import MAX_POINTS, Range, milliseconds, ranges
from outgrow.plan.secrets import resolve
from outgrow.plan.signals import QuerySignal
from outgrow.plan.sources import PrometheusSource, PromQuery
from outgrow.ports import Inspection

_REQUESTS_AT_ONCE: Final = 4
# An answer holds this many points of every series: a thousand series are some 60 MB of JSON.
_POINTS_OF_MANY_SERIES: Final = 2_000
_SKEW_KEPT: Final = timedelta(minutes=10)
_SKEW_TOLERATED: Final = timedelta(seconds=1)


class PrometheusSignals:
    """Reads PromQL expressions. Windows and staleness are the expression's and Prometheus' own business."""

    def __init__(self, options: PrometheusSource, environment: Mapping[str, str], base: Path) -> None:
        """Point at the server; nothing is connected yet."""
        headers = {name: resolve(value, environment) for name, value in options.headers.items()}
        tls = TlsFiles.beside(base, options.tls_ca, options.tls_certificate, options.tls_key)
        url = resolve(options.url, environment).rstrip("/")
        self._api = PrometheusApi(Endpoint(url, headers=headers, tls=tls))
        self._timeout: timedelta = options.timeout
        self._skew = timedelta(0)
        self._skew_measured_at: datetime | None = None

    async def observe(self, signal: QuerySignal, now: datetime) -> Sequence[Observation]:
        """Evaluate the expression at Prometheus' present moment, less the signal's delay."""
        began = monotonic()
        at = now + await self._clock_skew(now) - signal.delay
        left = self._timeout - timedelta(seconds=monotonic() - began)
        moment = milliseconds(at)
        points = await self._api.evaluate(_expression(signal), Range(moment, moment), left)
        return _observations(signal, at, points, now, Origin.LIVE)

    async def past(self, signal: QuerySignal, instants: Sequence[datetime], now: datetime) -> Sequence[Observation]:
        """Evaluate the expression at past moments, in as few range queries as their spacing allows.

        Each request is bounded by the source's time limit.
        """
        if why := self.answers_past(signal):
            raise no_past(why)
        wanted = {milliseconds(instant): instant for instant in instants}
        points = _POINTS_OF_MANY_SERIES if signal.by else MAX_POINTS
        calls: list[Callable[[], Coroutine[Any, Any, Sequence[Point]]]] = [
            partial(self._api.evaluate, _expression(signal), each, self._timeout)
            for each in ranges(list(wanted), points)
        ]
        at_moment: dict[int, list[Point]] = {moment: [] for moment in wanted}
        for answered in await all_of(calls, _REQUESTS_AT_ONCE):
            for point in answered:
                if point.moment in at_moment:
                    at_moment[point.moment].append(point)
        observed = [
            observation
            for moment, instant in wanted.items()
            for observation in _observations(signal, instant, at_moment[moment], now, Origin.BACKFILL)
        ]
        return await self._with_forgotten_told(observed)

    def answers_past(self, signal: QuerySignal) -> str:
        """The past can be asked for, unless the plan says that only the journal knows it."""
        return "the plan says history: journal" if signal.history == "journal" else ""

    async def inspect(self) -> Inspection:
        """Ask for the version and compare the clocks."""
        self._skew_measured_at = None
        skew = await self._clock_skew(datetime.now(UTC))
        return Inspection(await self._api.version(self._timeout), skew, self._api.warnings)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._api.aclose()

    async def _clock_skew(self, now: datetime) -> timedelta:
        """Give Prometheus' clock minus ours, asked for now and then; under a second it is taken for none."""
        measured = self._skew_measured_at
        if measured is None or abs(now - measured) > _SKEW_KEPT:
            before = datetime.now(UTC)
            theirs = await self._api.clock(self._timeout)
            skew = theirs - (before + (datetime.now(UTC) - before) / 2)
            self._skew = skew if abs(skew) >= _SKEW_TOLERATED else timedelta(0)
            self._skew_measured_at = now
        return self._skew

    async def _with_forgotten_told(self, observed: Sequence[Observation]) -> Sequence[Observation]:
        """Where a moment is empty because Prometheus holds nothing that old, say so."""
        if not any(isinstance(each.sample, Missing) for each in observed):
            return observed
        oldest = await self._api.oldest_sample(self._timeout)
        return observed if oldest is None else [_told_if_too_old(each, oldest) for each in observed]


def _expression(signal: QuerySignal) -> str:
    return cast("PromQuery", signal.read).query


def _observations(
    signal: QuerySignal, at: datetime, points: Sequence[Point], now: datetime, origin: Origin
) -> Sequence[Observation]:
    kept = labels_kept(points, signal.by)
    if not kept and not signal.by:
        detail = "the expression gives no series at this moment"
        return [Observation((), Missing(at, Absence.EMPTY_WINDOW, detail, now, origin))]
    return [Observation(labels, sample_of(point.value, at, now, origin=origin)) for labels, point in kept.items()]


def _told_if_too_old(observed: Observation, oldest: datetime) -> Observation:
    sample = observed.sample
    if not isinstance(sample, Missing) or sample.absence is not Absence.EMPTY_WINDOW or sample.at >= oldest:
        return observed
    detail = f"Prometheus holds nothing before {oldest:%Y-%m-%d %H:%M} UTC: older samples are beyond its retention"
    return replace(observed, sample=replace(sample, detail=detail))
